//! Guests that are hooks.

use octi_extension::manifest::Manifest;

use super::{ALLOCATOR, HEAP, escaped, must, of_world, with_manifest};

/// Where the answer's text stands.
const TEXT: usize = 1_024;

/// A hook that answers always the same, whatever it is told, after it did what the test says.
#[derive(Debug, Clone)]
pub struct Watch {
    body: String,
    is_error: bool,
    case: u8,
    text: String,
}

impl Watch {
    fn new(case: u8, text: &str) -> Self {
        Self { body: String::new(), is_error: false, case, text: text.to_owned() }
    }

    /// Lets everything go on.
    #[must_use]
    pub fn goes_on() -> Self {
        Self::new(0, "")
    }

    /// Refuses every call.
    #[must_use]
    pub fn blocks(reason: &str) -> Self {
        Self::new(1, reason)
    }

    /// Gives every call these arguments.
    #[must_use]
    pub fn rewrites(json: &str) -> Self {
        Self::new(2, json)
    }

    /// Answers in the words of a later version.
    #[must_use]
    pub fn says_something_new(name: &str) -> Self {
        Self::new(3, name)
    }

    /// Says that it cannot tell.
    #[must_use]
    pub fn fails(text: &str) -> Self {
        Self { is_error: true, ..Self::new(0, text) }
    }

    /// What it does before it answers. The event's details are at `$details`, `$details_len` bytes of them.
    #[must_use]
    pub fn does(mut self, body: &str) -> Self {
        self.body.push_str(body);
        self.body.push('\n');
        self
    }

    /// The plugin, with this `[hook]` table and what follows it.
    ///
    /// # Panics
    /// When the manifest is not valid or the guest does not fit the contract.
    #[must_use]
    pub fn plugin(&self, id: &str, version: &str, hook: &str) -> Vec<u8> {
        let text =
            format!("id = '{id}'\nversion = '{version}'\nwit = '1.0'\ndescription = 'A hook of the tests'\n[hook]\n{hook}\n");
        let manifest = must("the manifest", Manifest::from_toml(&text));
        with_manifest(self.component(), &manifest)
    }

    fn component(&self) -> Vec<u8> {
        let (text, length, body) = (escaped(self.text.as_bytes()), self.text.len(), &self.body);
        // `result<verdict, string>`: which of both, then either which verdict and its text, or the text.
        let (which, verdict, place) = if self.is_error { (1, TEXT, 40) } else { (0, usize::from(self.case), 44) };
        let module = format!(
            r#"(module
  (memory (export "memory") 2)
  (global $next (mut i32) (i32.const {heap}))
  (data (i32.const {TEXT}) "{text}")
  {ALLOCATOR}
  (func (export "octi:plugin/hook@1.0.0#on-event")
    (param $name i32) (param $name_len i32) (param $details i32) (param $details_len i32) (result i32)
    {body}
    (i32.store (i32.const 32) (i32.const {which}))
    (i32.store (i32.const 36) (i32.const {verdict}))
    (i32.store (i32.const 40) (i32.const {second}))
    (i32.store (i32.const {place}) (i32.const {length}))
    (i32.const 32)))"#,
            // A long text needs room below the heap.
            heap = HEAP.max((TEXT + length).next_multiple_of(8)),
            second = if self.is_error { length } else { TEXT },
        );
        let module =
            module.replace("(memory (export \"memory\") 2)", &format!("(memory (export \"memory\") {})", 2 + length / 65_536));
        let core = wat::parse_str(&module).unwrap_or_else(|error| panic!("{error}\n{module}"));
        of_world("hook-plugin", core, "", "")
    }
}
