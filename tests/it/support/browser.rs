//! A real browser, headless, driven over the `WebDriver` protocol. Knows no page.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::wait::DEADLINE;

/// The key of an element in the protocol (W3C `WebDriver` §12.1).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// One window of a browser of its own, closed when dropped.
pub(crate) struct Browser {
    driver: Child,
    port: u16,
    session: String,
    profile: TempDir,
}

/// The driver is started at most this many times, until it runs.
const STARTS: usize = 5;

type Lines = std::io::Lines<BufReader<ChildStdout>>;

/// Starts a driver; returns where it listens. `None` if it does not.
fn start_driver(program: &Path) -> Option<(Child, Lines, u16)> {
    let mut driver = Command::new(program)
        .arg("--port=0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
    let port = lines.find_map(|line| {
        let line = line.unwrap();
        let (_, port) = line.split_once("started successfully on port ")?;
        port.trim_end_matches('.').parse().ok()
    });
    let Some(port) = port else {
        driver.wait().unwrap();
        return None;
    };
    Some((driver, lines, port))
}

impl Browser {
    /// Opens a window that trusts any certificate, or `None` where there is no browser.
    pub(crate) fn open() -> Option<Self> {
        needs::program("chromium")?;
        let program = needs::program("chromedriver")?;
        // It takes a free port for IPv4 and gives up if the same one is taken for IPv6.
        let (driver, lines, port) = (0..STARTS)
            .find_map(|_| start_driver(&program))
            .expect("the driver says where it listens");
        // Its later output must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        let profile = tempfile::tempdir().unwrap();
        let mut browser = Self {
            driver,
            port,
            session: String::new(),
            profile,
        };
        let arguments = [
            "--headless".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-quic".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--no-first-run".to_owned(),
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--disable-sync".to_owned(),
            format!("--user-data-dir={}", browser.profile.path().display()),
        ];
        let capabilities = json!({ "capabilities": { "alwaysMatch": {
            "acceptInsecureCerts": true,
            "timeouts": { "script": 60_000, "pageLoad": 60_000, "implicit": 0 },
            "goog:chromeOptions": { "args": arguments },
        }}});
        let created = browser.call("POST", "/session", &capabilities);
        created["sessionId"]
            .as_str()
            .expect("a session has a name")
            .clone_into(&mut browser.session);
        Some(browser)
    }

    pub(crate) fn go_to(&self, url: &str) {
        self.command("POST", "/url", &json!({ "url": url }));
    }

    pub(crate) fn url(&self) -> String {
        let url = self.command("GET", "/url", &Value::Null);
        url.as_str().unwrap().to_owned()
    }

    pub(crate) fn title(&self) -> String {
        let title = self.command("GET", "/title", &Value::Null);
        title.as_str().unwrap().to_owned()
    }

    /// Clicks the link with this text.
    pub(crate) fn click(&self, text: &str) {
        self.click_element("partial link text", text);
    }

    /// Clicks the button with this text in it.
    pub(crate) fn press(&self, text: &str) {
        self.click_element("xpath", &format!("//button[contains(., '{text}')]"));
    }

    fn click_element(&self, using: &str, value: &str) {
        let element = json!({ "using": using, "value": value });
        let found = self.command("POST", "/element", &element);
        let id = found[ELEMENT].as_str().unwrap();
        self.command("POST", &format!("/element/{id}/click"), &json!({}));
    }

    /// Runs the body of a function in the page, and returns what it returns or promises.
    pub(crate) fn run(&self, script: &str) -> Value {
        let body = json!({ "script": script, "args": [] });
        self.command("POST", "/execute/sync", &body)
    }

    fn command(&self, method: &str, path: &str, body: &Value) -> Value {
        let path = format!("/session/{}{path}", self.session);
        self.call(method, &path, body)
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let (status, answer) = self.exchange(method, path, body).unwrap();
        let value = answer["value"].clone();
        assert_eq!(status, 200, "{method} {path}: {value}");
        value
    }

    fn exchange(&self, method: &str, path: &str, body: &Value) -> std::io::Result<(u16, Value)> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(DEADLINE))?;
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: localhost:{}\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.port,
            body.len()
        )?;
        let mut stream = BufReader::new(stream);
        let mut first = String::new();
        stream.read_line(&mut first)?;
        let status = first.split(' ').nth(1).and_then(|code| code.parse().ok());
        let mut length = 0;
        loop {
            let mut line = String::new();
            stream.read_line(&mut line)?;
            let Some((name, value)) = line.split_once(':') else {
                break;
            };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        let mut content = vec![0; length];
        stream.read_exact(&mut content)?;
        let answer = serde_json::from_slice(&content)?;
        Ok((status.unwrap_or(0), answer))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver closes the browser; killed, it would leave it behind.
        let path = format!("/session/{}", self.session);
        let _closed = self.exchange("DELETE", &path, &Value::Null);
        let _killed = self.driver.kill();
        let _reaped = self.driver.wait();
    }
}
