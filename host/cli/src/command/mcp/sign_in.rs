//! `octi mcp server sign-in`: the person's browser signs in, and comes back to a port of this machine (RFC 8252).

use std::time::Duration;

use octi_api::v1::mcp::{BeginMcpSignIn, FinishMcpSignIn};
use octi_domain::limits;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::command::Context;
use crate::connection::Connection;
use crate::failure::{Failure, Outcome};

/// Bytes of the first line of a request.
const LINE_BYTES_MAX: u64 = 16 * 1024;
/// A browser that says nothing for this long is not the one that is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
const DONE: &str = "octi has what it needs. You can close this page and go back to the terminal.\n";

/// Prints the address to open, waits for the browser, and hands on what it brings.
pub(super) async fn run(context: &Context, connection: &Connection, name: &str) -> Outcome {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await;
    let listener = listener.map_err(|error| Failure::user("no port of this machine can be listened on").because(&error))?;
    let port = listener.local_addr().map_err(|error| Failure::us("the port is not known").because(&error))?.port();
    let begun = connection.client.begin_mcp_sign_in(name, BeginMcpSignIn { port: Some(port) }).await?;
    context.printer.note(&format!("open this address in a browser of this machine, and sign in:\n\n  {}\n", begun.url));
    let most = Duration::from_secs(limits::MCP_SIGN_IN_SECONDS_MAX);
    let Ok(path) = timeout(most, came_back(&listener)).await else {
        let minutes = most.as_secs() / 60;
        return Err(Failure::user(format!("nobody signed in within {minutes} minutes")).hint(format!(
            "`octi mcp server sign-in {name}` begins again; on a machine without a browser, the page `MCP servers` does"
        )));
    };
    let brought = FinishMcpSignIn { came_back: format!("http://127.0.0.1:{port}{path}") };
    let server = connection.client.finish_mcp_sign_in(name, &brought).await?;
    context.printer.data(&server, |printer| {
        printer.note(&format!("octi is signed in to `{name}`"));
        printer.hint(&format!("`octi mcp server test {name}` lists its tools"));
    });
    Ok(())
}

/// The path of the request that ends a sign-in. Browsers ask for other things too, such as an icon.
async fn came_back(listener: &TcpListener) -> String {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        if let Ok(Some(path)) = timeout(PATIENCE, answer(stream)).await {
            return path;
        }
    }
}

async fn answer(stream: TcpStream) -> Option<String> {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    (&mut stream).take(LINE_BYTES_MAX).read_line(&mut line).await.ok()?;
    let path = line.strip_prefix("GET ")?.split(' ').next()?.to_owned();
    let ends = path.starts_with("/callback?");
    let (status, text) = if ends { ("200 OK", DONE) } else { ("404 Not Found", "") };
    let head = format!("HTTP/1.1 {status}\r\ncontent-type: text/plain; charset=utf-8\r\nconnection: close\r\n");
    let whole = format!("{head}content-length: {}\r\n\r\n{text}", text.len());
    // The code is there, whether the browser hears of it or not.
    let _told = stream.write_all(whole.as_bytes()).await;
    let _ended = stream.shutdown().await;
    ends.then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn ask(port: u16, path: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n").as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn the_browser_is_heard_and_what_else_it_asks_for_is_not() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let browser = async {
            assert!(ask(port, "/favicon.ico").await.starts_with("HTTP/1.1 404"));
            ask(port, "/callback?code=c&state=s").await
        };
        let (path, page) = tokio::join!(came_back(&listener), browser);
        assert_eq!(path, "/callback?code=c&state=s");
        assert!(page.ends_with(DONE) && !page.contains("code=c"), "{page}");
    }
}
