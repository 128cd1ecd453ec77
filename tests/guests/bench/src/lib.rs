//! The guest of the benchmark: it answers at once without asking the host for anything, or never.

use octi_sdk::{Output, ToolError, data, tool};

#[data]
struct Echoed {
    /// What was said.
    text: String,
}

/// Gives a text back.
#[tool]
fn echo(
    /// Any text.
    text: String,
) -> Result<Output<Echoed>, ToolError> {
    Ok(Output::new(Echoed { text }))
}

/// Never answers.
#[tool]
fn spin() -> Result<Output<Echoed>, ToolError> {
    loop {
        std::hint::spin_loop();
    }
}

octi_sdk::plugin!(echo, spin);
