//! Owns the list of what tests did not get of this machine: where tests add to it, and what CI
//! makes of it. Knows no test.
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::workspace::{self, Failure};

/// By this variable tests know where the list is.
pub(crate) const VARIABLE: &str = "SHEAVE_UNMET";
/// The table of the programs that `.ci/run` installs.
const INSTALLED: &str = ".ci/programs";

/// The needs that were not met, and the tests that have them.
#[derive(Debug, Default, Eq, PartialEq)]
pub(crate) struct Unmet(BTreeMap<String, BTreeSet<String>>);

/// An empty list.
pub(crate) fn begin() -> Result<PathBuf, Failure> {
    let path = std::env::temp_dir().join(format!("sheave-unmet-{}", std::process::id()));
    let begun = std::fs::write(&path, "");
    begun.map_err(|source| Failure::Write {
        path: path.display().to_string(),
        source,
    })?;
    Ok(path)
}

impl Unmet {
    /// Returns what is on a list that tests have added to.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let text = std::fs::read_to_string(path).map_err(|source| Failure::Read {
            path: path.display().to_string(),
            source,
        })?;
        Ok(Self::parse(&text))
    }

    /// One line for each lack: what, by which test, and why.
    pub(crate) fn parse(text: &str) -> Self {
        let mut unmet = Self::default();
        for line in text.lines() {
            let mut cells = line.split('\t');
            let what = cells.next().unwrap_or_default().to_owned();
            let by = cells.next().unwrap_or_default().to_owned();
            unmet.0.entry(what).or_default().insert(by);
        }
        unmet
    }

    /// Fails in CI where something is missing that `.ci/run` installs.
    pub(crate) fn judge(&self) -> Result<(), Failure> {
        let missing = self.of(&workspace::text_of(INSTALLED)?);
        if missing.is_empty() || !workspace::is_ci() {
            return Ok(());
        }
        Err(Failure::Unmet {
            programs: missing.join(", "),
        })
    }

    /// Returns the needs that a table of programs lists; the table may give whole paths.
    fn of(&self, table: &str) -> Vec<&str> {
        let name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
        let programs = table.lines().filter(|line| !line.starts_with('#'));
        let programs = programs.filter_map(|line| line.split_whitespace().next());
        let programs: BTreeSet<String> = programs.map(name).collect();
        let missing = self.0.keys().filter(|what| programs.contains(&name(what)));
        missing.map(String::as_str).collect()
    }

    /// One line for each.
    pub(crate) fn lines(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|(what, tests)| {
            let tests: Vec<&str> = tests.iter().map(String::as_str).collect();
            format!(
                "NOT MET: {what}, by {} test(s): {}",
                tests.len(),
                tests.join(", ")
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Unmet;

    const LIST: &str = "nginx\tb\tnot installed\na mount of xfs\tc\tno\nnginx\ta\tnot installed\n\
                        /usr/sbin/squid\td\tnot installed\nnginx\ta\tnot installed\n";

    #[test]
    fn each_lack_is_named_once_with_its_tests() {
        let lines: Vec<String> = Unmet::parse(LIST).lines().collect();
        assert_eq!(
            lines,
            [
                "NOT MET: /usr/sbin/squid, by 1 test(s): d",
                "NOT MET: a mount of xfs, by 1 test(s): c",
                "NOT MET: nginx, by 2 test(s): a, b",
            ]
        );
        assert_eq!(Unmet::parse(""), Unmet::default());
    }

    #[test]
    fn what_is_installed_and_missing_is_told_from_what_nobody_can_install() {
        let table = "# PROGRAM\nnginx  nginx-light\nsquid squid\ncurl curl\n";
        assert_eq!(Unmet::parse(LIST).of(table), ["/usr/sbin/squid", "nginx"]);
        assert_eq!(
            Unmet::parse("a mount of xfs\tc\tno\n").of(table),
            Vec::<&str>::new()
        );
    }
}
