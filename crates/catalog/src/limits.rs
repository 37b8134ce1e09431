//! Owns every ceiling on what a list can make grow, each with its reason. A caller reads no more of
//! a list than these allow, so they are public.

use std::num::NonZeroU64;

/// Longest list, in bytes. With piece hashes of SHA-256 in hexadecimal it describes 8 TiB in pieces
/// of 16 MiB; the largest list of a public mirror network has less than a tenth of that.
pub const LIST_BYTES: usize = 32 << 20;

/// The depth to which elements may be nested. Metalink 3 needs 6 levels, and 4 needs 4; the rest is
/// room for extensions of other namespaces, which are skipped.
pub const DEPTH: usize = 32;

/// Most attributes of one element. Metalink defines 4 at most; Fedora's root has 7 with those of
/// other namespaces.
pub const ATTRIBUTES: usize = 32;

/// Most namespaces that are declared at once, each of which is compared with each prefix.
pub const NAMESPACES: usize = 32;

/// Most files of one list. Beyond it a list belongs into several, each of which can be continued by
/// itself.
pub const FILES: usize = 100_000;

/// Most sources of one file. The largest mirror networks have some hundreds of mirrors.
pub const SOURCES_OF_FILE: usize = 1_000;

/// Most sources of one list: a list of [`LIST_BYTES`] has less unless it is made to fill memory.
pub const SOURCES: usize = 400_000;

/// Longest name of a file, in bytes, with its directories: Linux's limit of a path.
pub const NAME_BYTES: usize = 4_096;

/// Longest component of a name, in bytes: the limit of nearly every file system.
pub const COMPONENT_BYTES: usize = 255;

/// Longest URL, in bytes: what servers accept in a request's first line.
pub const URL_BYTES: usize = 8_192;

/// Longest detached signature, in bytes. One by a key of 4 096 bits takes less than 1 KiB; there
/// may be several in one.
pub const SIGNATURE_BYTES: usize = 64 << 10;

/// Longest other text that is read, in bytes: hashes, sizes, types. SHA-512 has 128 digits.
pub const TEXT_BYTES: usize = 1_024;

/// Shortest piece, in bytes. In shorter ones the hashes of a large file would be as large as a
/// file.
pub const PIECE_BYTES_LEAST: NonZeroU64 = NonZeroU64::new(16 << 10).unwrap();

/// Most remarks that a list keeps about itself. People read a few; the rest is counted.
pub const REMARKS: usize = 100;

/// Longest word of a list that is repeated in a remark or an error, in characters.
pub const TOLD_CHARACTERS: usize = 64;

/// Most bytes that are read of one field of a reply, after which the field says nothing. Servers
/// and clients allow 8 to 64 KiB for all fields together.
pub const FIELD_BYTES: usize = 64 << 10;

/// Most links that are taken from one reply. Mirror networks offer 5 to 20.
pub const LINKS: usize = 256;
