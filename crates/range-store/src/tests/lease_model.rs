//! Tests random leases, writes, cuts and drops against a model with one cell per byte.

use crate::WriteMode;
use crate::disk::Directory;
use crate::lease::Lease;
use crate::part_file::PartFile;
use range_core::ByteRange;
use range_core::units::ByteCount;

use super::support::{Random, Scratch, known};

const LENGTH: u64 = 211;

/// The expected content of the store, byte by byte.
struct Model {
    holder: Vec<Option<usize>>,
    content: Vec<u8>,
}

/// A live lease and the model's name for it.
struct Live {
    name: usize,
    lease: Lease<Directory>,
    start: u64,
    end: u64,
    position: u64,
}

struct Run<'a> {
    store: &'a PartFile<Directory>,
    random: Random,
    model: Model,
    live: Vec<Live>,
    names: usize,
}

fn index(offset: u64) -> usize {
    usize::try_from(offset).unwrap()
}

impl Run<'_> {
    fn step(&mut self) {
        match self.random.below(9) {
            0..3 => self.claim(),
            3..6 => self.write(),
            6 => self.shrink(),
            7 => self.extend(),
            _ => self.release(),
        }
        for live in &self.live {
            assert_eq!(live.lease.position(), live.position);
            assert_eq!(live.lease.range(), ByteRange::new(live.start, live.end));
            assert_eq!(
                live.lease.remaining(),
                ByteRange::new(live.position, live.end)
            );
        }
    }

    fn claim(&mut self) {
        let start = self.random.below(LENGTH + 2);
        let end = start + 1 + self.random.below(40);
        let range = ByteRange::new(start, end).unwrap();
        let free = end <= LENGTH
            && self.model.holder[index(start)..index(end)]
                .iter()
                .all(Option::is_none);
        let lease = self.store.lease(range);
        assert_eq!(lease.is_ok(), free, "{range}");
        if let Ok(lease) = lease {
            self.names += 1;
            self.model.holder[index(start)..index(end)].fill(Some(self.names));
            self.live.push(Live {
                name: self.names,
                lease,
                start,
                end,
                position: start,
            });
        }
    }

    fn write(&mut self) {
        let Some(at) = self.pick() else { return };
        let bytes: Vec<u8> = (0..self.random.below(20))
            .map(|_| self.random.below(256).to_le_bytes()[0])
            .collect();
        let live = &mut self.live[at];
        let end = live.position + bytes.len() as u64;
        assert_eq!(live.lease.write(&bytes).is_ok(), end <= live.end);
        if end <= live.end {
            let written = index(live.position)..index(end);
            self.model.content[written.clone()].copy_from_slice(&bytes);
            // From here on it may be another's to repair.
            self.model.holder[written].fill(None);
            live.position = end;
        }
    }

    fn shrink(&mut self) {
        let Some(at) = self.pick() else { return };
        let to = self.random.below(LENGTH + 10);
        let live = &mut self.live[at];
        let end = to.max(live.position).min(live.end);
        assert_eq!(live.lease.shrink_to(to), end);
        self.model.holder[index(end)..index(live.end)].fill(None);
        live.end = end;
    }

    fn extend(&mut self) {
        let Some(at) = self.pick() else { return };
        let live = &mut self.live[at];
        let to = live.end + self.random.below(40);
        let more = index(live.end)..index(to);
        let free = to <= LENGTH && self.model.holder[more.clone()].iter().all(Option::is_none);
        let extended = live.lease.extend_to(to, ByteCount(LENGTH));
        assert_eq!(extended.is_ok(), free || more.is_empty(), "{more:?}");
        if extended.is_ok() {
            self.model.holder[more].fill(Some(live.name));
            live.end = to;
        }
    }

    fn release(&mut self) {
        let Some(at) = self.pick() else { return };
        let name = self.live.swap_remove(at).name;
        for holder in &mut self.model.holder {
            *holder = holder.filter(|holder| *holder != name);
        }
    }

    fn pick(&mut self) -> Option<usize> {
        let count = self.live.len() as u64;
        (count > 0).then(|| index(self.random.below(count)))
    }
}

fn run(store: &PartFile<Directory>, seed: u64) {
    println!("seed {seed}, {store:?}");
    let model = Model {
        holder: vec![None; index(LENGTH)],
        content: vec![0; index(LENGTH)],
    };
    let mut run = Run {
        store,
        random: Random::new(seed),
        model,
        live: Vec::new(),
        names: 0,
    };
    for _ in 0..300 {
        run.step();
    }
    let mut content = vec![0; index(LENGTH)];
    store.read_at(0, &mut content).unwrap();
    assert_eq!(content, run.model.content);
}

#[test]
fn leases_behave_like_one_cell_per_byte() {
    for seed in 0..200 {
        for mode in [WriteMode::Mapped, WriteMode::Positioned] {
            run(&Scratch::new().create(known(LENGTH), mode).unwrap(), seed);
        }
    }
}
