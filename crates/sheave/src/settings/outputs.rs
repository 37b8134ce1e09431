//! Owns where the files of `get` go: to which names or to standard output, and what becomes of a
//! file that is there. Creates nothing.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use accelerator::{Exists, FileName};
use url::Url;

use super::environment::Environment;
use super::usage_error::UsageError;
use crate::args::{GetArgs, Wanted};

/// Returns what is done about a file that is there.
pub(super) fn exists(args: &GetArgs) -> Exists {
    let continues = args.continues || args.needless.continues_at.is_some();
    match args.exists {
        _ if args.overwrite => Exists::Overwrite,
        Some(exists) => exists,
        None if continues => Exists::Continue,
        None => Exists::default(),
    }
}

/// Other names of standard output.
const STANDARD_OUTPUT: [&str; 4] = ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];

/// Reports whether the files go to standard output, and refuses what cannot go together with that.
/// Options about files are of no consequence then.
pub(super) fn to_standard_output(
    args: &GetArgs,
    environment: Environment,
) -> Result<bool, UsageError> {
    let output = args.output.as_deref();
    if !output.is_some_and(|path| STANDARD_OUTPUT.iter().any(|name| path == Path::new(name))) {
        return Ok(false);
    }
    if args.json {
        return Err(UsageError::JsonToo);
    }
    if exists(args) == Exists::Continue {
        return Err(UsageError::NothingToContinue);
    }
    if environment.output_terminal {
        return Err(UsageError::Terminal);
    }
    Ok(true)
}

/// Returns the destination of each file, as far as the user and the URL say it: a list names its
/// files itself, and on standard output a name is only shown.
pub(super) fn of(
    args: &GetArgs,
    wanted: &[Wanted],
    to_standard_output: bool,
) -> Result<Vec<Option<PathBuf>>, UsageError> {
    let directory = args.dir.as_deref().unwrap_or(Path::new("."));
    let name = |url: &Url| FileName::from_url_path(url.path()).as_str().to_owned();
    if to_standard_output {
        let names = wanted.iter().map(|wanted| match wanted {
            Wanted::Url(url) => Some(name(url).into()),
            Wanted::ListAt(_) | Wanted::ListIn(_) => None,
        });
        return Ok(names.collect());
    }
    if let Some(path) = &args.output {
        if wanted.len() != 1 {
            let urls = wanted.len();
            return Err(UsageError::OneOutput { urls });
        }
        // A path that begins at the root stays as it is.
        let path = args
            .dir
            .as_ref()
            .map_or_else(|| path.clone(), |dir| dir.join(path));
        let output = output(&path)?;
        if path.is_dir() {
            return Err(UsageError::Directory { path });
        }
        return Ok(vec![Some(output)]);
    }
    let mut taken = BTreeSet::new();
    let mut outputs = Vec::new();
    for wanted in wanted {
        let Wanted::Url(url) = wanted else {
            outputs.push(None);
            continue;
        };
        let name = name(url);
        if !taken.insert(name.clone()) {
            return Err(UsageError::SameName { name });
        }
        outputs.push(Some(directory.join(name)));
    }
    Ok(outputs)
}

/// Returns a path that names a file in an explicit directory.
fn output(path: &Path) -> Result<PathBuf, UsageError> {
    let ends_like_a_directory = path.as_os_str().as_encoded_bytes().ends_with(b"/");
    let name = path.file_name().filter(|_| !ends_like_a_directory);
    let name = name.ok_or_else(|| UsageError::NoFileName {
        path: path.to_owned(),
    })?;
    let directory = path.parent().filter(|&parent| parent != Path::new(""));
    Ok(directory.unwrap_or(Path::new(".")).join(name))
}
