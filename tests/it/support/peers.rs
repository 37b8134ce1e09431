//! Apache, lighttpd, Caddy and Express as plain file servers on loopback, Varnish before another;
//! squid and microsocks as proxies.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::{files, wait};

/// A running server. Killed when dropped.
pub(crate) struct Peer {
    child: Child,
    port: u16,
    _directory: TempDir,
}

impl Peer {
    /// Apache with one process, as `apache2-bin` brings it.
    pub(crate) fn apache(root: &Path) -> Option<Self> {
        let modules = "/usr/lib/apache2/modules";
        Self::start("/usr/sbin/apache2", |at, port| {
            let (at, root) = (at.display(), root.display());
            let load = |name| format!("LoadModule {name}_module {modules}/mod_{name}.so\n");
            let configuration = format!(
                "{}{}ServerRoot {at}\nServerName localhost\nListen 127.0.0.1:{port}\n\
                 PidFile {at}/pid\nDefaultRuntimeDir {at}\nErrorLog {at}/error.log\n\
                 User www-data\nGroup www-data\n\
                 DocumentRoot {root}\n<Directory {root}>\nRequire all granted\n</Directory>\n",
                load("mpm_event"),
                load("authz_core"),
            );
            (configuration, vec!["-DFOREGROUND".into(), "-f".into()])
        })
    }

    /// lighttpd, with nothing but its core. It gives no validators to content without a type.
    pub(crate) fn lighttpd(root: &Path) -> Option<Self> {
        Self::start("/usr/sbin/lighttpd", |_, port| {
            let root = root.display();
            let configuration = format!(
                "server.document-root = \"{root}\"\nserver.bind = \"127.0.0.1\"\n\
                 server.port = {port}\n\
                 mimetype.assign = ( \"\" => \"application/octet-stream\" )\n"
            );
            (configuration, vec!["-D".into(), "-f".into()])
        })
    }

    /// Caddy's file server.
    pub(crate) fn caddy(root: &Path) -> Option<Self> {
        Self::start("/usr/bin/caddy", |_, port| {
            let root = root.display();
            let configuration = format!(
                "{{\nadmin off\nauto_https off\n}}\n\
                 http://127.0.0.1:{port} {{\nroot * {root}\nfile_server\n}}\n"
            );
            let arguments = ["run", "--adapter", "caddyfile", "--config"];
            (configuration, arguments.map(String::from).to_vec())
        })
    }

    /// Squid, as a proxy that keeps nothing.
    pub(crate) fn squid() -> Option<Self> {
        Self::start("/usr/sbin/squid", |at, port| {
            let at = at.display();
            let configuration = format!(
                "http_port 127.0.0.1:{port}\nhttp_access allow all\ncache deny all\n\
                 access_log none\ncache_log /dev/null\npid_filename {at}/pid\n\
                 coredump_dir {at}\nshutdown_lifetime 0 seconds\n\
                 visible_hostname localhost\nnetdb_filename none\n"
            );
            (configuration, vec!["-N".into(), "-f".into()])
        })
    }

    /// microsocks, which has no configuration.
    pub(crate) fn microsocks() -> Option<Self> {
        Self::start("/usr/bin/microsocks", |_, port| {
            let arguments = ["-i", "127.0.0.1", "-p", &port.to_string()];
            (String::new(), arguments.map(String::from).to_vec())
        })
    }

    /// Varnish before the server at this address, of which it keeps what it was given.
    pub(crate) fn varnish(origin: &str) -> Option<Self> {
        Self::start("/usr/sbin/varnishd", |at, port| {
            let (host, origin_port) = origin.split_once(':').unwrap();
            let configuration = format!(
                "vcl 4.1;\nbackend default {{ .host = \"{host}\"; .port = \"{origin_port}\"; }}\n"
            );
            let (at, listen) = (at.join("work"), format!("127.0.0.1:{port}"));
            let at = at.to_str().unwrap();
            let arguments = [
                "-F",
                "-n",
                at,
                "-a",
                &listen,
                "-j",
                "none",
                "-s",
                "malloc,16m",
                "-f",
            ];
            (configuration, arguments.map(String::from).to_vec())
        })
    }

    /// Returns what Express serves a directory with.
    pub(crate) fn express(root: &Path) -> Option<Self> {
        let express = "/usr/share/nodejs/express";
        needs::program(express)?;
        Self::start("/usr/bin/node", |_, port| {
            let root = root.display();
            let script = format!(
                "const express = require('express');\n\
                 express().use(express.static('{root}')).listen({port}, '127.0.0.1');\n"
            );
            (script, Vec::new())
        })
    }

    /// Starts a program with a configuration, whose path ends its arguments, or says loudly that
    /// it cannot.
    fn start(
        program: &str,
        configure: impl FnOnce(&Path, u16) -> (String, Vec<String>),
    ) -> Option<Self> {
        let program = needs::program(program)?;
        let directory = files::directory();
        let port = wait::free_port();
        let (configuration, arguments) = configure(directory.path(), port);
        let file = directory.path().join("configuration");
        std::fs::write(&file, configuration).unwrap();
        let child = Command::new(program)
            .args(arguments)
            .arg(file)
            .env("HOME", directory.path())
            .env("NODE_PATH", "/usr/share/nodejs")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        wait::for_listener(port);
        Some(Self {
            child,
            port,
            _directory: directory,
        })
    }

    pub(crate) fn url(&self, name: &str) -> String {
        format!("http://127.0.0.1:{}/{name}", self.port)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // SIGTERM lets a master stop its workers, which SIGKILL would leave behind.
        let id = rustix::process::Pid::from_child(&self.child);
        let _told = rustix::process::kill_process(id, rustix::process::Signal::TERM);
        let _reaped = self.child.wait();
    }
}
