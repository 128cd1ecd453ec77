//! The launcher of sandboxed processes, and the compiler in one, for tests that do without the `octi` binary.

fn main() -> std::process::ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some(octi_engine::COMPILER_COMMAND) => octi_engine::compiler_main(),
        _ => octi_security::sandbox::process::launcher_main(),
    }
}
