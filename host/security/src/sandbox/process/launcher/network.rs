//! The one door of an empty network: a listener in the program's own network namespace, which the host answers.

use std::io::{self, IoSlice};
use std::net::{Ipv4Addr, TcpListener};
use std::os::fd::{AsFd as _, AsRawFd as _};
use std::os::unix::net::UnixStream;

use nix::libc;
use nix::sys::socket::{AddressFamily, ControlMessage, MsgFlags, SockFlag, SockType, UnixAddr, sendmsg, socket};

use super::spec::LaunchSpec;
use crate::sandbox::process::types::{Level, Reached};

/// How programs are told of a proxy. Both spellings are in use.
const PROXY_VARIABLES: [&str; 3] = ["https_proxy", "HTTPS_PROXY", "http_proxy"];

/// Opens the door for a program that may use the network, gives it to the host, and tells the program where it is. The listener keeps
/// its namespace wherever it is held, so the host accepts connections that were made inside.
pub(super) fn open(spec: &mut LaunchSpec, reached: &mut Reached, passing: Option<UnixStream>) -> Result<(), String> {
    let (Some(_), Some(passing)) = (spec.tunnel, passing) else { return Ok(()) };
    if !reached.net_ns && spec.level != Level::Off {
        return Err("its profile allows some hosts only, and without a network namespace it could reach every host: \
                    run octi as root, or allow it user namespaces"
            .to_owned());
    }
    let port = if reached.net_ns { raise_loopback() } else { Ok(()) }
        .and_then(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))
        .and_then(|listener| give(&listener, &passing))
        .map_err(|error| format!("the way to the network could not be opened: {error}"))?;
    spec.tunnel = Some(port);
    spec.env.extend(PROXY_VARIABLES.map(|name| (name.to_owned(), format!("http://127.0.0.1:{port}"))));
    reached.tunnel = true;
    Ok(())
}

fn give(listener: &TcpListener, passing: &UnixStream) -> io::Result<u16> {
    let port = listener.local_addr()?.port();
    let descriptors = [listener.as_raw_fd()];
    let word = [IoSlice::new(b"l")];
    sendmsg::<UnixAddr>(passing.as_raw_fd(), &word, &[ControlMessage::ScmRights(&descriptors)], MsgFlags::empty(), None)?;
    Ok(port)
}

/// A new network namespace has a loopback interface that is down.
#[expect(unsafe_code, reason = "no library here has this request")]
fn raise_loopback() -> io::Result<()> {
    let any = socket(AddressFamily::Inet, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None)?;
    // SAFETY: the structure is plain numbers, for which all zeroes are a value.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (place, letter) in request.ifr_name.iter_mut().zip(b"lo") {
        *place = libc::c_char::from_ne_bytes([*letter]);
    }
    request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
    // SAFETY: the request takes a pointer to this structure, which lives until the call has returned.
    let answer = unsafe { libc::ioctl(any.as_fd().as_raw_fd(), libc::SIOCSIFFLAGS, &raw const request) };
    if answer == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
