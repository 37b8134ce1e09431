//! The program over real sockets takes as long as its scheduler does in the simulator's world of
//! the same server: the simulation tells of the product.
//!
//! Method: a server with low rates, so that waiting is all the program does, and its world in the
//! simulator. The program runs up to six times, because a busy machine only ever adds time, and
//! its fastest run is held against the simulated one.

use range_core::units::{ByteCount, BytesPerSecond};
use range_server::{Config, Effect, Excess, Fault, Position, Stop};
use simulator::{Contender, Odd, Oddity, Penalty, Refusal, Refusing, World};

use crate::support::files;
use crate::support::program::get;
use crate::support::site::Site;

const MIB: u64 = 1 << 20;
/// The way there and back over loopback, with what both ends do for a request.
const ROUND_TRIP: f64 = 0.0005;
const TRIES: usize = 6;
/// As far as the two may be apart.
const APART: f64 = 0.15;

/// A server that gives every connection so many MiB a second, and all together at most so many.
struct Scene {
    server: Config,
    world: World,
}

impl Scene {
    fn new(length: u64, each: u64, link: u64) -> Self {
        let rate = |mib: u64| Some(BytesPerSecond(mib * MIB));
        let server = Config {
            rate: rate(link),
            rate_per_connection: rate(each),
            ..Config::default()
        };
        let mut world = World::plain(1, length * MIB, ROUND_TRIP, (link * MIB) as f64);
        world.connection_rate = (each * MIB) as f64;
        Self { server, world }
    }

    fn fault(mut self, fault: Fault) -> Self {
        self.server.faults.push(fault);
        self
    }

    /// Runs the program and the simulation, and compares.
    fn plays_as_simulated(self) {
        let simulated = Contender::Ours.run(&self.world, None).unwrap();
        let length = self.world.length;
        let mut fastest = f64::INFINITY;
        for _ in 0..TRIES {
            // A server of its own: faults count its requests.
            let site = Site::start(self.server.clone());
            let url = site.url(&format!("/synthetic/{length}?seed=4"));
            let into = files::directory();
            let ran = get(&url, into.path(), &[]).expect(0);
            assert_eq!(ran.number("bytes"), length);
            fastest = fastest.min(ran.last_json()["elapsed_s"].as_f64().unwrap());
            if (fastest / simulated.time - 1.0).abs() <= APART {
                return;
            }
        }
        panic!("{fastest} s, the best of {TRIES}; simulated: {simulated:?}");
    }
}

#[test]
fn connections_that_are_capped() {
    Scene::new(32, 1, 12).plays_as_simulated();
}

#[test]
fn one_link_for_all() {
    Scene::new(24, 8, 8).plays_as_simulated();
}

#[test]
fn a_penalty_above_eight_connections() {
    let rate = BytesPerSecond(MIB / 16);
    let crowd = Effect::CrowdRate { above: 8, rate };
    let mut scene = Scene::new(48, 2, 64).fault(Fault::always(crowd));
    scene.world.penalty = Some(Penalty {
        above: 8,
        factor: 1.0,
        each: (MIB / 16) as f64,
    });
    scene.plays_as_simulated();
}

#[test]
fn requests_refused_above_six() {
    let cap = Effect::ConnectionCap {
        most: 6,
        excess: Excess::Status(503.try_into().unwrap()),
    };
    let mut scene = Scene::new(24, 1, 64).fault(Fault::always(cap));
    scene.world.refusal = Some(Refusal {
        above: 6,
        how: Refusing::Busy(None),
    });
    scene.plays_as_simulated();
}

#[test]
fn replies_that_are_reset() {
    let reset = Effect::Stop(Stop::Reset, Position::After(ByteCount(MIB)));
    let mut scene = Scene::new(32, 1, 12).fault(Fault::on(1..=8, reset));
    scene.world.odd = Some(Odd {
        first: 0,
        end: 8,
        how: Oddity::Resets(MIB as f64),
    });
    scene.plays_as_simulated();
}

#[test]
fn a_reply_that_stalls_for_good() {
    let stall = Effect::Stop(Stop::Stall, Position::After(ByteCount(MIB)));
    let mut scene = Scene::new(32, 1, 12).fault(Fault::on(3..=3, stall));
    scene.world.odd = Some(Odd {
        first: 2,
        end: 3,
        how: Oddity::Stalls(MIB as f64),
    });
    scene.plays_as_simulated();
}

#[test]
fn a_reply_that_crawls() {
    let crawl = Effect::Rate(BytesPerSecond(MIB / 16));
    let mut scene = Scene::new(32, 1, 12).fault(Fault::on(3..=3, crawl));
    scene.world.odd = Some(Odd {
        first: 2,
        end: 3,
        how: Oddity::Crawls((MIB / 16) as f64),
    });
    scene.plays_as_simulated();
}
