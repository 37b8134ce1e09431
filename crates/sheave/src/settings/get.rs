//! Owns the task of `get`: arguments in; the settings of the library, and the few that are not the
//! library's, out.

use std::path::{Path, PathBuf};

use accelerator::{ByteCount, Credentials, Digest, DigestAlgorithm, Netrc, Settings, Source};
use catalog::limits::LIST_BYTES;
use catalog::metalink::Metalink;
use url::Url;

use super::connection;
use super::environment::{Environment, raw_variable};
use super::outputs;
use super::usage_error::UsageError;
use crate::args::{GetArgs, ListPlace, Wanted, is_list};
use crate::checksum_list::{self, List};
use crate::metalink::{self, Document, Planning, Unusable};
use crate::remote_file::RemoteFile;
use crate::report::{self, Display};

/// Settings of `get`.
#[derive(Debug)]
pub(crate) struct GetSettings {
    /// The files, in the order given.
    pub(crate) files: Vec<RemoteFile>,
    /// The settings that apply to every file.
    pub(crate) download: Settings,
    /// True if the files go to standard output, one after another, and not to their own places.
    pub(crate) to_standard_output: bool,
    /// The list of checksums that has to be fetched first.
    pub(crate) list: Option<List>,
    /// The lists of files that have to be fetched first, in the order of their places.
    pub(crate) lists: Vec<LaterList>,
    /// The way in which their files are downloaded.
    pub(crate) planning: Box<Planning>,
    /// The logins for hosts.
    pub(crate) netrc: Option<Netrc>,
    /// Ask the server for a file name.
    pub(crate) content_disposition: bool,
    /// Create the directories of the files.
    pub(crate) create_dirs: bool,
    /// The options of the display.
    pub(crate) display: Display,
}

/// A list of files that has to be fetched.
#[derive(Debug)]
pub(crate) struct LaterList {
    /// The number of files that come before those of the list.
    pub(crate) before: usize,
    /// Its URL.
    pub(crate) url: Url,
}

impl GetSettings {
    /// Checks the arguments together, and reads the files they name.
    pub(super) fn new(mut args: GetArgs, environment: Environment) -> Result<Self, UsageError> {
        let display = display(&args, environment);
        let wanted = wanted(&mut args);
        let urls = urls(&wanted);
        let to_standard_output = outputs::to_standard_output(&args, environment)?;
        check_urls(&args, &wanted, &urls)?;
        if to_standard_output
            && wanted
                .iter()
                .any(|wanted| !matches!(wanted, Wanted::Url(_)))
        {
            return Err(UsageError::OfUrls { option: "-o -" });
        }
        let outputs = outputs::of(&args, &wanted, to_standard_output)?;
        let given = given_digests(&args, &wanted)?.to_vec();
        let (connected, netrc) = connection::settings(&args.connection, &urls, &raw_variable)?;
        let planning = Planning {
            directory: args.dir.clone().unwrap_or_else(|| PathBuf::from(".")),
            output: args.output.is_some().then(|| outputs[0].clone()).flatten(),
            digests: given.clone(),
            is_width_given: !args.connections.is_auto,
            only_https: wants_https(&args),
            allow_private: connected.allow_private,
        };
        let mirrors = std::mem::take(&mut args.mirrors);
        let (content_disposition, create_dirs) = (args.content_disposition, args.create_dirs);
        let checksum_file = args.checksum_file.take();
        let download = download(&args, connected)?;
        let mut settings = Self {
            files: Vec::new(),
            to_standard_output,
            list: None,
            lists: Vec::new(),
            planning: Box::new(planning),
            netrc,
            download,
            content_disposition,
            create_dirs,
            display,
        };
        let mirrors: Vec<Source> = mirrors.iter().map(|url| settings.mirror(url)).collect();
        for (wanted, output) in wanted.into_iter().zip(outputs) {
            match (wanted, output) {
                (Wanted::Url(mut url), Some(output)) => {
                    let file = RemoteFile {
                        digests: with(&given, in_fragment(&mut url)?)?,
                        mirrors: mirrors.clone(),
                        credentials: settings.login(&url),
                        url: String::from(url).into(),
                        output,
                        digest_from: None,
                        listed: None,
                    };
                    settings.files.push(file);
                }
                (Wanted::Url(url) | Wanted::ListAt(url), _) => {
                    let before = settings.files.len();
                    settings.lists.push(LaterList { before, url });
                }
                (Wanted::ListIn(path), _) => settings.add_list(&path)?,
            }
        }
        settings.list = listed(checksum_file, &mut settings.files)?;
        Ok(settings)
    }

    /// Returns the entry of the `.netrc` for the host of a URL, if that is to be used.
    pub(crate) fn login(&self, url: &Url) -> Option<Credentials> {
        let netrc = self.netrc.as_ref()?;
        connection::of_netrc(netrc, &self.download, url)
    }

    /// Returns a mirror, with the credentials for it.
    fn mirror(&self, url: &Url) -> Source {
        let mut source = Source::new(url.clone());
        source.credentials = self.login(url);
        source
    }

    /// Returns what the files of a list become.
    pub(crate) fn files_of(
        &self,
        list: &Metalink,
        document: &Document,
    ) -> Result<Vec<RemoteFile>, Unusable> {
        self.planning.files(list, document, |url| self.login(url))
    }

    /// Adds the files of a list that is on this machine.
    fn add_list(&mut self, path: &Path) -> Result<(), UsageError> {
        let bytes = connection::read_up_to(LIST_BYTES as u64, path)?;
        let document = Document {
            name: path.display().to_string(),
            url: None,
            asked: None,
            is_from_outside: false,
        };
        let list = metalink::read(&bytes, &document)?;
        report::listed(&list, &document.name, self.display);
        let files = self.files_of(&list, &document)?;
        self.files.extend(files);
        Ok(())
    }
}

/// Returns what is to be downloaded, in the order of the command line.
fn wanted(args: &mut GetArgs) -> Vec<Wanted> {
    let by_name = std::mem::take(&mut args.wanted).into_iter();
    let by_name = by_name.map(|wanted| match wanted {
        Wanted::Url(url) if !args.no_metalink && is_list(url.path()) => Wanted::ListAt(url),
        wanted @ (Wanted::Url(_) | Wanted::ListAt(_) | Wanted::ListIn(_)) => wanted,
    });
    by_name.chain(std::mem::take(&mut args.metalinks)).collect()
}

/// Returns the URLs that the user has named.
fn urls(wanted: &[Wanted]) -> Vec<Url> {
    let urls = wanted.iter().filter_map(|wanted| match wanted {
        Wanted::Url(url) | Wanted::ListAt(url) => Some(url.clone()),
        Wanted::ListIn(_) => None,
    });
    urls.collect()
}

/// Returns the library's settings for all files.
fn download(args: &GetArgs, connected: Settings) -> Result<Settings, UsageError> {
    let stall_timeout = args.stall_timeout.unwrap_or(connected.stall_timeout);
    let first_byte_timeout = args.first_byte_timeout;
    Ok(Settings {
        connections: args.connections.most,
        rate_limit: args.limit_rate,
        max_size: args.max_size,
        max_tries: args.max_tries.or(connected.max_tries),
        stall_timeout,
        // Patience on the way is patience at the beginning.
        first_byte_timeout: first_byte_timeout
            .unwrap_or(connected.first_byte_timeout.max(stall_timeout)),
        window: window(args.window)?.unwrap_or(connected.window),
        write_mode: args.write,
        exists: outputs::exists(args),
        resume: !args.no_resume,
        sync: !args.no_sync,
        remote_time: args.remote_time,
        server_digests: !args.no_server_digest,
        ..connected
    })
}

fn wants_https(args: &GetArgs) -> bool {
    args.needless.https_only || args.needless.protocols.is_some()
}

/// Refuses URLs that are of the wrong scheme, or too many.
fn check_urls(args: &GetArgs, wanted: &[Wanted], urls: &[Url]) -> Result<(), UsageError> {
    let mut asked = urls.iter().chain(&args.mirrors);
    if wants_https(args) && asked.any(|url| url.scheme() != "https") {
        return Err(UsageError::NotHttps);
    }
    let option = if args.checksum_file.is_some() {
        Some("--checksum-file")
    } else {
        (!args.mirrors.is_empty()).then_some("--mirror")
    };
    let is_list = |wanted: &Wanted| !matches!(wanted, Wanted::Url(_));
    if let Some(option) = option
        && wanted.iter().any(is_list)
    {
        return Err(UsageError::OfUrls { option });
    }
    let urls = urls.len();
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

/// Checks the size of the window.
fn window(window: Option<ByteCount>) -> Result<Option<ByteCount>, UsageError> {
    let least = Settings::WINDOW_MIN;
    match window {
        Some(window) if window < least => Err(UsageError::Window { window, least }),
        window => Ok(window),
    }
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

/// Returns the digests on the command line, which are of one file.
fn given_digests<'a>(args: &'a GetArgs, wanted: &[Wanted]) -> Result<&'a [Digest], UsageError> {
    let urls = wanted.len();
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
