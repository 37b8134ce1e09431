//! Python's `http.server`: HTTP/1.0, no ranges, no entity tags.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::wait;

/// A running server. Killed when dropped.
pub(crate) struct Python {
    child: Child,
    port: u16,
}

impl Python {
    /// Serves a directory, or says loudly that it cannot.
    pub(crate) fn start(root: &Path) -> Option<Self> {
        let program = needs::program("python3")?;
        let port = wait::free_port();
        let child = Command::new(program)
            .args([
                "-m",
                "http.server",
                "--bind",
                "127.0.0.1",
                &port.to_string(),
            ])
            .current_dir(root)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        wait::for_listener(port);
        Some(Self { child, port })
    }

    pub(crate) fn url(&self, name: &str) -> String {
        format!("http://127.0.0.1:{}/{name}", self.port)
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        let _killed = self.child.kill();
        let _reaped = self.child.wait();
    }
}
