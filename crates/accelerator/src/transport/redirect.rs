//! Owns the target of a redirect, and the decision which are not followed. Pure: knows no
//! connection.

use std::net::IpAddr;

use percent_encoding::{AsciiSet, percent_encode};
use range_core::http::date::HttpDate;
use url::{Origin, Url};

use super::address::{self, Reach};
use crate::cookies::Cookies;
use crate::credentials::Credentials;
use crate::redact::{SafeUrl, strip_user};

/// Redirects followed for one request: as many as browsers follow, and so as many as sites need.
pub(crate) const REDIRECTS_MAX: u32 = 20;

/// No character of ASCII is encoded here: the URL's parser knows which need it.
const NOT_ASCII: &AsciiSet = &AsciiSet::EMPTY;

/// The reason why a redirect is not followed.
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
    #[error("the server redirects to {to}, which is inside this machine or its network")]
    Private { to: SafeUrl },
    #[error("the redirects lead in a circle: {REDIRECTS_MAX} of them, the last one to {at}")]
    Loop { at: SafeUrl },
    #[error("more than {REDIRECTS_MAX} redirects")]
    TooMany,
}

/// The places one request has been sent to, and the cookies and logins it has been given on the
/// way.
#[derive(Clone, Debug)]
pub(crate) struct Trail {
    original: Origin,
    seen: Vec<Url>,
    cookies: Cookies,
    /// User and password that a redirect named, for the origin it led to.
    login: Option<Credentials>,
    trusted: bool,
    /// True if some place on the way is out in the world.
    public: bool,
    /// The limits of where it may be sent.
    fence: Fence,
}

/// The reason why a request may only be sent out into the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fence {
    /// It may be sent anywhere.
    None,
    /// The place that it was sent from is out there.
    Origin,
    /// The caller wants it.
    Caller,
}

impl Trail {
    /// Begins a trail. `cookies` are those of the user, each for the hosts it says.
    pub(crate) fn new(original: Url, cookies: Cookies) -> Self {
        Self {
            original: original.origin(),
            seen: vec![original],
            cookies,
            login: None,
            trusted: true,
            public: false,
            fence: Fence::None,
        }
    }

    /// Keeps the request out in the world from the beginning.
    pub(crate) fn fenced(mut self) -> Self {
        self.public = true;
        self.fence = Fence::Caller;
        self
    }

    /// Reports whether it was to stay out there from the beginning.
    pub(crate) fn is_fenced_by_caller(&self) -> bool {
        self.fence == Fence::Caller
    }

    /// Reports whether some place on the way has answered that is out in the world.
    pub(crate) fn is_public(&self) -> bool {
        self.public
    }

    /// Returns the place to send the request to.
    pub(crate) fn here(&self) -> &Url {
        self.seen.last().expect("a trail begins somewhere")
    }

    /// Reports whether credentials and the user's headers may be sent along: only while no redirect
    /// has ever left the origin they were given for. Coming back does not restore them.
    pub(crate) fn is_trusted(&self) -> bool {
        self.trusted
    }

    /// Returns the user and password that the place before gave for this one.
    pub(crate) fn login(&self) -> Option<&Credentials> {
        self.login.as_ref()
    }

    /// Returns the value of `Cookie` for the next request. `own` is the user's own value for it.
    pub(crate) fn cookie(&self, own: Option<&[u8]>, now: HttpDate) -> Option<Vec<u8>> {
        self.cookies.for_url(self.here(), own, now)
    }

    /// Notes a cookie that the reply sets.
    pub(crate) fn set_cookie(&mut self, field: &[u8], now: HttpDate) {
        let here = self.seen.last().expect("a trail begins somewhere");
        self.cookies.note(here, field, now);
    }

    /// Returns the addresses that the request may be sent to.
    pub(crate) fn reach(&self) -> Reach {
        match self.fence {
            Fence::None => Reach::Anywhere,
            Fence::Origin | Fence::Caller => Reach::Public,
        }
    }

    /// Notes that a host has answered, at this address where it is known. From a host out in the
    /// world on, redirects do not lead inside.
    pub(crate) fn answered(&mut self, address: Option<IpAddr>) {
        self.public |= match address {
            Some(address) => address::is_public(address),
            // Behind a proxy only a URL that says so is inside.
            None => address::names_public_host(self.here()).unwrap_or(true),
        };
    }

    /// Follows one redirect, as browsers do: a place may be led to again, because a cookie or
    /// nothing but the time may have changed what it says, and only the number is limited. Bytes
    /// beyond ASCII are those of the URL, percent-encoded.
    pub(crate) fn follow(&mut self, location: Option<&[u8]>) -> Result<(), RedirectError> {
        let location = location.ok_or(RedirectError::NoLocation)?;
        let location = percent_encode(location, NOT_ASCII).to_string();
        let from = self.here();
        let mut to = from
            .join(&location)
            .map_err(|_| RedirectError::BadLocation)?;
        to.set_fragment(None);
        // A login that cannot be sent is none.
        let login = Credentials::take_from(&mut to).unwrap_or_default();
        strip_user(&mut to);
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
        if self.seen.len() > usize::try_from(REDIRECTS_MAX).unwrap_or(usize::MAX) {
            return Err(if self.seen.contains(&to) {
                RedirectError::Loop {
                    at: SafeUrl::new(&to),
                }
            } else {
                RedirectError::TooMany
            });
        }
        if self.public && address::names_public_host(&to) == Some(false) {
            return Err(RedirectError::Private {
                to: SafeUrl::new(&to),
            });
        }
        if to.origin() != from.origin() {
            self.login = None;
        }
        self.login = login.or(self.login.take());
        self.trusted &= to.origin() == self.original;
        if self.public && self.fence == Fence::None {
            self.fence = Fence::Origin;
        }
        self.seen.push(to);
        Ok(())
    }

    /// Returns the trail a later request starts with: the last place alone, as trusted as it was
    /// found.
    pub(crate) fn shortcut(mut self) -> Self {
        self.seen.drain(..self.seen.len() - 1);
        self
    }
}

#[cfg(test)]
mod tests;
