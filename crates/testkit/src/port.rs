//! Ports for servers that must come back on the same one.
//!
//! Not port 0: the kernel would choose from the range it also gives to outgoing connections. While the server is
//! down, a client's own connection could then take its port, or, retrying, connect to itself.

use std::net::{Ipv4Addr, TcpListener};

use rand::Rng;

/// Above the standard ports, below the range of outgoing connections.
const RANGE: std::ops::Range<u16> = 20_500..32_000;

/// A loopback port that nothing listened on a moment ago. Another process may be faster: callers retry.
pub(crate) fn unused() -> u16 {
    loop {
        let port = rand::rng().random_range(RANGE);
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}
