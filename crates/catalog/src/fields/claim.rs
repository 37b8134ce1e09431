//! Owns one claim of a reply about a file, and what it is of. Does not know how it was written.

use crate::checksum::Checksum;

/// The kind of a reply, which decides what its fields speak of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Answer {
    /// A redirect (3xx): its fields speak of the file, and its content is none of it.
    Redirect,
    /// The whole file (200).
    Whole,
    /// A part of the file (206).
    Part,
}

/// The bytes that a claimed digest is of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Covers {
    /// The whole file.
    File,
    /// The content of this one reply: the file if the reply is the whole of it, otherwise the part.
    Content,
    /// The whole file by the field's definition, and this part by what some servers make of it. It
    /// is to be believed once another reply says the same.
    FileOrContent,
}

/// The field that claims a digest.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Field {
    /// `Repr-Digest` (RFC 9530).
    ReprDigest,
    /// `Content-Digest` (RFC 9530).
    ContentDigest,
    /// `Digest` (RFC 3230, obsolete).
    Digest,
    /// `Content-MD5` (RFC 2616, obsolete).
    ContentMd5,
    /// `X-Linked-ETag` of Hugging Face.
    LinkedEtag,
    /// `X-Checksum-…` of Artifactory.
    Artifactory,
    /// `X-Goog-Hash` of Google Cloud Storage.
    Google,
    /// `X-Amz-Checksum-…` of S3.
    Amazon,
    /// `X-Ms-Blob-Content-MD5` of Azure.
    Azure,
    /// `X-Bz-Content-Sha1` of Backblaze.
    Backblaze,
    /// `Docker-Content-Digest` of registries of containers.
    Docker,
}

/// A digest that a reply claims.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Claim {
    /// The digest.
    pub checksum: Checksum,
    /// The bytes that it is of.
    pub covers: Covers,
    /// The field that says so.
    pub field: Field,
}
