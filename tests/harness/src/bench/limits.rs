//! What this machine's Postgres and JetStream can do at most, measured in the same run: figures of a shared machine
//! mean something only as a part of these.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use async_nats::jetstream::consumer::{AckPolicy, pull};
use async_nats::jetstream::{self, stream};
use bytes::Bytes;
use futures_util::StreamExt;
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use super::sheet::Sheet;
use crate::measure::commits_64_clients_per_s;

/// How long each limit is measured.
const LASTING: Duration = Duration::from_secs(2);
/// Rows of one statement.
const BATCH_ROWS: usize = 1_000;
/// Publishes whose ack is awaited at the same time.
const IN_FLIGHT: usize = 256;
/// Bytes of a message or row: about those of an event of ours.
const PAYLOAD_BYTES: usize = 400;

/// Both limits of Postgres and that of publishing, under the keys every bench uses.
pub async fn measure(admin_url: &str, nats: &async_nats::Client) -> Result<Sheet> {
    eprintln!("measuring the machine's own limits");
    let mut sheet = Sheet::default();
    sheet.put("limit_pg_commits_64_clients_per_s", commits_64_clients_per_s(admin_url).await?.round());
    sheet.put("limit_pg_batched_rows_per_s", batched_rows_per_s(admin_url).await?.round());
    sheet.put("limit_js_publish_per_s", publish_per_s(nats).await?.round());
    Ok(sheet)
}

/// Words for the `method` line.
pub const METHOD: &str = "limits in the same run, 2 s each: durable single-row commits of 64 clients; one client \
    inserting 1,000 rows of 400 B a statement by UNNEST, each committed durably; JetStream file-store publishes of \
    400 B with 256 acks outstanding";

/// Rows per second that one client commits durably, a thousand in each statement.
pub async fn batched_rows_per_s(admin_url: &str) -> Result<f64> {
    let mut client = PgConnection::connect(admin_url).await?;
    let make =
        "CREATE TABLE limit_rows (tenant_id bigint, id uuid, payload bytea, PRIMARY KEY (tenant_id, id))";
    sqlx::raw_sql(make).execute(&mut client).await?;
    let tenants = vec![990_102_001_000_i64; BATCH_ROWS];
    let payloads = vec![vec![7_u8; PAYLOAD_BYTES]; BATCH_ROWS];
    let (started, mut batches) = (Instant::now(), 0_u64);
    while started.elapsed() < LASTING {
        let ids: Vec<Uuid> = (0..BATCH_ROWS as u64).map(|n| Uuid::from_u64_pair(batches, n)).collect();
        let insert =
            sqlx::query("INSERT INTO limit_rows SELECT * FROM UNNEST($1::bigint[], $2::uuid[], $3::bytea[])");
        insert.bind(&tenants).bind(&ids).bind(&payloads).execute(&mut client).await?;
        batches += 1;
    }
    let per_s = (batches * BATCH_ROWS as u64) as f64 / started.elapsed().as_secs_f64();
    sqlx::raw_sql("DROP TABLE limit_rows").execute(&mut client).await?;
    Ok(per_s)
}

/// Messages per second that one connection publishes and gets acknowledged.
pub async fn publish_per_s(nats: &async_nats::Client) -> Result<f64> {
    let (jetstream, _) = limit_stream(nats).await?;
    let started = Instant::now();
    let payload = Bytes::from(vec![7_u8; PAYLOAD_BYTES]);
    let publish = || {
        let (jetstream, payload) = (jetstream.clone(), payload.clone());
        async move { Ok::<_, async_nats::Error>(jetstream.publish("limit.of", payload).await?.await?) }
    };
    let endless = futures_util::stream::repeat_with(publish);
    let mut acks = std::pin::pin!(
        endless.take_while(|_| std::future::ready(started.elapsed() < LASTING)).buffer_unordered(IN_FLIGHT)
    );
    let mut acknowledged = 0_u64;
    while let Some(ack) = acks.next().await {
        ack.map_err(anyhow::Error::from_boxed)?;
        acknowledged += 1;
    }
    let per_s = acknowledged as f64 / started.elapsed().as_secs_f64();
    jetstream.delete_stream("limit").await?;
    Ok(per_s)
}

/// Messages per second that one client pulls in batches of 512 and acknowledges one by one, doing nothing else.
pub async fn pull_and_ack_per_s(nats: &async_nats::Client, messages: usize) -> Result<f64> {
    let (jetstream, stream) = limit_stream(nats).await?;
    let publishes = (0..messages).map(|_| {
        let (jetstream, payload) = (jetstream.clone(), Bytes::from_static(&[7; PAYLOAD_BYTES]));
        async move { Ok::<_, async_nats::Error>(jetstream.publish("limit.of", payload).await?.await?) }
    });
    let mut acks = std::pin::pin!(futures_util::stream::iter(publishes).buffer_unordered(IN_FLIGHT));
    while let Some(ack) = acks.next().await {
        ack.map_err(anyhow::Error::from_boxed)?;
    }
    let explicit = AckPolicy::Explicit;
    let config = pull::Config { ack_policy: explicit, max_ack_pending: 4_096, ..pull::Config::default() };
    let consumer = stream.create_consumer(config).await?;
    let (started, mut pulled) = (Instant::now(), 0);
    while pulled < messages {
        let mut batch = consumer.fetch().max_messages(512).messages().await?;
        let before = pulled;
        while let Some(message) = batch.next().await {
            let message = message.map_err(anyhow::Error::from_boxed)?;
            message.ack().await.map_err(anyhow::Error::from_boxed)?;
            pulled += 1;
        }
        ensure!(
            pulled > before,
            "the broker gave only {pulled} of {messages} messages; start the bench again"
        );
    }
    let per_s = messages as f64 / started.elapsed().as_secs_f64();
    jetstream.delete_stream("limit").await?;
    Ok(per_s)
}

async fn limit_stream(nats: &async_nats::Client) -> Result<(jetstream::Context, stream::Stream)> {
    let jetstream = jetstream::new(nats.clone());
    let config = stream::Config {
        name: "limit".to_owned(),
        subjects: vec!["limit.>".to_owned()],
        storage: stream::StorageType::File,
        ..stream::Config::default()
    };
    let stream = jetstream.create_stream(config).await?;
    Ok((jetstream, stream))
}
