//! Owns the package for Debian and its kin: what its control file says. Knows nothing of the files
//! in it.

use std::path::{Path, PathBuf};

use super::package::Package;
use super::place::{create, shell, write};
use super::tree::Tree;
use crate::workspace::Failure;

/// Makes the package, and returns where it is.
pub(super) fn make(tree: &Tree, package: &Package<'_>, into: &Path) -> Result<PathBuf, Failure> {
    let architecture = package.architecture();
    let file = into.join(format!("sheave_{}_{architecture}.deb", package.version));
    let system = tree.system();
    let debian = system.join("DEBIAN");
    create(&debian)?;
    write(&debian.join("control"), control(package))?;
    let [place, made] = [system, &file].map(|path| path.display().to_string());
    shell(
        "chmod -R go=rX,u+rwX \"$1\" && echo \"Installed-Size: $(du -sk --exclude=DEBIAN \"$1\" | \
         cut -f1)\" >>\"$1/DEBIAN/control\" && SOURCE_DATE_EPOCH=$3 dpkg-deb --root-owner-group \
         -Zxz --build \"$1\" \"$2\" >/dev/null",
        &[&place, &made, package.time],
    )?;
    Ok(file)
}

/// The control file but for its size. A program for musl is static, and needs no other package.
pub(super) fn control(package: &Package<'_>) -> String {
    let Package {
        target, version, ..
    } = package;
    let depends = if target.ends_with("-musl") {
        ""
    } else {
        "Depends: libc6, libgcc-s1\n"
    };
    format!(
        "Package: sheave\n\
         Version: {version}\n\
         Architecture: {}\n\
         Maintainer: The authors of sheave <sheave@users.invalid>\n\
         Section: net\n\
         Priority: optional\n\
         {depends}\
         Recommends: ca-certificates\n\
         Description: download large files over several connections\n \
         It resumes after any interruption, and gives a file its name only when it is\n \
         complete and has the checksum that was given. It is also a range server for\n \
         testing other programs that download.\n",
        package.architecture()
    )
}
