//! Owns the servers of a benchmark: nginx and the program's own, started, waited for and stopped.
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::failure::Failure;
use super::guardian::Undo;
use super::machine;
use super::workshop::{Workshop, stdout_of};

/// No server takes longer to listen.
const PATIENCE: Duration = Duration::from_secs(10);

/// A server that is running. Stopped when dropped.
pub(super) struct Server {
    child: Child,
    /// SIGTERM lets nginx stop its workers, which SIGKILL would leave behind.
    _undo: Undo,
    /// `http://HOST:PORT`, or the same with https.
    pub(super) url: String,
    /// The authority to trust, for https.
    pub(super) certificate: Option<PathBuf>,
}

/// What nginx serves, and where.
pub(super) struct Site {
    pub(super) address: Ipv4Addr,
    pub(super) root: PathBuf,
    pub(super) tls: bool,
}

impl Server {
    pub(super) fn nginx(workshop: &Workshop, site: &Site) -> Result<Self, Failure> {
        let &Site { address, tls, .. } = site;
        let program = machine::find("nginx").ok_or(Failure::Missing { program: "nginx" })?;
        let directory = workshop.configuration();
        let certificate = tls.then(|| make_certificate(&directory)).transpose()?;
        let port = free_port(address).map_err(Failure::io("find a free port"))?;
        let configuration = directory.join("nginx.conf");
        let text = nginx_configuration(&directory, site, port);
        fs::write(&configuration, text).map_err(Failure::io("configure nginx"))?;
        let child = Command::new(program)
            .arg("-c")
            .arg(configuration)
            .stderr(Stdio::null())
            .spawn()
            .map_err(Failure::io("start nginx"))?;
        let host = if tls {
            "https://localhost".to_owned()
        } else {
            format!("http://{address}")
        };
        let server = Self {
            _undo: workshop.guardian().kill("TERM", &child),
            child,
            url: format!("{host}:{port}"),
            certificate,
        };
        wait_for(address, port)?;
        Ok(server)
    }

    /// `sheave serve`, serving the same.
    pub(super) fn sheave(program: &Path, workshop: &Workshop) -> Result<Self, Failure> {
        let mut child = Command::new(program)
            .args(["serve", "--quiet", "--bind", "127.0.0.1:0"])
            .arg(workshop.source())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(Failure::io("start sheave serve"))?;
        let mut line = String::new();
        let stdout = child.stdout.take().expect("standard output is piped");
        let read = BufReader::new(stdout).read_line(&mut line);
        let server = Self {
            _undo: workshop.guardian().kill("TERM", &child),
            child,
            url: line.trim().to_owned(),
            certificate: None,
        };
        read.map_err(Failure::io("learn the address of sheave serve"))?;
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _told = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let _reaped = self.child.wait();
    }
}

fn wait_for(address: Ipv4Addr, port: u16) -> Result<(), Failure> {
    let start = Instant::now();
    loop {
        match TcpStream::connect((address, port)) {
            Ok(_listens) => return Ok(()),
            Err(source) if start.elapsed() > PATIENCE => {
                return Err(Failure::io("reach nginx")(source));
            }
            // nginx tells nobody when it listens.
            Err(_) => thread::sleep(Duration::from_millis(5)),
        }
    }
}

/// A port that was free a moment ago, for a program that cannot choose one itself.
fn free_port(address: Ipv4Addr) -> std::io::Result<u16> {
    Ok(TcpListener::bind((address, 0))?.local_addr()?.port())
}

fn nginx_configuration(at: &Path, site: &Site, port: u16) -> String {
    let Site { address, root, tls } = site;
    let (at, root) = (at.display(), root.display());
    let user = if rustix::process::getuid().is_root() {
        "user root;"
    } else {
        ""
    };
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {at}/{kind};\n"))
        .concat();
    let (ssl, certificate) = if *tls {
        let files = format!("ssl_certificate {at}/ca.pem; ssl_certificate_key {at}/key.pem;");
        (" ssl", files)
    } else {
        ("", String::new())
    };
    format!(
        "daemon off; {user} worker_processes auto; pid {at}/pid; error_log {at}/error.log;
         events {{ worker_connections 512; }}
         http {{
           access_log off; sendfile on; tcp_nopush on; {temporary}
           server {{ listen {address}:{port}{ssl}; root {root}; {certificate} }}
         }}"
    )
}

/// A certificate for this machine that is its own authority.
fn make_certificate(directory: &Path) -> Result<PathBuf, Failure> {
    let program = machine::find("openssl").ok_or(Failure::Missing { program: "openssl" })?;
    // A certificate that may sign others is refused as a server's by strict clients.
    let text = "[req]\nprompt = no\ndistinguished_name = name\nx509_extensions = extensions\n\
                [name]\nCN = localhost\n[extensions]\nbasicConstraints = critical, CA:FALSE\n\
                subjectAltName = DNS:localhost, IP:127.0.0.1\n";
    let configuration = directory.join("openssl.conf");
    fs::write(&configuration, text).map_err(Failure::io("configure openssl"))?;
    let certificate = directory.join("ca.pem");
    let mut command = Command::new(program);
    command
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt"])
        .args(["ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
        .arg("-config")
        .arg(configuration)
        .arg("-keyout")
        .arg(directory.join("key.pem"))
        .arg("-out")
        .arg(&certificate);
    stdout_of(command)?;
    Ok(certificate)
}
