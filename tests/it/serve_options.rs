//! `sheave serve` as testers set it up: where it listens, what it adds, what it tells.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::Signal;
use serde_json::Value;

use crate::support::serving::{Serving, curl};
use crate::support::{files, program, wait};

#[test]
fn it_listens_where_it_is_told() {
    let root = files::directory();
    std::fs::write(root.path().join("a.txt"), "ä").unwrap();
    for (bind, host) in [
        ("0", "127.0.0.1"),
        (":0", "127.0.0.1"),
        ("localhost:0", "127.0.0.1"),
        ("0.0.0.0:0", "0.0.0.0"),
    ] {
        let serving = Serving::start(root.path(), &["--bind", bind]);
        assert!(
            serving.url("").starts_with(&format!("http://{host}:")),
            "{bind}"
        );
        let port = serving.address().rsplit_once(':').unwrap().1;
        let Some(output) = curl(&[&format!("http://127.0.0.1:{port}/a.txt")]) else {
            return;
        };
        assert_eq!(output.stdout, "ä".as_bytes(), "{bind}");
    }
}

fn ask(socket: &Path) -> String {
    let mut stream = UnixStream::connect(socket).unwrap();
    let head = "GET /synthetic/3 HTTP/1.1\r\nHost: upstream\r\nConnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).unwrap();
    String::from_utf8_lossy(&reply).into_owned()
}

#[test]
fn a_socket_with_a_path_comes_and_goes_with_it() {
    let root = files::directory();
    let socket = root.path().join("socket");
    let bind = format!("unix:{}", socket.display());
    let killed = Serving::start(root.path(), &["--bind", &bind]);
    drop(killed);
    assert!(socket.exists(), "left over by one that was killed");
    let mut serving = Serving::start(root.path(), &["--bind", &bind]);
    assert_eq!(serving.url(""), bind);
    assert!(ask(&socket).starts_with("HTTP/1.1 200 OK\r\n"));
    assert_eq!(serving.stop(Signal::TERM).code(), Some(0));
    assert!(!socket.exists());
}

#[test]
fn a_scenario_is_read_again_on_a_hangup() {
    let root = files::directory();
    let scenario = root.path().join("scenario.toml");
    std::fs::write(&scenario, "[[fault]]\neffect = \"status:503\"\n").unwrap();
    let options = ["--scenario", scenario.to_str().unwrap(), "--keep-requests"];
    let mut serving = Serving::start(root.path(), &options);
    let url = serving.url("/synthetic/3");
    let status = || {
        let output = curl(&["-o", "/dev/null", "-w", "%{http_code}", &url])?;
        Some(String::from_utf8(output.stdout).unwrap())
    };
    let Some(first) = status() else { return };
    assert_eq!(first, "503");
    std::fs::write(&scenario, "[[fault]]\neffect = \"status:404\"\n").unwrap();
    serving.signal(Signal::HUP);
    wait::until("the new scenario", || {
        (status().as_deref() == Some("404")).then_some(())
    });
    std::fs::write(&scenario, "nonsense").unwrap();
    serving.signal(Signal::HUP);
    assert_eq!(status().as_deref(), Some("404"), "the old one stays");

    let told = curl(&[&serving.url("/.sheave/requests")]).unwrap();
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    let requests = told["requests"].as_array().unwrap();
    assert_eq!(requests[0]["status"], 503);
    assert_eq!(requests[0]["faults"], serde_json::json!(["status"]));
    assert!(
        requests[0]["headers"]["user-agent"]
            .as_str()
            .unwrap()
            .starts_with("curl/")
    );
    assert_eq!(serving.stop(Signal::TERM).code(), Some(0));
}

#[test]
fn it_adds_fields_asks_for_a_password_and_logs_what_came() {
    let root = files::directory();
    let log = root.path().join("log");
    let options = [
        "--header",
        "X-Test: a b",
        "--basic-auth",
        "me:secret",
        "--cors",
        "--no-ranges",
        "--log-json",
        log.to_str().unwrap(),
    ];
    let mut serving = Serving::start(root.path(), &options);
    let url = serving.url("/synthetic/3");
    let common = ["-i", "-r", "0-0", "-H", "Origin: http://a.example"];
    let Some(refused) = curl(&[&common[..], &[&url]].concat()) else {
        return;
    };
    let refused = String::from_utf8_lossy(&refused.stdout).into_owned();
    assert!(refused.starts_with("HTTP/1.1 401 "), "{refused}");
    let answer = curl(&[&common[..], &["-u", "me:secret", &url]].concat()).unwrap();
    let answer = String::from_utf8_lossy(&answer.stdout).into_owned();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    for field in [
        "X-Test: a b\r\n",
        "Access-Control-Allow-Origin: *\r\n",
        "Content-Length: 3\r\n",
    ] {
        assert!(answer.contains(field), "{field} in {answer}");
    }
    assert_eq!(serving.stop(Signal::TERM).code(), Some(0));
    let log = std::fs::read_to_string(log).unwrap();
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[1]["headers"]["authorization"], "Basic ***");
    assert_eq!(lines[1]["headers"]["range"], "bytes=0-0");
    assert!(!log.contains("bWU6c2VjcmV0"), "{log}");
}

#[test]
fn a_log_named_by_a_dash_is_standard_output_behind_the_url() {
    let root = files::directory();
    let run = Command::new("sh")
        .args([
            "-c",
            "cd \"$1\" && exec \"$0\" serve -q --bind 0 --log-json - .",
        ])
        .arg(program::path())
        .arg(root.path())
        .stdout(Stdio::piped())
        .spawn();
    let mut serving = run.unwrap();
    let mut lines = BufReader::new(serving.stdout.take().unwrap()).lines();
    let url = lines.next().unwrap().unwrap();
    let mut client = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
    let request = "GET /synthetic/3 HTTP/1.1\r\nHost: localhost\r\n\r\n";
    client.write_all(request.as_bytes()).unwrap();
    let line: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!(line["path"], "/synthetic/3");
    serving.kill().unwrap();
    serving.wait().unwrap();
    assert!(files::names(root.path()).is_empty());
}
