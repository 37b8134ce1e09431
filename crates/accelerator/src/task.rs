//! Owns the check of one download's task: its URL, its output and its settings. Touches neither
//! network nor disk.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::num::NonZeroU16;
use std::path::{Path, PathBuf};

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};
use range_core::digest::{Digest, DigestAlgorithm};
use range_core::units::RateLimit;
use range_store::{PartNames, Publish};
use scheduler::SchedulerConfig;
use url::Url;

use crate::clock::Clock;
use crate::credentials::Credentials;
use crate::file_name;
use crate::place::{self, Place};
use crate::redact::{SafeUrl, Secret};
use crate::settings::{Exists, InvalidSetting, Settings};
use crate::source::Source;

/// The task of one download. It makes sense, as far as that can be told without network and disk.
#[derive(Debug)]
pub(crate) struct Task {
    /// The URL without user and password, which are among the headers.
    pub(crate) url: Url,
    /// The final file, as given.
    pub(crate) output: PathBuf,
    /// The directory of the final file.
    pub(crate) directory: PathBuf,
    /// The name of the final file, and of the files beside it.
    pub(crate) names: PartNames,
    /// The place that `url` names.
    pub(crate) home: Place,
    /// The other places that the file can be had from, none of them twice.
    pub(crate) mirrors: Vec<Place>,
    /// The client's name, for every server.
    pub(crate) user_agent: HeaderValue,
    pub(crate) connections: NonZeroU16,
    /// True if a reader gets the bytes in order, and nothing is kept in any file.
    pub(crate) is_read_in_order: bool,
    /// The other settings. Headers, credentials and sources are not among them any more.
    pub(crate) settings: Settings,
}

impl Task {
    /// A file that a reader gets in order. Nothing is ever created under the name that it has here.
    pub(crate) fn in_order(url: &str, settings: Settings) -> Result<Self, InvalidSetting> {
        let task = Self::new(url, "-".into(), settings)?;
        Ok(Self {
            is_read_in_order: true,
            ..task
        })
    }

    pub(crate) fn new(
        url: &str,
        output: PathBuf,
        mut settings: Settings,
    ) -> Result<Self, InvalidSetting> {
        let mut url = place::parse(url)?;
        let headers = std::mem::take(&mut settings.headers);
        let mut headers = parse_headers(&headers)?;
        let in_url = Credentials::take_from(&mut url)?;
        for credentials in settings.credentials.take().into_iter().chain(in_url) {
            let header = headers.insert(AUTHORIZATION, credentials.header_value());
            if header.is_some() {
                return Err(InvalidSetting::TwoCredentials);
            }
        }
        let Some((directory, name)) = split(&output) else {
            return Err(InvalidSetting::Output { path: output });
        };
        check_name(name)?;
        if settings.max_tries == Some(0) {
            return Err(InvalidSetting::NoTry);
        }
        if settings.stall_timeout.is_zero() {
            return Err(InvalidSetting::NoStallTimeout);
        }
        if settings.first_byte_timeout.is_zero() {
            return Err(InvalidSetting::NoFirstByteTimeout);
        }
        if settings.window < Settings::WINDOW_MIN {
            let window = settings.window;
            return Err(InvalidSetting::Window { window });
        }
        check_algorithms(&settings.digests)?;
        let home = Place {
            url: url.clone(),
            headers,
            is_at_home: true,
            connections: settings
                .connections_to_url
                .map(place::most_connections)
                .transpose()?,
        };
        let mirrors = mirrors(std::mem::take(&mut settings.sources), &home)?;
        let user_agent = HeaderValue::try_from(&settings.user_agent);
        let user_agent = user_agent.map_err(|_| InvalidSetting::UserAgent {
            user_agent: settings.user_agent.clone(),
        })?;
        Ok(Self {
            url,
            directory: directory.to_owned(),
            names: PartNames::new(name)?,
            output,
            connections: all_connections(connections(settings.connections)?, &home, &mirrors),
            home,
            mirrors,
            user_agent,
            is_read_in_order: false,
            settings,
        })
    }

    /// Gives the final file another name in the same directory.
    pub(crate) fn rename(&mut self, name: &OsStr) -> Result<(), InvalidSetting> {
        let output = self.directory.join(name);
        match split(&output) {
            Some((_, only)) if only == name => check_name(name)?,
            Some(_) | None => return Err(InvalidSetting::Output { path: output }),
        }
        self.names = PartNames::new(name)?;
        self.output.set_file_name(name);
        Ok(())
    }

    /// Returns the URL, without secrets.
    pub(crate) fn safe_url(&self) -> SafeUrl {
        SafeUrl::new(&self.url)
    }

    /// Returns the algorithms of the expected digests, in their order.
    pub(crate) fn algorithms(&self) -> Vec<DigestAlgorithm> {
        let digests = self.settings.digests.iter();
        digests.map(Digest::algorithm).collect()
    }

    /// Returns the number of places that the file can be had from.
    fn sources(&self) -> NonZeroU16 {
        let mirrors = u16::try_from(self.mirrors.len()).unwrap_or(u16::MAX);
        NonZeroU16::MIN.saturating_add(mirrors)
    }

    /// Returns how its requests are scheduled. The clock's time, which nobody knows, is the seed.
    pub(crate) fn scheduling(
        &self,
        rate_limit: Option<RateLimit>,
        clock: Clock,
    ) -> SchedulerConfig {
        SchedulerConfig {
            sources: self.sources(),
            width: self.connections,
            reach: scheduler::limits::REACH_DEFAULT,
            window: self.is_read_in_order.then_some(self.settings.window.0),
            block_size: None,
            max_tries: self.settings.max_tries,
            stall_timeout: self.settings.stall_timeout,
            first_byte_timeout: self.settings.first_byte_timeout,
            rate_limit,
            checkpoints: self.settings.sync && !self.is_read_in_order,
            seed: clock.now().since_start().subsec_nanos().into(),
        }
    }

    /// Reports whether a digest will tell at the end which bytes are right.
    pub(crate) fn expects_digest(&self) -> bool {
        !self.settings.digests.is_empty()
    }

    /// Reports whether the file has to have the digest that its server claims: nobody else says
    /// what it should be.
    pub(crate) fn heeds_server_digest(&self) -> bool {
        let settings = &self.settings;
        settings.server_digests && settings.digests.is_empty() && settings.pieces.is_none()
    }

    /// Returns the way the file gets its name.
    pub(crate) fn publish(&self) -> Publish {
        Publish {
            overwrite: matches!(self.settings.exists, Exists::Continue | Exists::Overwrite),
            sync: self.settings.sync,
        }
    }
}

/// Returns the directory of a file, and its name there.
fn split(output: &Path) -> Option<(&Path, &OsStr)> {
    let name = output.file_name()?;
    // `Path` takes `a/` and `a/.` for `a`.
    let bytes = output.as_os_str().as_encoded_bytes();
    if !bytes.ends_with(name.as_encoded_bytes()) {
        return None;
    }
    let directory = output.parent().filter(|&parent| parent != Path::new(""));
    Some((directory.unwrap_or(Path::new(".")), name))
}

/// Refuses a name that a download gives to files of its own.
fn check_name(name: &OsStr) -> Result<(), InvalidSetting> {
    if file_name::is_ours(&name.to_string_lossy()) {
        let name = name.to_owned();
        return Err(InvalidSetting::Reserved { name });
    }
    Ok(())
}

fn connections(connections: u16) -> Result<NonZeroU16, InvalidSetting> {
    let possible = NonZeroU16::new(connections);
    let possible = possible.filter(|most| most.get() <= Settings::CONNECTIONS_MAX);
    possible.ok_or(InvalidSetting::Connections { connections })
}

/// Returns the most connections to all places together: no more than each of them may have.
fn all_connections(most: NonZeroU16, home: &Place, mirrors: &[Place]) -> NonZeroU16 {
    let places = std::iter::once(home).chain(mirrors);
    let all = places.map(|place| place.connections.unwrap_or(most).get());
    let all = all.fold(0, u16::saturating_add);
    NonZeroU16::new(all).map_or(most, |all| all.min(most))
}

/// Checks the sources beside the URL. One that is named twice is one.
fn mirrors(sources: Vec<Source>, home: &Place) -> Result<Vec<Place>, InvalidSetting> {
    if sources.len() > Settings::SOURCES_MAX.into() {
        let sources = sources.len();
        return Err(InvalidSetting::Sources { sources });
    }
    let mut known = BTreeSet::from([home.url.clone()]);
    let mut mirrors = Vec::new();
    for source in sources {
        let place = Place::new(source, home)?;
        if known.insert(place.url.clone()) {
            mirrors.push(place);
        }
    }
    Ok(mirrors)
}

fn check_algorithms(digests: &[Digest]) -> Result<(), InvalidSetting> {
    let mut algorithms = BTreeSet::new();
    for algorithm in digests.iter().map(Digest::algorithm) {
        if !algorithms.insert(algorithm) {
            let algorithm = algorithm.name();
            return Err(InvalidSetting::SameAlgorithm { algorithm });
        }
    }
    Ok(())
}

fn parse_headers(headers: &[(String, Secret<String>)]) -> Result<HeaderMap, InvalidSetting> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let malformed = || InvalidSetting::Header { name: name.clone() };
        let key = HeaderName::try_from(name.as_str()).map_err(|_| malformed())?;
        let mut value = HeaderValue::try_from(value.reveal().as_str()).map_err(|_| malformed())?;
        value.set_sensitive(true);
        map.append(key, value);
    }
    Ok(map)
}

#[cfg(test)]
mod tests;
