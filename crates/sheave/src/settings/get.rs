//! Owns the task of `get`: arguments in; the settings of the library, and the few that are not the
//! library's, out.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use accelerator::{
    Credentials, Digest, DigestAlgorithm, Exists, FileName, Secret, Settings, Source,
};
use url::Url;

use super::connection;
use super::environment::{Environment, raw_variable};
use super::usage_error::UsageError;
use crate::args::{GetArgs, ListPlace};
use crate::checksum_list::{self, List};
use crate::report::Display;

/// Settings of `get`.
#[derive(Debug)]
pub(crate) struct GetSettings {
    /// The files, in the order given.
    pub(crate) files: Vec<RemoteFile>,
    /// The settings that apply to every file.
    pub(crate) download: Settings,
    /// The list of checksums that has to be fetched first.
    pub(crate) list: Option<List>,
    /// Ask the server for a file name.
    pub(crate) content_disposition: bool,
    /// Create the directories of the files.
    pub(crate) create_dirs: bool,
    /// The options of the display.
    pub(crate) display: Display,
}

/// A file to download, and its destination.
#[derive(Clone, Debug)]
pub(crate) struct RemoteFile {
    /// The URL as given.
    pub(crate) url: Secret<String>,
    /// The path of the final file, which has a file name.
    pub(crate) output: PathBuf,
    /// Other places that it can be had from.
    pub(crate) mirrors: Vec<Source>,
    /// The credentials in the `.netrc` for the host, if no other argument gives any.
    pub(crate) credentials: Option<Credentials>,
    /// The digests that the file must have.
    pub(crate) digests: Vec<Digest>,
}

impl RemoteFile {
    /// Returns the name of the final file.
    pub(crate) fn name(&self) -> &OsStr {
        self.output.file_name().expect("it has a name")
    }

    /// Adds digests of algorithms of which the user gave none.
    pub(crate) fn add(&mut self, digests: Vec<Digest>) {
        for digest in digests {
            let same = |known: &Digest| known.algorithm() == digest.algorithm();
            if !self.digests.iter().any(same) {
                self.digests.push(digest);
            }
        }
    }
}

impl GetSettings {
    /// Checks the arguments together, and reads the files they name.
    pub(super) fn new(args: GetArgs, environment: Environment) -> Result<Self, UsageError> {
        let display = display(&args, environment);
        check_urls(&args)?;
        let outputs = outputs(&args)?;
        let given = given_digests(&args)?.to_vec();
        let (connected, netrc) = connection::settings(&args.connection, &args.urls, &raw_variable)?;
        let stall_timeout = args.stall_timeout.unwrap_or(connected.stall_timeout);
        let first_byte_timeout = args.first_byte_timeout;
        let download = Settings {
            connections: args.connections,
            rate_limit: args.limit_rate,
            max_size: args.max_size,
            max_tries: args.max_tries.or(connected.max_tries),
            stall_timeout,
            // Patience on the way is patience at the beginning.
            first_byte_timeout: first_byte_timeout
                .unwrap_or(connected.first_byte_timeout.max(stall_timeout)),
            write_mode: args.write,
            exists: if args.overwrite {
                Exists::Overwrite
            } else {
                let continues = args.continues || args.needless.continues_at.is_some();
                let otherwise = if continues {
                    Exists::Continue
                } else {
                    Exists::default()
                };
                args.exists.unwrap_or(otherwise)
            },
            resume: !args.no_resume,
            sync: !args.no_sync,
            remote_time: args.remote_time,
            ..connected
        };
        let login = |url: &Url| {
            let netrc = netrc.as_ref()?;
            connection::of_netrc(netrc, &download, url)
        };
        let mirrors: Vec<Source> = args.mirrors.iter().map(|url| mirror(url, login)).collect();
        let files = args.urls.into_iter().zip(outputs);
        let files = files.map(|(mut url, output)| {
            Ok(RemoteFile {
                digests: with(&given, in_fragment(&mut url)?)?,
                mirrors: mirrors.clone(),
                credentials: login(&url),
                url: String::from(url).into(),
                output,
            })
        });
        let mut files = files.collect::<Result<Vec<_>, UsageError>>()?;
        let list = listed(args.checksum_file, &mut files)?;
        Ok(Self {
            files,
            list,
            download,
            content_disposition: args.content_disposition,
            create_dirs: args.create_dirs,
            display,
        })
    }
}

/// Refuses URLs that are of the wrong scheme, or too many.
fn check_urls(args: &GetArgs) -> Result<(), UsageError> {
    let wants_https = args.needless.https_only || args.needless.protocols.is_some();
    let mut asked = args.urls.iter().chain(&args.mirrors);
    if wants_https && asked.any(|url| url.scheme() != "https") {
        return Err(UsageError::NotHttps);
    }
    let urls = args.urls.len();
    if urls > 1 && !args.mirrors.is_empty() {
        return Err(UsageError::OneMirrored { urls });
    }
    Ok(())
}

/// Reads a list that is on this machine, and returns one that has to be fetched.
fn listed(place: Option<ListPlace>, files: &mut [RemoteFile]) -> Result<Option<List>, UsageError> {
    match place {
        None => Ok(None),
        Some(ListPlace::Beside) => Ok(Some(List::Beside)),
        Some(ListPlace::Url(url)) => Ok(Some(List::At(url))),
        Some(ListPlace::File(path)) => add_from(&path, files).map(|()| None),
    }
}

fn display(args: &GetArgs, environment: Environment) -> Display {
    if args.json {
        Display::Json { quiet: args.quiet }
    } else if args.quiet {
        Display::Quiet
    } else if environment.terminal {
        Display::Bars {
            palette: environment.palette,
            verbose: args.verbose,
        }
    } else {
        Display::Plain {
            verbose: args.verbose,
        }
    }
}

/// Returns the destination of each URL.
fn outputs(args: &GetArgs) -> Result<Vec<PathBuf>, UsageError> {
    let directory = args.dir.as_deref().unwrap_or(Path::new("."));
    if let Some(path) = &args.output {
        if args.urls.len() != 1 {
            let urls = args.urls.len();
            return Err(UsageError::OneOutput { urls });
        }
        if path == Path::new("-") {
            return Err(UsageError::StandardOutput);
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
        return Ok(vec![output]);
    }
    let mut taken = BTreeSet::new();
    let mut outputs = Vec::new();
    for url in &args.urls {
        let name = FileName::from_url_path(url.path()).as_str().to_owned();
        if !taken.insert(name.clone()) {
            return Err(UsageError::SameName { name });
        }
        outputs.push(directory.join(name));
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

/// Gives each file the digests that a list on this machine has of it.
fn add_from(list: &Path, files: &mut [RemoteFile]) -> Result<(), UsageError> {
    let bytes = connection::read(list)?;
    let name = list.to_string_lossy();
    for file in files {
        let url = Url::parse(file.url.reveal()).expect("it was parsed before");
        file.add(checksum_list::in_list(&bytes, &name, &url)?);
    }
    Ok(())
}

/// Returns a mirror, with the credentials for it.
fn mirror(url: &Url, login: impl Fn(&Url) -> Option<Credentials>) -> Source {
    let mut source = Source::new(url.clone());
    source.credentials = login(url);
    source
}

/// Returns the digests on the command line, which are of one file.
fn given_digests(args: &GetArgs) -> Result<&[Digest], UsageError> {
    let urls = args.urls.len();
    if urls > 1 && !args.checksums.is_empty() {
        return Err(UsageError::OneChecksum { urls });
    }
    Ok(&args.checksums)
}

/// Takes the digests out of a URL's fragment, where indexes of packages have them:
/// `#sha256=9f86d0...`. What else is there stays.
fn in_fragment(url: &mut Url) -> Result<Vec<Digest>, UsageError> {
    let members = url.fragment().unwrap_or_default().split('&');
    let of_digests = members.filter(|member| {
        let name = member.split_once('=').map(|(name, _)| name);
        name.and_then(DigestAlgorithm::named).is_some()
    });
    let digests = of_digests.map(|member| {
        let digest = Digest::parse(member);
        digest.map_err(|source| UsageError::Fragment { source })
    });
    let digests = digests.collect::<Result<Vec<_>, _>>()?;
    if !digests.is_empty() {
        url.set_fragment(None);
    }
    Ok(digests)
}

/// Joins digests of one file, which has one of each algorithm.
fn with(digests: &[Digest], more: Vec<Digest>) -> Result<Vec<Digest>, UsageError> {
    let mut joined: Vec<Digest> = Vec::new();
    for digest in digests.iter().copied().chain(more) {
        let same = |known: &&Digest| known.algorithm() == digest.algorithm();
        match joined.iter().find(same) {
            Some(known) if *known == digest => {}
            Some(_) => {
                let algorithm = digest.algorithm().name();
                return Err(UsageError::SameAlgorithm { algorithm });
            }
            None => joined.push(digest),
        }
    }
    Ok(joined)
}
