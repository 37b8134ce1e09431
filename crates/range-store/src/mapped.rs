//! Owns the windows that a lease maps, one at a time. Does not know who may write which bytes.

use std::sync::Arc;

use range_core::ByteRange;

use crate::disk::{Disk, DiskFile, Window as _};
use crate::error::StoreError;
use crate::owned_file::OwnedFile;

/// Windows end at multiples of this size. A lease has one window, so resident memory depends on the
/// number of leases and not on the file. Larger windows gain nothing: measured on ext4, windows of
/// 8 MiB, of 64 MiB and of the whole file differ by less than the noise. Mapping a window, touching
/// a cached page and unmapping take 15 to 50 µs, and the copy into the window about 2 ms.
const WINDOW: u64 = 8 << 20;

/// Writes a file through one mapped window after another.
#[derive(Debug)]
pub(crate) struct Windows<D: Disk> {
    file: Arc<OwnedFile<D>>,
    window: Option<Window<D>>,
}

#[derive(Debug)]
struct Window<D: Disk> {
    range: ByteRange,
    memory: <D::File as DiskFile>::Window,
}

impl<D: Disk> Windows<D> {
    pub(crate) fn new(file: Arc<OwnedFile<D>>) -> Self {
        Self { file, window: None }
    }

    pub(crate) fn file(&self) -> &OwnedFile<D> {
        &self.file
    }

    /// Copies `bytes` to `offset`. Maps nothing at or after `end`, which the bytes do not pass.
    /// Bytes that cannot be mapped, as a rule for want of address space, are written by position.
    pub(crate) fn write_at(
        &mut self,
        mut offset: u64,
        mut bytes: &[u8],
        end: u64,
    ) -> Result<(), StoreError> {
        while !bytes.is_empty() {
            let Some(window) = self.window_at(offset, end) else {
                return self.file.write_at(offset, bytes);
            };
            let inside = usize::try_from(offset - window.range.start())
                .expect("a window is shorter than the address space");
            let fits = bytes.len().min(window.memory.length() - inside);
            window.memory.copy_in(inside, &bytes[..fits]);
            offset += fits as u64;
            bytes = &bytes[fits..];
        }
        Ok(())
    }

    fn window_at(&mut self, offset: u64, end: u64) -> Option<&mut Window<D>> {
        let window = match self
            .window
            .take()
            .filter(|window| window.range.contains(offset))
        {
            Some(window) => window,
            // The old window is unmapped here, so a lease never holds two.
            None => self.map(offset, end)?,
        };
        Some(self.window.insert(window))
    }

    fn map(&self, offset: u64, end: u64) -> Option<Window<D>> {
        let next = offset - offset % WINDOW + WINDOW;
        let range = ByteRange::new(offset, next.min(end)).expect("the bytes end at or before end");
        let memory = self.file.map(range)?;
        Some(Window { range, memory })
    }
}
