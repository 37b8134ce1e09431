//! Owns the record that a published file carries in an extended attribute: where it is from, and
//! which file that is said of. Knows no URL, and not what follows from it.

use std::ops::ControlFlow;
use std::time::Duration;

use range_core::ByteRange;
use range_core::block::{BlockHash, BlockIndex, BlockSize};
use range_core::http::date::HttpDate;
use range_core::http::validator::{EntityTag, Validators};

use crate::block_hasher::BlockHasher;
use crate::disk::{DiskFile, Metadata};
use crate::error::StoreError;

/// The name of the attribute.
const ATTRIBUTE: &str = "user.sheave.published";

/// The name of the attribute by which a file is known as unchanged without reading it.
const MARK: &str = "user.sheave.unchanged";

/// The longest time between the mark and the system's own note of it, in nanoseconds. A change in
/// that time would go unnoticed, so it is shorter than it takes to start another program.
const MARK_WITHIN: i128 = 1_000_000;

/// The number of times that a mark is set, should others hold this thread up in between.
const MARK_TRIES: usize = 8;

/// The tick of the clock by which older kernels note changes: 4 ms at 250 Hz, 10 ms at 100 Hz.
const TICK: Duration = Duration::from_millis(10);

/// The first line of the record.
const VERSION: &str = "sheave 1";

/// The longest record in bytes. The tag is the longest line of it, with at most 1024; ext4 has room
/// for 4096 in all attributes of a file.
const LONGEST: usize = 3 << 10;

/// The origin of a published file.
///
/// The record says so of one file with one length and one time of its last change. A copy that took
/// the attribute along is another file, and any ordinary change sets the time anew: both have no
/// record then. The device is left out of it, because many file systems have another one after each
/// boot. A program may change bytes and put back the time, as `cp -p` over the file does; so the
/// record also has a hash of the bytes: see `is_unchanged`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provenance {
    /// The source, as the caller writes it: one line. Whoever gets a copy of the file may get to
    /// read it.
    pub source: String,
    /// The validators of the version that it is.
    pub validators: Validators,
    /// The media type that it was served as: one line.
    pub media_type: Option<String>,
    /// The content coding that its bytes are in, if any: one line.
    pub coding: Option<String>,
}

/// The record as it is stored: with what the file looked like.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Record {
    inode: u64,
    length: u64,
    modified: i128,
    content: Content,
    provenance: Provenance,
}

/// The bytes of a whole file, as a hash of the hashes of its blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Content {
    block_size: BlockSize,
    hash: BlockHash,
}

impl Content {
    /// Returns the content of a file whose blocks have these hashes, in their order.
    pub(crate) fn of(block_size: BlockSize, hashes: impl Iterator<Item = BlockHash>) -> Self {
        let mut all = BlockHasher::new();
        hashes.for_each(|hash| all.update(&hash.0.to_le_bytes()));
        Self {
            block_size,
            hash: all.finish(),
        }
    }

    fn encode(self) -> Vec<u8> {
        format!("{} {:032x}", self.block_size.get(), self.hash.0).into_bytes()
    }

    fn decode(text: &str) -> Option<Self> {
        let (size, hash) = text.split_once(' ')?;
        Some(Self {
            block_size: BlockSize::new(size.parse().ok()?)?,
            hash: BlockHash(u128::from_str_radix(hash, 16).ok()?),
        })
    }
}

/// Gives the file a record, if the file system can: nothing depends on it but that the file is
/// known again. Whoever holds the file must not write to it any more.
pub(crate) fn keep(file: &impl DiskFile, provenance: &Provenance, content: Content) {
    let Ok(metadata) = file.metadata() else {
        return;
    };
    let record = Record::new(&metadata, content, provenance.clone()).encode();
    if record.len() <= LONGEST {
        let _courtesy = file.set_attribute(ATTRIBUTE, &record);
    }
}

/// Returns where the file is from, if it has a record that is about this very file.
pub(crate) fn read(file: &impl DiskFile) -> Option<Provenance> {
    read_record(file).map(|record| record.provenance)
}

fn read_record(file: &impl DiskFile) -> Option<Record> {
    let mut buffer = [0; LONGEST];
    let length = file.attribute(ATTRIBUTE, &mut buffer).ok()?;
    let record = Record::decode(buffer.get(..length)?)?;
    let metadata = file.metadata().ok()?;
    let is_about_it = record == Record::new(&metadata, record.content, record.provenance.clone());
    is_about_it.then_some(record)
}

/// Marks a file that has its name as unchanged, so that it need not be read to know that. The mark
/// is the time of the system's last note of a change, just before the mark: whatever is done to the
/// file later is noted with a later time.
///
/// A file system that notes whole seconds gets no mark, because a second is enough for a change.
pub(crate) fn mark_unchanged(file: &impl DiskFile) {
    let changed = || file.metadata().map(|metadata| metadata.changed);
    for _ in 0..MARK_TRIES {
        let Ok(before) = changed() else {
            return;
        };
        let mark = before.to_string();
        if before % 1_000_000_000 == 0 || file.set_attribute(MARK, mark.as_bytes()).is_err() {
            return;
        }
        if changed().is_ok_and(|after| is_just_after(after, before)) {
            wait_for_the_next_tick();
            return;
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the event is the next tick of a clock, of which nobody tells"
)]
fn wait_for_the_next_tick() {
    std::thread::sleep(TICK);
}

fn is_just_after(after: i128, before: i128) -> bool {
    (0..MARK_WITHIN).contains(&(after - before))
}

fn is_marked(file: &impl DiskFile) -> bool {
    let mut buffer = [0; 64];
    let mark = file.attribute(MARK, &mut buffer).ok();
    let mark = mark.and_then(|length| {
        std::str::from_utf8(buffer.get(..length)?)
            .ok()?
            .parse()
            .ok()
    });
    let changed = file.metadata().ok().map(|metadata| metadata.changed);
    mark.zip(changed)
        .is_some_and(|(mark, changed)| is_just_after(changed, mark))
}

/// Reports whether the file has the bytes with which it was published, if it has a record that is
/// about it. If the system has noted any change of it, `hash_block` reads it as a whole, until
/// `proceed` breaks off.
pub(crate) fn is_unchanged(
    file: &impl DiskFile,
    hash_block: impl Fn(ByteRange) -> Result<BlockHash, StoreError>,
    proceed: impl Fn() -> ControlFlow<()>,
) -> Result<bool, StoreError> {
    let Some(record) = read_record(file) else {
        return Ok(false);
    };
    if is_marked(file) {
        return Ok(true);
    }
    let size = record.content.block_size;
    let mut hashes = Vec::new();
    for index in 0..size.count(record.length) {
        if proceed().is_break() {
            return Ok(false);
        }
        let range = size.range_of(BlockIndex(index), record.length);
        match hash_block(range.expect("the block is one of the file")) {
            Ok(hash) => hashes.push(hash),
            Err(StoreError::Ended { .. }) => return Ok(false),
            Err(error) => return Err(error),
        }
    }
    Ok(Content::of(size, hashes.into_iter()) == record.content)
}

impl Record {
    fn new(metadata: &Metadata, content: Content, provenance: Provenance) -> Self {
        Self {
            inode: metadata.identity.inode,
            length: metadata.length,
            modified: metadata.modified,
            content,
            provenance,
        }
    }

    fn encode(&self) -> Vec<u8> {
        let Provenance {
            source,
            validators,
            media_type,
            coding,
        } = &self.provenance;
        let date = |date: HttpDate| date.unix_seconds().to_string().into_bytes();
        let tag = validators.entity_tag.as_ref();
        let lines = [
            ("inode", Some(self.inode.to_string().into_bytes())),
            ("length", Some(self.length.to_string().into_bytes())),
            ("modified", Some(self.modified.to_string().into_bytes())),
            ("content", Some(self.content.encode())),
            ("source", Some(source.clone().into_bytes())),
            ("etag", tag.map(|tag| tag.as_bytes().to_vec())),
            ("last-modified", validators.last_modified.map(date)),
            ("date", validators.date.map(date)),
            ("type", media_type.clone().map(String::into_bytes)),
            ("coding", coding.clone().map(String::into_bytes)),
        ];
        let mut record = VERSION.as_bytes().to_vec();
        for (name, value) in lines {
            if let Some(value) = value {
                record.extend_from_slice(b"\n");
                record.extend_from_slice(name.as_bytes());
                record.extend_from_slice(b" ");
                record.extend_from_slice(&value);
            }
        }
        record
    }

    /// Decodes a record; `None` if it is none, or makes no sense.
    fn decode(record: &[u8]) -> Option<Self> {
        let mut lines = record.split(|&byte| byte == b'\n');
        if lines.next() != Some(VERSION.as_bytes()) {
            return None;
        }
        let lines: Vec<(&[u8], &[u8])> = lines.map(split_line).collect::<Option<_>>()?;
        let value = |name: &str| {
            let mut found = lines.iter().filter(|(of, _)| *of == name.as_bytes());
            found.next().map(|(_, value)| *value)
        };
        let text = |name| value(name).map(std::str::from_utf8).transpose().ok();
        let date = |name| {
            let seconds = text(name)?.map(str::parse).transpose().ok()?;
            Some(seconds.map(HttpDate::from_unix_seconds))
        };
        let entity_tag = match value("etag") {
            Some(tag) => Some(EntityTag::parse(tag)?),
            None => None,
        };
        Some(Self {
            inode: text("inode")??.parse().ok()?,
            length: text("length")??.parse().ok()?,
            modified: text("modified")??.parse().ok()?,
            content: Content::decode(text("content")??)?,
            provenance: Provenance {
                source: text("source")??.to_owned(),
                validators: Validators {
                    entity_tag,
                    last_modified: date("last-modified")?,
                    date: date("date")?,
                },
                media_type: text("type")?.map(str::to_owned),
                coding: text("coding")?.map(str::to_owned),
            },
        })
    }
}

fn split_line(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let space = line.iter().position(|&byte| byte == b' ')?;
    Some((&line[..space], &line[space + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        Record {
            inode: 7,
            length: u64::MAX,
            modified: -1,
            content: Content::of(BlockSize::DEFAULT, [BlockHash(3)].into_iter()),
            provenance: Provenance {
                source: "a#b c#d".to_owned(),
                validators: Validators {
                    entity_tag: EntityTag::parse(b"W/\"\xff\""),
                    last_modified: Some(HttpDate::from_unix_seconds(5)),
                    date: Some(HttpDate::from_unix_seconds(9)),
                },
                media_type: Some("text/html".to_owned()),
                coding: Some("gzip, br".to_owned()),
            },
        }
    }

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let full = record();
        assert_eq!(Record::decode(&full.encode()), Some(full.clone()));
        let mut bare = full;
        bare.provenance.validators = Validators::default();
        (bare.provenance.media_type, bare.provenance.coding) = (None, None);
        assert_eq!(Record::decode(&bare.encode()), Some(bare));
    }

    #[test]
    fn what_is_no_record_is_none() {
        let written = record().encode();
        // A cut between lines may leave a shorter record, of which nothing is wrong.
        for end in 0..written.len() {
            let cut = Record::decode(&written[..end]);
            assert!(cut.is_none_or(|cut| cut.inode == 7), "{end}");
        }
        for text in [
            "",
            "sheave 2\ninode 1\nlength 2\nmodified 3\ncontent 4096 ff\nsource x",
            "sheave 1\ninode 1\nlength 2\nmodified 3\ncontent 4096 ff",
            "sheave 1\ninode -1\nlength 2\nmodified 3\ncontent 4096 ff\nsource x",
            "sheave 1\ninode 1\nlength 2\nmodified 3\ncontent 4096 ff\nsource x\netag x",
            "sheave 1\ninode 1\nlength 2\nmodified 3\ncontent 4096 ff\nsource x\ndate y",
            "sheave 1\ninode 1\nlength 2\nmodified 3\ncontent 4096 ff\nsource x\nodd",
            "sheave 1\ninode 1\nlength 2\nmodified 3\nsource x",
            "sheave 1\ninode 1\nlength 2\nmodified 3\ncontent 5 ff\nsource x",
        ] {
            assert_eq!(Record::decode(text.as_bytes()), None, "{text}");
        }
    }
}
