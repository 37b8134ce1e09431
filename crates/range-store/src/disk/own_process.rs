//! Owns the question which permissions a new file of this process gets. Changes nothing.

use rustix::fs::{Mode, OFlags};

/// The file in which Linux (4.7 and later) shows the umask. The system call can only swap the
/// umask, and during the swap another thread would create its files with the wrong permissions.
const STATUS: &str = "/proc/self/status";

/// Returns the mode that `open` would give a new file created with 0666, which is never executable.
/// If the umask cannot be learnt, the mode allows only the owner to read and write.
pub(crate) fn new_file_mode() -> u32 {
    let umask = read_status()
        .as_deref()
        .and_then(parse_umask)
        .unwrap_or(0o077);
    0o666 & !umask
}

fn read_status() -> Option<String> {
    // The umask is on the second line; the kernel fills one page per read.
    let mut page = [0; 4096];
    let fd = rustix::fs::open(STATUS, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).ok()?;
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

#[cfg(test)]
mod tests {
    use super::*;

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
        assert!(read_status().as_deref().and_then(parse_umask).is_some());
    }
}
