//! Names that stay, and names that do not.
use super::*;

#[test]
fn names_stay_beneath_their_directory() {
    use NameError::{Backslash, Control, Empty, Leaves, TooLong};
    let component = "n".repeat(COMPONENT_BYTES);
    let long_component = format!("{component}n");
    let deep = "d/".repeat(NAME_BYTES / 2 - 1) + "f";
    let long = format!("{deep}oo");
    for (text, expected) in [
        ("file", Ok(())),
        ("dir/file", Ok(())),
        ("a/b/c.tar.gz", Ok(())),
        (".hidden", Ok(())),
        ("...", Ok(())),
        ("a..b/..c", Ok(())),
        ("name with spaces ", Ok(())),
        ("ein ü/日本", Ok(())),
        ("not~home", Ok(())),
        ("12:30", Ok(())),
        (component.as_str(), Ok(())),
        (deep.as_str(), Ok(())),
        ("", Err(Empty)),
        ("a//b", Err(Empty)),
        ("dir/", Err(Empty)),
        // RFC 5854 §4.1.2.1.
        ("/etc/passwd", Err(Leaves)),
        ("./file", Err(Leaves)),
        ("../file", Err(Leaves)),
        ("a/../b", Err(Leaves)),
        ("a/..", Err(Leaves)),
        ("a/./b", Err(Leaves)),
        (".", Err(Leaves)),
        ("..", Err(Leaves)),
        ("~/x", Err(Leaves)),
        ("~root", Err(Leaves)),
        ("C:file", Err(Leaves)),
        ("c:/file", Err(Leaves)),
        ("..\\..\\file", Err(Backslash)),
        ("a\\b", Err(Backslash)),
        ("a\0b", Err(Control)),
        ("a\nb", Err(Control)),
        ("\u{1b}[2J", Err(Control)),
        ("\u{85}", Err(Control)),
        ("\u{ffff}", Err(Control)),
        (long_component.as_str(), Err(TooLong)),
        (long.as_str(), Err(TooLong)),
    ] {
        assert_eq!(RelativeName::parse(text).map(|_| ()), expected, "{text:?}");
    }
}

#[test]
fn two_files_do_not_share_a_place() {
    for (names, expected) in [
        (&["a", "b", "c/a"][..], None),
        (&["a", "b", "a"], Some("a")),
        (&["a/b", "a"], Some("a/b")),
        (&["x", "x/y/z"], Some("x/y/z")),
        (&["x/y", "x/yz/w"], None),
        (&[], None),
    ] {
        let names: Vec<_> = names
            .iter()
            .map(|name| RelativeName::parse(name).unwrap())
            .collect();
        let found = first_clash(&names).map(RelativeName::as_str);
        assert_eq!(found, expected, "{names:?}");
    }
}
