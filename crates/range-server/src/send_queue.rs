//! Owns the question how much of what was sent on a socket its peer has not acknowledged. Sends
//! nothing.

/// Bytes in a socket's send queue that are not acknowledged, or `None` when the system does not
/// tell. Linux lists them for every socket; asking one socket takes an `ioctl` that safe code has
/// no way to.
pub(crate) fn length(inode: u64) -> Option<u64> {
    ["/proc/self/net/tcp", "/proc/self/net/tcp6"]
        .into_iter()
        .find_map(|table| {
            #[expect(
                clippy::disallowed_methods,
                reason = "a table of the kernel's, and no file that is served"
            )]
            let table = std::fs::read_to_string(table).ok()?;
            table.lines().find_map(|line| send_queue(line, inode))
        })
}

/// The fifth field of the line with this inode: hexadecimal queue lengths, sent before received.
fn send_queue(line: &str, inode: u64) -> Option<u64> {
    let mut fields = line.split_ascii_whitespace();
    let queues = fields.nth(4)?;
    let found: u64 = fields.nth(4)?.parse().ok()?;
    let (sent, _) = queues.split_once(':')?;
    (found == inode).then(|| u64::from_str_radix(sent, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_table_is_read() {
        let line = "  1: 0100007F:1F90 0100007F:D2A4 01 0000ABCD:00000000 01:00000014 00000000  \
                    1000        0 4242 4 0000000000000000 20 4 30 10 -1";
        assert_eq!(send_queue(line, 4242), Some(0xabcd));
        assert_eq!(send_queue(line, 4243), None);
        let title = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt";
        assert_eq!(send_queue(title, 0), None);
    }

    #[test]
    fn a_socket_with_nothing_sent_has_an_empty_queue() {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let client = std::net::TcpStream::connect(socket.local_addr().unwrap()).unwrap();
        let inode = rustix::fs::fstat(&client).unwrap().st_ino;
        assert_eq!(length(inode), Some(0));
        assert_eq!(length(u64::MAX), None);
    }
}
