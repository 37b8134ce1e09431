//! Owns what the kernel shows of this process: which permissions its new files get, and its limits.
//! Changes nothing.

use range_core::units::ByteCount;
use rustix::fs::{Mode, OFlags};
use rustix::process::{Resource, getrlimit};

/// The file in which Linux (4.7 and later) shows the umask. The system call can only swap the
/// umask, and during the swap another thread would create its files with the wrong permissions.
const STATUS: &str = "/proc/self/status";

/// The file in which Linux shows the limits. Sandboxes that keep processes from changing limits
/// forbid the system call, which also reads them.
const LIMITS: &str = "/proc/self/limits";

/// Returns the mode that `open` would give a new file created with 0666, which is never executable.
/// If the umask cannot be learnt, the mode allows only the owner to read and write.
pub(crate) fn new_file_mode() -> u32 {
    let umask = read(STATUS)
        .as_deref()
        .and_then(parse_umask)
        .unwrap_or(0o077);
    0o666 & !umask
}

/// Returns the length that no file of this process may pass (`RLIMIT_FSIZE`), if there is one.
pub(crate) fn file_size_limit() -> Option<ByteCount> {
    soft_limit("Max file size", Resource::Fsize).map(ByteCount)
}

/// Returns the number of bytes that the process may map (`RLIMIT_AS`), if there is one.
pub(crate) fn address_space_limit() -> Option<ByteCount> {
    soft_limit("Max address space", Resource::As).map(ByteCount)
}

/// Returns the number of bytes that the process may have of its own (`RLIMIT_DATA`), if there is a
/// limit.
pub(crate) fn data_limit() -> Option<ByteCount> {
    soft_limit("Max data size", Resource::Data).map(ByteCount)
}

/// Returns the number of bytes that the first thread's stack may have (`RLIMIT_STACK`), if there is
/// a limit.
pub fn stack_limit() -> Option<ByteCount> {
    soft_limit("Max stack size", Resource::Stack).map(ByteCount)
}

/// Returns how many files, sockets among them, this process may have open (`RLIMIT_NOFILE`), if
/// there is a limit.
pub fn open_files_limit() -> Option<u64> {
    soft_limit("Max open files", Resource::Nofile)
}

fn soft_limit(name: &str, resource: Resource) -> Option<u64> {
    match read(LIMITS) {
        Some(limits) => parse_limit(&limits, name),
        None => getrlimit(resource).current,
    }
}

fn read(path: &str) -> Option<String> {
    // Of either file the kernel shows what is looked for here in one page, which is one read.
    let mut page = [0; 4096];
    let fd = rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).ok()?;
    let read = rustix::io::retry_on_intr(|| rustix::io::read(&fd, &mut page)).ok()?;
    Some(String::from_utf8_lossy(&page[..read]).into_owned())
}

fn parse_umask(status: &str) -> Option<u32> {
    let digits = status
        .lines()
        .find_map(|line| line.strip_prefix("Umask:"))?;
    u32::from_str_radix(digits.trim(), 8)
        .ok()
        .filter(|umask| *umask <= 0o777)
}

fn parse_limit(limits: &str, name: &str) -> Option<u64> {
    let values = limits.lines().find_map(|line| line.strip_prefix(name))?;
    values.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_the_soft_one() {
        for (limits, limit) in [
            (
                "Max cpu time              unlimited            unlimited            seconds\n\
                 Max file size             1024                 unlimited            bytes\n",
                Some(1024),
            ),
            (
                "Max file size             unlimited            unlimited            bytes\n",
                None,
            ),
            (
                "Max data size             1                    1                    bytes\n",
                None,
            ),
        ] {
            assert_eq!(parse_limit(limits, "Max file size"), limit, "{limits}");
        }
    }

    #[test]
    fn this_kernel_shows_each_limit_by_its_name() {
        let limits = read(LIMITS).unwrap();
        for (name, resource) in [
            ("Max file size", Resource::Fsize),
            ("Max address space", Resource::As),
            ("Max data size", Resource::Data),
            ("Max stack size", Resource::Stack),
            ("Max open files", Resource::Nofile),
        ] {
            assert!(limits.contains(name), "{name}");
            let limit = getrlimit(resource).current;
            assert_eq!(parse_limit(&limits, name), limit, "{name}");
        }
    }

    #[test]
    fn the_umask_line_is_octal() {
        for (status, umask) in [
            ("Name:\tsh\nUmask:\t0022\nState:\tR\n", Some(0o022)),
            ("Umask:\t0777\n", Some(0o777)),
            ("Umask:\t9\n", None),
            ("Umask:\t1000\n", None),
            ("Name:\tUmask: 0\n", None),
        ] {
            assert_eq!(parse_umask(status), umask, "{status:?}");
        }
    }

    #[test]
    fn this_kernel_shows_it() {
        assert!(read(STATUS).as_deref().and_then(parse_umask).is_some());
    }
}
