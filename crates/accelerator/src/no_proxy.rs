//! Owns [`NoProxy`]: the hosts that are asked directly, in every spelling of the variable
//! `NO_PROXY`. Looks nothing up.

use std::net::{IpAddr, Ipv4Addr};

use url::{Host, Url};

/// Hosts that are asked directly.
///
/// There is no standard for the list, and every program reads another part of what people write.
/// The author of an entry wanted a host not to be asked through the proxy, so that every reading
/// that may have been meant counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct NoProxy(Vec<Entry>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    hosts: Hosts,
    /// The only port that counts, if one is given.
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Hosts {
    /// All names without a dot.
    Local,
    /// A name and those below it.
    Below(String),
    /// A pattern with `*` for any characters.
    Like(String),
    Address(IpAddr),
    Network(IpAddr, u8),
}

impl NoProxy {
    /// Reads a list of names, patterns with `*`, addresses, `ADDRESS/BITS`, `ADDRESS/MASK` and
    /// `<local>`, each with `:PORT` or not, divided by commas or space. An entry that makes no
    /// sense matches no host.
    pub(crate) fn parse(list: &str) -> Self {
        let is_divider = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '|' | '"' | '\'');
        let entries = list.split(is_divider).filter(|entry| !entry.is_empty());
        Self(entries.filter_map(Entry::parse).collect())
    }

    /// Reports whether the host of a URL is asked directly.
    pub(crate) fn contains(&self, url: &Url) -> bool {
        let port = url.port_or_known_default();
        self.0.iter().any(|entry| {
            let is_port = entry.port.is_none_or(|own| Some(own) == port);
            is_port && url.host().is_some_and(|host| entry.hosts.contain(&host))
        })
    }
}

impl Entry {
    fn parse(text: &str) -> Option<Self> {
        // Some people write a URL where a host is wanted.
        let text = match text.split_once("://") {
            Some((_, rest)) => rest.split('/').next().unwrap_or_default(),
            None => text,
        };
        let (text, port) = match text.rsplit_once(':') {
            // An address of IPv6 contains colons.
            Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
                if port == "*" {
                    (host, None)
                } else {
                    (host, Some(port.parse().ok()?))
                }
            }
            Some(_) | None => (text, None),
        };
        let hosts = Hosts::parse(text)?;
        Some(Self { hosts, port })
    }
}

impl Hosts {
    fn parse(text: &str) -> Option<Self> {
        if let Some((address, bits)) = text.split_once('/')
            && !bits.is_empty()
        {
            let (address, mapped) = parse_address(address)?;
            let bits = match bits.parse::<Ipv4Addr>() {
                Ok(mask) => ones(mask)?,
                Err(_) => bits.parse::<u8>().ok()?.checked_sub(mapped)?,
            };
            return (bits <= width(address)).then_some(Self::Network(address, bits));
        }
        let text = text.trim_end_matches('/').to_ascii_lowercase();
        if let Some((address, _)) = parse_address(&text) {
            return Some(Self::Address(address));
        }
        let name = text.trim_end_matches('.');
        let name = name.strip_prefix("*.").unwrap_or(name);
        let name = name.trim_start_matches('.');
        match name {
            "<local>" => Some(Self::Local),
            _ if name.contains('*') => Some(Self::Like(name.to_owned())),
            // The name is read as in a URL: names beyond ASCII are written in it.
            _ => match Host::parse(name).ok()? {
                Host::Domain(name) => Some(Self::Below(name)),
                Host::Ipv4(address) => Some(Self::Address(address.into())),
                Host::Ipv6(address) => Some(Self::Address(address.into())),
            },
        }
    }

    fn contain(&self, host: &Host<&str>) -> bool {
        let address = match host {
            Host::Domain(_) => None,
            Host::Ipv4(address) => Some(IpAddr::from(*address)),
            Host::Ipv6(address) => Some(IpAddr::from(*address).to_canonical()),
        };
        let text = host.to_string();
        let text = text.trim_end_matches('.');
        match self {
            Self::Local => address.is_none() && !text.contains('.'),
            Self::Below(name) => text
                .strip_suffix(name.as_str())
                .is_some_and(|before| before.is_empty() || before.ends_with('.')),
            Self::Like(pattern) => is_like(text, pattern),
            Self::Address(own) => address == Some(*own),
            Self::Network(own, bits) => {
                address.is_some_and(|address| prefix(address, *bits) == prefix(*own, *bits))
            }
        }
    }
}

/// Reads an address as people write it, such as `[::1]` and `::1`, and returns how many bits were
/// in front of one of IPv4 that was written as one of IPv6.
fn parse_address(text: &str) -> Option<(IpAddr, u8)> {
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    let address = bare.unwrap_or(text).parse::<IpAddr>().ok()?;
    let canonical = address.to_canonical();
    Some((canonical, width(address) - width(canonical)))
}

/// Returns how many bits a mask such as `255.255.0.0` keeps.
fn ones(mask: Ipv4Addr) -> Option<u8> {
    let mask = u32::from(mask);
    let ones = mask.leading_ones();
    (mask.count_ones() == ones)
        .then_some(ones)
        .and_then(|ones| u8::try_from(ones).ok())
}

const fn width(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

/// Returns the first bits of an address, and its family.
fn prefix(address: IpAddr, bits: u8) -> (bool, u128) {
    let number = match address {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address),
    };
    let dropped = u32::from(width(address).saturating_sub(bits));
    (address.is_ipv4(), number.checked_shr(dropped).unwrap_or(0))
}

/// Reports whether a text matches a pattern, in which `*` stands for any characters.
fn is_like(text: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let last = parts.next_back().unwrap_or_default();
    let Some(rest) = text.strip_prefix(first) else {
        return false;
    };
    let Some(mut rest) = rest.strip_suffix(last) else {
        return false;
    };
    // The earliest place leaves most for the parts that follow.
    parts.all(|part| match rest.find(part) {
        Some(at) => {
            rest = &rest[at + part.len()..];
            true
        }
        None => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_direct(list: &str, url: &str) -> bool {
        NoProxy::parse(list).contains(&Url::parse(url).unwrap())
    }

    #[test]
    fn an_opt_out_is_understood_in_every_spelling() {
        for (list, url) in [
            ("*", "http://a.example/"),
            ("*", "http://10.1.2.3/"),
            ("*", "http://[::1]:8/"),
            (" * ", "https://a/"),
            ("x.example, *", "https://a/"),
            ("*:*", "http://a/"),
            ("a.example", "http://a.example/"),
            ("a.example", "http://A.EXAMPLE:8080/"),
            ("A.Example", "http://a.example/"),
            ("a.example", "http://a.example./"),
            ("a.example.", "http://a.example/"),
            ("a.example", "http://www.a.example/"),
            (".a.example", "http://www.a.example/"),
            (".a.example", "http://a.example/"),
            ("*.a.example", "http://x.y.a.example/"),
            ("*.a.example", "http://a.example/"),
            ("*a.example", "http://ba.example/"),
            ("*a.example", "http://a.example/"),
            ("a.*", "http://a.example/"),
            ("a.*.example", "http://a.b.c.example/"),
            ("a*b*c.example", "http://a.b.x.c.example/"),
            ("*ab*ab*", "http://ab.ab.example/"),
            ("\u{fc}.example", "http://xn--tda.example/"),
            ("b,a.example", "http://a.example/"),
            ("b a.example", "http://a.example/"),
            ("b , a.example ,c", "http://a.example/"),
            ("b;a.example|c", "http://a.example/"),
            ("b\ta.example\n", "http://a.example/"),
            ("\"b,a.example\"", "http://a.example/"),
            ("a.example:8080", "http://a.example:8080/"),
            ("a.example:80", "http://a.example/"),
            ("a.example:443", "https://a.example/"),
            ("http://a.example/", "http://a.example/"),
            ("http://a.example:8080/x", "https://a.example:8080/"),
            ("localhost", "http://localhost:9/"),
            ("<local>", "http://intranet/"),
            ("127.0.0.1", "http://127.0.0.1:9/"),
            ("127.0.0.1", "http://127.1/"),
            ("127.0.0.1:9", "http://127.0.0.1:9/"),
            ("10.0.0.0/8", "http://10.255.1.2/"),
            ("10.9.9.9/8", "http://10.255.1.2/"),
            ("0.0.0.0/0", "http://8.8.8.8/"),
            ("10.1.2.3/32", "http://10.1.2.3/"),
            ("10.9.0.0/255.0.0.0", "http://10.1.2.3/"),
            ("10.1.2.0/255.255.254.0", "http://10.1.3.9/"),
            ("10.1.2.3/255.255.255.255", "http://10.1.2.3/"),
            ("10.1.2.3/0.0.0.0", "http://8.8.8.8/"),
            ("::ffff:10.0.0.0/104", "http://10.1.2.3/"),
            ("[::ffff:10.0.0.0]/104", "http://[::ffff:10.1.2.3]/"),
            ("10.*", "http://10.1.2.3/"),
            ("192.168.*.*", "http://192.168.1.2/"),
            ("::1", "http://[::1]/"),
            ("[::1]", "http://[::1]/"),
            ("[::1]:8080", "http://[::1]:8080/"),
            ("0:0:0:0:0:0:0:1", "http://[::1]/"),
            ("fd00::/8", "http://[fd12::1]/"),
            ("[fd00::]/8", "http://[fd12::1]/"),
            ("::/0", "http://[2001:db8::1]/"),
            ("10.1.2.3", "http://[::ffff:10.1.2.3]/"),
            ("10.0.0.0/8", "http://[::ffff:10.1.2.3]/"),
        ] {
            assert!(is_direct(list, url), "{list:?} {url}");
        }
    }

    #[test]
    fn others_go_through_the_proxy() {
        for (list, url) in [
            ("", "http://a.example/"),
            (",", "http://a.example/"),
            (" . ", "http://a.example/"),
            ("a.example", "http://ba.example/"),
            (".a.example", "http://ba.example/"),
            ("*.a.example", "http://ba.example/"),
            ("a.example", "http://a.example.b/"),
            ("a.*", "http://b.a.example/"),
            ("a*a", "http://a/"),
            ("*ab*ab*", "http://ab.example/"),
            ("*ab*ab*", "http://xab.example/"),
            ("a.example:8080", "http://a.example/"),
            ("a.example:80", "https://a.example/"),
            ("a.example:x", "http://a.example/"),
            ("<local>", "http://a.example/"),
            ("<local>", "http://10.1.2.3/"),
            ("<local>", "http://[::1]/"),
            ("10.0.0.0/8", "http://11.1.2.3/"),
            ("10.0.0.0/33", "http://10.1.2.3/"),
            ("10.0.0.0/x", "http://10.1.2.3/"),
            ("10.0.0.0/255.0.0.0", "http://11.1.2.3/"),
            ("10.0.0.0/255.0.255.0", "http://10.0.0.3/"),
            ("10.1.2.0/255.255.255.0", "http://10.1.3.3/"),
            ("::ffff:10.0.0.0/104", "http://11.1.2.3/"),
            ("::ffff:10.0.0.0/95", "http://10.0.0.0/"),
            ("fd00::/255.0.0.0", "http://[fe00::1]/"),
            ("10.0.0.0/8", "http://10.example/"),
            ("1.2.3.4", "http://11.2.3.4/"),
            ("2.3.4", "http://1.2.3.4/"),
            ("::1", "http://[::2]/"),
            ("fd00::/8", "http://[fe00::1]/"),
            ("0.0.0.0/0", "http://[2001:db8::1]/"),
            ("::/0", "http://8.8.8.8/"),
        ] {
            assert!(!is_direct(list, url), "{list:?} {url}");
        }
    }
}
