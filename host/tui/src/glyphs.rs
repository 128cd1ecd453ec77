//! The signs on the screen, in three sets: text for every terminal font, ASCII, and emoji.

/// Which signs are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GlyphSet {
    /// Signs that terminal fonts have and that are one column wide.
    #[default]
    Unicode,
    /// For terminals that can show nothing else.
    Ascii,
    Emoji,
}

impl GlyphSet {
    /// Reads the value of `OCTI_TUI_ICONS`; none when it is neither.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.trim().to_lowercase().as_str() {
            "ascii" => Some(Self::Ascii),
            "emoji" => Some(Self::Emoji),
            "unicode" => Some(Self::Unicode),
            _ => None,
        }
    }

    pub(crate) const fn glyphs(self) -> &'static Glyphs {
        match self {
            Self::Unicode => &UNICODE,
            Self::Ascii => &ASCII,
            Self::Emoji => &EMOJI,
        }
    }
}

/// The signs of one set.
#[derive(Debug)]
pub(crate) struct Glyphs {
    pub(crate) prompt: &'static str,
    pub(crate) running: &'static str,
    pub(crate) waiting: &'static str,
    pub(crate) done: &'static str,
    pub(crate) failed: &'static str,
    pub(crate) unfinished: &'static str,
    pub(crate) stopped: &'static str,
    pub(crate) info: &'static str,
    pub(crate) file: &'static str,
    pub(crate) online: &'static str,
    pub(crate) offline: &'static str,
    pub(crate) bullet: &'static str,
    pub(crate) quote: &'static str,
    pub(crate) selected: &'static str,
    pub(crate) up: &'static str,
    pub(crate) down: &'static str,
    pub(crate) dot: &'static str,
    pub(crate) ellipsis: &'static str,
    pub(crate) horizontal: &'static str,
    pub(crate) vertical: &'static str,
    pub(crate) mask: &'static str,
    /// Shown one after another while something works.
    pub(crate) spinner: &'static [&'static str],
    pub(crate) is_ascii: bool,
}

const UNICODE: Glyphs = Glyphs {
    prompt: "›",
    running: "▸",
    waiting: "?",
    done: "✓",
    failed: "✗",
    unfinished: "–",
    stopped: "■",
    info: "•",
    file: "▤",
    online: "●",
    offline: "○",
    bullet: "•",
    quote: "▎",
    selected: "▸",
    up: "↑",
    down: "↓",
    dot: "·",
    ellipsis: "…",
    horizontal: "─",
    vertical: "│",
    mask: "•",
    spinner: &["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"],
    is_ascii: false,
};

const ASCII: Glyphs = Glyphs {
    prompt: ">",
    running: ">",
    waiting: "?",
    done: "+",
    failed: "x",
    unfinished: "-",
    stopped: "#",
    info: "*",
    file: "@",
    online: "*",
    offline: "o",
    bullet: "-",
    quote: "|",
    selected: ">",
    up: "^",
    down: "v",
    dot: "-",
    ellipsis: "...",
    horizontal: "-",
    vertical: "|",
    mask: "*",
    spinner: &["|", "/", "-", "\\"],
    is_ascii: true,
};

const EMOJI: Glyphs = Glyphs {
    running: "🔧",
    waiting: "✋",
    done: "✅",
    failed: "❌",
    unfinished: "⏸",
    stopped: "🛑",
    info: "💡",
    file: "📎",
    online: "🟢",
    offline: "🔴",
    ..UNICODE
};

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::*;

    #[test]
    fn the_ascii_set_is_ascii_and_the_text_set_one_column_wide() {
        let all = |glyphs: &Glyphs| format!("{glyphs:?}");
        assert!(all(&ASCII).is_ascii());
        let signs = [
            UNICODE.prompt,
            UNICODE.running,
            UNICODE.waiting,
            UNICODE.done,
            UNICODE.failed,
            UNICODE.unfinished,
            UNICODE.stopped,
            UNICODE.info,
            UNICODE.file,
            UNICODE.online,
            UNICODE.offline,
            UNICODE.bullet,
            UNICODE.quote,
            UNICODE.selected,
            UNICODE.up,
            UNICODE.down,
            UNICODE.dot,
            UNICODE.ellipsis,
            UNICODE.horizontal,
            UNICODE.vertical,
            UNICODE.mask,
        ];
        for sign in signs.iter().chain(UNICODE.spinner) {
            assert_eq!(sign.width(), 1, "{sign}");
        }
    }

    #[test]
    fn an_unknown_set_is_not_taken_for_another() {
        assert_eq!(GlyphSet::parse("ASCII"), Some(GlyphSet::Ascii));
        assert_eq!(GlyphSet::parse("fancy"), None);
    }
}
