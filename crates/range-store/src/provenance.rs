//! Owns the record that a published file carries in an extended attribute: where it is from, and
//! which file that is said of. Knows no URL, and not what follows from it.

use range_core::http::date::HttpDate;
use range_core::http::validator::{EntityTag, Validators};

use crate::disk::{DiskFile, Metadata};

/// The name of the attribute.
const ATTRIBUTE: &str = "user.sheave.published";

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
/// boot. A program that changes bytes and puts back the time goes unnoticed.
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
    provenance: Provenance,
}

/// Gives the file a record, if the file system can: nothing depends on it but that the file is
/// known again. Whoever holds the file must not write to it any more.
pub(crate) fn keep(file: &impl DiskFile, provenance: &Provenance) {
    let Ok(metadata) = file.metadata() else {
        return;
    };
    let record = Record::new(&metadata, provenance.clone()).encode();
    if record.len() <= LONGEST {
        let _courtesy = file.set_attribute(ATTRIBUTE, &record);
    }
}

/// Returns where the file is from, if it has a record that is about this very file.
pub(crate) fn read(file: &impl DiskFile) -> Option<Provenance> {
    let mut buffer = [0; LONGEST];
    let length = file.attribute(ATTRIBUTE, &mut buffer).ok()?;
    let record = Record::decode(buffer.get(..length)?)?;
    let is_about_it = record == Record::new(&file.metadata().ok()?, record.provenance.clone());
    is_about_it.then_some(record.provenance)
}

impl Record {
    fn new(metadata: &Metadata, provenance: Provenance) -> Self {
        Self {
            inode: metadata.identity.inode,
            length: metadata.length,
            modified: metadata.modified,
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
            "sheave 2\ninode 1\nlength 2\nmodified 3\nsource x",
            "sheave 1\ninode 1\nlength 2\nmodified 3",
            "sheave 1\ninode -1\nlength 2\nmodified 3\nsource x",
            "sheave 1\ninode 1\nlength 2\nmodified 3\nsource x\netag x",
            "sheave 1\ninode 1\nlength 2\nmodified 3\nsource x\ndate y",
            "sheave 1\ninode 1\nlength 2\nmodified 3\nsource x\nodd",
        ] {
            assert_eq!(Record::decode(text.as_bytes()), None, "{text}");
        }
    }
}
