//! Where a URL may lead: the public web over TLS, and what the operator opened by name.
//!
//! `STREETWISE_EGRESS_ALLOW` is a list of `scheme://host/CIDR:port`, separated by commas or white space, e.g.
//! `http://127.0.0.1/127.0.0.1/32:9400` or `https://hooks.transport.example/10.20.0.0/16:8443`. An entry opens
//! exactly this scheme, host and port, and only at addresses inside the CIDR; several entries for one name open
//! each of their ranges. Empty by default, never settable
//! by a tenant, logged at start; `http` only in development (D54).

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;
use url::{Host, Url};

use super::address;

/// What the operator opened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowList(Vec<Entry>);

/// One opening.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    scheme: String,
    host: Host,
    range: IpNet,
    port: u16,
}

/// Where a URL leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Any public address.
    Public,
    /// The ranges of all entries for this scheme, host and port, by the place of the first in the list.
    Listed(usize),
}

/// The URL leads nowhere a webhook may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("endpoint is not allowed")]
pub struct NotAllowed;

/// A text that is no allow-list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected scheme://host/CIDR:port entries")]
pub struct BadAllowList;

impl AllowList {
    /// Reads the list; `http` entries are refused outside development.
    pub fn parse(text: &str, development: bool) -> Result<Self, BadAllowList> {
        let entries = text.split([',', ' ', '\t', '\n']).filter(|entry| !entry.is_empty()).map(Entry::parse);
        let entries: Vec<Entry> = entries.collect::<Result<_, _>>()?;
        let plain = entries.iter().any(|entry| entry.scheme == "http");
        if plain && !development { Err(BadAllowList) } else { Ok(Self(entries)) }
    }

    /// The entries in order.
    pub fn entries(&self) -> &[Entry] {
        &self.0
    }

    /// Whether the entry at `place`, or another one for the same scheme, host and port, opens this address.
    pub fn opens(&self, place: usize, address: IpAddr) -> bool {
        let asked = &self.0[place];
        self.0.iter().any(|entry| entry.same_name(asked) && entry.opens(address))
    }

    /// Judges the text of a URL before anything is resolved.
    pub fn way(&self, url: &Url) -> Result<Way, NotAllowed> {
        let host = url.host().ok_or(NotAllowed)?.to_owned();
        let port = url.port_or_known_default().ok_or(NotAllowed)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(NotAllowed);
        }
        let named = |e: &Entry| e.scheme == url.scheme() && e.host == host && e.port == port;
        if let Some(place) = self.0.iter().position(named) {
            let open = literal(&host).is_none_or(|address| self.opens(place, address));
            return if open { Ok(Way::Listed(place)) } else { Err(NotAllowed) };
        }
        match host {
            Host::Domain(name) if url.scheme() == "https" && port == 443 && outside(&name) => Ok(Way::Public),
            _ => Err(NotAllowed),
        }
    }
}

impl Entry {
    /// Whether the entry opens this address.
    pub fn opens(&self, address: IpAddr) -> bool {
        address::opened_by(&self.range, address)
    }

    fn same_name(&self, other: &Entry) -> bool {
        (&self.scheme, &self.host, self.port) == (&other.scheme, &other.host, other.port)
    }

    fn parse(text: &str) -> Result<Self, BadAllowList> {
        let (scheme, rest) = text.split_once("://").ok_or(BadAllowList)?;
        let (host, rest) = rest.split_once('/').ok_or(BadAllowList)?;
        let (range, port) = rest.rsplit_once(':').ok_or(BadAllowList)?;
        if !matches!(scheme, "http" | "https") {
            return Err(BadAllowList);
        }
        Ok(Self {
            scheme: scheme.to_owned(),
            host: Host::parse(host).map_err(|_| BadAllowList)?,
            range: range.parse().map_err(|_| BadAllowList)?,
            port: port.parse().map_err(|_| BadAllowList)?,
        })
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}/{}:{}", self.scheme, self.host, self.range, self.port)
    }
}

fn literal(host: &Host) -> Option<IpAddr> {
    match host {
        Host::Domain(_) => None,
        Host::Ipv4(address) => Some(IpAddr::V4(*address)),
        Host::Ipv6(address) => Some(IpAddr::V6(*address)),
    }
}

/// A name of the public web: not of this host, a private network, a cluster or a cloud's metadata.
fn outside(name: &str) -> bool {
    const INSIDE: [&str; 9] = [
        "localhost",
        "local",
        "internal",
        "intranet",
        "lan",
        "home.arpa",
        "svc",
        "cluster.local",
        "localdomain",
    ];
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let within = |suffix: &str| name == suffix || name.ends_with(&format!(".{suffix}"));
    name.contains('.') && !INSIDE.into_iter().any(within)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SINK: &str = "http://127.0.0.1/127.0.0.1/32:9400";

    fn way(list: &str, url: &str) -> Result<Way, NotAllowed> {
        AllowList::parse(list, true).unwrap().way(&url.parse().unwrap())
    }

    #[test]
    fn the_public_web_over_tls_is_open_and_nothing_else() {
        assert_eq!(way("", "https://hooks.example.com/a?b=c"), Ok(Way::Public));
        for url in [
            "http://hooks.example.com/",
            "https://hooks.example.com:8443/",
            "https://user@hooks.example.com/",
            "https://user:secret@hooks.example.com/",
            "https://1.1.1.1/",
            "https://[2606:4700::1111]/",
            "https://localhost/",
            "https://sink/",
            "https://sink.default.svc/",
            "https://sink.default.svc.cluster.local./",
            "https://metadata.google.internal/",
            "ftp://hooks.example.com/",
            "file:///etc/passwd",
            "data:text/plain,a",
        ] {
            assert_eq!(way("", url), Err(NotAllowed), "{url}");
        }
    }

    #[test]
    fn an_entry_opens_exactly_what_it_names() {
        assert_eq!(way(SINK, "http://127.0.0.1:9400/hooks/transport"), Ok(Way::Listed(0)));
        assert_eq!(
            way(SINK, "http://0x7f.1:9400/"),
            Ok(Way::Listed(0)),
            "the same address, written otherwise"
        );
        for url in [
            "https://127.0.0.1:9400/",
            "http://127.0.0.1:9401/",
            "http://127.0.0.2:9400/",
            "http://localhost:9400/",
        ] {
            assert_eq!(way(SINK, url), Err(NotAllowed), "{url}");
        }
        let wide = "http://127.0.0.1/0.0.0.0/0:9400";
        assert_eq!(way(wide, "http://127.0.0.1:9400/"), Err(NotAllowed), "loopback is not named exactly");
        let second = "http://127.0.0.1/10.0.0.0/8:9400,http://127.0.0.1/127.0.0.1/32:9400";
        assert_eq!(
            way(second, "http://127.0.0.1:9400/"),
            Ok(Way::Listed(0)),
            "any entry of the name opens it"
        );
        let list =
            AllowList::parse("https://a.example/10.1.0.0/16:443,https://a.example/10.2.0.0/16:443", true);
        let opens = |address: &str| list.as_ref().unwrap().opens(0, address.parse().unwrap());
        assert_eq!(["10.1.0.1", "10.2.0.1", "10.3.0.1"].map(opens), [true, true, false]);
        let two = format!("{SINK}, https://hooks.transport.example/10.20.0.0/16:8443");
        assert_eq!(way(&two, "https://hooks.transport.example:8443/"), Ok(Way::Listed(1)));
    }

    #[test]
    fn plain_http_is_for_development() {
        assert_eq!(AllowList::parse(SINK, false), Err(BadAllowList));
        assert_eq!(AllowList::parse("", false), Ok(AllowList::default()));
        for text in [
            "127.0.0.1:9400",
            "gopher://a/10.0.0.0/8:1",
            "https://a/10.0.0.0:1",
            "https://a/10.0.0.0/8",
            "https://a/10.0.0.0/8:x",
        ] {
            assert_eq!(AllowList::parse(text, true), Err(BadAllowList), "{text}");
        }
        let six = AllowList::parse("http://[::1]/::1/128:9400", true).unwrap();
        assert_eq!(six.way(&"http://[::1]:9400/".parse().unwrap()), Ok(Way::Listed(0)));
    }

    /// Any part as decimal, octal or hexadecimal, any number of parts: what a lenient parser reads as loopback.
    fn loopback_in_any_notation() -> impl Strategy<Value = String> {
        let number = |value: u64, base: u8| match base {
            0 => format!("{value}"),
            1 => format!("0{value:o}"),
            2 => format!("0x{value:x}"),
            _ => format!("0X{value:X}"),
        };
        let v4 = (any::<[u8; 3]>(), 1usize..=4, any::<[u8; 4]>()).prop_map(move |(rest, parts, bases)| {
            let all = [127, rest[0], rest[1], rest[2]];
            let (head, tail) = all.split_at(parts - 1);
            let last = tail.iter().fold(0u64, |value, byte| value << 8 | u64::from(*byte));
            let numbers = head.iter().map(|byte| u64::from(*byte)).chain([last]);
            let text: Vec<String> = numbers.zip(bases).map(|(value, base)| number(value, base % 4)).collect();
            text.join(".")
        });
        let v6 =
            any::<[u8; 3]>().prop_map(|rest| format!("[::ffff:127.{}.{}.{}]", rest[0], rest[1], rest[2]));
        prop_oneof![
            v4,
            v6,
            Just("[::1]".to_owned()),
            Just("[0:0:0:0:0:0:0:1]".to_owned()),
            Just("localhost".to_owned())
        ]
    }

    proptest! {
        #[test]
        fn loopback_in_any_notation_is_refused(host in loopback_in_any_notation(), tls: bool, port in prop::option::of(1u16..)) {
            let scheme = if tls { "https" } else { "http" };
            let port = port.map_or(String::new(), |port| format!(":{port}"));
            if let Ok(url) = Url::parse(&format!("{scheme}://{host}{port}/hook")) {
                prop_assert_eq!(AllowList::default().way(&url), Err(NotAllowed));
                let other = AllowList::parse("http://10.0.0.1/0.0.0.0/0:80,https://a.example/127.0.0.1/32:443", true).unwrap();
                prop_assert_eq!(other.way(&url), Err(NotAllowed));
            }
        }

        #[test]
        fn any_text_is_judged_without_panic(text in "\\PC{0,60}", list in "\\PC{0,60}") {
            let list = AllowList::parse(&list, true).unwrap_or_default();
            if let Ok(url) = Url::parse(&text) {
                prop_assert!(list.way(&url) != Ok(Way::Public) || url.scheme() == "https");
            }
        }
    }
}
