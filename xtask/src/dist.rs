//! Owns the packages that are given away: which targets there are, and the way from the sources to
//! an archive and a `.deb` for each, and to their checksums. Knows no option of the program.

mod deb;
mod licences;
mod package;
mod place;
mod tree;
mod trial;

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::Value;

use crate::workspace::{self, Failure};
use package::Package;
use place::{begin_empty, remove, shell};
use tree::Tree;

/// The targets that packages are made for, if none is given.
const TARGETS: &[&str] = &["x86_64-unknown-linux-musl", "aarch64-unknown-linux-musl"];

/// The choice of what is packaged.
#[derive(Args, Debug)]
pub(crate) struct Dist {
    /// A target to build for; may be given several times [default: x86-64 and arm64, with musl]
    #[arg(long = "target", value_name = "TRIPLE")]
    targets: Vec<String>,
    /// The command of cargo that builds; `zigbuild` finds compilers for other targets
    #[arg(long, default_value = "build", value_name = "COMMAND")]
    with: String,
    /// Package this program instead of building one; its pages come from it as well
    #[arg(long, value_name = "FILE", requires = "targets")]
    program: Option<PathBuf>,
    /// Do not install the packages into empty roots and use them there
    #[arg(long)]
    no_trial: bool,
}

/// Makes the packages and tries each.
pub(crate) fn run(dist: &Dist) -> Result<(), Failure> {
    let metadata = workspace::metadata()?;
    let version = version(&metadata)?;
    let time = workspace::output_of("git", &["log", "-1", "--format=%ct"])?;
    let time = String::from_utf8_lossy(&time).trim().to_owned();
    let into = workspace::root().join("target/dist");
    begin_empty(&into)?;
    // Manual pages and completions come from a program that runs here.
    let speaker = match &dist.program {
        Some(program) => program.clone(),
        None => workspace::built("build -p sheave", "sheave")?,
    };
    let mut targets: Vec<&str> = dist.targets.iter().map(String::as_str).collect();
    if targets.is_empty() {
        targets.extend(TARGETS);
    }
    for target in targets {
        let program = match &dist.program {
            Some(program) => program.clone(),
            None => build(&dist.with, target)?,
        };
        let package = Package {
            target,
            version: &version,
            time: &time,
            program,
        };
        let licences = licences::of(&metadata, target)?;
        let tree = Tree::gather(
            &into.join("work").join(target),
            &package,
            &speaker,
            &licences,
        )?;
        let archive = archive(&tree, &package, &into)?;
        let deb = deb::make(&tree, &package, &into)?;
        if !dist.no_trial {
            trial::of_archive(&archive, &package)?;
            trial::of_deb(&deb, &package)?;
        }
    }
    remove(&into.join("work"))?;
    sums(&into)
}

fn version(metadata: &Value) -> Result<String, Failure> {
    let mut packages = metadata["packages"].as_array().into_iter().flatten();
    let own = packages.find(|package| package["name"] == "sheave" && package["source"].is_null());
    let version = own.and_then(|package| package["version"].as_str());
    let version = version.ok_or(Failure::Shape { field: "version" })?;
    Ok(version.to_owned())
}

/// Builds the program for a target, without a path of this machine in it, and returns where it is.
fn build(with: &str, target: &str) -> Result<PathBuf, Failure> {
    let arguments = [
        with,
        "--release",
        "--locked",
        "-p",
        "sheave",
        "--target",
        target,
    ];
    let line = format!("cargo {}", arguments.join(" "));
    let mut command = workspace::command("cargo", &arguments);
    let home = std::env::var("CARGO_HOME").or_else(|_| {
        let home = std::env::var("HOME").unwrap_or_default();
        Ok::<_, std::env::VarError>(format!("{home}/.cargo"))
    });
    let (home, root) = (home.unwrap_or_default(), workspace::root().display());
    let own = std::env::var("RUSTFLAGS").unwrap_or_default();
    let flags = format!("{own} --remap-path-prefix={home}=cargo --remap-path-prefix={root}=sheave");
    command.env("RUSTFLAGS", flags.trim());
    workspace::run(command, &line)?;
    Ok(workspace::root()
        .join("target")
        .join(target)
        .join("release/sheave"))
}

/// Makes the archive: one directory, whose entries have neither a time nor an owner of their own.
fn archive(tree: &Tree, package: &Package<'_>, into: &Path) -> Result<PathBuf, Failure> {
    let name = package.name();
    let file = into.join(format!("{name}.tar.gz"));
    let (path, time) = (file.display().to_string(), package.time);
    let pack = format!(
        "tar --sort=name --mtime=@{time} --owner=0 --group=0 --numeric-owner --mode=go=rX,u+rwX \
         -C \"$1\" -cf - {name} | gzip -9n >\"$2\""
    );
    let place = tree.archive().display().to_string();
    shell(&pack, &[&place, &path])?;
    Ok(file)
}

/// Writes the checksums of everything that was made.
fn sums(into: &Path) -> Result<(), Failure> {
    let place = into.display().to_string();
    shell(
        "cd \"$1\" && sha256sum -- *.tar.gz *.deb >SHA256SUMS && cat SHA256SUMS",
        &[&place],
    )
}

#[cfg(test)]
mod tests;
