//! Owns the exit codes, which are a promise to scripts: one number, one remedy. Knows no error
//! text.

use accelerator::ErrorKind;

/// The ways in which the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Every file is complete, and has the digest that was expected, if one was.
    Success = 0,
    /// A bug.
    Internal = 1,
    /// The arguments make no sense.
    Usage = 2,
    /// The server cannot be reached or trusted, stalled, or broke off too often.
    Network = 3,
    /// The server refused, or redirects where it must not.
    Refused = 4,
    /// The remote file keeps changing.
    Changed = 5,
    /// The file is complete and has another digest than expected.
    Corrupt = 6,
    /// The disk: full, not permitted, broken, or lost while mapped.
    Disk = 7,
    /// Another process is at it, or the output exists.
    Taken = 8,
    /// The server that was checked does not do what RFC 9110 says it must.
    Deviates = 9,
    /// Stopped by a signal other than SIGTERM: 128 + SIGINT, as shells have it.
    Interrupted = 130,
    /// Whoever read standard output has gone: 128 + SIGPIPE, as of programs that the signal ends.
    Unread = 141,
    /// Stopped by SIGTERM: 128 + SIGTERM.
    Terminated = 143,
}

impl Exit {
    /// The number the process ends with.
    pub(crate) const fn code(self) -> u8 {
        self as u8
    }
}

impl From<ErrorKind> for Exit {
    fn from(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::Cancelled => Self::Interrupted,
            ErrorKind::Changed => Self::Changed,
            ErrorKind::Corrupt => Self::Corrupt,
            ErrorKind::Disk => Self::Disk,
            ErrorKind::Exists | ErrorKind::InUse => Self::Taken,
            ErrorKind::Invalid => Self::Usage,
            ErrorKind::Network | ErrorKind::Untrusted => Self::Network,
            ErrorKind::Refused => Self::Refused,
            ErrorKind::Unread => Self::Unread,
            // A kind this program has not heard of has no remedy it could name.
            ErrorKind::Internal | _ => Self::Internal,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_failure_has_its_documented_code() {
        for (kind, code) in [
            (ErrorKind::Internal, 1),
            (ErrorKind::Invalid, 2),
            (ErrorKind::Network, 3),
            (ErrorKind::Untrusted, 3),
            (ErrorKind::Refused, 4),
            (ErrorKind::Changed, 5),
            (ErrorKind::Corrupt, 6),
            (ErrorKind::Disk, 7),
            (ErrorKind::Exists, 8),
            (ErrorKind::InUse, 8),
            (ErrorKind::Cancelled, 130),
            (ErrorKind::Unread, 141),
        ] {
            assert_eq!(Exit::from(kind).code(), code, "{kind:?}");
        }
        assert_eq!(Exit::Success.code(), 0);
        assert_eq!(Exit::Terminated.code(), 143);
    }
}
