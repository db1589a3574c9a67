//! Which addresses a webhook may go to, once a name is resolved. Pure.
//!
//! Public unicast addresses only. IPv6 is judged by what is allowed (2000::/3 without its special blocks), so
//! that NAT64, unique local, link local and everything not yet assigned is refused without being named.
//! Sources: the IANA special-purpose address registries for IPv4 and IPv6.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

const V4_REFUSED: [(Ipv4Addr, u8); 16] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 31, 196, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

const V6_ALLOWED: (Ipv6Addr, u8) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);
/// Teredo and other protocol assignments, documentation, 6to4: all may lead to an IPv4 address of another kind.
const V6_REFUSED: [(Ipv6Addr, u8); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// Never opened by a wider range of the allow-list, only by one that lies inside: this host, link local with the
/// clouds' metadata services, two metadata addresses outside of it, multicast.
const NAMED_EXACTLY: [&str; 10] = [
    "0.0.0.0/8",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "100.100.100.200/32",
    "224.0.0.0/4",
    "::/128",
    "::1/128",
    "fe80::/10",
    "fd00:ec2::254/128",
    "ff00::/8",
];

/// Whether anybody's webhook may go there.
pub fn public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => !V4_REFUSED.iter().any(|(base, bits)| v4(*base, *bits).contains(&address)),
        IpAddr::V6(address) => {
            v6(V6_ALLOWED.0, V6_ALLOWED.1).contains(&address)
                && !V6_REFUSED.iter().any(|(base, bits)| v6(*base, *bits).contains(&address))
        }
    }
}

/// Whether a range of the operator's allow-list opens the address.
pub fn opened_by(range: &IpNet, address: IpAddr) -> bool {
    let address = address.to_canonical();
    let special = NAMED_EXACTLY.iter().filter_map(|text| text.parse::<IpNet>().ok());
    let named = special.filter(|special| special.contains(&address)).all(|special| special.contains(range));
    range.contains(&address) && named
}

fn v4(base: Ipv4Addr, bits: u8) -> Ipv4Net {
    Ipv4Net::new_assert(base, bits)
}

fn v6(base: Ipv6Addr, bits: u8) -> Ipv6Net {
    Ipv6Net::new_assert(base, bits)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn only_public_unicast_is_public() {
        for text in ["1.1.1.1", "8.8.8.8", "100.63.255.255", "172.32.0.1", "2400:3200::1", "2606:4700::1111"]
        {
            assert!(public(address(text)), "{text}");
        }
        for text in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.100.100.200",
            "127.0.0.1",
            "169.254.169.254",
            "172.31.0.1",
            "192.168.1.1",
            "192.0.0.192",
            "198.19.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "::ffff:8.8.8.8%0".split('%').next().unwrap_or_default(),
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "4000::1",
        ] {
            let expected = text == "::ffff:8.8.8.8";
            assert_eq!(public(address(text)), expected, "{text}");
        }
    }

    #[test]
    fn every_named_range_parses() {
        assert!(NAMED_EXACTLY.iter().all(|text| text.parse::<IpNet>().is_ok()));
    }

    #[test]
    fn a_wide_range_opens_no_loopback_and_no_metadata() {
        let everything: IpNet = "0.0.0.0/0".parse().unwrap();
        assert!(opened_by(&everything, address("10.1.2.3")));
        for text in ["127.0.0.1", "169.254.169.254", "100.100.100.200", "0.0.0.0", "::ffff:127.0.0.1"] {
            assert!(!opened_by(&everything, address(text)), "{text}");
        }
        assert!(opened_by(&"127.0.0.1/32".parse().unwrap(), address("127.0.0.1")));
        assert!(!opened_by(&"127.0.0.1/32".parse().unwrap(), address("127.0.0.2")));
    }

    proptest! {
        #[test]
        fn every_refused_block_stays_refused_also_when_mapped(host: u32, block in 0usize..V4_REFUSED.len()) {
            let (base, bits) = V4_REFUSED[block];
            let mask = u32::MAX.checked_shr(u32::from(bits)).unwrap_or(0);
            let inside = Ipv4Addr::from(u32::from(base) | (host & mask));
            prop_assert!(!public(IpAddr::V4(inside)));
            prop_assert!(!public(IpAddr::V6(inside.to_ipv6_mapped())));
            let nat64 = Ipv6Addr::from((0x0064_ff9b_u128 << 96) | u128::from(u32::from(inside)));
            prop_assert!(!public(IpAddr::V6(nat64)));
        }
    }
}
