//! Owns the parsing of values on the command line. Knows no argument by its name.

use std::net::IpAddr;
use std::num::{NonZeroU16, NonZeroU64};
use std::path::PathBuf;

use accelerator::{
    ByteCount, BytesPerSecond, Exists, InvalidPin, Pin, RateLimit, Settings, TlsVersion, WriteMode,
};
use catalog::limits::PIECE_BYTES_LEAST;
use clap::builder::{PathBufValueParser, PossibleValuesParser, TypedValueParser};
use range_server::http::header::{
    CONNECTION, CONTENT_LENGTH, CONTENT_RANGE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use range_server::http::{HeaderName, HeaderValue};
use range_server::{InvalidRange, Login, Profile};
use url::Url;

/// The most connections, as the user says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Connections {
    /// The number.
    pub(crate) most: u16,
    /// True if the user leaves it to the program.
    pub(crate) is_auto: bool,
}

/// Parses `auto`, or the maximum number of connections.
pub(super) fn connections(text: &str) -> Result<Connections, String> {
    if text == AUTO {
        return Ok(Connections {
            most: Settings::default().connections,
            is_auto: true,
        });
    }
    if text.contains("://") {
        return Err("that is a URL, and --proxy takes one".to_owned());
    }
    if text.contains(':') {
        return Err("that is no number; a proxy follows --proxy".to_owned());
    }
    let most = text.parse().ok();
    let most = most.filter(|most| (1..=Settings::CONNECTIONS_MAX).contains(most));
    let most = most.ok_or_else(|| {
        let limit = Settings::CONNECTIONS_MAX;
        format!("use a number from 1 to {limit}, or {AUTO}")
    })?;
    Ok(Connections {
        most,
        is_auto: false,
    })
}

/// Parses a number that is at least one.
pub(super) fn from_one_to(most: u32) -> impl Fn(&str) -> Result<u32, String> + Clone {
    move |text| {
        let number = text
            .parse()
            .ok()
            .filter(|number| (1..=most).contains(number));
        number.ok_or_else(|| format!("use a number from 1 to {most}"))
    }
}

/// Parses a number that is at least one. More than can be counted is as good as what can.
pub(super) fn from_one(text: &str) -> Result<u32, &'static str> {
    let number = text.parse().ok().filter(|number: &u64| *number > 0);
    let number = number.ok_or("use a number, 1 or more")?;
    Ok(u32::try_from(number).unwrap_or(u32::MAX))
}

/// The value that leaves the choice to the library.
pub(super) const AUTO: &str = "auto";

/// Parses the way in which the part file is written.
pub(super) fn write_mode() -> impl TypedValueParser<Value = WriteMode> {
    PossibleValuesParser::new([AUTO, "mapped", "positioned"]).map(|text| match text.as_str() {
        "mapped" => WriteMode::Mapped,
        "positioned" => WriteMode::Positioned,
        _ => WriteMode::default(),
    })
}

/// Parses what is done about a file that exists.
pub(super) fn exists() -> impl TypedValueParser<Value = Exists> {
    let names = ["error", "skip", "verify", "continue", "overwrite", "rename"];
    PossibleValuesParser::new(names).map(|text| match text.as_str() {
        "error" => Exists::Error,
        "skip" => Exists::Skip,
        "continue" => Exists::Continue,
        "overwrite" => Exists::Overwrite,
        "rename" => Exists::Rename,
        _ => Exists::Verify,
    })
}

/// Parses the oldest acceptable TLS version.
pub(super) fn tls_version() -> impl TypedValueParser<Value = TlsVersion> {
    PossibleValuesParser::new(["1.2", "1.3"]).map(|text| match text.as_str() {
        "1.3" => TlsVersion::V1_3,
        _ => TlsVersion::V1_2,
    })
}

/// Parses the keys that servers may have, separated by `;`.
pub(super) fn pins(text: &str) -> Result<Vec<Pin>, InvalidPin> {
    text.split(';').map(Pin::parse).collect()
}

/// Parses the answer to a malformed `Range`.
pub(super) fn invalid_range() -> impl TypedValueParser<Value = InvalidRange> {
    PossibleValuesParser::new(["ignore", "reject"]).map(|text| match text.as_str() {
        "reject" => InvalidRange::Reject,
        _ => InvalidRange::Ignore,
    })
}

/// A host as `--host` takes it: without scheme, port and path.
pub(super) fn host(text: &str) -> Result<String, String> {
    let name = text.strip_prefix("*.").unwrap_or(text);
    let name = name
        .strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'))
        .unwrap_or(name);
    let is_name = |name: &str| {
        let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        !name.is_empty() && name.bytes().all(is_fit)
    };
    if name
        .parse::<IpAddr>()
        .is_ok_and(|address| address.is_unspecified())
    {
        return Err(format!(
            "that is no host to ask for; to listen there use --bind {text}"
        ));
    }
    if text == "*" || is_name(name) || name.parse::<IpAddr>().is_ok() {
        Ok(text.to_owned())
    } else {
        Err("a host is a name or an address, without scheme and port".to_owned())
    }
}

/// Parses a name and a password.
pub(super) fn login(text: &str) -> Result<Login, String> {
    Login::parse(text).ok_or_else(|| "a password follows the name, after a colon".to_owned())
}

/// Parses the origin of pages, or `*` for any.
pub(super) fn origin(text: &str) -> Result<String, String> {
    let wrong = || "an origin is a scheme and a host, as in https://app.example".to_owned();
    if text == "*" || text == "null" {
        return Ok(text.to_owned());
    }
    let url = Url::parse(text).map_err(|_| wrong())?;
    let origin = url.origin();
    let is_origin = origin.is_tuple() && text.trim_end_matches('/').matches('/').count() == 2;
    is_origin
        .then(|| origin.ascii_serialization())
        .ok_or_else(wrong)
}

/// Fields that say how an answer is framed, or which bytes it has.
const OWN_FIELDS: [HeaderName; 6] = [
    CONNECTION,
    CONTENT_LENGTH,
    CONTENT_RANGE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// Parses a field of an answer.
pub(super) fn field(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let (name, value) = text.split_once(':').ok_or("a field is NAME: VALUE")?;
    let name: HeaderName = name.parse().map_err(|_| "this is no name of a field")?;
    if OWN_FIELDS.contains(&name) {
        return Err(format!(
            "{name} is about the answer itself; faults can get it wrong"
        ));
    }
    let value = HeaderValue::from_str(value.trim()).map_err(|_| "a value is visible ASCII")?;
    Ok((name, value))
}

/// Parses the name of a server to imitate.
pub(super) fn profile() -> impl TypedValueParser<Value = Profile> {
    PossibleValuesParser::new(Profile::ALL.map(Profile::name))
        .map(|text| Profile::parse(&text).expect("it is one of their names"))
}

/// Parses the most ranges that one request may have.
pub(super) fn ranges(text: &str) -> Result<NonZeroU16, &'static str> {
    let wrong = "use a number from 1 to 65535; --no-ranges answers every Range with the whole file";
    text.parse().map_err(|_| wrong)
}

/// Parses the size of a demo. A file under 16 MiB is one segment of few blocks: an interruption
/// would leave too little to show.
pub(super) fn demo_size(text: &str) -> Result<ByteCount, String> {
    match ByteCount::parse(text) {
        Ok(size) if size < ByteCount(16 << 20) => Err("the demo needs 16MiB or more".to_owned()),
        Ok(size) => Ok(size),
        Err(error) => Err(error.to_string()),
    }
}

/// Parses the path of a file or a directory. A URL in its place shows that it was forgotten.
pub(super) fn path() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().try_map(|path| {
        let is_url = path.starts_with("http:") || path.starts_with("https:");
        if is_url {
            Err("that is a URL, not a path")
        } else {
            Ok(path)
        }
    })
}

/// Parses the length of a piece.
pub(super) fn piece_length(text: &str) -> Result<NonZeroU64, String> {
    let length = size(text)?;
    let length = NonZeroU64::new(length.0).filter(|length| *length >= PIECE_BYTES_LEAST);
    length.ok_or_else(|| format!("a piece has {} KiB or more", PIECE_BYTES_LEAST.get() >> 10))
}

/// Parses a number of bytes.
pub(super) fn size(text: &str) -> Result<ByteCount, String> {
    ByteCount::parse(text).map_err(|error| error.to_string())
}

/// Parses a rate limit, in bytes a second, with or without `/s`.
pub(super) fn limit(text: &str) -> Result<RateLimit, String> {
    let amount = text.trim_end().strip_suffix("/s").unwrap_or(text);
    let ByteCount(bytes) = ByteCount::parse(amount).map_err(|error| error.to_string())?;
    let limit = RateLimit::new(BytesPerSecond(bytes));
    limit.ok_or_else(|| "a rate of zero never ends; leave it out for no limit".to_owned())
}

/// Parses the same text as [`limit`], as a rate.
pub(super) fn rate(text: &str) -> Result<BytesPerSecond, String> {
    limit(text).map(|limit| BytesPerSecond(limit.get()))
}
