//! What a program wrote and how it ended, as it is returned.

use octi_sdk::data;
use octi_sdk::shell::Ending;

/// Bytes returned of each stream. Both, with every byte escaped in JSON, stay below what one call may return.
const STREAM_BYTES_MAX: usize = 80 * 1024;

#[data]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// By itself: see `exit_code`.
    Exited,
    /// By a signal.
    Signalled,
    TimedOut,
    OutputLimit,
}

impl From<Ending> for Ended {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Exited(_) => Self::Exited,
            Ending::Signalled(_) => Self::Signalled,
            Ending::TimedOut => Self::TimedOut,
            Ending::OutputLimit => Self::OutputLimit,
        }
    }
}

/// The exit code of a program that ended by itself.
pub(crate) const fn exit_code(ending: Ending) -> Option<i32> {
    match ending {
        Ending::Exited(code) => Some(code),
        Ending::Signalled(_) | Ending::TimedOut | Ending::OutputLimit => None,
    }
}

/// An ending in a few words, for the person watching.
pub(crate) fn in_words(ending: Ending) -> String {
    match ending {
        Ending::Exited(code) => format!("exit code {code}"),
        Ending::Signalled(signal) => format!("ended by signal {signal}"),
        Ending::TimedOut => "timed out".to_owned(),
        Ending::OutputLimit => "wrote too much".to_owned(),
    }
}

/// A stream as text, and whether some of it was left out: what is too long loses its middle, because errors stand at the end
/// and their cause often at the start.
pub(crate) fn shown(stream: &[u8]) -> (String, bool) {
    let text = String::from_utf8_lossy(stream);
    if text.len() <= STREAM_BYTES_MAX {
        return (text.into_owned(), false);
    }
    let head = text.floor_char_boundary(STREAM_BYTES_MAX / 4);
    let tail = text.ceil_char_boundary(text.len() - STREAM_BYTES_MAX / 4 * 3);
    let left_out = tail - head;
    (format!("{}\n[… {left_out} bytes left out …]\n{}", &text[..head], &text[tail..]), true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_output_is_shown_whole() {
        assert_eq!(shown("grüße\n".as_bytes()), ("grüße\n".to_owned(), false));
        assert_eq!(shown(b"a\xffb"), ("a\u{FFFD}b".to_owned(), false));
    }

    #[test]
    fn long_output_loses_its_middle() {
        let text = format!("start{}end", "ä".repeat(STREAM_BYTES_MAX));
        let (cut, truncated) = shown(text.as_bytes());
        assert!(truncated && cut.starts_with("start") && cut.ends_with("end") && cut.contains("bytes left out"));
        assert!(cut.len() < STREAM_BYTES_MAX + 64, "{}", cut.len());
    }

    #[test]
    fn only_an_end_of_its_own_has_an_exit_code() {
        assert_eq!(
            (exit_code(Ending::Exited(3)), exit_code(Ending::Signalled(9)), exit_code(Ending::TimedOut)),
            (Some(3), None, None)
        );
    }
}
