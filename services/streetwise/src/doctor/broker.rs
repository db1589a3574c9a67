//! The broker: version, streams and consumers as the topology wants them, how it syncs.

use std::path::Path;
use std::time::Duration;

use messaging::provision::{Replicas, survey};
use serde::Deserialize;
use url::Url;

use super::finding::{Finding, State};
use crate::broker::as_provisioner;
use crate::cli::Doctor;
use crate::provision::told;

const ANSWER_WITHIN: Duration = Duration::from_secs(5);
const CONNECTION: &str = "请核对 --nats-url 与 --nkey-file / check --nats-url and --nkey-file";

pub(super) async fn look(arguments: &Doctor) -> Vec<Finding> {
    let mut found =
        streams(&arguments.nats_url, arguments.nkey_file.as_deref(), Replicas(arguments.replicas.into()))
            .await;
    found.push(sync(arguments.monitoring_url.as_ref()).await);
    found
}

async fn streams(url: &str, nkey_file: Option<&Path>, replicas: Replicas) -> Vec<Finding> {
    let client = match as_provisioner(url, nkey_file).await {
        Ok(client) => client,
        Err(failure) => {
            let why = anyhow::anyhow!(failure.to_string());
            return vec![Finding::unreachable("broker", "消息服务 broker", why, CONNECTION)];
        }
    };
    let version = client.server_info().version.clone();
    let version = Finding::well("broker-version", "消息服务版本 NATS", version);
    let streams = match survey(&client, replicas).await {
        Ok(differences) => Finding::of_faults(
            "streams",
            "消息流与消费者 streams and consumers",
            &differences.iter().map(told).collect::<Vec<_>>(),
            "every stream and consumer as asked".to_owned(),
            "请运行 streetwise provision / run streetwise provision",
        ),
        Err(error) => Finding::unreachable(
            "streams",
            "消息流与消费者 streams and consumers",
            error,
            "nats-server 须为 2.12 或更高 / nats-server has to be 2.12 or newer",
        ),
    };
    vec![version, streams]
}

/// Of `/varz`, what is looked at.
#[derive(Debug, Deserialize)]
struct Varz {
    jetstream: Jetstream,
}

#[derive(Debug, Deserialize)]
struct Jetstream {
    config: Option<Config>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Config {
    /// Nanoseconds.
    sync_interval: u64,
    sync_always: bool,
}

async fn sync(monitoring_url: Option<&Url>) -> Finding {
    const TITLE: &str = "落盘间隔 sync_interval";
    let Some(url) = monitoring_url else {
        let found = "--monitoring-url is not given".to_owned();
        return Finding { check: "sync", title: TITLE, state: State::Skipped, found, next: "" };
    };
    match varz(url).await {
        Ok(Varz { jetstream: Jetstream { config: Some(config) } }) => {
            let interval = Duration::from_nanos(config.sync_interval);
            let found = if config.sync_always { "always".to_owned() } else { format!("{interval:?}") };
            let next = "断电可丢失最近的消息；生产环境应为 sync_interval: always / a power cut may lose what came since; in production: \
                        sync_interval: always";
            Finding::well("sync", TITLE, found).unless(!config.sync_always, State::Warning, next)
        }
        Ok(_) => {
            let why = anyhow::anyhow!("JetStream is off");
            Finding::unreachable("sync", TITLE, why, "请启用 JetStream / switch JetStream on")
        }
        Err(error) => {
            Finding::unreachable("sync", TITLE, error, "请核对 --monitoring-url / check --monitoring-url")
        }
    }
}

async fn varz(url: &Url) -> Result<Varz, anyhow::Error> {
    let http = reqwest::Client::builder().timeout(ANSWER_WITHIN).no_proxy().build()?;
    Ok(http.get(url.join("/varz")?).send().await?.error_for_status()?.json().await?)
}
