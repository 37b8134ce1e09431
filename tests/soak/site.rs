//! Owns what one thread of rounds has around it: two servers, the proxies before them, and the file
//! systems that files are saved to. Judges nothing.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::mounts::Mount;
use crate::proxy::Proxy;
use crate::round::{Outcome, Round, Surroundings};
use crate::secure_proxy::SecureProxy;
use crate::server::{Growth, Server, Use};
use crate::world::{Place, Through, World};

/// Rounds after which a server has met most there is.
const WARM: u64 = 60;

/// The time a server may take to let go of peers that are gone.
const PARTING: Duration = Duration::from_secs(10);

/// The name of the file of certificates.
const TRUSTED: &str = "trusted.pem";

/// A server without TLS and one with it, and what is between them and a file.
pub(crate) struct Site {
    plain: Server,
    secure: Server,
    http: Proxy,
    https: SecureProxy,
    socks: Proxy,
    /// A directory with a file of certificates, of the server with TLS and of the proxy with it.
    trusted: TempDir,
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
        let http = Proxy::http(None);
        let https = SecureProxy::before(&http);
        let trusted = tempfile::tempdir().unwrap();
        let of_server = std::fs::read_to_string(secure.authority.as_ref().unwrap()).unwrap();
        let both = format!("{of_server}{}", https.certificate());
        std::fs::write(trusted.path().join(TRUSTED), both).unwrap();
        Self {
            fresh: plain.used() + secure.used(),
            plain,
            secure,
            http,
            https,
            trusted,
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
        let proxy = world.proxy.map(|through| {
            let authority = match through {
                Through::Http => self.http.authority(),
                Through::Https => self.https.authority(),
                Through::Socks5 | Through::Socks5h => self.socks.authority(),
            };
            format!("{through}://{authority}")
        });
        let meets_tls = world.is_secure || world.proxy == Some(Through::Https);
        let surroundings = Surroundings {
            place,
            proxy,
            trusted: meets_tls.then(|| self.trusted.path().join(TRUSTED)),
        };
        Round::run(program, server, surroundings, world)
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
