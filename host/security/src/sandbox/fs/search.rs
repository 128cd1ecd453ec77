//! Finding files by name and lines by content.

use cap_fs_ext::DirExt as _;
use cap_std::fs::Dir;
use globset::{GlobBuilder, GlobMatcher};
use octi_domain::limits;
use regex::bytes::{Regex, RegexBuilder};

use super::error::FsError;
use super::walk::{self, Workspace};
use super::{Hit, Kind, Query, read, tree};

/// Memory that a compiled pattern may take, and again as much while it matches.
const PATTERN_MEMORY_BYTES_MAX: usize = 1024 * 1024;

/// A NUL in the first bytes marks a file as not text, the way git and grep tell.
const BINARY_LOOK_BYTES: usize = 8 * 1024;

/// How much one search may look at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub files: usize,
    pub file_bytes: u64,
    pub bytes: u64,
    pub depth: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            files: limits::FS_SEARCH_FILES_MAX,
            file_bytes: limits::FS_SEARCH_FILE_BYTES_MAX,
            bytes: limits::FS_SEARCH_BYTES_MAX,
            depth: limits::FS_DEPTH_MAX,
        }
    }
}

impl Workspace {
    /// Files whose names match, or lines of them that match, in path order. A glob without `/` is matched against names at
    /// any depth, one with `/` against the whole path. Links are not followed. Content is looked for in text files of at most
    /// `FS_SEARCH_FILE_BYTES_MAX` bytes outside of `.git`; the first match of each line is a hit.
    ///
    /// # Errors
    /// When the query is empty or cannot be understood, or there is more to look at than the bounds allow.
    pub fn search(&self, query: &Query) -> Result<Vec<Hit>, FsError> {
        self.search_within(query, Bounds::default())
    }

    pub(super) fn search_within(&self, query: &Query, bounds: Bounds) -> Result<Vec<Hit>, FsError> {
        if query.glob.is_none() && query.pattern.is_none() {
            return Err(FsError::Invalid("a search needs a glob for names, a pattern for content, or both".to_owned()));
        }
        let mut search = Search {
            glob: query.glob.as_deref().map(Glob::parse).transpose()?,
            pattern: query.pattern.as_deref().map(pattern).transpose()?,
            max: query.max.min(limits::FS_SEARCH_HITS_MAX),
            bounds,
            files: 0,
            bytes: 0,
            hits: Vec::new(),
        };
        search.directory(&*self.dir_at(&[])?, "", 0)?;
        Ok(search.hits)
    }
}

/// A glob and what it is matched against.
struct Glob {
    matcher: GlobMatcher,
    whole_path: bool,
}

impl Glob {
    fn parse(text: &str) -> Result<Self, FsError> {
        check_length(text)?;
        let text = text.strip_prefix("./").unwrap_or(text);
        let glob = GlobBuilder::new(text).literal_separator(true).build();
        let glob = glob.map_err(|error| FsError::Invalid(format!("the glob cannot be understood: {error}")))?;
        Ok(Self { matcher: glob.compile_matcher(), whole_path: text.contains('/') })
    }

    fn is_match(&self, path: &str, name: &str) -> bool {
        self.matcher.is_match(if self.whole_path { path } else { name })
    }
}

fn pattern(text: &str) -> Result<Regex, FsError> {
    check_length(text)?;
    let built = RegexBuilder::new(text).size_limit(PATTERN_MEMORY_BYTES_MAX).dfa_size_limit(PATTERN_MEMORY_BYTES_MAX).build();
    built.map_err(|error| FsError::Invalid(format!("the pattern cannot be used as a regular expression: {error}")))
}

fn check_length(text: &str) -> Result<(), FsError> {
    if text.len() > limits::FS_PATTERN_BYTES_MAX {
        return Err(FsError::TooLarge { what: "the bytes of the pattern", limit: limits::FS_PATTERN_BYTES_MAX as u64 });
    }
    Ok(())
}

struct Search {
    glob: Option<Glob>,
    pattern: Option<Regex>,
    max: usize,
    bounds: Bounds,
    files: usize,
    bytes: u64,
    hits: Vec<Hit>,
}

impl Search {
    fn full(&self) -> bool {
        self.hits.len() >= self.max
    }

    fn directory(&mut self, dir: &Dir, path: &str, depth: usize) -> Result<(), FsError> {
        if depth > self.bounds.depth {
            return Err(FsError::TooLarge { what: "the depth of the directories searched", limit: self.bounds.depth as u64 });
        }
        for (shown, name) in tree::names(dir, path, None, self.bounds.files + 1)? {
            if self.full() {
                return Ok(());
            }
            let below = if path.is_empty() { shown.clone() } else { format!("{path}/{shown}") };
            let Ok(found) = dir.symlink_metadata(&name) else { continue };
            match walk::kind(&found) {
                Kind::Directory if self.pattern.is_some() && shown == ".git" => {}
                Kind::Directory => {
                    // A directory that vanished, or that this process may not read, hides nothing the caller may see.
                    if let Ok(inner) = dir.open_dir_nofollow(&name) {
                        self.directory(&inner, &below, depth + 1)?;
                    }
                }
                Kind::File => self.file(dir, &shown, &below)?,
                Kind::Symlink | Kind::Other => {}
            }
        }
        Ok(())
    }

    fn file(&mut self, dir: &Dir, name: &str, path: &str) -> Result<(), FsError> {
        self.files += 1;
        if self.files > self.bounds.files {
            return Err(FsError::TooLarge { what: "the number of files searched", limit: self.bounds.files as u64 });
        }
        if self.glob.as_ref().is_some_and(|glob| !glob.is_match(path, name)) {
            return Ok(());
        }
        let Some(pattern) = self.pattern.clone() else {
            self.hits.push(Hit { path: path.to_owned(), line: 0, column: 0, text: String::new() });
            return Ok(());
        };
        let Ok(mut reader) = read::open_in(dir, name, path) else { return Ok(()) };
        if reader.size() > self.bounds.file_bytes {
            return Ok(());
        }
        self.bytes = self.bytes.saturating_add(reader.size());
        if self.bytes > self.bounds.bytes {
            return Err(FsError::TooLarge { what: "the bytes of all files searched", limit: self.bounds.bytes });
        }
        if let Ok(text) = reader.read_up_to(self.bounds.file_bytes) {
            self.lines(&pattern, path, &text);
        }
        Ok(())
    }

    fn lines(&mut self, pattern: &Regex, path: &str, text: &[u8]) {
        if text[..text.len().min(BINARY_LOOK_BYTES)].contains(&0) {
            return;
        }
        for (number, line) in (1..).zip(text.split(|&byte| byte == b'\n')) {
            if self.full() {
                return;
            }
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if let Some(found) = pattern.find(line) {
                let column = u32::try_from(found.start()).unwrap_or(u32::MAX);
                self.hits.push(Hit { path: path.to_owned(), line: number, column, text: excerpt(line, found.start()) });
            }
        }
    }
}

/// The line, or the part of a long one that the match is in.
fn excerpt(line: &[u8], column: usize) -> String {
    let start = if line.len() <= limits::FS_SEARCH_TEXT_BYTES_MAX {
        0
    } else {
        column.saturating_sub(limits::FS_SEARCH_TEXT_BYTES_MAX / 4)
    };
    let end = line.len().min(start + limits::FS_SEARCH_TEXT_BYTES_MAX);
    String::from_utf8_lossy(&line[start..end]).into_owned()
}
