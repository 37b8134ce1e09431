//! `sheave serve --as SERVER` against that very server: the same answer to every row of the table
//! of `check-server`, findings included.

use serde_json::Value;

use crate::check_server::{FILE, check, root};
use crate::support::nginx::Nginx;
use crate::support::peers::Peer;
use crate::support::python::Python;
use crate::support::serving::Serving;

/// Returns what was found in a plain answer, and row by row.
fn outcomes(url: &str) -> Vec<String> {
    let (_, report) = check(url, &[]);
    let found = |findings: &Value| {
        let findings = findings.as_array().unwrap().iter();
        let each = findings.map(|finding| format!(", {} {}", finding["level"], finding["what"]));
        each.collect::<String>()
    };
    let plain = format!("a plain GET{}", found(&report["plain"]));
    let rows = report["rows"].as_array().unwrap().iter();
    let rows = rows.map(|row| {
        let status = &row["status"];
        // The imitation of a cache does not say that it is one.
        let excused = found(&row["excused"]);
        format!(
            "{}: {status}{}{excused}",
            row["name"],
            found(&row["findings"])
        )
    });
    std::iter::once(plain).chain(rows).collect()
}

/// Compares what is imitated with the server itself.
fn compare(profile: &str, root: &std::path::Path, real: &str) {
    let imitation = Serving::start(root, &["--as", profile]);
    let (own, theirs) = (
        outcomes(&imitation.url(&format!("/{FILE}"))),
        outcomes(real),
    );
    assert!(own.len() > 50, "{profile}");
    let differences: Vec<_> = own
        .iter()
        .zip(&theirs)
        .filter(|(own, their)| own != their)
        .collect();
    assert!(
        differences.is_empty(),
        "{profile}, ours first: {differences:#?}"
    );
}

#[test]
fn who_is_imitated_answers_the_same() {
    let root = root();
    let at = root.path();
    let origin = Serving::start(at, &[]);
    if let Some(server) = Nginx::start(at) {
        compare("nginx", at, &server.url(FILE));
    }
    if let Some(server) = Python::start(at) {
        compare("python", at, &server.url(FILE));
    }
    for (profile, server) in [
        ("apache", Peer::apache(at)),
        ("lighttpd", Peer::lighttpd(at)),
        ("caddy", Peer::caddy(at)),
        ("varnish", Peer::varnish(origin.address())),
        ("express", Peer::express(at)),
    ] {
        if let Some(server) = server {
            compare(profile, at, &server.url(FILE));
        }
    }
}

#[test]
fn a_server_that_is_imitated_says_its_name_and_goes_on_to_do_wrong() {
    let root = root();
    let serving = Serving::start(root.path(), &["--as", "nginx", "--faults"]);
    let url = serving.url(&format!("/{FILE}?fault=ignore-range"));
    let arguments = ["-i", "-r", "0-9", &url];
    let Some(output) = crate::support::serving::curl(&arguments) else {
        return;
    };
    let shown = String::from_utf8_lossy(&output.stdout).to_ascii_lowercase();
    assert!(shown.starts_with("http/1.1 200"), "{shown}");
    assert!(shown.contains("server: nginx\r\n"), "{shown}");
}
