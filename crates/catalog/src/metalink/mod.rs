//! Owns Metalink documents, version 4 (RFC 5854) and 3, both ways. The grammars are in `v4` and
//! `v3`, XML's in `xml`. Fetches nothing.
//!
//! ```
//! use catalog::{Algorithm, metalink};
//! use url::Url;
//!
//! let document = br#"<?xml version="1.0" encoding="UTF-8"?>
//! <metalink xmlns="urn:ietf:params:xml:ns:metalink">
//!   <file name="example.ext">
//!     <size>14471447</size>
//!     <hash type="sha-256">
//!       f0ad929cd259957e160ea442eb80986b5f01c6b8c0a1ad1b2b1d0d8d8a7c3f2e
//!     </hash>
//!     <url location="de" priority="2">http://example.com/example.ext</url>
//!     <url priority="1">example.ext</url>
//!     <url>ftp://ftp.example.com/example.ext</url>
//!   </file>
//! </metalink>"#;
//! let base = Url::parse("https://example.org/example.ext.meta4").unwrap();
//! let list = metalink::read(document, Some(&base)).unwrap();
//!
//! let entry = &list.entries[0];
//! assert_eq!(entry.name.as_str(), "example.ext");
//! assert_eq!(entry.checksums.best().unwrap().algorithm(), Algorithm::Sha256);
//! // The most wanted first, and only what can be fetched.
//! let urls: Vec<_> = entry.sources.iter().map(|source| source.url.as_str()).collect();
//! let expected = ["https://example.org/example.ext", "http://example.com/example.ext"];
//! assert_eq!(urls, expected);
//! assert_eq!(list.remarks.iter().count(), 1);
//! ```
mod create;
mod document;
mod draft;
mod elements;
mod error;
mod read;
mod remark;
mod v3;
mod v4;
mod xml;

pub use self::create::{CreateError, create};
pub use self::document::{Metalink, Origin, Version};
pub use self::error::{Problem, ReadError};
pub use self::read::read;
pub use self::remark::{Remark, Remarks, Said};

/// The media types of documents of version 4 and of version 3.
pub const MEDIA_TYPES: [&str; 2] = ["application/metalink4+xml", "application/metalink+xml"];
