//! The files of `octi chat --file`: all are read before anything is said, and lie with the conversation before the message.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use octi_client::Client;
use octi_domain::ids::SessionId;
use octi_domain::limits;
use uuid::Uuid;

use crate::failure::{Failure, Outcome};

/// A file that was read.
pub(crate) struct Given {
    name: String,
    media_type: String,
    content: Vec<u8>,
}

/// Reads every file, or says which one cannot be given.
pub(crate) fn read(paths: &[PathBuf]) -> Outcome<Vec<Given>> {
    if paths.len() > limits::ATTACHMENTS_PER_MESSAGE_MAX {
        let most = limits::ATTACHMENTS_PER_MESSAGE_MAX;
        return Err(Failure::user(format!("{} files are more than the {most} one message may bring", paths.len()))
            .hint("give the rest with the next message"));
    }
    paths.iter().map(|path| one(path)).collect()
}

fn one(path: &Path) -> Outcome<Given> {
    let shown = path.display();
    let unreadable = |error: &std::io::Error| Failure::user(format!("the file `{shown}` cannot be read")).because(error);
    let mut content = Vec::new();
    let file = File::open(path).map_err(|error| unreadable(&error))?;
    // One byte more than is taken, so that a file that is too large is known by it.
    let most = limits::ATTACHMENT_BYTES_MAX as u64 + 1;
    file.take(most).read_to_end(&mut content).map_err(|error| unreadable(&error))?;
    if content.len() > limits::ATTACHMENT_BYTES_MAX {
        return Err(Failure::user(format!("the file `{shown}` is larger than {} bytes", limits::ATTACHMENT_BYTES_MAX))
            .hint("put it into the workspace and ask about it there"));
    }
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = name.ok_or_else(|| Failure::user(format!("`{shown}` has no file's name")))?;
    Ok(Given { name, media_type: mime_guess::from_path(path).first_or_octet_stream().to_string(), content })
}

/// Puts the files beside the conversation; returns what a message names them by.
pub(crate) async fn give(client: &Client, session: SessionId, files: Vec<Given>) -> Outcome<Vec<Uuid>> {
    let mut ids = Vec::with_capacity(files.len());
    for Given { name, media_type, content } in files {
        ids.push(client.attach(session, &name, Some(&media_type), content).await?.id);
    }
    Ok(ids)
}
