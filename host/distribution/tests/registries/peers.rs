//! With Debian's docker-registry and skopeo: `tests/peers/registry.sh` starts the one and names the other.

use std::io::Write as _;
use std::sync::Mutex;

use octi_distribution::{Credentials, DistributionError, Progress, Published};
use tokio::process::Command;

use super::*;

pub(crate) const OPEN: &str = "OCTI_TEST_REGISTRY";
const CLOSED: &str = "OCTI_TEST_REGISTRY_CLOSED";
const SKOPEO: &str = "OCTI_TEST_SKOPEO";

#[expect(clippy::disallowed_methods, reason = "where the peers of tests are is no setting of octi")]
pub(crate) fn peer(name: &str) -> Option<String> {
    let found = std::env::var(name).ok();
    if found.is_none() {
        let _ = writeln!(
            std::io::stderr(),
            "skipped: `{name}` is not set; `tests/peers/registry.sh` starts the registries and prints it"
        );
    }
    found
}

/// A place in the registry that no other test uses.
pub(crate) fn somewhere(registry: &str) -> String {
    let place = Digest::of(&Ambient::system().bytes::<16>()).hex();
    format!("oci://{registry}/octi-tests/{}", &place[..16])
}

fn signed_in(password: &str) -> Access {
    Access { credentials: Some(Credentials { user: "octi-test".to_owned(), password: password.into() }), ..access() }
}

#[expect(clippy::disallowed_methods, reason = "the peer of a test, not a child of octi")]
async fn skopeo(arguments: &[&str]) {
    let Some(program) = peer(SKOPEO) else { return };
    let ended = Command::new(program).args(arguments).kill_on_drop(true).output().await.unwrap();
    assert!(ended.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&ended.stderr));
}

#[tokio::test]
async fn what_is_pushed_comes_back_and_is_what_its_publisher_signed() {
    let Some(registry) = peer(OPEN) else { return };
    let (place, key) = (Place::open(&location(&somewhere(&registry)), &access()).unwrap(), key());
    // Longer than one piece of an upload.
    let package = package("1.2.0", &key, 9 * 1024 * 1024);
    let wasm = package.wasm.clone();
    assert_eq!(place.package(&name(), &version("1.2.0")).await.unwrap(), None);
    publish_all(&place, package, &key).await;
    assert!(place.package(&name(), &version("1.2.0")).await.unwrap().is_some());
    assert!(install(place.source(), &key).await.unwrap() == wasm, "another file came back");
}

#[tokio::test]
async fn progress_goes_up_to_all_of_it() {
    let Some(registry) = peer(OPEN) else { return };
    let place = Place::open(&location(&somewhere(&registry)), &access()).unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let progress: Progress = {
        let seen = Arc::clone(&seen);
        Arc::new(move |done, total| seen.lock().unwrap().push((done, total)))
    };
    let package = Arc::new(package("1.2.0", &key(), 9 * 1024 * 1024));
    place.publish(&name(), &version("1.2.0"), package, Some(progress)).await.unwrap();
    let seen = seen.lock().unwrap();
    assert!(seen.len() > 6 && seen.windows(2).all(|pair| pair[0].0 <= pair[1].0), "{seen:?}");
    assert!(seen.last().is_some_and(|(done, total)| done == total), "{seen:?}");
}

#[tokio::test]
async fn a_version_is_never_replaced_by_another() {
    let Some(registry) = peer(OPEN) else { return };
    let folder = tempfile::tempdir().unwrap();
    for place in [somewhere(&registry), folder.path().join("plugins").display().to_string()] {
        let (place, key) = (Place::create(&location(&place), &access()).unwrap(), key());
        let (name, version) = (name(), version("1.2.0"));
        let publish = |package| place.publish(&name, &version, package, None);
        let package = Arc::new(self::package("1.2.0", &key, 0));
        assert_eq!(publish(Arc::clone(&package)).await.unwrap(), Published::Now);
        assert_eq!(publish(package).await.unwrap(), Published::Already);
        let error = publish(Arc::new(self::package("1.2.0", &key, 1))).await.unwrap_err();
        assert!(matches!(error, DistributionError::Exists { .. }), "{error}");
    }
}

#[tokio::test]
async fn a_registry_with_a_password_wants_the_right_one() {
    let Some(registry) = peer(CLOSED) else { return };
    let (place, key) = (somewhere(&registry), key());
    let opened = Place::open(&location(&place), &signed_in("open-sesame")).unwrap();
    publish_all(&opened, package("1.2.0", &key, 0), &key).await;
    install(opened.source(), &key).await.unwrap();
    let mut said = Vec::new();
    for access in [access(), signed_in("wrong")] {
        let opened = Place::open(&location(&place), &access).unwrap();
        said.push(told(&install(opened.source(), &key).await.unwrap_err()));
        let pushed = opened.publish(&name(), &version("1.3.0"), Arc::new(package("1.3.0", &key, 0)), None).await;
        said.push(told(&pushed.unwrap_err()));
        let set = opened.set_document(Document::Index, b"{}".to_vec()).await;
        said.push(told(&set.unwrap_err()));
    }
    let below = place.split('/').next_back().unwrap_or_default();
    insta::assert_snapshot!(said.join("\n").replace(&place, "REGISTRY").replace(below, "…"));
}

#[tokio::test]
async fn skopeo_takes_a_package_to_a_folder_and_a_folder_to_a_registry() {
    let (Some(registry), Some(_)) = (peer(OPEN), peer(SKOPEO)) else { return };
    let (first, second, key) = (somewhere(&registry), somewhere(&registry), key());
    let place = Place::open(&location(&first), &access()).unwrap();
    let package = package("1.2.0", &key, 1_000);
    publish_all(&place, package.clone(), &key).await;
    let folder = tempfile::tempdir().unwrap();
    let path = |below: &str| folder.path().join(below).display().to_string();
    let docker = |place: &str, below: &str| format!("docker://{}/{below}", place.trim_start_matches("oci://"));
    let artifacts = ["acme/weather:1.2.0", "octi:octi-index", "octi:octi-revocations"];

    // From our push to the layout that skopeo writes, which is opened as a folder of plugins.
    for (artifact, tag) in artifacts.iter().zip(["acme/weather:1.2.0", "octi-index", "octi-revocations"]) {
        let to = format!("oci:{}:{tag}", path("copied"));
        skopeo(&["copy", "--src-tls-verify=false", &docker(&first, artifact), &to]).await;
    }
    let copied = octi_distribution::open(&location(&path("copied")), &access()).unwrap();
    assert!(install(copied, &key).await.unwrap() == package.wasm);

    // From a layout that we wrote to a registry, pushed by skopeo and read by us.
    let ours = Place::create(&location(&path("ours")), &access()).unwrap();
    publish_all(&ours, package.clone(), &key).await;
    for (artifact, tag) in artifacts.iter().zip(["acme/weather:1.2.0", "octi-index", "octi-revocations"]) {
        let from = format!("oci:{}:{tag}", path("ours"));
        skopeo(&["copy", "--dest-tls-verify=false", &from, &docker(&second, artifact)]).await;
    }
    let pushed = octi_distribution::open(&location(&second), &access()).unwrap();
    assert!(install(pushed, &key).await.unwrap() == package.wasm);
}
