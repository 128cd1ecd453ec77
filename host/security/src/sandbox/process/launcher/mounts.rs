//! Everything mounted read-only, but for what the program may write. Landlock says what may be opened, and knows nothing of modes,
//! owners, times and attributes: without this a program could close the vault's file to its owner, or open it to everybody.

use std::ffi::CString;
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::{fs, io};

use nix::libc;
use nix::mount::{MsFlags, mount};

use super::confine::SYSTEM;
use super::spec::LaunchSpec;

/// Why the mounts are not what they should be. The texts name the directory.
#[derive(Debug)]
pub(super) enum Unprotected {
    /// This machine cannot, and nothing has changed: a program may go on with less.
    Unchanged(String),
    /// Some of them are, the others are not, and there is no way back: nothing may start among them.
    InPart(String),
}

/// In a mount namespace of the program's own: the directories it may write stay as they are, all else becomes read-only, and what is
/// hidden is empty.
pub(super) fn protect(spec: &LaunchSpec) -> Result<(), Unprotected> {
    let told = |path: &Path, cannot_be: &str, error: io::Error| format!("`{}` cannot be {cannot_be}: {error}", path.display());
    let mut kept = Vec::new();
    // Taken out of the tree before it changes, so that each mount in them keeps what the machine says of it.
    for path in [&spec.workspace, &spec.scratch].into_iter().chain(&spec.write) {
        match take(path) {
            Ok(tree) => kept.push((tree, path)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(Unprotected::Unchanged(told(path, "kept as it is", error))),
        }
    }
    // The kernel changes all of them, or none.
    let root = Path::new("/");
    make_read_only(root).map_err(|error| Unprotected::Unchanged(told(root, "made read-only", error)))?;
    for directory in spec.hidden.iter().filter(|directory| may_be_hidden(directory)) {
        let within = kept.iter().map(|(_, path)| path.as_path()).filter(|path| path.starts_with(directory));
        cover(directory, within).map_err(|error| Unprotected::InPart(told(directory, "hidden", error)))?;
    }
    kept.iter()
        .try_for_each(|(tree, path)| put(tree, path).map_err(|error| Unprotected::InPart(told(path, "left writable", error))))
}

/// Programs need the system's directories, wherever octi's own are.
fn may_be_hidden(directory: &Path) -> bool {
    directory.is_dir() && !SYSTEM.iter().any(|system| Path::new(system).starts_with(directory))
}

/// An empty directory in place of a full one, with places in it for what is kept.
fn cover<'a>(directory: &Path, mut kept: impl Iterator<Item = &'a Path>) -> io::Result<()> {
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount(Some("tmpfs"), directory, Some("tmpfs"), flags, Some("size=1m,mode=755"))?;
    kept.try_for_each(fs::create_dir_all)?;
    make_read_only(directory)
}

/// A copy of the mounts at and below a path that is nowhere yet.
#[expect(unsafe_code, reason = "no library here has this call without features that rebuild half of the tree")]
fn take(path: &Path) -> io::Result<OwnedFd> {
    let (name, flags) =
        (name(path)?, libc::OPEN_TREE_CLONE | libc::O_CLOEXEC as libc::c_uint | libc::AT_RECURSIVE as libc::c_uint);
    // SAFETY: the name is a string that ends in NUL and lives until the call has returned.
    let number = unsafe { libc::syscall(libc::SYS_open_tree, libc::AT_FDCWD, name.as_ptr(), flags) };
    // SAFETY: the kernel has just made this descriptor for us, and nobody else knows of it.
    i32::try_from(checked(number)?).map(|number| unsafe { OwnedFd::from_raw_fd(number) }).map_err(io::Error::other)
}

#[expect(unsafe_code, reason = "no library here has this call")]
fn make_read_only(path: &Path) -> io::Result<()> {
    let name = name(path)?;
    let change = libc::mount_attr { attr_set: libc::MOUNT_ATTR_RDONLY, attr_clr: 0, propagation: 0, userns_fd: 0 };
    let (change, size) = (&raw const change, size_of::<libc::mount_attr>());
    // SAFETY: the name ends in NUL, the structure has the size that is told, and both live until the call has returned.
    let done = unsafe { libc::syscall(libc::SYS_mount_setattr, libc::AT_FDCWD, name.as_ptr(), libc::AT_RECURSIVE, change, size) };
    checked(done).map(drop)
}

/// Puts the copy where it was taken from, over what is there.
#[expect(unsafe_code, reason = "no library here has this call without features that rebuild half of the tree")]
fn put(tree: &OwnedFd, path: &Path) -> io::Result<()> {
    let (name, tree) = (name(path)?, tree.as_raw_fd());
    let flags = libc::MOVE_MOUNT_F_EMPTY_PATH;
    // SAFETY: both names end in NUL and live until the call has returned, and the descriptor is open.
    let done = unsafe { libc::syscall(libc::SYS_move_mount, tree, c"".as_ptr(), libc::AT_FDCWD, name.as_ptr(), flags) };
    checked(done).map(drop)
}

fn name(path: &Path) -> io::Result<CString> {
    CString::new(path.as_os_str().as_bytes()).map_err(io::Error::other)
}

fn checked(answer: libc::c_long) -> io::Result<libc::c_long> {
    if answer < 0 { Err(io::Error::last_os_error()) } else { Ok(answer) }
}
