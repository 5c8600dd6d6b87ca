//! Which addresses the host may connect to: plain data, no input or output.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use url::{Host, Url};

/// Refuses special addresses unless the operator allows them.
#[derive(Debug, Clone, Default)]
pub struct AddressPolicy {
    allow: Vec<IpNet>,
}

/// Why an address or a URL is refused, and the way out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RefusedAddress {
    /// It lies in a special range.
    #[error("the address {address} is {range}; an operator opens it with --egress-allow {address}")]
    Special {
        /// The address.
        address: IpAddr,
        /// What it is.
        range: &'static str,
    },
    /// Not http or https.
    #[error("the scheme {0} is neither http nor https")]
    Scheme(String),
    /// A user name or a password in the URL.
    #[error("the URL carries a user name or a password; use the configuration for credentials")]
    UserInfo,
    /// No host.
    #[error("the URL names no host")]
    NoHost,
}

impl AddressPolicy {
    /// A policy that opens these networks.
    pub fn new(allow: Vec<IpNet>) -> Self {
        Self { allow }
    }

    /// Whether the host may connect to this address.
    pub fn permits(&self, address: IpAddr) -> Result<(), RefusedAddress> {
        let address = address.to_canonical();
        if self.allow.iter().any(|network| network.contains(&address)) {
            return Ok(());
        }
        let range = match address {
            IpAddr::V4(address) => special_v4(address),
            IpAddr::V6(address) => special_v6(address),
        };
        range.map_or(Ok(()), |range| Err(RefusedAddress::Special { address, range }))
    }

    /// What a URL tells before any name is resolved. The URL parser has turned every spelling of an IPv4 address
    /// (decimal, octal, hexadecimal, short) into the one.
    pub fn check(&self, url: &Url) -> Result<(), RefusedAddress> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(RefusedAddress::Scheme(url.scheme().to_owned()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(RefusedAddress::UserInfo);
        }
        match url.host() {
            None => Err(RefusedAddress::NoHost),
            Some(Host::Domain(_)) => Ok(()),
            Some(Host::Ipv4(address)) => self.permits(address.into()),
            Some(Host::Ipv6(address)) => self.permits(address.into()),
        }
    }
}

/// The special ranges of the IANA registry for IPv4 that nobody outside is reached at (RFC 6890 and its updates).
const V4: [(Ipv4Addr, u8, &str); 16] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8, "this network (RFC 791)"),
    (Ipv4Addr::new(10, 0, 0, 0), 8, "private (RFC 1918)"),
    (Ipv4Addr::new(100, 64, 0, 0), 10, "shared by carriers (RFC 6598)"),
    (Ipv4Addr::new(127, 0, 0, 0), 8, "loopback (RFC 1122)"),
    (
        Ipv4Addr::new(169, 254, 0, 0),
        16,
        "link-local, where clouds keep their metadata (RFC 3927)",
    ),
    (Ipv4Addr::new(172, 16, 0, 0), 12, "private (RFC 1918)"),
    (
        Ipv4Addr::new(192, 0, 0, 0),
        24,
        "for protocol assignments (RFC 6890)",
    ),
    (Ipv4Addr::new(192, 0, 2, 0), 24, "for documentation (RFC 5737)"),
    (Ipv4Addr::new(192, 88, 99, 0), 24, "a 6to4 relay (RFC 7526)"),
    (Ipv4Addr::new(192, 168, 0, 0), 16, "private (RFC 1918)"),
    (Ipv4Addr::new(198, 18, 0, 0), 15, "for benchmarks (RFC 2544)"),
    (Ipv4Addr::new(198, 51, 100, 0), 24, "for documentation (RFC 5737)"),
    (Ipv4Addr::new(203, 0, 113, 0), 24, "for documentation (RFC 5737)"),
    (Ipv4Addr::new(224, 0, 0, 0), 4, "multicast (RFC 5771)"),
    (Ipv4Addr::new(255, 255, 255, 255), 32, "broadcast (RFC 919)"),
    (Ipv4Addr::new(240, 0, 0, 0), 4, "reserved (RFC 1112)"),
];

/// The same for IPv6. Ranges that wrap IPv4 addresses are refused whole: what they lead to is nobody's guess.
const V6: [(Ipv6Addr, u8, &str); 14] = [
    (Ipv6Addr::UNSPECIFIED, 128, "unspecified (RFC 4291)"),
    (Ipv6Addr::LOCALHOST, 128, "loopback (RFC 4291)"),
    (Ipv6Addr::UNSPECIFIED, 96, "IPv4-compatible (RFC 4291)"),
    (
        Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0),
        96,
        "NAT64 (RFC 6052)",
    ),
    (
        Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0),
        48,
        "local NAT64 (RFC 8215)",
    ),
    (
        Ipv6Addr::new(0x100, 0, 0, 0, 0, 0, 0, 0),
        64,
        "discard-only (RFC 6666)",
    ),
    (
        Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0),
        23,
        "for protocol assignments, Teredo among them (RFC 2928)",
    ),
    (
        Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0),
        32,
        "for documentation (RFC 3849)",
    ),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, "6to4 (RFC 3056)"),
    (
        Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0),
        20,
        "for documentation (RFC 9637)",
    ),
    (
        Ipv6Addr::new(0x5f00, 0, 0, 0, 0, 0, 0, 0),
        16,
        "segment routing (RFC 9602)",
    ),
    (
        Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0),
        7,
        "unique local (RFC 4193)",
    ),
    (
        Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0),
        9,
        "link-local or site-local (RFC 4291)",
    ),
    (
        Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0),
        8,
        "multicast (RFC 4291)",
    ),
];

fn special_v4(address: Ipv4Addr) -> Option<&'static str> {
    let bits = address.to_bits();
    let within = |network: Ipv4Addr, length: u8| {
        (bits ^ network.to_bits())
            .checked_shr(32 - u32::from(length))
            .unwrap_or(0)
            == 0
    };
    V4.iter()
        .find(|(network, length, _)| within(*network, *length))
        .map(|(.., range)| *range)
}

fn special_v6(address: Ipv6Addr) -> Option<&'static str> {
    let bits = address.to_bits();
    let within = |network: Ipv6Addr, length: u8| {
        (bits ^ network.to_bits())
            .checked_shr(128 - u32::from(length))
            .unwrap_or(0)
            == 0
    };
    V6.iter()
        .find(|(network, length, _)| within(*network, *length))
        .map(|(.., range)| *range)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(policy: &AddressPolicy, url: &str) -> bool {
        policy.check(&Url::parse(url).unwrap()).is_err()
    }

    #[test]
    fn special_addresses_are_refused_in_every_spelling() {
        let urls = [
            "http://127.0.0.1/",
            "http://127.1/",
            "http://2130706433/",
            "http://0x7f000001/",
            "http://0177.0.0.1/",
            "http://0/",
            "http://10.1.2.3/",
            "http://100.64.0.1/",
            "http://169.254.169.254/latest",
            "http://172.16.0.1/",
            "http://172.31.255.255/",
            "http://192.168.0.1/",
            "http://192.0.0.8/",
            "http://192.0.2.1/",
            "http://198.18.0.1/",
            "http://198.19.255.255/",
            "http://198.51.100.7/",
            "http://203.0.113.9/",
            "http://224.0.0.1/",
            "http://240.0.0.1/",
            "http://255.255.255.255/",
            "http://192.88.99.1/",
            "http://[::1]/",
            "http://[::]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:a00:1]/",
            "http://[::127.0.0.1]/",
            "http://[64:ff9b::7f00:1]/",
            "http://[64:ff9b:1::1]/",
            "http://[100::1]/",
            "http://[2001::1]/",
            "http://[2001:db8::1]/",
            "http://[2002:7f00:1::]/",
            "http://[3fff::1]/",
            "http://[5f00::1]/",
            "http://[fc00::1]/",
            "http://[fd00:ec2::254]/",
            "http://[fe80::1]/",
            "http://[fec0::1]/",
            "http://[ff02::1]/",
            "ftp://example.com/",
            "http://user@example.com/",
            "http://user:password@example.com/",
            "file:///etc/passwd",
        ];
        for url in urls {
            assert!(refused(&AddressPolicy::default(), url), "{url}");
        }
    }

    #[test]
    fn others_are_not() {
        let urls = [
            "http://example.com/",
            "https://8.8.8.8/",
            "http://172.32.0.1/",
            "http://100.128.0.1/",
            "http://192.0.1.1/",
            "http://198.20.0.1/",
            "http://[2606:4700::1111]/",
            "http://[2001:4860::8888]/",
            "http://223.255.255.255/",
        ];
        for url in urls {
            assert!(!refused(&AddressPolicy::default(), url), "{url}");
        }
    }

    #[test]
    fn an_operator_opens_what_he_names() {
        let policy = AddressPolicy::new(vec!["127.0.0.0/8".parse().unwrap()]);
        assert!(!refused(&policy, "http://127.0.0.1/"));
        assert!(!refused(&policy, "http://[::ffff:127.0.0.1]/"));
        assert!(refused(&policy, "http://10.0.0.1/"));
        let refusal = AddressPolicy::default()
            .check(&Url::parse("http://127.0.0.1").unwrap())
            .unwrap_err();
        assert_eq!(
            refusal.to_string(),
            "the address 127.0.0.1 is loopback (RFC 1122); an operator opens it with --egress-allow 127.0.0.1"
        );
    }
}
