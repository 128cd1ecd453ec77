//! Due dates as people write them: a day, or a day and a time.

use octi_sdk::ToolError;

/// Checks `YYYY-MM-DD` or `YYYY-MM-DDTHH:MM`, which sort as text.
///
/// # Errors
/// [`ToolError::BadInput`] says how a date is written, or why this one does not exist.
pub(crate) fn check(text: &str) -> Result<String, ToolError> {
    let text = text.trim();
    let wrong = || {
        ToolError::BadInput(format!(
            "argument `due`: `{}` is not a date; write `2026-12-24`, or `2026-12-24T18:00` with a time",
            text.escape_debug()
        ))
    };
    let (date, time) = text.split_once(['T', ' ']).map_or((text, None), |(date, time)| (date, Some(time)));
    let [year, month, day] = numbers(date, '-', [4, 2, 2]).ok_or_else(wrong)?;
    if year == 0 || !(1..=12).contains(&month) || day == 0 {
        return Err(wrong());
    }
    let days = days_of(year, month);
    if day > days {
        return Err(ToolError::BadInput(format!("argument `due`: month {month} of {year} has only {days} days")));
    }
    let Some(time) = time else { return Ok(date.to_owned()) };
    let [hour, minute] = numbers(time, ':', [2, 2]).ok_or_else(wrong)?;
    if hour > 23 || minute > 59 {
        return Err(wrong());
    }
    Ok(format!("{date}T{time}"))
}

/// The numbers between the separators, each with exactly so many digits.
fn numbers<const N: usize>(text: &str, separator: char, widths: [usize; N]) -> Option<[u32; N]> {
    let parts: Vec<&str> = text.split(separator).collect();
    if parts.len() != N {
        return None;
    }
    let mut numbers = [0; N];
    for ((number, part), width) in numbers.iter_mut().zip(parts).zip(widths) {
        if part.len() != width || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        *number = part.parse().ok()?;
    }
    Some(numbers)
}

const fn days_of(year: u32, month: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_times_are_read() {
        for (text, date) in [
            ("2026-12-24", "2026-12-24"),
            (" 2026-12-24 ", "2026-12-24"),
            ("2026-12-24T18:00", "2026-12-24T18:00"),
            ("2026-12-24 18:00", "2026-12-24T18:00"),
            ("2028-02-29", "2028-02-29"),
            ("2000-02-29", "2000-02-29"),
        ] {
            assert_eq!(check(text), Ok(date.to_owned()));
        }
    }

    #[test]
    fn what_is_no_date_is_answered_with_one() {
        for text in [
            "tomorrow",
            "24.12.2026",
            "2026-13-01",
            "2026-00-01",
            "2026-01-00",
            "2026-1-1",
            "2026-01-01T24:00",
            "2026-01-01T1:00",
            "",
        ] {
            assert!(matches!(check(text), Err(ToolError::BadInput(message)) if message.contains("2026-12-24")), "{text}");
        }
    }

    #[test]
    fn days_that_do_not_exist_are_refused() {
        for (text, days) in [("2026-02-29", 28), ("2100-02-29", 28), ("2026-04-31", 30)] {
            assert!(
                matches!(check(text), Err(ToolError::BadInput(message)) if message.contains(&format!("only {days} days"))),
                "{text}"
            );
        }
    }
}
