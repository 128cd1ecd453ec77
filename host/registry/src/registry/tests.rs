//! A registry that lies in every way it can, and what a host says to each.

use std::sync::Mutex;

use async_trait::async_trait;
use chrono::TimeDelta;
use octi_domain::ambient::{CountingEntropy, ManualClock};

use super::*;
use crate::fixture::{WEATHER, component, freshness, key, morning, name, package, plugins, version, weather};
use crate::freshness::FreshnessError;
use crate::index::{Plugins, Release};
use crate::keys::{How, Rotation, SecretKey};
use crate::layout::{Document, Layout};
use crate::package::Package;
use crate::revocation::Target;
use crate::source::Folder;

/// The key of the registry, and of the publisher.
const REGISTRY: u8 = 1;
const PUBLISHER: u8 = 5;

struct World {
    folder: tempfile::TempDir,
    clock: Arc<ManualClock>,
    registry: Registry,
    trust: Trust,
}

/// A registry in a folder with one package.
fn world_of(package: &Package, index: impl FnOnce(&mut Release)) -> World {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::create(&folder.path().join("plugins")).unwrap();
    let packed = package.pack().unwrap();
    layout.add_package(&name("acme/weather"), &version("1.2.0"), &packed).unwrap();
    let mut listed = plugins(&["acme/weather"]);
    let release = listed.get_mut(&name("acme/weather")).and_then(|entry| entry.versions.get_mut(&version("1.2.0"))).unwrap();
    release.package = packed.digest;
    release.wasm = Digest::of(&package.wasm);
    release.manifest = Digest::of(&package.manifest);
    index(release);
    layout.set_document(Document::Index, &Index::seal(freshness(1), &listed, &key(REGISTRY)).unwrap()).unwrap();
    layout.set_document(Document::Revocations, &Feed::seal(freshness(1), &[], &key(REGISTRY)).unwrap()).unwrap();
    let source = Arc::new(Folder::open(&folder.path().join("plugins")).unwrap());
    world_behind(source, folder)
}

fn world_behind(source: Arc<dyn Source>, folder: tempfile::TempDir) -> World {
    let clock = Arc::new(ManualClock::new(morning(1)));
    let ambient = Ambient::new(clock.clone(), Arc::new(CountingEntropy::default()));
    let seen = Seen::new(folder.path().join("seen.json"));
    let registry = Registry::new(source, vec![key(REGISTRY).public()], seen, ambient);
    World { folder, clock, registry, trust: Trust::default() }
}

impl World {
    async fn offer(&self) -> Result<Offer, RegistryError> {
        let index = self.registry.index().await?;
        let (feed, _) = self.registry.feed().await?;
        self.registry.offer(&index, &feed, &self.trust, &name("acme/weather"), &version("1.2.0")).await
    }

    fn layout(&self) -> Layout {
        Layout::open(&self.folder.path().join("plugins")).unwrap()
    }

    fn publish_index(&self, sequence: u64) {
        let index = Index::seal(freshness(sequence), &Plugins::new(), &key(REGISTRY)).unwrap();
        self.layout().set_document(Document::Index, &index).unwrap();
    }
}

fn acme() -> Owner {
    Owner::Publisher("acme".to_owned())
}

#[tokio::test]
async fn what_a_publisher_published_is_offered_and_then_fetched() {
    let world = world_of(&package(&key(PUBLISHER)), |_| {});
    let offer = world.offer().await.unwrap();
    assert_eq!((offer.standing, offer.key), (Standing::Unknown, key(PUBLISHER).public()));
    assert_eq!((offer.manifest.as_slice(), offer.bytes()), (WEATHER, weather().len() as u64));
    assert_eq!(world.registry.wasm(&offer).await.unwrap(), weather());
}

#[tokio::test]
async fn a_publisher_who_was_met_is_known_and_another_key_is_refused() {
    let mut world = world_of(&package(&key(PUBLISHER)), |_| {});
    world.trust.meet(&acme(), key(PUBLISHER).public(), morning(0), "here").unwrap();
    assert_eq!(world.offer().await.unwrap().standing, Standing::Trusted(How::FirstUse));
    world.trust = Trust::default();
    world.trust.meet(&acme(), key(6).public(), morning(0), "here").unwrap();
    assert!(matches!(world.offer().await, Err(RegistryError::Trust(TrustError::OtherKey { .. }))));
}

#[tokio::test]
async fn a_new_key_is_trusted_when_the_old_one_names_it() {
    let mut package = package(&key(PUBLISHER));
    package.rotations = vec![Rotation::seal(acme(), &key(4), key(PUBLISHER).public(), morning(0))];
    let mut world = world_of(&package, |_| {});
    assert_eq!(world.offer().await.unwrap().standing, Standing::Unknown, "who met neither is asked");
    world.trust.meet(&acme(), key(4).public(), morning(0), "here").unwrap();
    let offer = world.offer().await.unwrap();
    assert_eq!(offer.standing, Standing::Trusted(How::Rotated));
    assert_eq!(
        world.trust.follow(&offer.owner(), &offer.rotations, morning(1)),
        Ok(1),
        "which the host remembers when it installs"
    );
}

#[tokio::test]
async fn each_lie_about_a_package_has_a_refusal_of_its_own() {
    let publisher = key(PUBLISHER);
    let good = package(&publisher);
    let other_wasm = Package { wasm: b"other".to_vec(), ..good.clone() };
    let other_manifest = Package { manifest: b"{}".to_vec(), ..good.clone() };
    let other_key = Package { key: key(6).public(), ..good.clone() };
    let sbom = Package { sbom: Some(b"{}".to_vec()), ..good.clone() };
    let other_name = {
        let mut statement = Statement::parse(&good.statement).unwrap();
        statement.name = name("acme/wether");
        let signature = statement.sign(&publisher).to_string().into_bytes();
        Package { statement: statement.encode(), signature, ..good.clone() }
    };
    let of = |package: &Package| world_of(package, |_| {});
    let refusals = [
        of(&other_wasm).offer().await,
        of(&other_manifest).offer().await,
        of(&other_key).offer().await,
        of(&sbom).offer().await,
        of(&other_name).offer().await,
        world_of(&good, |release| release.wasm = Digest::of(b"other")).offer().await,
        world_of(&good, |release| release.package = Digest::of(b"other")).offer().await,
    ];
    let told: Vec<String> = refusals.into_iter().map(|refusal| refusal.unwrap_err().to_string()).collect();
    let told = told.join("\n");
    // The folder's name is another one each time.
    let told: Vec<&str> = told.split('`').map(|part| if part.starts_with('/') { "FOLDER" } else { part }).collect();
    insta::assert_snapshot!(told.join("`"));
}

#[tokio::test]
async fn an_old_index_is_refused_and_so_is_one_that_stands_still() {
    let world = world_of(&package(&key(PUBLISHER)), |_| {});
    world.publish_index(7);
    world.registry.index().await.unwrap();
    world.publish_index(6);
    assert!(matches!(world.registry.index().await, Err(RegistryError::Seen(SeenError::RolledBack { offered: 6, seen: 7, .. }))));
    world.publish_index(7);
    world.clock.advance(TimeDelta::hours(46));
    world.registry.index().await.unwrap();
    world.clock.advance(TimeDelta::hours(1));
    let frozen = world.registry.index().await;
    assert!(matches!(frozen, Err(RegistryError::Index(IndexError::Freshness(FreshnessError::Expired { .. })))), "{frozen:?}");
}

#[tokio::test]
async fn what_was_revoked_is_not_offered_and_what_was_yanked_says_so() {
    let world = world_of(&package(&key(PUBLISHER)), |release| release.yanked = Some("it forgets the wind".to_owned()));
    assert_eq!(world.offer().await.unwrap().yanked.as_deref(), Some("it forgets the wind"));
    let by_key = Revocation {
        target: Target::Key { key: key(PUBLISHER).public() },
        reason: "its key was stolen".to_owned(),
        revoked: morning(0),
    };
    let feed = Feed::seal(freshness(2), &[by_key], &key(REGISTRY)).unwrap();
    world.layout().set_document(Document::Revocations, &feed).unwrap();
    let error = world.offer().await.unwrap_err();
    assert!(matches!(error, RegistryError::Revoked { .. }));
    insta::assert_snapshot!(error);
    let kept = world.registry.feed().await.unwrap().1;
    assert_eq!(Feed::verify_kept(&kept, &[key(REGISTRY).public()]).unwrap().revocations().len(), 1);
}

#[tokio::test]
async fn what_is_not_there_says_what_is() {
    let world = world_of(&package(&key(PUBLISHER)), |_| {});
    let index = world.registry.index().await.unwrap();
    let (feed, _) = world.registry.feed().await.unwrap();
    let mut told = Vec::new();
    for (plugin, asked) in [("acme/weather", "9.9.9"), ("acme/wether", "1.2.0"), ("acme/weather", "1.10.0")] {
        let refused = world.registry.offer(&index, &feed, &world.trust, &name(plugin), &version(asked)).await.unwrap_err();
        told.push(refused.to_string().replace(&world.folder.path().display().to_string(), ""));
    }
    insta::assert_snapshot!(told.join("\n"));
}

#[tokio::test]
async fn a_publisher_who_signs_two_manifests_is_found_out() {
    let publisher = key(PUBLISHER);
    let mut package = package(&publisher);
    let greedy = br#"{"id":"acme/weather","version":"1.2.0","wit":"1.0","capabilities":{"shell":[]}}"#;
    package.wasm = component(&[greedy]);
    let mut statement = Statement::parse(&package.statement).unwrap();
    statement.wasm = Digest::of(&package.wasm);
    package.signature = statement.sign(&publisher).to_string().into_bytes();
    package.statement = statement.encode();
    let world = world_of(&package, |_| {});
    let offer = world.offer().await.unwrap();
    assert!(matches!(world.registry.wasm(&offer).await, Err(RegistryError::TwoManifests(_))));
}

/// A source that changes the bytes of one answer.
struct Liar {
    honest: Folder,
    lie: Mutex<Option<Digest>>,
}

impl Liar {
    fn tell(&self, asked: Digest, bytes: Vec<u8>) -> Vec<u8> {
        let is_lie = self.lie.lock().unwrap().is_some_and(|lie| lie == asked);
        if is_lie { crate::fixture::flipped(&bytes, 3, 1) } else { bytes }
    }
}

#[async_trait]
impl Source for Liar {
    fn origin(&self) -> &str {
        "registry.example"
    }

    async fn index(&self, bytes_max: usize) -> Result<Vec<u8>, SourceError> {
        self.honest.index(bytes_max).await
    }

    async fn feed(&self, bytes_max: usize) -> Result<Vec<u8>, SourceError> {
        self.honest.feed(bytes_max).await
    }

    async fn oci_manifest(&self, name: &PluginName, digest: Digest, bytes_max: usize) -> Result<Vec<u8>, SourceError> {
        Ok(self.tell(digest, self.honest.oci_manifest(name, digest, bytes_max).await?))
    }

    async fn blob(&self, name: &PluginName, digest: Digest, bytes_max: usize) -> Result<Vec<u8>, SourceError> {
        Ok(self.tell(digest, self.honest.blob(name, digest, bytes_max).await?))
    }
}

#[tokio::test]
async fn a_source_is_not_believed_in_any_of_its_answers() {
    let publisher: SecretKey = key(PUBLISHER);
    let mut package = package(&publisher);
    let mut statement = Statement::parse(&package.statement).unwrap();
    package.sbom = Some(b"{}".to_vec());
    statement.sbom = Some(Digest::of(b"{}"));
    package.signature = statement.sign(&publisher).to_string().into_bytes();
    package.statement = statement.encode();
    package.rotations = vec![Rotation::seal(acme(), &key(4), publisher.public(), morning(0))];
    let honest = world_of(&package, |_| {});
    let folder = Folder::open(&honest.folder.path().join("plugins")).unwrap();
    let liar = Arc::new(Liar { honest: folder, lie: Mutex::new(None) });
    let world = world_behind(liar.clone(), tempfile::tempdir().unwrap());
    let offer = world.offer().await.unwrap();
    let lies = [&package.manifest, &package.statement, &package.signature, &package.rotations[0], &b"{}".to_vec()];
    for lie in lies.map(|bytes| Digest::of(bytes)).into_iter().chain([offer.package]) {
        *liar.lie.lock().unwrap() = Some(lie);
        assert!(matches!(world.offer().await, Err(RegistryError::OtherBytes { .. })), "{lie}");
    }
    *liar.lie.lock().unwrap() = Some(Digest::of(&weather()));
    let error = world.registry.wasm(&offer).await.unwrap_err();
    assert!(matches!(error, RegistryError::OtherBytes { .. }));
    insta::assert_snapshot!(error);
}

#[tokio::test]
async fn no_registry_has_what_is_inside_of_octi() {
    let world = world_of(&package(&key(PUBLISHER)), |_| {});
    let index = world.registry.index().await.unwrap();
    let (feed, _) = world.registry.feed().await.unwrap();
    for id in ["octi/shell", "local/x"] {
        let offered = world.registry.offer(&index, &feed, &world.trust, &name(id), &version("1.0.0")).await;
        assert!(matches!(offered, Err(RegistryError::Reserved(_))), "{id}");
    }
}
