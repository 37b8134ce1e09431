//! Small crates, as texts by path, and the circles in them.
use super::Crate;

/// Each circle's files, of a crate whose root is `src/lib.rs`.
fn circles(files: &[(&str, &str)]) -> Vec<Vec<String>> {
    let read = |path: &str| {
        let file = files.iter().find(|(name, _)| *name == path)?;
        Some(file.1.to_owned())
    };
    let tree = Crate::read("src/lib.rs", &read).expect("every file is there");
    let cycles = tree.cycles().into_iter();
    cycles
        .map(|cycle| cycle.files.into_iter().collect())
        .collect()
}

/// The circles of a crate of two files beside each other.
fn circles_of(a: &str, b: &str) -> usize {
    circles(&[
        ("src/lib.rs", "mod a; mod b; pub use a::A;"),
        ("src/a.rs", a),
        ("src/b.rs", b),
    ])
    .len()
}

const NAMES_A: &str = "use crate::a::A; pub struct B(A);";

#[test]
fn two_files_that_name_each_other_are_a_circle() {
    for a in [
        "use crate::b::B; pub struct A;",
        "use super::b::B; pub struct A;",
        "use super::{c::C, b::{self, B}}; pub struct A;",
        "use crate::b; pub struct A(b::B);",
        "use crate::b as other; pub struct A(other::B);",
        "pub struct A(crate::b::B);",
        "pub struct A(Vec<super::b::B>);",
        "pub struct A; fn f() { g!(1, crate::b::B) }",
        "pub struct A; fn f() { use crate::b::B; }",
        "pub struct A; mod inner { fn f() -> super::super::b::B {} }",
        "use crate::b::*; pub struct A(B);",
        "#[cfg(feature = \"x\")] use crate::b::B; pub struct A;",
        "#[cfg(test)] const X: [u8; 1] = { [0] }; use crate::b::B; pub struct A;",
    ] {
        assert_eq!(circles_of(a, NAMES_A), 1, "{a}");
    }
}

#[test]
fn two_files_of_which_one_names_the_other_are_none() {
    for a in [
        "pub struct A;",
        "// use crate::b::B;\n/// See [`crate::b::B`].\npub struct A;",
        "const TEXT: &str = \"crate::b::B\"; pub struct A;",
        "#[cfg(test)] mod tests { use crate::b::B; } pub struct A;",
        "#[cfg(test)] use crate::b::{self, B}; pub struct A;",
        "#[cfg(all(test, unix))] fn f() -> crate::b::B {} pub struct A;",
        "use b::B; pub struct A;",
        "use ::b::B; pub struct A;",
        "use crate::b; pub struct A;",
        "use crate::b::*; pub struct A;",
        "#[path = \"b.rs\"] #[expect(dead_code)] mod other; pub struct A(other::B);",
        "pub struct A; impl A { fn f(&self) { self.b::<u8>() } }",
    ] {
        assert_eq!(circles_of(a, NAMES_A), 0, "{a}");
    }
}

#[test]
fn what_is_passed_on_is_named_where_it_is() {
    let by_root = "use crate::A; pub struct B(A);";
    assert_eq!(circles_of("use crate::b::B; pub struct A;", by_root), 1);
    assert_eq!(circles_of("pub struct A;", by_root), 0);
}

#[test]
fn a_parent_that_only_declares_and_passes_on_is_in_no_circle() {
    let child = ("src/a/child.rs", "use super::Other; pub struct Child;");
    let other = ("src/a/other.rs", "pub struct Other;");
    let with = |parent| circles(&[("src/lib.rs", "mod a;"), ("src/a.rs", parent), child, other]);
    let declares = "mod child; mod other; pub use child::Child; pub(crate) use other::Other;";
    assert_eq!(with(declares), Vec::<Vec<String>>::new());
    // Nor one that uses its children and is not used by them.
    let uses = "mod child; mod other; pub use child::Child; use other::Other; fn f(_: Child) {}";
    assert_eq!(with(uses), Vec::<Vec<String>>::new());
    let has_what_they_use = "mod child; pub use child::Child; struct Other; fn f(_: Child) {}";
    assert_eq!(with(has_what_they_use), [["src/a.rs", "src/a/child.rs"]]);
}

#[test]
fn a_long_circle_is_one_and_names_its_ties_once() {
    let read = |path: &str| {
        let text = match path {
            "src/lib.rs" => "mod a; mod b; mod c; mod d;",
            "src/a.rs" => "use crate::b::B; pub struct A; fn f() { crate::b::B::new() }",
            "src/b/mod.rs" => "use crate::c::C; pub struct B;",
            "src/c.rs" => "use crate::a::A; use crate::d::D; pub struct C;",
            "src/d.rs" => "pub struct D;",
            _ => return None,
        };
        Some(text.to_owned())
    };
    let tree = Crate::read("src/lib.rs", &read).expect("every file is there");
    let cycles = tree.cycles();
    assert_eq!(cycles.len(), 1);
    let arrows = cycles[0].arrows.iter();
    let arrows: Vec<_> = arrows
        .map(|arrow| (&*arrow.from, arrow.line, &*arrow.to))
        .collect();
    assert_eq!(
        arrows,
        [
            ("src/a.rs", 1, "src/b/mod.rs"),
            ("src/b/mod.rs", 1, "src/c.rs"),
            ("src/c.rs", 1, "src/a.rs"),
        ]
    );
    let breach = cycles[0].breach();
    let lines: Vec<&str> = breach.lines().collect();
    assert!(lines[0].starts_with("src/a.rs, src/b/mod.rs, src/c.rs lead to one another"));
    assert_eq!(lines[1..].len(), 3, "{breach}");
}

#[test]
fn a_file_that_is_missing_or_no_rust_is_an_error_and_not_a_pass() {
    for (root, text) in [("src/lib.rs", "mod absent;"), ("src/lib.rs", "fn f( {")] {
        let read = |path: &str| (path == root).then(|| text.to_owned());
        assert!(Crate::read(root, &read).is_err(), "{text}");
    }
}
