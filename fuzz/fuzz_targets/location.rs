//! Owns fuzzing of redirects: wherever a server sends us, the trail ends and keeps its rules.
#![no_main]

use libfuzzer_sys::fuzz_target;
use range_core::limits;
use url::Url;

#[path = "../../crates/accelerator/src/redact.rs"]
#[expect(dead_code, reason = "redirects use a part of it")]
mod redact;
#[path = "../../crates/accelerator/src/transport/redirect.rs"]
mod redirect;

use redirect::Trail;

fuzz_target!(|input: (bool, Vec<Option<&[u8]>>)| {
    let (is_secure, locations) = input;
    let scheme = if is_secure { "https" } else { "http" };
    let original = Url::parse(&format!("{scheme}://user:secret@a.example/dir/file?x=1"))
        .expect("the text is a URL");
    let mut trail = Trail::new(original.clone());
    let mut hops = 0;
    for location in locations {
        let before = trail.here().clone();
        let was_trusted = trail.is_trusted();
        if let Err(error) = trail.follow(location) {
            assert!(!error.to_string().contains("secret"));
            assert_eq!(*trail.here(), before);
            continue;
        }
        hops += 1;
        let here = trail.here();
        assert!(matches!(here.scheme(), "http" | "https"));
        assert!(before.scheme() == "http" || here.scheme() == "https");
        assert!(here.fragment().is_none());
        assert!(was_trusted || !trail.is_trusted());
        assert!(!trail.is_trusted() || here.origin() == original.origin());
    }
    assert!(hops <= limits::REDIRECTS_MAX);
    let (here, is_trusted) = (trail.here().clone(), trail.is_trusted());
    let short = trail.shortcut();
    assert_eq!((short.here(), short.is_trusted()), (&here, is_trusted));
});
