//! Owns the suspicion that what was saved is a page or a message in place of what its name
//! promises. Judges a name and the first bytes; knows no server.

use std::io::Read;
use std::path::Path;

use url::Url;

/// How much of a file is looked at. Pages begin with comments and empty lines.
const LOOK: u64 = 1024;

/// Endings of files that are no text: archives, images of disks, models, pictures, sound, films,
/// packages, documents.
const BINARY: &[&str] = &[
    "7z",
    "aac",
    "apk",
    "appimage",
    "avi",
    "bin",
    "bz2",
    "cab",
    "ckpt",
    "crx",
    "deb",
    "dll",
    "dmg",
    "docx",
    "epub",
    "exe",
    "flac",
    "flv",
    "gguf",
    "ggml",
    "gif",
    "gz",
    "h5",
    "ico",
    "img",
    "ipa",
    "iso",
    "jar",
    "jpeg",
    "jpg",
    "lz4",
    "lzma",
    "m4a",
    "m4v",
    "mkv",
    "mov",
    "mp3",
    "mp4",
    "mpg",
    "msi",
    "npy",
    "npz",
    "ogg",
    "onnx",
    "ova",
    "parquet",
    "pdf",
    "pkg",
    "png",
    "pptx",
    "pt",
    "pth",
    "qcow2",
    "rar",
    "rpm",
    "safetensors",
    "sqlite",
    "tar",
    "tbz2",
    "tgz",
    "tiff",
    "txz",
    "vdi",
    "vhd",
    "vhdx",
    "vmdk",
    "wasm",
    "wav",
    "webm",
    "webp",
    "whl",
    "wmv",
    "xlsx",
    "xpi",
    "xz",
    "zip",
    "zst",
];

/// The kind of text that a file seems to be in place of what one of its names promises.
pub(crate) fn of_file(path: &Path, url: &str) -> Option<&'static str> {
    let saved_as = path.file_name()?.to_string_lossy();
    let asked_for = Url::parse(url).ok();
    let asked_for = asked_for.as_ref().map_or("", Url::path);
    if !promises_no_text(&saved_as) && !promises_no_text(asked_for) {
        return None;
    }
    #[expect(
        clippy::disallowed_methods,
        reason = "the file is complete, and nobody's but the user's"
    )]
    let file = std::fs::File::open(path).ok()?;
    let mut first = Vec::new();
    file.take(LOOK).read_to_end(&mut first).ok()?;
    seems(&first)
}

fn promises_no_text(name: &str) -> bool {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    BINARY.contains(&ending.to_ascii_lowercase().as_str())
}

/// The kind of page or message that begins so. No binary file does.
fn seems(first: &[u8]) -> Option<&'static str> {
    let first = first.strip_prefix("\u{feff}".as_bytes()).unwrap_or(first);
    let mut text = first.trim_ascii_start().to_ascii_lowercase();
    while let Some(end) = text
        .strip_prefix(b"<!--")
        .and_then(|comment| comment.windows(3).position(|end| end == b"-->"))
    {
        text = text[4 + end + 3..].trim_ascii_start().to_vec();
    }
    let begins = |with: &[u8]| text.starts_with(with);
    if [
        &b"<!doctype html"[..],
        b"<html",
        b"<head",
        b"<body",
        b"<script",
        b"<meta",
        b"<title",
    ]
    .iter()
    .any(|tag| begins(tag))
    {
        return Some("a page of HTML");
    }
    if begins(b"<?xml") || begins(b"<error") {
        return Some("XML");
    }
    if begins(b"version https://git-lfs.github.com/spec/") {
        return Some("a pointer of Git LFS");
    }
    let inside = text.strip_prefix(b"{").or_else(|| text.strip_prefix(b"[{"));
    inside
        .is_some_and(|inside| inside.trim_ascii_start().starts_with(b"\""))
        .then_some("JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_and_messages_are_told_from_files() {
        for (first, expected) in [
            (&b"<!DOCTYPE html><html>"[..], Some("a page of HTML")),
            (b"\r\n\t <HTML lang=de>", Some("a page of HTML")),
            (b"\xef\xbb\xbf<html>", Some("a page of HTML")),
            (b"<!-- a --> <!-- b -->\n<head>", Some("a page of HTML")),
            (
                b"<script>location='/login'</script>",
                Some("a page of HTML"),
            ),
            (b"<?xml version=\"1.0\"?><Error>", Some("XML")),
            (b"<Error><Code>AccessDenied", Some("XML")),
            (b"{\"error\": 404}", Some("JSON")),
            (b"[{ \"message\": 1", Some("JSON")),
            (
                b"version https://git-lfs.github.com/spec/v1\noid",
                Some("a pointer of Git LFS"),
            ),
            (b"PK\x03\x04", None),
            (b"\x1f\x8b\x08", None),
            (b"GGUF", None),
            (b"{\x00\x00", None),
            (b"<!-- a", None),
            (b"plain text", None),
            (b"", None),
            // The head of a safetensors file is JSON behind its length.
            (b"\x40\x00\x00\x00\x00\x00\x00\x00{\"", None),
        ] {
            assert_eq!(seems(first), expected, "{first:?}");
        }
    }

    #[test]
    fn only_names_that_promise_something_else_are_suspected() {
        use std::io::Write;
        for (suffix, url, expected) in [
            ("data.zip", "http://h/data.zip", true),
            ("data.ZIP", "http://h/", true),
            ("out", "http://h/a/model.gguf?download=true", true),
            ("a.tar.gz", "", true),
            ("out", "http://h/uc?id=a.zip", false),
            ("page.html", "http://h/page.html", false),
            ("zip", "http://h/zip", false),
        ] {
            for (content, is_page) in [(&b"<html>log in</html>"[..], true), (b"PK\x03\x04", false)]
            {
                let mut file = tempfile::Builder::new().suffix(suffix).tempfile().unwrap();
                file.write_all(content).unwrap();
                let is_suspected = of_file(file.path(), url).is_some();
                assert_eq!(is_suspected, expected && is_page, "{suffix} {url}");
            }
        }
    }
}
