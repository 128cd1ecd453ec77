//! The sandbox launcher on its own, for tests and for hosts that embed octi without its command line.

fn main() -> std::process::ExitCode {
    octi_security::sandbox::process::launcher_main()
}
