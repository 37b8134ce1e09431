//! Owns answers in place of content: statuses, redirections, and the links redirections lead
//! over. Knows no content.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::header::{HeaderValue, LOCATION, RETRY_AFTER};
use http::request::Parts;
use http::{StatusCode, Uri};
use range_core::http::HttpDate;

use super::Replacement;
use crate::fault::{Redirect, RetryAfter, StatusBody};
use crate::host;
use crate::location::stays_here;
use crate::query::{EXPIRES, HOP, Link, ONCE};
use crate::reply::{Reply, value};

/// One-shot links that are remembered. The oldest is forgotten first, and answers again.
const MAX_LINKS: usize = 65_536;

/// A page that is not the content.
pub(super) const ERROR_PAGE: &str =
    "<!DOCTYPE html>\n<title>Error</title>\n<h1>Something went wrong</h1>\n";

/// 1994-11-15 12:45:26 UTC.
const LONG_AGO: HttpDate = HttpDate::from_unix_seconds(784_903_526);

/// The one-shot links that have been given out and not used.
#[derive(Debug, Default)]
pub(crate) struct Links {
    state: Mutex<LinksState>,
}

#[derive(Debug, Default)]
struct LinksState {
    given: u64,
    unused: BTreeSet<u64>,
}

impl Links {
    fn give(&self) -> u64 {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.given += 1;
        let given = state.given;
        state.unused.insert(given);
        if state.unused.len() > MAX_LINKS {
            state.unused.pop_first();
        }
        given
    }

    fn use_up(&self, link: u64) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.unused.remove(&link)
    }
}

impl Link {
    /// Returns true if the link may be followed: 403 for one that expired or was used up.
    pub(crate) fn is_valid(self, links: &Links, since_epoch: Duration) -> bool {
        let is_expired = self
            .expires
            .is_some_and(|expires| since_epoch >= Duration::from_millis(expires));
        !is_expired && self.once.is_none_or(|once| links.use_up(once))
    }

    /// Returns true if a redirection to the content has been followed already.
    fn has_arrived(self, redirect: Redirect) -> bool {
        match redirect {
            Redirect::Loop => false,
            Redirect::Chain(steps) => self.hop >= steps.get(),
            Redirect::CrossOrigin => self.hop > 0,
            Redirect::Expiring(_) => self.expires.is_some(),
            Redirect::Once => self.once.is_some(),
        }
    }
}

impl Replacement {
    /// The answer, or `None` when this redirection has been followed and content is next.
    pub(crate) fn reply(
        &self,
        request: &Parts,
        scheme: &str,
        (link, links): (Link, &Links),
        date: HttpDate,
        since_epoch: Duration,
    ) -> Option<Reply> {
        let redirection =
            |location: HeaderValue| Reply::status(StatusCode::FOUND, date).with(LOCATION, location);
        match self {
            Self::Status {
                code,
                retry_after,
                body,
            } => {
                let mut reply = body.reply(*code, date);
                reply.add_required();
                Some(match retry_after {
                    Some(wait) => reply.with(RETRY_AFTER, wait.value(date)),
                    None => reply,
                })
            }
            Self::RedirectTo(location) => Some(redirection(location.clone())),
            Self::Redirect(redirect) => {
                // A path that looks like another server leads to nothing here.
                let is_here =
                    HeaderValue::from_str(request.uri.path()).is_ok_and(|path| stays_here(&path));
                let location =
                    || value(redirect.location(request, scheme, link, links, since_epoch));
                (is_here && !link.has_arrived(*redirect)).then(|| redirection(location()))
            }
        }
    }
}

impl StatusBody {
    fn reply(self, code: StatusCode, date: HttpDate) -> Reply {
        let (media_type, text) = match self {
            Self::Text => return Reply::status(code, date),
            Self::Empty => return Reply::empty(code, date),
            Self::Json => (
                "application/json",
                "{\"error\":\"something else is here instead\"}\n",
            ),
            Self::Xml => (
                "application/xml",
                "<?xml version=\"1.0\"?>\n<Error>Something else is here instead</Error>\n",
            ),
            Self::Html => ("text/html; charset=utf-8", ERROR_PAGE),
        };
        Reply::text(code, HeaderValue::from_static(media_type), text, date)
    }
}

impl Redirect {
    fn location(
        self,
        request: &Parts,
        scheme: &str,
        link: Link,
        links: &Links,
        since_epoch: Duration,
    ) -> String {
        let uri = &request.uri;
        let next_hop = link.hop.saturating_add(1);
        match self {
            Self::Loop => uri
                .path_and_query()
                .map_or("/", |target| target.as_str())
                .to_owned(),
            Self::Chain(_) => with_parameter(uri, HOP, next_hop),
            Self::CrossOrigin => {
                let host = host::of(request);
                let target = with_parameter(uri, HOP, next_hop);
                format!(
                    "{scheme}://{}{target}",
                    other_name(host.unwrap_or_default())
                )
            }
            Self::Expiring(after) => {
                let expires = since_epoch.saturating_add(after).as_millis();
                with_parameter(uri, EXPIRES, expires)
            }
            Self::Once => with_parameter(uri, ONCE, links.give()),
        }
    }
}

/// The same target with a parameter of this value, in place of one of that name.
fn with_parameter(uri: &Uri, name: &str, number: impl std::fmt::Display) -> String {
    let others = uri.query().unwrap_or_default().split('&');
    let others = others.filter(|pair| {
        !pair.is_empty() && pair.split_once('=').is_none_or(|(other, _)| other != name)
    });
    let mut target = format!("{}?", uri.path());
    for other in others {
        target.push_str(other);
        target.push('&');
    }
    format!("{target}{name}={number}")
}

/// Another name of the same machine, with the same port.
fn other_name(host: &str) -> String {
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (name, port),
        _ => (host, ""),
    };
    let other = if name.eq_ignore_ascii_case("localhost") {
        "127.0.0.1"
    } else {
        "localhost"
    };
    if port.is_empty() {
        other.to_owned()
    } else {
        format!("{other}:{port}")
    }
}

impl RetryAfter {
    fn value(self, date: HttpDate) -> HeaderValue {
        match self {
            Self::Seconds(wait) => HeaderValue::from(wait.as_secs()),
            Self::Date(wait) => {
                let seconds = date.unix_seconds().saturating_add(wait.as_secs());
                value(HttpDate::from_unix_seconds(seconds))
            }
            Self::Past => value(LONG_AGO),
            Self::Negative => HeaderValue::from_static("-5"),
            Self::Absurd => HeaderValue::from_static("99999999999999999999"),
            Self::Garbage => HeaderValue::from_static("soon"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_replaces_its_like_and_leaves_the_others() {
        let target = |uri: &str| with_parameter(&Uri::try_from(uri).unwrap(), HOP, 2);
        assert_eq!(target("/a"), "/a?hop=2");
        assert_eq!(target("/a?hop=1"), "/a?hop=2");
        assert_eq!(target("/a?hop=1&seed=3"), "/a?seed=3&hop=2");
        assert_eq!(target("/a?seed=3&"), "/a?seed=3&hop=2");
    }

    #[test]
    fn another_name_is_another_origin() {
        assert_eq!(other_name("localhost:80"), "127.0.0.1:80");
        assert_eq!(other_name("127.0.0.1:8080"), "localhost:8080");
        assert_eq!(other_name("127.0.0.1"), "localhost");
        assert_eq!(other_name("[::1]:80"), "localhost:80");
    }

    #[test]
    fn a_link_works_once_and_only_if_it_was_given() {
        let links = Links::default();
        let (first, second) = (links.give(), links.give());
        let follow = |link: Link| link.is_valid(&links, Duration::from_millis(500));
        let once = |number| Link {
            once: Some(number),
            ..Link::default()
        };
        assert!(follow(once(second)) && follow(once(first)));
        assert!(!follow(once(first)) && !follow(once(99)));
        let until = |expires| Link {
            expires: Some(expires),
            ..Link::default()
        };
        assert!(follow(until(501)) && !follow(until(500)));
        assert!(follow(Link::default()));
    }
}
