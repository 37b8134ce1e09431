//! Owns the fields in which stores of files tell digests, each in its own way. Does not know what a
//! digest is of.

use super::claim::Field;
use crate::checksum::{Algorithm, Checksum};
use crate::limits::TOLD_CHARACTERS;

/// Adds the digests that a field tells, by its name in lower case.
pub(super) fn read(name: &str, text: &str, claims: &mut Vec<(Checksum, Field)>) {
    let found = match name {
        "content-md5" => base64(Algorithm::Md5, text, Field::ContentMd5),
        "x-linked-etag" => linked(text),
        // Others than MD5 are of CRC-32C, which is no digest.
        "x-goog-hash" => text
            .split(',')
            .filter_map(|member| member.trim().strip_prefix("md5="))
            .find_map(|value| base64(Algorithm::Md5, value.trim(), Field::Google)),
        "x-ms-blob-content-md5" => base64(Algorithm::Md5, text, Field::Azure),
        // `none` for large files, and `unverified:` in front of what an uploader claimed.
        "x-bz-content-sha1" => hex(Algorithm::Sha1, text, Field::Backblaze),
        "docker-content-digest" => text.split_once(':').and_then(|(name, digits)| {
            let known = matches!(name, "sha256" | "sha384" | "sha512");
            hex(
                Algorithm::named(name).filter(|_| known)?,
                digits,
                Field::Docker,
            )
        }),
        _ => {
            if let Some(name) = name.strip_prefix("x-amz-checksum-") {
                // The digest of digests of parts has `-` and their number behind it, which is no
                // Base64; so it claims nothing.
                Algorithm::named(name).and_then(|known| base64(known, text, Field::Amazon))
            } else if let Some(name) = name.strip_prefix("x-checksum-") {
                Algorithm::named(name).and_then(|known| hex(known, text, Field::Artifactory))
            } else {
                None
            }
        }
    };
    claims.extend(found);
}

/// Reads the entity tag of the file that a hub redirects to: the SHA-256 of a large one, or Git's
/// name of a small one.
fn linked(text: &str) -> Option<(Checksum, Field)> {
    let text = text.strip_prefix("W/").unwrap_or(text);
    let digits = text
        .strip_prefix('"')
        .map_or(Some(text), |rest| rest.strip_suffix('"'))?;
    let algorithm = match digits.len() {
        64 => Algorithm::Sha256,
        40 => Algorithm::GitBlobSha1,
        _ => return None,
    };
    hex(algorithm, digits, Field::LinkedEtag)
}

/// Reads a length in bytes.
pub(super) fn size(text: &str) -> Option<u64> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok())?
}

/// Reads the name of a version: the digits of a commit.
pub(super) fn revision(text: &str) -> Option<String> {
    let is_name = (7..=TOLD_CHARACTERS).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_name.then(|| text.to_owned())
}

fn base64(algorithm: Algorithm, text: &str, field: Field) -> Option<(Checksum, Field)> {
    Checksum::from_base64(algorithm, text).map(|checksum| (checksum, field))
}

fn hex(algorithm: Algorithm, digits: &str, field: Field) -> Option<(Checksum, Field)> {
    Checksum::from_hex(algorithm, digits).map(|checksum| (checksum, field))
}
