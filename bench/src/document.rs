//! Owns putting a table into docs/benchmarks.md, between the two lines that are kept for it. What
//! is said around the tables is people's.
use std::fs;

use super::checkout;
use super::failure::Failure;

/// Replaces what one scenario said last.
pub(super) fn replace(scenario: &str, section: &str) -> Result<(), Failure> {
    let path = checkout::root().join("docs/benchmarks.md");
    let document = fs::read_to_string(&path).map_err(Failure::io("read docs/benchmarks.md"))?;
    let document = between(&document, scenario, section)?;
    fs::write(path, document).map_err(Failure::io("write docs/benchmarks.md"))
}

fn between(document: &str, scenario: &str, section: &str) -> Result<String, Failure> {
    let find = |marker: String| match document.find(&marker) {
        Some(at) => Ok((at, at + marker.len())),
        None => Err(Failure::Marker { marker }),
    };
    let (_, start) = find(format!("<!-- bench {scenario}: begin -->\n"))?;
    let (end, _) = find(format!("<!-- bench {scenario}: end -->"))?;
    let before = document.get(..start).unwrap_or_default();
    let after = document.get(end..).unwrap_or_default();
    Ok(format!("{before}\n{section}\n{after}"))
}

#[cfg(test)]
mod tests {
    use super::super::wan::PATHS;
    use super::between;

    #[test]
    fn every_scenario_has_its_place_in_the_document() {
        let document = include_str!("../../docs/benchmarks.md");
        let fixed = [
            "loopback", "verify", "tls", "small", "memory", "serve", "disk",
        ];
        for name in fixed.into_iter().chain(PATHS.iter().map(|path| path.name)) {
            assert!(between(document, name, "").is_ok(), "{name}");
        }
    }

    #[test]
    fn only_what_is_between_the_markers_is_replaced() {
        let before = "a\n<!-- bench tls: begin -->\nold\n<!-- bench tls: end -->\nb\n";
        let after = "a\n<!-- bench tls: begin -->\n\nnew\n\n<!-- bench tls: end -->\nb\n";
        assert_eq!(between(before, "tls", "new\n").unwrap(), after);
        assert!(between(before, "small", "new").is_err());
    }
}
