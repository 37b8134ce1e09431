//! Sockets that somebody else has opened, as systemd passes them on (`sd_listen_fds(3)`), and that
//! have a path; and the server as the first process of an empty root, as in a container.

use std::io::{BufRead, BufReader, Read};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal};

use crate::support::serving::{Serving, curl};
use crate::support::{files, program, wait};

/// Starts `sheave serve` with so many copies of a socket passed on to it.
fn activated(socket: OwnedFd, count: usize) -> Child {
    let copies = ["3<&0", "4<&0"][..count].join(" ");
    let script = format!("LISTEN_PID=$$ LISTEN_FDS={count} exec \"$0\" serve --quiet / {copies}");
    Command::new("sh")
        .args(["-c", &script])
        .arg(program::path())
        .stdin(Stdio::from(socket))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn first_line(child: &mut Child) -> String {
    let mut line = String::new();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    output.read_line(&mut line).unwrap();
    line.trim_end().to_owned()
}

fn end(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_socket_that_was_passed_on_is_served() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut child = activated(listener.into(), 1);
    let url = first_line(&mut child);
    assert_eq!(url, format!("http://{address}"));
    if let Some(output) = curl(&[&format!("{url}/synthetic/3")]) {
        assert_eq!(output.stdout.len(), 3);
    }
    end(child);

    let directory = files::directory();
    let path = directory.path().join("socket");
    let mut child = activated(UnixListener::bind(&path).unwrap().into(), 1);
    assert_eq!(first_line(&mut child), format!("unix:{}", path.display()));
    ask_by_path(&path);
    end(child);
}

/// Any host is right there: no page can reach it.
fn ask_by_path(path: &Path) {
    let path = path.to_str().unwrap();
    for host in ["localhost", "files.example"] {
        let url = format!("http://{host}/synthetic/10");
        let Some(output) = curl(&[
            "--unix-socket",
            path,
            "-r",
            "2-5",
            "-w",
            "%{http_code}",
            &url,
        ]) else {
            return;
        };
        assert!(output.stdout.ends_with(b"206"), "{output:?}");
        assert_eq!(output.stdout.len(), 4 + 3, "{output:?}");
    }
}

#[test]
fn curl_asks_by_a_path() {
    let directory = files::directory();
    let path = directory.path().join("socket");
    let bind = format!("unix:{}", path.display());
    let _serving = Serving::start(directory.path(), &["--bind", &bind]);
    ask_by_path(&path);
}

#[test]
fn sockets_that_would_keep_clients_waiting_are_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let connection = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    for (socket, count, part) in [
        (connection.into(), 1, "does not listen"),
        (
            OwnedFd::from(listener),
            2,
            "2 sockets, and one can be served",
        ),
    ] {
        let mut child = activated(socket, count);
        wait::until("refusing", || child.try_wait().unwrap());
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains(part), "{said}");
        assert_eq!(output.status.code(), Some(3), "{said}");
    }
}

/// Puts the program into a root of its own, with what it needs of the system.
fn put_into(root: &Path) {
    let listed = Command::new("ldd").arg(program::path()).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let libraries = listed
        .split_whitespace()
        .filter(|word| word.starts_with('/'));
    for library in libraries {
        let into = root.join(library.trim_start_matches('/'));
        std::fs::create_dir_all(into.parent().unwrap()).unwrap();
        std::fs::copy(library, into).unwrap();
    }
    std::fs::copy(program::path(), root.join("sheave")).unwrap();
}

/// The recipe for containers in `docs/server.md`: its program is process 1 of a root that has
/// nothing else, and is asked to stop by SIGTERM.
#[test]
fn it_is_the_first_process_of_an_empty_root() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/server.md"));
    let page = page.unwrap();
    let recipe = page
        .split_once("docker run ")
        .expect("the page has a recipe")
        .1;
    let line = recipe
        .split_once("/sheave serve ")
        .expect("it runs the program")
        .1;
    let line = line.lines().next().unwrap();
    // The port is that of the container; here it has to be a free one.
    let port = wait::free_port();
    let line = line.replace(":8080", &format!(":{port}"));
    let root = files::directory();
    put_into(root.path());
    std::fs::create_dir(root.path().join("files")).unwrap();
    std::fs::write(root.path().join("files/a"), "from within").unwrap();
    let alone = [
        "--user",
        "--map-root-user",
        "--pid",
        "--fork",
        "--kill-child",
    ];
    let alone: &[&str] = if rustix::process::geteuid().is_root() {
        &alone[2..]
    } else {
        &alone
    };
    let tried = Command::new("unshare").args(alone).arg("true").output();
    if !tried.is_ok_and(|output| output.status.success()) {
        needs::unmet("a namespace by unshare", "not permitted");
        return;
    }
    let mut child = Command::new("unshare")
        .args(alone)
        .arg("chroot")
        .arg(root.path())
        .arg("/sheave")
        .arg("serve")
        .args(line.split_whitespace())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    assert_eq!(first_line(&mut child), format!("http://0.0.0.0:{port}"));
    let Some(output) = curl(&[&format!("http://127.0.0.1:{port}/a")]) else {
        return end(child);
    };
    assert_eq!(output.stdout, b"from within");
    // `unshare` has one child, which is process 1 within.
    let parent = child.id();
    let list = format!("/proc/{parent}/task/{parent}/children");
    let first = std::fs::read_to_string(list).unwrap();
    let first = Pid::from_raw(first.trim().parse().unwrap()).unwrap();
    rustix::process::kill_process(first, Signal::TERM).unwrap();
    let status = wait::until("stopping", || child.try_wait().unwrap());
    let mut said = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    assert_eq!(status.code(), Some(0), "{said}");
}
