//! Owns the words for a certificate that proves nothing: the library's own are names of its code.
//! Judges no handshake.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the enum is another's and long, and what is not named is told by its name"
)]

use rustls::{CertificateError, Error};

/// Most names of a certificate that are shown: it is a stranger's, and may have thousands.
const NAMES_SHOWN: usize = 3;

/// Most characters of each.
const NAME_MAX: usize = 80;

/// Says why a certificate proves nothing; `None` of an error that is about something else, or that
/// is its own.
pub(super) fn in_words(error: &Error) -> Option<String> {
    let Error::InvalidCertificate(certificate) = error else {
        return None;
    };
    let words = match certificate {
        CertificateError::UnknownIssuer => {
            "nobody who is trusted has signed its certificate (UnknownIssuer)"
        }
        CertificateError::BadSignature => {
            "its certificate is not signed by the key of whoever it names"
        }
        CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            "its certificate is not signed by the key of whoever it names, or by a kind of key \
             that is not supported, such as P-521"
        }
        CertificateError::Expired => "its certificate has expired",
        CertificateError::ExpiredContext { time, not_after } => {
            let ago = long(time.as_secs().saturating_sub(not_after.as_secs()));
            return Some(format!(
                "its certificate expired {ago} ago, by the clock of this machine"
            ));
        }
        CertificateError::NotValidYet => "its certificate is not valid yet",
        CertificateError::NotValidYetContext { time, not_before } => {
            let ahead = long(not_before.as_secs().saturating_sub(time.as_secs()));
            return Some(format!(
                "its certificate is not valid for another {ahead}, by the clock of this machine"
            ));
        }
        CertificateError::Revoked => "its certificate was revoked",
        CertificateError::BadEncoding => "its certificate is damaged",
        CertificateError::UnhandledCriticalExtension => {
            "its certificate has a condition that is not understood"
        }
        CertificateError::NotValidForName => "its certificate is for another name",
        CertificateError::NotValidForNameContext {
            expected,
            presented,
        } => {
            return Some(format!(
                "its certificate is for {}, and not for {}",
                names(presented),
                expected.to_str()
            ));
        }
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "its certificate is not one for servers"
        }
        CertificateError::Other(other) => {
            return match other.0.downcast_ref::<webpki::Error>()? {
                webpki::Error::CaUsedAsEndEntity => {
                    Some("nobody but itself has signed its certificate".to_owned())
                }
                error => Some(named(&format!("{error:?}"))),
            };
        }
        other => return Some(named(&format!("{other:?}"))),
    };
    Some(words.to_owned())
}

/// Reports whether the same certificate would do if somebody else were trusted.
pub(super) fn is_of_issuer(error: &Error) -> bool {
    let Error::InvalidCertificate(certificate) = error else {
        return false;
    };
    match certificate {
        CertificateError::UnknownIssuer
        | CertificateError::BadSignature
        | CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => true,
        CertificateError::Other(other) => {
            other.0.downcast_ref() == Some(&webpki::Error::CaUsedAsEndEntity)
        }
        _ => false,
    }
}

/// The name of an error, without what it carries.
fn named(code: &str) -> String {
    let is_of_name = |c: &char| c.is_ascii_alphanumeric();
    let name: String = code.chars().take_while(is_of_name).collect();
    format!("its certificate is not accepted ({name})")
}

/// The names of a certificate, which the library writes as `DnsName("a.example")`.
fn names(presented: &[String]) -> String {
    let bare = |name: &String| -> String {
        let inner = name
            .split_once('(')
            .and_then(|(_, rest)| rest.rsplit_once(')'));
        let inner = inner.map_or(&**name, |(inner, _)| inner);
        inner.trim_matches('"').chars().take(NAME_MAX).collect()
    };
    let shown: Vec<String> = presented.iter().take(NAMES_SHOWN).map(bare).collect();
    match presented.len() {
        0 => "no name that counts".to_owned(),
        count if count > NAMES_SHOWN => {
            format!("{} and {} more", shown.join(", "), count - NAMES_SHOWN)
        }
        _ => shown.join(", "),
    }
}

/// A time as people say it.
fn long(seconds: u64) -> String {
    const DAY: u64 = 24 * 60 * 60;
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} minutes", seconds / 60),
        7200..172_800 => format!("{} hours", seconds / 3600),
        _ => format!("{} days", seconds / DAY),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use rustls::OtherError;
    use rustls::pki_types::{ServerName, UnixTime};

    use super::*;

    fn told(certificate: CertificateError) -> (String, bool) {
        let error = Error::InvalidCertificate(certificate);
        (in_words(&error).unwrap(), is_of_issuer(&error))
    }

    fn other(error: webpki::Error) -> CertificateError {
        CertificateError::Other(OtherError(Arc::new(error)))
    }

    fn at(seconds: u64) -> UnixTime {
        UnixTime::since_unix_epoch(Duration::from_secs(seconds))
    }

    fn for_names(presented: &[&str]) -> CertificateError {
        CertificateError::NotValidForNameContext {
            expected: ServerName::try_from("a.example").unwrap(),
            presented: presented.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    fn expired(time: u64, not_after: u64) -> CertificateError {
        CertificateError::ExpiredContext {
            time: at(time),
            not_after: at(not_after),
        }
    }

    #[test]
    fn a_certificate_that_proves_nothing_is_told_in_words_and_who_else_would_help() {
        let foreign_key = CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext {
            signature_algorithm_id: vec![6, 8, 42],
            public_key_algorithm_id: vec![6, 7, 42],
        };
        for (certificate, expected, helps) in [
            (
                CertificateError::UnknownIssuer,
                "nobody who is trusted",
                true,
            ),
            (
                other(webpki::Error::CaUsedAsEndEntity),
                "nobody but itself",
                true,
            ),
            (
                CertificateError::BadSignature,
                "is not signed by the key of",
                true,
            ),
            (
                foreign_key,
                "a kind of key that is not supported, such as P-521",
                true,
            ),
            (
                expired(1_000_000, 99),
                "expired 11 days ago, by the clock",
                false,
            ),
            (CertificateError::Revoked, "was revoked", false),
            (
                CertificateError::InvalidPurpose,
                "not one for servers",
                false,
            ),
            (
                other(webpki::Error::MaximumPathDepthExceeded),
                "is not accepted (MaximumPathDepthExceeded)",
                false,
            ),
        ] {
            let (words, of_issuer) = told(certificate);
            assert!(words.contains(expected), "{words}");
            assert_eq!(of_issuer, helps, "{words}");
            assert!(!words.contains(['[', '{']), "{words}");
        }
    }

    #[test]
    fn the_clock_of_this_machine_is_named_where_a_certificate_has_a_time() {
        let early = CertificateError::NotValidYetContext {
            time: at(100),
            not_before: at(100 + 3 * 3600),
        };
        for (certificate, expected) in [
            (expired(119, 0), "expired 119 s ago"),
            (expired(120, 0), "expired 2 minutes ago"),
            (expired(7199, 0), "expired 119 minutes ago"),
            (expired(7200, 0), "expired 2 hours ago"),
            (expired(172_799, 0), "expired 47 hours ago"),
            (expired(172_800, 0), "expired 2 days ago"),
            (early, "is not valid for another 3 hours"),
        ] {
            let (words, _) = told(certificate);
            let whole = format!("its certificate {expected}, by the clock of this machine");
            assert_eq!(words, whole);
        }
    }

    #[test]
    fn a_few_names_of_a_certificate_are_shown_and_the_rest_counted() {
        let many: Vec<String> = (0..900)
            .map(|n| format!("DnsName(\"{n}.example\")"))
            .collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let long = format!("DnsName(\"{}\")", "x".repeat(5000));
        let shown_of_long = "x".repeat(NAME_MAX);
        for (presented, expected) in [
            (&[][..], "no name that counts"),
            (
                &["DnsName(\"b.example\")", "IpAddress(10.0.0.1)"],
                "b.example, 10.0.0.1",
            ),
            (
                &["DnsName(\"b\")", "DnsName(\"c\")", "DnsName(\"d\")"],
                "b, c, d",
            ),
            (&many, "0.example, 1.example, 2.example and 897 more"),
            (&[&long], &shown_of_long),
        ] {
            let (words, of_issuer) = told(for_names(presented));
            let whole = format!("its certificate is for {expected}, and not for a.example");
            assert_eq!((words, of_issuer), (whole, false));
        }
    }

    #[test]
    fn other_errors_keep_their_own_words() {
        assert_eq!(in_words(&Error::DecryptError), None);
        assert!(!is_of_issuer(&Error::DecryptError));
        let others = OtherError(Arc::new(std::fmt::Error));
        let others = Error::InvalidCertificate(CertificateError::Other(others));
        assert_eq!(in_words(&others), None);
        assert!(!is_of_issuer(&others));
    }
}
