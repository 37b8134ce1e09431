//! Owns the distinction of addresses that lead out into the world from those that lead inside,
//! where a server out there has no business sending anyone. Pure.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// The addresses that may be connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Reach {
    /// All addresses.
    Anywhere,
    /// Those of hosts out in the world.
    Public,
}

/// Reports whether an address is of a host out in the world: not of this machine, its network, its
/// provider's inside (metadata services among them), or of no single host at all.
///
/// The blocks are those in the registries of special-purpose addresses (RFC 6890) that can lead
/// inside: addresses reserved for documentation lead nowhere and count as outside. IPv6 addresses
/// that carry an IPv4 address are judged by that one, because a translator sends them there.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => match carried(address) {
            Some(carried) => is_public_v4(carried),
            None => is_public_v6(address),
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let inside = match address.octets() {
        // This network; private; loopback.
        [0 | 10 | 127, ..]
        // Link-local, with the metadata services; private.
        | [169, 254, ..]
        | [192, 168, ..]
        // Protocol assignments (RFC 6890); benchmarks within a laboratory (RFC 2544).
        | [192, 0, 0, _]
        // Relays of tunnels, of which the nearest answers (RFC 3068).
        | [192, 88, 99, _]
        // A provider's own, which its machines reach as if it were on their link.
        | [168, 63, 129, 16]
        | [198, 18 | 19, ..] => true,
        // Private.
        [172, second, ..] => (16..32).contains(&second),
        // Shared by a provider's customers (RFC 6598), with a metadata service as well.
        [100, second, ..] => (64..128).contains(&second),
        // Multicast, reserved, broadcast.
        [first, ..] => first >= 224,
    };
    !inside
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let first = address.segments()[0];
    // Tunnels within a site (RFC 5214), to the IPv4 address at their end.
    if let [_, _, _, _, 0 | 0x200, 0x5efe, ..] = address.segments()
        && !is_public_v4(ipv4_at(address, 6))
    {
        return false;
    }
    // Local to a site, in both generations; to a link; multicast.
    let inside = first & 0xfe00 == 0xfc00
        || first & 0xff80 == 0xfe80
        || first & 0xff00 == 0xff00
        // Identifiers of segments within one network (RFC 9602).
        || first == 0x5f00
        // Tunnels to a host behind a translator (RFC 4380), whose address is disguised in them;
        // addresses whose packets are thrown away (RFC 6666).
        || address.segments()[..2] == [0x2001, 0]
        // Benchmarks within a laboratory (RFC 5180).
        || address.segments()[..3] == [0x2001, 2, 0]
        || address.segments()[..4] == [0x100, 0, 0, 0]
        // Services that the nearest router answers for (RFC 7723, RFC 8155, RFC 9665).
        || matches!(address.segments(), [0x2001, 1, 0, 0, 0, 0, 0, 1..=3])
        // Translators of one network (RFC 8215), to IPv4 addresses at a place of its choosing.
        || address.segments()[..3] == [0x64, 0xff9b, 1];
    !inside
}

/// Returns the IPv4 address that a translator or tunnel takes out of this one.
fn carried(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let at = |index| ipv4_at(address, index);
    match address.segments() {
        // Compatible, of which `::` and `::1` carry addresses of this network (RFC 4291 §2.5.5.1),
        // mapped (§2.5.5.2), translated (RFC 2765, RFC 6052).
        [0, 0, 0, 0, 0, 0 | 0xffff, ..]
        | [0, 0, 0, 0, 0xffff, 0, ..]
        | [0x64, 0xff9b, 0, 0, 0, 0, ..] => Some(at(6)),
        // 6to4 (RFC 3056).
        [0x2002, ..] => Some(at(1)),
        _ => None,
    }
}

/// Returns the IPv4 address in two segments.
fn ipv4_at(address: Ipv6Addr, index: usize) -> Ipv4Addr {
    let segments = address.segments();
    let [high, low] = [segments[index], segments[index + 1]].map(u16::to_be_bytes);
    Ipv4Addr::from([high[0], high[1], low[0], low[1]])
}

/// Reports whether a URL names a public host as far as the URL alone can tell; `None` for a name
/// whose address is not known.
pub(crate) fn names_public_host(url: &Url) -> Option<bool> {
    match url.host()? {
        Host::Ipv4(address) => Some(is_public(address.into())),
        Host::Ipv6(address) => Some(is_public(address.into())),
        // RFC 6761 §6.3; what systems do with it varies.
        Host::Domain(name) => {
            let name = name.trim_end_matches('.');
            let is_local = name == "localhost" || name.ends_with(".localhost");
            is_local.then_some(false)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first and last address of each block, and their neighbours.
    #[test]
    fn blocks_begin_and_end_where_the_registries_say() {
        for (inside, outside) in [
            (&["0.0.0.0", "0.255.255.255"][..], &["1.0.0.0"][..]),
            (
                &["10.0.0.0", "10.255.255.255"],
                &["9.255.255.255", "11.0.0.0"],
            ),
            (
                &["100.64.0.0", "100.127.255.255", "100.100.100.200"],
                &["100.63.255.255", "100.128.0.0"],
            ),
            (
                &["127.0.0.1", "127.255.255.255"],
                &["126.255.255.255", "128.0.0.0"],
            ),
            (
                &["169.254.0.0", "169.254.169.254", "169.254.255.255"],
                &["169.253.255.255", "169.255.0.0"],
            ),
            (
                &["172.16.0.0", "172.31.255.255"],
                &["172.15.255.255", "172.32.0.0"],
            ),
            (
                &["192.0.0.0", "192.0.0.255"],
                &["191.255.255.255", "192.0.1.0", "192.0.2.1"],
            ),
            (
                &["192.168.0.0", "192.168.255.255"],
                &["192.167.255.255", "192.169.0.0"],
            ),
            (
                &["198.18.0.0", "198.19.255.255"],
                &["198.17.255.255", "198.20.0.0"],
            ),
            (
                &[
                    "224.0.0.0",
                    "239.255.255.255",
                    "240.0.0.0",
                    "255.255.255.255",
                ],
                &["223.255.255.255", "203.0.113.1"],
            ),
            (&["::", "::1"], &["2606:4700::1", "2001:db8::1"]),
            (
                &["fc00::", "fd00:ec2::254", "fdff:ffff::"],
                &["fbff:ffff::", "fe00::"],
            ),
            (&["fe80::", "fe80::1", "fec0::", "feff::"], &["fe7f:ffff::"]),
            (&["ff00::", "ff02::1", "ffff::"], &["64:ff9b::808:808"]),
            (
                &["::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1"],
                &["::ffff:8.8.8.8", "::8.8.8.8"],
            ),
            (
                &["64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1"],
                &["64:ff9a::1"],
            ),
            (
                &["2002:7f00:1::", "2002:a00:1::1"],
                &["2002:808:808::1", "2003::1"],
            ),
            (&["::ffff:0:10.0.0.1"], &["::ffff:0:8.8.8.8"]),
        ] {
            for address in inside {
                assert!(!is_public(address.parse().unwrap()), "{address}");
            }
            for address in outside {
                assert!(is_public(address.parse().unwrap()), "{address}");
            }
        }
    }

    #[test]
    fn what_leads_inside_only_in_effect_counts_as_inside() {
        for (inside, outside) in [
            (
                &["168.63.129.16"][..],
                &["168.63.129.15", "168.63.129.17", "168.63.128.16"][..],
            ),
            (
                &["2001::1", "2001:0:7f00:1::", "2001:0:ffff:ffff::"],
                &["2001:1::", "2000:ffff::"],
            ),
            (&["5f00::", "5f00:ffff::1"], &["5eff:ffff::", "5f01::"]),
            (
                &["2001:1::1", "2001:1::2", "2001:1::3"],
                &["2001:1::4", "2001:1::", "2001:1::1:0:1"],
            ),
            (
                &["192.88.99.0", "192.88.99.255", "2002:c058:6301::"],
                &["192.88.98.255", "192.88.100.0"],
            ),
            // Every byte of an address counts that another one carries.
            (
                &[
                    "::ffff:168.63.129.16",
                    "::168.63.129.16",
                    "2002:a83f:8110::",
                ],
                &[
                    "::ffff:168.63.129.17",
                    "::ffff:168.62.129.16",
                    "2002:a83f:8111::",
                    "2002:a83f:8010::",
                ],
            ),
            (
                &["2001:2::", "2001:2:0:ffff::"],
                &["2001:2:1::", "2001:1:ffff::"],
            ),
            (
                &[
                    "2606:4700::5efe:10.0.0.1",
                    "2606:4700::200:5efe:7f00:1",
                    "fe80::5efe:8.8.8.8",
                ],
                &["2606:4700::5efe:8.8.8.8", "2606:4700::100:5efe:10.0.0.1"],
            ),
            (
                &["100::", "100::ffff:ffff:ffff:ffff"],
                &["100:0:0:1::", "ff::"],
            ),
        ] {
            for address in inside {
                assert!(!is_public(address.parse().unwrap()), "{address}");
            }
            for address in outside {
                assert!(is_public(address.parse().unwrap()), "{address}");
            }
        }
    }

    #[test]
    fn hosts_are_judged_however_they_are_written() {
        for (url, public) in [
            ("http://127.1/", Some(false)),
            ("http://2130706433/", Some(false)),
            ("http://0x7f.0.0.1/", Some(false)),
            ("http://0177.0.0.1/", Some(false)),
            ("http://[::ffff:127.0.0.1]/", Some(false)),
            ("http://[::1]:80/", Some(false)),
            ("http://LOCALHOST./", Some(false)),
            ("http://a.localhost/", Some(false)),
            ("http://8.8.8.8/", Some(true)),
            ("http://localhost.example/", None),
            ("http://notlocalhost/", None),
        ] {
            assert_eq!(
                names_public_host(&Url::parse(url).unwrap()),
                public,
                "{url}"
            );
        }
    }
}
