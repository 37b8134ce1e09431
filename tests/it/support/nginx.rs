//! A real nginx, with and without TLS.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::{files, wait};

/// A running nginx. Killed when dropped.
pub(crate) struct Nginx {
    child: Child,
    directory: TempDir,
    port: u16,
    tls_port: u16,
}

impl Nginx {
    /// Serves a directory, or says loudly that it cannot.
    pub(crate) fn start(root: &Path) -> Option<Self> {
        Self::with(root, "")
    }

    /// Serves a directory with these directives for plain HTTP. `each` is a zone for `limit_conn`.
    pub(crate) fn with(root: &Path, directives: &str) -> Option<Self> {
        let program = needs::program("nginx")?;
        let directory = files::directory();
        let (port, tls_port) = (wait::free_port(), wait::free_port());
        let at = directory.path();
        let key = rcgen::generate_simple_self_signed(["localhost".into(), "127.0.0.1".into()]);
        let key = key.unwrap();
        std::fs::write(at.join("certificate.pem"), key.cert.pem()).unwrap();
        std::fs::write(at.join("key.pem"), key.signing_key.serialize_pem()).unwrap();
        std::fs::write(
            at.join("nginx.conf"),
            configuration(at, root, directives, port, tls_port),
        )
        .unwrap();
        let child = Command::new(program)
            .arg("-c")
            .arg(at.join("nginx.conf"))
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        wait::for_listener(port);
        wait::for_listener(tls_port);
        Some(Self {
            child,
            directory,
            port,
            tls_port,
        })
    }

    pub(crate) fn url(&self, name: &str) -> String {
        format!("http://127.0.0.1:{}/{name}", self.port)
    }

    pub(crate) fn tls_url(&self, name: &str) -> String {
        format!("https://localhost:{}/{name}", self.tls_port)
    }

    pub(crate) fn certificate(&self) -> PathBuf {
        self.directory.path().join("certificate.pem")
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // SIGTERM lets the master stop its workers, which SIGKILL would leave behind.
        let id = rustix::process::Pid::from_child(&self.child);
        let _told = rustix::process::kill_process(id, rustix::process::Signal::TERM);
        let _reaped = self.child.wait();
    }
}

fn configuration(at: &Path, root: &Path, directives: &str, port: u16, tls_port: u16) -> String {
    let (at, root) = (at.display(), root.display());
    let user = if rustix::process::getuid().is_root() {
        "user root;"
    } else {
        ""
    };
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {at}/{kind};\n"))
        .concat();
    format!(
        "daemon off; {user} worker_processes 2; pid {at}/pid; error_log {at}/error.log;
         events {{ worker_connections 512; }}
         http {{
           access_log off; sendfile on; tcp_nopush on; {temporary}
           limit_conn_zone $binary_remote_addr zone=each:1m;
           server {{ listen 127.0.0.1:{port}; root {root}; {directives} }}
           server {{
             listen 127.0.0.1:{tls_port} ssl; root {root};
             ssl_certificate {at}/certificate.pem; ssl_certificate_key {at}/key.pem;
           }}
         }}"
    )
}
