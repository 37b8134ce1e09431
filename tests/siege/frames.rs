//! Owns the frames of HTTP/2 that hostile clients send (RFC 9113 §6). Sends nothing.

/// The beginning of every connection.
pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Settings: none.
pub(crate) const NO_SETTINGS: &[u8] = &[];

/// Settings: nothing may be sent on a stream.
pub(crate) const WINDOW_0: &[u8] = &[0, 4, 0, 0, 0, 0];

/// Settings: as much as there is may be sent on a stream.
pub(crate) const WINDOW_ALL: &[u8] = &[0, 4, 0x7f, 0xff, 0xff, 0xff];

pub(crate) const HEADERS: u8 = 1;
pub(crate) const RESET: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PING: u8 = 6;
pub(crate) const WINDOW_UPDATE: u8 = 8;

/// A frame.
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

pub(crate) fn ping() -> Vec<u8> {
    frame(PING, 0, 0, b"12345678")
}

/// A request for a path of at most 126 bytes, without content.
pub(crate) fn get(stream: u32, path: &str) -> Vec<u8> {
    // `:method: GET` and `:scheme: https` of the static table, then two literals.
    let mut block = vec![0x82, 0x87, 0x01];
    for (literal, next) in [("localhost", Some(0x04)), (path, None)] {
        block.push(u8::try_from(literal.len()).unwrap());
        block.extend(literal.as_bytes());
        block.extend(next);
    }
    frame(HEADERS, 0x5, stream, &block)
}
