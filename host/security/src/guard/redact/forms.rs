//! What a secret may look like after it was encoded, broken up or turned round on the way.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

/// Shorter values are not searched for: they would black out half of every text.
pub(super) const VALUE_BYTES_MIN: usize = 6;
/// Longer values are searched for piece by piece: a piece is enough to leak, and the search stays small.
const WHOLE_BYTES_MAX: usize = 128;
/// A piece of a long value has at least this many bytes, or ordinary words would be pieces.
const PIECE_BYTES_MIN: usize = 16;
/// And at most this many.
const PIECE_BYTES_MAX: usize = 64;
/// Characters of base64 that tell a secret from chance.
const BASE64_CHARS_MIN: usize = 8;

/// A text that is wiped when it is dropped.
pub(super) type Form = Zeroizing<String>;

/// The forms of values, by how they are searched for.
#[derive(Default)]
pub(super) struct Forms {
    /// As they stand.
    pub(super) exact: Vec<Form>,
    /// Among the letters and digits of a text only, so that nothing between them can hide the value.
    pub(super) bare: Vec<Form>,
    /// The same, in upper or lower case.
    pub(super) folded: Vec<Form>,
}

impl Forms {
    /// Every form of a value.
    pub(super) fn of(value: &str) -> Self {
        let mut forms = Self::default();
        if value.len() <= WHOLE_BYTES_MAX {
            forms.add_whole(value);
            forms.add_whole(&Zeroizing::new(value.chars().rev().collect::<String>()));
        }
        if value.len() > WHOLE_BYTES_MAX || value.contains('\n') {
            pieces(value).for_each(|piece| forms.add_piece(piece));
        }
        for list in [&mut forms.exact, &mut forms.bare, &mut forms.folded] {
            list.retain(|form| form.len() >= VALUE_BYTES_MIN);
            list.sort_by(|a, b| a.as_str().cmp(b.as_str()));
            list.dedup();
        }
        forms
    }

    fn add_whole(&mut self, value: &str) {
        let bytes = value.as_bytes();
        self.add_piece(value);
        // As forms on web pages send it.
        self.exact.push(Zeroizing::new(value.replace(' ', "+")));
        self.exact.extend(
            [STANDARD.encode(bytes), STANDARD_NO_PAD.encode(bytes), URL_SAFE.encode(bytes), URL_SAFE_NO_PAD.encode(bytes)]
                .map(Zeroizing::new),
        );
        self.folded.extend([
            // `&#x73;&#x33;`, `0x73, 0x33` and `115, 51`, without what stands between the letters and digits.
            spelled(bytes.iter().map(|byte| format!("x{byte:02x}"))),
            spelled(bytes.iter().map(|byte| format!("0x{byte:02x}"))),
            spelled(bytes.iter().map(u8::to_string)),
        ]);
    }

    fn add_piece(&mut self, value: &str) {
        let bytes = value.as_bytes();
        self.exact.push(Zeroizing::new(value.to_owned()));
        self.bare.extend(Some(bare(value)).filter(|form| is_telling(form)));
        self.bare.extend((0..3).map(|offset| embedded(bytes, offset)).filter(|form| form.len() >= BASE64_CHARS_MIN));
        self.folded.push(spelled(bytes.iter().map(|byte| format!("{byte:02x}"))));
    }
}

/// The letters and digits of a text.
pub(super) fn bare(text: &str) -> Form {
    // Room for all of it: a text that grows leaves copies behind, which nobody wipes.
    let mut bare = Zeroizing::new(String::with_capacity(text.len()));
    // Word by word: one character after another takes twice as long.
    text.split(|c: char| !c.is_alphanumeric()).for_each(|word| bare.push_str(word));
    bare
}

/// Whether letters and digits without what stood between them are still no accident: a word or a number of a few digits
/// comes together in ordinary texts and tables.
fn is_telling(form: &str) -> bool {
    let kinds = [char::is_lowercase, char::is_uppercase, char::is_numeric].map(|of_kind| form.chars().any(of_kind));
    let chars_min = match kinds {
        [false, false, true] => 16,
        [true, true, _] | [_, true, true] | [true, _, true] => 8,
        _ => 12,
    };
    form.chars().count() >= chars_min
}

/// A long value in pieces: its lines, short ones together with the next, long ones cut. The first and last line of a key
/// in PEM are the same for everybody.
fn pieces(value: &str) -> impl Iterator<Item = &str> {
    let mut segments = Vec::new();
    let mut open: Option<usize> = None;
    for line in value.split_inclusive('\n') {
        // Both are parts of `value`, so the distance between their beginnings is where the line stands.
        let start = line.as_ptr().addr() - value.as_ptr().addr();
        if line.starts_with("-----") {
            open = None;
            continue;
        }
        let first = *open.get_or_insert(start);
        if let Some(segment) = value.get(first..start + line.len()).map(str::trim)
            && segment.len() >= PIECE_BYTES_MIN
        {
            segments.push(segment);
            open = None;
        }
    }
    segments.into_iter().flat_map(cut)
}

/// Pieces of at most [`PIECE_BYTES_MAX`] bytes; the last one reaches back, so that it is not short.
fn cut(segment: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = segment;
    while rest.len() > PIECE_BYTES_MAX {
        let (piece, after) = rest.split_at(rest.floor_char_boundary(PIECE_BYTES_MAX));
        pieces.push(piece);
        rest = after;
    }
    let start = segment.len() - rest.len().max(PIECE_BYTES_MIN.min(segment.len()));
    pieces.push(&segment[segment.floor_char_boundary(start)..]);
    pieces
}

/// The letters and digits that a value becomes inside a longer base64 text, when `offset` bytes (modulo 3) stand before it:
/// without the characters at both ends, which its neighbours share. Base64url differs in characters that are neither.
fn embedded(bytes: &[u8], offset: usize) -> Form {
    let mut padded = Zeroizing::new(vec![0; offset]);
    padded.extend_from_slice(bytes);
    let encoded = Zeroizing::new(STANDARD_NO_PAD.encode(padded.as_slice()));
    // 8 bits of the neighbour reach one character further than its own bytes do.
    let start = (offset * 8).div_ceil(6);
    let end = padded.len() * 8 / 6;
    bare(encoded.get(start..end).unwrap_or_default())
}

fn spelled(units: impl Iterator<Item = String>) -> Form {
    Zeroizing::new(units.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_value_is_cut_into_pieces_that_miss_nothing() {
        let line = "0123456789abcdef".repeat(10);
        let value = format!("-----BEGIN KEY-----\n{line}\nshort\nlines\nand more of them\n-----END KEY-----\n");
        let pieces: Vec<&str> = pieces(&value).collect();
        assert!(pieces.iter().all(|piece| (PIECE_BYTES_MIN..=PIECE_BYTES_MAX).contains(&piece.len())), "{pieces:?}");
        assert_eq!(pieces.iter().take(3).map(|piece| piece.len()).collect::<Vec<_>>(), [64, 64, 32]);
        assert_eq!(pieces.last(), Some(&"short\nlines\nand more of them"));
    }

    #[test]
    fn the_last_piece_is_never_short() {
        let value = "abcdefghij".repeat(13);
        let pieces: Vec<&str> = pieces(&value).collect();
        assert_eq!(pieces.iter().map(|piece| piece.len()).collect::<Vec<_>>(), [64, 64, 16]);
        assert!(value.ends_with(pieces[2]));
    }

    #[test]
    fn words_and_short_numbers_are_not_told_from_chance() {
        for (form, telling) in [
            ("database", false),
            ("correcthorse", true),
            ("12345678", false),
            ("1234567812345678", true),
            ("s3cr3tva", true),
            ("aB", false),
            ("Monday", false),
        ] {
            assert_eq!(is_telling(form), telling, "{form}");
        }
    }

    #[test]
    fn the_forms_of_a_long_value_stay_small() {
        let value: String =
            (0..octi_domain::limits::SECRET_BYTES_MAX).map(|at| char::from(b'a' + (at * at % 23) as u8)).collect();
        let forms = Forms::of(&value);
        let bytes: usize = [&forms.exact, &forms.bare, &forms.folded].into_iter().flatten().map(|form| form.len()).sum();
        assert!(bytes < 10 * value.len(), "{bytes}");
    }
}
