//! A download that is cut off, from a server slow enough for that, and what it left.

use std::path::Path;

use range_core::units::ByteCount;
use range_server::{Effect, Fault};

use super::program::{self, Running, get};
use super::site::Site;
use super::{files, wait};

const MIB: u64 = 1 << 20;
/// Of every file up to 16 GiB.
pub(crate) const BLOCK: u64 = 256 << 10;

/// Bytes of the blocks recorded in the journal so far: so many frames of their kind come after the
/// magic and the version.
pub(crate) fn recorded(directory: &Path, name: &str) -> u64 {
    const PREAMBLE: usize = 10;
    const KIND_BLOCK: u8 = 2;
    let journal = directory.join(format!("{name}.part.journal"));
    let bytes = std::fs::read(journal).unwrap_or_default();
    let mut rest = bytes.get(PREAMBLE..).unwrap_or_default();
    let mut blocks = 0;
    while let Some(length) = rest.first_chunk() {
        // The payload's length, the kind, the payload and a checksum.
        let whole = usize::try_from(u32::from_le_bytes(*length)).unwrap() + 9;
        let Some((frame, behind)) = rest.split_at_checked(whole) else {
            break;
        };
        blocks += u64::from(frame[4] == KIND_BLOCK);
        rest = behind;
    }
    blocks * BLOCK
}

/// Waits until a download has recorded at least so many bytes. False when it ended before.
pub(crate) fn reaches(running: &mut Running, directory: &Path, name: &str, bytes: u64) -> bool {
    wait::until("the download", || {
        if running.has_ended() {
            return Some(false);
        }
        (recorded(directory, name) >= bytes).then_some(true)
    })
}

/// A server slow enough to be interrupted: 20 MiB/s on each connection.
pub(crate) fn slow() -> Fault {
    Fault::always(Effect::Rate(range_server_rate(20 * MIB)))
}

fn range_server_rate(bytes: u64) -> range_core::units::BytesPerSecond {
    range_core::units::BytesPerSecond(bytes)
}

/// Finishes a download and returns how many bytes were kept.
pub(crate) fn ran_resumes(url: &str, into: &Path, name: &str) -> u64 {
    let ran = get(url, into, &["-x", "8"]).expect(0);
    assert_eq!(files::names(into), [name]);
    assert_eq!(
        ran.number("resumed_bytes") + ran.number("fetched_bytes"),
        ran.number("bytes")
    );
    ran.number("resumed_bytes")
}

/// Starts a slow download and kills it after at least 20 MiB.
pub(crate) fn killed(site: &Site, url: &str, into: &Path, name: &str) {
    assert!(site.requests().len() < 1000);
    let mut running = program::start_get(url, into, &["-x", "4"]);
    assert!(reaches(&mut running, into, name, 20 * MIB));
    running.kill();
}

pub(crate) fn expected(seed: u64, length: u64) -> String {
    use range_server::synthetic::{self, Seed};
    files::hex(&synthetic::sha256(Seed(seed), ByteCount(length)))
}
