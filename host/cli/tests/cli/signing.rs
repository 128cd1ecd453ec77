//! A publisher signs a plugin, and somebody else finds out whether it is theirs.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use serde_json::Value;

use crate::support::{Octi, Said};

const ROLE: &str = "id = 'acme/pirate'\nversion = '0.1.0'\nwit = '1.0'\ndescription = 'Talks like a pirate.'\nkinds = ['role']\n\
                    [role]\nname = 'pirate'\npurpose = 'amuse'\ntools = ['*']\n";

/// An installation with a plugin file in it.
struct Author {
    octi: Octi,
    file: PathBuf,
}

impl Author {
    fn new() -> Self {
        Self::of(ROLE)
    }

    fn of(manifest: &str) -> Self {
        let octi = Octi::new();
        let folder = octi.home.path().join("pirate");
        fs::create_dir(&folder).expect("a folder");
        fs::write(folder.join("plugin.toml"), manifest).expect("a file");
        fs::write(folder.join("prompt.md"), "You are a pirate.").expect("a file");
        let file = octi.home.path().join("pirate.wasm");
        let said = octi.run(&["plugin", "pack", &folder.display().to_string(), "-o", &file.display().to_string()]);
        assert_eq!(said.code, Some(0), "{said:?}");
        Self { octi, file }
    }

    /// Runs `octi plugin …`; `FILE` stands for the plugin's file.
    fn plugin(&self, arguments: &[&str]) -> Said {
        let file = self.file.display().to_string();
        let arguments: Vec<String> = arguments.iter().map(|argument| argument.replace("FILE", &file)).collect();
        self.octi.run(&[&["plugin"], arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice()].concat())
    }

    fn fine(&self, arguments: &[&str]) -> Said {
        let said = self.plugin(arguments);
        assert_eq!(said.code, Some(0), "{arguments:?}: {said:?}");
        said
    }

    /// What was said, wherever the home folder is.
    fn plain(&self, said: &Said) -> String {
        format!("{}{}", said.out, said.err).replace(&self.octi.home.path().display().to_string(), "HOME")
    }

    fn key_id(&self) -> String {
        let said = self.fine(&["key", "show", "--json"]);
        serde_json::from_str::<Value>(&said.out).expect("JSON")["keyId"].as_str().expect("an id").to_owned()
    }

    fn change(&self, ending: &str, change: impl FnOnce(&str) -> String) {
        let path = format!("{}{ending}", self.file.display());
        fs::write(&path, change(&fs::read_to_string(&path).expect("a text"))).expect("a file");
    }
}

/// Compares a text with the reviewed one, without what is different in each run.
fn reviewed(name: &str, told: &str) {
    let filters = [
        (r"ed25519:[A-Za-z0-9+/]{43}=", "PUBLIC-KEY"),
        (r"sha256:[0-9a-f]{64}", "DIGEST"),
        (r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", "[a time]"),
    ];
    insta::with_settings!({filters => filters}, { insta::assert_snapshot!(name, told) });
}

#[test]
fn a_plugin_is_signed_and_checked() {
    let author = Author::new();
    let made = author.plain(&author.fine(&["key", "new"]));
    let signed = author.plain(&author.fine(&["sign", "FILE"]));
    let checked = author.plain(&author.fine(&["verify", "FILE"]));
    let id = author.key_id();
    reviewed("a_plugin_is_signed_and_checked", &[made, signed, checked].join("---\n").replace(&id, "KEY-ID"));
    let mode = fs::metadata(author.octi.home.path().join("publisher.key")).expect("the key").permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
    let json: Value = serde_json::from_str(&author.fine(&["verify", "FILE", "--json"]).out).expect("JSON");
    assert_eq!((json["name"].as_str(), json["keyId"].as_str()), (Some("acme/pirate"), Some(id.as_str())));
}

#[test]
fn a_stranger_checks_with_the_public_key_or_a_file_of_it() {
    let author = Author::new();
    author.fine(&["key", "new"]);
    author.fine(&["sign", "FILE"]);
    let shown: Value = serde_json::from_str(&author.fine(&["key", "show", "--json"]).out).expect("JSON");
    let public = shown["publicKey"].as_str().expect("a key");
    let file = author.octi.home.path().join("acme.pub");
    fs::write(&file, format!("{public}\n")).expect("a file");
    for key in [public, &file.display().to_string()] {
        author.fine(&["verify", "FILE", "--key", key]);
    }
}

#[test]
fn every_lie_has_a_refusal_of_its_own() {
    let author = Author::new();
    author.fine(&["key", "new"]);
    author.fine(&["sign", "FILE"]);
    let mut told = Vec::new();
    let mut refused = |what: &str, arguments: &[&str]| {
        let said = author.plugin(arguments);
        assert_eq!(said.code, Some(1), "{what}: {said:?}");
        told.push(format!("{what}\n{}", author.plain(&said)));
    };
    let other = author.octi.home.path().join("other.key").display().to_string();
    author.fine(&["key", "new", &other]);
    refused("another key", &["verify", "FILE", "--key", &other]);
    author.change(".statement", |text| text.replace("0.1.0", "0.2.0"));
    refused("a changed statement", &["verify", "FILE"]);
    author.fine(&["sign", "FILE"]);
    let whole = fs::read(&author.file).expect("the file");
    let id = br#""acme/pirate""#;
    let place = whole.windows(id.len()).position(|part| part == id).expect("the manifest");
    let mut changed = whole.clone();
    changed[place + 1] = b'b';
    fs::write(&author.file, &changed).expect("the file");
    refused("a changed manifest", &["verify", "FILE"]);
    // An empty custom section behind everything else.
    fs::write(&author.file, [whole.as_slice(), &[0, 1, 0]].concat()).expect("the file");
    refused("a changed file", &["verify", "FILE"]);
    fs::write(&author.file, &whole).expect("the file");
    author.change(".statement.sig", |text| text.replace("signature 1", "signature 2"));
    refused("a newer signature", &["verify", "FILE"]);
    author.change(".statement.sig", |_| "-----BEGIN PGP SIGNATURE-----\n".to_owned());
    refused("no signature", &["verify", "FILE"]);
    refused("a key that is none", &["verify", "FILE", "--key", "ssh-ed25519 AAAA"]);
    fs::remove_file(format!("{}.statement", author.file.display())).expect("the statement");
    refused("no statement", &["verify", "FILE"]);
    let ids = [author.key_id(), {
        let said = author.fine(&["key", "show", &other, "--json"]);
        serde_json::from_str::<Value>(&said.out).expect("JSON")["keyId"].as_str().expect("an id").to_owned()
    }];
    let told = told.join("\n").replace(&ids[0], "KEY-ID").replace(&ids[1], "OTHER-KEY-ID");
    reviewed("every_lie_has_a_refusal_of_its_own", &told);
}

#[test]
fn what_cannot_be_signed_says_what_to_do() {
    let author = Author::new();
    let mut told = Vec::new();
    let mut refused = |author: &Author, arguments: &[&str]| {
        let said = author.plugin(arguments);
        assert_eq!(said.code, Some(1), "{arguments:?}: {said:?}");
        told.push(author.plain(&said));
    };
    refused(&author, &["sign", "FILE"]);
    refused(&author, &["verify", "FILE"]);
    refused(&author, &["key", "show"]);
    author.fine(&["key", "new"]);
    refused(&author, &["key", "new"]);
    let built = Author::of(&ROLE.replace("0.1.0", "0.1.0+today"));
    built.fine(&["key", "new"]);
    refused(&built, &["sign", "FILE"]);
    let key = author.octi.home.path().join("publisher.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).expect("the key");
    refused(&author, &["sign", "FILE"]);
    reviewed("what_cannot_be_signed_says_what_to_do", &told.join("---\n"));
}

#[test]
fn a_bill_of_materials_is_signed_with_the_plugin() {
    let author = Author::new();
    author.fine(&["key", "new"]);
    let sbom = author.octi.home.path().join("sbom.json").display().to_string();
    fs::write(&sbom, r#"{"bomFormat":"CycloneDX"}"#).expect("a file");
    author.fine(&["sign", "FILE", "--sbom", &sbom]);
    author.fine(&["verify", "FILE", "--sbom", &sbom]);
    let without = author.plugin(&["verify", "FILE"]);
    assert!(without.code == Some(1) && without.err.contains("a bill of materials was signed"), "{without:?}");
    fs::write(&sbom, "{}").expect("a file");
    let other = author.plugin(&["verify", "FILE", "--sbom", &sbom]);
    assert!(other.code == Some(1) && other.err.contains("the bill of materials is not the one that was signed"), "{other:?}");
}

#[test]
fn a_statement_can_be_written_for_another_tool_to_sign() {
    let author = Author::new();
    let said = author.plain(&author.fine(&["sign", "FILE", "--statement-only"]));
    assert_eq!(said, "wrote HOME/pirate.wasm.statement\nhint: `minisign -S -m HOME/pirate.wasm.statement` signs it\n");
    let statement = fs::read_to_string(format!("{}.statement", author.file.display())).expect("the statement");
    assert!(statement.starts_with("octi plugin statement 1\nname acme/pirate\nversion 0.1.0\n"), "{statement}");
    assert!(!PathBuf::from(format!("{}.statement.sig", author.file.display())).exists());
}

#[test]
fn signing_again_counts_and_not_what_was_signed_before() {
    let author = Author::new();
    author.fine(&["key", "new"]);
    author.fine(&["sign", "FILE"]);
    let minisig = format!("{}.statement.minisig", author.file.display());
    fs::write(&minisig, "untrusted comment: of an earlier version\n").expect("a file");
    author.fine(&["sign", "FILE"]);
    author.fine(&["verify", "FILE"]);
    author.fine(&["sign", "FILE", "--statement-only"]);
    let said = author.plugin(&["verify", "FILE"]);
    assert!(said.code != Some(0) && said.err.contains(".statement.sig"), "{said:?}");
}
