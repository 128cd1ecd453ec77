//! `octi plugin key`, `sign` and `verify`: what a publisher says of a plugin, and whether it is true. Nothing here needs a server.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use octi_domain::ambient::Ambient;
use octi_domain::limits::{
    REGISTRY_KEY_BYTES_MAX, REGISTRY_SBOM_BYTES_MAX, REGISTRY_SIGNATURE_BYTES_MAX, REGISTRY_STATEMENT_BYTES_MAX,
};
use octi_engine::PluginManager;
use octi_registry::keys::{Owner, Rotation};
use octi_registry::section;
use octi_registry::statement::Parts;
use octi_registry::{PublicKey, SecretKey, Signature, Statement, TextError};
use serde_json::json;

use super::read;
use crate::command::Context;
use crate::failure::{Failure, Outcome};
use crate::output::{BOLD, Printer};

/// The publisher's key, below the home folder, when none is named.
const KEY_FILE: &str = "publisher.key";

#[derive(Debug, Subcommand)]
pub(crate) enum KeyVerb {
    /// Make a key to sign plugins with; a file that is there is never overwritten
    New {
        /// Where to; default `publisher.key` in octi's home folder
        file: Option<PathBuf>,
    },
    /// Show what others check your signatures with
    Show {
        /// The key's file; default `publisher.key` in octi's home folder
        file: Option<PathBuf>,
    },
    /// Name the key that follows yours, signed with yours: whoever knows you by it follows
    Rotate {
        /// Your name as a publisher: the first part of your plugins' ids
        publisher: String,
        /// The new public key, or a file with it
        #[arg(long, value_name = "KEY")]
        to: String,
        /// The file of the key that is given up; default `publisher.key` in octi's home folder
        #[arg(long, value_name = "FILE")]
        from: Option<PathBuf>,
        /// Where to write; default `PUBLISHER.rotation.json`
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Sign {
    /// The `.wasm` file
    file: PathBuf,
    /// The file of your key; default `publisher.key` in octi's home folder
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Its bill of materials (`CycloneDX`, JSON), to be signed with it; default `FILE.cdx.json` where that is there
    #[arg(long, value_name = "FILE")]
    sbom: Option<PathBuf>,
    /// Write the statement only, for another tool to sign, such as `minisign -S -m FILE.statement`
    #[arg(long, conflicts_with = "key")]
    statement_only: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// The `.wasm` file; its statement and signature lie beside it
    file: PathBuf,
    /// The publisher's public key, or a file with it; default your own
    #[arg(long)]
    key: Option<String>,
    /// Its bill of materials, where one was signed; default `FILE.cdx.json` where that is there
    #[arg(long, value_name = "FILE")]
    sbom: Option<PathBuf>,
}

/// Makes a key, shows its public half, or names the one after it.
pub(crate) fn key(context: &Context, verb: &KeyVerb) -> Outcome {
    let (path, is_new) = match verb {
        KeyVerb::Rotate { publisher, to, from, output } => {
            return rotate(context, publisher, to, from.as_deref(), output.clone());
        }
        KeyVerb::New { file } => (key_path(context, file.as_deref()), true),
        KeyVerb::Show { file } => (key_path(context, file.as_deref()), false),
    };
    let key = if is_new { new_key(context, &path)? } else { secret_key(&path)? }.public();
    let shown = json!({ "file": path, "publicKey": key, "keyId": key.id() });
    context.printer.data(&shown, |printer| {
        if is_new {
            printer.note(&format!("wrote {}; keep a copy where only you can read it", path.display()));
        }
        printer.line(&format!("public key  {key}"));
        printer.line(&format!("key id      {}", key.id()));
        if is_new {
            printer.hint("`octi plugin sign FILE` signs a plugin with it; tell people the public key where they know you");
        }
    });
    Ok(())
}

fn rotate(context: &Context, publisher: &str, to: &str, from: Option<&Path>, output: Option<PathBuf>) -> Outcome {
    let owner: Owner = format!("publisher:{publisher}").parse().map_err(|error: TextError| Failure::user(error.to_string()))?;
    let (old, new) = (secret_key(&key_path(context, from))?, public_key(context, Some(to))?);
    if old.public() == new {
        return Err(Failure::user("the new key is the old one").hint("`octi plugin key new FILE` makes another"));
    }
    let file = output.unwrap_or_else(|| PathBuf::from(format!("{publisher}.rotation.json")));
    write(&file, &Rotation::seal(owner, &old, new, Ambient::system().now()))?;
    let told = json!({ "file": file, "publisher": publisher, "from": old.public(), "to": new });
    context.printer.data(&told, |printer| {
        printer.note(&format!("wrote {}: key {} follows {}", file.display(), new.id(), old.public().id()));
        printer.hint(&format!("publish it with each version from now on: `octi plugin publish … --rotation {}`", file.display()));
    });
    Ok(())
}

pub(crate) fn new_key(context: &Context, path: &Path) -> Outcome<SecretKey> {
    if path.starts_with(&context.config.home) {
        fs::create_dir_all(&context.config.home)
            .map_err(|error| Failure::user(format!("cannot make `{}`", context.config.home.display())).because(&error))?;
    }
    let key = SecretKey::generate(&Ambient::system());
    key.create_file(path).map_err(|error| Failure::user(error.to_string()).because(&error))?;
    Ok(key)
}

/// Writes the statement beside the file, and the signature of it.
pub(crate) fn sign(context: &Context, options: &Sign) -> Outcome {
    let key = if options.statement_only { None } else { Some(secret_key(&key_path(context, options.key.as_deref()))?) };
    let statement = statement(&options.file, options.sbom.as_deref())?;
    let (of_statement, of_signature) = (beside(&options.file, ".statement"), beside(&options.file, ".statement.sig"));
    // A signature of the statement that was there before would be taken for one of this, and found wrong.
    for old in [&of_signature, &beside(&options.file, ".statement.minisig")] {
        match fs::remove_file(old) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(Failure::user(format!("cannot replace `{}`", old.display())).because(&error));
            }
            _ => {}
        }
    }
    write(&of_statement, &statement.encode())?;
    if let Some(key) = &key {
        write(&of_signature, statement.sign(key).to_string().as_bytes())?;
    }
    let public = key.as_ref().map(SecretKey::public);
    let signature = public.map(|_| &of_signature);
    let written = json!({ "statement": of_statement, "signature": signature, "publicKey": public });
    context.printer.data(&written, |printer| {
        printer.note(&format!("wrote {}", of_statement.display()));
        let Some(public) = public else {
            printer.hint(&format!("`minisign -S -m {}` signs it", of_statement.display()));
            return;
        };
        printer.note(&format!("wrote {}", of_signature.display()));
        printer.note(&format!("signed {} {} with key {}", statement.name, statement.version, public.id()));
        printer.hint(&format!("others check it with `octi plugin verify {} --key {public}`", options.file.display()));
    });
    Ok(())
}

/// A plugin that is what its publisher signed.
pub(super) struct Signed {
    pub(super) wasm: Vec<u8>,
    pub(super) statement: Statement,
    pub(super) statement_bytes: Vec<u8>,
    pub(super) signature_bytes: Vec<u8>,
    pub(super) key: PublicKey,
    pub(super) sbom: Option<Vec<u8>>,
}

/// Says of a plugin that it is what its publisher signed, or why not.
pub(crate) fn verify(context: &Context, options: &Verify) -> Outcome {
    let signed = signed(context, ("do not install", &options.file), options.key.as_deref(), options.sbom.as_deref())?;
    show(context.printer, &signed.statement, &signed.key);
    Ok(())
}

/// Reads a plugin and what its publisher says of it, and compares them; `refusal` is what is said where they differ.
pub(super) fn signed(
    context: &Context,
    (refusal, file): (&str, &Path),
    key: Option<&str>,
    sbom: Option<&Path>,
) -> Outcome<Signed> {
    let wasm = read(file)?;
    let sbom = sbom_of(file, sbom)?;
    let parts = parts(file, &wasm, sbom.as_deref())?;
    let key = public_key(context, key)?;
    let of_statement = beside(file, ".statement");
    let statement_bytes = read_bounded(&of_statement, REGISTRY_STATEMENT_BYTES_MAX).map_err(|failure| {
        failure.hint("get it from where the plugin is published, or sign your own with `octi plugin sign FILE`")
    })?;
    let of_minisign = beside(file, ".statement.minisig");
    let of_signature = if of_minisign.is_file() { of_minisign } else { beside(file, ".statement.sig") };
    let signature_bytes = read_bounded(&of_signature, REGISTRY_SIGNATURE_BYTES_MAX)?;
    let refused = |error: &dyn std::error::Error| Failure::user(format!("{refusal} `{}`: {error}", file.display()));
    let signature = Signature::parse(&signature_bytes).map_err(|error| refused(&error))?;
    let statement = Statement::verify(&statement_bytes, &signature, &key).map_err(|error| refused(&error))?;
    statement.covers(&parts).map_err(|error| refused(&error))?;
    let manifest = section::manifest(&wasm).map_err(|error| refused(&error))?;
    statement.describes(manifest).map_err(|error| refused(&error))?;
    Ok(Signed { wasm, statement, statement_bytes, signature_bytes, key, sbom })
}

fn show(printer: Printer, statement: &Statement, key: &PublicKey) {
    let signed = statement.created.format("%Y-%m-%d %H:%M UTC").to_string();
    let said = json!({
        "name": statement.name, "version": statement.version, "wasm": statement.wasm, "manifest": statement.manifest,
        "sbom": statement.sbom, "wit": statement.wit, "created": statement.created, "publicKey": key, "keyId": key.id(),
    });
    printer.data(&said, |printer| {
        printer.line(&format!("{BOLD}{} {}{BOLD:#} is what its publisher signed", statement.name, statement.version));
        printer.line(&format!("key       {}", key.id()));
        printer.line(&format!("signed    {signed}"));
        printer.line(&format!("contract  {}", statement.wit));
        printer.line(&format!("wasm      {}", statement.wasm));
        printer.line(&format!("manifest  {}", statement.manifest));
        if let Some(sbom) = &statement.sbom {
            printer.line(&format!("sbom      {sbom}"));
        }
    });
}

/// What can be said of the file now. It has to be a plugin that this host would install.
fn statement(file: &Path, sbom: Option<&Path>) -> Outcome<Statement> {
    let wasm = read(file)?;
    let refused = |error: &dyn std::error::Error| Failure::user(format!("cannot sign `{}`: {error}", file.display()));
    let manifest = PluginManager::inspect_packed(&wasm).map_err(|error| refused(&error))?.manifest;
    let parts = parts(file, &wasm, sbom_of(file, sbom)?.as_deref())?;
    let in_manifest =
        |field: &'static str| move |error: TextError| refused(&error).hint(format!("change `{field}` in its plugin.toml"));
    Ok(Statement {
        name: manifest.id.parse().map_err(in_manifest("id"))?,
        version: manifest.version.parse().map_err(in_manifest("version"))?,
        wasm: parts.wasm,
        manifest: parts.manifest,
        sbom: parts.sbom,
        wit: manifest.wit.parse().map_err(in_manifest("wit"))?,
        created: Ambient::system().now(),
    })
}

fn parts(file: &Path, wasm: &[u8], sbom: Option<&[u8]>) -> Outcome<Parts> {
    Parts::of(wasm, sbom).map_err(|error| Failure::user(format!("`{}` is no plugin: {error}", file.display())))
}

/// The bill of materials that is named, or else the one beside the file, where there is one.
fn sbom_of(file: &Path, named: Option<&Path>) -> Outcome<Option<Vec<u8>>> {
    let path = named.map(Path::to_owned).or_else(|| super::sbom::beside_file(file));
    path.map(|path| read_bounded(&path, REGISTRY_SBOM_BYTES_MAX)).transpose()
}

fn key_path(context: &Context, named: Option<&Path>) -> PathBuf {
    named.map_or_else(|| context.config.home.join(KEY_FILE), Path::to_owned)
}

pub(crate) fn secret_key(path: &Path) -> Outcome<SecretKey> {
    SecretKey::read_file(path).map_err(|error| {
        let failure = Failure::user(error.to_string()).because(&error);
        if path.exists() { failure } else { failure.hint("`octi plugin key new` makes one; `--key FILE` names another") }
    })
}

/// The key itself, a file with it (also minisign's), or one's own.
pub(crate) fn public_key(context: &Context, named: Option<&str>) -> Outcome<PublicKey> {
    let Some(named) = named else {
        let path = key_path(context, None);
        if !path.exists() {
            return Err(Failure::user("whose signature it should be is not known").hint(
                "name the publisher's public key with `--key`; get it from the publisher, not from where the plugin came from",
            ));
        }
        return Ok(secret_key(&path)?.public());
    };
    let path = Path::new(named);
    if !path.is_file() {
        return named.parse().map_err(|error: TextError| {
            Failure::user(error.to_string()).hint("`octi plugin key show` shows yours; a file with a key can be named too")
        });
    }
    let text = read_bounded(path, REGISTRY_KEY_BYTES_MAX)?;
    match String::from_utf8_lossy(&text).parse() {
        Ok(key) => Ok(key),
        Err(_) => Ok(secret_key(path)?.public()),
    }
}

pub(super) fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(ending);
    PathBuf::from(name)
}

fn write(file: &Path, bytes: &[u8]) -> Outcome {
    fs::write(file, bytes).map_err(|error| Failure::user(format!("cannot write `{}`", file.display())).because(&error))
}

pub(super) fn read_bounded(file: &Path, bytes_max: usize) -> Outcome<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(file)
        .and_then(|open| open.take(bytes_max as u64 + 1).read_to_end(&mut bytes))
        .map_err(|error| Failure::user(format!("cannot read `{}`", file.display())).because(&error))?;
    if bytes.len() > bytes_max {
        return Err(Failure::user(format!("`{}` has more than the {bytes_max} bytes allowed", file.display())));
    }
    Ok(bytes)
}
