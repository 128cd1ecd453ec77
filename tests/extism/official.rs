//! The official host of Extism and octi's answer the same to the same calls of the same modules.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use octi_extension::tool::ToolError;
use serde_json::{Value, json};

use crate::host::{Host, module};

/// The official host, which answers a line to each line.
struct Official {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Official {
    /// None when it is not installed.
    #[expect(clippy::disallowed_methods, reason = "where the peers of tests are is no setting of octi, and one is started")]
    fn start() -> Option<Self> {
        let Some(python) = std::env::var_os("OCTI_TEST_EXTISM").map(PathBuf::from) else {
            eprintln!("skipped: OCTI_TEST_EXTISM is not set; `bash tests/peers/extism.sh` says it");
            return None;
        };
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("extism/official.py");
        let mut command = Command::new(python);
        let mut child = command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("Python starts");
        let (input, output) = (child.stdin.take().expect("a pipe"), child.stdout.take().expect("a pipe"));
        Some(Self { child, input, output: BufReader::new(output) })
    }

    fn call(&mut self, (file, function): (&Path, &str), input: &[u8], config: &Value) -> Result<Vec<u8>, String> {
        let asked =
            json!({"module": file, "function": function, "input": STANDARD.encode(input), "config": config, "timeoutMs": 20_000});
        writeln!(self.input, "{asked}").expect("it reads");
        let mut line = String::new();
        self.output.read_line(&mut line).expect("it answers");
        let answer: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("it said `{line}` to {asked}"));
        match answer["output"].as_str() {
            Some(output) => Ok(STANDARD.decode(output).expect("base64")),
            None => Err(answer["error"].as_str().expect("an error").to_owned()),
        }
    }
}

impl Drop for Official {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The same call of octi: what the function gave, or its own words without those around them.
async fn ours(host: &Host, function: &str, input: &[u8]) -> Result<Vec<u8>, String> {
    let arguments = json!({"input": STANDARD.encode(input), "base64": true});
    match host.call(&format!("words__{function}"), arguments).await {
        Ok(answer) => Ok(match answer["structured"]["base64"].as_str() {
            Some(bytes) => STANDARD.decode(bytes).expect("base64"),
            None => answer["text"].as_str().expect("a text").as_bytes().to_vec(),
        }),
        Err(ToolError::Failed(why)) => {
            Err(why.strip_prefix("the MCP server `words` refused the call: ").expect("a refusal").to_owned())
        }
        Err(error) => panic!("`{function}`: {error}"),
    }
}

#[tokio::test]
async fn outputs_variables_configuration_and_errors_are_those_of_the_official_host() {
    let (Some(mut official), Some(host)) = (Official::start(), Host::start()) else { return };
    let file = module("words");
    let bytes = std::fs::read(&file).unwrap();
    for config in [json!({}), json!({"greeting": "Grüß Gott"})] {
        let entries: Vec<_> =
            config.as_object().unwrap().iter().map(|(key, value)| (key.as_str(), value.as_str().unwrap())).collect();
        host.install_with("words", bytes.clone(), &[], &entries).await.unwrap();
        for (function, input) in [
            ("count_vowels", &b"Hello, World!"[..]),
            // Once more: what a call keeps in variables is gone with it, on both sides.
            ("count_vowels", b"a second time"),
            ("count_vowels", b""),
            ("greet", b"Ada"),
            ("greet", "Zoë \u{1f44b}".as_bytes()),
            ("flip", b"\x00\x01\xfe\xff"),
            ("flip", b""),
            ("refuse", b"this"),
            ("grow", b"1"),
            ("grow", b"many"),
            ("fill", b"100000"),
        ] {
            let theirs = official.call((&file, function), input, &config);
            assert_eq!(ours(&host, function, input).await, theirs, "{function}({})", input.escape_ascii());
        }
    }
    // Where the official host has words of its own, or addresses of the module's code, octi has others; both fail.
    for (function, input, told) in [
        ("silent", &b""[..], "code: 3"),
        ("crash", b"", "it crashed: wasm trap: wasm `unreachable` instruction executed"),
        ("grow", b"500", "it needs more than 128 MiB of memory"),
        ("fetch", b"http://a.example/", "HTTP request to http://a.example/ is not allowed"),
        ("greet", b"\xff", "invalid utf-8"),
    ] {
        let theirs = official.call((&file, function), input, &json!({}));
        assert!(theirs.is_err(), "{function}: {theirs:?}");
        let ours = ours(&host, function, input).await.unwrap_err();
        assert!(ours.contains(told) && !ours.contains("0x"), "{function}: {ours}");
    }
    host.hub.shutdown().await;
}

#[tokio::test]
async fn a_module_that_describes_its_tools_gets_the_calls_it_would_get_elsewhere() {
    let (Some(mut official), Some(host)) = (Official::start(), Host::start()) else { return };
    let file = module("servlet");
    let installed = host.install("servlet", std::fs::read(&file).unwrap()).await.unwrap();
    assert_eq!(installed.tools, ["servlet__add", "servlet__divide"]);
    let described: Value = serde_json::from_slice(&official.call((&file, "describe"), b"", &json!({})).unwrap()).unwrap();
    for (tool, a, b) in [("add", 2.0, 0.5), ("divide", 1.0, 4.0), ("divide", 1.0, 0.0)] {
        let listed = described["tools"].as_array().unwrap().iter().find(|listed| listed["name"] == tool).unwrap();
        let spec = host.registry.snapshot().tools[&format!("servlet__{tool}")].spec().clone();
        assert_eq!((json!(spec.description), &spec.input_schema), (listed["description"].clone(), &listed["inputSchema"]));
        let request = json!({"method": "tools/call", "params": {"name": tool, "arguments": {"a": a, "b": b}}}).to_string();
        let theirs: Value =
            serde_json::from_slice(&official.call((&file, "call"), request.as_bytes(), &json!({})).unwrap()).unwrap();
        let text = theirs["content"][0]["text"].as_str().unwrap();
        let ours = host.call(&format!("servlet__{tool}"), json!({"a": a, "b": b})).await;
        if theirs["isError"] == true {
            assert!(ours.unwrap_err().to_string().ends_with(text));
        } else {
            assert_eq!(ours.unwrap(), json!({ "text": text }));
        }
    }
    host.hub.shutdown().await;
}
