//! Owns the servers of a benchmark: the program's own and others, started, waited for and stopped.
//! Knows no scenario.
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::failure::Failure;
use super::guardian::Undo;
use super::machine;
use super::workdir::{WorkDirectory, stdout_of};

const CERTIFICATE: &str = "ca.pem";
const KEY: &str = "key.pem";
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

/// The directory that a server serves, and its address.
pub(super) struct Site {
    pub(super) address: Ipv4Addr,
    pub(super) root: PathBuf,
    pub(super) tls: bool,
}

impl Server {
    pub(super) fn nginx(workdir: &WorkDirectory, site: &Site) -> Result<Self, Failure> {
        let program = machine::find("nginx").ok_or(Failure::Missing { program: "nginx" })?;
        Self::on_a_free_port(workdir, site, |directory, port| {
            let path = directory.join(format!("nginx-{port}.conf"));
            fs::write(&path, nginx_configuration(directory, site, port))?;
            let mut command = Command::new(program);
            command.arg("-c").arg(path);
            Ok(command)
        })
    }

    pub(super) fn caddy(workdir: &WorkDirectory, site: &Site) -> Result<Self, Failure> {
        let program = machine::find("caddy").ok_or(Failure::Missing { program: "caddy" })?;
        Self::on_a_free_port(workdir, site, |directory, port| {
            let path = directory.join(format!("Caddyfile-{port}"));
            fs::write(&path, caddy_configuration(directory, site, port))?;
            let mut command = Command::new(program);
            command
                .args(["run", "--adapter", "caddyfile", "--config"])
                .arg(path)
                .envs(["HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"].map(|name| (name, directory)));
            Ok(command)
        })
    }

    /// The file server of that name on crates.io. Its https is HTTP/2, where it is built in.
    pub(super) fn static_web_server(workdir: &WorkDirectory, site: &Site) -> Result<Self, Failure> {
        let program = "static-web-server";
        let program = machine::find(program).ok_or(Failure::Missing { program })?;
        Self::on_a_free_port(workdir, site, |_, port| {
            let mut command = Command::new(program);
            command
                .args(["--log-level", "error"])
                .args(["--host", &site.address.to_string()])
                .args(["--port", &port.to_string(), "--root"])
                .arg(&site.root);
            Ok(command)
        })
    }

    /// A server that is told where to listen, and tells nobody when it does.
    fn on_a_free_port(
        workdir: &WorkDirectory,
        site: &Site,
        command: impl FnOnce(&Path, u16) -> io::Result<Command>,
    ) -> Result<Self, Failure> {
        let &Site { address, tls, .. } = site;
        let directory = workdir.configuration();
        let certificate = tls.then(|| certificate(&directory)).transpose()?;
        let port = free_port(address).map_err(Failure::io("find a free port"))?;
        let mut command = command(&directory, port).map_err(Failure::io("configure a server"))?;
        let program = command.get_program().display().to_string();
        let child = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(Failure::io(format!("start {program}")))?;
        let host = if tls {
            "https://localhost".to_owned()
        } else {
            format!("http://{address}")
        };
        let server = Self {
            _undo: workdir.guardian().kill("TERM", &child),
            child,
            url: format!("{host}:{port}"),
            certificate,
        };
        wait_for(address, port).map_err(Failure::io(format!("reach {program}")))?;
        Ok(server)
    }

    /// `sheave serve`, serving the same.
    pub(super) fn sheave(
        program: &Path,
        workdir: &WorkDirectory,
        tls: bool,
    ) -> Result<Self, Failure> {
        let mut command = Command::new(program);
        command.args(["serve", "--quiet", "--bind", "127.0.0.1:0"]);
        let directory = workdir.configuration();
        let certificate = tls.then(|| certificate(&directory)).transpose()?;
        if let Some(certificate) = &certificate {
            command.args(["--tls", "--cert"]).arg(certificate);
            command.arg("--key").arg(directory.join(KEY));
        }
        let mut child = command
            .arg(workdir.source())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(Failure::io("start sheave serve"))?;
        let mut line = String::new();
        let stdout = child.stdout.take().expect("standard output is piped");
        let read = BufReader::new(stdout).read_line(&mut line);
        let server = Self {
            _undo: workdir.guardian().kill("TERM", &child),
            child,
            url: line.trim().to_owned(),
            certificate,
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

fn wait_for(address: Ipv4Addr, port: u16) -> io::Result<()> {
    let start = Instant::now();
    loop {
        match TcpStream::connect((address, port)) {
            Ok(_listens) => return Ok(()),
            Err(source) if start.elapsed() > PATIENCE => return Err(source),
            Err(_) => thread::sleep(Duration::from_millis(5)),
        }
    }
}

/// A port that was free a moment ago, for a program that cannot choose one itself.
fn free_port(address: Ipv4Addr) -> io::Result<u16> {
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
        let files = format!("ssl_certificate {at}/{CERTIFICATE}; ssl_certificate_key {at}/{KEY};");
        (" ssl", files)
    } else {
        ("", String::new())
    };
    format!(
        "daemon off; {user} worker_processes auto; pid {at}/pid-{port}; error_log {at}/error.log;
         events {{ worker_connections 512; }}
         http {{
           access_log off; sendfile on; tcp_nopush on; {temporary}
           server {{ listen {address}:{port}{ssl}; root {root}; {certificate} }}
         }}"
    )
}

fn caddy_configuration(at: &Path, site: &Site, port: u16) -> String {
    let Site { root, tls, .. } = site;
    let (at, root) = (at.display(), root.display());
    let (scheme, certificate) = if *tls {
        ("https", format!("tls {at}/{CERTIFICATE} {at}/{KEY}"))
    } else {
        ("http", String::new())
    };
    format!(
        "{{\n admin off\n auto_https off\n}}\n\
         {scheme}://:{port} {{\n bind {}\n {certificate}\n root * {root}\n file_server\n}}\n",
        site.address
    )
}

/// A certificate for this machine that is its own authority, the same for all servers.
fn certificate(directory: &Path) -> Result<PathBuf, Failure> {
    let certificate = directory.join(CERTIFICATE);
    if certificate.exists() {
        return Ok(certificate);
    }
    let program = machine::find("openssl").ok_or(Failure::Missing { program: "openssl" })?;
    // A certificate that may sign others is refused as a server's by strict clients.
    let text = "[req]\nprompt = no\ndistinguished_name = name\nx509_extensions = extensions\n\
                [name]\nCN = localhost\n[extensions]\nbasicConstraints = critical, CA:FALSE\n\
                subjectAltName = DNS:localhost, IP:127.0.0.1\n";
    let configuration = directory.join("openssl.conf");
    fs::write(&configuration, text).map_err(Failure::io("configure openssl"))?;
    let mut command = Command::new(program);
    command
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt"])
        .args(["ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
        .arg("-config")
        .arg(configuration)
        .arg("-keyout")
        .arg(directory.join(KEY))
        .arg("-out")
        .arg(&certificate);
    stdout_of(command)?;
    Ok(certificate)
}
