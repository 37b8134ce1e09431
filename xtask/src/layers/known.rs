//! Owns the circles of files that are still there, each with what ties it. The list only shrinks: a
//! circle that is not on it, or that is another than the list says, is a breach.
use super::cycles::{Arrow, Cycle};

/// One circle that is known.
pub(super) struct Known {
    /// Where its files are, from the root of the workspace.
    within: &'static str,
    /// In the order of the alphabet.
    files: &'static [&'static str],
    /// The reason that ties them.
    reason: &'static str,
}

/// All of them. To be emptied, and never to be added to.
pub(super) const CYCLES: &[Known] = &[Known {
    within: "crates/simulator/src",
    files: &[
        "policy.rs",
        "reference.rs",
        "run.rs",
        "watch.rs",
        "workers.rs",
    ],
    reason: "a world, its policies and those who watch it",
}];

/// One breach for each circle that is not known, and one for each that is known and not there.
pub(super) fn breaches(known: &[Known], cycles: &[Cycle]) -> Vec<String> {
    let is_same = |known: &Known, cycle: &Cycle| {
        let files = known.files.iter();
        let files = files.map(|file| format!("{}/{file}", known.within));
        files.eq(cycle.files.iter().cloned())
    };
    let new = cycles
        .iter()
        .filter(|cycle| !known.iter().any(|known| is_same(known, cycle)))
        .map(told);
    let gone = known
        .iter()
        .filter(|known| !cycles.iter().any(|cycle| is_same(known, cycle)))
        .map(|known| {
            let (within, files) = (known.within, known.files.join(", "));
            format!(
                "{within}: {files} are no such circle of files any more ({}): correct the list in \
                 layers/known.rs",
                known.reason
            )
        });
    new.chain(gone).collect()
}

fn told(cycle: &Cycle) -> String {
    let arrows = cycle.arrows.iter().map(|arrow| {
        let Arrow {
            from,
            line,
            to,
            named,
        } = arrow;
        format!("\n    {from}:{line} names {named} of {to}")
    });
    let files: Vec<&str> = cycle.files.iter().map(String::as_str).collect();
    format!(
        "{} lead to one another: move what both ends need to a file of its own{}",
        files.join(", "),
        arrows.collect::<String>()
    )
}

#[cfg(test)]
mod tests {
    use super::{Cycle, Known, breaches};

    const KNOWN: Known = Known {
        within: "a/src",
        files: &["one.rs", "two.rs"],
        reason: "history",
    };

    fn cycle(files: &[&str]) -> Cycle {
        Cycle {
            files: files.iter().map(|&file| file.to_owned()).collect(),
            arrows: Vec::new(),
        }
    }

    #[test]
    fn a_circle_on_the_list_is_let_through() {
        let found = breaches(&[KNOWN], &[cycle(&["a/src/one.rs", "a/src/two.rs"])]);
        assert_eq!(found, Vec::<String>::new());
    }

    #[test]
    fn a_circle_that_is_not_on_the_list_is_a_breach() {
        let found = breaches(&[], &[cycle(&["a/src/one.rs", "a/src/two.rs"])]);
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("a/src/one.rs, a/src/two.rs lead to one another"));
    }

    #[test]
    fn an_entry_without_its_circle_is_a_breach() {
        let found = breaches(&[KNOWN], &[]);
        assert_eq!(
            found,
            [
                "a/src: one.rs, two.rs are no such circle of files any more (history): correct the \
                 list in layers/known.rs"
            ]
        );
    }

    #[test]
    fn a_circle_that_grew_is_told_twice() {
        let grown = cycle(&["a/src/one.rs", "a/src/three.rs", "a/src/two.rs"]);
        assert_eq!(breaches(&[KNOWN], &[grown]).len(), 2);
    }
}
