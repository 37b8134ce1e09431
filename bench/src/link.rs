//! Owns the emulated link: two network namespaces, a device in each, and this process between
//! them, which delays, paces, loses and drops packets. Knows nothing of what they carry.
mod carrier;
mod check;
mod namespace;
mod packet;
mod queue;

use std::fmt::{self, Display, Formatter};
use std::net::Ipv4Addr;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use std::{fs, io, thread};

use rustix::io::ioctl_fionbio;
use tun_rs::{DeviceBuilder, SyncDevice};

use self::carrier::{Carrier, Tally};
pub(super) use self::check::{Measurement, check};
use self::namespace::Namespace;
use self::queue::{Queue, Shape};
use super::failure::Failure;
use super::guardian::Guardian;
use super::machine;

/// The addresses of RFC 2544, which are for measurements and lead nowhere.
const SERVER: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 1);
const CLIENT: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 2);
const NETWORK: &str = "198.18.0.0/30";
/// The packets a device keeps until they are read. More than ever are under way: only the queue
/// drops.
const BACKLOG: u32 = 20_000;
/// The least a queue holds, in bytes: a burst of one connection.
const LEAST_ROOM: u64 = 64 << 10;

/// The properties of a link. Both directions are alike; the queue before each holds what the link
/// carries in one round trip.
#[derive(Clone, Copy, Debug)]
pub(super) struct Profile {
    /// Of an empty link: half of it in each direction.
    pub(super) round_trip: Duration,
    /// Bits of IP packets in a second.
    pub(super) rate: u64,
    /// The share of packets that is lost by chance.
    pub(super) loss: f64,
    /// The congestion control of both ends, by the kernel's name.
    pub(super) congestion: &'static str,
    /// Of the chance.
    pub(super) seed: u64,
}

/// A link that is up. Taken down when dropped.
pub(super) struct Link {
    server: Namespace,
    client: Namespace,
    shared: Arc<Shared>,
    carriers: Vec<JoinHandle<io::Result<()>>>,
}

struct Shared {
    /// The server's, then the client's.
    devices: [SyncDevice; 2],
    /// To the client, then to the server.
    tallies: [Tally; 2],
    ended: AtomicBool,
}

/// The fate of the packets of both directions.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Carried {
    pub(super) arrived: u64,
    pub(super) lost: u64,
    pub(super) dropped: u64,
    pub(super) late: u64,
    pub(super) refused: u64,
}

impl Display for Carried {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let Self {
            arrived,
            lost,
            dropped,
            late,
            refused,
        } = self;
        write!(
            formatter,
            "{arrived} packets arrived, {late} of them more than 2 ms late; {lost} were lost by \
             chance, {dropped} dropped by a full queue, {refused} refused by a device"
        )
    }
}

impl Link {
    /// Needs the rights of root, and `/dev/net/tun`.
    pub(super) fn open(profile: &Profile, guardian: &Guardian) -> Result<Self, Failure> {
        const WHAT: &str = "emulate a link";

        machine::find("ip").ok_or(Failure::Missing { program: "ip" })?;
        namespace::sweep().map_err(Failure::rights(WHAT))?;
        let server = Namespace::add("server", guardian).map_err(Failure::rights(WHAT))?;
        let client = Namespace::add("client", guardian)?;
        let devices = [
            device("s", &server, SERVER, profile)?,
            device("c", &client, CLIENT, profile)?,
        ];
        let shared = Arc::new(Shared {
            devices,
            tallies: [Tally::default(), Tally::default()],
            ended: AtomicBool::new(false),
        });
        let carriers = [0, 1].map(|direction| {
            let shared = Arc::clone(&shared);
            let queue = Queue::new(profile.shape(), profile.seed + direction as u64);
            thread::spawn(move || shared.carry(direction, queue))
        });
        Ok(Self {
            server,
            client,
            shared,
            carriers: carriers.into(),
        })
    }

    /// Where the server listens.
    pub(super) fn address() -> Ipv4Addr {
        SERVER
    }

    /// Does something on a thread that is, with its children, at the server's end.
    pub(super) fn at_server<T: Send>(&self, work: impl FnOnce() -> T + Send) -> Result<T, Failure> {
        self.server.within(work)
    }

    /// Does something on a thread that is, with its children, at the client's end.
    pub(super) fn at_client<T: Send>(&self, work: impl FnOnce() -> T + Send) -> Result<T, Failure> {
        self.client.within(work)
    }

    /// Returns what became of packets so far.
    pub(super) fn carried(&self) -> Carried {
        let sum = |counter: fn(&Tally) -> &AtomicU64| {
            let tallies = self.shared.tallies.iter();
            tallies
                .map(|tally| counter(tally).load(Ordering::Relaxed))
                .sum()
        };
        Carried {
            arrived: sum(|tally| &tally.arrived),
            lost: sum(|tally| &tally.lost),
            dropped: sum(|tally| &tally.dropped),
            late: sum(|tally| &tally.late),
            refused: sum(|tally| &tally.refused),
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Relaxed);
        for carrier in self.carriers.drain(..) {
            let _ended = carrier.join();
        }
    }
}

impl Shared {
    fn carry(&self, direction: usize, queue: Queue) -> io::Result<()> {
        let carrier = Carrier {
            from: &self.devices[direction],
            to: &self.devices[1 - direction],
            queue,
            tally: &self.tallies[direction],
            ended: &self.ended,
        };
        carrier.run()
    }
}

impl Profile {
    fn shape(&self) -> Shape {
        let bits = self.round_trip.as_nanos() * u128::from(self.rate) / 1_000_000_000;
        Shape {
            delay: self.round_trip / 2,
            rate: self.rate,
            loss: self.loss,
            room: u64::try_from(bits / 8).unwrap_or(u64::MAX).max(LEAST_ROOM),
        }
    }
}

/// A device that this process reads and writes, and whose other end is inside.
fn device(
    side: &str,
    namespace: &Namespace,
    address: Ipv4Addr,
    profile: &Profile,
) -> Result<SyncDevice, Failure> {
    // The kernel allows 15 characters.
    let name = format!("shv{}{side}", process::id());
    let device = DeviceBuilder::new()
        .name(&name)
        .offload(true)
        .enable(false)
        .build_sync()
        .map_err(Failure::rights("make a TUN device"))?;
    device
        .set_tx_queue_len(BACKLOG)
        .and_then(|()| Ok(ioctl_fionbio(&device, true)?))
        .map_err(Failure::io("set up a TUN device"))?;
    namespace::ip(&format!("link set {name} netns {}", namespace.name()))?;
    namespace.ip(&format!("addr add {address}/30 dev {name}"))?;
    namespace.ip(&format!("link set {name} up"))?;
    let congestion = profile.congestion;
    namespace.ip(&format!(
        "route replace {NETWORK} dev {name} src {address} proto kernel scope link congctl \
         {congestion}"
    ))?;
    // A run must not profit from what the one before it learnt of the path.
    let forget = || fs::write("/proc/sys/net/ipv4/tcp_no_metrics_save", "1");
    namespace
        .within(forget)?
        .map_err(Failure::io("set up the network"))?;
    Ok(device)
}
