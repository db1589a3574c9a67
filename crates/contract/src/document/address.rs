//! Which addresses an endpoint may have, judged by their text when a manifest is applied. Pure.
//!
//! What can never be called is refused here with a reason a person can act on; what a name resolves to is judged when
//! the call is made (service notification), and so is whether an operator opened a private range.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

use super::check::Problem;

/// How far endpoints may reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The public web over TLS, by name.
    Public,
    /// Also plain HTTP, private addresses and this machine: for development.
    Private,
}

/// Names of metadata services and of a cluster's own: nobody's webhook goes there.
const NEVER: [&str; 4] = ["metadata", "metadata.google.internal", "metadata.goog", "kubernetes.default"];
const NEVER_BELOW: [&str; 4] = [".cluster.local", ".svc", ".internal", ".localdomain"];

/// What is wrong with an address, whoever may reach it.
pub(super) fn refused_always(text: &str) -> Option<Problem> {
    if !(text.starts_with("http://") || text.starts_with("https://")) {
        return Some(Problem::NotHttp);
    }
    let Ok(url) = Url::parse(text) else { return Some(Problem::EndpointNotAllowed) };
    let credentials = !url.username().is_empty() || url.password().is_some();
    let fine = !credentials
        && match url.host() {
            None => false,
            Some(Host::Domain(name)) => !reserved(name),
            Some(Host::Ipv4(address)) => !never(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => !never(IpAddr::V6(address)),
        };
    (!fine).then_some(Problem::EndpointNotAllowed)
}

/// What is wrong with it beyond [`refused_always`], given how far endpoints may reach.
pub(super) fn refused(text: &str, reach: Reach) -> Option<Problem> {
    let url = Url::parse(text).ok().filter(|_| reach == Reach::Public)?;
    let named = match url.host()? {
        Host::Domain(name) => {
            let name = name.trim_end_matches('.');
            name.contains('.') && !name.ends_with(".local") && !name.ends_with(".localhost")
        }
        Host::Ipv4(_) | Host::Ipv6(_) => false,
    };
    (!named || url.scheme() != "https").then_some(Problem::EndpointNotAllowed)
}

fn reserved(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    NEVER.contains(&name) || NEVER_BELOW.iter().any(|below| name.ends_with(below))
}

/// Link local with the clouds' metadata services, those outside of it, nobody's, everybody's.
fn never(address: IpAddr) -> bool {
    const METADATA_V4: Ipv4Addr = Ipv4Addr::new(100, 100, 100, 200);
    const METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            v4.is_link_local()
                || v4.is_multicast()
                || v4.is_broadcast()
                || v4.octets()[0] == 0
                || v4 == METADATA_V4
        }
        IpAddr::V6(v6) => {
            v6.is_unicast_link_local() || v6.is_multicast() || v6.is_unspecified() || v6 == METADATA_V6
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_never_be_called_is_refused_everywhere() {
        for text in [
            "ftp://hooks.example.cn/",
            "https://user:word@hooks.example.cn/",
            "https://user@hooks.example.cn/",
            "http://169.254.169.254/latest",
            "http://0xa9fea9fe/latest",
            "http://[::ffff:169.254.169.254]/",
            "http://[fe80::1]/",
            "http://[fd00:ec2::254]/",
            "http://0.0.0.0/",
            "http://metadata.google.internal/",
            "https://dispatch.streetwise.svc/",
            "https://dispatch.streetwise.svc.cluster.local/",
            "http://",
        ] {
            assert!(refused_always(text).is_some(), "{text}");
        }
    }

    #[test]
    fn private_addresses_are_for_development() {
        for text in [
            "http://127.0.0.1:9400/hooks",
            "http://localhost:9400/hooks",
            "https://10.20.0.7/hooks",
            "https://[fd12::1]/hooks",
            "https://2130706433/hooks",
            "http://hooks.example.cn/",
        ] {
            assert_eq!(refused_always(text), None, "{text}");
            assert_eq!(refused(text, Reach::Private), None, "{text}");
            assert_eq!(refused(text, Reach::Public), Some(Problem::EndpointNotAllowed), "{text}");
        }
        let fine = "https://hooks.transport.example.cn/street/1";
        assert_eq!((refused_always(fine), refused(fine, Reach::Public)), (None, None));
    }
}
