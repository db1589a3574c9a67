use std::time::Duration;

use testkit::proxy::{Direction, FaultProxy};
use testkit::wait::{eventually, until};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

const SOON: Duration = Duration::from_secs(30);
const SILENCE: Duration = Duration::from_millis(300);

/// A proxy before a server that sends back whatever it gets.
async fn before_an_echo() -> FaultProxy {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = stream.split();
                tokio::io::copy(&mut from, &mut to).await
            });
        }
    });
    FaultProxy::start(address).await.unwrap()
}

async fn echo(stream: &mut TcpStream, word: &[u8]) -> std::io::Result<Vec<u8>> {
    stream.write_all(word).await?;
    let mut answer = vec![0; word.len()];
    stream.read_exact(&mut answer).await?;
    Ok(answer)
}

async fn connected(proxy: &FaultProxy) -> TcpStream {
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(echo(&mut stream, b"hello").await.unwrap(), b"hello");
    stream
}

#[tokio::test]
async fn a_faultless_proxy_carries_every_byte_and_the_end() {
    let proxy = before_an_echo().await;
    let stream = TcpStream::connect(proxy.address()).await.unwrap();
    let sent: Vec<u8> = (0..1_000_000_u32).map(|number| (number % 251) as u8).collect();
    let (mut from, mut to) = stream.into_split();
    let mut received = Vec::new();
    let (written, read) = tokio::join!(
        async {
            to.write_all(&sent).await?;
            to.shutdown().await
        },
        from.read_to_end(&mut received)
    );
    written.unwrap();
    read.unwrap();
    assert!(received == sent, "{} of {} bytes came back", received.len(), sent.len());
}

#[tokio::test]
async fn cut_tears_old_and_new_connections_until_healed() {
    let proxy = before_an_echo().await;
    let mut old = connected(&proxy).await;
    proxy.cut();
    let torn = eventually(SOON, "the old connection to tear", async || old.read_u8().await.err()).await;
    assert_eq!(torn.kind(), std::io::ErrorKind::ConnectionReset);
    let refused = async {
        let mut new = TcpStream::connect(proxy.address()).await?;
        echo(&mut new, b"hello").await
    };
    assert!(refused.await.is_err(), "a new connection went through a cut line");
    proxy.heal();
    connected(&proxy).await;
}

#[tokio::test]
async fn a_black_hole_is_silent_and_keeps_connections() {
    let proxy = before_an_echo().await;
    let mut stream = connected(&proxy).await;
    proxy.blackhole(Direction::Both);
    stream.write_all(b"lost?").await.unwrap();
    assert!(until(SILENCE, async || Some(stream.read_u8().await)).await.is_none(), "something came through");
    proxy.heal();
    let mut answer = [0; 5];
    eventually(SOON, "the held-back answer", async || stream.read_exact(&mut answer).await.ok()).await;
    assert_eq!(&answer, b"lost?");
}

#[tokio::test]
async fn one_way_loss_swallows_answers_only() {
    let proxy = before_an_echo().await;
    let mut stream = connected(&proxy).await;
    proxy.blackhole(Direction::ToClient);
    stream.write_all(b"?").await.unwrap();
    assert!(until(SILENCE, async || Some(stream.read_u8().await)).await.is_none(), "an answer came through");
    proxy.heal();
    assert_eq!(eventually(SOON, "the answer", async || stream.read_u8().await.ok()).await, b'?');
}

#[tokio::test]
async fn delay_is_felt_there_and_back() {
    let proxy = before_an_echo().await;
    let mut stream = connected(&proxy).await;
    proxy.delay(Duration::from_millis(150));
    let started_at = Instant::now();
    echo(&mut stream, b"late").await.unwrap();
    // A lower bound is no race: time only passes.
    assert!(started_at.elapsed() >= Duration::from_millis(300), "{:?}", started_at.elapsed());
}

#[tokio::test]
async fn bandwidth_bounds_the_flow() {
    let proxy = before_an_echo().await;
    let mut stream = connected(&proxy).await;
    proxy.bandwidth(10_000);
    let started_at = Instant::now();
    echo(&mut stream, &[7; 5_000]).await.unwrap();
    assert!(started_at.elapsed() >= Duration::from_millis(450), "{:?}", started_at.elapsed());
}

#[tokio::test]
async fn resets_follow_their_seed() {
    let words_until_reset = async |seed| {
        let proxy = before_an_echo().await;
        proxy.reset_probability(0.05, seed);
        let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
        let mut words = 0;
        while echo(&mut stream, b"x").await.is_ok() {
            words += 1;
        }
        words
    };
    let mut outcomes = Vec::new();
    for seed in 0..5 {
        let words: u32 = words_until_reset(seed).await;
        assert_eq!(words, words_until_reset(seed).await, "seed {seed}");
        outcomes.push(words);
    }
    outcomes.dedup();
    assert!(outcomes.len() > 1, "all seeds gave {outcomes:?}");
}

#[tokio::test]
async fn dropping_it_ends_its_connections() {
    let proxy = before_an_echo().await;
    let mut stream = connected(&proxy).await;
    drop(proxy);
    eventually(SOON, "the connection to tear", async || stream.read_u8().await.err()).await;
}
