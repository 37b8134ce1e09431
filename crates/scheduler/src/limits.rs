//! Owns every ceiling of the scheduler that is not a user's setting, each with its reason, and how
//! often workers report to it.

use core::num::NonZeroU16;
use core::time::Duration;

use range_core::block::BlockSize;

/// Most connections a user may ask for. Hosts ban clients well below it; above it, file
/// descriptors and mapped windows (8 MiB each) would stop being negligible.
pub const WIDTH_MAX: NonZeroU16 = NonZeroU16::new(256).unwrap();

/// Most connections used when the user names no number. Where more than a few pay, each is held
/// back by the server or by loss; past 32 more bans than bytes are to be had.
pub const WIDTH_DEFAULT: NonZeroU16 = NonZeroU16::new(32).unwrap();

/// Connections a download starts with. Four streams fill a lossy link to 92 % (1 - 1/(1+3n) of
/// the rate), and hardly a host refuses four.
pub const WIDTH_START: u16 = 4;

/// A host whose replies begin sooner than this is in the same building. Packets are hardly lost on
/// such a way, so many connections have no advantage there. They have a disadvantage: each gets
/// less of the rate, and the one that fetches the lowest missing byte holds back the digest of the
/// file. On loopback a connection is read 95 kB or 1 MB at a time, depending on its receive buffer.
pub const NEAR_LATENCY: Duration = Duration::from_millis(5);

/// From this latency on, a connection that has become slow is renewed: one round trip of 33 ms, or
/// two of 17 ms where connecting was part of it.
pub const FAR_LATENCY: Duration = Duration::from_millis(33);

/// From this latency on, the first two steps of a growing width are made at once, and a segment is
/// all of a worker's share: a request is expensive there, and a split is no more expensive.
pub const VERY_FAR_LATENCY: Duration = Duration::from_millis(100);

/// The factor of the width in these two steps. With eight, hosts in the simulation that refuse
/// connections do so 58 times in ten seconds instead of 18. Leaping from [`FAR_LATENCY`] on won
/// nothing: 1 GiB over 20 ms took 9.4 to 9.6 s with it and 9.4 s without.
pub const WIDTH_LEAP: u16 = 4;

/// Shortest time over which a width that grows is judged: a report of every worker.
pub const WIDTH_WINDOW: Duration = Duration::from_millis(60);

/// Shortest time over which a width is judged once it has stopped growing.
pub const WIDTH_WINDOW_SLOW: Duration = Duration::from_secs(1);

/// Shortest time over which half of a width is tried once it has stopped growing. The end of a
/// penalty is a change that noise cannot be mistaken for, so a short time is enough.
pub const WIDTH_WINDOW_HALF: Duration = Duration::from_millis(250);

/// Half of a width is tried only if the rest of the download lasts this many such windows. Where
/// half is too few, one window at half the rate then costs a sixtieth of the rest.
pub const WIDTH_HALF_WINDOWS: u32 = 30;

/// The same number where every level from twice the start on seems to have been measured at its
/// best. Half is then tried only for a host that punishes even fewer connections, or whose best
/// level was measured in a bad moment. 60 windows are 15 s; with 80, one download in eighteen from
/// a host that halves its rate stayed at half.
pub const WIDTH_TRUST_WINDOWS: u32 = 60;

/// The number of connections beyond those it has found that the search may use.
pub const WIDTH_PROBE: u16 = 2;

/// The time a width stays at first before a wider one is tried.
pub const WIDTH_RAISE_INTERVAL: Duration = Duration::from_secs(10);

/// The time it stays at most: the interval doubles each time nothing was won.
pub const WIDTH_RAISE_INTERVAL_MAX: Duration = Duration::from_mins(5);

/// A segment is sized for this time at the rate a connection has, or for
/// [`SEGMENT_LATENCIES`] where that is more.
pub const SEGMENT_TIME: Duration = Duration::from_secs(4);

/// A segment lasts as many latencies, so that the wait for the next reply costs 2 % at most.
pub const SEGMENT_LATENCIES: u32 = 50;

/// No segment is carved for fewer latencies than these only so that all finish together: at the
/// end, splitting is cheaper.
pub const SEGMENT_LATENCIES_MIN: u32 = 8;

/// A split must save as many latencies: one passes until the thief's first byte, and for one the
/// victim's reply arrives for nothing.
pub const SPLIT_LATENCIES: u32 = 2;

/// As many latencies after its head, a reply may still be in slow start: ten packets doubled so
/// often are more than 3 MB a round trip.
pub const SLOW_START_LATENCIES: u32 = 8;

/// The first segment is this many times shorter than others. Its reply goes on to the end of the
/// file, so once it is let go as much again arrives for nothing where it was in slow start, and a
/// sixteenth of a file would be 6 % of it.
pub const FIRST_SEGMENT_DIVISOR: u64 = 3;

/// Some links serve so many requests and no more. Where fewer connections are allowed than these,
/// the first reply is kept until as many were served, and the bytes that follow it are left to it:
/// it reaches to the end of the file, and once it is let go nothing else may.
pub const TRIAL_REQUESTS: u32 = 8;

/// Bodies that begin so long after their heads are late: a segment is then as long as the share of
/// the rest. With 0.3 s between head and body, 16 MiB in segments of 1 MiB took six such waits.
pub const LATE_BODY: Duration = Duration::from_millis(100);

/// Replies that take so long from their requests to their first bytes are late as well: no way
/// takes as long, and a satellite's round trip is 0.6 s.
pub const LATE_LEAD: Duration = Duration::from_secs(1);

/// The reach is what all connections would bring in so many waits for late bodies, where that is
/// more than the user said. A segment is half of its share, so that a connection brings bytes in
/// two thirds of its time.
pub const LATE_REACH_WAITS: u64 = 4;

/// The reach is so many times what the user said at most, as what lies between may be gone from the
/// page cache when the digest comes to it: reading the disk again is sooner than waiting so often.
pub const LATE_REACH_MOST: u64 = 4;

/// The factor of the width at the start once bodies are late. Nothing can be measured before the
/// first of them begins, and each step costs as much as they are late: worlds of late bodies took
/// 1.11 times the bound with 16 connections, and 1.07 with 32, which are all that are used where
/// the user names no number.
pub const LATE_LEAP: u16 = 8;

/// Largest segment carved before any rate is known.
pub const SEGMENT_BLIND_MAX: u64 = 16 << 20;

/// Most bytes between the lowest byte that is missing and the furthest one asked for: what the
/// digest may find gone from the page cache.
pub const REACH_DEFAULT: u64 = 2 << 30;

/// Smallest window of a file that is read in order. With less than two blocks, a cut on a block's
/// boundary might leave nothing to ask for while the reader waits; with four, half of them arrive
/// while the reader has the other half.
pub const WINDOW_MIN: u64 = 4 * WINDOW_BLOCK.get() as u64;

/// Cuts in a file that is read in order fall on multiples of it, whatever its length: nothing is
/// recorded of it, and a window has few blocks.
pub const WINDOW_BLOCK: BlockSize = BlockSize::for_length(0);

/// A reply that had to wait so long for the reader may have lost its connection meanwhile, as
/// servers close those that are idle: that it breaks off then is no failure. No server is as
/// impatient.
pub const HELD_MIN: Duration = Duration::from_secs(1);

/// Shortest time a slow worker is watched, mid-file, before it loses its remainder.
pub const CRAWL_PATIENCE: Duration = Duration::from_secs(3);

/// A far connection slower than this many tenths of the mean is renewed, mid-file. On a lossy way a
/// new connection is faster than one that has lost packets for a while, because its rate doubles
/// with each round trip until its first loss. A near connection recovers sooner than a new one
/// could start.
pub const RENEW_TENTHS: u64 = 6;

/// Shortest time that a connection is watched before it is renewed; six latencies where that is
/// more.
pub const RENEW_PATIENCE: Duration = Duration::from_millis(500);

/// Most connections that are renewed at one look. With four, and a threshold of seven tenths, a
/// download over 100 ms took as long, and ten times as many bytes arrived twice.
pub const RENEWED_AT_ONCE: usize = 2;

/// Replies that break before their first byte, while others stream, before they count as a host
/// that refuses more connections. Each that is accepted makes up for one.
pub const BROKEN_STARTS_MAX: u32 = 3;

/// Shortest time over which a worker's rate is measured; four times a reply's latency where that
/// is more.
pub const PACE_WINDOW: Duration = Duration::from_millis(500);

/// The interval at which the last segments are looked at while workers are free: a silent worker
/// sends nothing that would wake anyone.
pub const TAIL_INTERVAL: Duration = Duration::from_millis(100);

/// The time a worker is silent, while others receive, before a free one takes over what it has at
/// the end of a file; four latencies where that is more.
pub const TAIL_SILENCE: Duration = Duration::from_millis(400);

/// The time the last worker of all may be silent: its silence may be the whole link's.
pub const LAST_SILENCE: Duration = Duration::from_millis(1500);

/// Shortest time a reply may bring nothing after its head before its bytes are asked for anew:
/// storage that has to wake up, or a host that flushes heads at once, takes a while.
pub const FIRST_BYTE_PATIENCE: Duration = Duration::from_secs(1);

/// As many times what replies of a source ordinarily take to begin, or pause, is out of the
/// ordinary.
pub const PATIENCE_FACTOR: u32 = 3;

/// Replies' pauses are remembered for as much of their time: a few bursts, and no longer than an
/// accident deserves.
pub const PAUSE_MEMORY: Duration = Duration::from_secs(1);

/// A worker slower than this many tenths of what is typical loses its remainder to a free one.
pub const CRAWL_TENTHS: u64 = 3;

/// The interval at which credit is given out under a limit on the rate: short enough for a byte to
/// be late by less than a report is, seldom enough for 50 rounds a second to cost nothing.
pub const RATE_ROUND: Duration = Duration::from_millis(20);

/// The share of a limit that is kept for later while nobody uses it: what workers hold of it for
/// two rounds, a third that is given out, and one that is late. More would break 2 % of 5 seconds.
pub const RATE_BURST: Duration = Duration::from_millis(80);

/// Most time in which nothing is received because so much was discarded: a server closes a
/// connection from which nothing is read for long.
pub const RATE_DEBT: Duration = Duration::from_secs(10);

/// The time for which it counts that part of a limit was not used: the limit is not what holds the
/// download back.
pub const RATE_MEMORY: Duration = Duration::from_millis(200);

/// Shortest time over which it is judged whether a limit is reached: with fewer than 20 rounds, one
/// more or less would say too much.
pub const RATE_WINDOW: Duration = Duration::from_millis(400);

/// A worker reports after this many bytes, so that the driver wakes a few thousand times a
/// second at most even at 10 GB/s over many connections.
pub const REPORT_BYTES: u64 = 256 << 10;

/// A worker reports after this time even when little arrived, so that a slow link looks alive.
pub const REPORT_INTERVAL: Duration = Duration::from_millis(50);

/// Time between syncs while bytes arrive: what a power cut can cost, and as long to fetch again
/// whatever the rate. The last sync takes as long as the disk needs for what it has not made
/// durable yet: at 115 MB/s half a second with 5 s between them, 0.05 s with one. A number of bytes
/// as well would sync several times a second on a fast path, where each sync holds the writers up.
pub const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(1);

/// First delay after a failure without progress.
pub const BACKOFF_BASE: Duration = Duration::from_millis(500);

/// Longest delay between two tries: someone who fixes their Wi-Fi waits no longer than this.
pub const BACKOFF_MAX: Duration = Duration::from_secs(16);

/// Bytes that restore what failures may be. A byte would do so for a server that sends one and
/// breaks off, again and again.
pub const PROGRESS_MIN: u64 = 16 << 10;

/// Bytes that make up for one failure: ten tries, which are the default, are made up for by what
/// restores all. Replies that bring as much each are followed at the pace of meagre ones, as they
/// come to an end, and others after delays that double.
pub const PROGRESS_OF_A_TRY: u64 = PROGRESS_MIN / 10;

/// Replies that bring less than a block each may be followed without delay so often for each
/// connection that is allowed: all of them may break at once, and do so again.
pub const MEAGRE_AT_ONCE: u32 = 2;

/// Time that each further reply of less than a block takes.
pub const MEAGRE_INTERVAL: Duration = Duration::from_millis(100);

/// A plain stream that has ended at the same byte so often will do so again.
pub const SAME_END_MAX: u32 = 3;

/// Within this time every waiting request is made again once a source that was out has begun to
/// reply.
pub const COMEBACK: Duration = Duration::from_secs(1);

/// An address that refuses sooner than this after it was handed out has not expired: its host
/// refuses connections. Signed links live for minutes, those of the simulation for seconds.
pub const ADDRESS_LIFE_MIN: Duration = Duration::from_secs(1);

/// Longest `Retry-After` that is honoured; a server must not control our patience.
pub const RETRY_AFTER_MAX: Duration = Duration::from_mins(2);

/// Replies of something else while others stream before that is taken for how a host refuses a
/// connection. Each that is accepted makes up for two, so that one in three never comes to that.
pub const STRAYS_MAX: u32 = 16;

/// Replies in a row that misplace or ignore ranges before one plain stream takes over: a server
/// that serves some of them is asked again.
pub const RANGE_MISTAKES_MAX: u32 = 3;

/// Most sources of one file. Lists of mirrors are shorter; each costs a look at every start.
pub const SOURCES_MAX: NonZeroU16 = NonZeroU16::new(32).unwrap();

/// The time the measured rate of a source is believed. A source that was slow gets a segment this
/// often, in which it can be faster.
pub const SOURCE_RATE_LIFE: Duration = Duration::from_secs(30);

/// Replies in a row that are not of the file before a download gives up: half a minute of them.
/// Each came in order, so that it is no outage, and somebody has to look at what they say.
pub const STRAY_TRIES: u32 = 7;

/// Requests in a row that bring no byte within their patience before a download gives up, where the
/// source has replied before. The patience doubles with each: by default the fourth is given all of
/// it, which is 120 s, and a server that makes a file when it is asked for has had its time.
///
/// With the defaults that ends after 400 s at the latest, backoff included, where no head comes
/// (20 + 40 + 80 + 120 + 120), and after 800 s where heads come as late and no body follows.
pub const UNANSWERED_TRIES: u32 = 5;

/// Failures in a row, with nothing received in between, before a download gives up: with the
/// backoff that is about a minute.
pub const MAX_TRIES: u32 = 10;

/// Tries before the first byte of a reply ever arrives: a wrong host name should fail in seconds.
pub const FIRST_CONTACT_TRIES: u32 = 3;
