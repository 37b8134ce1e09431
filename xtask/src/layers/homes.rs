//! Owns which libraries only one place of the product may name, so that they stay replaceable.
use super::modules::Module;

/// A library, and the module with those below it, or the single file, that may name it.
const HOMES: &[(&str, &str)] = &[
    ("clap", "crates/sheave/src/args"),
    ("indicatif", "crates/sheave/src/report/bars"),
    ("reqwest", "crates/accelerator/src/transport/http"),
];

/// One breach for each library that a file of the product names and is not the home of; `None`
/// where the text is no Rust.
pub(super) fn breaches(path: &str, text: &str) -> Option<Vec<String>> {
    let is_product = path.starts_with("crates/") || path.starts_with("tests/");
    let mut breaches = Vec::new();
    for (library, home) in HOMES.iter().filter(|_| is_product) {
        // The word alone may stand in a comment.
        if text.contains(library) && !is_within(path, home) && Module::read(text)?.names(library) {
            breaches.push(format!("{path}: {library} is named in {home} only"));
        }
    }
    Some(breaches)
}

/// Returns whether a path is `home`, the file of the module `home`, or a file below it.
fn is_within(path: &str, home: &str) -> bool {
    let rest = path.strip_prefix(home);
    rest.is_some_and(|rest| matches!(rest, "" | ".rs") || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::breaches;

    fn count(path: &str, text: &str) -> usize {
        breaches(path, text).expect("the text is Rust").len()
    }

    #[test]
    fn libraries_are_named_in_their_homes_only() {
        let http = "crates/accelerator/src/transport/http";
        let report = "crates/sheave/src/report";
        for (library, path, expected) in [
            ("reqwest", format!("{http}.rs"), 0),
            ("reqwest", format!("{http}/body.rs"), 0),
            ("reqwest", format!("{http}_body.rs"), 1),
            ("reqwest", "tests/it/a.rs".to_owned(), 1),
            ("indicatif", format!("{report}/bars.rs"), 0),
            ("indicatif", format!("{report}/bars/line.rs"), 0),
            ("indicatif", format!("{report}/bars_of.rs"), 1),
            ("clap", "crates/sheave/src/args/get.rs".to_owned(), 0),
            ("clap", "crates/sheave/src/settings.rs".to_owned(), 1),
            ("clap", "xtask/src/main.rs".to_owned(), 0),
        ] {
            for text in [
                format!("use {library}::A;"),
                format!("mod a {{ fn f() -> {library}::B {{}} }}"),
                format!("use {library} as other;"),
            ] {
                assert_eq!(count(&path, &text), expected, "{path}: {text}");
            }
            let text = format!("// What {library} does.\nfn my_{library}() {{}}");
            assert_eq!(count(&path, &text), 0, "{path}");
        }
    }
}
