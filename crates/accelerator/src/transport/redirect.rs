//! Owns where a redirect leads, and which are not followed. Pure: knows no connection.

use url::Url;

use crate::redact::SafeUrl;
use range_core::limits;

/// Why a redirect is not followed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RedirectError {
    #[error("the server redirects without saying where to")]
    NoLocation,
    #[error("the server redirects to something that is no URL")]
    BadLocation,
    #[error("the server redirects to {to}, and only http and https are followed")]
    Scheme { to: SafeUrl },
    #[error(
        "the server redirects from https to {to}, which anyone on the way could read and change"
    )]
    Downgrade { to: SafeUrl },
    #[error("the redirects lead in a circle at {at}")]
    Loop { at: SafeUrl },
    #[error("more than {} redirects", limits::REDIRECTS_MAX)]
    TooMany,
}

/// The places one request has been sent to.
#[derive(Clone, Debug)]
pub(crate) struct Trail {
    seen: Vec<Url>,
    trusted: bool,
}

impl Trail {
    pub(crate) fn new(original: Url) -> Self {
        Self {
            seen: vec![original],
            trusted: true,
        }
    }

    /// Where to send the request.
    pub(crate) fn here(&self) -> &Url {
        self.seen.last().expect("a trail begins somewhere")
    }

    /// Whether credentials and the user's headers may be sent along: only while no redirect has
    /// ever left the origin they were given for. Coming back does not restore them.
    pub(crate) fn is_trusted(&self) -> bool {
        self.trusted
    }

    /// Follows one redirect.
    pub(crate) fn follow(&mut self, location: Option<&[u8]>) -> Result<(), RedirectError> {
        let location = location.ok_or(RedirectError::NoLocation)?;
        let location = str::from_utf8(location).map_err(|_| RedirectError::BadLocation)?;
        let from = self.here();
        let mut to = from
            .join(location)
            .map_err(|_| RedirectError::BadLocation)?;
        to.set_fragment(None);
        if !matches!(to.scheme(), "http" | "https") {
            return Err(RedirectError::Scheme {
                to: SafeUrl::new(&to),
            });
        }
        if from.scheme() == "https" && to.scheme() == "http" {
            return Err(RedirectError::Downgrade {
                to: SafeUrl::new(&to),
            });
        }
        if self.seen.contains(&to) {
            return Err(RedirectError::Loop {
                at: SafeUrl::new(&to),
            });
        }
        if self.seen.len() > usize::try_from(limits::REDIRECTS_MAX).unwrap_or(usize::MAX) {
            return Err(RedirectError::TooMany);
        }
        self.trusted &= to.origin() == self.seen[0].origin();
        self.seen.push(to);
        Ok(())
    }

    /// The trail a later request starts with: the last place alone, as trusted as it was found.
    pub(crate) fn shortcut(self) -> Self {
        let trusted = self.trusted;
        let last = self
            .seen
            .into_iter()
            .next_back()
            .expect("a trail begins somewhere");
        Self {
            seen: vec![last],
            trusted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trail(url: &str) -> Trail {
        Trail::new(Url::parse(url).unwrap())
    }

    #[test]
    fn relative_and_absolute_locations_are_followed() {
        let mut trail = trail("http://a.example/dir/file?x=1");
        for (location, here) in [
            ("other", "http://a.example/dir/other"),
            ("/root#frag", "http://a.example/root"),
            ("//b.example/y", "http://b.example/y"),
            ("https://c.example/z", "https://c.example/z"),
        ] {
            trail.follow(Some(location.as_bytes())).unwrap();
            assert_eq!(trail.here().as_str(), here);
        }
    }

    #[test]
    fn leaving_the_origin_loses_trust_for_good() {
        for elsewhere in [
            "http://b.example/",
            "http://a.example:81/",
            "https://a.example/",
        ] {
            let mut trail = trail("http://a.example/1");
            trail.follow(Some(b"/2")).unwrap();
            assert!(trail.is_trusted());
            trail.follow(Some(elsewhere.as_bytes())).unwrap();
            assert!(!trail.is_trusted());
        }
        let mut there_and_back = trail("http://a.example/1");
        there_and_back.follow(Some(b"http://b.example/")).unwrap();
        there_and_back.follow(Some(b"http://a.example/2")).unwrap();
        assert!(!there_and_back.is_trusted());
        assert!(!there_and_back.shortcut().is_trusted());
    }

    #[test]
    fn unsafe_redirects_are_refused() {
        let refused = |from: &str, location: &str| trail(from).follow(Some(location.as_bytes()));
        let http = "http://a.example/";
        assert!(matches!(
            refused(http, "file:///etc/passwd"),
            Err(RedirectError::Scheme { .. })
        ));
        assert!(matches!(
            refused(http, "ftp://b.example/"),
            Err(RedirectError::Scheme { .. })
        ));
        assert!(matches!(
            refused(http, "data:,x"),
            Err(RedirectError::Scheme { .. })
        ));
        assert!(matches!(
            refused(http, "http://"),
            Err(RedirectError::BadLocation)
        ));
        assert!(matches!(
            refused(http, "/"),
            Err(RedirectError::Loop { .. })
        ));
        let downgraded = refused("https://a.example/", "http://a.example/");
        assert!(matches!(downgraded, Err(RedirectError::Downgrade { .. })));
        assert!(matches!(
            trail(http).follow(None),
            Err(RedirectError::NoLocation)
        ));
    }

    #[test]
    fn the_number_of_redirects_is_limited() {
        let mut trail = trail("http://a.example/");
        for hop in 0..limits::REDIRECTS_MAX {
            trail.follow(Some(format!("/{hop}").as_bytes())).unwrap();
        }
        assert!(matches!(
            trail.follow(Some(b"/more")),
            Err(RedirectError::TooMany)
        ));
    }
}
