//! What a module may use, and what it reaches: little, and nothing that was not granted.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;

use octi_domain::limits;
use serde_json::json;

use crate::host::{Host, SECRET, module};

#[tokio::test]
async fn time_memory_and_output_end_and_the_module_goes_on() {
    let Some(host) = Host::start() else { return };
    host.words().await;
    let output = limits::EXTISM_OUTPUT_BYTES_MAX;
    assert_eq!(host.ask("words__fill", &output.to_string()).await.unwrap().len(), output);
    let error = host.ask("words__fill", &(output + 1).to_string()).await.unwrap_err();
    assert!(error.contains(&format!("{} bytes and at most {output} are allowed", output + 1)), "{error}");

    let memory = limits::EXTISM_MEMORY_MIB_MAX;
    let error = host.ask("words__grow", &memory.to_string()).await.unwrap_err();
    assert!(error.contains(&format!("it needs more than {memory} MiB of memory")), "{error}");

    let (spun, meanwhile) = tokio::join!(host.ask("words__spin", ""), host.ask("words__greet", "Ada"));
    assert_eq!(meanwhile.unwrap(), "Hello, Ada!");
    let error = spun.unwrap_err();
    assert!(error.contains(&format!("it did not end within {} ms", limits::EXTISM_CALL_MS_MAX)), "{error}");
    assert_eq!(host.ask("words__greet", "Bo").await.unwrap(), "Hello, Bo!");
    host.hub.shutdown().await;
}

#[tokio::test]
async fn a_module_gets_no_file_no_variable_and_no_way_into_the_protocol() {
    let Some(host) = Host::start() else { return };
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("extism/wasi.wat")).unwrap();
    host.install("wasi", wat::parse_str(text).unwrap()).await.unwrap();
    assert_eq!(host.ask("wasi__look", "").await.unwrap(), "11111");
    host.hub.shutdown().await;
}

/// A server that answers so often, and its port.
fn answering(times: usize) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().take(times) {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let _count = stream.read(&mut request).unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\nconnection: close\r\n\r\ninside").unwrap();
        }
    });
    port
}

#[tokio::test]
async fn requests_go_through_the_egress_door_to_granted_hosts_only() {
    let port = answering(1);
    let target = format!("127.0.0.1:{port}");
    let Some(host) = Host::with_targets(&[&target]) else { return };
    let bytes = std::fs::read(module("words")).unwrap();
    let url = format!("http://{target}/");

    host.install("words", bytes.clone()).await.unwrap();
    let error = host.ask("words__fetch", &url).await.unwrap_err();
    assert!(error.contains(&format!("HTTP request to {url} is not allowed")), "{error}");

    let installed = host.install_with("words", bytes.clone(), &[&target], &[]).await.unwrap();
    assert_eq!(installed.capabilities, [format!("send requests to {target}")]);
    assert_eq!(host.ask("words__fetch", &url).await.unwrap(), "200 inside");

    // Granted by whoever installed it, and not by the operator: the address is inside.
    let (other, closed) = (answering(1), "127.0.0.1:9");
    let inside = format!("127.0.0.1:{other}");
    host.install_with("words", bytes, &[&inside, closed], &[]).await.unwrap();
    for address in [&inside, closed] {
        let error = host.ask("words__fetch", &format!("http://{address}/")).await.unwrap_err();
        assert!(!error.contains("is not allowed") && !error.contains("inside"), "the module's own wall let it through: {error}");
    }
    host.hub.shutdown().await;
}

#[tokio::test]
async fn a_secret_of_the_configuration_joins_at_the_start_and_comes_back_to_nobody() {
    let Some(host) = Host::start() else { return };
    let bytes = std::fs::read(module("words")).unwrap();
    let installed = host.install_with("words", bytes.clone(), &[], &[("greeting", "{{secret:KEY}}")]).await.unwrap();
    assert_eq!(installed.capabilities, ["read a secret as its configuration `greeting`: {{secret:KEY}}"]);
    assert_eq!(host.ask("words__greet", "Ada").await.unwrap(), "[REDACTED_SECRET], Ada!");
    let record = std::fs::read_to_string(host.home.path().join("extism/words.json")).unwrap();
    assert!(record.contains("{{secret:KEY}}") && !record.contains(SECRET));

    let refused = host.install_with("words", bytes, &[], &[("greeting", "{{secret:NONE}}")]).await.unwrap_err().to_string();
    assert!(refused.contains("names the secret `NONE`, which is not there"), "{refused}");
    host.hub.shutdown().await;
}

#[tokio::test]
async fn arguments_are_a_text_or_base64() {
    let Some(host) = Host::start() else { return };
    host.words().await;
    let answer = host.call("words__flip", json!({"input": "/w==", "base64": true})).await.unwrap();
    assert_eq!(answer["structured"], json!({"base64": "AA=="}), "a sign that is no text, which would be left out of one");
    let answer = host.call("words__flip", json!({"input": "\0"})).await.unwrap();
    assert_eq!(answer["structured"], json!({"base64": "/w=="}));
    let error = host.call("words__flip", json!({"input": "?", "base64": true})).await.unwrap_err();
    assert!(error.to_string().contains("`input` is not base64"), "{error}");
    host.hub.shutdown().await;
}
