//! Names that could be taken for another one.
//!
//! An id has small Latin letters, digits, `-` and `_` only, so what is left to deceive with is spelling.

/// Why the id could be taken for one of these, as a sentence; the id itself is none of them.
pub(crate) fn resembles<'n>(id: &str, known: impl IntoIterator<Item = &'n str>) -> Option<String> {
    let alias = |id: &str| id.rsplit('/').next().unwrap_or(id).to_owned();
    known.into_iter().filter(|other| *other != id).find_map(|other| {
        if is_near(id, other) {
            return Some(format!("its id is nearly that of `{other}`; make sure that it is the one you mean"));
        }
        let same = skeleton(&alias(id)) == skeleton(&alias(other));
        same.then(|| format!("its name is that of `{other}`, of another publisher; make sure that it is the one you mean"))
    })
}

/// Whether a hasty reader takes one for the other.
fn is_near(one: &str, other: &str) -> bool {
    let allowed = match one.len().min(other.len()) {
        0..=5 => 0,
        6..=11 => 1,
        _ => 2,
    };
    skeleton(one) == skeleton(other) || distance(one.as_bytes(), other.as_bytes()) <= allowed
}

/// The name with letters that look alike made the same.
fn skeleton(name: &str) -> String {
    let name = name.replace("rn", "m").replace("vv", "w").replace("cl", "d").replace(['-', '_'], "");
    name.chars()
        .map(|c| match c {
            '0' => 'o',
            '1' | 'i' => 'l',
            '5' => 's',
            '2' => 'z',
            _ => c,
        })
        .collect()
}

/// Letters to add, remove, change or swap with their neighbour until one is the other. Names are short.
fn distance(one: &[u8], other: &[u8]) -> usize {
    let width = other.len() + 1;
    let mut rows: Vec<Vec<usize>> = vec![(0..width).collect()];
    for (i, a) in one.iter().enumerate() {
        let mut row = vec![i + 1; width];
        for (j, b) in other.iter().enumerate() {
            let changed = rows[i][j] + usize::from(a != b);
            row[j + 1] = changed.min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == other[j - 1] && one[i - 1] == *b {
                row[j + 1] = row[j + 1].min(rows[i - 1][j - 1] + 1);
            }
        }
        rows.push(row);
    }
    rows.last().and_then(|row| row.last()).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_squatter_is_told_apart() {
        let known = ["octi/filesystem", "acme/weather"];
        for id in ["acrne/weather", "acme/weahter", "acme/weathers", "0cti/mail", "acme/wea-ther", "evil/filesystem"] {
            let known = known.iter().copied().chain(["octi/mail"]);
            assert!(resembles(id, known).is_some(), "{id}");
        }
        for id in ["acme/weather", "acme/calendar", "umbrella/forecast", "acme/mail"] {
            assert_eq!(resembles(id, known), None, "{id}");
        }
        assert_eq!(distance(b"weather", b"waether"), 1);
        assert_eq!(distance(b"", b"abc"), 3);
    }
}
