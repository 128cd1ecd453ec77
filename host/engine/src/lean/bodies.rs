//! What does inside of a component what the host's WASI does: nothing is there, and what is printed goes to the log.
//!
//! The functions have the types that the canonical ABI gives them: a result that is more than a number is written to memory, where
//! the last parameter says.

use octi_domain::limits;
use wasm_encoder::{BlockType, Function, InstructionSink, MemArg, ValType};

/// An input stream, an output stream, something to wait for: there is one of each, which nobody looks at.
const HANDLE: i32 = 1;
/// Where an empty list is said to be. Nothing is there, but a pointer must not be zero.
const NOWHERE: i32 = 4;

/// What a function does in place of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Body {
    /// Comes back.
    Return,
    /// Gives [`HANDLE`], which is also what is true.
    Handle,
    /// Gives an empty list.
    Empty,
    /// Gives none.
    Absent,
    /// Says that nothing more will come to read.
    Closed,
    /// Says how many bytes may be written.
    Room,
    /// Prints.
    Print,
    /// Says that what was printed is where it should be.
    Flushed,
    /// Gives two random numbers.
    Seed,
    /// There is never an error to tell of.
    Never,
}

/// Packages whose functions stay what they are. Nothing in these comes from a stream or waits for something.
const KEPT: [(&str, &[&str]); 5] = [
    ("wasi:cli/exit", &["exit"]),
    ("wasi:random/random", &["get-random-bytes", "get-random-u64"]),
    ("wasi:random/insecure", &["get-insecure-random-bytes", "get-insecure-random-u64"]),
    ("wasi:clocks/wall-clock", &["now", "resolution"]),
    ("wasi:clocks/monotonic-clock", &["now", "resolution"]),
];

/// The name of an interface without its version.
fn unversioned(interface: &str) -> &str {
    interface.split_once("@0.2.").map_or(interface, |(name, _)| name)
}

/// Whether that import of the module stays.
pub(super) fn is_kept(interface: &str, function: &str) -> bool {
    let contract = interface.strip_prefix("[export]").unwrap_or(interface);
    let name = unversioned(interface);
    contract.starts_with("octi:") || KEPT.iter().any(|(kept, functions)| *kept == name && functions.contains(&function))
}

/// Whether a component that was freed imports nothing of that interface any more.
pub(super) fn is_replaced(interface: &str) -> bool {
    let name = unversioned(interface);
    let package = name.split('/').next().unwrap_or(name);
    matches!(package, "wasi:io" | "wasi:cli") && name != "wasi:cli/exit" || name == "wasi:random/insecure-seed"
}

impl Body {
    /// What is done in place of that import, if it is one that leads nowhere.
    pub(super) fn of(interface: &str, function: &str) -> Option<Self> {
        Some(match (unversioned(interface), function) {
            ("wasi:cli/environment", "get-environment" | "get-arguments") => Self::Empty,
            ("wasi:cli/environment", "initial-cwd")
            | ("wasi:cli/terminal-stdin", "get-terminal-stdin")
            | ("wasi:cli/terminal-stdout", "get-terminal-stdout")
            | ("wasi:cli/terminal-stderr", "get-terminal-stderr") => Self::Absent,
            ("wasi:cli/stdin", "get-stdin")
            | ("wasi:cli/stdout", "get-stdout")
            | ("wasi:cli/stderr", "get-stderr")
            | ("wasi:io/streams", "[method]input-stream.subscribe" | "[method]output-stream.subscribe")
            | ("wasi:io/poll", "[method]pollable.ready") => Self::Handle,
            ("wasi:io/streams", "[method]input-stream.read" | "[method]input-stream.blocking-read") => Self::Closed,
            ("wasi:io/streams", "[method]output-stream.check-write") => Self::Room,
            ("wasi:io/streams", "[method]output-stream.write" | "[method]output-stream.blocking-write-and-flush") => Self::Print,
            ("wasi:io/streams", "[method]output-stream.flush" | "[method]output-stream.blocking-flush") => Self::Flushed,
            ("wasi:io/error", "[method]error.to-debug-string") => Self::Never,
            ("wasi:random/insecure-seed", "insecure-seed") => Self::Seed,
            ("wasi:io/streams", "[resource-drop]input-stream" | "[resource-drop]output-stream")
            | ("wasi:io/poll", "[resource-drop]pollable" | "[method]pollable.block")
            | ("wasi:io/error", "[resource-drop]error")
            | ("wasi:cli/terminal-input", "[resource-drop]terminal-input")
            | ("wasi:cli/terminal-output", "[resource-drop]terminal-output") => Self::Return,
            _ => return None,
        })
    }

    /// The function. `print` and `random` are the imports of these names, `memory` is where the module's texts are.
    pub(super) fn function(self, memory: u32, print: u32, random: u32) -> Function {
        let at = |offset, align| MemArg { offset, align, memory_index: memory };
        let mut function = match self {
            Self::Print => Function::new([(1, ValType::I64)]),
            _ => Function::new([]),
        };
        let mut does = function.instructions();
        match self {
            Self::Return => &mut does,
            Self::Never => does.unreachable(),
            Self::Handle => does.i32_const(HANDLE),
            Self::Absent => does.local_get(0).i32_const(0).i32_store8(at(0, 0)),
            Self::Empty => {
                does.local_get(0).i32_const(NOWHERE).i32_store(at(0, 2));
                does.local_get(0).i32_const(0).i32_store(at(4, 2))
            }
            // An error, which is that the stream has ended.
            Self::Closed => {
                does.local_get(2).i32_const(1).i32_store8(at(0, 0));
                does.local_get(2).i32_const(1).i32_store8(at(4, 0))
            }
            Self::Room => {
                does.local_get(1).i32_const(0).i32_store8(at(0, 0));
                does.local_get(1).i64_const(limits::FS_CHUNK_BYTES_MAX as i64).i64_store(at(8, 3))
            }
            Self::Flushed => does.local_get(1).i32_const(0).i32_store8(at(0, 0)),
            Self::Seed => {
                does.local_get(0).call(random).i64_store(at(0, 3));
                does.local_get(0).call(random).i64_store(at(8, 3))
            }
            Self::Print => {
                printed(&mut does, at, print);
                does.local_get(3).i32_const(0).i32_store8(at(0, 0))
            }
        };
        does.end();
        function
    }
}

/// Gives the bytes at local 1, as many as local 2 says, to the import; local 4 is the word in the making.
fn printed(does: &mut InstructionSink<'_>, at: impl Fn(u64, u32) -> MemArg, print: u32) {
    const FROM: u32 = 1;
    const LEFT: u32 = 2;
    const WORD: u32 = 4;
    does.block(BlockType::Empty).loop_(BlockType::Empty);
    does.local_get(LEFT).i32_const(8).i32_lt_u().br_if(1);
    does.local_get(FROM).i64_load(at(0, 0)).i32_const(8).call(print);
    does.local_get(FROM).i32_const(8).i32_add().local_set(FROM);
    does.local_get(LEFT).i32_const(8).i32_sub().local_set(LEFT);
    does.br(0).end().end();
    // What is left is fewer than eight bytes, taken from the last one on.
    does.local_get(FROM).local_get(LEFT).i32_add().local_set(FROM);
    does.local_get(LEFT);
    does.block(BlockType::Empty).loop_(BlockType::Empty);
    does.local_get(LEFT).i32_eqz().br_if(1);
    does.local_get(FROM).i32_const(1).i32_sub().local_tee(FROM).i64_load8_u(at(0, 0));
    does.local_get(WORD).i64_const(8).i64_shl().i64_or().local_set(WORD);
    does.local_get(LEFT).i32_const(1).i32_sub().local_set(LEFT);
    does.br(0).end().end();
    // The count is below.
    does.local_set(LEFT).local_get(WORD).local_get(LEFT).call(print);
}
