//! What is written down of a module: `<name>.json` in a folder that its process does not see.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use octi_domain::limits;
use serde::{Deserialize, Serialize};

use crate::client::pin::Described;

/// One module, as an administrator installed it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Record {
    /// SHA-256 of the file, in hex.
    pub digest: String,
    pub bytes: u64,
    /// Whose secrets its configuration may name.
    pub installed_by: String,
    pub network: Vec<String>,
    /// Its configuration; `{{secret:NAME}}` stands for a secret.
    pub config: BTreeMap<String, String>,
    /// Its tools as they were then.
    pub tools: BTreeMap<String, Described>,
}

/// The folder with the records.
#[derive(Debug, Clone)]
pub(super) struct Records(pub(super) PathBuf);

impl Records {
    fn file(&self, name: &str) -> PathBuf {
        self.0.join(format!("{name}.json"))
    }

    /// Every record by name, or why it cannot be read.
    pub(super) fn all(&self) -> io::Result<Vec<(String, Result<Record, String>)>> {
        let entries = match fs::read_dir(&self.0) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut all = Vec::new();
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                all.push((name, read(&path)));
            }
        }
        all.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(all)
    }

    /// Keeps a record; a reader sees the one before or this one, and no half.
    pub(super) fn put(&self, name: &str, record: &Record) -> io::Result<()> {
        directory(&self.0)?;
        let text = serde_json::to_vec_pretty(record).map_err(io::Error::other)?;
        if text.len() > limits::EXTISM_RECORD_BYTES_MAX {
            let most = limits::EXTISM_RECORD_BYTES_MAX;
            return Err(io::Error::other(format!("its tools take {} bytes to write down, and {most} are allowed", text.len())));
        }
        replace(&self.file(name), &text)
    }

    /// Forgets a record; whether there was one.
    pub(super) fn remove(&self, name: &str) -> io::Result<bool> {
        match fs::remove_file(self.file(name)) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}

fn read(path: &Path) -> Result<Record, String> {
    let mut text = String::new();
    let most = limits::EXTISM_RECORD_BYTES_MAX as u64 + 1;
    let opened = fs::File::open(path).and_then(|file| file.take(most).read_to_string(&mut text));
    opened.map_err(|error| error.to_string())?;
    serde_json::from_str(&text).map_err(|error| error.to_string())
}

/// A folder for nobody else.
pub(super) fn directory(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Writes a file beside its place, then puts it there.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let new = path.with_extension("new");
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&new, path)
}
