//! Owns the places that the file can be had from: their URLs, and the headers that each of them may
//! have. Asks nothing of them.

use std::num::NonZeroU16;

use http::HeaderMap;
use http::header::AUTHORIZATION;
use url::Url;

use crate::credentials::Credentials;
use crate::settings::InvalidSetting;
use crate::source::Source;
use crate::transport::fields::is_harmless;

/// A place that requests can be sent to.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The URL without user and password, which are among the headers.
    pub(crate) url: Url,
    /// The user's headers for its origin.
    pub(crate) headers: HeaderMap,
    /// True if it is of the origin that the user's headers and certificate are for.
    pub(crate) is_at_home: bool,
    /// Most connections to it.
    pub(crate) connections: Option<NonZeroU16>,
}

impl Place {
    /// Checks a source. Of what the user gave for `home`, it gets all if it is of the same origin,
    /// and elsewhere what tells nobody anything.
    pub(crate) fn new(source: Source, home: &Self) -> Result<Self, InvalidSetting> {
        let mut url = parse(source.url.reveal())?;
        let in_url = Credentials::take_from(&mut url)?;
        let is_at_home = url.origin() == home.url.origin();
        let mut headers = HeaderMap::new();
        for (name, value) in &home.headers {
            if is_at_home || is_harmless(name.as_str()) {
                headers.append(name, value.clone());
            }
        }
        let given = source.credentials.into_iter().chain(in_url);
        for (at, credentials) in given.enumerate() {
            if at > 0 {
                return Err(InvalidSetting::TwoCredentials);
            }
            headers.insert(AUTHORIZATION, credentials.header_value());
        }
        Ok(Self {
            url,
            headers,
            is_at_home,
            connections: source.connections.map(most_connections).transpose()?,
        })
    }
}

/// Checks the limit on the connections to one place.
pub(crate) fn most_connections(connections: u16) -> Result<NonZeroU16, InvalidSetting> {
    NonZeroU16::new(connections).ok_or(InvalidSetting::Connections { connections })
}

/// Reads a URL of a scheme that files are fetched by.
pub(crate) fn parse(url: &str) -> Result<Url, InvalidSetting> {
    let url = Url::parse(url).map_err(|source| InvalidSetting::Url { source })?;
    if !matches!(url.scheme(), "http" | "https") {
        let scheme = url.scheme().to_owned();
        return Err(InvalidSetting::Scheme { scheme });
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn home() -> Place {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer t0k"));
        headers.insert("accept-language", HeaderValue::from_static("de"));
        headers.insert("x-token", HeaderValue::from_static("t0k"));
        Place {
            url: parse("https://a.example/f").unwrap(),
            headers,
            is_at_home: true,
            connections: None,
        }
    }

    #[test]
    fn secrets_of_the_url_stay_at_its_origin() {
        let names = |url: &str| {
            let place = Place::new(Source::new(url), &home()).unwrap();
            let mut names: Vec<_> = place.headers.keys().map(ToString::to_string).collect();
            names.sort_unstable();
            (place.is_at_home, names.join(" "))
        };
        let elsewhere = (false, "accept-language".to_owned());
        assert_eq!(names("https://b.example/f"), elsewhere);
        assert_eq!(names("http://a.example/f"), elsewhere);
        let all = "accept-language authorization x-token".to_owned();
        assert_eq!(names("https://a.example/other"), (true, all));
        let own = "accept-language authorization".to_owned();
        assert_eq!(names("https://u:p@b.example/f"), (false, own));
    }

    #[test]
    fn a_source_has_a_url_and_one_login() {
        assert!(matches!(
            Place::new(Source::new("ftp://b.example/f"), &home()),
            Err(InvalidSetting::Scheme { .. })
        ));
        let both = Source {
            credentials: Some(Credentials::basic("u", "p").unwrap()),
            ..Source::new("https://u:p@b.example/f")
        };
        assert!(matches!(
            Place::new(both, &home()),
            Err(InvalidSetting::TwoCredentials)
        ));
    }
}
