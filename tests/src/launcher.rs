//! The launcher of sandboxed processes, for tests that run tools without the `octi` binary.

fn main() -> std::process::ExitCode {
    octi_security::sandbox::process::launcher_main()
}
