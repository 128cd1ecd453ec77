//! What the owner of a registry does in a year, in a folder and in a registry.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use octi_distribution::{Books, Ledger, LedgerError, search};
use octi_domain::ambient::{CountingEntropy, ManualClock};
use octi_registry::PublicKey;
use octi_registry::keys::{Owner, Rotation};
use octi_registry::revocation::Target;
use octi_registry::seen::SeenError;
use serde_json::Value;

use super::*;
use crate::peers::{OPEN, peer, somewhere};

struct World {
    folder: tempfile::TempDir,
    clock: Arc<ManualClock>,
    ambient: Ambient,
    place: Place,
    /// The owner's.
    key: SecretKey,
    key_file: std::path::PathBuf,
}

async fn world(place: Option<String>) -> World {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new("2026-11-29T10:00:00Z".parse().unwrap()));
    let ambient = Ambient::new(clock.clone(), Arc::new(CountingEntropy::default()));
    let place = place.unwrap_or_else(|| folder.path().join("plugins").display().to_string());
    let place = Place::create(&location(&place), &access()).unwrap();
    let (key, key_file) = (key(), folder.path().join("registry.key"));
    key.create_file(&key_file).unwrap();
    World { folder, clock, ambient, place, key, key_file }
}

impl World {
    fn ledger(&self) -> Ledger {
        self.ledger_with(SecretKey::read_file(&self.key_file).unwrap())
    }

    fn ledger_with(&self, key: SecretKey) -> Ledger {
        Ledger::new(self.place.clone(), key, &self.folder.path().join("memory"), self.ambient.clone())
    }

    async fn publish(&self, package: Package, version: &str) {
        self.place.publish(&name(), &self::version(version), Arc::new(package), None).await.unwrap();
    }

    /// What a host says that trusts this owner, and knows nothing of the publisher.
    async fn offered(&self, version: &str, keys: &[PublicKey]) -> Result<(), RegistryError> {
        let seen = Seen::new(self.folder.path().join("host/seen.json"));
        let registry = Registry::new(self.place.source(), keys.to_vec(), seen, self.ambient.clone());
        let (index, (feed, _)) = (registry.index().await?, registry.feed().await?);
        registry.offer(&index, &feed, &Trust::default(), &name(), &self::version(version)).await.map(drop)
    }
}

/// What everybody else may rely on: `registry/*.schema.json`.
fn schema(text: &str) -> jsonschema::Validator {
    jsonschema::validator_for(&serde_json::from_str(text).unwrap()).unwrap()
}

/// What is in an envelope, as a program reads it that knows nothing of octi.
fn payload(envelope: &[u8]) -> Value {
    let envelope: Value = serde_json::from_slice(envelope).unwrap();
    serde_json::from_slice(&STANDARD.decode(envelope["payload"].as_str().unwrap()).unwrap()).unwrap()
}

async fn is_as_published(world: &World) {
    let source = world.place.source();
    let index = payload(&source.index(1_000_000).await.unwrap());
    let feed = payload(&source.feed(1_000_000).await.unwrap());
    let of_index = schema(include_str!("../../../../registry/index.schema.json"));
    let of_feed = schema(include_str!("../../../../registry/revocations.schema.json"));
    let wrong: Vec<String> =
        of_index.iter_errors(&index).chain(of_feed.iter_errors(&feed)).map(|error| error.to_string()).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    for pointer in ["/plugins/acme~1weather/versions/1.2.0/wasm", "/expires", "/sequence"] {
        let mut changed = index.clone();
        *changed.pointer_mut(pointer).unwrap() = Value::from("soon");
        assert!(!of_index.is_valid(&changed), "{pointer}");
    }
    for pointer in ["/revocations/0/target", "/revocations/0/revoked"] {
        let mut changed = feed.clone();
        *changed.pointer_mut(pointer).unwrap() = Value::from("soon");
        assert!(!of_feed.is_valid(&changed), "{pointer}");
    }
}

/// The year.
async fn a_year(world: World) {
    let publisher = key();
    let ours = [world.key.public()];
    let Books { index, feed } = world.ledger().begin().await.unwrap();
    assert_eq!((index.freshness().sequence, feed.freshness().sequence), (1, 1));
    assert!(matches!(world.ledger().begin().await, Err(LedgerError::Begun(_))));

    // A first version: its publisher is a stranger until the owner names their key.
    let missing = world.ledger().add(&name(), &version("1.2.0"), None).await;
    assert!(matches!(missing, Err(LedgerError::NotPublished { .. })));
    world.publish(package("1.2.0", &publisher, 0), "1.2.0").await;
    let stranger = world.ledger().add(&name(), &version("1.2.0"), None).await;
    assert!(matches!(stranger, Err(LedgerError::UnknownPublisher { .. })));
    let other = world.ledger().add(&name(), &version("1.2.0"), Some(key().public())).await;
    assert!(matches!(other, Err(LedgerError::Registry(RegistryError::Trust(_)))));
    let added = world.ledger().add(&name(), &version("1.2.0"), Some(publisher.public())).await.unwrap();
    assert!(added.is_new && added.sequence == 2);
    let again = world.ledger().add(&name(), &version("1.2.0"), None).await.unwrap();
    assert!(!again.is_new && again.sequence == 2);
    world.offered("1.2.0", &ours).await.unwrap();

    // Found by what its manifest says.
    let index = world.ledger().read().await.unwrap().index;
    let found = |words: &[&str]| search(&index, &words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>()).len();
    assert_eq!([found(&[]), found(&["FORECASTS", "tool"]), found(&["acme/w"]), found(&["forecasts", "role"])], [1, 1, 1, 0]);

    // A second version, with a new key that the old one named.
    let next = key();
    let rotation = Rotation::seal(Owner::Publisher("acme".to_owned()), &publisher, next.public(), world.ambient.now());
    world.publish(Package { rotations: vec![rotation], ..package("1.3.0", &next, 0) }, "1.3.0").await;
    assert!(world.ledger().add(&name(), &version("1.3.0"), None).await.unwrap().is_new);
    world.publish(package("1.4.0", &publisher, 0), "1.4.0").await;
    let old_key = world.ledger().add(&name(), &version("1.4.0"), None).await;
    assert!(matches!(old_key, Err(LedgerError::Registry(RegistryError::Trust(_)))));

    // Yanked, and back.
    let index = world.ledger().yank(&name(), &version("1.3.0"), Some("it lies on Sundays".to_owned())).await.unwrap();
    assert_eq!(index.newest(&name()).map(|(version, _)| version.to_string()).as_deref(), Some("1.2.0"));
    let index = world.ledger().yank(&name(), &version("1.3.0"), None).await.unwrap();
    assert_eq!(index.newest(&name()).map(|(version, _)| version.to_string()).as_deref(), Some("1.3.0"));

    // Revoked.
    let target = Target::Release { name: name(), version: version("1.2.0") };
    let feed = world.ledger().revoke(target, "it reads mail").await.unwrap();
    assert_eq!((feed.freshness().sequence, feed.revocations().len()), (2, 1));
    assert!(matches!(world.offered("1.2.0", &ours).await, Err(RegistryError::Revoked { .. })));

    is_as_published(&world).await;

    // Expired, and signed anew, with what was revoked still in it.
    world.clock.advance(TimeDelta::days(8));
    assert!(matches!(world.offered("1.3.0", &ours).await, Err(RegistryError::Feed(_))));
    let Books { feed, .. } = world.ledger().renew().await.unwrap();
    assert_eq!((feed.freshness().sequence, feed.revocations().len()), (3, 1));
    world.offered("1.3.0", &ours).await.unwrap();

    // The owner's key is replaced.
    let replaced = key();
    let both = [world.key.public(), replaced.public()];
    world.ledger_with(replaced).after(world.key.public()).renew().await.unwrap();
    world.offered("1.3.0", &both).await.unwrap();
    assert!(matches!(world.offered("1.3.0", &ours).await, Err(RegistryError::Index(_))));
    assert!(matches!(world.ledger().read().await, Err(LedgerError::Index(_))));
}

#[tokio::test]
async fn a_registry_in_a_folder_is_kept_for_a_year() {
    Box::pin(a_year(world(None).await)).await;
}

#[tokio::test]
async fn a_registry_on_the_network_is_kept_for_a_year() {
    let Some(registry) = peer(OPEN) else { return };
    Box::pin(a_year(world(Some(somewhere(&registry))).await)).await;
}

#[tokio::test]
async fn what_was_revoked_is_not_forgotten_because_somebody_puts_the_old_feed_back() {
    let world = world(None).await;
    world.ledger().begin().await.unwrap();
    let old = world.place.source().feed(1_000_000).await.unwrap();
    world.ledger().revoke(Target::Wasm { wasm: Digest::of(b"x") }, "it reads mail").await.unwrap();
    world.place.set_document(Document::Revocations, old).await.unwrap();
    let renewed = world.ledger().renew().await;
    assert!(matches!(renewed, Err(LedgerError::Seen(SeenError::RolledBack { offered: 1, seen: 2, .. }))));
}

#[tokio::test]
async fn what_the_owner_is_told_says_what_to_do() {
    let world = world(None).await;
    let publisher = SecretKey::read_file(&world.key_file).unwrap();
    world.ledger().begin().await.unwrap();
    world.publish(package("1.2.0", &publisher, 0), "1.2.0").await;
    let said = [
        world.ledger().begin().await.unwrap_err(),
        world.ledger().add(&name(), &version("1.3.0"), None).await.unwrap_err(),
        world.ledger().add(&name(), &version("1.2.0"), None).await.unwrap_err(),
        world.ledger().yank(&name(), &version("1.2.0"), None).await.unwrap_err(),
    ];
    let said = said.map(|error| told(&error)).join("\n");
    let said = said.replace(&world.folder.path().display().to_string(), "FOLDER").replace(&publisher.public().to_string(), "KEY");
    insta::assert_snapshot!(said);
}
