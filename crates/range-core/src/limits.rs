//! Owns every ceiling in the system that is not a user's setting, each with its reason.

use core::num::NonZeroU16;
use core::time::Duration;

/// Most connections a user may ask for. Hosts ban clients well below it; above it, file
/// descriptors and mapped windows (8 MiB each) would stop being negligible.
pub const WIDTH_MAX: NonZeroU16 = NonZeroU16::new(256).unwrap();

/// Connections used when the user names no number. Six to eight streams fill a lossy link to
/// about 95 % (1 - 1/(1+3n) of the rate), and few hosts refuse eight.
pub const WIDTH_DEFAULT: NonZeroU16 = NonZeroU16::new(8).unwrap();

/// How long a lowered width stays before one more connection is tried.
pub const WIDTH_RAISE_INTERVAL: Duration = Duration::from_secs(10);

/// Smallest segment carved from what is planned. Below it the round trip of another request
/// costs more than it spreads.
pub const SEGMENT_MIN: u64 = 4 << 20;

/// Largest segment carved from what is planned: it bounds how far the furthest byte runs ahead
/// of the frontier, and so how much page cache the digest needs.
pub const SEGMENT_MAX: u64 = 64 << 20;

/// A segment is split only while this much of it is left, so that each half pays for its request.
pub const SPLIT_MIN: u64 = 4 << 20;

/// Shortest time over which a worker's rate is measured; four times a reply's latency where that
/// is more.
pub const PACE_WINDOW: Duration = Duration::from_millis(500);

/// How often the last segments are looked at while workers are free: a silent worker sends
/// nothing that would wake anyone.
pub const TAIL_INTERVAL: Duration = Duration::from_millis(250);

/// A worker slower than this many tenths of what is typical loses its remainder to a free one.
pub const CRAWL_TENTHS: u64 = 3;

/// A worker reports after this many bytes, so that the driver wakes a few thousand times a
/// second at most even at 10 GB/s over many connections.
pub const REPORT_BYTES: u64 = 256 << 10;

/// A worker reports after this time even when little arrived, so that a slow link looks alive.
pub const REPORT_INTERVAL: Duration = Duration::from_millis(50);

/// Received bytes that may be unsynced: what a power cut can cost.
pub const CHECKPOINT_BYTES: u64 = 256 << 20;

/// Longest time between syncs while bytes arrive.
pub const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(5);

/// First delay after a failure without progress.
pub const BACKOFF_BASE: Duration = Duration::from_millis(500);

/// Longest delay between two tries: someone who fixes their Wi-Fi waits no longer than this.
pub const BACKOFF_MAX: Duration = Duration::from_secs(15);

/// Longest `Retry-After` that is honoured; a server must not control our patience.
pub const RETRY_AFTER_MAX: Duration = Duration::from_mins(2);

/// Replies that misplace or ignore ranges before one plain stream takes over.
pub const RANGE_MISTAKES_MAX: u32 = 3;

/// Tries before the first reply ever arrives: a wrong host name should fail in seconds.
pub const FIRST_CONTACT_TRIES: u32 = 3;

/// Redirects followed for one request, as browsers and RFC 9110 §15.4's advice on loops suggest.
pub const REDIRECTS_MAX: u32 = 10;

/// Longest text in a journal's header, so that the header stays far below the largest payload.
pub const JOURNAL_TEXT_MAX: u16 = 8 << 10;

/// Largest journal record payload a reader will allocate for.
pub const JOURNAL_PAYLOAD_MAX: u32 = 64 << 10;

/// Largest journal a reader will load: the records of a 2 TiB file with 1 MiB blocks.
pub const JOURNAL_MAX: u64 = 128 << 20;
