//! Owns the journal's header: its part file, and the generation of that.

use std::hash::{BuildHasher, Hasher, RandomState};

use range_core::block::BlockSize;
use range_core::digest::{Digest, DigestAlgorithm};
use range_core::file_identity::FileIdentity;
use range_core::http::date::HttpDate;
use range_core::http::validator::{EntityTag, Validators};
use rustix::rand::{GetRandomFlags, getrandom};

use super::TEXT_MAX;

/// Random bits that tie records to their journal, so that bytes left over from another journal
/// are never believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionId(pub [u8; 16]);

impl SessionId {
    /// Returns bits that no other journal has.
    pub fn random() -> Self {
        let mut bytes = [0; 16];
        // The kernel gives up to 256 bytes in one piece, or a sandbox forbids the call.
        if getrandom(&mut bytes, GetRandomFlags::empty()) != Ok(bytes.len()) {
            let [high, low] = [hashed_nothing(), hashed_nothing()];
            bytes = (u128::from(high) << 64 | u128::from(low)).to_le_bytes();
        }
        Self(bytes)
    }
}

/// Returns bits from the keys of hash maps, which the standard library draws wherever it can.
fn hashed_nothing() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// The first record of a journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The id that ties the records to this journal.
    pub session: SessionId,
    /// The identity of the part file.
    pub part_file: FileIdentity,
    /// The length of the whole file.
    pub length: u64,
    /// The size of the blocks.
    pub block_size: BlockSize,
    /// The validators of the generation.
    pub validators: Validators,
    /// The URL as the user gave it, without credentials and query values; for people only.
    pub url: String,
    /// The digests that the user expects.
    pub digests: Vec<Digest>,
}

impl Header {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(128 + self.url.len());
        out.extend_from_slice(&self.session.0);
        out.extend_from_slice(&self.part_file.device.to_le_bytes());
        out.extend_from_slice(&self.part_file.inode.to_le_bytes());
        out.extend_from_slice(&self.length.to_le_bytes());
        out.extend_from_slice(&self.block_size.get().to_le_bytes());
        let tag = self
            .validators
            .entity_tag
            .as_ref()
            .map_or(&[][..], EntityTag::as_bytes);
        put_text(&mut out, tag);
        put_date(&mut out, self.validators.last_modified);
        put_date(&mut out, self.validators.date);
        put_text(&mut out, self.url.as_bytes());
        out.push(u8::try_from(self.digests.len()).expect("there are fewer than 256 algorithms"));
        for digest in &self.digests {
            out.push(algorithm_code(digest.algorithm()));
            out.extend_from_slice(digest.bytes());
        }
        out
    }

    /// Decodes a header; `None` if the payload is not exactly one.
    pub(super) fn decode(payload: &[u8]) -> Option<Self> {
        let mut reader = Reader(payload);
        let session = SessionId(reader.array()?);
        let part_file = FileIdentity {
            device: reader.u64()?,
            inode: reader.u64()?,
        };
        let length = reader.u64()?;
        let block_size = BlockSize::new(u32::from_le_bytes(reader.array()?))?;
        let entity_tag = match reader.text()? {
            [] => None,
            tag => Some(EntityTag::parse(tag)?),
        };
        let last_modified = reader.date()?;
        let date = reader.date()?;
        let url = String::from_utf8(reader.text()?.to_vec()).ok()?;
        let count = reader.array::<1>()?[0];
        let digests = (0..count).map(|_| reader.digest()).collect::<Option<_>>()?;
        let validators = Validators {
            entity_tag,
            last_modified,
            date,
        };
        let header = Self {
            session,
            part_file,
            length,
            block_size,
            validators,
            url,
            digests,
        };
        reader.0.is_empty().then_some(header)
    }
}

/// Encodes a length in two bytes, then the text. A longer text is cut; only a URL can be that long,
/// and it is ASCII and for people.
fn put_text(out: &mut Vec<u8>, text: &[u8]) {
    let length = u16::try_from(text.len()).map_or(TEXT_MAX, |length| length.min(TEXT_MAX));
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&text[..usize::from(length)]);
}

/// Encodes seconds since 1970, or `u64::MAX` for no date.
fn put_date(out: &mut Vec<u8>, date: Option<HttpDate>) {
    let seconds = date.map_or(u64::MAX, HttpDate::unix_seconds);
    out.extend_from_slice(&seconds.to_le_bytes());
}

const fn algorithm_code(algorithm: DigestAlgorithm) -> u8 {
    match algorithm {
        DigestAlgorithm::Sha256 => 1,
        DigestAlgorithm::Sha512 => 2,
        DigestAlgorithm::Sha384 => 3,
        DigestAlgorithm::Sha224 => 4,
        DigestAlgorithm::Blake2b => 5,
        DigestAlgorithm::Blake2b256 => 6,
        DigestAlgorithm::Blake3 => 7,
        DigestAlgorithm::Sha1 => 8,
        DigestAlgorithm::Md5 => 9,
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (front, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(front)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn u64(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.array()?))
    }

    fn text(&mut self) -> Option<&'a [u8]> {
        let length = u16::from_le_bytes(self.array()?);
        self.take(usize::from(length))
    }

    /// Decodes a date. Outer `None`: the payload is damaged. Inner `None`: there is no date.
    #[expect(
        clippy::option_option,
        reason = "a missing date and a damaged one differ"
    )]
    fn date(&mut self) -> Option<Option<HttpDate>> {
        let seconds = self.u64()?;
        Some((seconds != u64::MAX).then(|| HttpDate::from_unix_seconds(seconds)))
    }

    fn digest(&mut self) -> Option<Digest> {
        let [code] = self.array::<1>()?;
        let mut known = DigestAlgorithm::ALL.into_iter();
        let algorithm = known.find(|known| algorithm_code(*known) == code)?;
        Digest::new(algorithm, self.take(algorithm.length())?)
    }
}
