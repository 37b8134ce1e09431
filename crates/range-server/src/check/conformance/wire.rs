//! Owns the judgement of how a message came over its connection. Knows nothing of ranges.

use range_core::http::conditional::Method;

use super::reply::{Reply, WireFault};
use super::{Finding, Rule, rules};

/// The findings on how the reply to a request of this method came.
pub(crate) fn judge_wire(method: Method, reply: &Reply) -> Vec<Finding> {
    let of_each = reply
        .faults
        .iter()
        .map(|fault| judge(method, reply, *fault));
    of_each.collect()
}

fn judge(method: Method, reply: &Reply, fault: WireFault) -> Finding {
    match fault {
        WireFault::Surplus { bytes } => surplus(method, reply.status, bytes),
        WireFault::Short { got, announced } => {
            let announced_any = announced.is_some();
            let announced = announced.map(|announced| format!(" of the {announced} announced"));
            let what = format!(
                "the connection was closed after {got}{} bytes of content",
                announced.unwrap_or_default()
            );
            let rule = match (reply.status, announced_any) {
                (206, _) => &rules::SINGLE_PART,
                (_, true) => &rules::WRONG_LENGTH,
                (_, false) => &rules::GRAMMAR,
            };
            Finding::new(rule, what)
        }
        WireFault::NoChunks => Finding::new(
            &rules::GRAMMAR,
            "the content is not the chunks that Transfer-Encoding announces",
        ),
        WireFault::LengthAndCoding => Finding::new(
            &rules::LENGTH_AND_CODING,
            "both Content-Length and Transfer-Encoding",
        ),
        WireFault::NoLength => Finding::new(
            &rules::CONTENT_LENGTH_SYNTAX,
            "a Content-Length that is no number",
        ),
        WireFault::DelimitedByClose => Finding::new(
            &rules::DELIMITED_BY_CLOSE,
            "neither Content-Length nor Transfer-Encoding",
        ),
        WireFault::CloseUndone => Finding::new(
            &rules::CLOSE_UNDONE,
            "Connection: close, and the connection stays open",
        ),
    }
}

/// The finding on bytes that nobody asked for, after a reply.
pub(crate) fn surplus(method: Method, status: u16, bytes: usize) -> Finding {
    if method == Method::Head {
        let what = format!("{bytes} bytes or more of content after the reply to HEAD");
        return Finding::new(&rules::CONTENT_OF_HEAD, what);
    }
    let rule = match status {
        206 => &rules::SINGLE_PART,
        _ => &rules::GRAMMAR,
    };
    let what = format!("{bytes} bytes or more follow the end of the {status}");
    Finding::new(rule, what)
}

/// The finding on a question that got no reply, or none that is HTTP.
pub(crate) fn broken(is_http: bool) -> Finding {
    if is_http {
        Finding::new(&rules::GET_AND_HEAD, "no reply")
    } else {
        Finding::new(&rules::GRAMMAR, "a reply that is no HTTP")
    }
}

/// Reports whether a rule is about how connections are treated, so that it is broken by all replies
/// or none.
pub(crate) fn is_of_connections(rule: &Rule) -> bool {
    let of_connections = [
        &rules::LENGTH_AND_CODING,
        &rules::DELIMITED_BY_CLOSE,
        &rules::CLOSE_UNDONE,
    ];
    of_connections.contains(&rule)
}

/// The finding on connections that were closed unannounced, of those that should have stayed.
pub(crate) fn judge_persistence(promised: u32, broken: u32) -> Option<Finding> {
    if broken == 0 {
        None
    } else if broken >= promised {
        let what = "connections are closed after each reply, and no reply says so";
        Some(Finding::new(&rules::PERSISTENCE, what))
    } else {
        let what = format!(
            "{broken} of {promised} connections were closed after a reply that did not say so"
        );
        Some(Finding::new(&rules::CLOSE_UNSAID, what))
    }
}
