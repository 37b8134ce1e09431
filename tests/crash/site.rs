//! Owns the server of a round. Asserts nothing.

use std::time::Duration;

use range_core::units::BytesPerSecond;
use range_server::synthetic::{self, Seed};
use range_server::{Config, ContentLength, Effect, Fault, Server, Version};
use tokio::runtime::Runtime;

use crate::case::{Case, ServerKind};

/// The server of one round, with the file it serves.
pub(crate) struct Site<'a> {
    runtime: &'a Runtime,
    server: Option<Server>,
    seed: u64,
    length: u64,
    version: u8,
}

impl<'a> Site<'a> {
    pub(crate) fn start(runtime: &'a Runtime, case: &Case) -> Self {
        let effects: &[Effect] = match case.server {
            ServerKind::Honest => &[],
            ServerKind::NoValidators => &[Effect::OmitValidators],
            ServerKind::IgnoresRanges => &[Effect::IgnoreRange],
            ServerKind::LengthUnknown => &[
                Effect::IgnoreRange,
                Effect::ContentLength(ContentLength::Chunked),
            ],
        };
        let config = Config {
            faults: effects.iter().cloned().map(Fault::always).collect(),
            rate: rate(case.length, case.transfer).map(BytesPerSecond),
            ..Config::default()
        };
        let server = runtime
            .block_on(Server::bind("127.0.0.1:0", config))
            .unwrap();
        Self {
            runtime,
            server: Some(server),
            seed: case.seed,
            length: case.length,
            version: 0,
        }
    }

    pub(crate) fn url(&self) -> String {
        let base = self.server().base_url();
        format!("{base}/synthetic/{}?seed={}", self.length, self.seed)
    }

    /// The remote file becomes another one of the same length.
    pub(crate) fn change(&mut self) {
        self.version += 1;
        self.server().set_version(Version(self.version));
    }

    /// The file as it is, and as it was before each change: oldest first.
    pub(crate) fn generations(&self) -> Vec<Vec<u8>> {
        let of_version = |version| {
            let mut bytes = vec![0; usize::try_from(self.length).unwrap()];
            let seed = Seed(self.seed).of_version(Version(version));
            synthetic::fill(seed, 0, &mut bytes);
            bytes
        };
        (0..=self.version).map(of_version).collect()
    }

    fn server(&self) -> &Server {
        self.server.as_ref().expect("running until dropped")
    }
}

/// None when the file is to come as fast as it can.
fn rate(length: u64, transfer: Duration) -> Option<u64> {
    let milliseconds = u64::try_from(transfer.as_millis()).unwrap();
    (length * 1000)
        .checked_div(milliseconds)
        .filter(|&rate| rate > 0)
}

impl Drop for Site<'_> {
    fn drop(&mut self) {
        let _inside = self.runtime.enter();
        drop(self.server.take());
    }
}
