//! Owns fuzzing of request paths: every name is one component, however it is spelt.
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};

use crate::decoded;
use crate::path::RelativePath;

/// Checks what must hold of any bytes.
///
/// # Panics
///
/// Where it does not.
pub fn run(bytes: &[u8]) {
    let Some(input) = decoded::<(bool, &str)>(bytes) else {
        return;
    };
    let (allow_hidden, text) = input;
    let Ok(path) = RelativePath::parse(text, allow_hidden) else {
        return;
    };
    for segment in path.segments() {
        assert!(!segment.is_empty() && segment != b"." && segment != b"..");
        assert!(!segment.contains(&b'/') && !segment.contains(&0));
        assert!(allow_hidden || !segment.starts_with(b"."));
    }
    assert!(!path.joined().starts_with(b"/"));
    // A sibling of a file lies beside it, whatever its name is.
    let beside = path.with_suffix(".gz");
    let (names, names_beside) = (path.segments(), beside.segments());
    assert_eq!(names.len(), names_beside.len());
    for (index, (name, name_beside)) in names.iter().zip(names_beside).enumerate() {
        let suffix = if index + 1 == names.len() { ".gz" } else { "" };
        assert_eq!(*name_beside, [name, suffix.as_bytes()].concat());
    }
    // Encoding every byte leads to the same place: names are decoded exactly once.
    let encoded = path.segments().iter().fold(String::new(), |text, segment| {
        text + "/" + &percent_encode(segment, NON_ALPHANUMERIC).to_string()
    });
    let end = if path.is_directory_form { "/" } else { "" };
    let again = RelativePath::parse(&(encoded + end), allow_hidden);
    assert_eq!(again.as_ref().ok(), Some(&path));
    let child = path.child(b"name");
    assert_eq!(child.segments().len(), path.segments().len() + 1);
}
