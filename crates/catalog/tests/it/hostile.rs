//! Lists that are made to do harm: they end in one line, soon, and in bounded memory.

use std::fmt::Write as _;

use catalog::metalink::{self, Problem};
use catalog::{limits, sums};

const HEAD: &str = "<metalink xmlns='urn:ietf:params:xml:ns:metalink'>";

fn problem(document: &[u8]) -> Problem {
    let error = metalink::read(document, None).unwrap_err();
    let told = error.to_string();
    assert!(told.chars().count() < 300, "{told}");
    assert!(!told.chars().any(char::is_control), "{told:?}");
    error.problem().clone()
}

fn named(name: &str) -> String {
    format!("{HEAD}<file name=\"{name}\"><url>http://a/</url></file></metalink>")
}

#[test]
fn names_that_lead_out_refuse_the_whole_document() {
    for name in [
        "../f",
        "/f",
        "a/../../f",
        "..",
        ".",
        "./f",
        "a//f",
        "a/",
        "",
        "~/.profile",
        "~f",
        "C:\\f",
        "c:f",
        "..\\f",
        "a&#92;f",
        "&#46;&#46;/f",
        "a&#10;b",
        "a&#x1b;[2J",
        "a&#127;",
        "&#x85;",
        "&#xFFFF;",
    ] {
        let document = named(name);
        let refused = matches!(problem(document.as_bytes()), Problem::Name { .. });
        assert!(refused, "{name}");
        // One good file before it is not taken either.
        let document = document.replace("<file ", "<file name='good'/><file ");
        assert!(
            matches!(problem(document.as_bytes()), Problem::Name { .. }),
            "{name}"
        );
    }
    for name in ["a".repeat(256), "a/".repeat(2_048) + "f", "é".repeat(128)] {
        assert!(matches!(
            problem(named(&name).as_bytes()),
            Problem::Name { .. }
        ));
    }
    let nameless = format!("{HEAD}<file><url>http://a/</url></file></metalink>");
    assert_eq!(problem(nameless.as_bytes()), Problem::Nameless);
    let foreign = format!("{HEAD}<file xmlns:x='urn:x' x:name='f'/></metalink>");
    assert_eq!(problem(foreign.as_bytes()), Problem::Nameless);
}

#[test]
fn entities_are_not_expanded() {
    let bomb =
        "<!DOCTYPE m [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;'>]>".to_owned() + HEAD + "&b;";
    assert_eq!(problem(bomb.as_bytes()), Problem::Doctype);
    let external = format!("<!DOCTYPE m SYSTEM 'file:///etc/passwd'>{HEAD}");
    assert_eq!(problem(external.as_bytes()), Problem::Doctype);
    for content in [
        "&b;",
        "<file name='&b;'/>",
        "<file name='f'><url>http://a/&b;</url></file>",
        "<x:y xmlns:x='urn:x'>&b;</x:y>",
    ] {
        let document = format!("{HEAD}{content}</metalink>");
        assert_eq!(
            problem(document.as_bytes()),
            Problem::Entity("b".to_owned()),
            "{content}"
        );
    }
    for reference in [
        "&#0;",
        "&#xD800;",
        "&#x110000;",
        "&#;",
        "&#99999999999999999999;",
    ] {
        let document = format!("{HEAD}{reference}</metalink>");
        assert_eq!(
            problem(document.as_bytes()),
            Problem::Malformed,
            "{reference}"
        );
    }
    let known = named("a&amp;b&#x41;&lt;");
    let list = metalink::read(known.as_bytes(), None).unwrap();
    assert_eq!(list.entries[0].name.as_str(), "a&bA<");
}

#[test]
fn only_utf_8_is_read() {
    let document = named("f");
    let utf_16 =
        |unit: fn(u16) -> [u8; 2]| document.encode_utf16().flat_map(unit).collect::<Vec<_>>();
    let little = utf_16(u16::to_le_bytes);
    let big = utf_16(u16::to_be_bytes);
    let marked = [&b"\xff\xfe"[..], &little].concat();
    for bytes in [&*little, &big, &marked, b"\xff", b"<\xe9/>"] {
        assert_eq!(problem(bytes), Problem::Encoding);
    }
    let latin = format!("<?xml version='1.0' encoding='ISO-8859-1'?>{document}");
    assert_eq!(problem(latin.as_bytes()), Problem::Encoding);
    let nul = document.replace("http", "\0");
    assert_eq!(problem(nul.as_bytes()), Problem::Encoding);
    for good in [
        format!("\u{feff}{document}"),
        format!("\u{feff}<?xml version='1.0' encoding='Utf-8'?>\r\n{document}\r\n<!-- end -->\r\n"),
        document.replace("><", ">\r\n<"),
    ] {
        let list = metalink::read(good.as_bytes(), None).unwrap();
        assert_eq!(list.entries[0].sources.len(), 1, "{good}");
    }
}

#[test]
fn what_is_cut_off_or_mended_by_hand_is_refused() {
    let document = named("f");
    for end in 0..document.len() {
        assert!(
            metalink::read(&document.as_bytes()[..end], None).is_err(),
            "{end}"
        );
    }
    for (document, expected) in [
        (
            document[..document.len() - 11].to_owned(),
            Problem::Truncated,
        ),
        (format!("{document}{document}"), Problem::Malformed),
        (format!("{document}x"), Problem::Malformed),
        (document.replace("</url>", "</uri>"), Problem::Malformed),
        (
            document.replace("name=", "name='g' name="),
            Problem::Malformed,
        ),
        (document.replace("urn:", "urm:"), Problem::NotMetalink),
        (document.replace(" xmlns", " xmlms"), Problem::NotMetalink),
        (format!("x{document}"), Problem::NotMetalink),
        (
            "<html><body>404</body></html>".to_owned(),
            Problem::NotMetalink,
        ),
        (String::new(), Problem::NotMetalink),
    ] {
        assert_eq!(problem(document.as_bytes()), expected, "{document}");
    }
}

#[test]
fn depth_width_and_length_have_limits() {
    let deep = HEAD.to_owned() + &"<a>".repeat(1_000_000);
    assert_eq!(problem(deep.as_bytes()), Problem::Depth);
    let foreign = HEAD.to_owned() + &"<x:a xmlns:x='urn:x'>".repeat(100_000);
    assert!(matches!(
        problem(foreign.as_bytes()),
        Problem::Depth | Problem::Namespaces
    ));
    let just = limits::DEPTH - 1;
    let nested = format!(
        "{HEAD}{}{}<file name='f'/></metalink>",
        "<a>".repeat(just),
        "</a>".repeat(just)
    );
    assert!(metalink::read(nested.as_bytes(), None).is_ok());

    let mut attributes = String::new();
    let mut namespaces = String::new();
    for index in 0..100_000 {
        write!(attributes, " a{index}=''").unwrap();
        write!(namespaces, " xmlns:a{index}='urn:{index}'").unwrap();
    }
    let wide = format!("{HEAD}<file name='f'{attributes}/></metalink>");
    assert_eq!(problem(wide.as_bytes()), Problem::Attributes);
    let wide = format!("{HEAD}<file name='f'{namespaces}/></metalink>");
    assert_eq!(problem(wide.as_bytes()), Problem::Namespaces);

    let long = vec![b' '; limits::LIST_BYTES + 1];
    assert_eq!(problem(&long), Problem::TooLarge);
}

#[test]
fn files_and_sources_are_counted() {
    let mut files = HEAD.to_owned();
    for index in 0..1_000_000 {
        write!(files, "<file name='{index}'/>").unwrap();
    }
    files.push_str("</metalink>");
    assert_eq!(problem(files.as_bytes()), Problem::Files);

    let mut urls = format!("{HEAD}<file name='f'>");
    for index in 0..=limits::SOURCES_OF_FILE {
        write!(urls, "<url>http://a/{index}</url>").unwrap();
    }
    urls.push_str("</file></metalink>");
    assert_eq!(problem(urls.as_bytes()), Problem::Sources);
}

#[test]
fn remarks_are_counted() {
    let document = format!(
        "{HEAD}<file name='f'>{}</file></metalink>",
        "<hash type='x'/>".repeat(1_000_000)
    );
    let list = metalink::read(document.as_bytes(), None).unwrap();
    assert_eq!(list.remarks.iter().count(), limits::REMARKS);
    assert_eq!(list.remarks.left_out(), 1_000_000 - limits::REMARKS);
}

#[test]
fn a_list_of_checksums_may_be_as_long_as_it_likes_within_its_limit() {
    let md5 = "0".repeat(32);
    let line = format!("{md5}  x\n");
    let mut list = line.repeat(limits::LIST_BYTES / line.len() - 2);
    assert_eq!(
        sums::find(list.as_bytes(), "f", None),
        Err(sums::FindError::NoLine)
    );
    write!(list, "{md5}  f").unwrap();
    assert!(sums::find(list.as_bytes(), "f", None).is_ok());
    let parentheses = "(".repeat(limits::LIST_BYTES / 2) + &")".repeat(limits::LIST_BYTES / 2);
    assert_eq!(
        sums::find(parentheses.as_bytes(), "f", None),
        Err(sums::FindError::NoList)
    );
}
