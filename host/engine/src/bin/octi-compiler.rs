//! The compiler's process for tests of the engine, which cannot start themselves again. octi itself has both subcommands.

use std::process::ExitCode;

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("__sandbox") => octi_security::sandbox::process::launcher_main(),
        Some(octi_engine::COMPILER_COMMAND) => octi_engine::compiler_main(),
        _ => ExitCode::from(2),
    }
}
