//! Owns what a power cut may leave of a disk: which names, and of each file which length and
//! sectors. Knows nothing of what is kept there, and not who wrote it.
//!
//! Between two syncs a disk may write any of the changed sectors, in any of the versions they had,
//! or none; leave a file with any of the lengths it had; and make any of the changes of names
//! durable and lose the others. A file that has grown may also show the bytes that lay on the disk
//! before. A sector of 512 bytes is written whole.

use std::ops::ControlFlow;

use super::disk::{FileId, Names, Recording, State, Step, change_names, write};
use crate::tests::support::Random;

pub(super) const SECTOR: usize = 512;

type Sector = Box<[u8; SECTOR]>;

impl Recording {
    /// Returns the states that a power cut may leave after the first `steps` steps. `stale` is the
    /// earlier content of the disk, file by file.
    pub(crate) fn wrecks(&self, steps: usize, stale: &[&[u8]]) -> Wrecks {
        let steps = &self.steps[..steps];
        let is_created = |step: &&Step| matches!(step, Step::Create(_) | Step::CreateNameless);
        let created = steps.iter().filter(is_created);
        let files = (0..self.start.files.len() + created.count()).map(|id| {
            let first = self.start.files.get(id).cloned().unwrap_or_default();
            let stale = stale.get(id).copied().unwrap_or_default();
            Remains::of(FileId(id), first, steps, stale)
        });
        Wrecks {
            names: self.durable_names(steps),
            files: files.collect(),
        }
    }

    /// Returns every set of names that a power cut may leave.
    fn durable_names(&self, steps: &[Step]) -> Vec<Names> {
        let synced = steps
            .iter()
            .rposition(|step| matches!(step, Step::SyncNames));
        let mut disk = self.start.clone();
        let mut base = disk.names;
        let mut pending = Vec::new();
        for (at, step) in steps.iter().enumerate() {
            let moved = match step {
                Step::Rename(from, _) => disk.names[*from as usize],
                Step::Create(_) => Some(FileId(disk.files.len())),
                Step::CreateNameless
                | Step::Name(..)
                | Step::Remove(_)
                | Step::SyncNames
                | Step::Write(..)
                | Step::Resize(..)
                | Step::Sync(_) => None,
            };
            let of_names = matches!(
                step,
                Step::Rename(..) | Step::Create(_) | Step::Name(..) | Step::Remove(_)
            );
            disk.apply(step);
            if Some(at) <= synced {
                base = disk.names;
            } else if of_names {
                pending.push((step, moved));
            }
        }
        let mut found = Vec::new();
        for subset in 0..1_u32 << pending.len() {
            let mut names = base;
            for (bit, (step, moved)) in pending.iter().enumerate() {
                if subset >> bit & 1 == 1 {
                    change_names(&mut names, step, *moved);
                }
            }
            if !found.contains(&names) {
                found.push(names);
            }
        }
        found
    }
}

/// The possible remains of one file.
#[derive(Clone, Debug)]
struct Remains {
    lengths: Vec<usize>,
    /// The possible contents of each sector.
    sectors: Vec<Vec<Sector>>,
}

impl Remains {
    fn of(id: FileId, mut content: Vec<u8>, steps: &[Step], stale: &[u8]) -> Self {
        let is_sync = |step: &Step| matches!(step, Step::Sync(file) if *file == id);
        let synced = steps.iter().rposition(is_sync).map_or(0, |at| at + 1);
        for step in &steps[..synced] {
            change(&mut content, step, id);
        }
        let durable = content.len();
        let mut remains = Self {
            lengths: Vec::new(),
            sectors: Vec::new(),
        };
        remains.lengths.push(durable);
        let durable_sectors = content.chunks(SECTOR).map(|bytes| vec![sector(bytes)]);
        remains.sectors.extend(durable_sectors);
        for step in &steps[synced..] {
            let before = content.len();
            if change(&mut content, step, id) {
                // A file may also be found on its way to a new length.
                remains.add_length(before.midpoint(content.len()));
                remains.add(&content);
            }
        }
        let grown = durable.div_ceil(SECTOR)..remains.sectors.len();
        for (at, bytes) in stale.chunks(SECTOR).enumerate() {
            if grown.contains(&at) {
                remains.add_sector(at, bytes);
            }
        }
        remains
    }

    fn add(&mut self, content: &[u8]) {
        self.add_length(content.len());
        for (at, bytes) in content.chunks(SECTOR).enumerate() {
            self.add_sector(at, bytes);
        }
    }

    fn add_length(&mut self, length: usize) {
        if !self.lengths.contains(&length) {
            self.lengths.push(length);
        }
    }

    fn add_sector(&mut self, at: usize, bytes: &[u8]) {
        if self.sectors.len() <= at {
            // Before this change the file ended here, which reads as zeros once it is longer.
            self.sectors.push(vec![sector(&[])]);
        }
        let bytes = sector(bytes);
        if !self.sectors[at].contains(&bytes) {
            self.sectors[at].push(bytes);
        }
    }

    fn count(&self) -> u128 {
        let sectors = self.sectors.iter().map(|options| options.len() as u128);
        sectors.fold(self.lengths.len() as u128, u128::saturating_mul)
    }

    fn pick(&self, choose: &mut impl FnMut(usize) -> usize) -> Vec<u8> {
        let length = self.lengths[choose(self.lengths.len())];
        let mut content = Vec::with_capacity(self.sectors.len() * SECTOR);
        for options in &self.sectors {
            content.extend_from_slice(&*options[choose(options.len())]);
        }
        content.resize(length, 0);
        content
    }
}

/// Returns `bytes`, filled up with zeros.
fn sector(bytes: &[u8]) -> Sector {
    let mut sector = Box::new([0; SECTOR]);
    sector[..bytes.len()].copy_from_slice(bytes);
    sector
}

/// Reports whether `step` changed the file `id`, whose content is `content`.
fn change(content: &mut Vec<u8>, step: &Step, id: FileId) -> bool {
    if let Step::Write(file, offset, bytes) = step
        && *file == id
    {
        write(content, *offset, bytes);
        return true;
    }
    if let Step::Resize(file, length) = step
        && *file == id
    {
        content.resize(*length, 0);
        return true;
    }
    false
}

/// All states that one power cut may leave.
#[derive(Clone, Debug)]
pub(crate) struct Wrecks {
    names: Vec<Names>,
    files: Vec<Remains>,
}

impl Wrecks {
    /// Passes the states to `visit` until it breaks off: all of them if a set of names has at most
    /// `limit`, and otherwise `limit` of them chosen by `random`. Reports whether all were visited.
    pub(crate) fn visit(
        &self,
        limit: u64,
        random: &mut Random,
        mut visit: impl FnMut(State) -> ControlFlow<()>,
    ) -> bool {
        let mut all = true;
        for names in &self.names {
            let named = names.iter().flatten();
            let count = named.fold(1, |product: u128, id| {
                product.saturating_mul(self.files[id.0].count())
            });
            let exhaustive = count <= limit.into();
            all &= exhaustive;
            let visits = u64::try_from(count).map_or(limit, |count| count.min(limit));
            for index in 0..visits {
                let mut rest = index;
                let state = self.state(*names, &mut |options| {
                    let options = options as u64;
                    let digit = if exhaustive {
                        let digit = rest % options;
                        rest /= options;
                        digit
                    } else {
                        random.below(options)
                    };
                    usize::try_from(digit).unwrap()
                });
                if visit(state).is_break() {
                    return false;
                }
            }
        }
        all
    }

    /// Returns one state, chosen by `random`.
    pub(crate) fn one(&self, random: &mut Random) -> State {
        let mut below = |bound: usize| usize::try_from(random.below(bound as u64)).unwrap();
        let names = self.names[below(self.names.len())];
        self.state(names, &mut below)
    }

    /// The content of a file without a name does not matter, and stays empty.
    fn state(&self, names: Names, choose: &mut impl FnMut(usize) -> usize) -> State {
        let files = self.files.iter().enumerate().map(|(id, remains)| {
            if names.contains(&Some(FileId(id))) {
                remains.pick(choose)
            } else {
                Vec::new()
            }
        });
        State {
            names,
            files: files.collect(),
        }
    }
}
