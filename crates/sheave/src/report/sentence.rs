//! Owns the words in which a download is told to a person. Escapes nothing and prints nothing.

use std::time::Duration;

use accelerator::{
    ByteCount, BytesPerSecond, Completion, Error, ErrorKind, Event, Inspection, Loss, Phase,
    Progress, Remedy, Report, Tally, Verification,
};

use super::standstill::of_tries;
use crate::duration;

/// The remark on a download that nothing verifies.
pub(crate) const UNVERIFIED: &str = "nothing shows that it is one version: the server gives no \
strong validator; no checksum given";

/// The remark on a download that went on from a file of another program.
const SAMPLED: &str = "one version throughout, as far as samples of what was there tell; no \
checksum given";

/// The numbers of a moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Numbers {
    pub(crate) phase: Phase,
    /// In the part file, or claimed by an earlier run.
    pub(crate) present: ByteCount,
    pub(crate) length: Option<ByteCount>,
    pub(crate) digested: ByteCount,
    /// Claimed by an earlier run, and not read back yet.
    pub(crate) unverified: ByteCount,
    pub(crate) rate: BytesPerSecond,
    pub(crate) left: Option<Duration>,
    pub(crate) connections: usize,
}

impl Numbers {
    /// The numbers of a snapshot.
    pub(crate) fn new(progress: &Progress) -> Self {
        Self {
            phase: progress.phase,
            present: ByteCount(progress.present()),
            length: progress.length.map(ByteCount),
            digested: ByteCount(progress.digested),
            unverified: ByteCount(progress.claimed.len()),
            rate: progress.rate,
            left: progress.time_left(),
            connections: progress.in_flight.len(),
        }
    }

    /// Returns what is left of reading an earlier run's bytes back, while that goes on.
    pub(crate) fn verification(&self) -> Option<String> {
        (self.unverified.0 > 0).then(|| format!("{} to be verified", self.unverified))
    }

    /// The percentage that is present, rounded down so that 100 means all.
    pub(crate) fn percent(&self) -> Option<u64> {
        percent(self.present, self.length?)
    }
}

/// `part` of `whole` in percent, rounded down; `None` of nothing.
pub(crate) fn percent(part: ByteCount, whole: ByteCount) -> Option<u64> {
    let percent = (u128::from(part.0) * 100).checked_div(u128::from(whole.0))?;
    u64::try_from(percent).ok()
}

/// `1 connection`, `8 connections`.
pub(crate) fn connections(number: usize) -> String {
    match number {
        1 => "1 connection".to_owned(),
        _ => format!("{number} connections"),
    }
}

/// Returns what happened, and whether it is a detail that only some want to know.
pub(crate) fn of_event(event: &Event) -> (bool, String) {
    match event {
        Event::Resuming { claimed, length } => {
            let (claimed, length) = (ByteCount(*claimed), ByteCount(*length));
            let text = format!("resuming: {claimed} of {length} are here from an earlier run");
            (false, text)
        }
        Event::Planned { length, segmented } => {
            let length = match length {
                Some(length) => ByteCount(*length).to_string(),
                None => "length unknown".to_owned(),
            };
            let way = if *segmented {
                "in segments over several connections"
            } else {
                "in one stream"
            };
            (true, format!("{length}, {way}"))
        }
        Event::Retrying {
            cause,
            delay,
            tries,
        } => {
            let (delay, count) = (duration::measured(*delay), of_tries(*tries));
            (true, format!("{cause}; trying again in {delay}{count}"))
        }
        Event::SourceDropped { url, cause } => {
            (false, format!("not asking {url} any more: {cause}"))
        }
        Event::WidthChanged { width } => {
            let width = connections(usize::from(*width));
            (true, format!("using {width} from here on"))
        }
        Event::Restarting { reason } => (false, format!("starting over: {reason}")),
        Event::Verifying => (true, "download complete; verifying".to_owned()),
        Event::Publishing => (true, "saving".to_owned()),
        Event::Missed { count } => (true, format!("{count} events came too fast to be shown")),
        other => (true, format!("{other:?}")),
    }
}

/// Returns what was fetched, how fast, and what it rests on: digests that the user gave, or `from`
/// names.
pub(crate) fn of_report(report: &Report, from: Option<&str>) -> String {
    let path = report.path.strip_prefix(".").unwrap_or(&report.path);
    let (name, bytes) = (path.to_string_lossy(), ByteCount(report.bytes));
    let name = if name == "-" {
        "standard output".into()
    } else {
        name
    };
    match report.completion {
        Completion::Downloaded => {}
        Completion::AlreadyComplete => {
            let left = left(report);
            let version = of_version(report, from);
            return format!("{name}: already complete ({bytes}); {version}{left}");
        }
        Completion::Skipped => {
            let left = left(report);
            return format!(
                "{name}: exists ({bytes}); skipped, and not compared with anything{left}"
            );
        }
    }
    let how = how(&report.tally, report.elapsed);
    let coding = match &report.coding {
        Some(coding) => format!("; still coded with {coding}, which the server insisted on"),
        None => String::new(),
    };
    format!(
        "{name}: {bytes} in {} ({how}){coding}; {}",
        duration::measured(report.elapsed),
        verified(report, from),
    )
}

/// Returns the remark on a part file that stands beside a complete file.
fn left(report: &Report) -> String {
    let part = report.left.as_ref().and_then(|part| part.file_name());
    part.map_or_else(String::new, |part| {
        format!("; {} beside it is left as it is", part.to_string_lossy())
    })
}

/// Returns what shows that a file that was there is the one that is asked for.
fn of_version(report: &Report, from: Option<&str>) -> String {
    let compared = match report.verified {
        Verification::EntityTag => "ETag",
        Verification::LastModified => "Last-Modified",
        Verification::None => "weak ETag",
        Verification::Digest
        | Verification::ServerDigest
        | Verification::WeakDigest
        | Verification::Sampled => "",
    };
    let was_asked = report.tally.requests > 0;
    if was_asked && report.bytes == 0 {
        return "the server has an empty file, too".to_owned();
    }
    if was_asked && !compared.is_empty() {
        return format!("the server has the same version ({compared}); no checksum given");
    }
    verified(report, from)
}

fn how(tally: &Tally, elapsed: Duration) -> String {
    let fetched = match ByteCount(tally.fetched_bytes) {
        ByteCount(0) => "nothing to fetch".to_owned(),
        bytes => {
            let rate = BytesPerSecond::mean(bytes, elapsed);
            format!("{rate}, {}", connections(tally.connections_peak))
        }
    };
    match ByteCount(tally.resumed_bytes) {
        ByteCount(0) => fetched,
        resumed => format!("{fetched}, {resumed} resumed"),
    }
}

fn verified(report: &Report, from: Option<&str>) -> String {
    let from = from.filter(|_| !report.is_claimed);
    let from = from.or(report.is_claimed.then_some("the server's own fields"));
    match report.verified {
        Verification::Digest | Verification::ServerDigest => matches(report, from),
        Verification::WeakDigest => {
            let matches = matches(report, from);
            format!("{matches}, which finds damage and no forgery")
        }
        Verification::EntityTag => one_version("ETag"),
        Verification::LastModified => one_version("Last-Modified"),
        Verification::Sampled => SAMPLED.to_owned(),
        Verification::None => UNVERIFIED.to_owned(),
    }
}

fn matches(report: &Report, from: Option<&str>) -> String {
    let names = report.digests.iter();
    let names = names.map(|digest| digest.algorithm().name());
    let from = from.map_or_else(String::new, |from| format!(" from {from}"));
    let names = names.collect::<Vec<_>>().join(" and ");
    match report.pieces {
        Some(pieces) if report.digests.is_empty() => {
            format!("each piece matches {}{from}", pieces.name())
        }
        Some(_) | None => format!("matches {names}{from}"),
    }
}

/// The remark on a download that a strong validator joins: one version, which may be a wrong one.
fn one_version(validator: &str) -> String {
    format!("one version throughout ({validator}); no checksum given")
}

/// Why it failed, with the argument that would have helped, if there is one.
pub(crate) fn of_cause(error: &Error) -> String {
    let advice = match error.remedy() {
        Some(Remedy::AllowPrivate) => "--allow-private follows it",
        Some(Remedy::Authorities) => "--cacert trusts another authority",
        Some(Remedy::Credentials) => {
            "the login is missing or wrong; --user, --bearer-file and --netrc log in"
        }
        Some(Remedy::FirstByteTimeout) => "--first-byte-timeout waits longer",
        Some(Remedy::Host) => "check the host, the port and the network",
        Some(Remedy::MaxSize) => "--max-size allows more",
        Some(Remedy::OtherDirectory) => "-d DIR saves in another directory",
        Some(Remedy::OtherName) => "-o NAME saves under another name",
        Some(Remedy::Overwrite) => "--overwrite replaces it, -o NAME saves under another name",
        Some(Remedy::OtherWriteMode) => "without --write mapped it is written at positions",
        Some(Remedy::Proxies) => {
            "--proxy sets another one, --proxy-user logs in there, --no-proxy uses none"
        }
        Some(Remedy::ServerDigests) => "--no-server-digest takes it as it is",
        Some(Remedy::StallTimeout) => "--stall-timeout waits longer",
        Some(Remedy::Writer) => "-o - writes to standard output, which can be sent there",
        None if error.kind() == ErrorKind::InUse => {
            "wait until that ends, or save under another name with -o NAME"
        }
        Some(_) | None => match error.status() {
            Some(400) => "check the URL, or ask for a new one: a link may expire",
            Some(408 | 423 | 425) => "try again later",
            // RFC 6585 section 6: this is no reply of the server's.
            Some(511) => "the network wants a login first: open any page in a browser",
            Some(202) => "the server has yet to make the file; try again later",
            Some(401) => "curl knows Digest, Kerberos and NTLM",
            Some(403) => {
                "the link may have expired, or the server wants a login, a --cookie or another \
                 --header 'User-Agent: ...'"
            }
            Some(404 | 410) => "there is no such file; check the URL",
            Some(407) => "--proxy, --proxy-user and --proxy-password-file log in there",
            Some(429) => "try again later, or ask for less at once with -x 1",
            Some(500..=599) => "the fault is the server's; try again later",
            Some(_) | None => return error.to_string(),
        },
    };
    format!("{error}; {advice}")
}

/// The warning about a complete file that seems to be something else.
pub(crate) fn of_suspicion(what: &str) -> String {
    format!(
        "warning: this is {what}, not what the name promises; the server may want a login or a \
         click, or the link may be to a page about the file"
    )
}

/// Why it failed, and what to do about it.
pub(crate) fn of_error(error: &Error, kept: Option<&Inspection>) -> String {
    let again = match kept {
        Some(kept) => {
            let (bytes, length) = (ByteCount(kept.claimed.len()), ByteCount(kept.length));
            format!("; {bytes} of {length} kept: run the same command again to resume")
        }
        None => "; run the same command again to resume".to_owned(),
    };
    let advice = match (error.kind(), error.has_kept_bytes()) {
        (ErrorKind::Corrupt, true) => {
            "; it is kept as a part: the same command with the right --checksum saves it, and with \
             --no-resume fetches it afresh"
        }
        // Its cause says all there is to do.
        (ErrorKind::Corrupt | ErrorKind::Invalid, _) => "",
        (ErrorKind::Cancelled | ErrorKind::Network, true)
            if error.loss() == Some(Loss::NoRanges) =>
        {
            "; what was fetched is kept, but the server has not served ranges: unless it does \
             then, the same command starts over"
        }
        (ErrorKind::Network, false) if error.loss() == Some(Loss::Unlinked) => {
            "; the same command starts over: the server gives nothing by which what was fetched \
             could be continued"
        }
        // The same command would be told the same, today.
        (ErrorKind::Refused, true) => {
            "; what was fetched is kept: once the server gives the file again the same command \
             continues, and so does a new URL with the same -o"
        }
        (ErrorKind::Untrusted | ErrorKind::Exists | ErrorKind::InUse, true) => {
            "; what was fetched is kept"
        }
        (_, true) => &again,
        (_, false) if error.written().is_some() => "",
        (ErrorKind::Cancelled, false) => "; nothing was kept that another run could continue",
        (_, false) => "",
    };
    format!("{}{advice}", of_cause(error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use accelerator::{ByteRange, RestartReason, Tries};

    #[test]
    fn numbers_count_what_an_earlier_run_left_as_present() {
        let mut progress = Progress::default();
        progress.length = Some(1000);
        progress.received.insert(ByteRange::new(0, 100).unwrap());
        progress.claimed.insert(ByteRange::new(100, 300).unwrap());
        progress.rate = BytesPerSecond(100);
        let numbers = Numbers::new(&progress);
        assert_eq!(numbers.present, ByteCount(300));
        assert_eq!(numbers.percent(), Some(30));
        assert_eq!(numbers.left, Some(Duration::from_secs(7)));
    }

    #[test]
    fn a_percentage_of_100_means_all() {
        assert_eq!(percent(ByteCount(999), ByteCount(1000)), Some(99));
        assert_eq!(percent(ByteCount(u64::MAX), ByteCount(u64::MAX)), Some(100));
        assert_eq!(percent(ByteCount(0), ByteCount(0)), None);
    }

    #[test]
    fn the_last_line_says_how_the_bytes_came() {
        let mut tally = Tally::default();
        let second = Duration::from_secs(1);
        assert_eq!(how(&tally, second), "nothing to fetch");
        tally.resumed_bytes = 1 << 20;
        assert_eq!(how(&tally, second), "nothing to fetch, 1.00 MiB resumed");
        tally.fetched_bytes = 2 << 20;
        tally.connections_peak = 1;
        assert_eq!(
            how(&tally, second),
            "2.00 MiB/s, 1 connection, 1.00 MiB resumed"
        );
    }

    #[test]
    fn what_costs_the_user_something_is_no_detail() {
        let reason = RestartReason::Changed;
        let (is_detail, text) = of_event(&Event::Restarting { reason });
        assert!(!is_detail);
        assert_eq!(text, "starting over: the remote file has changed");
        let (is_detail, text) = of_event(&Event::Retrying {
            cause: "the connection broke".to_owned(),
            delay: Duration::from_millis(1500),
            tries: Tries {
                failed: 2,
                allowed: 10,
            },
        });
        assert!(is_detail);
        let expected = "the connection broke; trying again in 1.50 s (3 of 10)";
        assert_eq!(text, expected);
    }
}
