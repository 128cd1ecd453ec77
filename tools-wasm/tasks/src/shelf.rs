//! Where the list is kept, and how a change gets there when others change it too.

use octi_sdk::kv::{self, Expected, Item};
use octi_sdk::{HostError, ToolError, serde_json};

use crate::book::Book;

/// The key of the list.
pub(crate) const KEY: &str = "tasks";
/// Bytes of the list as it is stored.
pub(crate) const BYTES_MAX: usize = 1_000_000;
/// How often a change is tried when others come first.
const ATTEMPTS_MAX: usize = 8;

/// A place for one value with a version.
pub(crate) trait Shelf {
    /// The list and its version; an empty list of version 0 when there is none.
    fn load(&mut self) -> Result<Item<Book>, ToolError>;
    /// Stores the list unless its version is another by now.
    fn store(&mut self, bytes: &[u8], version: u64) -> Result<(), HostError>;
}

/// The host's key-value store.
pub(crate) struct Host;

impl Shelf for Host {
    fn load(&mut self) -> Result<Item<Book>, ToolError> {
        Ok(kv::get(KEY)?.unwrap_or_else(|| Item { value: Book::default(), version: 0 }))
    }

    fn store(&mut self, bytes: &[u8], version: u64) -> Result<(), HostError> {
        kv::set_bytes(KEY, bytes, Expected::Version(version)).map(|_| ())
    }
}

/// Makes a change to the newest list and stores it.
///
/// # Errors
/// What the change says; [`ToolError::Failed`] when the list would be too large; [`ToolError::Unavailable`] when others kept coming
/// first.
pub(crate) fn change<T>(shelf: &mut impl Shelf, mut how: impl FnMut(&mut Book) -> Result<T, ToolError>) -> Result<T, ToolError> {
    for _ in 0..ATTEMPTS_MAX {
        let Item { value: mut book, version } = shelf.load()?;
        let result = how(&mut book)?;
        let bytes =
            serde_json::to_vec(&book).map_err(|error| ToolError::Internal(format!("the list cannot be written: {error}")))?;
        if bytes.len() > BYTES_MAX {
            return Err(ToolError::Failed("the list is full; delete to-dos that are done, or shorten notes".to_owned()));
        }
        match shelf.store(&bytes, version) {
            Ok(()) => return Ok(result),
            Err(HostError::Conflict(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(ToolError::Unavailable("the list is being changed by others all the time; try again".to_owned()))
}

#[cfg(test)]
mod tests {
    use octi_sdk::clock::Timestamp;

    use super::*;
    use crate::book::{Change, Status};

    /// A shelf on which someone else adds a to-do between each load and store, so many times.
    #[derive(Default)]
    struct Busy {
        stored: Option<Vec<u8>>,
        version: u64,
        others: usize,
    }

    impl Busy {
        fn book(&self) -> Book {
            self.stored.as_deref().map(|bytes| serde_json::from_slice(bytes).unwrap()).unwrap_or_default()
        }

        fn put(&mut self, bytes: &[u8]) {
            self.stored = Some(bytes.to_vec());
            self.version += 1;
        }
    }

    impl Shelf for Busy {
        fn load(&mut self) -> Result<Item<Book>, ToolError> {
            Ok(Item { value: self.book(), version: self.version })
        }

        fn store(&mut self, bytes: &[u8], version: u64) -> Result<(), HostError> {
            if self.others > 0 {
                self.others -= 1;
                let mut book = self.book();
                book.add(&titled("theirs"), Timestamp(0)).unwrap();
                self.put(&serde_json::to_vec(&book).unwrap());
            }
            if version != self.version {
                return Err(HostError::Conflict("another version is stored".to_owned()));
            }
            self.put(bytes);
            Ok(())
        }
    }

    fn titled(title: &str) -> Change {
        Change { title: Some(title.to_owned()), ..Change::default() }
    }

    #[test]
    fn nothing_of_others_is_lost() {
        let mut shelf = Busy { others: 3, ..Busy::default() };
        let mine = change(&mut shelf, |book| book.add(&titled("mine"), Timestamp(0))).unwrap();
        let titles: Vec<String> = shelf.book().list(None).into_iter().map(|task| task.title).collect();
        assert_eq!(
            (mine.id, titles),
            (4, vec!["theirs".to_owned(), "theirs".to_owned(), "theirs".to_owned(), "mine".to_owned()])
        );
    }

    #[test]
    fn whoever_never_comes_first_is_told() {
        let mut shelf = Busy { others: ATTEMPTS_MAX, ..Busy::default() };
        let result = change(&mut shelf, |book| book.add(&titled("mine"), Timestamp(0)));
        assert!(matches!(result, Err(ToolError::Unavailable(text)) if text.contains("try again")));
        assert_eq!(shelf.book().count(Status::Open), ATTEMPTS_MAX);
    }

    #[test]
    fn a_change_that_fails_stores_nothing() {
        let mut shelf = Busy::default();
        assert!(change(&mut shelf, |book| book.delete(1)).is_err());
        assert_eq!(shelf.stored, None);
    }

    #[test]
    fn a_list_too_large_is_not_stored() {
        let mut shelf = Busy::default();
        let long = Change { notes: Some("n".repeat(BYTES_MAX)), ..titled("a") };
        let result = change(&mut shelf, |book| book.add(&long, Timestamp(0)));
        assert!(matches!(result, Err(ToolError::Failed(text)) if text.contains("full")));
        assert_eq!(shelf.stored, None);
    }
}
