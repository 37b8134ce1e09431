//! Owns how a cache in front of a server is recognised. Pure.

use super::conformance::Reply;

/// Fields by which caches and gateways tell that they are there (RFC 9110 §7.6.3, RFC 9111 §5.1,
/// RFC 9211, and those of common software).
const SIGNS: &[&str] = &[
    "age",
    "via",
    "cache-status",
    "x-cache",
    "x-cache-hits",
    "x-cache-lookup",
    "x-cache-status",
    "x-proxy-cache",
    "x-varnish",
    "x-served-by",
    "x-fastly-request-id",
    "x-amz-cf-id",
    "x-akamai-request-id",
    "cf-cache-status",
    "cf-ray",
    "x-litespeed-cache",
    "x-nginx-cache",
    "x-squid-error",
];

/// Adds the names of such fields that a reply has.
pub(super) fn recognise(reply: &Reply, signs: &mut Vec<&'static str>) {
    for sign in SIGNS {
        if reply.field(sign).is_some() && !signs.contains(sign) {
            signs.push(sign);
        }
    }
}
