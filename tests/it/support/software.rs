//! Owns the servers and caches whose answers `docs/servers.md` compares: how each is started with
//! as little configuration as it takes, and which package has it. Asserts nothing.

mod list;

use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::{files, wait};
pub(crate) use list::ALL;

/// The directory that packages of npm are put into by `cargo xtask servers`, from the root of the
/// workspace.
const NPM: &str = "target/peers/node_modules";

/// The way a server is started.
#[derive(Clone, Copy)]
enum Start {
    /// A program of its own, with arguments; `ROOT`, `PORT`, `AT` and `CONFIGURATION` are
    /// filled in.
    Program(&'static [&'static str]),
    /// A script for the interpreter of the system's packages, which is told root and port.
    Python(&'static str),
    /// A script for node, likewise.
    Node(&'static str),
}

/// One server.
#[derive(Clone, Copy)]
pub(crate) struct Software {
    /// As the page names it.
    pub(crate) name: &'static str,
    /// The package that has it: of Debian, or with `npm:` in front.
    package: &'static str,
    /// The text of a file that it is configured by.
    configuration: &'static str,
    start: Start,
    /// True if it stands in front of another, which is given as `ROOT`.
    pub(crate) is_cache: bool,
}

/// A running server. Stopped when dropped.
pub(crate) struct Running {
    child: Child,
    port: u16,
    _directory: tempfile::TempDir,
}

impl Software {
    /// The version that is installed here, if one is.
    pub(crate) fn version(&self) -> Option<String> {
        if let Some(package) = self.package.strip_prefix("npm:") {
            let text = std::fs::read_to_string(npm().join(package).join("package.json")).ok()?;
            let value: serde_json::Value = serde_json::from_str(&text).unwrap();
            return Some(value["version"].as_str().unwrap().to_owned());
        }
        let query = ["-W", "-f", "${db:Status-Status} ${Version}", self.package];
        let output = Command::new("dpkg-query").args(query).output().ok()?;
        let text = String::from_utf8(output.stdout).unwrap();
        let version = text.strip_prefix("installed ")?;
        // Without the epoch in front, and what Debian adds.
        let version = version.rsplit(':').next().unwrap();
        let version = version
            .rsplit_once('-')
            .map_or(version, |(version, _)| version);
        Some(version.split('+').next().unwrap().to_owned())
    }

    /// The package, as people name it.
    pub(crate) fn package(&self) -> &'static str {
        self.package.strip_prefix("npm:").unwrap_or(self.package)
    }

    /// True if CI has it; the others are of npm.
    pub(crate) fn is_of_debian(&self) -> bool {
        !self.package.starts_with("npm:")
    }

    /// Starts it before a directory, or before the server at a port.
    pub(crate) fn start(&self, root: &str) -> Running {
        let directory = files::directory();
        let at = directory.path();
        let port = wait::free_port();
        let script = match self.start {
            Start::Program(_) => self.configuration.to_owned(),
            Start::Python(text) => {
                format!("import sys\nroot, port = sys.argv[1], int(sys.argv[2])\n{text}")
            }
            Start::Node(text) => {
                format!("const [root, port] = [process.argv[2], +process.argv[3]];\n{text}")
            }
        };
        let configuration = at.join("configuration");
        let fill = |text: &str| {
            let text = text.replace("CONFIGURATION", configuration.to_str().unwrap());
            let text = text.replace("NPM", npm().to_str().unwrap());
            let text = text.replace("PATHS", &temporary_paths(at));
            let text = text.replace("USER", user(self.name));
            let text = text
                .replace("ROOT", root)
                .replace("PORT", &port.to_string());
            text.replace("AT/", &format!("{}/", at.display()))
                .replace("Root AT", &format!("Root {}", at.display()))
                .replace("Dir AT", &format!("Dir {}", at.display()))
                .replace("_dir AT", &format!("_dir {}", at.display()))
        };
        std::fs::write(&configuration, fill(&script)).unwrap();
        let arguments: Vec<String> = match self.start {
            Start::Program(arguments) => arguments.iter().map(|text| fill(text)).collect(),
            Start::Python(_) => ["/usr/bin/python3", "CONFIGURATION", "ROOT", "PORT"]
                .map(fill)
                .into(),
            Start::Node(_) => ["/usr/bin/node", "CONFIGURATION", "ROOT", "PORT"]
                .map(fill)
                .into(),
        };
        let child = Command::new(&arguments[0])
            .args(&arguments[1..])
            .env("HOME", at)
            .env("NODE_PATH", "/usr/share/nodejs")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        wait::until("answering", || is_answering(port).ok()?.then_some(()));
        Running {
            child,
            port,
            _directory: directory,
        }
    }
}

/// Reports whether a request is answered there: some try a port before they serve on it.
fn is_answering(port: u16) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.write_all(b"HEAD / HTTP/1.0\r\n\r\n")?;
    Ok(stream.read(&mut [0])? > 0)
}

fn npm() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .join(NPM)
}

/// The places for what nginx keeps on the disk.
fn temporary_paths(at: &Path) -> String {
    let mut text = String::new();
    for kind in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
        let _ = write!(text, "{kind}_temp_path {}/{kind}; ", at.display());
    }
    text
}

/// The user it runs as: a directory of root is not everybody's.
fn user(name: &str) -> &'static str {
    match (rustix::process::getuid().is_root(), name) {
        (false, _) => "",
        (true, "H2O") => "user: root",
        (true, _) => "user root;",
    }
}

impl Running {
    pub(crate) fn url(&self, name: &str) -> String {
        format!("http://127.0.0.1:{}/{name}", self.port)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // SIGTERM lets a master stop its workers, which SIGKILL would leave behind.
        let id = rustix::process::Pid::from_child(&self.child);
        let _told = rustix::process::kill_process(id, rustix::process::Signal::TERM);
        let _reaped = self.child.wait();
    }
}
