//! Reading with a bound, and writing whole files or none.

use std::fs::{self, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::error::AuthorError;

/// What a new file may be used for before the umask has its say.
const MODE: u32 = 0o666;

/// The bytes of a file; a larger one is not read.
pub(crate) fn read(path: &Path, bytes_max: usize) -> Result<Vec<u8>, AuthorError> {
    read_plain(path, bytes_max).map_err(|error| AuthorError::file(path, &error))
}

fn read_plain(path: &Path, bytes_max: usize) -> io::Result<Vec<u8>> {
    let about = fs::metadata(path)?;
    if !about.is_file() {
        return Err(io::Error::other("it is not a plain file"));
    }
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(bytes_max as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > bytes_max {
        let error = format!("it has {} bytes, more than the {bytes_max} allowed", about.len().max(bytes.len() as u64));
        return Err(io::Error::other(error));
    }
    Ok(bytes)
}

/// The text of a file; a larger one is not read.
pub(crate) fn read_text(path: &Path, bytes_max: usize) -> Result<String, AuthorError> {
    String::from_utf8(read(path, bytes_max)?)
        .map_err(|_| AuthorError::file(path, &io::Error::other("it is not a text file in UTF-8")))
}

/// Writes a file so that nobody ever finds half of it: what was there before stays until all is written.
///
/// # Errors
/// [`AuthorError::File`], and then nothing has changed.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), AuthorError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let written = tempfile::Builder::new()
        .prefix(".octi-")
        .permissions(Permissions::from_mode(MODE))
        .tempfile_in(folder)
        .and_then(|mut draft| draft.write_all(bytes).map(|()| draft))
        .and_then(|draft| draft.persist(path).map_err(|error| error.error));
    written.map(drop).map_err(|error| AuthorError::file(path, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wasm");
        write_whole(&path, b"one").unwrap();
        write_whole(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert!(write_whole(&folder.path().join("missing/a.wasm"), b"x").is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_too_large_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, "12345").unwrap();
        assert_eq!(read_text(&path, 5).unwrap(), "12345");
        let refused = read_text(&path, 4).unwrap_err().to_string();
        assert!(refused.contains("it has 5 bytes, more than the 4 allowed"), "{refused}");
    }
}
