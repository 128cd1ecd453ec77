//! What escapes in a text stand for: `%2F`, `\u002f`, `\x2f`, `\"`. What is not shown at all, such as the sequences that
//! colour a terminal's text, stands for nothing.

use std::ops::Range;

use octi_domain::text::left_out;

/// A text without its escapes, and where each byte of it came from.
pub(super) struct Unescaped {
    pub(super) text: String,
    /// Offsets in the original text, one for each byte and one for the end.
    from: Vec<usize>,
}

impl Unescaped {
    /// What the text stands for; none when it has no escapes.
    pub(super) fn of(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let mut out = Vec::new();
        let mut from = Vec::new();
        // Up to here everything was taken over.
        let mut at = 0;
        let mut next = 0;
        while let Some(offset) = bytes.get(next..)?.iter().position(|byte| MAY_BEGIN[usize::from(*byte)]) {
            let start = next + offset;
            // Bytes one after the other may be one character together.
            let (decoded, sources) = run(text, start);
            next = sources.last().map_or_else(|| text.ceil_char_boundary(start + 1), |last| last.end);
            if std::str::from_utf8(&decoded).is_err() || sources.is_empty() {
                continue;
            }
            out.extend_from_slice(&bytes[at..start]);
            from.extend(at..start);
            for source in sources {
                from.extend(std::iter::repeat_n(source.start, source.bytes));
            }
            out.extend_from_slice(&decoded);
            at = next;
        }
        if at == 0 {
            return None;
        }
        out.extend_from_slice(&bytes[at..]);
        from.extend(at..=bytes.len());
        Some(Self { text: String::from_utf8(out).ok()?, from })
    }

    /// A place in what the text stands for as a place in the text.
    pub(super) fn place(&self, place: &Range<usize>) -> Range<usize> {
        let offset = |at: usize| self.from.get(at).copied().unwrap_or_default();
        offset(place.start)..offset(place.end)
    }
}

/// [`may_begin`] of each byte: every byte of every result is looked up.
const MAY_BEGIN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = u8::MAX;
    loop {
        table[byte as usize] = may_begin(byte);
        if byte == 0 {
            break table;
        }
        byte -= 1;
    }
};

/// Whether an escape, or what is not shown, may begin with this byte.
const fn may_begin(byte: u8) -> bool {
    match byte {
        b'%' | b'\\' => true,
        b'\n' | b'\t' | b'\r' => false,
        0..0x20 | 0x7f => true,
        // The first bytes of control, zero-width, direction and tag characters.
        0xc2 | 0xcd | 0xd8 | 0xe1 | 0xe2 | 0xef | 0xf3 => true,
        _ => false,
    }
}

/// Characters that show nothing, but that a reader may need, so that cleaning leaves them in: joiners, soft hyphens,
/// selectors of a glyph.
const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2064}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

/// One escape: where it stands, and how many bytes it gave.
struct Source {
    start: usize,
    end: usize,
    bytes: usize,
}

/// The escapes that follow each other from `start` on, decoded.
fn run(text: &str, mut start: usize) -> (Vec<u8>, Vec<Source>) {
    let (mut decoded, mut sources) = (Vec::new(), Vec::new());
    while let Some((bytes, end)) = one(text, start) {
        sources.push(Source { start, end, bytes: bytes.len() });
        decoded.extend_from_slice(&bytes);
        start = end;
    }
    (decoded, sources)
}

/// The escape that stands at `start`, and where it ends.
fn one(text: &str, start: usize) -> Option<(Vec<u8>, usize)> {
    let bytes = text.as_bytes();
    let number = |from: usize, digits: usize| {
        let hex = text.get(from..from + digits).filter(|hex| hex.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
        u32::from_str_radix(hex, 16).ok()
    };
    let byte = |from: usize| Some((vec![u8::try_from(number(from, 2)?).ok()?], from + 2));
    if bytes.get(start) == Some(&b'%') {
        return byte(start + 1);
    }
    if bytes.get(start) != Some(&b'\\') {
        let rest = text.get(start..).filter(|rest| rest.bytes().next().is_some_and(may_begin))?;
        let invisible = || rest.chars().next().filter(|c| is_invisible(*c)).map(char::len_utf8);
        return left_out(rest).or_else(invisible).map(|length| (Vec::new(), start + length));
    }
    match bytes.get(start + 1)? {
        b'x' => byte(start + 2),
        // Half of a pair of surrogates is no character and stays as it is.
        b'u' => char::from_u32(number(start + 2, 4)?).map(|c| (c.to_string().into_bytes(), start + 6)),
        b'n' => Some((vec![b'\n'], start + 2)),
        b'r' => Some((vec![b'\r'], start + 2)),
        b't' => Some((vec![b'\t'], start + 2)),
        other if other.is_ascii_punctuation() => Some((vec![*other], start + 2)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn escapes_are_read() {
        for (text, expected) in [
            ("a%2Fb%2fc", Some("a/b/c")),
            ("%C3%A9t%c3%a9", Some("été")),
            ("\\u00e9\\x41\\\"\\\\\\/\\n", Some("éA\"\\/\n")),
            ("%41%\\u0042", Some("A%B")),
            ("100% of 5%", None),
            ("%zz %4 \\q \\u12 \\ud800", None),
            ("%ff%fe", None),
            ("plain é", None),
            ("s3\u{1b}[31mcr\u{9b}0;1m3\u{200e}t\u{200b}\u{e0041}", Some("s3cr3t")),
            ("\u{1b}]0;title\u{7}%41", Some("A")),
            ("a\u{1b}[", Some("a")),
            ("\u{a0}£中\u{fffd}\r\n\t", None),
            ("", None),
        ] {
            assert_eq!(Unescaped::of(text).map(|unescaped| unescaped.text).as_deref(), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_place_leads_back_to_what_was_escaped(before in "[a-z%é]{0,8}", value in "[a-z/é]{1,8}", after in "[a-z é]{0,8}") {
            let escaped: String = value.bytes().map(|byte| format!("%{byte:02X}")).collect();
            let text = format!("{before}-{escaped}-{after}");
            let unescaped = Unescaped::of(&text).unwrap();
            let start = unescaped.text.find(&format!("-{value}-")).unwrap() + 1;
            prop_assert_eq!(&text[unescaped.place(&(start..start + value.len()))], escaped.as_str());
        }

        #[test]
        fn what_cleaning_takes_away_stands_for_nothing(text in "[a-c\u{1b}\u{7}\u{9b}\u{90}\u{200e}\u{feff}\u{e0041}0-9;\\]\\[m\n]{0,40}") {
            let seen = Unescaped::of(&text).map_or(text.clone(), |unescaped| unescaped.text);
            prop_assert_eq!(seen, super::super::super::clean(&text));
        }

        #[test]
        fn any_text_is_read(text in "[%\\\\xun0-9a-f\"é\u{1b}\u{9b}\\[m\u{200b}]{0,40}") {
            if let Some(unescaped) = Unescaped::of(&text) {
                prop_assert_eq!(unescaped.from.len(), unescaped.text.len() + 1);
                prop_assert!(unescaped.from.is_sorted());
            }
        }
    }
}
