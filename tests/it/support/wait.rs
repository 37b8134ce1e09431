//! Bounded waiting for something another process does.

use std::time::{Duration, Instant};

/// No wait in these tests is longer: a hang is a failure with a name.
pub(crate) const DEADLINE: Duration = Duration::from_mins(2);

/// Waits until `ready` gives a value.
pub(crate) fn until<T>(what: &str, mut ready: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(value) = ready() {
            return value;
        }
        assert!(
            start.elapsed() < DEADLINE,
            "{what} took longer than {DEADLINE:?}"
        );
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// A port that was free a moment ago, for programs that cannot choose one themselves.
pub(crate) fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// Waits until somebody listens on a port of this machine.
pub(crate) fn for_listener(port: u16) {
    until("listening", || {
        std::net::TcpStream::connect(("127.0.0.1", port)).ok()
    });
}
