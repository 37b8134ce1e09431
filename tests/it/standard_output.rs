//! A file to standard output, in order, through a window in memory: whatever the server does and
//! whoever reads.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::site::Site;
use crate::support::versioned::faults;
use crate::support::{files, program, raw, wait};

const MIB: usize = 1 << 20;
const SEED: u64 = 5;

/// The program, whose standard output the test reads or not.
struct Piped {
    child: Child,
    output: Option<ChildStdout>,
    said: thread::JoinHandle<String>,
}

struct Ended {
    code: Option<i32>,
    read: Vec<u8>,
    said: String,
}

fn command<I: IntoIterator<Item: AsRef<OsStr>>>(arguments: I) -> Command {
    let mut command = Command::new("env");
    command.arg("--default-signal=INT,TERM,PIPE");
    command.arg(program::path()).arg("get").args(arguments);
    for name in ["http_proxy", "https_proxy", "all_proxy", "no_proxy"] {
        command.env_remove(name).env_remove(name.to_uppercase());
    }
    command.stdin(Stdio::null()).stderr(Stdio::piped());
    command
}

/// Starts `sheave get -o - ...`.
fn start(arguments: &[&str]) -> Piped {
    start_command(command(["-o", "-"].iter().chain(arguments)))
}

fn start_command(mut command: Command) -> Piped {
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut stderr = child.stderr.take().unwrap();
    let said = thread::spawn(move || {
        let mut said = String::new();
        stderr.read_to_string(&mut said).unwrap();
        said
    });
    Piped {
        output: child.stdout.take(),
        child,
        said,
    }
}

impl Piped {
    fn read(&mut self, bytes: usize) -> Vec<u8> {
        let mut read = vec![0; bytes];
        let output = self.output.as_mut().unwrap();
        output.read_exact(&mut read).unwrap();
        read
    }

    /// Reads what is left, and waits for the end.
    fn finish(mut self) -> Ended {
        let mut read = Vec::new();
        if let Some(mut output) = self.output.take() {
            output.read_to_end(&mut read).unwrap();
        }
        let status = wait::until("the program", || self.child.try_wait().unwrap());
        Ended {
            code: status.code(),
            read,
            said: self.said.join().unwrap(),
        }
    }

    /// Memory that is not backed by a file, in bytes.
    fn memory(&self) -> usize {
        let path = format!("/proc/{}/status", self.child.id());
        let status = fs::read_to_string(path).unwrap_or_default();
        let mut lines = status.lines();
        let line = lines.find_map(|line| line.strip_prefix("RssAnon:"));
        let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        kibibytes.unwrap_or(0_usize) << 10
    }
}

impl Ended {
    #[track_caller]
    fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}", self.said);
        self
    }

    #[track_caller]
    fn check(self, content: &[u8]) {
        let ended = self.expect(0);
        assert!(
            ended.read == content,
            "{} bytes: {}",
            ended.read.len(),
            ended.said
        );
    }
}

fn get(arguments: &[&str]) -> Ended {
    start(arguments).finish()
}

/// A server of one file, which knows what each request is for and what it may do with it.
fn serve<F>(answer: F) -> String
where
    F: Fn(&str, &mut TcpStream) -> std::io::Result<()> + Send + Sync + 'static,
{
    raw::serve_at("127.0.0.1", answer) + "/file.bin"
}

fn part(head: &str, stream: &mut TcpStream, content: &[u8], tag: &str) -> std::io::Result<()> {
    let (first, last) = raw::range(head, content.len()).expect("a range is asked for");
    write!(
        stream,
        "HTTP/1.1 206 Partial Content\r\nETag: \"{tag}\"\r\nContent-Length: {}\r\n\
         Content-Range: bytes {first}-{last}/{}\r\n\r\n",
        last + 1 - first,
        content.len()
    )?;
    stream.write_all(&content[first..=last])
}

#[test]
fn a_file_comes_in_order_whatever_the_server_can_do() {
    let served = files::directory();
    let path = files::create(&served.path().join("file.bin"), SEED, 24 * MIB as u64 + 77);
    let content = fs::read(&path).unwrap();
    let checksum = format!("sha-256={}", files::sha256(&path));
    let mirror = Site::of(served.path(), Vec::new());
    let mirror = mirror.url("/file.bin");
    let small = ["--window", "1MiB"];
    for (texts, more) in [
        (vec![], vec![]),
        (vec![], vec!["--checksum", &checksum]),
        (vec![], vec!["-x", "1"]),
        (vec![], vec!["-x", "1", "--window", "1MiB"]),
        (vec![], vec!["-x", "32", "--window", "1MiB"]),
        (vec![], vec!["--mirror", &mirror]),
        (vec![], vec!["--limit-rate", "20MiB", "--window", "1MiB"]),
        (vec!["ignore-range"], vec![]),
        (vec!["ignore-range"], small.to_vec()),
        (
            vec!["ignore-range"],
            vec!["--limit-rate", "20MiB", "--window", "1MiB"],
        ),
        (
            vec!["ignore-range", "content-length:chunked"],
            small.to_vec(),
        ),
        (vec!["range-cap:300KiB"], small.to_vec()),
        (vec!["cut:1MiB"], small.to_vec()),
        (vec!["rate:8MiB", "cut:5MiB,requests=1..=3"], vec![]),
        (vec!["ignore-range", "cut:5MiB,requests=1..=2"], vec![]),
        (vec!["status:503,requests=3..=5"], small.to_vec()),
        (vec!["status:403,requests=2.."], vec![]),
    ] {
        let site = Site::of(served.path(), faults(&texts));
        let url = site.url("/file.bin");
        let mut arguments = more.clone();
        arguments.push(&url);
        let ended = get(&arguments);
        assert_eq!(ended.code, Some(0), "{texts:?} {more:?}: {}", ended.said);
        assert!(ended.read == content, "{texts:?} {more:?}: {}", ended.said);
    }
    assert_eq!(files::names(served.path()), ["file.bin"], "nothing is left");
}

#[test]
fn standard_output_has_the_names_that_people_give_it() {
    let served = files::directory();
    fs::write(served.path().join("x"), "some bytes").unwrap();
    let site = Site::of(served.path(), Vec::new());
    let url = site.url("/x");
    let into = files::directory();
    for words in [
        vec!["-o", "-"],
        vec!["-o-"],
        vec!["-qO-"],
        vec!["-O", "-"],
        vec!["-O-"],
        vec!["-q", "-O", "-"],
        vec!["--output-document=-"],
        vec!["--out=-"],
        vec!["-o", "/dev/stdout"],
        vec!["-o", "/dev/fd/1"],
        // These are about files, and there is none.
        vec![
            "-o",
            "-",
            "--exists",
            "error",
            "--remote-time",
            "--no-sync",
            "--no-resume",
        ],
        vec![
            "-o",
            "-",
            "-d",
            "nowhere",
            "--create-dirs",
            "--write",
            "mapped",
        ],
        vec!["-o", "-", "-f", "-L", "-S", "--overwrite"],
    ] {
        let mut command = command(words.iter().chain(&[url.as_str()]));
        command.current_dir(into.path());
        let ended = start_command(command).finish();
        assert_eq!(ended.read, b"some bytes", "{words:?}: {}", ended.said);
        ended.expect(0);
        assert_eq!(files::names(into.path()), [""; 0], "{words:?}");
    }
}

#[test]
fn what_cannot_go_together_with_standard_output_is_answered_in_one_line() {
    for (words, answer) in [
        (
            vec!["--json"],
            "--output - and --json both write to standard output",
        ),
        (
            vec!["-c"],
            "--continue cannot go on with what standard output was given",
        ),
        (vec!["-C", "-"], "--continue cannot go on"),
        (vec!["--window", "1000"], "--window 1000 B is too small"),
    ] {
        let mut arguments = words.clone();
        arguments.push("http://127.0.0.1:1/x");
        let ended = get(&arguments).expect(2);
        assert!(ended.said.contains(answer), "{words:?}: {}", ended.said);
        assert_eq!(ended.said.lines().count(), 1, "{}", ended.said);
    }
}

#[test]
fn several_files_follow_one_another_and_the_first_that_fails_is_the_end() {
    let served = files::directory();
    for name in ["a", "b"] {
        fs::write(served.path().join(name), name.repeat(3)).unwrap();
    }
    let site = Site::of(served.path(), Vec::new());
    let [a, b, none] = ["/a", "/b", "/none"].map(|path| site.url(path));
    get(&[&a, &b, &a]).check(b"aaabbbaaa");
    let ended = get(&[&a, &none, &b]).expect(4);
    assert_eq!(ended.read, b"aaa");
    assert!(ended.said.contains("nothing was written"), "{}", ended.said);
}

#[test]
fn a_reader_that_has_enough_ends_it_quietly() {
    let site = Site::synthetic(Vec::new());
    let url = site.url("/synthetic/512MiB");
    for signal in [false, true] {
        let mut piped = start(&["-q", &url]);
        piped.read(1);
        if signal {
            piped.output = None;
        } else {
            let mut head = Command::new("head");
            head.args(["-c", "1"]).stdin(piped.output.take().unwrap());
            assert!(head.stdout(Stdio::null()).status().unwrap().success());
        }
        let ended = piped.finish().expect(141);
        assert_eq!(ended.said, "");
    }
}

#[test]
fn a_slow_reader_holds_the_download_up_and_costs_no_more_memory_than_the_window() {
    const LENGTH: usize = 200 * MIB;
    static SENT: AtomicU64 = AtomicU64::new(0);
    let content: Arc<[u8]> = files::bytes(SEED, LENGTH).into();
    let sent = Arc::clone(&content);
    let url = serve(move |head, stream| {
        let (first, last) = raw::range(head, LENGTH).unwrap();
        write!(
            stream,
            "HTTP/1.1 206 Partial Content\r\nETag: \"a\"\r\nContent-Length: {}\r\n\
             Content-Range: bytes {first}-{last}/{LENGTH}\r\n\r\n",
            last + 1 - first
        )?;
        for piece in sent[first..=last].chunks(64 << 10) {
            stream.write_all(piece)?;
            SENT.fetch_add(piece.len() as u64, Ordering::Relaxed);
        }
        Ok(())
    });
    let mut piped = start(&["-x", "4", "--window", "8MiB", "--stall-timeout", "1s", &url]);
    let mut read = piped.read(MIB);
    // It stops: nothing is sent for a second.
    let mut before = (0, Instant::now());
    wait::until("the server's silence", || {
        let sent = SENT.load(Ordering::Relaxed);
        if sent != before.0 {
            before = (sent, Instant::now());
        }
        (before.1.elapsed() > Duration::from_secs(1)).then_some(())
    });
    let most = piped.memory();
    assert!(before.0 < 64 * MIB as u64, "{} bytes were sent", before.0);
    let mut peak = most;
    while read.len() < LENGTH {
        let more = (LENGTH - read.len()).min(2 * MIB);
        read.extend(piped.read(more));
        peak = peak.max(piped.memory());
    }
    let ended = piped.finish();
    assert!(
        ended.code == Some(0) && ended.read.is_empty(),
        "{}",
        ended.said
    );
    assert!(read[..] == content[..], "the bytes are wrong");
    // The window, pieces, buffers of connections, and the program itself.
    assert!(peak < 40 * MIB, "{peak} bytes of memory");
}

/// Serves a file, and closes a connection that takes nothing for a second.
fn impatient(
    head: &str,
    stream: &mut TcpStream,
    content: &[u8],
    has_ranges: bool,
) -> std::io::Result<()> {
    stream.set_write_timeout(Some(Duration::from_secs(1)))?;
    if has_ranges {
        return part(head, stream, content, "a");
    }
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n",
        content.len()
    )?;
    stream.write_all(content)
}

#[test]
fn a_connection_that_is_closed_while_the_reader_pauses_costs_no_try() {
    const LENGTH: usize = 48 * MIB;
    static CLOSED: AtomicUsize = AtomicUsize::new(0);
    let content: Arc<[u8]> = files::bytes(SEED, LENGTH).into();
    for has_ranges in [true, false] {
        let served = Arc::clone(&content);
        let url = serve(move |head, stream| {
            let sent = impatient(head, stream, &served, has_ranges);
            let timeout = |error: &std::io::Error| {
                matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
            };
            if sent.as_ref().is_err_and(timeout) {
                CLOSED.fetch_add(1, Ordering::Relaxed);
            }
            sent
        });
        let closed = CLOSED.load(Ordering::Relaxed);
        let arguments = [
            "-v",
            "-x",
            "1",
            "--window",
            "2MiB",
            "--max-tries",
            "1",
            &url,
        ];
        let mut piped = start(&arguments);
        let mut read = piped.read(MIB);
        wait::until("the server's patience", || {
            (CLOSED.load(Ordering::Relaxed) > closed).then_some(())
        });
        // The reader pauses for as long as makes it no failure.
        thread::sleep(Duration::from_millis(1200));
        let ended = {
            let mut ended = piped.finish();
            read.append(&mut ended.read);
            ended
        };
        assert_eq!(ended.code, Some(0), "{has_ranges}: {}", ended.said);
        assert!(read[..] == content[..], "{has_ranges}: the bytes are wrong");
        assert!(!ended.said.contains("trying again"), "{}", ended.said);
    }
}

#[test]
fn an_error_in_the_middle_tells_how_much_was_written() {
    const LENGTH: usize = 8 * MIB;
    let content: Arc<[u8]> = files::bytes(SEED, LENGTH).into();
    let served = Arc::clone(&content);
    let requests = AtomicUsize::new(0);
    let url = serve(move |head, stream| {
        if requests.fetch_add(1, Ordering::Relaxed) > 0 {
            return Err(ErrorKind::ConnectionAborted.into());
        }
        assert_eq!(raw::range(head, LENGTH), Some((0, LENGTH - 1)));
        write!(
            stream,
            "HTTP/1.1 206 Partial Content\r\nETag: \"a\"\r\nContent-Length: {LENGTH}\r\n\
             Content-Range: bytes 0-{}/{LENGTH}\r\n\r\n",
            LENGTH - 1
        )?;
        stream.write_all(&served[..3_000_000])?;
        Err(ErrorKind::ConnectionAborted.into())
    });
    let ended = get(&["-q", "-x", "1", "--max-tries", "2", &url]).expect(3);
    assert!(content.starts_with(&ended.read), "the bytes are wrong");
    assert!(!ended.read.is_empty());
    let says = format!("; {} bytes were written\n", ended.read.len());
    assert!(
        ended.said.ends_with(&says),
        "{}: {}",
        ended.read.len(),
        ended.said
    );
    assert_eq!(ended.said.lines().count(), 1, "{}", ended.said);
}

#[test]
fn a_file_that_changes_after_bytes_were_written_is_an_error_and_never_mixed() {
    const LENGTH: usize = 32 * MIB;
    let versions: Arc<[Vec<u8>; 2]> = [SEED, SEED + 1]
        .map(|seed| files::bytes(seed, LENGTH))
        .into();
    for has_ranges in [true, false] {
        let served = Arc::clone(&versions);
        let requests = AtomicUsize::new(0);
        let url = serve(move |head, stream| {
            let number = requests.fetch_add(1, Ordering::Relaxed);
            let version = usize::from(number > 0);
            if has_ranges && number > 0 {
                return part(head, stream, &served[version], "new");
            }
            let head = if has_ranges {
                let last = LENGTH - 1;
                format!("206 Part\r\nETag: \"old\"\r\nContent-Range: bytes 0-{last}/{LENGTH}")
            } else {
                "200 OK".to_owned()
            };
            write!(
                stream,
                "HTTP/1.1 {head}\r\nContent-Length: {LENGTH}\r\n\r\n"
            )?;
            let most = if number == 0 { 10_000_000 } else { LENGTH };
            stream.write_all(&served[version][..most])?;
            if number == 0 {
                return Err(ErrorKind::ConnectionAborted.into());
            }
            Ok(())
        });
        let mut piped = start(&["-q", "-x", "4", "--window", "1MiB", &url]);
        let mut read = piped.read(4 * MIB);
        let mut ended = piped.finish();
        read.append(&mut ended.read);
        assert_eq!(ended.code, Some(5), "{has_ranges}: {}", ended.said);
        assert!(
            versions[0].starts_with(&read),
            "{has_ranges}: the bytes are mixed"
        );
        let says = format!("; {} bytes were written\n", read.len());
        assert!(ended.said.ends_with(&says), "{has_ranges}: {}", ended.said);
    }
}

/// As of hosts behind a balancer whose tags are made of inodes.
#[test]
fn a_server_with_another_tag_for_each_reply_gives_one_stream() {
    const LENGTH: usize = 8 * MIB;
    let content: Arc<[u8]> = files::bytes(SEED, LENGTH).into();
    let served = Arc::clone(&content);
    let requests = AtomicUsize::new(0);
    let url = serve(move |head, stream| {
        let number = requests.fetch_add(1, Ordering::Relaxed);
        if raw::range(head, LENGTH).is_some() {
            return part(head, stream, &served, &number.to_string());
        }
        write!(
            stream,
            "HTTP/1.1 200 OK\r\nETag: \"{number}\"\r\nContent-Length: {LENGTH}\r\n\r\n"
        )?;
        stream.write_all(&served)
    });
    get(&["-x", "4", &url]).check(&content);
}

#[test]
fn a_wrong_digest_is_told_at_the_end() {
    let site = Site::synthetic(Vec::new());
    let url = site.url("/synthetic/3MiB");
    let checksum = format!("sha-256={}", "0".repeat(64));
    let ended = get(&["-q", "--checksum", &checksum, &url]).expect(6);
    assert_eq!(ended.read.len(), 3 * MIB);
    assert!(
        ended.said.ends_with("; 3145728 bytes were written\n"),
        "{}",
        ended.said
    );
}

#[test]
fn what_does_not_take_it_is_told_of() {
    let site = Site::synthetic(Vec::new());
    let url = site.url("/synthetic/3MiB");
    let mut full = command(["-q", "-o", "-", &url]);
    full.stdout(File::options().write(true).open("/dev/full").unwrap());
    let output = full.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(7), "{said}");
    let says = "could not write to the output: No space left on device (os error 28); nothing was";
    assert!(said.contains(says), "{said}");
}

#[test]
fn a_signal_ends_it_while_nobody_reads() {
    let site = Site::synthetic(Vec::new());
    let url = site.url("/synthetic/512MiB");
    let mut piped = start(&["-q", "--window", "1MiB", &url]);
    piped.read(MIB);
    thread::sleep(Duration::from_millis(200));
    kill_process(Pid::from_child(&piped.child), Signal::INT).unwrap();
    let sent = Instant::now();
    let status = wait::until("the end", || piped.child.try_wait().unwrap());
    assert_eq!(status.code(), Some(130));
    assert!(
        sent.elapsed() < Duration::from_secs(20),
        "{:?}",
        sent.elapsed()
    );
}

#[test]
fn a_pipe_with_a_name_is_written_to_by_the_shell_and_the_answer_says_so() {
    let site = Site::synthetic(Vec::new());
    let url = site.url("/synthetic/3MiB");
    let directory = files::directory();
    let pipe = directory.path().join("pipe");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let ran = program::get(&url, directory.path(), &["-o", "pipe"]).expect(8);
    assert!(
        ran.stderr.contains("-o - writes to standard output"),
        "{}",
        ran.stderr
    );
    let script = "\"$0\" get -q -o - \"$1\" > \"$2\" & cat \"$2\" | wc -c; wait $!";
    let mut shell = Command::new("sh");
    shell
        .args(["-c", script])
        .arg(program::path())
        .arg(&url)
        .arg(&pipe);
    let output = shell.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "3145728");
}

#[test]
fn an_archive_is_unpacked_on_the_way() {
    let served = files::directory();
    for name in ["one", "two"] {
        files::create(&served.path().join(name), SEED, 3 * MIB as u64);
    }
    let pack = |archive: &str| {
        let mut tar = Command::new("tar");
        tar.args(["czf", archive, "one", "two"])
            .current_dir(served.path());
        assert!(tar.status().unwrap().success());
    };
    pack("both.tar.gz");
    let site = Site::of(served.path(), Vec::new());
    let into = files::directory();
    let script = "\"$0\" get -q -o - \"$1\" | tar xz -C \"$2\"";
    let unpack = |into: &Path| {
        let mut shell = Command::new("sh");
        let url = site.url("/both.tar.gz");
        shell
            .args(["-c", script])
            .arg(program::path())
            .arg(url)
            .arg(into);
        shell.status().unwrap()
    };
    assert!(unpack(into.path()).success());
    assert_eq!(files::names(into.path()), ["one", "two"]);
    for name in ["one", "two"] {
        let [there, here] = [&served, &into].map(|at| files::sha256(&at.path().join(name)));
        assert_eq!(there, here, "{name}");
    }
}
