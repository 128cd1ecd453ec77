//! A tool that calls every function of the packages `log`, `kv`, `fs`, `http` and `shell` of this version of the contract.
#![cfg(target_arch = "wasm32")]

use octi_corpus::{argument, quoted};
use octi_sdk::__private::raw::octi::fs::files::{self, Query, WriteMode, Writer};
use octi_sdk::__private::raw::octi::http::client::{self, Head, Redirects, Request, Response};
use octi_sdk::__private::raw::octi::kv::store;
use octi_sdk::__private::raw::octi::log::log;
use octi_sdk::__private::raw::octi::shell::process::{self, Child, Command, Ending};
use octi_sdk::__private::raw::octi::types::common::HostError;
use octi_sdk::__private::{Guest, RawOutput, RawTool, RawToolError, export_tools, raw};

const PROFILE: &str = "workspace-shell";

struct Tool;

impl Guest for Tool {
    fn describe() -> Vec<RawTool> {
        [
            ("remember", "text", "Remembers a text, and says how many there are."),
            ("write", "text", "Writes a text into a file, and does everything else with it that can be done with files."),
            ("fetch", "url", "Asks an address, and sends it its answer."),
            ("run", "line", "Runs a line of the shell, once to its end and once behind the call."),
        ]
        .into_iter()
        .map(|(name, argument, description)| RawTool {
            name: name.to_owned(),
            description: description.to_owned(),
            input_schema: format!(
                r#"{{"type":"object","properties":{{"{argument}":{{"type":"string"}}}},"required":["{argument}"],"additionalProperties":false}}"#
            ),
            output_schema: Some(r#"{"type":"object"}"#.to_owned()),
        })
        .collect()
    }

    fn call(name: String, arguments: String) -> Result<RawOutput, RawToolError> {
        log::log(log::Level::Info, "called", &[("operation".to_owned(), name.clone())]);
        log::progress(Some(0.5), "half way");
        if log::cancelled() {
            return Err(RawToolError::Unavailable("cancelled".to_owned()));
        }
        let text = |name: &str| {
            argument(&arguments, name).map(str::to_owned).ok_or_else(|| RawToolError::BadInput(format!("`{name}` is missing")))
        };
        let content = match name.as_str() {
            "remember" => remember(&text("text")?),
            "write" => write(&text("text")?),
            "fetch" => fetch(&text("url")?),
            "run" => run(&text("line")?),
            _ => return Err(RawToolError::BadInput(format!("there is no `{name}`"))),
        };
        Ok(RawOutput { content: content.map_err(told)?, summary: Some(format!("did {name}")) })
    }
}

/// Each refusal of the host, by who can act on it.
fn told(error: HostError) -> RawToolError {
    match error {
        HostError::Denied(text) => RawToolError::NeedsUser(text),
        HostError::NotFound(text) | HostError::Conflict(text) | HostError::Other(text) => RawToolError::Failed(text),
        HostError::Invalid(text) => RawToolError::BadInput(text),
        HostError::Quota(quota) => RawToolError::Failed(format!("{} is {}", quota.name, quota.limit)),
        HostError::Timeout => RawToolError::Unavailable("timeout".to_owned()),
        HostError::Cancelled => RawToolError::Unavailable("cancelled".to_owned()),
        HostError::Unavailable(text) => RawToolError::Unavailable(text),
    }
}

fn remember(text: &str) -> Result<String, HostError> {
    let before = store::get("last")?;
    let version = store::set("last", text.as_bytes(), Some(before.as_ref().map_or(0, |item| item.version)))?;
    store::set(&format!("text/{version}"), text.as_bytes(), None)?;
    store::set("scratch", b"", None)?;
    store::delete("scratch")?;
    let keys = store::keys("text/", None, 1_000)?;
    let before = before.map_or_else(String::new, |item| String::from_utf8_lossy(&item.value).into_owned());
    Ok(format!(r#"{{"before":{},"texts":{}}}"#, quoted(&before), keys.len()))
}

fn write(text: &str) -> Result<String, HostError> {
    let root = files::root("workspace")?;
    root.make_dir("corpus")?;
    let writer = root.create("corpus/first.txt", WriteMode::CreateNew)?;
    writer.write(text.as_bytes())?;
    Writer::commit(writer)?;
    root.append("corpus/first.txt", b"!")?;
    root.copy("corpus/first.txt", "corpus/second.txt", false)?;
    root.rename("corpus/second.txt", "corpus/third.txt", false)?;
    let size = root.stat("corpus/third.txt")?.size;
    let entries = root.list("corpus", None, 10)?.len();
    let hits = root.search(&Query { glob: Some("corpus/*.txt".to_owned()), pattern: Some("!$".to_owned()), max: 10 })?.len();
    root.remove("corpus/first.txt", false)?;
    let reader = root.open("corpus/third.txt")?;
    let all = reader.size();
    reader.seek(1)?;
    let rest = String::from_utf8_lossy(&reader.read(1_000)?).into_owned();
    Ok(format!(r#"{{"size":{size},"opened":{all},"entries":{entries},"hits":{hits},"rest":{}}}"#, quoted(&rest)))
}

fn fetch(url: &str) -> Result<String, HostError> {
    let head = |method: &str| Head {
        method: method.to_owned(),
        url: url.to_owned(),
        headers: vec![("content-type".to_owned(), "text/plain".to_owned())],
        timeout_ms: Some(5_000),
        redirects: Redirects::Refuse,
    };
    let (status, text) = body(&client::send(&head("GET"))?)?;
    let request = Request::start(&head("POST"))?;
    request.write(text.as_bytes())?;
    let (posted, _) = body(&Request::send(request)?)?;
    Ok(format!(r#"{{"status":{status},"text":{},"posted":{posted}}}"#, quoted(&text)))
}

fn body(response: &Response) -> Result<(u16, String), HostError> {
    let mut bytes = Vec::new();
    loop {
        let chunk = response.body.read(65_536)?;
        if chunk.is_empty() {
            return Ok((response.status, String::from_utf8_lossy(&bytes).into_owned()));
        }
        bytes.extend(chunk);
    }
}

fn run(line: &str) -> Result<String, HostError> {
    let command = |line: &str| Command {
        profile: PROFILE.to_owned(),
        argv: vec![line.to_owned()],
        cwd: None,
        env: Vec::new(),
        timeout_ms: Some(20_000),
    };
    let has_shell = process::which(PROFILE, "sh")?.is_some();
    let done = process::run(&command(line), None)?;
    let code = match done.ending {
        Ending::Exited(code) => code,
        Ending::Signalled(_) | Ending::TimedOut | Ending::OutputLimit => -1,
    };
    let child = process::spawn(&command("cat"))?;
    let same = process::attach(&child.id())?;
    child.write_stdin(&done.stdout)?;
    child.close_stdin();
    let echoed = all_of(&same)?;
    let ended = same.wait(5_000)?.is_some();
    let title = child.title();
    let stopped = process::spawn(&command("sleep 600"))?;
    stopped.kill();
    Ok(format!(
        r#"{{"sh":{has_shell},"code":{code},"out":{},"echoed":{},"ended":{ended},"title":{}}}"#,
        quoted(&String::from_utf8_lossy(&done.stdout)),
        quoted(&echoed),
        quoted(&title)
    ))
}

fn all_of(child: &Child) -> Result<String, HostError> {
    let mut said = Vec::new();
    for _ in 0..100 {
        let news = child.read(65_536, 5_000)?;
        said.extend(news.stdout);
        if news.ending.is_some() {
            break;
        }
    }
    Ok(String::from_utf8_lossy(&said).into_owned())
}

export_tools!(Tool with_types_in raw);
