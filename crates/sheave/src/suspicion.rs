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
    "arrow",
    "avi",
    "avif",
    "avro",
    "azw3",
    "bam",
    "bin",
    "br",
    "bz2",
    "cab",
    "ckpt",
    "conda",
    "cram",
    "crate",
    "crx",
    "dcm",
    "deb",
    "dll",
    "dmg",
    "doc",
    "docx",
    "egg",
    "epub",
    "esd",
    "exe",
    "feather",
    "fits",
    "flac",
    "flatpak",
    "flv",
    "gem",
    "ggml",
    "gguf",
    "gif",
    "gz",
    "h5",
    "hdf5",
    "heic",
    "ico",
    "img",
    "ipa",
    "iso",
    "jar",
    "joblib",
    "jpeg",
    "jpg",
    "keras",
    "lz",
    "lz4",
    "lzma",
    "lzo",
    "m4a",
    "m4b",
    "m4v",
    "mkv",
    "mlmodel",
    "mobi",
    "mov",
    "mp3",
    "mp4",
    "mpg",
    "msi",
    "msix",
    "nc",
    "nii",
    "npy",
    "npz",
    "nupkg",
    "odp",
    "ods",
    "odt",
    "ogg",
    "onnx",
    "opus",
    "orc",
    "otf",
    "ova",
    "parquet",
    "pdf",
    "pkg",
    "pkl",
    "png",
    "ppt",
    "pptx",
    "pt",
    "pth",
    "qcow2",
    "rar",
    "raw",
    "rom",
    "rpm",
    "safetensors",
    "snap",
    "sqlite",
    "squashfs",
    "tar",
    "tbz",
    "tbz2",
    "tflite",
    "tfrecord",
    "tgz",
    "tif",
    "tiff",
    "torrent",
    "ttf",
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
    "wim",
    "wmv",
    "woff",
    "woff2",
    "xar",
    "xls",
    "xlsx",
    "xpi",
    "xz",
    "zip",
    "zipx",
    "zst",
    "zstd",
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
    if inside.is_some_and(|inside| inside.trim_ascii_start().starts_with(b"\"")) {
        return Some("JSON");
    }
    is_a_sentence(first).then_some("plain text")
}

/// Reports whether it is text throughout, and nothing that begins so is a file: not a script that
/// unpacks itself, nor a document that is written in ASCII.
fn is_a_sentence(first: &[u8]) -> bool {
    let is_cut = first.len() as u64 == LOOK;
    let text = match std::str::from_utf8(first) {
        Ok(text) => text,
        Err(error) if is_cut && error.error_len().is_none() => {
            std::str::from_utf8(&first[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    let is_written = |c: char| !c.is_control() || matches!(c, '\t' | '\n' | '\r' | '\u{c}');
    let is_file = ["#!", "%PDF", "%!PS", "SQLite"]
        .iter()
        .any(|magic| text.starts_with(magic));
    let words = text.split_whitespace();
    let is_word = |word: &&str| word.chars().all(char::is_alphabetic);
    let words = words.map(|word| word.trim_end_matches(|c: char| c.is_ascii_punctuation()));
    let is_told = words.filter(|word| word.len() > 1).filter(is_word).count() > 1;
    !is_file && is_told && text.chars().all(is_written)
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
            (b"Quota exceeded. Try again later.\n", Some("plain text")),
            (b"404: Not Found", Some("plain text")),
            (
                "Zugriff nicht erlaubt: gesperrte Datei \u{fc}".as_bytes(),
                Some("plain text"),
            ),
            (b"#!/bin/sh\nset -e\necho unpacks itself\n", None),
            (b"%PDF-1.4\n1 0 obj some words", None),
            (b"!<arch>\ndebian-binary   1342943816  0     0", None),
            (b"two words\x00", None),
            (b"0123456789", None),
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
            ("weights.pkl", "http://h/", true),
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
