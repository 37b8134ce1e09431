//! Owns the copy of what another program has fetched of a file into one of ours, and the name under
//! which such a file makes way. Believes none of its bytes: it knows only which blocks look as if
//! they had been written.

use std::ffi::OsString;
use std::ops::ControlFlow;

use range_core::ByteRange;
use range_core::block::BlockIndex;

use super::file::ResumableFile;
use super::location::Location;
use crate::courtesy;
use crate::disk::{Disk, Errno};
use crate::error::StoreError;
use crate::read_only::ReadOnlyFile;

/// Programs leave gaps in steps of a page at least, so that one of nothing but zeros may never have
/// been written.
const PAGE: usize = 4 << 10;

/// The number of names that are tried for a file that makes way.
const NAMES_MAX: u32 = 999;

/// A block of the file that is copied, and whether all of it seems to be there.
struct Block {
    range: ByteRange,
    bytes: Vec<u8>,
    is_whole: bool,
}

impl<D: Disk> ResumableFile<D> {
    /// Copies and claims the blocks of `from` that seem to have been written, each to where it was.
    /// Returns their ranges, ascending; fewer once `proceed` breaks off.
    ///
    /// Whether they are bytes of this file is for the caller to find out. A block is left out if a
    /// page of it is all zeros, and if that is so of a block beside it: a gap may begin anywhere in
    /// a page.
    ///
    /// # Panics
    ///
    /// If the length is unknown, or a lease is live.
    pub fn adopt(
        &self,
        from: &ReadOnlyFile<D>,
        proceed: impl Fn() -> ControlFlow<()>,
    ) -> Result<Vec<ByteRange>, StoreError> {
        let length = self.length().expect("the file has a length").0;
        let there = from.length()?.0.min(length);
        let size = self.block_size();
        let mut blocks = (0..size.count(length)).map(|index| {
            let range = size.range_of(BlockIndex(index), length);
            read(from, range.expect("the index is one of the file's"), there)
        });
        let mut adopted = Vec::new();
        let mut is_previous_whole = true;
        let mut next = blocks.next().transpose()?.flatten();
        while let Some(block) = next
            && proceed().is_continue()
        {
            next = blocks.next().transpose()?.flatten();
            let is_next_whole = next.as_ref().is_none_or(|next| next.is_whole);
            let is_complete = block.bytes.len() as u64 == block.range.len();
            if is_complete && is_previous_whole && block.is_whole && is_next_whole {
                let writer = self.lease(block.range);
                let mut writer = writer.expect("nobody else writes the file");
                writer.write(&block.bytes)?;
                adopted.push(block.range);
            }
            is_previous_whole = block.is_whole;
        }
        Ok(adopted)
    }
}

/// Reads what is there of a block. `None` if nothing is.
fn read<D: Disk>(
    from: &ReadOnlyFile<D>,
    range: ByteRange,
    there: u64,
) -> Result<Option<Block>, StoreError> {
    let length = there.saturating_sub(range.start()).min(range.len());
    if length == 0 {
        return Ok(None);
    }
    let length = usize::try_from(length).expect("a block fits the memory");
    let mut bytes = vec![0; length];
    from.read_at(range.start(), &mut bytes)?;
    let is_blank = |page: &[u8]| page.iter().all(|byte| *byte == 0);
    let is_whole = !bytes.chunks(PAGE).any(is_blank);
    Ok(Some(Block {
        range,
        bytes,
        is_whole,
    }))
}

impl<D: Disk> Location<D> {
    /// Gives the file that has the final name another one, which nothing has: with `.old` behind
    /// it, or `.old.1` and so on. Returns that name; `None` if nothing has the final name.
    pub fn set_aside_final(&self) -> Result<Option<OsString>, StoreError> {
        let final_name = self.names().final_name();
        if self.final_entry()?.is_none() {
            return Ok(None);
        }
        let disk = self.folder().disk();
        for number in 0..=NAMES_MAX {
            let name = self.names().made_way(number);
            let renamed = disk
                .rename_without_replacing(final_name, &name)
                .or_else(|errno| match errno {
                    Errno::EXIST => Err(errno),
                    _ if courtesy::is_no_room(errno) => Err(errno),
                    // A file system may lack such a rename.
                    _ => disk
                        .link(final_name, &name)
                        .and_then(|()| disk.remove(final_name)),
                });
            match renamed {
                Ok(()) => return Ok(Some(name)),
                Err(Errno::EXIST) => {}
                Err(errno) => return Err(StoreError::io("set a file aside", errno)),
            }
        }
        Err(StoreError::io("set a file aside", Errno::EXIST))
    }
}
