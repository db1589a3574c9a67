//! `streetwise doctor`, `provision --plan` and `lag` against real servers, well and ill. Roles are a whole server's, so
//! Postgres is one of this test's own.

use std::collections::BTreeMap;

use async_nats::jetstream::{self, consumer::pull, stream};
use sqlx::{AssertSqlSafe, PgPool};
use streetwise::cli::{Doctor, Lag, Migrate, Provision};
use streetwise::doctor::examine;
use streetwise::doctor::finding::{Finding, State};
use streetwise::failure::Failure;
use tempfile::TempDir;
use testkit::nats::Broker;
use testkit::postgres::{Cluster, DurableCluster};

struct Installation {
    postgres: DurableCluster,
    broker: Broker,
    admin: PgPool,
    _folder: TempDir,
}

impl Installation {
    /// Migrated and provisioned, as an operator does it.
    async fn start(settings_of_the_broker: &str) -> Self {
        // As `streetwise::run` does before every command.
        rustls::crypto::ring::default_provider().install_default().ok();
        let folder = tempfile::Builder::new().prefix("streetwise-doctor-").tempdir_in("/var/tmp").unwrap();
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(folder.path(), open).unwrap();
        let data = folder.path().join("postgres");
        std::fs::create_dir(&data).unwrap();
        let postgres = Cluster::start_durable(&data).await.unwrap();
        let broker = Broker::start_with(settings_of_the_broker).await.unwrap();
        let admin_url = postgres.cluster().admin_url("postgres");
        streetwise::migrate::run(&Migrate { admin_url: admin_url.clone() }).await.unwrap();
        let admin = PgPool::connect(&admin_url).await.unwrap();
        let installation = Self { postgres, broker, admin, _folder: folder };
        streetwise::provision::run(&installation.provision(false)).await.unwrap();
        installation
    }

    fn provision(&self, plan: bool) -> Provision {
        Provision { nats_url: self.broker.url(), nkey_file: None, replicas: 1, plan }
    }

    fn doctor(&self) -> Doctor {
        Doctor {
            admin_url: self.postgres.cluster().admin_url("postgres"),
            nats_url: self.broker.url(),
            nkey_file: None,
            replicas: 1,
            monitoring_url: Some(self.broker.monitoring_url().parse().unwrap()),
            certificates: Vec::new(),
            services: Vec::new(),
            json: false,
        }
    }

    async fn sql(&self, statement: &str) {
        sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&self.admin).await.unwrap();
    }

    /// What is not well, by its check; of several findings of one check, all texts.
    async fn ill(&self) -> BTreeMap<&'static str, (State, String)> {
        let mut ill: BTreeMap<&'static str, (State, String)> = BTreeMap::new();
        for Finding { check, state, found, next, .. } in examine(&self.doctor()).await {
            if state == State::Well {
                continue;
            }
            assert!(!next.is_empty(), "{check} says not what to do");
            let entry = ill.entry(check).or_insert((state, String::new()));
            entry.1.push_str(&found);
        }
        ill
    }
}

fn assert_found(ill: &BTreeMap<&'static str, (State, String)>, check: &str, state: State, texts: &[&str]) {
    let (is, found) = ill.get(check).unwrap_or_else(|| panic!("{check} is not among {ill:?}"));
    assert_eq!(*is, state, "{check}: {found}");
    for text in texts {
        assert!(found.contains(text), "{check}: {found} does not say {text}");
    }
}

const SYNCS_ALWAYS: &str = "jetstream { sync_interval: always, max_file_store: 1TiB }";

#[tokio::test]
async fn a_fresh_installation_is_well() {
    let installation = Installation::start(SYNCS_ALWAYS).await;
    assert_eq!(installation.ill().await, BTreeMap::new());
    streetwise::doctor::run(&installation.doctor()).await.unwrap();
    streetwise::provision::run(&installation.provision(true)).await.unwrap();
    let lag = Lag {
        admin_url: installation.postgres.cluster().admin_url("postgres"),
        nats_url: installation.broker.url(),
        nkey_file: None,
        json: true,
    };
    streetwise::lag::run(&lag).await.unwrap();
}

/// Each promise broken by hand is named, with its table, role, stream or setting.
#[tokio::test]
async fn what_is_broken_is_named() {
    let installation = Installation::start("").await;
    for statement in [
        "ALTER ROLE triage BYPASSRLS",
        "GRANT dispatch TO intake_relay",
        "ALTER POLICY tenant ON dispatch.orders USING (true)",
        "CREATE POLICY second ON notification.deliveries FOR SELECT USING (true)",
        "ALTER TABLE intake.reports DISABLE ROW LEVEL SECURITY",
        "DROP POLICY tenant ON console.cases",
        "INSERT INTO console.migrations_messaging (version, description, success, checksum, execution_time)
             SELECT 9000, 'of a newer binary', true, checksum, 0 FROM console.migrations_messaging LIMIT 1",
        // Minted on 2026-01-01.
        "INSERT INTO triage.outbox_pending (journal_id, tenant_id, shard, lane)
             VALUES ('019b76da-a800-7000-8000-000000000001', 990102001000, 0, 1)",
        "INSERT INTO dispatch.parked (id, consumer, subject, headers, payload, reason, parked_at)
             VALUES (gen_random_uuid(), 'dispatch-triage-normal', 's', '{}', '', 'r', now())",
        "INSERT INTO dispatch.wakeups (tenant_id, kind, subject_id, due_at)
             VALUES (990102001000, 'order', gen_random_uuid(), now() - interval '5 minutes')",
        "ALTER SYSTEM SET synchronous_commit = off",
        "SELECT pg_reload_conf()",
    ] {
        installation.sql(statement).await;
    }
    let jetstream = jetstream::new(async_nats::connect(installation.broker.url()).await.unwrap());
    let stream = jetstream.get_stream("triage").await.unwrap();
    let config = stream.cached_info().config.clone();
    let shorter = std::time::Duration::from_secs(3_600);
    jetstream.update_stream(stream::Config { max_age: shorter, ..config }).await.unwrap();
    stream.delete_consumer("dispatch-triage-urgent").await.unwrap();
    let notification = jetstream.get_stream("notification").await.unwrap();
    let stranger = pull::Config { durable_name: Some("stranger".to_owned()), ..pull::Config::default() };
    notification.create_consumer(stranger).await.unwrap();

    let ill = installation.ill().await;
    let roles = ["triage: bypasses row security", "intake_relay: is a member of another role"];
    assert_found(&ill, "roles", State::Failed, &roles);
    let policies = [
        "console.cases: policy tenant is missing",
        "dispatch.orders: policy tenant is not as migrated: USING true",
        "intake.reports: row security is not enabled and forced",
        "notification.deliveries: policy second is not as migrated",
    ];
    assert_found(&ill, "policies", State::Failed, &policies);
    let ahead = ["console: the database is 1 migrations ahead of this binary"];
    assert_found(&ill, "schemas", State::Failed, &ahead);
    assert_found(&ill, "durability", State::Failed, &["synchronous_commit off"]);
    let waits = ["triage: 1 pending, oldest ", "dispatch: 0 pending, 1 parked, a wake-up "];
    assert!(waits.iter().all(|text| ill["backlog"].1.contains(text)), "{ill:?}");
    let broker = [
        "triage: max_age 3600s → 1209600s",
        "dispatch-triage-urgent: missing",
        "notification: consumers 4 → 3",
    ];
    assert_found(&ill, "streams", State::Failed, &broker);
    assert_found(&ill, "sync", State::Warning, &["120s"]);
    let failure = streetwise::doctor::run(&installation.doctor()).await.unwrap_err();
    assert!(matches!(failure, Failure::NotWell(6)), "{failure}");

    // A plan changes nothing; provisioning mends what it can.
    streetwise::provision::run(&installation.provision(true)).await.unwrap();
    assert_found(&installation.ill().await, "streams", State::Failed, &broker);
    streetwise::provision::run(&installation.provision(false)).await.unwrap();
    assert_eq!(installation.ill().await["streams"].1, "notification: consumers 4 → 3");
}

/// What cannot be reached is one finding; the rest is looked at all the same.
#[tokio::test]
async fn who_is_away_hides_nobody() {
    let installation = Installation::start("").await;
    let url = "nats://127.0.0.1:1".to_owned();
    let certificates = vec!["/nowhere/tls.crt".into()];
    let arguments = Doctor { nats_url: url, monitoring_url: None, certificates, ..installation.doctor() };
    let findings = examine(&arguments).await;
    let of = |check: &str| findings.iter().find(|finding| finding.check == check).unwrap().state;
    assert_eq!((of("broker"), of("certificate"), of("sync")), (State::Failed, State::Failed, State::Skipped));
    assert_eq!(of("policies"), State::Well);
}
