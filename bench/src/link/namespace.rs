//! Owns a network namespace: made, entered and removed, however the benchmark ends. Knows not what
//! is sent through it.
use std::fs::{self, File};
use std::io;
use std::os::fd::AsFd;
use std::path::Path;
use std::process::{self, Command};
use std::thread;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use super::super::failure::Failure;
use super::super::guardian::{Guardian, Undo};
use super::super::workdir::stdout_of;

/// The prefix of all their names; the rest is the harness's process and the side.
const PREFIX: &str = "sheave-bench-";
/// Where `ip netns` keeps them.
const HOME: &str = "/run/netns";

/// A network of its own, with nothing in it but what is put there.
pub(super) struct Namespace {
    name: String,
    handle: File,
    _undo: Undo,
}

impl Namespace {
    pub(super) fn add(side: &str, guardian: &Guardian) -> Result<Self, Failure> {
        let name = format!("{PREFIX}{}-{side}", process::id());
        let undo = guardian.undo_by(&format!("ip netns del {name}"));
        ip(&format!("netns add {name}"))?;
        let handle = File::open(Path::new(HOME).join(&name)).map_err(Failure::io("open netns"))?;
        let namespace = Self {
            name,
            handle,
            _undo: undo,
        };
        namespace.ip("link set lo up")?;
        Ok(namespace)
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// `ip`, inside.
    pub(super) fn ip(&self, words: &str) -> Result<(), Failure> {
        ip(&format!("-n {} {words}", self.name))
    }

    /// Does something on a thread whose sockets, and whose children's, are inside.
    pub(super) fn within<T: Send>(&self, work: impl FnOnce() -> T + Send) -> Result<T, Failure> {
        let enter = || {
            let kind = Some(LinkNameSpaceType::Network);
            move_into_link_name_space(self.handle.as_fd(), kind)
        };
        thread::scope(|scope| {
            let inside = scope.spawn(|| enter().map(|()| work()));
            inside.join().expect("what is done inside does not panic")
        })
        .map_err(|error| Failure::io("enter a network namespace")(error.into()))
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _gone = ip(&format!("netns del {}", self.name));
    }
}

/// Removes what a harness left that is no longer there, its guardian neither.
pub(super) fn sweep() -> Result<(), Failure> {
    let names = match fs::read_dir(HOME) {
        Ok(names) => names,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Failure::io("list network namespaces")(error)),
    };
    for name in names.filter_map(Result::ok) {
        let name = name.file_name().to_string_lossy().into_owned();
        let owner = owner(&name);
        if owner.is_some_and(|process| !Path::new("/proc").join(process).exists()) {
            ip(&format!("netns del {name}"))?;
        }
    }
    Ok(())
}

/// The process a namespace of ours was made by.
fn owner(name: &str) -> Option<&str> {
    let (process, _side) = name.strip_prefix(PREFIX)?.split_once('-')?;
    process.parse::<u32>().is_ok().then_some(process)
}

pub(super) fn ip(words: &str) -> Result<(), Failure> {
    let mut command = Command::new("ip");
    command.args(words.split(' '));
    stdout_of(command).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::owner;

    #[test]
    fn only_our_own_namespaces_have_an_owner() {
        assert_eq!(owner("sheave-bench-17-server"), Some("17"));
        assert_eq!(owner("sheave-bench-x-server"), None);
        assert_eq!(owner("17-server"), None);
    }
}
