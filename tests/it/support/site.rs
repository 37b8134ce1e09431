//! Our own server in this process, and what it was asked.

use std::path::Path;
use std::sync::{Arc, Mutex};

use range_server::{Config, Content, Directory, Fault, RequestRecord, Server, Version};
use tokio::runtime::Runtime;

/// A running server and its requests.
pub(crate) struct Site {
    runtime: Runtime,
    server: Option<Server>,
    records: Arc<Mutex<Vec<RequestRecord>>>,
}

impl Site {
    /// Serves synthetic content.
    pub(crate) fn synthetic(faults: Vec<Fault>) -> Self {
        Self::start(Config {
            faults,
            ..Config::default()
        })
    }

    /// Serves a directory.
    pub(crate) fn of(root: &Path, faults: Vec<Fault>) -> Self {
        let content = Content::Directory(Directory::new(root));
        Self::start(Config {
            content,
            faults,
            ..Config::default()
        })
    }

    /// Serves synthetic content at an address and port of this machine.
    pub(crate) fn at(address: (&str, u16), faults: Vec<Fault>) -> Self {
        let config = Config {
            faults,
            ..Config::default()
        };
        Self::start_at(address, config)
    }

    pub(crate) fn start(config: Config) -> Self {
        Self::start_at(("127.0.0.1", 0), config)
    }

    fn start_at(address: (&str, u16), mut config: Config) -> Self {
        let runtime = Runtime::new().unwrap();
        let records = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&records);
        config.on_request = Some(Arc::new(move |record: &RequestRecord| {
            sink.lock().unwrap().push(record.clone());
        }));
        let server = runtime.block_on(Server::bind(address, config)).unwrap();
        Self {
            runtime,
            server: Some(server),
            records,
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.server().base_url())
    }

    pub(crate) fn set_version(&self, version: u8) {
        self.server().set_version(Version(version));
    }

    pub(crate) fn clear_faults(&self) {
        self.server().set_faults(Vec::new());
    }

    /// The requests whose replies have ended.
    pub(crate) fn requests(&self) -> Vec<RequestRecord> {
        self.records.lock().unwrap().clone()
    }

    fn server(&self) -> &Server {
        self.server.as_ref().expect("running until dropped")
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _inside = self.runtime.enter();
        drop(self.server.take());
    }
}
