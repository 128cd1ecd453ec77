//! Whatever is wrong, the text says what to do, and the exit code says whose turn it is.

use std::net::TcpListener;

use crate::support::{Octi, said};

#[test]
fn every_mistake_is_named() {
    let octi = Octi::new();
    for (arguments, code, says) in [
        (&["chat", "hello"][..], 3, "`octi chat --local` needs no server"),
        (&["plugin", "call", "filesystem.read_file", "{\"pth\":1}"][..], 1, "'pth' was unexpected"),
        (&["plugin", "call", "filesystem.read_file", "{"][..], 1, "the arguments are not JSON"),
        (&["plugin", "call", "filesystem.write_file", "{\"path\":\"a\",\"content\":\"b\"}"][..], 1, "add `--yes`"),
        (&["plugin", "inspect", "nothing.wasm"][..], 1, "or a `.wasm` file that exists"),
        (&["permission", "set", "shell(", "allow"][..], 1, "without the closing `)`"),
        (&["model", "test", "nope"][..], 1, "there is no model `nope`"),
        (&["token", "revoke", "nope"][..], 1, "no active token is called `nope`"),
        (&["nonsense"][..], 1, "unrecognized subcommand"),
    ] {
        let said = octi.run(arguments);
        assert_eq!(said.code, Some(code), "{arguments:?}: {said:?}");
        assert!(said.err.contains(says) || said.out.contains(says), "{arguments:?}: {said:?}");
    }
}

#[test]
fn settings_that_cannot_be_used_are_named() {
    let octi = Octi::new();
    for (name, value, code, says) in [
        ("OCTI_PORT", "high", 1, "a port is a number from 0 to 65535"),
        ("OCTI_HOME", "/proc/octi", 1, "set `OCTI_HOME`"),
        ("DATABASE_URL", "postgres://octi:s3cret@127.0.0.1:9/octi", 3, "check that the server runs there"),
    ] {
        let said = said(octi.command(&["token", "list"]).env(name, value).output().expect("octi starts"));
        assert_eq!(said.code, Some(code), "{name}: {said:?}");
        assert!(said.err.contains(says), "{name}: {said:?}");
        assert!(!said.err.contains("s3cret"), "{said:?}");
    }
}

#[test]
fn a_port_or_a_home_in_use_is_named() {
    let mut octi = Octi::new();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let said = octi.run(&["serve", "--port", &port]);
    assert!(said.code == Some(1) && said.err.contains("choose one with `--port`"), "{said:?}");

    let _server = octi.serve();
    let said = octi.run(&["serve", "--port", "0"]);
    assert!(said.code == Some(1) && said.err.contains("octi already serves the data in"), "{said:?}");
}
