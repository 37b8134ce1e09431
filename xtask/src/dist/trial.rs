//! Owns the trial of a package: it is installed into an empty root, and used there. Knows nothing
//! of how it was made.

use std::path::{Path, PathBuf};

use super::package::Package;
use super::place::{copy, create, remove, shell};
use crate::workspace::{self, Failure};

/// Unpacks an archive in an empty root, and uses what is in it.
pub(super) fn of_archive(archive: &Path, package: &Package<'_>) -> Result<(), Failure> {
    let root = empty_root(archive)?;
    let [from, to] = [archive, &root].map(|path| path.display().to_string());
    shell("tar -C \"$2\" -xzf \"$1\"", &[&from, &to])?;
    let own = PathBuf::from("/").join(package.name());
    let inside = |name: &str| root.join(package.name()).join(name);
    program(&root, &own.join("sheave"), package)?;
    page(&inside("man/sheave.1"))?;
    completion(&inside("completions/sheave.bash"))?;
    remove(&root)
}

/// Installs a package of Debian in an empty root, and uses it there.
pub(super) fn of_deb(file: &Path, package: &Package<'_>) -> Result<(), Failure> {
    let root = empty_root(file)?;
    let architecture = package.architecture();
    let [from, to] = [file, &root].map(|path| path.display().to_string());
    shell(
        "mkdir -p \"$2\"/var/lib/dpkg/{info,updates,triggers}; touch \"$2\"/var/lib/dpkg/status; \
         dpkg --root=\"$2\" --add-architecture \"$3\"; \
         dpkg --root=\"$2\" --force-not-root,bad-path --log=/dev/null --install \"$1\" >/dev/null; \
         dpkg --root=\"$2\" --verify sheave; \
         test \"$(dpkg-query --root=\"$2\" -W -f '${db:Status-Status}' sheave)\" = installed",
        &[&from, &to, architecture],
    )?;
    let share = root.join("usr/share");
    program(&root, Path::new("/usr/bin/sheave"), package)?;
    page(&share.join("man/man1/sheave.1.gz"))?;
    completion(&share.join("bash-completion/completions/sheave"))?;
    remove(&root)
}

fn empty_root(package: &Path) -> Result<PathBuf, Failure> {
    let root = package.with_extension("root");
    remove(&root)?;
    create(&root.join("tmp"))?;
    Ok(root)
}

/// Lets the program serve, interrupt, resume and verify in the root, where there is nothing else.
fn program(root: &Path, at: &Path, package: &Package<'_>) -> Result<(), Failure> {
    let processor = package.target.split('-').next().unwrap_or_default();
    let [place, at] = [root, at].map(|path| path.display().to_string());
    let mut emulator = "";
    if processor != std::env::consts::ARCH {
        let name = format!("qemu-{processor}-static");
        let found = workspace::output_of("bash", &["-c", &format!("command -v {name}")])?;
        let found = PathBuf::from(String::from_utf8_lossy(&found).trim());
        copy(&found, &root.join("emulator"))?;
        emulator = "/emulator ";
    }
    // Only root may change its root, but anybody may be root in a namespace of their own.
    let line = format!(
        "test $(id -u) = 0 || set -- \"$@\" unshare --map-root-user; root=$1; shift 1; \
         \"$@\" chroot \"$root\" {emulator}{at} --version; \
         \"$@\" chroot \"$root\" {emulator}{at} demo --size 16MiB"
    );
    shell(&line, &[&place])
}

/// Lets a reader of manual pages show the page.
fn page(file: &Path) -> Result<(), Failure> {
    let file = file.display().to_string();
    shell(
        "mandoc -T html \"$1\" | grep -c SYNOPSIS >/dev/null",
        &[&file],
    )
}

/// Lets a shell complete the beginning of a command.
fn completion(script: &Path) -> Result<(), Failure> {
    let script = script.display().to_string();
    shell(
        "source \"$1\"; set +u; COMP_WORDS=(sheave insp) COMP_CWORD=1; _sheave sheave insp sheave; \
         test \"${COMPREPLY[*]}\" = inspect",
        &[&script],
    )
}
