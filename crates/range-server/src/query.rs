//! Owns what a URL asks for in its query, which is read once: faults, how content presents itself,
//! the order of a listing, and what a redirection added. Answers nothing.

mod bounds;
mod presentation;

use http::StatusCode;
use url::form_urlencoded;

use crate::content::Order;
use crate::fault::{Effect, Fault, FaultError, Redirect};
use crate::location;
use crate::synthetic;
use bounds::Unbounded;
pub(crate) use bounds::hold;
use presentation::ParameterError;
pub(crate) use presentation::Presentation;

/// Most faults one URL may name.
const MAX_FAULTS: usize = 32;

/// Names of the parameters a redirection adds to the query of its target.
pub(crate) const HOP: &str = "hop";
pub(crate) const EXPIRES: &str = "expires";
pub(crate) const ONCE: &str = "once";

/// Why a query is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum QueryError {
    /// A fault is not written as one.
    #[error(transparent)]
    Fault(#[from] FaultError),
    /// A parameter of synthetic content is not one.
    #[error(transparent)]
    Parameter(#[from] ParameterError),
    /// A redirection would lead whoever trusts this server to another one.
    #[error("a redirection named in a URL leads to a path, which starts with one /")]
    LeadsAway,
    /// A redirection would lead to the visitor's own machine.
    #[error("redirect:cross-origin in a URL needs a Host on loopback, to know another name for")]
    NoOtherName,
    /// A fault is more than a URL may ask for.
    #[error(transparent)]
    Unbounded(#[from] Unbounded),
    /// This URL may ask for no fault.
    #[error(
        "a URL may not ask for faults here: `--faults` lets it; without it, only /synthetic/ does \
         on a server bound to loopback and asked for by a loopback name"
    )]
    FaultsAreOff,
    /// There are too many faults.
    #[error("a URL names at most {MAX_FAULTS} faults")]
    TooManyFaults,
    /// The bytes of this protocol are not ours to get wrong.
    #[error("this fault needs HTTP/1.1")]
    OtherProtocol,
}

/// The wishes of a URL.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Query {
    pub(crate) faults: Vec<Fault>,
    /// The way synthetic content presents itself. Of any other content, nothing is asked.
    pub(crate) presentation: Presentation,
    pub(crate) order: Order,
    pub(crate) link: Link,
}

/// The state a request brings along from a redirection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Link {
    /// The number of steps behind it.
    pub(crate) hop: u32,
    /// When it stops to answer, in milliseconds since 1970.
    pub(crate) expires: Option<u64>,
    /// Its number, if it answers once only.
    pub(crate) once: Option<u64>,
}

impl QueryError {
    /// The status of the refusal.
    pub(crate) fn status(&self) -> StatusCode {
        if *self == Self::FaultsAreOff {
            StatusCode::FORBIDDEN
        } else {
            StatusCode::BAD_REQUEST
        }
    }
}

/// The wishes a URL may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Permitted {
    /// Faults.
    pub(crate) faults: bool,
    /// The parameters of redirections, which are no parameters where nothing redirects.
    pub(crate) links: bool,
}

impl Query {
    /// Reads the query of a URL with this path, as `application/x-www-form-urlencoded`: names and
    /// values are decoded before anything else is made of them, and `+` is a space.
    ///
    /// The parameters of synthetic content go with that alone, and none but faults and those of
    /// redirections goes beside them.
    pub(crate) fn parse(
        path: &str,
        query: Option<&str>,
        permitted: Permitted,
    ) -> Result<Self, QueryError> {
        let is_synthetic = path.starts_with(synthetic::PREFIX);
        let mut this = Self::default();
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            match &*name {
                "fault" if permitted.faults => this.add_fault(&value)?,
                "fault" => return Err(QueryError::FaultsAreOff),
                // Values that no redirection wrote count as not there.
                HOP if permitted.links => this.link.hop = value.parse().unwrap_or(0),
                EXPIRES if permitted.links => this.link.expires = value.parse().ok(),
                ONCE if permitted.links => this.link.once = value.parse().ok(),
                name if is_synthetic => this.presentation.set(name, &value)?,
                "sort" => this.order.choose_key(&value),
                "order" => this.order.choose_direction(&value),
                _ => {}
            }
        }
        Ok(this)
    }

    /// Returns true if a fault redirects to another name of this machine.
    pub(crate) fn leads_to_another_name(&self) -> bool {
        let cross_origin = Effect::Redirect(Redirect::CrossOrigin);
        self.faults.iter().any(|fault| fault.effect == cross_origin)
    }

    fn add_fault(&mut self, text: &str) -> Result<(), QueryError> {
        let fault = Fault::parse(text)?;
        if let Effect::RedirectTo(location) = &fault.effect
            && !location::stays_here(location)
        {
            return Err(QueryError::LeadsAway);
        }
        bounds::check(&fault.effect)?;
        self.faults.push(fault);
        if self.faults.len() > MAX_FAULTS {
            return Err(QueryError::TooManyFaults);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::slice;

    use http::HeaderValue;

    use super::*;

    const ALL: Permitted = Permitted {
        faults: true,
        links: true,
    };

    fn faults(query: &str) -> Vec<Fault> {
        Query::parse("/a", Some(query), ALL).unwrap().faults
    }

    #[test]
    fn what_is_not_permitted_is_refused_or_is_no_parameter() {
        let none = Permitted {
            faults: false,
            links: false,
        };
        for query in ["fault=gzip", "fault=stal", "a=b&f%61ult="] {
            let refused = Query::parse("/a", Some(query), none);
            assert_eq!(refused, Err(QueryError::FaultsAreOff), "{query}");
        }
        let query = Query::parse("/a", Some("expires=5&once=1&hop=2"), none);
        assert_eq!(query.unwrap().link, Link::default());
    }

    #[test]
    fn a_fault_may_be_encoded_as_libraries_encode_it() {
        let expected = Fault::parse("status:503,retry-after=7,path=/a b").unwrap();
        for query in [
            "fault=status:503,retry-after=7,path=/a%20b",
            "fault=status:503,retry-after=7,path=/a+b",
            "fault=status%3A503%2Cretry-after%3D7%2Cpath%3D%2Fa+b",
            "x=y&%66ault=status:503%2Cretry-after=7%2Cpath=/a%20b&",
        ] {
            assert_eq!(faults(query), slice::from_ref(&expected), "{query}");
        }
        let spans = Fault::parse("gzip,bytes=0..5").unwrap();
        assert_eq!(faults("fault=gzip%2Cbytes%3D0..5"), [spans]);
    }

    #[test]
    fn a_comma_within_a_value_has_a_backslash_before_it() {
        let location = HeaderValue::from_static("/b,c?d=1");
        let expected = Fault::on(1..=1, Effect::RedirectTo(location));
        for query in [
            "fault=redirect:/b\\,c?d=1,requests=1&x=y",
            "fault=redirect%3A%2Fb%5C%2Cc%3Fd%3D1%2Crequests%3D1",
        ] {
            assert_eq!(faults(query), slice::from_ref(&expected), "{query}");
        }
    }

    #[test]
    fn a_plus_sign_is_encoded_or_is_a_space() {
        let xhtml = HeaderValue::from_static("application/xhtml+xml");
        let expected = Fault::always(Effect::MediaType(xhtml));
        assert_eq!(
            faults("fault=media-type:application/xhtml%2Bxml"),
            [expected]
        );
        let error = Query::parse("/a", Some("fault=media-type:application/xhtml+xml"), ALL);
        assert_eq!(
            error.unwrap_err().to_string(),
            "media-type is a media type, as in text/html, not \"application/xhtml xml\""
        );
    }

    #[test]
    fn an_order_is_for_listings_and_a_link_for_everything() {
        let query = Query::parse("/d/", Some("sort=size&order=descending&hop=2&once=7"), ALL);
        let query = query.unwrap();
        let link = Link {
            hop: 2,
            expires: None,
            once: Some(7),
        };
        assert_eq!(query.link, link);
        assert_ne!(query.order, Order::default());
        let link = Query::parse("/synthetic/1", Some("expires=5&hop=x&seed=1"), ALL);
        let expected = Link {
            expires: Some(5),
            ..Link::default()
        };
        assert_eq!(link.unwrap().link, expected);
        assert!(Query::parse("/synthetic/1", Some("sort=size"), ALL).is_err());
    }

    #[test]
    fn mistakes_are_explained() {
        let error = |query| {
            let error = Query::parse("/synthetic/1", Some(query), ALL).unwrap_err();
            error.to_string()
        };
        for (query, expected) in [
            (
                "fault=stal:1",
                "there is no fault \"stal\"; docs/design/faults.md lists them all",
            ),
            (
                "fault=delay",
                "delay needs a duration, as in 500ms, 2s or 1m",
            ),
            ("fault=gzip:1", "gzip takes no argument, and has \"1\""),
            (
                "fault=gzip,p=1",
                "gzip has no option \"p\", and no condition is called so",
            ),
            (
                "fault=gzip,path=a",
                "path is a path, which starts with /, not \"a\"",
            ),
            (
                "fault=redirect:https://evil.example/",
                "a redirection named in a URL leads to a path, which starts with one /",
            ),
            (
                "etag=strange",
                "etag is strong, weak, none or unquoted, not \"strange\"",
            ),
            (
                "version=256",
                "version is a number from 0 to 255, not \"256\"",
            ),
        ] {
            assert_eq!(error(query), expected);
        }
        assert!(error("sede=1").starts_with("synthetic content has no parameter \"sede\""));
        assert!(Query::parse("/file", Some("sede=1&etag=x"), ALL).is_ok());
    }
}
