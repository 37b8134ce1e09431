//! Owns the calls that a download can do without, and the answers that they are given somewhere.

/// Which calls of a name are failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Calls {
    All,
    /// Those on the directory itself.
    OfTheDirectory,
    /// Those on the part file: everything else makes them as well.
    OfThePart,
}

/// A call, which calls of it, and the answers it is given, each with who gives it.
pub(super) struct Courtesy {
    pub(super) calls: &'static str,
    pub(super) of: Calls,
    pub(super) answers: &'static [&'static str],
    pub(super) options: &'static [&'static str],
}

/// Answers that any call may get: by a disk that fails, a server of files that has gone, a driver
/// in trouble, or a kernel without memory.
pub(super) const ANYWHERE: [&str; 6] = ["EIO", "ESTALE", "EREMOTEIO", "ENXIO", "EBUSY", "ENOMEM"];

pub(super) const COURTESIES: [Courtesy; 13] = [
    // EINVAL: facebook/rocksdb#2929, syncthing/syncthing#4432, borgbackup/borg#1287. EIO:
    // microsoft/WSL#2557. EBADF: a directory that may not be read. EPERM, EACCES, ENOSYS:
    // sandboxes. EROFS: fsync(2).
    Courtesy {
        calls: "fsync",
        of: Calls::OfTheDirectory,
        answers: &[
            "EINVAL",
            "EBADF",
            "EOPNOTSUPP",
            "ENOSYS",
            "EACCES",
            "EPERM",
            "EROFS",
            "ENOTTY",
            "ENODEV",
        ],
        options: &[],
    },
    // Without syncs nothing of the directory is asked at all.
    Courtesy {
        calls: "fsync,fdatasync",
        of: Calls::All,
        answers: &["EIO", "EINVAL"],
        options: &["--no-sync"],
    },
    // microsoft/WSL#11556, OCR-D/core#1366, janeczku/calibre-web#2062, libuv/libuv#2596.
    Courtesy {
        calls: "fchmod,fchmodat,chmod",
        of: Calls::All,
        answers: &[
            "EPERM",
            "EOPNOTSUPP",
            "EACCES",
            "ENOSYS",
            "EROFS",
            "EINVAL",
            "EIO",
        ],
        options: &[],
    },
    Courtesy {
        calls: "utimensat",
        of: Calls::All,
        answers: &[
            "EPERM",
            "EACCES",
            "ENOSYS",
            "EOPNOTSUPP",
            "EINVAL",
            "EROFS",
            "EIO",
        ],
        options: &["--remote-time"],
    },
    // FAT, NFS before 4.2, FUSE; a full attribute block.
    Courtesy {
        calls: "fsetxattr",
        of: Calls::All,
        answers: &[
            "EOPNOTSUPP",
            "ENOSPC",
            "EDQUOT",
            "E2BIG",
            "EPERM",
            "EACCES",
            "ENOSYS",
            "EROFS",
            "EIO",
        ],
        options: &[],
    },
    // NFS without its lock daemon, Lustre without -o flock, 9p, FUSE.
    Courtesy {
        calls: "flock",
        of: Calls::All,
        answers: &[
            "ENOLCK",
            "ENOSYS",
            "EOPNOTSUPP",
            "EINVAL",
            "EPERM",
            "EACCES",
            "EBADF",
            "EIO",
            "EINTR:when=1",
        ],
        options: &[],
    },
    // Cyberdrop-DL/cyberdrop-dl#1450.
    Courtesy {
        calls: "fstatfs",
        of: Calls::All,
        answers: &[
            "EOPNOTSUPP",
            "ENOSYS",
            "EIO",
            "EACCES",
            "EPERM",
            "EOVERFLOW",
            "EINVAL",
        ],
        options: &[],
    },
    // docker-library/official-images#16829, bytecodealliance/cap-std#147.
    Courtesy {
        calls: "fallocate",
        of: Calls::All,
        answers: &[
            "EPERM",
            "EACCES",
            "ENODEV",
            "ESPIPE",
            "EBADF",
            "ENOTTY",
            "EOPNOTSUPP",
            "ENOSYS",
            "EINVAL",
            "ENOMEM",
            "EROFS",
        ],
        options: &[],
    },
    Courtesy {
        calls: "renameat2",
        of: Calls::All,
        answers: &[
            "EPERM",
            "EINVAL",
            "ENOSYS",
            "EOPNOTSUPP",
            "EACCES",
            "ENOTTY",
            "EIO",
        ],
        options: &[],
    },
    Courtesy {
        calls: "renameat2,linkat",
        of: Calls::All,
        answers: &[
            "EPERM",
            "EINVAL",
            "ENOSYS",
            "EOPNOTSUPP",
            "EACCES",
            "EMLINK",
            "EXDEV",
            "EIO",
        ],
        options: &[],
    },
    Courtesy {
        calls: "fadvise64,sync_file_range",
        of: Calls::All,
        answers: &["ENOSYS", "EPERM", "EINVAL", "ESPIPE", "EIO"],
        options: &[],
    },
    // Address space is limited, or the file system maps nothing for writing (9p, some FUSE).
    Courtesy {
        calls: "mmap",
        of: Calls::OfThePart,
        answers: &["ENODEV", "EACCES", "EPERM", "EINVAL", "EAGAIN", "EOVERFLOW"],
        options: &["--write", "mapped"],
    },
    // Every file belongs to somebody else than the user who made it: CIFS and vfat with uid=, NFS
    // that squashes root.
    Courtesy {
        calls: "geteuid",
        of: Calls::All,
        answers: &["retval=54321"],
        options: &[],
    },
];
