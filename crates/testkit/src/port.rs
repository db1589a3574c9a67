//! Ports for servers that must come back on the same one.
//!
//! Not port 0: the kernel would choose from the range it also gives to outgoing connections. While the server is
//! down, a client's own connection could then take its port, or, retrying, connect to itself.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Mutex;

use rand::Rng;

/// Above the standard ports, below the range of outgoing connections.
const RANGE: std::ops::Range<u16> = 20_500..32_000;
/// Locks of the ports this process was given: a server that is down for a moment keeps its own, and two servers that
/// are about to start get two. They go with the process.
static HELD: Mutex<Vec<File>> = Mutex::new(Vec::new());

/// A loopback port that nothing listens on and no other test was given.
pub(crate) fn unused() -> u16 {
    loop {
        let port = rand::rng().random_range(RANGE);
        if let Some(lock) = lock(port)
            && TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
        {
            HELD.lock().expect("no holder of the ports panics").push(lock);
            return port;
        }
    }
}

/// One file a port, locked by whoever has it.
fn lock(port: u16) -> Option<File> {
    let folder = std::env::temp_dir().join("streetwise-ports");
    std::fs::create_dir_all(&folder).expect("the folder for temporary files takes one more");
    let file = File::create(folder.join(port.to_string())).expect("a lock file can be made");
    file.try_lock().is_ok().then_some(file)
}
