//! Owns what other users of the machine see of the command line, which every process may read. Does
//! not know what the arguments mean together.

use std::ffi::{OsStr, OsString};
use std::io;
use std::ops::Range;
use std::os::unix::ffi::OsStrExt;

use rustix::fs::{Mode, OFlags, open};

/// Options whose value may hold a secret. The value of a short one may follow without a space.
const SECRET: &[&str] = &[
    "-H",
    "--header",
    "--cookie",
    "--proxy",
    "--all-proxy",
    "--referer",
];

/// Stands in for each byte of a secret.
const COVER: u8 = b'*';

/// Longest text that the kernel shows of a process, besides its arguments.
const LONGEST_STATUS: usize = 4096;

/// Covers the secrets of the arguments in what the system shows of this process: user, password
/// and query of URLs, and the values of options that may be secret.
///
/// The arguments lie in memory of the kernel's choosing, which is written through `/proc`, as a
/// debugger would. Where that is not allowed they stay visible: the manual says what is to be kept
/// off a command line.
pub(crate) fn hide_secrets(arguments: &[OsString]) {
    let covered = covered(arguments);
    if arguments
        .iter()
        .map(OsString::as_os_str)
        .ne(covered.iter().map(OsString::as_os_str))
    {
        let _best_effort = show(arguments, &covered);
    }
}

/// The arguments with their secrets covered, each as long as before.
fn covered(arguments: &[OsString]) -> Vec<OsString> {
    let mut is_value = false;
    let cover = |argument: &OsString| {
        let mut shown = argument.as_bytes().to_vec();
        let secrets = if is_value {
            [0..shown.len(), 0..0]
        } else {
            secrets_of(&shown)
        };
        is_value = !is_value && SECRET.iter().any(|option| argument == option);
        for range in secrets {
            shown[range].fill(COVER);
        }
        OsStr::from_bytes(&shown).to_owned()
    };
    arguments.iter().map(cover).collect()
}

/// Where an argument has a value that may be secret; or, as a URL, mistyped or not, its user and
/// password, and its query. Either range may be empty.
fn secrets_of(text: &[u8]) -> [Range<usize>; 2] {
    let value = SECRET.iter().find_map(|option| {
        let rest = text.strip_prefix(option.as_bytes())?;
        let is_short = !option.starts_with("--");
        match rest.first() {
            Some(b'=') => Some(option.len() + 1),
            Some(_) if is_short => Some(option.len()),
            Some(_) | None => None,
        }
    });
    if let Some(start) = value {
        return [start..text.len(), 0..0];
    }
    let place = |byte| text.iter().position(|other| *other == byte);
    let query = place(b'?').unwrap_or(text.len());
    let before = &text[..query];
    let slashes = before.windows(2).position(|pair| pair == b"//");
    let user = slashes.map_or(0, |at| at + 2);
    let at = before.iter().rposition(|byte| *byte == b'@');
    [
        user..at.unwrap_or(user).max(user),
        (query + 1).min(text.len())..text.len(),
    ]
}

/// Has the kernel show other arguments, of the same lengths.
fn show(arguments: &[OsString], instead: &[OsString]) -> io::Result<()> {
    let joined = |arguments: &[OsString]| {
        let terminated = arguments.iter().flat_map(|one| [one.as_bytes(), b"\0"]);
        terminated.collect::<Vec<_>>().concat()
    };
    let (before, after) = (joined(arguments), joined(instead));
    let file = |path, access| open(path, access | OFlags::CLOEXEC, Mode::empty());
    let memory = file("/proc/self/mem", OFlags::RDWR)?;
    let status = file("/proc/self/stat", OFlags::RDONLY)?;
    let mut text = vec![0; LONGEST_STATUS];
    let length = rustix::io::read(&status, &mut text)?;
    let start = first_argument(&text[..length]).ok_or(io::ErrorKind::Unsupported)?;
    // Nothing but the arguments is ever overwritten.
    let mut found = vec![0; before.len()];
    let read = rustix::io::pread(&memory, &mut found, start)?;
    if read != before.len() || found != before {
        return Err(io::ErrorKind::Unsupported.into());
    }
    rustix::io::pwrite(&memory, &after, start)?;
    Ok(())
}

/// The address of the first argument: field 48 of `proc_pid_stat(5)`.
fn first_argument(status: &[u8]) -> Option<u64> {
    let status = str::from_utf8(status).ok()?;
    // The name of the program, the second field, may hold anything.
    let (_, fields) = status.rsplit_once(')')?;
    let start = fields.split_whitespace().nth(48 - 3)?;
    start.parse().ok().filter(|&start| start > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_covered_and_nothing_else() {
        for (arguments, expected) in [
            (
                &["get", "-x", "4", "http://h/x"][..],
                &["get", "-x", "4", "http://h/x"][..],
            ),
            (
                &["https://me:pass@h/x?token=1#f"],
                &["https://*******@h/x?*********"],
            ),
            (&["http://a@b:c@h/"], &["http://*****@h/"]),
            (&["h/x?y@z"], &["h/x?***"]),
            (&["me:pass@h/x"], &["*******@h/x"]),
            (&["http://h/x?"], &["http://h/x?"]),
            (
                &["--header", "A: b", "--cookie", "c=d", "--proxy", "http://p"],
                &["--header", "****", "--cookie", "***", "--proxy", "********"],
            ),
            (
                &["--header=A: b", "--cookie=c=d"],
                &["--header=****", "--cookie=***"],
            ),
            (&["--header"], &["--header"]),
            (
                &["-HA: b", "-H", "C: d", "-H=e", "-Hh"],
                &["-H****", "-H", "****", "-H=*", "-H*"],
            ),
            (
                &["--all-proxy", "http://u:p@h", "h"],
                &["--all-proxy", "************", "h"],
            ),
            (
                &["--header", "--header", "x"],
                &["--header", "********", "x"],
            ),
            (
                &["--user", "me", "--headers"],
                &["--user", "me", "--headers"],
            ),
        ] {
            let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
            assert_eq!(covered(&arguments), expected, "{arguments:?}");
        }
    }

    #[test]
    fn the_first_argument_is_found_whatever_the_program_is_called() {
        let numbers = (4..=52).map(|field| field.to_string()).collect::<Vec<_>>();
        let status = format!("7 (a) b) S {}", numbers.join(" "));
        assert_eq!(first_argument(status.as_bytes()), Some(48));
        assert_eq!(first_argument(b"7 (a) S 1 2"), None);
        assert_eq!(first_argument(b""), None);
    }
}
