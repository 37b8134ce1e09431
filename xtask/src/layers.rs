//! Owns what may lead where: edges between crates as the map draws them, libraries in their homes,
//! and no circle of files within a crate. Each rule is in a file below.
mod crates;
mod cycles;
mod homes;
mod modules;

use serde_json::Value;

use crate::workspace::{self, Failure};

/// Prints one line for each edge that is not on the map, and some for each circle.
pub(crate) fn check() -> Result<(), Failure> {
    let metadata =
        workspace::output_of("cargo", &["metadata", "--no-deps", "--format-version", "1"])?;
    let metadata = serde_json::from_slice(&metadata).map_err(|source| Failure::Json { source })?;
    let mut breaches = crates::breaches(&crates::graph(&metadata)?);
    for root in roots(&metadata)? {
        let read = |path: &str| workspace::text_of(path).ok();
        let read = cycles::Crate::read(&root, &read);
        let tree = read.map_err(|path| Failure::NoRust { path })?;
        breaches.extend(tree.cycles().iter().map(cycles::Cycle::breach));
    }
    for (path, text) in workspace::rust_files()? {
        breaches.extend(homes::breaches(&path, &text).ok_or(Failure::NoRust { path })?);
    }
    for breach in &breaches {
        println!("{breach}");
    }
    match breaches.len() {
        0 => Ok(()),
        count => Err(Failure::Breaches {
            rules: "layers",
            count,
        }),
    }
}

/// The first file of each library and program, by its path from the root.
fn roots(metadata: &Value) -> Result<Vec<String>, Failure> {
    let mut roots = Vec::new();
    for package in crates::list(metadata, "packages")? {
        for target in crates::list(package, "targets")? {
            let kinds = crates::list(target, "kind")?;
            if kinds.iter().any(|kind| kind == "lib" || kind == "bin") {
                let path = std::path::Path::new(crates::text(target, "src_path")?);
                let path = path.strip_prefix(workspace::root()).unwrap_or(path);
                roots.push(path.display().to_string());
            }
        }
    }
    Ok(roots)
}
