//! The scheduler in small random worlds, in virtual time: whatever workers do and whenever they
//! answer, every download ends with each byte fetched into its place exactly once.
//!
//! Method: a world holds the workers the scheduler started and answers in random order, late, or
//! with failures. The scheduler checks its own invariants after every input (debug builds); the
//! world checks what it would see on the wire. A failing seed is in the panic's message.

mod budget;
mod world;

use scheduler::{Input, Outcome};
use world::{World, roll};

const SEEDS: u64 = 1500;
const STEPS_MAX: u32 = 20_000;

/// No byte beyond what was taken and the window is asked for or granted, and nobody waits for ever:
/// for every window and every width, whatever fails and however long the reader takes.
#[test]
fn a_file_is_read_in_order_through_any_window() {
    for seed in 0..SEEDS {
        let mut world = World::in_order(seed);
        world.feed(Input::Tick);
        for _ in 0..STEPS_MAX {
            if world.outcome.is_some() {
                break;
            }
            world.step();
        }
        let complete = Outcome::Complete {
            length: world.length,
        };
        assert_eq!(world.outcome, Some(complete), "seed {seed}");
        assert_eq!(world.written.len(), world.length, "seed {seed}");
        assert!(world.workers.is_empty(), "seed {seed}");
    }
}

#[test]
fn every_download_ends_with_each_byte_fetched_once() {
    for seed in 0..SEEDS {
        let mut world = World::new(seed);
        world.feed(Input::Tick);
        for _ in 0..STEPS_MAX {
            if world.outcome.is_some() {
                break;
            }
            world.step();
        }
        let complete = Outcome::Complete {
            length: world.length,
        };
        assert_eq!(world.outcome, Some(complete), "seed {seed}");
        assert_eq!(world.written.len(), world.length, "seed {seed}");
        assert!(world.workers.is_empty(), "seed {seed}");
    }
}

#[test]
fn cancelling_at_any_moment_ends_with_every_worker_gone() {
    for seed in 0..SEEDS {
        let mut world = World::new(seed);
        world.feed(Input::Tick);
        let steps = roll(&mut world.dice, 300);
        for _ in 0..steps {
            if world.outcome.is_none() {
                world.step();
            }
        }
        world.feed(Input::Cancel);
        for _ in 0..STEPS_MAX {
            if world.outcome.is_some() {
                break;
            }
            world.step();
        }
        let ended = matches!(
            world.outcome,
            Some(Outcome::Cancelled | Outcome::Complete { .. })
        );
        assert!(
            ended && world.workers.is_empty(),
            "seed {seed}: {:?}",
            world.outcome
        );
    }
}
