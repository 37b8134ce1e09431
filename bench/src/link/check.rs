//! Owns the proof that a link is what was asked for: measured with plain datagrams, from outside
//! the emulator. Carries nothing itself.
use std::io;
use std::net::{SocketAddrV4, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

use rustix::net::sockopt::set_socket_recv_buffer_size_force;

use super::super::failure::Failure;
use super::super::guardian::Guardian;
use super::super::statistics::summary;
use super::carrier::hurry;
use super::{CLIENT, Carried, Link, Profile, SERVER};

/// The largest deviation of a measurement from what was asked for.
const TOLERANCE: f64 = 0.03;
/// No datagram takes longer.
const SILENCE: Duration = Duration::from_millis(600);
/// Of IPv4 and UDP, which a datagram's content does not show.
const HEADS: usize = 28;

/// Something that was asked for and measured.
pub(in super::super) struct Measurement {
    pub(in super::super) what: &'static str,
    pub(in super::super) asked: f64,
    pub(in super::super) measured: f64,
    /// The fate of the packets that measured it.
    pub(in super::super) carried: Carried,
}

impl Measurement {
    pub(in super::super) fn error(&self) -> f64 {
        self.measured / self.asked - 1.0
    }

    pub(in super::super) fn is_close(&self) -> bool {
        self.error().abs() <= TOLERANCE
    }
}

/// Measures links of which each shows one thing well.
pub(in super::super) fn check(guardian: &Guardian) -> Result<Vec<Measurement>, Failure> {
    let profile = |milliseconds, megabits: u64, loss| Profile {
        round_trip: Duration::from_millis(milliseconds),
        rate: megabits * 1_000_000,
        loss,
        congestion: "cubic",
        seed: 1,
    };
    let mut measurements = Vec::new();
    for milliseconds in [20, 100, 200] {
        let link = Link::open(&profile(milliseconds, 1_000, 0.0), guardian)?;
        measurements.push(Measurement {
            what: "round trip, ms",
            asked: milliseconds as f64,
            measured: round_trip(&link)?.as_secs_f64() * 1e3,
            carried: link.carried(),
        });
    }
    for megabits in [50, 200, 400] {
        let profile = profile(200, megabits, 0.0);
        let link = Link::open(&profile, guardian)?;
        measurements.push(Measurement {
            what: "rate, Mbit/s",
            asked: megabits as f64,
            measured: rate(&link, &profile)? / 1e6,
            carried: link.carried(),
        });
    }
    for loss in [0.01, 0.05] {
        let link = Link::open(&profile(2, 10_000, loss), guardian)?;
        measurements.push(Measurement {
            what: "loss, %",
            asked: loss * 100.0,
            measured: lost(&link, 150_000)? * 100.0,
            carried: link.carried(),
        });
    }
    Ok(measurements)
}

/// A socket at each end: the server's, then the client's.
fn sockets(link: &Link) -> Result<(UdpSocket, UdpSocket), Failure> {
    let socket = |address, peer| -> io::Result<UdpSocket> {
        let socket = UdpSocket::bind(SocketAddrV4::new(address, 9))?;
        socket.connect(SocketAddrV4::new(peer, 9))?;
        socket.set_read_timeout(Some(SILENCE))?;
        set_socket_recv_buffer_size_force(&socket, 64 << 20)?;
        Ok(socket)
    };
    let server = link.at_server(|| socket(SERVER, CLIENT))?;
    let client = link.at_client(|| socket(CLIENT, SERVER))?;
    let open = Failure::io("open a socket");
    server
        .and_then(|server| Ok((server, client?)))
        .map_err(open)
}

/// The shortest of several, each sent when the one before it is back: a busy machine makes some
/// longer than the link does, and nothing makes one shorter.
fn round_trip(link: &Link) -> Result<Duration, Failure> {
    const COUNT: usize = 9;
    let (server, client) = sockets(link)?;
    let trip = || -> io::Result<Duration> {
        let mut buffer = [0; 64];
        let start = Instant::now();
        client.send(b"there")?;
        let length = server.recv(&mut buffer)?;
        server.send(&buffer[..length])?;
        client.recv(&mut buffer)?;
        Ok(start.elapsed())
    };
    let trips: io::Result<Vec<Duration>> = (0..COUNT).map(|_| trip()).collect();
    let trips = trips.map_err(Failure::io("measure the round trip"))?;
    Ok(trips.into_iter().min().unwrap_or_default())
}

/// In bits of IP packets a second: how fast a burst that has room in the queue arrives. The median
/// of several.
fn rate(link: &Link, profile: &Profile) -> Result<f64, Failure> {
    const CONTENT: usize = 1_472;
    const BURSTS: usize = 5;
    let (server, client) = sockets(link)?;
    let packet = (CONTENT + HEADS) as u64;
    let count = profile.shape().room / packet;
    let burst = || -> io::Result<f64> {
        let times = arrivals(&client, || {
            (0..count).try_for_each(|_| server.send(&[0; CONTENT]).map(|_| ()))
        })?;
        let spent = match (times.first(), times.last()) {
            (Some(&first), Some(&last)) => (last - first).as_secs_f64(),
            _ => f64::INFINITY,
        };
        Ok((times.len() as f64 - 1.0) * (packet * 8) as f64 / spent)
    };
    let rates: io::Result<Vec<f64>> = (0..BURSTS).map(|_| burst()).collect();
    let rates = rates.map_err(Failure::io("measure the rate"))?;
    Ok(summary(rates).map_or(0.0, |summary| summary.median))
}

/// The share of many small datagrams that does not arrive.
fn lost(link: &Link, count: u64) -> Result<f64, Failure> {
    /// Slow enough for a busy machine.
    const EACH: Duration = Duration::from_micros(25);
    let (server, client) = sockets(link)?;
    let send = || -> io::Result<()> {
        let start = Instant::now();
        let mut sent = 0;
        while sent < count {
            let due = start.elapsed().as_nanos() / EACH.as_nanos();
            let due = u64::try_from(due).map_or(count, |due| due.min(count));
            for _ in sent..due {
                server.send(&[0; 16])?;
            }
            sent = due;
            thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    };
    let arrived = arrivals(&client, send).map_err(Failure::io("measure the loss"))?;
    Ok(1.0 - arrived.len() as f64 / count as f64)
}

/// When each datagram arrives of those that are sent meanwhile, until none does any more.
fn arrivals(
    socket: &UdpSocket,
    send: impl FnOnce() -> io::Result<()> + Send,
) -> io::Result<Vec<Instant>> {
    thread::scope(|scope| {
        let receiver = scope.spawn(|| {
            hurry();
            let mut buffer = [0; 2_048];
            let mut times = Vec::new();
            while socket.recv(&mut buffer).is_ok() {
                times.push(Instant::now());
            }
            times
        });
        let sender = scope.spawn(|| {
            hurry();
            send()
        });
        sender.join().expect("sending does not panic")?;
        Ok(receiver.join().expect("receiving does not panic"))
    })
}
