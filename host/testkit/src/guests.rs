//! Small guests, written as core modules in WebAssembly's text format and made components of the real contract. What they
//! do wrong, they do on purpose.

mod chat;
mod imports;
mod watch;

use std::fmt::Write as _;

use octi_extension::contract::SOURCES;
use octi_extension::manifest::{Manifest, SECTION};
use wasm_encoder::{ComponentSection, CustomSection, Encode};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

pub use chat::counting_channel;
pub use imports::importing_each;
pub use watch::Watch;

/// Where a host function puts its result, when the guest says so.
pub const RESULT: usize = 64;
/// The guest's answer, as JSON.
const ANSWER: usize = 1_024;
/// The texts of [`Guest::text`] follow each other from here.
const TEXTS: usize = 8_192;
/// The heap begins here.
const HEAP: usize = 65_536;

/// An allocator that never gives anything back, and asks for more memory when it has to.
const ALLOCATOR: &str = r#"(func (export "cabi_realloc") (param $old i32) (param $size i32) (param $align i32) (param $new i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
    (global.set $next (i32.add (local.get $at) (local.get $new)))
    (block $fits
      (br_if $fits (i32.le_u (global.get $next) (i32.mul (memory.size 0) (i32.const 65536))))
      (br_if $fits (i32.ne (i32.const -1) (memory.grow 0
        (i32.add (i32.const 1) (i32.div_u (local.get $new) (i32.const 65536))))))
      unreachable)
    (local.get $at))"#;

/// Returns a failure with the text of the host's refusal, if the result at [`RESULT`] is one.
pub const TELL: &str = "(if (i32.load8_u (i32.const 64)) (then
    (i32.store8 (i32.const 32) (i32.const 1)) (i32.store8 (i32.const 36) (i32.const 1))
    (i32.store (i32.const 40) (i32.load (i32.const 80))) (i32.store (i32.const 44) (i32.load (i32.const 84)))
    (return (i32.const 32))))";

/// Never ends.
pub const FOREVER: &str = "(loop $again (br $again))";

/// A guest in the making: a core module with memory, an allocator, a `describe` without tools and a `call` that does what
/// the test says.
#[derive(Debug, Clone)]
pub struct Guest {
    imports: String,
    items: String,
    allocator: String,
    memory: String,
    body: String,
    answer: String,
    texts: Vec<u8>,
    wit: (String, String),
}

impl Default for Guest {
    fn default() -> Self {
        Self {
            imports: String::new(),
            items: String::new(),
            allocator: ALLOCATOR.to_owned(),
            memory: r#"(memory (export "memory") 2)"#.to_owned(),
            body: String::new(),
            answer: "{}".to_owned(),
            texts: Vec::new(),
            wit: (String::new(), String::new()),
        }
    }
}

impl Guest {
    /// Imports a function; `parameters` are core types such as `i32 i32`.
    #[must_use]
    pub fn import(mut self, interface: &str, function: &str, name: &str, parameters: &str) -> Self {
        // Writing to a string cannot fail.
        let _written = write!(self.imports, "(import \"{interface}\" \"{function}\" (func {name} (param {parameters})))\n  ");
        self
    }

    /// Imports as text, for what has a result of its own.
    #[must_use]
    pub fn imports(mut self, text: &str) -> Self {
        self.imports.push_str(text);
        self
    }

    /// An interface of no host, for the guest to import: its package, and the line of the world.
    #[must_use]
    pub fn wit(mut self, package: &str, import: &str) -> Self {
        self.wit = (package.to_owned(), import.to_owned());
        self
    }

    /// More of the module: tables, memories, functions.
    #[must_use]
    pub fn items(mut self, text: &str) -> Self {
        self.items.push_str(text);
        self
    }

    /// Another allocator than a good one.
    #[must_use]
    pub fn allocator(mut self, body: &str) -> Self {
        self.allocator = format!(
            r#"(func (export "cabi_realloc") (param $old i32) (param $size i32) (param $align i32) (param $new i32) (result i32) {body})"#
        );
        self
    }

    /// How many pages of memory it starts with.
    #[must_use]
    pub fn pages(mut self, pages: usize) -> Self {
        self.memory = format!(r#"(memory (export "memory") {pages})"#);
        self
    }

    /// What a call does before it answers.
    #[must_use]
    pub fn does(mut self, body: &str) -> Self {
        self.body.push_str(body);
        self.body.push('\n');
        self
    }

    /// What it answers, as JSON.
    #[must_use]
    pub fn answers(mut self, json: &str) -> Self {
        json.clone_into(&mut self.answer);
        self
    }

    /// Puts bytes into the guest's memory; where they are.
    pub fn put(&mut self, bytes: impl AsRef<[u8]>) -> usize {
        let at = TEXTS + self.texts.len();
        self.texts.extend_from_slice(bytes.as_ref());
        // So that records can stand here too.
        self.texts.resize(self.texts.len().next_multiple_of(8), 0);
        at
    }

    /// Puts a text into the guest's memory; where it is and how long, as two operands.
    pub fn text(&mut self, text: impl AsRef<[u8]>) -> String {
        let length = text.as_ref().len();
        format!("(i32.const {}) (i32.const {length})", self.put(text))
    }

    /// The module as text.
    #[must_use]
    pub fn wat(&self) -> String {
        let Self { imports, items, allocator, memory, body, .. } = self;
        let (answer, texts) = (escaped(self.answer.as_bytes()), escaped(&self.texts));
        format!(
            r#"(module
  {imports}
  {memory}
  (global $next (mut i32) (i32.const {HEAP}))
  (data (i32.const {ANSWER}) "{answer}")
  (data (i32.const {TEXTS}) "{texts}")
  {items}
  {allocator}
  (func (export "octi:plugin/tools@1.0.0#describe") (result i32) (i32.const 16))
  (func (export "octi:plugin/tools@1.0.0#call") (param $name i32) (param $name_len i32) (param $args i32) (param $args_len i32) (result i32)
    (local $i i32) (local $dir i32)
    {body}
    (i32.store (i32.const 36) (i32.const {ANSWER}))
    (i32.store (i32.const 40) (i32.const {length}))
    (i32.const 32)))"#,
            length = self.answer.len(),
        )
    }

    /// The component.
    ///
    /// # Panics
    /// When the text is no module, or does not fit the contract.
    #[must_use]
    pub fn component(&self) -> Vec<u8> {
        let text = self.wat();
        let core = wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let (package, import) = (self.wit.0.as_str(), self.wit.1.as_str());
        component(core, package, import)
    }
}

/// A core module as text whose `call` runs `body` and then returns `json`; `top` is imports.
#[must_use]
pub fn wat(top: &str, body: &str, json: &str) -> String {
    Guest::default().imports(top).does(body).answers(json).wat()
}

fn escaped(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 3), |mut text, byte| {
        // Writing to a string cannot fail.
        let _written = write!(text, "\\{byte:02x}");
        text
    })
}

/// A component of the world of tools, and of what one line adds to it, which may be of one more package.
///
/// # Panics
/// When the module does not fit.
#[must_use]
pub fn component(core: Vec<u8>, package: &str, import: &str) -> Vec<u8> {
    of_world("tool-plugin", core, package, import)
}

fn of_world(name: &str, mut core: Vec<u8>, package: &str, import: &str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let world = format!("package test:guest; world guest {{ include octi:plugin/{name}@1.0.0; {import} }}");
    let more = (!package.is_empty()).then_some(("more.wit", package));
    let mut last = None;
    for (path, text) in SOURCES.into_iter().chain(more).chain([("guest.wit", world.as_str())]) {
        last = Some(must(path, resolve.push_str(path, text)));
    }
    let packages: Vec<_> = last.into_iter().collect();
    let world = must("the world", resolve.select_world(&packages, Some("guest")));
    must("the world in the module", embed_component_metadata(&mut core, &resolve, world, StringEncoding::UTF8));
    let encoder = must("the module", ComponentEncoder::default().validate(true).module(&core));
    must("the component", { encoder }.encode())
}

/// A component of the world `guest` of one package of its own, and of nothing of the contract.
///
/// # Panics
/// When the module does not fit.
#[must_use]
pub fn typed(wit: &str, wat_text: &str) -> Vec<u8> {
    let mut core = must("the text format", wat::parse_str(wat_text));
    let mut resolve = Resolve::default();
    let package = must("the package", resolve.push_str("guest.wit", wit));
    let world = must("the world", resolve.select_world(&[package], Some("guest")));
    must("the world in the module", embed_component_metadata(&mut core, &resolve, world, StringEncoding::UTF8));
    let encoder = must("the module", ComponentEncoder::default().validate(true).module(&core));
    must("the component", { encoder }.encode())
}

/// A core module as text for [`typed`], with memory, an allocator, and these items.
#[must_use]
pub fn typed_wat(items: &str) -> String {
    format!(
        r#"(module
  (memory (export "memory") 2)
  (global $next (mut i32) (i32.const {HEAP}))
  {ALLOCATOR}
  {items})"#
    )
}

/// A manifest with one tool `run` that is allowed and takes any object; `extra` is more TOML.
///
/// # Panics
/// When it is not valid.
#[must_use]
pub fn manifest(id: &str, version: &str, extra: &str) -> Manifest {
    let text = format!(
        "id = '{id}'\nversion = '{version}'\nwit = '1.0'\ndescription = 'A guest of the tests'\n{extra}\n[tools.run]\npermission = 'allow'\n"
    );
    let mut manifest = must("the manifest", Manifest::from_toml(&text));
    for entry in manifest.tools.values_mut() {
        entry.description = "Runs".to_owned();
        entry.input_schema = Some(serde_json::json!({ "type": "object" }));
    }
    manifest
}

/// The component with its manifest.
#[must_use]
pub fn with_manifest(component: Vec<u8>, manifest: &Manifest) -> Vec<u8> {
    with_section(component, SECTION, &manifest.to_section())
}

/// The component with one more custom section at its end, whatever is in it.
#[must_use]
pub fn with_section(mut component: Vec<u8>, name: &str, data: &[u8]) -> Vec<u8> {
    let section = CustomSection { name: name.into(), data: data.into() };
    component.push(ComponentSection::id(&section));
    section.encode(&mut component);
    component
}

fn must<T, E: std::fmt::Display>(what: &str, result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| panic!("{what} is not valid: {error:#}"))
}
