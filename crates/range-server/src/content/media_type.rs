//! Owns the media type of a file: what its name says, and for text what its beginning says of the
//! charset. Opens nothing.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The beginning of a text that is looked at, in bytes: a page holds few that are longer before
/// their first letter beyond ASCII.
pub(super) const SAMPLE: usize = 16 << 10;

const BINARY: &str = "application/octet-stream";
const TEXT: &str = "text/plain";

/// Extensions whose media type the list that is used for the others does not have, has wrongly, or
/// has from before it was registered.
const EXTENSIONS: [(&str, &str); 67] = [
    ("7z", "application/x-7z-compressed"),
    ("adoc", TEXT),
    ("arrow", "application/vnd.apache.arrow.file"),
    ("arrows", "application/vnd.apache.arrow.stream"),
    ("asc", TEXT),
    ("avro", "application/vnd.apache.avro"),
    ("br", BINARY),
    ("cbor", "application/cbor"),
    ("cfg", TEXT),
    ("cjs", "text/javascript"),
    ("deb", "application/vnd.debian.binary-package"),
    ("diff", TEXT),
    (
        "docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    ("go", TEXT),
    ("h5", "application/x-hdf5"),
    ("hdf5", "application/x-hdf5"),
    ("ico", "image/vnd.microsoft.icon"),
    ("ini", TEXT),
    ("ipynb", "application/x-ipynb+json"),
    ("iso", "application/x-iso9660-image"),
    ("jl", TEXT),
    ("jsonl", "application/jsonl"),
    ("kt", TEXT),
    ("lock", TEXT),
    ("lz4", "application/x-lz4"),
    ("m3u8", "application/vnd.apple.mpegurl"),
    ("m4a", "audio/mp4"),
    ("m4s", "video/iso.segment"),
    ("map", "application/json"),
    ("md", "text/markdown"),
    ("md5", TEXT),
    ("mjs", "text/javascript"),
    ("ndjson", "application/x-ndjson"),
    ("nfo", TEXT),
    ("opus", "audio/ogg"),
    ("org", TEXT),
    ("otf", "font/otf"),
    ("parquet", "application/vnd.apache.parquet"),
    ("patch", TEXT),
    ("pmtiles", "application/vnd.pmtiles"),
    (
        "pptx",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ),
    ("proto", TEXT),
    ("py", "text/x-python"),
    ("r", TEXT),
    ("rpm", "application/x-rpm"),
    ("rst", TEXT),
    ("rs", TEXT),
    ("sha1", TEXT),
    ("sha256", TEXT),
    ("sha512", TEXT),
    ("sql", "application/sql"),
    ("svelte", TEXT),
    ("swift", TEXT),
    ("tgz", "application/gzip"),
    ("toml", "application/toml"),
    ("ts", "video/mp2t"),
    ("tsx", TEXT),
    ("txz", "application/x-xz"),
    ("vue", TEXT),
    ("wasm", "application/wasm"),
    ("whl", "application/zip"),
    ("woff", "font/woff"),
    (
        "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
    ("yaml", "application/yaml"),
    ("yml", "application/yaml"),
    ("zst", "application/zstd"),
    ("zstd", "application/zstd"),
];

/// The media type of a file of this name, whose first bytes, up to [`SAMPLE`] of them, are read
/// when they are asked for.
///
/// Text has its charset named where it is UTF-8: browsers take text without one for Windows-1252.
/// Where it is not, whoever wrote it may have said so within. A name without an extension, such as
/// `README`, is text if it reads as text.
pub(super) fn of(name: &[u8], sample: impl FnOnce() -> Vec<u8>) -> String {
    let path = Path::new(OsStr::from_bytes(name));
    let Some(extension) = path.extension().map(OsStrExt::as_bytes) else {
        let sample = sample();
        let is_text =
            !sample.is_empty() && is_utf_8(&sample) && !sample.iter().copied().any(is_control);
        let media_type = if is_text { TEXT } else { BINARY };
        return with_charset(media_type, || sample);
    };
    let extension = extension.to_ascii_lowercase();
    let own = EXTENSIONS
        .iter()
        .find(|(known, _)| known.as_bytes() == extension)
        .map(|&(_, media_type)| media_type);
    let media_type = own.or_else(|| mime_guess::from_path(path).first_raw());
    with_charset(media_type.unwrap_or(BINARY), sample)
}

fn with_charset(media_type: &str, sample: impl FnOnce() -> Vec<u8>) -> String {
    if has_charset(media_type) && is_utf_8(&sample()) {
        format!("{media_type}; charset=utf-8")
    } else {
        media_type.to_owned()
    }
}

/// Returns true if readers of this type look for a charset, and guess where there is none. XML
/// names its own, and JSON has only one.
fn has_charset(media_type: &str) -> bool {
    media_type.starts_with("text/") && media_type != "text/xml"
}

/// Returns true if the beginning of a file is UTF-8, whose last character may be cut off.
fn is_utf_8(sample: &[u8]) -> bool {
    match std::str::from_utf8(sample) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none() && sample.len() == SAMPLE,
    }
}

/// Returns true for bytes that no text holds.
const fn is_control(byte: u8) -> bool {
    matches!(byte, 0..=8 | 14..=26 | 28..=31 | 127)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn type_of(name: &str, content: &[u8]) -> String {
        of(name.as_bytes(), || content.to_vec())
    }

    #[test]
    fn text_has_its_charset_where_that_is_known() {
        for (name, content, expected) in [
            ("a.txt", "ä\n".as_bytes(), "text/plain; charset=utf-8"),
            ("a.TXT", b"", "text/plain; charset=utf-8"),
            ("a.html", "<p>ü".as_bytes(), "text/html; charset=utf-8"),
            ("a.md", b"# a", "text/markdown; charset=utf-8"),
            ("a.csv", b"a,b", "text/csv; charset=utf-8"),
            ("a.js", b"1", "text/javascript; charset=utf-8"),
            ("a.css", b"a {}", "text/css; charset=utf-8"),
            ("latin.txt", b"\xe4\xf6\n", "text/plain"),
            ("latin.html", b"<meta charset=iso-8859-1>\xe4", "text/html"),
            ("utf-16.txt", b"\xff\xfea\0", "text/plain"),
            ("a.xml", b"<a/>", "text/xml"),
            ("a.json", b"{}", "application/json"),
            ("a.svg", b"<svg/>", "image/svg+xml"),
        ] {
            assert_eq!(type_of(name, content), expected, "{name}");
        }
    }

    #[test]
    fn a_character_that_the_sample_cuts_is_no_mistake() {
        let mut long = "x".repeat(SAMPLE - 1).into_bytes();
        long.push("ä".as_bytes()[0]);
        assert_eq!(type_of("a.txt", &long), "text/plain; charset=utf-8");
        assert_eq!(type_of("a.txt", b"x\xc3"), "text/plain");
    }

    #[test]
    fn names_without_an_extension_are_text_if_they_read_as_text() {
        for (name, content, expected) in [
            ("README", "für\n".as_bytes(), "text/plain; charset=utf-8"),
            ("Makefile", b"a:\n\tb\n", "text/plain; charset=utf-8"),
            (".profile", b"a\x1b[0m", "text/plain; charset=utf-8"),
            ("program", b"\x7fELF\0", BINARY),
            ("empty", b"", BINARY),
            ("a.unheard-of", b"text", BINARY),
            ("model.safetensors", b"text", BINARY),
        ] {
            assert_eq!(type_of(name, content), expected, "{name}");
        }
    }

    #[test]
    fn media_types_are_those_of_today() {
        for (name, expected) in [
            ("a.rpm", "application/x-rpm"),
            ("a.ts", "video/mp2t"),
            ("a.zst", "application/zstd"),
            ("a.jsonl", "application/jsonl"),
            ("a.m3u8", "application/vnd.apple.mpegurl"),
            ("a.deb", "application/vnd.debian.binary-package"),
            ("a.wasm", "application/wasm"),
            ("a.woff", "font/woff"),
            ("a.woff2", "font/woff2"),
            ("a.avif", "image/avif"),
            ("a.mp4", "video/mp4"),
            ("a.tar.gz", "application/gzip"),
            ("a.tgz", "application/gzip"),
            ("a.yaml", "application/yaml"),
            ("a.whl", "application/zip"),
        ] {
            assert_eq!(type_of(name, b"\0"), expected, "{name}");
        }
        let mut sorted = EXTENSIONS.map(|(extension, _)| extension);
        sorted.sort_unstable();
        sorted
            .windows(2)
            .for_each(|pair| assert_ne!(pair[0], pair[1]));
    }
}
