//! The model's server, as a child process on a free port.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use octi_models::{ModelConfig, Provider};

const INSTALLED: &str = "smollm-2026.10.11549-0.1.2/.complete";

/// A running server; it ends with this value.
pub(crate) struct SmolLm {
    child: Child,
    pub(crate) base: String,
}

impl SmolLm {
    /// Starts the server; `None` when it is not installed and nobody asked to install it.
    #[expect(clippy::disallowed_methods, reason = "where the peers of tests are is no setting of octi")]
    pub(crate) fn start() -> Option<Self> {
        let peers = std::env::var_os("OCTI_PEERS_DIR").map(PathBuf::from);
        let peers =
            peers.unwrap_or_else(|| PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache/octi/peers"));
        if !peers.join(INSTALLED).is_file() && std::env::var_os("OCTI_TEST_SMOLLM").is_none() {
            return None;
        }
        let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/peers/smollm.sh");
        let mut child = shell()
            .arg(script)
            .args(["serve", "0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the script starts");
        let lines = BufReader::new(child.stdout.take().expect("its output is piped")).lines();
        let base =
            lines.map_while(Result::ok).find_map(|line| line.split_once("ready on ").map(|(_, base)| base.trim().to_owned()));
        Some(Self { child, base: base.expect("the server says where it listens") })
    }
}

impl Drop for SmolLm {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to do.
        let _killed = self.child.kill();
        let _reaped = self.child.wait();
    }
}

#[expect(clippy::disallowed_methods, reason = "the peer of a test, not a child of octi")]
fn shell() -> Command {
    Command::new("sh")
}

pub(crate) fn config(base: &str) -> ModelConfig {
    let mut config = ModelConfig::new("smol", Provider::OpenAiCompatible, "smollm2");
    config.endpoint = Some(format!("{base}/v1").parse().unwrap());
    config
}

#[expect(clippy::disallowed_methods, reason = "tests connect to loopback servers only")]
pub(crate) fn http() -> reqwest::Client {
    // Another test of this process may have installed the provider before.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}
