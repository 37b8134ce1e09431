//! Owns why arguments about connections cannot be used, in words. Repeats no secret.

use std::io;
use std::path::PathBuf;

/// The reason why these arguments cannot be used. It repeats nothing that may be a secret.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectionError {
    /// The command line holds a password, which every user of the machine can see.
    #[error(
        "--user takes the name alone: everyone on this machine can read what is on a command \
         line; put the password into a file and name it with --password-file"
    )]
    PasswordOnCommandLine,
    /// The arguments name a user without a password.
    #[error("--user needs --password-file or --password-env")]
    NoPassword,
    /// The environment variable does not exist.
    #[error("the environment variable {name} is not set")]
    NoVariable {
        /// Its name.
        name: String,
    },
    /// The header has no colon.
    #[error("a header is written 'NAME: VALUE'")]
    NoColon,
    /// The file has no certificate and no key.
    #[error("nothing in {} is in PEM format, as certificates and keys have to be", path.display())]
    NotPem {
        /// The file.
        path: PathBuf,
    },
    /// A header asks for a part of the file.
    #[error("files are downloaded whole, so the header Range cannot be sent")]
    Range,
    /// The file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// The file should hold a secret and holds none.
    #[error("the first line of {} is empty", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The text of `--cookie` is neither.
    #[error(
        "the value of --cookie is neither a cookie, written K=V, nor the name of a file that exists"
    )]
    NeitherCookieNorFile,
    /// The file should hold cookies and holds something else.
    #[error(
        "{} is no file of cookies: neither a line K=V; ..., nor in the Netscape format that \
         browsers' extensions, curl and wget write",
        path.display()
    )]
    NoCookies {
        /// The file.
        path: PathBuf,
    },
    /// There is no home directory for `~`.
    #[error("--netrc looks for .netrc in the home directory, and HOME is not set")]
    NoHome,
    /// The name, password or token cannot be sent in a header.
    #[error(transparent)]
    Credentials(#[from] accelerator::InvalidCredentials),
    /// The proxy cannot be used.
    #[error("{origin}: {source}")]
    Proxy {
        /// The argument or variable that names it.
        origin: String,
        /// The reason.
        source: accelerator::InvalidProxy,
    },
    /// One set of credentials would be sent to several origins.
    #[error(
        "credentials, cookies, certificates and headers are for one origin, and the URLs have \
         {origins}; download them one by one, or use --netrc"
    )]
    SeveralOrigins {
        /// The number of origins.
        origins: usize,
    },
}
