//! Owns which files a package has, and where each stands in an archive and in a system. Knows
//! neither how they are packed nor how they are tried.

use std::path::{Path, PathBuf};

use super::package::Package;
use super::place::{copy, create, shell, write};
use crate::workspace::{self, Failure};

/// A shell, and the names of its completions in an archive and in a system.
const SHELLS: &[(&str, &str, &str)] = &[
    (
        "bash",
        "sheave.bash",
        "share/bash-completion/completions/sheave",
    ),
    ("zsh", "_sheave", "share/zsh/vendor-completions/_sheave"),
    (
        "fish",
        "sheave.fish",
        "share/fish/vendor_completions.d/sheave.fish",
    ),
];

/// Texts of the repository that go along.
const TEXTS: &[&str] = &["README.md", "CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT"];

/// The name of the licences of what is built in.
const LICENCES: &str = "LICENSES-OF-DEPENDENCIES";

/// The files of one package, laid out for each way to give it away.
pub(super) struct Tree {
    archive: PathBuf,
    system: PathBuf,
}

impl Tree {
    /// Lays both out beneath `place`. `speaker` is a program that writes pages and completions.
    pub(super) fn gather(
        place: &Path,
        package: &Package<'_>,
        speaker: &Path,
        licences: &str,
    ) -> Result<Self, Failure> {
        let tree = Self {
            archive: place.join("archive"),
            system: place.join("system"),
        };
        let own = tree.archive.join(package.name());
        let (pages, scripts) = (own.join("man"), own.join("completions"));
        create(&pages)?;
        create(&scripts)?;
        copy(&package.program, &own.join("sheave"))?;
        for text in TEXTS {
            copy(&workspace::root().join(text), &own.join(text))?;
        }
        write(&own.join(LICENCES), licences)?;
        let speaker = speaker.display().to_string();
        let pages_path = pages.display().to_string();
        workspace::output_of(&speaker, &["man", &pages_path])?;
        for (shell, name, _) in SHELLS {
            let script = workspace::output_of(&speaker, &["completions", shell])?;
            write(&scripts.join(name), script)?;
        }
        tree.install(&own)?;
        Ok(tree)
    }

    /// The directory that the directory of an archive is in.
    pub(super) fn archive(&self) -> &Path {
        &self.archive
    }

    /// The root of a system that has the package and nothing else.
    pub(super) fn system(&self) -> &Path {
        &self.system
    }

    /// Lays the files out as in a system.
    fn install(&self, own: &Path) -> Result<(), Failure> {
        let usr = self.system.join("usr");
        let (pages, texts) = (usr.join("share/man/man1"), usr.join("share/doc/sheave"));
        create(&usr.join("bin"))?;
        create(&pages)?;
        create(&texts)?;
        copy(&own.join("sheave"), &usr.join("bin/sheave"))?;
        for (_, name, place) in SHELLS {
            let place = usr.join(place);
            create(place.parent().expect("it is in a directory"))?;
            copy(&own.join("completions").join(name), &place)?;
        }
        copy(&own.join(LICENCES), &texts.join(LICENCES))?;
        copy(&own.join("CHANGELOG.md"), &texts.join("changelog"))?;
        let [apache, mit] = ["LICENSE-APACHE", "LICENSE-MIT"].map(|name| own.join(name));
        let [own, usr] = [own, &usr].map(|path| path.display().to_string());
        let [apache, mit] = [apache, mit].map(|path| path.display().to_string());
        shell(
            "cp \"$1\"/man/*.1 \"$2/share/man/man1\" && gzip -9n \"$2\"/share/man/man1/*.1 \
             \"$2/share/doc/sheave/changelog\" && \
             cat \"$3\" \"$4\" >\"$2/share/doc/sheave/copyright\"",
            &[&own, &usr, &mit, &apache],
        )
    }
}
