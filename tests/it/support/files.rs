//! Files with known content, and what is in them.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use range_server::synthetic::{self, Seed};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// A directory on the disk the project is on, not in memory, that goes away with the value.
pub(crate) fn directory() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

/// Bytes that differ from offset to offset and from seed to seed.
pub(crate) fn bytes(seed: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    synthetic::fill(Seed(seed), 0, &mut bytes);
    bytes
}

/// Writes such bytes to a file.
pub(crate) fn create(path: &Path, seed: u64, length: u64) -> PathBuf {
    let mut file = File::create(path).unwrap();
    let mut piece = vec![0; 1 << 20];
    let mut at = 0;
    while at < length {
        let now = usize::try_from(length - at).map_or(piece.len(), |left| left.min(piece.len()));
        synthetic::fill(Seed(seed), at, &mut piece[..now]);
        file.write_all(&piece[..now]).unwrap();
        at += now as u64;
    }
    path.to_owned()
}

/// SHA-256 of a file, in hexadecimal.
pub(crate) fn sha256(path: &Path) -> String {
    let mut file = File::open(path).unwrap();
    let mut hasher = Sha256::new();
    let mut piece = vec![0; 1 << 20];
    loop {
        match file.read(&mut piece).unwrap() {
            0 => break,
            read => hasher.update(&piece[..read]),
        }
    }
    hex(&hasher.finalize())
}

/// Lowercase hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    range_core::hex::Hex(bytes).to_string()
}

/// Returns how many bytes of `part` are, page by page, those of `whole` at the same place.
pub(crate) fn bytes_in_place(part: &Path, whole: &Path) -> u64 {
    const PAGE: usize = 4096;
    let (mut part, mut whole) = (File::open(part).unwrap(), File::open(whole).unwrap());
    let (mut left, mut right) = (vec![0; 1 << 20], vec![0; 1 << 20]);
    let mut in_place = 0;
    loop {
        let read = whole.read(&mut right).unwrap();
        if read == 0 {
            return in_place;
        }
        part.read_exact(&mut left[..read]).unwrap();
        let pages = left[..read].chunks(PAGE).zip(right[..read].chunks(PAGE));
        in_place += pages
            .filter(|(a, b)| a == b)
            .map(|(a, _)| a.len() as u64)
            .sum::<u64>();
    }
}

/// The prefix of the names under which FUSE keeps files that have lost theirs while they are open.
/// It learns of the end of a process a moment after that.
const HIDDEN: &str = ".fuse_hidden";

/// The names in a directory, sorted.
pub(crate) fn names(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with(HIDDEN))
        .collect();
    names.sort();
    names
}

/// Returns what stands before `length` bytes of sound in a WAV file: 44 100 samples a second of 16
/// bits, one channel.
pub(crate) fn wave_head(length: u32) -> Vec<u8> {
    let rate: u32 = 44_100;
    let parts: [&[u8]; 13] = [
        b"RIFF",
        &(36 + length).to_le_bytes(),
        b"WAVE",
        b"fmt ",
        &16_u32.to_le_bytes(),
        &1_u16.to_le_bytes(),
        &1_u16.to_le_bytes(),
        &rate.to_le_bytes(),
        &(rate * 2).to_le_bytes(),
        &2_u16.to_le_bytes(),
        &16_u16.to_le_bytes(),
        b"data",
        &length.to_le_bytes(),
    ];
    parts.concat()
}
