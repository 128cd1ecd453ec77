//! Puts the files that prompts and documents name into the manifest.

use std::fs::File;
use std::io::Read as _;
use std::path::{Component, Path};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use octi_domain::limits;
use octi_extension::manifest::Manifest;

use super::PackError;

/// Reads every file that a prompt or a document names, and leaves what stands in it instead of its name.
///
/// # Errors
/// [`PackError::File`] names the file and what is wrong with it.
pub(super) fn fill(manifest: &mut Manifest, dir: &Path) -> Result<(), PackError> {
    for prompt in manifest.prompts.values_mut() {
        if let Some(file) = prompt.file.take() {
            prompt.text = Some(text(dir, &file, read(dir, &file)?)?);
        }
        if let Some(attach) = &mut prompt.attach
            && let Some(file) = attach.picture.take()
        {
            attach.data = Some(STANDARD.encode(read(dir, &file)?));
        }
    }
    for document in manifest.documents.values_mut() {
        let Some(file) = document.file.take() else { continue };
        match String::from_utf8(read(dir, &file)?) {
            Ok(text) => document.text = Some(text),
            Err(other) => document.data = Some(STANDARD.encode(other.into_bytes())),
        }
    }
    Ok(())
}

fn problem(dir: &Path, file: &str, problem: impl ToString) -> PackError {
    PackError::File { path: dir.join(file).display().to_string(), problem: problem.to_string() }
}

fn text(dir: &Path, file: &str, bytes: Vec<u8>) -> Result<String, PackError> {
    String::from_utf8(bytes).map_err(|_| problem(dir, file, "a template is text in UTF-8"))
}

/// One that is too large is not read, and one outside of the folder is not taken: it would be published.
fn read(dir: &Path, file: &str) -> Result<Vec<u8>, PackError> {
    let path = Path::new(file);
    if !path.components().all(|part| matches!(part, Component::Normal(_))) {
        return Err(problem(dir, file, "write a path within the plugin's folder, such as `prompts/review.md`"));
    }
    let mut bytes = Vec::new();
    let opened = File::open(dir.join(path)).map_err(|error| problem(dir, file, error))?;
    let most = limits::OFFERED_BYTES_MAX as u64;
    opened.take(most + 1).read_to_end(&mut bytes).map_err(|error| problem(dir, file, error))?;
    if bytes.is_empty() || bytes.len() > limits::OFFERED_BYTES_MAX {
        return Err(problem(dir, file, format!("it has {} bytes; 1 to {most} are allowed", bytes.len())));
    }
    Ok(bytes)
}
