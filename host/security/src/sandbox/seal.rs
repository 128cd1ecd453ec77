//! A process that gives up the world: for programs of our own that turn bytes nobody trusts into other bytes.

use std::io;

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, CompatLevel, Compatible as _, Ruleset, RulesetAttr as _, RulesetError, RulesetStatus,
    Scope,
};
use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Gives up opening files and connections for the rest of this process, and all but that many seconds of a processor. What is
/// open stays open. Call it before the first thread is started: threads that run already are not bound.
///
/// True when the kernel enforces it; a kernel without Landlock only counts the seconds.
///
/// # Errors
/// When the kernel refuses a limit.
pub fn seal(cpu_seconds: u64) -> io::Result<bool> {
    lower(Resource::RLIMIT_CORE, 0, 0)?;
    // With the same number twice the signal would be one that also a machine without memory sends.
    lower(Resource::RLIMIT_CPU, cpu_seconds, cpu_seconds.saturating_add(5))?;
    nix::sys::prctl::set_no_new_privs()?;
    close_world().map_err(io::Error::other)
}

fn lower(resource: Resource, soft: u64, hard: u64) -> nix::Result<()> {
    let (_, now) = getrlimit(resource)?;
    setrlimit(resource, soft.min(now), hard.min(now))
}

fn close_world() -> Result<bool, RulesetError> {
    let newest = ABI::V10;
    let status = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(newest))?
        .handle_access(AccessNet::from_all(newest))?
        .scope(Scope::from_all(newest))?
        .create()?
        .restrict_self()?;
    Ok(status.ruleset != RulesetStatus::NotEnforced)
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Read as _;

    use super::*;

    #[test]
    fn after_it_only_what_is_open_can_be_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        std::fs::write(&path, "inside").expect("written");
        // Landlock binds the thread that asks for it and what that starts, so the other tests go on as they are.
        let sealed = std::thread::spawn({
            let path = path.clone();
            move || {
                let mut open = File::open(&path).expect("opened before");
                let enforced = close_world().expect("no error");
                let mut text = String::new();
                open.read_to_string(&mut text).expect("still readable");
                let made = File::create(path.with_file_name("new")).map(drop).map_err(|error| error.kind());
                let connected = std::net::TcpStream::connect("127.0.0.1:9").map(drop).map_err(|error| error.kind());
                (enforced, text, File::open(&path).map(drop).map_err(|error| error.kind()), made, connected)
            }
        });
        let (enforced, text, opened, made, connected) = sealed.join().expect("no panic");
        assert_eq!(text, "inside");
        if enforced {
            assert_eq!(opened, Err(io::ErrorKind::PermissionDenied));
            assert_eq!(made, Err(io::ErrorKind::PermissionDenied));
            assert!(connected.is_err());
        }
        assert!(File::open(&path).is_ok(), "this thread was not sealed");
    }
}
