//! Owns the list of fuzz targets. What each asserts is in the file of its name.
pub mod content_range;
pub mod cookie_file;
pub mod decision;
pub mod digest_fields;
pub mod exchange;
pub mod fault;
pub mod journal;
pub mod link;
pub mod location;
pub mod metalink;
pub mod netrc;
pub mod no_proxy;
pub mod output_name;
pub mod path;
pub mod range;
pub mod retry_after;
pub mod sums;
pub mod wire;

/// A target: its name, by which its corpus is called too, and what it runs.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const ALL: &[Target] = &[
    ("content_range", content_range::run),
    ("cookie_file", cookie_file::run),
    ("decision", decision::run),
    ("digest_fields", digest_fields::run),
    ("exchange", exchange::run),
    ("fault", fault::run),
    ("journal", journal::run),
    ("link", link::run),
    ("location", location::run),
    ("metalink", metalink::run),
    ("netrc", netrc::run),
    ("no_proxy", no_proxy::run),
    ("output_name", output_name::run),
    ("path", path::run),
    ("range", range::run),
    ("retry_after", retry_after::run),
    ("sums", sums::run),
    ("wire", wire::run),
];
