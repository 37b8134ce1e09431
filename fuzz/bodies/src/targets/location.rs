//! Owns fuzzing of redirects: wherever a server sends us, the trail ends and keeps its rules.
use std::net::IpAddr;

use url::Url;

use crate::address::{self, Reach};
use crate::cookies::Cookies;
use crate::decoded;
use crate::redirect::{REDIRECTS_MAX, Trail};

/// The origin that answers, if any, with its address if known; and the `Location` it sends.
type Hop<'a> = (Option<Option<IpAddr>>, Option<&'a [u8]>);

/// Checks what must hold of any bytes.
///
/// # Panics
///
/// Where it does not.
pub fn run(bytes: &[u8]) {
    let Some(input) = decoded::<(bool, Vec<Hop<'_>>)>(bytes) else {
        return;
    };
    let (is_secure, locations) = input;
    let scheme = if is_secure { "https" } else { "http" };
    let original = |password: &str| {
        Url::parse(&format!(
            "{scheme}://user:{password}@a.example/dir/file?x=1"
        ))
        .expect("the text is a URL")
    };
    let mut trail = Trail::new(original("secret"), Cookies::default());
    // The same is told of both, so that nothing told can give the password away.
    let mut twin = Trail::new(original("other"), Cookies::default());
    let mut hops = 0;
    let (mut was_outside, mut is_fenced) = (false, false);
    for (answer, location) in locations {
        let before = trail.here().clone();
        let was_trusted = trail.is_trusted();
        if let Some(answer) = answer {
            trail.answered(answer);
            twin.answered(answer);
            let by_name = || address::names_public_host(&before) != Some(false);
            was_outside |= answer.map_or_else(by_name, address::is_public);
        }
        let followed = trail.follow(location).map_err(|error| error.to_string());
        let twin_followed = twin.follow(location).map_err(|error| error.to_string());
        assert_eq!(followed, twin_followed);
        if followed.is_err() {
            assert_eq!(*trail.here(), before);
            continue;
        }
        hops += 1;
        is_fenced |= was_outside;
        assert_eq!(trail.reach() == Reach::Public, is_fenced);
        let here = trail.here();
        assert!(!was_outside || address::names_public_host(here) != Some(false));
        assert!(here.username().is_empty() && here.password().is_none());
        assert!(matches!(here.scheme(), "http" | "https"));
        assert!(before.scheme() == "http" || here.scheme() == "https");
        assert!(here.fragment().is_none());
        assert!(was_trusted || !trail.is_trusted());
        assert!(!trail.is_trusted() || here.origin() == original("").origin());
    }
    assert!(hops <= REDIRECTS_MAX);
    let (here, is_trusted, reach) = (trail.here().clone(), trail.is_trusted(), trail.reach());
    let short = trail.shortcut();
    assert_eq!((short.here(), short.is_trusted()), (&here, is_trusted));
    assert_eq!(short.reach(), reach);
}
