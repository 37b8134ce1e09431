//! Owns what one thread of rounds has around it: two servers, the proxies before them, and the file
//! systems that files are saved to. Judges nothing.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::mounts::Mount;
use crate::proxy::Proxy;
use crate::round::{Outcome, Round};
use crate::server::{Growth, Server, Use};
use crate::world::{Place, Through, World};

/// Rounds after which a server has met most there is.
const WARM: u64 = 60;

/// The time a server may take to let go of peers that are gone.
const PARTING: Duration = Duration::from_secs(10);

/// A server without TLS and one with it, and what is between them and a file.
pub(crate) struct Site {
    plain: Server,
    secure: Server,
    http: Proxy,
    socks: Proxy,
    /// Those that this machine lets it mount; another place stands in for the others.
    mounts: Vec<(Place, Mount)>,
    rounds: u64,
    fresh: Use,
    warm: Option<Use>,
}

impl Site {
    pub(crate) fn start(program: &Path) -> Self {
        let plain = Server::start(program, false);
        let secure = Server::start(program, true);
        let mounts = [
            (Place::Memory, Mount::in_memory("tmpfs", "size=1g")),
            (Place::Overlay, Mount::overlay()),
            (Place::Fuse, Mount::fuse(&[])),
            (
                Place::StrictFuse,
                Mount::fuse(&["--chmod-deny", "--chown-deny"]),
            ),
        ];
        let mounts = mounts
            .into_iter()
            .filter_map(|(place, mount)| Some((place, mount?)));
        Self {
            fresh: plain.used() + secure.used(),
            plain,
            secure,
            http: Proxy::http(None),
            socks: Proxy::socks(None),
            mounts: mounts.collect(),
            rounds: 0,
            warm: None,
        }
    }

    pub(crate) fn run(&mut self, program: &Path, world: &World) -> Outcome {
        self.rounds += 1;
        if self.rounds == WARM {
            self.warm = Some(self.used());
        }
        let server = if world.is_secure {
            &self.secure
        } else {
            &self.plain
        };
        let mount = self.mounts.iter().find(|(place, _)| *place == world.place);
        // Files are on the disk the program was built on where nothing else is wanted.
        let beside = || program.parent().unwrap().to_owned();
        let place: PathBuf = mount.map_or_else(beside, |(_, mount)| mount.path());
        let proxy = world.proxy.map(|through| match through {
            Through::Http => format!("http://{}", self.http.authority()),
            Through::Socks5 => format!("socks5://{}", self.socks.authority()),
            Through::Socks5h => format!("socks5h://{}", self.socks.authority()),
        });
        Round::run(program, server, (&place, proxy), world)
    }

    /// Returns what the servers used before anybody came, when they were warm, and use now that
    /// nobody is there.
    pub(crate) fn growth(&self) -> Growth {
        let mut end = self.used();
        let start = Instant::now();
        while end.is_busier_than(self.fresh) && start.elapsed() < PARTING {
            std::thread::sleep(Duration::from_millis(50));
            end = self.used();
        }
        Growth {
            fresh: self.fresh,
            warm: self.warm.unwrap_or(end),
            end,
        }
    }

    fn used(&self) -> Use {
        self.plain.used() + self.secure.used()
    }
}
