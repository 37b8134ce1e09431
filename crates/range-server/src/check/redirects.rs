//! Owns which redirects are followed, and whom one's own fields still go to. Pure.

use url::Url;

use super::client::OwnFields;
use super::conformance::Reply;
use super::error::CheckError;

/// Most redirects followed: as many as browsers follow.
pub(super) const MOST_REDIRECTS: usize = 20;

/// Returns the target a reply redirects to; `None` if it redirects nowhere.
pub(super) fn next(here: &Url, reply: &Reply) -> Result<Option<Url>, CheckError> {
    let status = reply.status;
    if !matches!(status, 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let refused = |why| CheckError::Redirect { status, why };
    let location = reply
        .field("location")
        .ok_or(refused("there is no Location"))?;
    let location = str::from_utf8(location).map_err(|_| refused("Location is no URL"))?;
    let mut to = here
        .join(location)
        .map_err(|_| refused("Location is no URL"))?;
    to.set_fragment(None);
    if !matches!(to.scheme(), "http" | "https") || to.host().is_none() {
        return Err(refused("Location is neither http nor https"));
    }
    if here.scheme() == "https" && to.scheme() == "http" {
        return Err(refused("it leads from https to http"));
    }
    Ok(Some(to))
}

/// The fields that go on to another URL: all within an origin, none beyond.
pub(super) fn fields_for(from: &Url, to: &Url, fields: OwnFields) -> OwnFields {
    if from.origin() == to.origin() {
        fields
    } else {
        OwnFields::new()
    }
}

/// A URL without what may be secret in it.
pub(super) fn shown(url: &Url) -> String {
    let mut shown = url.clone();
    // Both fail only where there is no host, and then there is nobody to log in to.
    let _ = shown.set_username("");
    let _ = shown.set_password(None);
    if url.query().is_some() {
        shown.set_query(Some("..."));
    }
    shown.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, location: Option<&str>) -> Reply {
        let field = location.map(|to| ("location".to_owned(), to.as_bytes().to_vec()));
        Reply {
            status,
            fields: field.into_iter().collect(),
            ..Reply::default()
        }
    }

    #[test]
    fn redirects_are_resolved_and_the_dangerous_ones_refused() {
        let here = Url::parse("https://a.example/x/y").unwrap();
        for (status, location, expected) in [
            (200, None, Ok(None)),
            (302, Some("z"), Ok(Some("https://a.example/x/z"))),
            (301, Some("/z?q#f"), Ok(Some("https://a.example/z?q"))),
            (307, Some("//b.example/"), Ok(Some("https://b.example/"))),
            (308, None, Err("no Location")),
            (302, Some("http://a.example/"), Err("https to http")),
            (302, Some("file:///etc/passwd"), Err("neither http")),
        ] {
            let found = next(&here, &reply(status, location));
            match (found, expected) {
                (Ok(found), Ok(expected)) => {
                    assert_eq!(found.as_ref().map(Url::as_str), expected, "{location:?}");
                }
                (Err(error), Err(why)) => assert!(error.to_string().contains(why), "{error}"),
                (found, expected) => panic!("{location:?}: {found:?}, expected {expected:?}"),
            }
        }
    }

    #[test]
    fn fields_of_ones_own_stay_within_an_origin() {
        let url = |text| Url::parse(text).unwrap();
        let fields = || OwnFields::from([(http::header::COOKIE, "a=b".parse().unwrap())]);
        let (a, b) = (url("http://a/x"), url("http://a:81/x"));
        assert_eq!(fields_for(&a, &url("http://a/y"), fields()).len(), 1);
        assert!(fields_for(&a, &b, fields()).is_empty());
    }
}
