//! Some lines of a file that is read chunk by chunk, so that a long file needs no more memory than the lines asked for.

/// What is asked for, and what has been found of it so far.
#[derive(Debug)]
pub(crate) struct Window {
    first: u64,
    lines_max: u64,
    bytes_max: usize,
    /// The line that the next byte belongs to, from 1.
    line: u64,
    /// The next byte continues a line of which something was read.
    inside: bool,
    taken: Vec<u8>,
    /// Where the last line of `taken` begins.
    line_start: usize,
    next: Option<u64>,
    cut: bool,
}

/// The lines found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Lines {
    pub(crate) bytes: Vec<u8>,
    /// The last line taken; `first - 1` when none was.
    pub(crate) last: u64,
    /// Where to go on, if the window ended before the file did.
    pub(crate) next: Option<u64>,
    /// Lines of the file, if its end was reached.
    pub(crate) total: Option<u64>,
    /// The only line taken is longer than the window; its rest is left out.
    pub(crate) cut: bool,
}

impl Window {
    /// At most `lines_max` lines from line `first`, as many as fit in `bytes_max`.
    pub(crate) const fn new(first: u64, lines_max: u64, bytes_max: usize) -> Self {
        Self { first, lines_max, bytes_max, line: 1, inside: false, taken: Vec::new(), line_start: 0, next: None, cut: false }
    }

    /// Takes what it needs of the next chunk; true once it needs no more.
    pub(crate) fn feed(&mut self, chunk: &[u8]) -> bool {
        for piece in chunk.split_inclusive(|byte| *byte == b'\n') {
            if self.next.is_none() && self.line >= self.first {
                self.take(piece);
            }
            if self.next.is_some() {
                return true;
            }
            self.inside = !piece.ends_with(b"\n");
            if !self.inside {
                self.line += 1;
                self.line_start = self.taken.len();
            }
        }
        false
    }

    fn take(&mut self, piece: &[u8]) {
        if self.line - self.first >= self.lines_max {
            self.next = Some(self.line);
        } else if self.taken.len() + piece.len() <= self.bytes_max {
            self.taken.extend_from_slice(piece);
        } else if self.line == self.first {
            self.taken.extend_from_slice(&piece[..self.bytes_max - self.taken.len()]);
            self.cut = true;
            self.next = Some(self.line + 1);
        } else {
            self.taken.truncate(self.line_start);
            self.next = Some(self.line);
        }
    }

    /// What was found once the file, or the need, is over.
    pub(crate) fn finish(self) -> Lines {
        let read = if self.inside { self.line } else { self.line - 1 };
        Lines {
            bytes: self.taken,
            last: self.next.map_or(read, |next| next - 1),
            next: self.next,
            total: self.next.is_none().then_some(read),
            cut: self.cut,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(text: &str, first: u64, lines_max: u64, bytes_max: usize) -> Lines {
        // Every way of chunking gives the same lines.
        let all: Vec<Lines> = (1..=text.len().max(1))
            .map(|size| {
                let mut window = Window::new(first, lines_max, bytes_max);
                let _ = text.as_bytes().chunks(size).any(|chunk| window.feed(chunk));
                window.finish()
            })
            .collect();
        assert!(all.windows(2).all(|pair| pair[0] == pair[1]), "{all:?}");
        all.into_iter().next().unwrap()
    }

    fn lines(text: &str, last: u64, next: Option<u64>, total: Option<u64>) -> Lines {
        Lines { bytes: text.as_bytes().to_vec(), last, next, total, cut: false }
    }

    #[test]
    fn a_short_file_is_taken_whole() {
        assert_eq!(window("a\nb\n", 1, 10, 100), lines("a\nb\n", 2, None, Some(2)));
        assert_eq!(window("a\nb", 1, 10, 100), lines("a\nb", 2, None, Some(2)));
        assert_eq!(window("", 1, 10, 100), lines("", 0, None, Some(0)));
        assert_eq!(window("\n", 1, 10, 100), lines("\n", 1, None, Some(1)));
    }

    #[test]
    fn lines_in_the_middle_say_where_to_go_on() {
        assert_eq!(window("a\nb\nc\nd\n", 2, 2, 100), lines("b\nc\n", 3, Some(4), None));
        assert_eq!(window("a\nb\nc\n", 3, 2, 100), lines("c\n", 3, None, Some(3)));
    }

    #[test]
    fn a_window_that_ends_with_the_file_has_no_next() {
        assert_eq!(window("a\nb\n", 1, 2, 100), lines("a\nb\n", 2, None, Some(2)));
    }

    #[test]
    fn past_the_end_nothing_is_taken_and_the_total_is_known() {
        let found = window("a\nb\n", 9, 2, 100);
        assert_eq!((found.bytes.as_slice(), found.total), (b"".as_slice(), Some(2)));
    }

    #[test]
    fn only_whole_lines_fill_the_bytes() {
        assert_eq!(window("aaaa\nbbbb\ncc\n", 1, 10, 8), lines("aaaa\n", 1, Some(2), None));
    }

    #[test]
    fn a_line_longer_than_the_window_is_cut() {
        let found = window("aaaaaaaa\nb\n", 1, 10, 4);
        assert_eq!(found, Lines { bytes: b"aaaa".to_vec(), last: 1, next: Some(2), total: None, cut: true });
    }
}
