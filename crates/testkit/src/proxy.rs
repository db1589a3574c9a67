//! A TCP proxy that misbehaves on command: between a service and what it depends on.
//!
//! Works on established connections too, and keeps its address while it is cut, so the other side's reconnecting is
//! what gets tested. Bounded: at most [`CONNECTIONS_MAX`] connections, each with at most [`CHUNKS_MAX`] chunks of
//! [`CHUNK_BYTES_MAX`] in flight each way. Deliberately not here: packet loss and reordering, which TCP hides.

mod relay;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::Error;

/// Connections at once; further ones wait in the listener's queue.
pub const CONNECTIONS_MAX: usize = 1024;
/// Chunks on the way in one direction of one connection.
pub const CHUNKS_MAX: usize = 256;
/// Size of a chunk.
pub const CHUNK_BYTES_MAX: usize = 16 * 1024;

/// Which way a black hole swallows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the client to the target.
    ToTarget,
    /// From the target to the client.
    ToClient,
    /// Both: a half-open connection.
    Both,
}

/// What is wrong at the moment; nothing by default.
#[derive(Clone, Debug, Default)]
struct Faults {
    cut: bool,
    black_hole: Option<Direction>,
    delay: Duration,
    reset: Option<ResetDice>,
    bytes_per_second: Option<u64>,
}

#[derive(Clone, Copy, Debug)]
struct ResetDice {
    probability: f64,
    seed: u64,
}

/// A proxy in front of one target. Dropping it resets all its connections and frees its port.
pub struct FaultProxy {
    address: SocketAddr,
    faults: watch::Sender<Faults>,
    _stop: DropGuard,
}

impl FaultProxy {
    /// Listens on a loopback port of its own and forwards to `target`, faultless at first.
    pub async fn start(target: SocketAddr) -> Result<Self, Error> {
        let listener =
            TcpListener::bind(("127.0.0.1", 0)).await.map_err(Error::io("listening as a fault proxy"))?;
        let address = listener.local_addr().map_err(Error::io("reading a fault proxy's address"))?;
        let (faults, seen_faults) = watch::channel(Faults::default());
        let stop = CancellationToken::new();
        tokio::spawn(stop.clone().run_until_cancelled_owned(accept(
            listener,
            target,
            seen_faults,
            stop.clone(),
        )));
        Ok(Self { address, faults, _stop: stop.drop_guard() })
    }

    /// What the client is told to connect to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Resets every connection, and each new one as soon as it is made, until healed.
    pub fn cut(&self) {
        self.faults.send_modify(|faults| faults.cut = true);
    }

    /// Swallows nothing more and sends nothing on: connections stay open and silent until healed.
    pub fn blackhole(&self, direction: Direction) {
        self.faults.send_modify(|faults| faults.black_hole = Some(direction));
    }

    /// Each chunk arrives this much later, in both directions.
    pub fn delay(&self, delay: Duration) {
        self.faults.send_modify(|faults| faults.delay = delay);
    }

    /// Resets a connection with this probability at each chunk it forwards; same seed, same dice per connection.
    pub fn reset_probability(&self, probability: f64, seed: u64) {
        self.faults.send_modify(|faults| faults.reset = Some(ResetDice { probability, seed }));
    }

    /// Lets this many bytes a second through, in each direction of each connection.
    pub fn bandwidth(&self, bytes_per_second: u64) {
        self.faults.send_modify(|faults| faults.bytes_per_second = Some(bytes_per_second.max(1)));
    }

    /// Ends every fault. What a black hole held back is sent on, as after a mended cable.
    pub fn heal(&self) {
        self.faults.send_replace(Faults::default());
    }
}

async fn accept(
    listener: TcpListener,
    target: SocketAddr,
    faults: watch::Receiver<Faults>,
    stop: CancellationToken,
) {
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut number = 0_u64;
    loop {
        let Ok(permit) = room.clone().acquire_owned().await else { return };
        let Ok((client, _)) = listener.accept().await else { continue };
        number += 1;
        let (faults, stop) = (faults.clone(), stop.clone());
        tokio::spawn(async move {
            connection(client, target, number, faults, stop).await;
            drop(permit);
        });
    }
}

async fn connection(
    mut client: TcpStream,
    target: SocketAddr,
    number: u64,
    mut faults: watch::Receiver<Faults>,
    stop: CancellationToken,
) {
    let mut watched = faults.clone();
    let ended = tokio::select! {
        _ = watched.wait_for(|faults| faults.cut) => relay::End::Reset,
        () = stop.cancelled() => relay::End::Reset,
        ended = async {
            // A dead line completes no connection to the target either.
            if faults.wait_for(|faults| faults.black_hole.is_none()).await.is_err() {
                return relay::End::Reset;
            }
            match TcpStream::connect(target).await {
                Ok(mut target) => relay::both_ways(&mut client, &mut target, number, &faults).await,
                Err(_) => relay::End::Reset,
            }
        } => ended,
    };
    if ended == relay::End::Reset {
        client.set_zero_linger().ok();
    }
}
