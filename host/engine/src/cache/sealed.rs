//! Bytes in a file in memory that nobody can change any more, not even this process: what was checked is what is loaded.
//!
//! wasmtime maps a file instead of copying it, and takes the data of a component's memories from it too. Compared with bytes in
//! a buffer this saves a copy of the code, and a copy of the data at the first instantiation.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::path::PathBuf;

use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};

/// A file that is still written.
pub(super) struct Open(File);

/// A file that is whole.
pub(super) struct Sealed(File);

impl Open {
    pub(super) fn create() -> io::Result<Self> {
        let file = memfd_create("octi-plugin", MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING)?;
        Ok(Self(file.into()))
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    pub(super) fn seal(self) -> io::Result<Sealed> {
        fcntl(&self.0, FcntlArg::F_ADD_SEALS(SealFlag::all()))?;
        Ok(Sealed(self.0))
    }
}

impl Sealed {
    /// Where it can be opened, while `self` lives.
    pub(super) fn path(&self) -> PathBuf {
        PathBuf::from(format!("/proc/self/fd/{}", self.0.as_raw_fd()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_stays_as_it_is() {
        let mut open = Open::create().expect("a file in memory");
        open.write(b"native code").expect("it can be written");
        let sealed = open.seal().expect("it can be sealed");
        assert_eq!(std::fs::read(sealed.path()).expect("it can be read"), b"native code");
        let again = File::options().write(true).open(sealed.path());
        let refused = again.and_then(|mut file| file.write_all(b"x")).expect_err("it cannot be written");
        assert_eq!(refused.kind(), io::ErrorKind::PermissionDenied);
        assert!((&sealed.0).write_all(b"x").is_err() && sealed.0.set_len(0).is_err());
    }
}
