//! The folder: what other tools see of it, and that nothing in it is believed for its name.

use std::fs;
use std::os::unix::fs::symlink;

use octi_domain::limits::REGISTRY_INDEX_BYTES_MAX;

use super::*;
use crate::fixture::{key, name, package, sealed_index, version, weather};
use crate::package::Contents;

fn layout() -> (tempfile::TempDir, Layout) {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::create(&folder.path().join("plugins")).unwrap();
    (folder, layout)
}

fn add(layout: &Layout) -> Digest {
    let package = package(&key(1));
    let packed = package.pack().unwrap();
    layout.add_package(&name("acme/weather"), &version("1.2.0"), &packed).unwrap();
    packed.digest
}

fn files(path: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(path).unwrap() {
        let entry = entry.unwrap();
        if entry.path().is_dir() {
            found.extend(files(&entry.path()));
        } else {
            found.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    found
}

#[test]
fn what_is_added_is_found_and_whole() {
    let (_folder, layout) = layout();
    let digest = add(&layout);
    assert_eq!(layout.package(&name("acme/weather"), &version("1.2.0")).unwrap(), Some(digest));
    assert_eq!(layout.package(&name("acme/weather"), &version("1.3.0")).unwrap(), None);
    let again = Layout::open(&layout.path).unwrap();
    let contents = Contents::read(&again.blob(digest, 100_000).unwrap()).unwrap();
    assert_eq!(again.blob(contents.wasm.digest, 1_000).unwrap(), weather());
}

#[test]
fn a_folder_is_what_the_specification_says() {
    let (_folder, layout) = layout();
    let digest = add(&layout);
    layout.set_document(Document::Index, &sealed_index(1, &["acme/weather"], &key(1))).unwrap();
    assert_eq!(fs::read_to_string(layout.path.join("oci-layout")).unwrap(), r#"{"imageLayoutVersion":"1.0.0"}"#);
    let index: serde_json::Value = serde_json::from_slice(&fs::read(layout.path.join("index.json")).unwrap()).unwrap();
    insta::assert_json_snapshot!(index);
    assert!(layout.path.join("blobs/sha256").join(digest.hex()).is_file());
    assert!(files(&layout.path).iter().all(|name| name.len() == 64 || ["oci-layout", "index.json"].contains(&name.as_str())));
}

#[test]
fn a_document_takes_the_place_of_the_one_before() {
    let (_folder, layout) = layout();
    assert!(matches!(layout.document(Document::Index, 1_000), Err(LayoutError::Missing { .. })));
    for sequence in 1..=2 {
        let envelope = sealed_index(sequence, &["acme/weather"], &key(1));
        layout.set_document(Document::Index, &envelope).unwrap();
        assert_eq!(layout.document(Document::Index, REGISTRY_INDEX_BYTES_MAX).unwrap(), envelope);
        assert!(matches!(layout.document(Document::Index, envelope.len() - 1), Err(LayoutError::TooLarge { .. })));
    }
    layout.set_document(Document::Revocations, b"{}").unwrap();
    assert_eq!(layout.document(Document::Revocations, 1_000).unwrap(), b"{}");
}

#[test]
fn a_blob_that_is_not_what_its_name_says_is_refused_and_written_anew() {
    let (_folder, layout) = layout();
    let digest = add(&layout);
    let path = layout.path.join("blobs/sha256").join(digest.hex());
    let whole = fs::read(&path).unwrap();
    for place in (0..whole.len()).step_by(37) {
        fs::write(&path, crate::fixture::flipped(&whole, place, 1)).unwrap();
        assert!(matches!(layout.blob(digest, 100_000), Err(LayoutError::Damaged { .. })));
        fs::write(&path, &whole[..place]).unwrap();
        assert!(matches!(layout.blob(digest, 100_000), Err(LayoutError::Damaged { .. })));
    }
    add(&layout);
    assert_eq!(layout.blob(digest, 100_000).unwrap(), whole);
    assert!(matches!(layout.blob(digest, whole.len() - 1), Err(LayoutError::TooLarge { .. })));
}

#[test]
fn a_name_leads_nowhere_else() {
    let (folder, layout) = layout();
    let digest = add(&layout);
    let path = layout.path.join("blobs/sha256").join(digest.hex());
    let secret = folder.path().join("secret");
    fs::write(&secret, fs::read(&path).unwrap()).unwrap();
    for target in [secret.clone(), "../../../secret".into(), "/dev/zero".into(), "../../blobs".into()] {
        fs::remove_file(&path).unwrap();
        symlink(&target, &path).unwrap();
        assert!(matches!(layout.blob(digest, 100_000), Err(LayoutError::Damaged { .. })), "{}", target.display());
    }
    // A folder of blobs that is elsewhere is not followed either, whatever is in it.
    let blobs = layout.path.join("blobs");
    fs::rename(&blobs, folder.path().join("blobs")).unwrap();
    symlink("../blobs", &blobs).unwrap();
    assert!(matches!(layout.blob(digest, 100_000), Err(LayoutError::Io { .. })));
    assert!(layout.set_document(Document::Index, b"{}").is_err());
}

#[test]
fn what_is_half_written_is_seen_by_nobody() {
    let (_folder, layout) = layout();
    let package = package(&key(1));
    let packed = package.pack().unwrap();
    // As if the program had ended before the last file.
    for blob in &packed.blobs {
        layout.put(blob).unwrap();
    }
    fs::write(layout.path.join("blobs/sha256/.new"), b"half").unwrap();
    fs::write(layout.path.join(".new"), b"half").unwrap();
    assert_eq!(layout.package(&name("acme/weather"), &version("1.2.0")).unwrap(), None);
    assert_eq!(add(&layout), packed.digest);
    assert!(!files(&layout.path).contains(&".new".to_owned()), "what it left is gone");
}

#[test]
fn nothing_that_many_add_at_once_is_lost() {
    let (_folder, layout) = layout();
    std::thread::scope(|scope| {
        for n in 0..8 {
            let path = &layout.path;
            scope.spawn(move || {
                let package = package(&key(1));
                let layout = Layout::open(path).unwrap();
                layout.add_package(&name("acme/weather"), &version(&format!("1.{n}.0")), &package.pack().unwrap()).unwrap();
            });
        }
    });
    for n in 0..8 {
        assert!(layout.package(&name("acme/weather"), &version(&format!("1.{n}.0"))).unwrap().is_some(), "{n}");
    }
}

#[test]
fn only_a_layout_or_an_empty_folder_is_used() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("thesis.txt"), "x").unwrap();
    let refused = |refused: Result<Layout, LayoutError>| matches!(refused, Err(LayoutError::NotALayout(_)));
    assert!(refused(Layout::create(folder.path())));
    assert!(refused(Layout::open(folder.path())));
    for text in ["", "{}", &" ".repeat(LAYOUT_FILE_BYTES_MAX + 1)] {
        fs::write(folder.path().join(LAYOUT_FILE), text).unwrap();
        assert!(refused(Layout::open(folder.path())));
    }
    fs::write(folder.path().join(LAYOUT_FILE), r#"{"imageLayoutVersion":"2.0.0"}"#).unwrap();
    assert!(matches!(Layout::open(folder.path()), Err(LayoutError::UnknownVersion { .. })));
    assert!(matches!(Layout::open(&folder.path().join("nowhere")), Err(LayoutError::Io { .. })));
}

#[test]
fn a_folder_that_was_left_half_made_is_made_whole() {
    for left in 0..4 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        if left > 0 {
            fs::create_dir_all(path.join(BLOBS)).unwrap();
        }
        if left > 1 {
            fs::write(path.join(".new"), b"half").unwrap();
        }
        if left > 2 {
            fs::write(path.join(INDEX_FILE), b"half").unwrap();
        }
        let made = Layout::create(path).unwrap();
        add(&made);
        assert!(Layout::open(path).unwrap().package(&name("acme/weather"), &version("1.2.0")).unwrap().is_some(), "{left}");
    }
    // What holds something of somebody's is left alone.
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join(BLOBS)).unwrap();
    fs::write(folder.path().join(BLOBS).join("aa"), b"x").unwrap();
    assert!(matches!(Layout::create(folder.path()), Err(LayoutError::NotALayout(_))));
}

#[test]
fn an_index_json_that_says_two_things_or_too_much_is_refused() {
    let (_folder, layout) = layout();
    add(&layout);
    let path = layout.path.join(INDEX_FILE);
    let mut index: ImageIndex = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let mut other = index.manifests[0].clone();
    other.digest = Digest::of(b"other");
    index.manifests.push(other);
    fs::write(&path, serde_json::to_vec(&index).unwrap()).unwrap();
    let found = || layout.package(&name("acme/weather"), &version("1.2.0"));
    assert!(matches!(found(), Err(LayoutError::Damaged { .. })));
    fs::write(&path, b"{").unwrap();
    assert!(matches!(found(), Err(LayoutError::Damaged { .. })));
    fs::write(&path, vec![b' '; REGISTRY_LAYOUT_INDEX_BYTES_MAX + 1]).unwrap();
    assert!(matches!(found(), Err(LayoutError::TooLarge { .. })));
}

#[test]
fn refusals_say_what_to_do() {
    let (folder, layout) = layout();
    let digest = add(&layout);
    let blob = layout.path.join("blobs/sha256").join(digest.hex());
    let errors = [
        Layout::open(folder.path()).unwrap_err(),
        layout.document(Document::Index, 1).unwrap_err(),
        layout.blob(digest, 10).unwrap_err(),
        {
            fs::write(&blob, "x").unwrap();
            layout.blob(digest, 10).unwrap_err()
        },
        LayoutError::UnknownVersion { path: layout.path.clone(), version: "2.0.0".to_owned() },
    ];
    let told = errors.map(|error| error.to_string().replace(&folder.path().display().to_string(), "")).join("\n");
    insta::assert_snapshot!(told);
}
