//! What helps when the text to replace is not in the file: the places that were probably meant.

use crate::nearest::likeness;
use crate::text;

/// Lines compared; later ones are not looked at.
const LINES_MAX: usize = 20_000;
/// Places shown.
const PLACES_MAX: usize = 3;
/// Characters shown of a line.
const CHARS_MAX: usize = 200;
/// Below this, a line has nothing to do with what was looked for.
const LIKENESS_MIN: f64 = 0.4;

/// The advice for a text that does not occur.
pub(super) fn for_missing(text: &str, old: &str) -> String {
    if let Some((first, last)) = same_but_for_spaces(text, old) {
        return format!(
            "{} {} the same but for spaces or tabs; copy from the file exactly:\n{}",
            if first == last { format!("Line {first}") } else { format!("Lines {first} to {last}") },
            if first == last { "is" } else { "are" },
            quoted(text, first, last)
        );
    }
    let places = nearest_lines(text, old);
    if places.is_empty() {
        return "Nothing in it is similar; read the file and copy the text from there".to_owned();
    }
    let lines: String = places.iter().map(|line| quoted(text, *line, *line)).collect();
    format!("The nearest lines are these; read the file and copy the text exactly:\n{lines}")
}

/// `line 3`, `lines 1 and 4`, `lines 1, 4, 9 and 20 more`.
pub(super) fn lines_in_words(lines: &[usize]) -> String {
    const SHOWN_MAX: usize = 8;
    let numbers: Vec<String> = lines.iter().take(SHOWN_MAX).map(usize::to_string).collect();
    match (numbers.as_slice(), lines.len().saturating_sub(SHOWN_MAX)) {
        ([], _) => "no line".to_owned(),
        ([one], _) => format!("line {one}"),
        ([start @ .., last], 0) => format!("lines {} and {last}", start.join(", ")),
        (shown, more) => format!("lines {} and {more} more", shown.join(", ")),
    }
}

/// The lines that equal those looked for once the spaces of each are left out.
fn same_but_for_spaces(text: &str, old: &str) -> Option<(usize, usize)> {
    let squeeze = |line: &str| line.split_whitespace().collect::<String>();
    let wanted: Vec<String> = old.trim().lines().map(squeeze).collect();
    if wanted.iter().all(String::is_empty) {
        return None;
    }
    let lines: Vec<String> = text.lines().take(LINES_MAX).map(squeeze).collect();
    let place = lines.windows(wanted.len()).position(|window| window == wanted.as_slice())?;
    Some((place + 1, place + wanted.len()))
}

/// The lines most like the first line looked for, in the order of the file.
fn nearest_lines(text: &str, old: &str) -> Vec<usize> {
    let Some(wanted) = old.lines().map(str::trim).find(|line| !line.is_empty()) else { return Vec::new() };
    let wanted = text::cut(wanted, CHARS_MAX);
    let lines = text.lines().take(LINES_MAX).enumerate();
    let mut scored: Vec<(f64, usize)> =
        lines.map(|(index, line)| (likeness(&wanted, &text::cut(line.trim(), CHARS_MAX)), index + 1)).collect();
    scored.retain(|(score, _)| *score >= LIKENESS_MIN);
    scored.sort_by(|left, right| right.0.total_cmp(&left.0).then(left.1.cmp(&right.1)));
    let mut places: Vec<usize> = scored.into_iter().take(PLACES_MAX).map(|(_, line)| line).collect();
    places.sort_unstable();
    places
}

fn quoted(text: &str, first: usize, last: usize) -> String {
    let lines = text.lines().enumerate().skip(first - 1).take(last + 1 - first);
    lines.map(|(index, line)| format!("{:>5}\t{}\n", index + 1, text::cut(line, CHARS_MAX))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = "fn main() {\n\tlet total = 1;\n\tprint(total);\n}\n";

    #[test]
    fn other_indentation_is_recognised() {
        let hint = for_missing(CODE, "    let total = 1;\n    print(total);\n");
        assert!(hint.starts_with("Lines 2 to 3 are the same but for spaces"), "{hint}");
        assert!(hint.contains("    2\t\tlet total = 1;\n"), "{hint}");
        let hint = for_missing(CODE, "let  total=1;");
        assert!(hint.starts_with("Line 2 is the same"), "{hint}");
    }

    #[test]
    fn a_similar_line_is_shown_with_its_number() {
        let hint = for_missing(CODE, "let totals = 1;");
        assert!(hint.contains("nearest lines") && hint.contains("    2\t\tlet total = 1;"), "{hint}");
    }

    #[test]
    fn a_stranger_gets_no_false_lead() {
        assert!(for_missing(CODE, "SELECT 7").contains("read the file"));
        assert!(for_missing("", "x").contains("read the file"));
        assert!(for_missing(CODE, "\n\n\n\n\n\n").contains("read the file"));
    }

    #[test]
    fn at_most_three_places_are_shown() {
        let text = "let total = 1;\n".repeat(9);
        assert_eq!(nearest_lines(&text, "let totals = 1;"), [1, 2, 3]);
    }

    #[test]
    fn line_numbers_read_like_a_sentence() {
        for (lines, words) in [(vec![3], "line 3"), (vec![1, 4], "lines 1 and 4"), (vec![1, 2, 3], "lines 1, 2 and 3")] {
            assert_eq!(lines_in_words(&lines), words);
        }
        assert_eq!(lines_in_words(&(1..=20).collect::<Vec<_>>()), "lines 1, 2, 3, 4, 5, 6, 7, 8 and 12 more");
    }
}
