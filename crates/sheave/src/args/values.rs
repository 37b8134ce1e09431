//! Owns how values on the command line are read. Knows no argument by its name.

use accelerator::{
    ByteCount, BytesPerSecond, InvalidPin, Pin, RateLimit, Settings, TlsVersion, WriteMode,
};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use range_server::{InvalidRange, Profile};

/// `auto`, or the most connections that are to be used.
pub(super) fn connections(text: &str) -> Result<u16, String> {
    if text == AUTO {
        return Ok(Settings::default().connections);
    }
    let most = text.parse().ok();
    let most = most.filter(|most| (1..=Settings::CONNECTIONS_MAX).contains(most));
    most.ok_or_else(|| {
        let limit = Settings::CONNECTIONS_MAX;
        format!("use a number from 1 to {limit}, or {AUTO}")
    })
}

/// What leaves the choice to the library.
pub(super) const AUTO: &str = "auto";

/// How the part file is written.
pub(super) fn write_mode() -> impl TypedValueParser<Value = WriteMode> {
    PossibleValuesParser::new([AUTO, "mapped", "positioned"]).map(|text| match text.as_str() {
        "mapped" => WriteMode::Mapped,
        "positioned" => WriteMode::Positioned,
        _ => WriteMode::default(),
    })
}

/// The oldest TLS.
pub(super) fn tls_version() -> impl TypedValueParser<Value = TlsVersion> {
    PossibleValuesParser::new(["1.2", "1.3"]).map(|text| match text.as_str() {
        "1.3" => TlsVersion::V1_3,
        _ => TlsVersion::V1_2,
    })
}

/// Keys that servers may have.
pub(super) fn pins(text: &str) -> Result<Vec<Pin>, InvalidPin> {
    text.split(';').map(Pin::parse).collect()
}

/// What a malformed `Range` is answered with.
pub(super) fn invalid_range() -> impl TypedValueParser<Value = InvalidRange> {
    PossibleValuesParser::new(["ignore", "reject"]).map(|text| match text.as_str() {
        "reject" => InvalidRange::Reject,
        _ => InvalidRange::Ignore,
    })
}

/// A server to imitate.
pub(super) fn profile(text: &str) -> Result<Profile, String> {
    Profile::parse(text).ok_or_else(|| {
        let names = Profile::ALL.map(Profile::name).join(", ");
        format!("use one of {names}")
    })
}

/// The size of a demo. Smaller files are one segment of few blocks, of which an interruption leaves
/// too little to show.
pub(super) fn demo_size(text: &str) -> Result<ByteCount, String> {
    match ByteCount::parse(text) {
        Ok(size) if size < ByteCount(16 << 20) => Err("the demo needs 16MiB or more".to_owned()),
        Ok(size) => Ok(size),
        Err(error) => Err(error.to_string()),
    }
}

/// A number of bytes.
pub(super) fn size(text: &str) -> Result<ByteCount, String> {
    ByteCount::parse(text).map_err(|error| error.to_string())
}

/// A limit on the bytes of a second.
pub(super) fn limit(text: &str) -> Result<RateLimit, String> {
    let ByteCount(bytes) = ByteCount::parse(text).map_err(|error| error.to_string())?;
    let limit = RateLimit::new(BytesPerSecond(bytes));
    limit.ok_or_else(|| "a rate of zero never ends".to_owned())
}

/// The same, as a rate.
pub(super) fn rate(text: &str) -> Result<BytesPerSecond, String> {
    limit(text).map(|limit| BytesPerSecond(limit.get()))
}
