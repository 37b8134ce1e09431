//! The scheduler in a few hundred generated worlds: none breaks an invariant, none is left
//! unfinished, and every byte is written exactly once.
//!
//! Method: `run` panics on a broken invariant, with the seed, and checks at the end that what was
//! written is the file. Worlds are those of `cargo xtask sim`, which replays any seed.

use simulator::{Contender, Family};

/// Enough for every family to meet each of its moods, in seconds.
const SEEDS: u64 = 20;

#[test]
fn every_download_ends_with_each_byte_written_once() {
    for family in Family::ALL {
        for seed in 0..SEEDS {
            let mut world = family.world(seed);
            world.length = world.length.min(256 << 20);
            // The moments of a smaller file come sooner.
            world.replaced_at = world.replaced_at.map(|at| at.min(5.0));
            let report = Contender::Ours
                .run(&world, None)
                .unwrap_or_else(|failure| panic!("{family:?} {seed}: {failure:?}"));
            assert!(
                report.peak <= usize::from(world.ceiling),
                "{family:?} {seed}: {} connections",
                report.peak
            );
            assert!(
                report.time >= 0.999 * report.bound,
                "{family:?} {seed}: {} s beat the bound of {} s",
                report.time,
                report.bound
            );
        }
    }
}

#[test]
fn a_run_is_a_function_of_its_world() {
    for family in Family::ALL {
        let world = family.world(7);
        let first = Contender::Ours.run(&world, None);
        assert_eq!(first, Contender::Ours.run(&world, None), "{family:?}");
    }
}
