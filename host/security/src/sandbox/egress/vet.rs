//! May a connection lead there? Decided from the address alone, before anything is looked up or dialled.
//! This module and those it uses know no network.

use std::net::IpAddr;

use url::{Host, Url};

use super::EgressError;
use super::address::{Reach, reach};
use super::host::{HostAllow, Leave, PrivateTargets, host_and_port, is_metadata_name};

/// What is allowed with a URL: scheme, user names, host, port and method are checked, and the address when it is a literal one.
pub(super) fn url(url: &Url, method: Option<&str>, allow: &HostAllow, private: &PrivateTargets) -> Result<Leave, EgressError> {
    if !url.username().is_empty() || url.password().is_some() {
        return Err(EgressError::Refused(
            "the address holds a user name or a password, which hides where it leads: leave it out".to_owned(),
        ));
    }
    let (host, _) = host_and_port(url)?;
    let leave = allow.leave(url, method, private)?;
    match url.host() {
        Some(Host::Ipv4(four)) => address(host, IpAddr::V4(four), &leave)?,
        Some(Host::Ipv6(six)) => address(host, IpAddr::V6(six), &leave)?,
        _ if is_metadata_name(host) => return Err(metadata_refusal(host)),
        _ => {}
    }
    Ok(leave)
}

/// Refuses an address that this host may not be led to.
pub(super) fn address(host: &str, address: IpAddr, leave: &Leave) -> Result<(), EgressError> {
    let reach = reach(address);
    let opened = leave.private.contains(address);
    if reach == Reach::Metadata {
        return Err(metadata_refusal(host));
    }
    if reach == Reach::Private && !opened {
        return Err(EgressError::Refused(format!(
            "`{host}` is at {address}, which is not on the public internet: only a host that the operator names may be private"
        )));
    }
    if leave.only_private && !opened {
        return Err(EgressError::Refused(format!("`{host}` would be spoken to without encryption: use `https`")));
    }
    Ok(())
}

pub(super) fn metadata_refusal(host: &str) -> EgressError {
    EgressError::Refused(format!(
        "`{host}` is where a cloud gives out the credentials of its machines: nothing may connect there"
    ))
}
