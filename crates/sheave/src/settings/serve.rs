//! Owns the task of `serve`: arguments in, the settings of a server out. Starts nothing.

use std::path::{Path, PathBuf};

use range_server::http::{HeaderMap, HeaderName, HeaderValue};
use range_server::{
    Config, Content, Cors, Directory, Fault, Limits, RangePolicy, TlsIdentity, scenario,
};

use super::usage_error::UsageError;
use crate::args::{Bind, ServeArgs};

/// Settings of `serve`.
pub(crate) struct ServeSettings {
    /// The place to listen at; without one, the socket that systemd has opened, or the default.
    pub(crate) bind: Option<Bind>,
    /// The content to serve, and its speed limits. The field `tls` is left to [`Self::tls`].
    pub(crate) config: Config,
    /// The identity of an https server; `None` serves plain http.
    pub(crate) tls: Option<Tls>,
    /// The file that faults are read from again when a signal asks for it.
    pub(crate) scenario: Option<PathBuf>,
    /// The file to which a record of every request is appended.
    pub(crate) log_json: Option<PathBuf>,
    /// Show requests.
    pub(crate) show_requests: bool,
}

/// The identity of an https server.
pub(crate) enum Tls {
    /// The certificate and key of `--cert` and `--key`.
    Given(TlsIdentity),
    /// A certificate made for this run.
    Generated,
}

impl std::fmt::Debug for ServeSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServeSettings")
            .field("bind", &self.bind)
            .finish_non_exhaustive()
    }
}

impl ServeSettings {
    /// Checks the arguments together, and reads certificate and key.
    pub(super) fn new(args: ServeArgs) -> Result<Self, UsageError> {
        let place = args.dir.to_string_lossy();
        if Bind::is_meant(&place) && !args.dir.exists() {
            let place = place.into_owned();
            return Err(UsageError::PortForDirectory { place });
        }
        let faults = args.scenario.as_deref().map(faults).transpose()?;
        let limits = Limits::default();
        let count = |number: Option<u32>| number.and_then(|number| usize::try_from(number).ok());
        Ok(Self {
            bind: args.bind,
            tls: tls(args.tls, args.cert.as_deref(), args.key.as_deref())?,
            config: Config {
                content: Content::Directory(Directory {
                    root: args.dir,
                    allow_hidden: args.allow_hidden,
                    allow_symlinks: args.allow_symlinks,
                    precompressed: args.precompressed,
                }),
                limits: Limits {
                    max_connections: count(args.max_connections).unwrap_or(limits.max_connections),
                    max_connections_per_address: count(args.max_connections_per_address),
                    header_timeout: args.header_timeout.unwrap_or(limits.header_timeout),
                    stall_timeout: args.stall_timeout.unwrap_or(limits.stall_timeout),
                    ..limits
                },
                ranges: RangePolicy {
                    max_ranges: args.max_ranges.unwrap_or(RangePolicy::default().max_ranges),
                    invalid: args.invalid_range,
                },
                profile: args.profile,
                rate: args.rate,
                rate_per_connection: args.rate_per_connection,
                faults: faults.unwrap_or_default(),
                no_ranges: args.no_ranges,
                cors: cors(args.cors),
                headers: headers(args.headers),
                login: args.basic_auth,
                keep_requests: args.keep_requests,
                faults_by_url: args.faults,
                hosts: args.host,
                ..Config::default()
            },
            scenario: args.scenario,
            log_json: args.log_json,
            show_requests: !args.quiet,
        })
    }
}

fn cors(origins: Vec<String>) -> Option<Cors> {
    if origins.iter().any(|origin| origin == "*") {
        return Some(Cors::Any);
    }
    (!origins.is_empty()).then_some(Cors::Origins(origins))
}

/// Fields of the same name are several lines.
fn headers(fields: Vec<(HeaderName, HeaderValue)>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        headers.append(name, value);
    }
    headers
}

fn tls(wanted: bool, cert: Option<&Path>, key: Option<&Path>) -> Result<Option<Tls>, UsageError> {
    if !wanted {
        return Ok(None);
    }
    // Neither argument is accepted without the other.
    let (Some(cert), Some(key)) = (cert, key) else {
        return Ok(Some(Tls::Generated));
    };
    let certificates = read(cert).map_err(|source| UsageError::Certificates {
        path: cert.to_owned(),
        source,
    })?;
    let key = read(key).map_err(|source| UsageError::Key {
        path: key.to_owned(),
        source,
    })?;
    let identity =
        TlsIdentity::from_pem(&certificates, &key).map_err(|source| UsageError::Tls { source })?;
    Ok(Some(Tls::Given(identity)))
}

/// Reads the faults in a scenario file.
pub(crate) fn faults(path: &Path) -> Result<Vec<Fault>, UsageError> {
    let text = read(path).map_err(|source| UsageError::ScenarioFile {
        path: path.to_owned(),
        source,
    })?;
    scenario::parse(&text).map_err(|source| UsageError::Scenario {
        path: path.to_owned(),
        source,
    })
}

fn read(path: &Path) -> std::io::Result<String> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the file is part of the settings, and the library takes its content"
    )]
    let content = std::fs::read_to_string(path);
    content
}
