//! Owns a reply as the table judges it: its head, its content, and what was odd about how it came
//! over the connection. Judges nothing.

/// The answer of a server.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reply {
    /// The status code.
    pub(crate) status: u16,
    /// Names, in lower case, and values of the header fields.
    pub(crate) fields: Vec<(String, Vec<u8>)>,
    /// The content, or its beginning.
    pub(crate) content: Vec<u8>,
    /// True if the content was read to its end.
    pub(crate) is_complete: bool,
    /// The faults in how the message came.
    pub(crate) faults: Vec<WireFault>,
}

impl Reply {
    /// The first value of a field.
    pub(crate) fn field(&self, name: &str) -> Option<&[u8]> {
        let found = self.fields.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value.as_slice())
    }

    /// The value of `Content-Length`, if it is a number.
    pub(crate) fn content_length(&self) -> Option<u64> {
        str::from_utf8(self.field("content-length")?)
            .ok()?
            .parse()
            .ok()
    }

    /// The content coding, if there is one: `identity` is none.
    pub(crate) fn coding(&self) -> Option<&[u8]> {
        let coding = self.field("content-encoding")?.trim_ascii();
        let is_none = coding.is_empty() || coding.eq_ignore_ascii_case(b"identity");
        (!is_none).then_some(coding)
    }

    /// The number of bytes that were read.
    pub(crate) fn size(&self) -> u64 {
        size(&self.content)
    }
}

/// The number of bytes, as offsets are counted.
pub(super) fn size(content: &[u8]) -> u64 {
    u64::try_from(content.len()).expect("a length fits 64 bits")
}

/// A fault in how a message came over its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WireFault {
    /// Bytes followed the end of the message, though nothing had been asked.
    Surplus {
        /// The number of those that were seen.
        bytes: usize,
    },
    /// The connection was closed before the content was whole.
    Short {
        /// The bytes that had come.
        got: u64,
        /// The bytes that `Content-Length` announced; `None` for chunks without their end.
        announced: Option<u64>,
    },
    /// The content is not the chunks that `Transfer-Encoding` announces.
    NoChunks,
    /// Both `Content-Length` and `Transfer-Encoding` are there.
    LengthAndCoding,
    /// `Content-Length` is no number, or several.
    NoLength,
    /// The content ends with the connection.
    DelimitedByClose,
    /// `Connection: close`, and the connection stays open.
    CloseUndone,
}
