//! Owns the life of a server: bind, accept, stop. Every task it starts ends with it.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use tokio::net::{TcpListener, ToSocketAddrs};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::addresses::AddressCounts;
use crate::buffer::BufferPool;
use crate::config::{Config, Content};
use crate::connection::ConnectionState;
use crate::content::version::Version;
use crate::content::{ListingTurns, ServedDirectory};
use crate::fault::Fault;
use crate::handler::Shared;
use crate::host::Hosts;
use crate::injection::FaultState;
use crate::limits::Limits;
use crate::listener::{LOCAL, Listener};
use crate::pace::Pace;
use crate::policy::Policy;
use crate::profile::Rules;
use crate::protocol;
use crate::record::RequestHook;
use crate::recorder::Recorder;
use crate::slots::Slots;
use crate::spelling::Spelling;
use crate::tls::TlsIdentity;

/// The pause of accepting after it failed, as it does when descriptors run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A running server. Dropping it closes everything at once; [`Server::stop`] lets responses end.
pub struct Server {
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    accepting: JoinSet<()>,
}

/// Why a server cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// The address is in use, not ours, or may not be bound.
    #[error("listen")]
    Listen(#[source] io::Error),
    /// The directory cannot be opened.
    #[error("open the directory {}", root.display())]
    Root {
        /// The directory.
        root: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl Server {
    /// Binds `address`, whose port may be 0 for any free one, and starts to serve.
    pub async fn bind(address: impl ToSocketAddrs, config: Config) -> Result<Self, BindError> {
        let listener = TcpListener::bind(address).await;
        let listener = listener.and_then(Listener::new);
        Self::listen(listener.map_err(BindError::Listen)?, config)
    }

    /// Starts to serve who comes in by `listener`. Over a socket with a path, which no page can
    /// reach, every host is right. Has to be called within a tokio runtime.
    pub fn listen(listener: Listener, mut config: Config) -> Result<Self, BindError> {
        let directory = match &config.content {
            Content::SyntheticOnly => None,
            Content::Directory(directory) => {
                let served = ServedDirectory::open(directory).map_err(|error| BindError::Root {
                    root: directory.root.clone(),
                    source: error.into(),
                })?;
                Some(served)
            }
        };
        if listener.address().is_none() {
            config.hosts.push("*".to_owned());
        }
        let tls = if config.faults.is_empty() {
            config.tls
        } else {
            config.tls.map(TlsIdentity::without_http_2)
        };
        let address = listener.address().unwrap_or(LOCAL);
        let recorder = config.keep_requests.then(|| Arc::new(Recorder::default()));
        let on_request = told(config.on_request, recorder.clone());
        let shared = Arc::new(Shared {
            address,
            path: listener.path().cloned(),
            policy: Policy {
                hosts: Hosts::new(address, &config.hosts),
                is_secured: tls.is_some(),
                cors: config.cors,
                headers: config.headers,
                login: config.login,
            },
            faults_by_url: config.faults_by_url,
            directory,
            tls,
            rules: match config.profile {
                _ if config.no_ranges => Rules::WithoutRanges(config.ranges),
                Some(profile) => Rules::As(profile),
                None => Rules::Right(config.ranges),
            },
            recorder,
            faults: FaultState::new(config.faults),
            // Half of all, so that the other half stays for those who get what they ask for.
            holds: Arc::new(Semaphore::new(config.limits.max_connections.div_ceil(2))),
            version: AtomicU8::default(),
            requests: AtomicU64::default(),
            rate_per_connection: config.rate_per_connection,
            pace: config.rate.map(|rate| Arc::new(Pace::new(rate))),
            buffers: BufferPool::default(),
            digests: Arc::default(),
            listings: ListingTurns::default(),
            spelling: Spelling::default(),
            on_request,
        });
        let (stop, stopped) = watch::channel(false);
        let mut accepting = JoinSet::new();
        accepting.spawn(accept(
            listener,
            Arc::clone(&shared),
            config.limits,
            stopped,
        ));
        Ok(Self {
            shared,
            stop,
            accepting,
        })
    }

    /// The address that was bound, with its real port; without one, port 0 of loopback.
    pub fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// `http://ADDRESS:PORT`, or https with TLS, without a slash at the end; `unix:PATH` for a
    /// socket with a path.
    pub fn base_url(&self) -> String {
        if let Some(path) = &self.shared.path {
            return format!("unix:{}", path.display());
        }
        let scheme = self.shared.tls.as_ref().map_or("http", |_| "https");
        format!("{scheme}://{}", self.shared.address)
    }

    /// Serves another generation of everything from the next request on, unless a fault names
    /// one. Responses under way keep theirs.
    pub fn set_version(&self, version: Version) {
        self.shared.version.store(version.0, Ordering::Relaxed);
    }

    /// Has these faults from the next request on, in place of those it had. They count requests and
    /// time from now on. Faults in the bytes of a connection need HTTP/1.1, which TLS agrees on
    /// only where there are faults from the start.
    pub fn set_faults(&self, faults: Vec<Fault>) {
        let requests = self.shared.requests.load(Ordering::Relaxed);
        self.shared.faults.set(faults, requests);
    }

    /// Stops accepting, closes idle connections and waits for responses under way to end, at most
    /// [`Limits::drain_timeout`]; what is left then is cut. Dropping the future cuts at once.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        while self.accepting.join_next().await.is_some() {}
    }
}

/// Everybody who is told of a response.
fn told(hook: Option<RequestHook>, recorder: Option<Arc<Recorder>>) -> Option<RequestHook> {
    let Some(recorder) = recorder else {
        return hook;
    };
    Some(Arc::new(move |record| {
        recorder.add(record);
        if let Some(hook) = &hook {
            hook(record);
        }
    }))
}

/// Accepts until stopped. Owns the task of every connection.
async fn accept(
    listener: Listener,
    shared: Arc<Shared>,
    limits: Limits,
    mut stopped: watch::Receiver<bool>,
) {
    let mut slots = Slots::new(limits.max_connections);
    let addresses = AddressCounts::new(limits.max_connections_per_address);
    let mut number = 0;
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopped.wait_for(|&stopped| stopped) => break,
        };
        let Ok((stream, peer)) = accepted else {
            // As when all places are taken: a descriptor is one as well.
            slots.have_one_leave();
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        // Closed unheard: an answer would cost what the limit is there to save.
        let Some(counted) = addresses.enter(peer.ip()) else {
            continue;
        };
        let place = tokio::select! {
            place = slots.take() => place,
            _ = stopped.wait_for(|&stopped| stopped) => break,
        };
        number += 1;
        let state = Arc::new(ConnectionState::new(number, peer));
        let shared = Arc::clone(&shared);
        let serving = protocol::serve(stream, Arc::clone(&state), shared, limits, stopped.clone());
        slots.run(place, state, async move {
            serving.await;
            drop(counted);
        });
    }
    drop(listener);
    // Those that do not end in time are aborted when the set is dropped.
    let _ = tokio::time::timeout(limits.drain_timeout, slots.drain()).await;
}
