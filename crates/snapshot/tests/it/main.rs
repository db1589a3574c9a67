//! What crate snapshot promises, on a real Postgres and the shipped demo documents.

#![allow(clippy::unwrap_used, reason = "a test says what failed by failing there")]

use std::sync::Arc;

use contract::document::{
    Classifier, ClassifierModel, DistrictCore, Document, Header, Part, StreetCore, Territory,
};
use ids::TenantId;
use pg::migrate::{self, Schema};
use pg::{Pool, PoolConfig, TenantScope};
use snapshot::{Learned, Poller, Project, Snapshot, keep};
use testkit::demo;
use testkit::postgres::Database;

/// Counts a street's communities; refuses a street without any.
struct Communities;

impl Project for Communities {
    type Street = Seen;
    const TERRITORY: bool = true;
    const CLASSIFIER: bool = true;

    fn street(
        &self,
        _district: &DistrictCore,
        street: &StreetCore,
        territory: Option<&Arc<Territory>>,
    ) -> Result<Seen, String> {
        match street.communities.len() {
            0 => Err("a street without communities".to_owned()),
            communities => {
                let layers = territory.map(|territory| territory.layers.len());
                Ok(Seen { communities, layers, model: None })
            }
        }
    }

    fn learned(&self, street: &mut Seen, learned: &Learned) -> Result<(), String> {
        match learned.model.weights.as_str() {
            "damaged" => Err("a model that does not compile".to_owned()),
            weights => {
                street.model = Some(weights.to_owned());
                Ok(())
            }
        }
    }
}

/// Communities of a street, layers of its territory if it has one, and the weights of its model.
struct Seen {
    communities: usize,
    layers: Option<usize>,
    model: Option<String>,
}

struct World {
    _database: Database,
    pool: Pool,
    poller: Poller<Communities>,
    snapshot: Snapshot<Seen>,
}

impl World {
    async fn start() -> Self {
        let database = Database::fresh_from_template("snapshot_world_1", async |url: String| {
            let migrators = vec![migrate::base(), snapshot::migrations()];
            migrate::apply(&url, &Schema { service: "trial", migrators }).await
        })
        .await
        .unwrap();
        let pool = Pool::new(&database.url_for("trial"), "trial", &PoolConfig::default()).unwrap();
        let (poller, snapshot) = Poller::new(pool.clone(), Communities);
        Self { _database: database, pool, poller, snapshot }
    }

    async fn keep(&self, document: &Document) -> bool {
        let mut tx = self.pool.begin(TenantScope::of_subjects([document.header.tenant])).await.unwrap();
        let kept = keep(&mut tx, &document.header, &document.encode().unwrap()).await.unwrap();
        tx.commit().await.unwrap();
        kept
    }

    async fn bury(&self, tombstone: &Header) -> bool {
        let mut tx = self.pool.begin(TenantScope::of_subjects([tombstone.tenant])).await.unwrap();
        let begun = keep(&mut tx, tombstone, &tombstone.encode().unwrap()).await.unwrap();
        tx.commit().await.unwrap();
        begun
    }

    fn communities(&self) -> Option<(u64, usize)> {
        let view = self.snapshot.view();
        view.street(street()).map(|street| (street.generation, street.of.communities))
    }
}

fn street() -> TenantId {
    "990102001000".parse().unwrap()
}

/// The street's core document of a generation, with so many communities.
fn core(generation: u64, communities: usize) -> Document {
    let of_street = |d: &Document| d.header.tenant == street() && d.header.part.as_str() == "core";
    let mut document = demo::documents(generation).into_iter().find(of_street).unwrap();
    let contract::document::DocumentBody::Street(body) = &mut document.body else { panic!("a street") };
    body.communities.truncate(communities);
    document
}

#[tokio::test]
async fn generations_move_forward_only() {
    let mut world = World::start().await;
    assert!(!world.snapshot.loaded());
    for document in demo::documents(1) {
        assert!(world.keep(&document).await);
    }
    assert!(world.poller.refresh().await.unwrap());
    assert!(world.snapshot.loaded());
    assert_eq!(world.communities(), Some((1, 17)));
    assert!(world.keep(&core(5, 4)).await);
    assert!(!world.keep(&core(5, 9)).await, "the same generation again");
    assert!(!world.keep(&core(3, 9)).await, "an older one");
    assert!(world.poller.refresh().await.unwrap());
    assert_eq!(world.communities(), Some((5, 4)));
    assert!(!world.poller.refresh().await.unwrap(), "nothing new");
}

#[tokio::test]
async fn a_document_that_does_not_compile_leaves_the_last_good_one() {
    let mut world = World::start().await;
    for document in demo::documents(1) {
        world.keep(&document).await;
    }
    world.poller.refresh().await.unwrap();
    assert!(world.keep(&core(2, 0)).await);
    world.poller.refresh().await.unwrap();
    assert_eq!(world.communities(), Some((1, 17)), "last good");
    world.keep(&core(3, 2)).await;
    world.poller.refresh().await.unwrap();
    assert_eq!(world.communities(), Some((3, 2)));
}

/// The street's territory of a generation, with so many layers.
fn territory(generation: u64, layers: usize) -> Document {
    let layer = contract::document::territory::Layer { name: None, features: Vec::new() };
    let layers = (0..layers).map(|n| (format!("layer-{n}"), layer.clone())).collect();
    let territory = Territory { code: street(), layers };
    Document::territory("990102000000".parse().unwrap(), generation, territory)
}

#[tokio::test]
async fn core_and_territory_move_together() {
    let mut world = World::start().await;
    for document in demo::documents(1) {
        world.keep(&document).await;
    }
    let seen = |world: &World| {
        let view = world.snapshot.view();
        view.street(street()).map(|street| (street.generation, street.of.layers))
    };
    world.poller.refresh().await.unwrap();
    assert_eq!(seen(&world), Some((1, None)), "a street that never said where it lies");
    world.keep(&territory(1, 3)).await;
    world.poller.refresh().await.unwrap();
    assert_eq!(seen(&world), Some((1, Some(3))));
    for half in [core(2, 4), core(3, 4)] {
        world.keep(&half).await;
        world.poller.refresh().await.unwrap();
        assert_eq!(seen(&world), Some((1, Some(3))), "its territory is on its way");
    }
    world.keep(&territory(3, 5)).await;
    world.poller.refresh().await.unwrap();
    assert_eq!(seen(&world), Some((3, Some(5))));
}

const DISTRICT: &str = "990102000000";

/// The classifier of a tenant; none of these weights is one that was withdrawn.
fn classifier(tenant: &str, generation: u64, weights: Option<&str>) -> Document {
    let parent = (tenant != DISTRICT).then(|| DISTRICT.parse().unwrap());
    let model = weights.map(|weights| ClassifierModel {
        sha256: "0".repeat(64),
        bytes: 1,
        labels: 2,
        examples: 10,
        threshold_permille: 900,
        weights: weights.to_owned(),
    });
    let published_at = "2026-11-23T02:00:00Z".parse().unwrap();
    Document::classifier(tenant.parse().unwrap(), parent, generation, Classifier { model, published_at })
}

#[tokio::test]
async fn a_street_has_its_own_model_before_its_district_s() {
    let mut world = World::start().await;
    for document in demo::documents(4) {
        world.keep(&document).await;
    }
    let street_code = street().to_string();
    let other: TenantId = "990102002000".parse().unwrap();
    // Generations of classifiers are counted by themselves, beside those of the core.
    let steps = [
        (classifier(DISTRICT, 1, Some("a")), [Some("a"), Some("a")]),
        (classifier(&street_code, 1, Some("b")), [Some("b"), Some("a")]),
        (classifier(DISTRICT, 2, Some("c")), [Some("b"), Some("c")]),
        (classifier(&street_code, 2, None), [Some("c"), Some("c")]),
        (classifier(DISTRICT, 3, Some("damaged")), [None, None]),
        (classifier(DISTRICT, 4, None), [None, None]),
    ];
    for (document, expected) in steps {
        assert!(world.keep(&document).await);
        assert!(world.poller.refresh().await.unwrap());
        let view = world.snapshot.view();
        let model = |code| view.street(code).unwrap().of.model.clone();
        assert_eq!([model(street()), model(other)], expected.map(|model| model.map(str::to_owned)));
        assert_eq!(view.street(street()).unwrap().generation, 4);
    }
    assert!(!world.keep(&classifier(DISTRICT, 3, Some("a"))).await, "an older one");
}

#[tokio::test]
async fn a_faulty_model_holds_no_other_document_back() {
    let mut world = World::start().await;
    for document in demo::documents(1) {
        world.keep(&document).await;
    }
    world.keep(&classifier(DISTRICT, 1, Some("damaged"))).await;
    world.poller.refresh().await.unwrap();
    assert_eq!(world.communities(), Some((1, 17)));
    world.keep(&core(2, 4)).await;
    world.poller.refresh().await.unwrap();
    assert_eq!(world.communities(), Some((2, 4)));
}

/// A street may be known before its district: it appears once both are here.
#[tokio::test]
async fn documents_may_come_in_any_order() {
    let mut world = World::start().await;
    let mut documents = demo::documents(1);
    documents.reverse();
    let district =
        documents.iter().position(|d| d.header.parent.is_none() && d.header.part.as_str() == "core").unwrap();
    let district = documents.remove(district);
    for document in &documents {
        world.keep(document).await;
    }
    world.poller.refresh().await.unwrap();
    assert_eq!(world.communities(), None);
    world.keep(&district).await;
    world.poller.refresh().await.unwrap();
    assert_eq!(world.communities(), Some((1, 17)));
    let view = world.snapshot.view();
    assert_eq!(view.district_of(street()).map(|d| d.to_string()).as_deref(), Some("990102000000"));
    assert!(!view.membership().principal("verifier").grants().is_empty());
}

/// Two writers at once: the later commit has the higher revision, so no poller steps over it.
#[tokio::test]
async fn a_late_writer_is_not_stepped_over() {
    let mut world = World::start().await;
    for document in demo::documents(1) {
        world.keep(&document).await;
    }
    let late = core(2, 3);
    let mut slow = world.pool.begin(TenantScope::of_subjects([street()])).await.unwrap();
    keep(&mut slow, &late.header, &late.encode().unwrap()).await.unwrap();
    let (pool, other) =
        (world.pool.clone(), demo::documents(2).into_iter().find(|d| d.header.parent.is_none()).unwrap());
    let fast = tokio::spawn(async move {
        let mut tx = pool.begin(TenantScope::of_subjects([other.header.tenant])).await.unwrap();
        keep(&mut tx, &other.header, &other.encode().unwrap()).await.unwrap();
        tx.commit().await.unwrap();
    });
    world.poller.refresh().await.unwrap();
    slow.commit().await.unwrap();
    fast.await.unwrap();
    world.poller.refresh().await.unwrap();
    assert_eq!(world.communities(), Some((2, 3)));
}

#[tokio::test]
async fn a_tombstone_ends_a_street_and_nothing_older_brings_it_back() {
    let mut world = World::start().await;
    for document in demo::documents(1) {
        assert!(world.keep(&document).await);
    }
    world.poller.refresh().await.unwrap();
    let district = "990102000000".parse().unwrap();
    let tombstone = Header::tombstone(street(), district, Part::Core, 2);
    assert!(world.bury(&tombstone).await);
    assert!(!world.bury(&tombstone).await, "the same again");
    assert!(world.poller.refresh().await.unwrap());
    assert_eq!(world.communities(), None);
    let removed = world.snapshot.view().removed(street()).unwrap();
    assert_eq!((removed.district, removed.generation), (district, 2));
    assert!(!world.keep(&core(2, 4)).await, "a late document of before");
    world.poller.refresh().await.unwrap();
    assert_eq!(world.communities(), None);
    let other = "990102002000".parse().unwrap();
    assert!(world.snapshot.view().street(other).is_some() && world.snapshot.view().removed(other).is_none());

    // Whoever starts now sees the same, and the code may come back above the tombstone.
    let (mut fresh, snapshot) = Poller::new(world.pool.clone(), Communities);
    fresh.refresh().await.unwrap();
    assert!(snapshot.view().street(street()).is_none() && snapshot.view().removed(street()).is_some());
    assert!(world.keep(&core(3, 4)).await);
    world.poller.refresh().await.unwrap();
    assert_eq!(world.communities(), Some((3, 4)));
    assert_eq!(world.snapshot.view().removed(street()), None);
}

/// Who reads an old view is not the one who takes it apart: the poller keeps it until nobody reads it.
#[tokio::test]
async fn a_replaced_view_is_taken_apart_by_nobody_who_read_it() {
    let mut world = World::start().await;
    for document in demo::documents(1) {
        world.keep(&document).await;
    }
    world.poller.refresh().await.unwrap();
    let view = world.snapshot.view();
    let read = view.street(street()).unwrap().clone();
    let old = Arc::downgrade(&read);
    for generation in 2..5 {
        world.keep(&core(generation, 4)).await;
        assert!(world.poller.refresh().await.unwrap());
    }
    drop(view);
    world.poller.refresh().await.unwrap();
    drop(read);
    assert!(old.upgrade().is_some(), "not by the reader who let go of it last");
    world.poller.refresh().await.unwrap();
    let gone = async || old.upgrade().is_none().then_some(());
    assert!(testkit::wait::until(std::time::Duration::from_secs(30), gone).await.is_some());
}
