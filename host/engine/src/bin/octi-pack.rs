//! Makes plugin files. `cargo xtask wasm` calls it for the bundled plugins.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use octi_engine::pack;

const USAGE: &str = "usage: octi-pack tool <component.wasm> <plugin.toml> <out.wasm>\n       octi-pack role <folder> <out.wasm>\n       octi-pack skill <folder> <out.wasm>";

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["tool", component, manifest, out] => tool(component, manifest, out).await,
        ["role", folder, out] => {
            pack::pack_role(Path::new(folder)).map_err(|e| e.to_string()).and_then(|bytes| write(out, &bytes))
        }
        ["skill", folder, out] => {
            pack::pack_skill(Path::new(folder)).map_err(|e| e.to_string()).and_then(|bytes| write(out, &bytes))
        }
        _ => Err(USAGE.to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            // Nothing is left to do when even the error cannot be shown.
            let _ = writeln!(std::io::stderr(), "octi-pack: {problem}");
            ExitCode::FAILURE
        }
    }
}

async fn tool(component: &str, manifest: &str, out: &str) -> Result<(), String> {
    let component_bytes = std::fs::read(component).map_err(|error| format!("`{component}`: {error}"))?;
    let manifest_text = std::fs::read_to_string(manifest).map_err(|error| format!("`{manifest}`: {error}"))?;
    let folder = Path::new(manifest).parent().unwrap_or(Path::new("."));
    let packed = pack::pack_tool_in(folder, &component_bytes, &manifest_text, None).await;
    write(out, &packed.map_err(|error| format!("`{component}` with `{manifest}`: {error}"))?)
}

fn write(out: &str, bytes: &[u8]) -> Result<(), String> {
    std::fs::write(out, bytes).map_err(|error| format!("`{out}`: {error}"))
}
