//! Carrying bytes over one connection under the faults of the moment.

use std::time::Duration;

use bytes::Bytes;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::{CHUNK_BYTES_MAX, CHUNKS_MAX, Direction, Faults};

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Both sides said their last word.
    Closed,
    /// A fault or an error tore it.
    Reset,
}

struct Chunk {
    due: Instant,
    bytes: Bytes,
}

/// Carries both directions until both have ended or one is torn.
pub(super) async fn both_ways(
    client: &mut TcpStream,
    target: &mut TcpStream,
    number: u64,
    faults: &watch::Receiver<Faults>,
) -> End {
    let carried = {
        let (from_client, to_client) = client.split();
        let (from_target, to_target) = target.split();
        tokio::try_join!(
            one_way(from_client, to_target, Direction::ToTarget, number, faults.clone()),
            one_way(from_target, to_client, Direction::ToClient, number, faults.clone()),
        )
    };
    if carried.is_ok() {
        return End::Closed;
    }
    target.set_zero_linger().ok();
    End::Reset
}

async fn one_way(
    from: ReadHalf<'_>,
    to: WriteHalf<'_>,
    direction: Direction,
    number: u64,
    faults: watch::Receiver<Faults>,
) -> std::io::Result<()> {
    // A queue between reading and writing: a delayed line is slow to answer, not narrow.
    let (chunks, queue) = mpsc::channel(CHUNKS_MAX);
    tokio::try_join!(
        read(from, chunks, direction, faults.clone()),
        write(to, queue, direction, number, faults),
    )?;
    Ok(())
}

async fn read(
    mut from: ReadHalf<'_>,
    chunks: mpsc::Sender<Chunk>,
    direction: Direction,
    mut faults: watch::Receiver<Faults>,
) -> std::io::Result<()> {
    let mut buffer = vec![0; CHUNK_BYTES_MAX];
    loop {
        passable(&mut faults, direction).await?;
        let count = from.read(&mut buffer).await?;
        if count == 0 {
            return Ok(());
        }
        let due = Instant::now() + faults.borrow().delay;
        let chunk = Chunk { due, bytes: Bytes::copy_from_slice(&buffer[..count]) };
        chunks.send(chunk).await.map_err(|_| torn())?;
    }
}

async fn write(
    mut to: WriteHalf<'_>,
    mut queue: mpsc::Receiver<Chunk>,
    direction: Direction,
    number: u64,
    mut faults: watch::Receiver<Faults>,
) -> std::io::Result<()> {
    let mut dice: Option<StdRng> = None;
    while let Some(chunk) = queue.recv().await {
        tokio::time::sleep_until(chunk.due).await;
        // Again: the hole may have opened while the chunk waited.
        passable(&mut faults, direction).await?;
        let (reset, bytes_per_second) = {
            let faults = faults.borrow();
            (faults.reset, faults.bytes_per_second)
        };
        if let Some(reset) = reset {
            let dice =
                dice.get_or_insert_with(|| StdRng::seed_from_u64(reset.seed ^ number << 1 ^ side(direction)));
            if dice.random_bool(reset.probability.clamp(0.0, 1.0)) {
                return Err(torn());
            }
        }
        write_at(&mut to, &chunk.bytes, bytes_per_second).await?;
    }
    passable(&mut faults, direction).await?;
    to.shutdown().await
}

/// Writes in ten slices a second when the line is narrow.
async fn write_at(
    to: &mut WriteHalf<'_>,
    bytes: &[u8],
    bytes_per_second: Option<u64>,
) -> std::io::Result<()> {
    let Some(bytes_per_second) = bytes_per_second else { return to.write_all(bytes).await };
    let slice_bytes = usize::try_from(bytes_per_second.div_ceil(10)).unwrap_or(CHUNK_BYTES_MAX);
    for slice in bytes.chunks(slice_bytes) {
        tokio::time::sleep(Duration::from_secs_f64(slice.len() as f64 / bytes_per_second as f64)).await;
        to.write_all(slice).await?;
    }
    Ok(())
}

/// Waits while a black hole swallows this direction.
async fn passable(faults: &mut watch::Receiver<Faults>, direction: Direction) -> std::io::Result<()> {
    let open = |faults: &Faults| !matches!(faults.black_hole, Some(hole) if hole == Direction::Both || hole == direction);
    faults.wait_for(open).await.map(drop).map_err(|_| torn())
}

fn side(direction: Direction) -> u64 {
    u64::from(direction == Direction::ToClient)
}

fn torn() -> std::io::Error {
    std::io::ErrorKind::ConnectionReset.into()
}
