//! Which key does what, with the overrides of `keybindings.json`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use octi_domain::limits;
use serde::Deserialize;

/// The name of the file with a person's own keys, in octi's home folder.
pub const FILE: &str = "keybindings.json";

macro_rules! actions {
    ($($variant:ident, $name:literal, [$($key:literal),*], $meaning:literal;)*) => {
        /// What a key can do. The keys of the text field and of questions are not among them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Action {
            $(#[doc = $meaning] $variant,)*
        }

        impl Action {
            /// Every action, in the order of the list of keys.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// How `keybindings.json` names it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// What it does, for the list of keys.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning),* }
            }

            const fn defaults(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &[$($key),*]),* }
            }
        }
    };
}

actions! {
    Palette, "palette", ["ctrl+p", "f4"], "find a command";
    Shortcuts, "shortcuts", ["f5"], "list the keys";
    Details, "details", ["f6"], "show or fold what tools were given and gave";
    Panel, "panel", ["f7", "alt+s"], "show or hide the activity";
    Answer, "answer", ["f2"], "answer what a plugin asks";
    Sessions, "sessions", ["f3"], "go to another conversation";
    Interrupt, "interrupt", ["ctrl+c"], "stop the turn; twice: leave";
    Quit, "quit", ["ctrl+q"], "leave";
    ScrollUp, "scroll-up", ["pageup"], "read further up";
    ScrollDown, "scroll-down", ["pagedown"], "read further down";
    LineUp, "line-up", ["alt+up"], "one line up";
    LineDown, "line-down", ["alt+down"], "one line down";
    Top, "top", ["ctrl+home"], "go to the oldest line";
    Tail, "tail", ["end", "ctrl+end"], "go to the newest line (in a text: the end of its line)";
    Newline, "newline", ["alt+enter", "ctrl+j"], "a new line in the text; `\\` and Enter do the same";
    Complete, "complete", ["tab"], "complete a command";
    Redraw, "redraw", ["ctrl+l"], "draw the screen anew";
}

/// A key with what is held down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Hash)]
pub struct Chord {
    code: KeyCode,
    modifiers: KeyModifiers,
}

/// Why `keybindings.json` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    #[error("`{path}` cannot be read: {reason}")]
    Unreadable { path: PathBuf, reason: String },
    #[error("`{path}` is larger than {} bytes: keep only the keys that differ", limits::TUI_KEYBINDINGS_BYTES_MAX)]
    TooLarge { path: PathBuf },
    #[error("`{path}` is not what it should be: {reason}; write it like {{\"palette\": [\"ctrl+p\", \"f4\"]}}")]
    Malformed { path: PathBuf, reason: String },
    #[error("`{path}`: there is no action `{action}`; the actions are {}", names())]
    UnknownAction { path: PathBuf, action: String },
    #[error("`{path}`: the key `{key}` of `{action}` is no key: {reason}")]
    BadKey { path: PathBuf, action: String, key: String, reason: String },
    #[error("`{path}`: the key `{key}` is given to both `{first}` and `{second}`; give it to one")]
    Twice { path: PathBuf, key: String, first: &'static str, second: &'static str },
}

fn names() -> String {
    let names: Vec<String> = Action::ALL.iter().map(|action| format!("`{}`", action.name())).collect();
    names.join(", ")
}

/// One key, several, or none.
#[derive(Deserialize)]
#[serde(untagged)]
enum Keys {
    One(String),
    Many(Vec<String>),
}

/// Which key does what.
#[derive(Debug, Clone)]
pub struct KeyMap {
    keys: Vec<(Chord, Action)>,
}

impl Default for KeyMap {
    fn default() -> Self {
        let chord = |key: &str| parse(key).ok();
        let keys =
            Action::ALL.iter().flat_map(|action| action.defaults().iter().filter_map(move |key| Some((chord(key)?, *action))));
        Self { keys: keys.collect() }
    }
}

impl KeyMap {
    /// The keys of a person, from the file in octi's home folder; the ordinary ones without it.
    ///
    /// # Errors
    /// [`KeysError`], which names the action or the key that is wrong.
    pub fn load(home: &Path) -> Result<Self, KeysError> {
        let path = home.join(FILE);
        let unreadable = |error: &dyn std::fmt::Display| KeysError::Unreadable { path: path.clone(), reason: error.to_string() };
        let size = match std::fs::metadata(&path) {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(unreadable(&error)),
        };
        if size > limits::TUI_KEYBINDINGS_BYTES_MAX as u64 {
            return Err(KeysError::TooLarge { path });
        }
        let text = std::fs::read_to_string(&path).map_err(|error| unreadable(&error))?;
        Self::read(&path, &text)
    }

    fn read(path: &Path, text: &str) -> Result<Self, KeysError> {
        let given: BTreeMap<String, Keys> = serde_json::from_str(text)
            .map_err(|error| KeysError::Malformed { path: path.to_owned(), reason: error.to_string() })?;
        let mut map = Self::default();
        for (name, keys) in given {
            let Some(action) = Action::ALL.iter().copied().find(|action| action.name() == name) else {
                return Err(KeysError::UnknownAction { path: path.to_owned(), action: name });
            };
            map.keys.retain(|(_, other)| *other != action);
            let keys = match keys {
                Keys::One(key) => vec![key],
                Keys::Many(keys) => keys,
            };
            for key in keys {
                let chord = parse(&key).map_err(|reason| KeysError::BadKey {
                    path: path.to_owned(),
                    action: name.clone(),
                    key: key.clone(),
                    reason,
                })?;
                map.keys.push((chord, action));
            }
        }
        map.check(path)?;
        Ok(map)
    }

    /// No key may do two things.
    fn check(&self, path: &Path) -> Result<(), KeysError> {
        for (index, (chord, action)) in self.keys.iter().enumerate() {
            if let Some((_, other)) = self.keys[..index].iter().find(|(other, by)| other == chord && by != action) {
                let (first, second) = (other.name(), action.name());
                return Err(KeysError::Twice { path: path.to_owned(), key: say(*chord), first, second });
            }
        }
        Ok(())
    }

    /// What a key does, if anything.
    #[must_use]
    pub fn action(&self, event: &KeyEvent) -> Option<Action> {
        let pressed = normal(event.code, event.modifiers);
        self.keys.iter().find(|(chord, _)| *chord == pressed).map(|(_, action)| *action)
    }

    /// The keys of an action, as a person says them.
    #[must_use]
    pub fn keys_of(&self, action: Action) -> Vec<String> {
        self.keys.iter().filter(|(_, other)| *other == action).map(|(chord, _)| say(*chord)).collect()
    }

    /// The first of them, for hints.
    #[must_use]
    pub fn key_of(&self, action: Action) -> Option<String> {
        self.keys_of(action).into_iter().next()
    }
}

/// Terminals tell `Shift` in different ways; only what differs for everybody counts.
fn normal(code: KeyCode, modifiers: KeyModifiers) -> Chord {
    let modifiers = modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT);
    match code {
        KeyCode::Char(c) => Chord { code: KeyCode::Char(c.to_ascii_lowercase()), modifiers: modifiers - KeyModifiers::SHIFT },
        KeyCode::BackTab => Chord { code, modifiers: modifiers - KeyModifiers::SHIFT },
        _ => Chord { code, modifiers },
    }
}

const NAMED: [(&str, KeyCode); 14] = [
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
    ("insert", KeyCode::Insert),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pageup", KeyCode::PageUp),
    ("pagedown", KeyCode::PageDown),
];

/// Reads a key such as `ctrl+p` or `f4`.
fn parse(text: &str) -> Result<Chord, String> {
    let lower = text.trim().to_lowercase();
    let (held, key) = match lower.rsplit_once('+') {
        // The key `+` itself, as in `alt++`.
        Some((held, "")) => (held.strip_suffix('+').unwrap_or(held), "+"),
        Some((held, key)) => (held, key),
        None => ("", lower.as_str()),
    };
    let mut modifiers = KeyModifiers::NONE;
    for word in held.split('+').filter(|word| !word.is_empty()) {
        modifiers |= match word {
            "ctrl" => KeyModifiers::CONTROL,
            "alt" => KeyModifiers::ALT,
            "shift" => KeyModifiers::SHIFT,
            other => return Err(format!("`{other}` is not held down with a key; use `ctrl`, `alt` or `shift`")),
        };
    }
    let number = key.strip_prefix('f').and_then(|digits| digits.parse::<u8>().ok());
    let mut chars = key.chars();
    let code = match (NAMED.iter().find(|(name, _)| *name == key), number, (chars.next(), chars.next())) {
        (Some((_, code)), _, _) => *code,
        (None, Some(number @ 1..=12), _) => KeyCode::F(number),
        (None, _, (Some(c), None)) if !c.is_control() => KeyCode::Char(c),
        _ => {
            let known: Vec<&str> = NAMED.iter().map(|(name, _)| *name).collect();
            return Err(format!("use a letter, `f1` to `f12`, or one of {}", known.join(", ")));
        }
    };
    if matches!(code, KeyCode::Char(_)) && !modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) {
        return Err("it types a character; hold `ctrl` or `alt` with it".to_owned());
    }
    Ok(normal(code, modifiers))
}

/// A key as a person reads it: `Ctrl+P`.
fn say(chord: Chord) -> String {
    let mut words = Vec::new();
    for (modifier, word) in [(KeyModifiers::CONTROL, "Ctrl"), (KeyModifiers::ALT, "Alt"), (KeyModifiers::SHIFT, "Shift")] {
        if chord.modifiers.contains(modifier) {
            words.push(word.to_owned());
        }
    }
    words.push(match chord.code {
        KeyCode::Char(c) => c.to_uppercase().to_string(),
        KeyCode::F(number) => format!("F{number}"),
        KeyCode::PageUp => "PageUp".to_owned(),
        KeyCode::PageDown => "PageDown".to_owned(),
        code => {
            let name = NAMED.iter().find(|(_, other)| *other == code).map_or("?", |(name, _)| *name);
            let mut chars = name.chars();
            chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
        }
    });
    words.join("+")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<KeyMap, String> {
        KeyMap::read(Path::new("keybindings.json"), text).map_err(|error| error.to_string())
    }

    fn press(map: &KeyMap, code: KeyCode, modifiers: KeyModifiers) -> Option<Action> {
        map.action(&KeyEvent::new(code, modifiers))
    }

    #[test]
    fn every_default_key_can_be_read_and_does_one_thing() {
        let count: usize = Action::ALL.iter().map(|action| action.defaults().len()).sum();
        let map = KeyMap::default();
        assert_eq!(map.keys.len(), count, "a default key cannot be read");
        map.check(Path::new("defaults")).expect("no key does two things");
    }

    #[test]
    fn an_override_takes_the_place_of_the_default_keys() {
        let map = read(r#"{"palette": "ctrl+k", "panel": ["f9", "alt+x"], "details": []}"#).expect("keys");
        assert_eq!(press(&map, KeyCode::Char('k'), KeyModifiers::CONTROL), Some(Action::Palette));
        assert_eq!(press(&map, KeyCode::Char('p'), KeyModifiers::CONTROL), None);
        assert_eq!(press(&map, KeyCode::F(9), KeyModifiers::NONE), Some(Action::Panel));
        assert_eq!(press(&map, KeyCode::F(6), KeyModifiers::NONE), None);
        assert_eq!(press(&map, KeyCode::Char('q'), KeyModifiers::CONTROL), Some(Action::Quit));
        assert_eq!(map.keys_of(Action::Panel), ["F9", "Alt+X"]);
    }

    #[test]
    fn an_error_names_what_is_wrong() {
        let wrong = [
            (r#"{"pallete": "f4"}"#, "there is no action `pallete`; the actions are `palette`, `shortcuts`"),
            (r#"{"palette": "ctl+p"}"#, "the key `ctl+p` of `palette` is no key: `ctl` is not held down with a key"),
            (r#"{"palette": "f13"}"#, "the key `f13` of `palette` is no key: use a letter, `f1` to `f12`"),
            (r#"{"palette": "p"}"#, "it types a character; hold `ctrl` or `alt` with it"),
            (r#"{"palette": "ctrl+q"}"#, "the key `Ctrl+Q` is given to both `quit` and `palette`"),
            (r#"{"palette": 4}"#, "write it like {\"palette\": [\"ctrl+p\", \"f4\"]}"),
            ("nonsense", "is not what it should be"),
        ];
        for (text, expected) in wrong {
            let error = read(text).expect_err(text);
            assert!(error.contains(expected) && error.contains("keybindings.json"), "{text}: {error}");
        }
    }

    #[test]
    fn a_file_that_is_too_large_is_not_read() {
        let home = std::env::temp_dir().join(format!("octi-keys-{}", std::process::id()));
        std::fs::create_dir_all(&home).expect("a folder");
        std::fs::write(home.join(FILE), " ".repeat(limits::TUI_KEYBINDINGS_BYTES_MAX + 1)).expect("a file");
        let error = KeyMap::load(&home).expect_err("too large").to_string();
        std::fs::remove_dir_all(&home).expect("it goes away");
        assert!(error.contains("is larger than 65536 bytes"), "{error}");
    }
}
