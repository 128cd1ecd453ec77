//! What a server writes to its standard error goes to the log, within bounds.

use std::sync::Arc;

use octi_domain::limits;
use octi_security::guard::Redactor;
use tokio::io::{AsyncRead, AsyncReadExt as _};

use super::failure::bounded;

/// Reads to the end, also what is not logged: a program whose errors nobody reads would stand still.
pub(super) async fn follow(server: String, mut source: impl AsyncRead + Unpin, redactor: Arc<Redactor>) {
    let mut lines = Lines::default();
    let mut chunk = vec![0; 8 * 1024];
    while let Ok(count @ 1..) = source.read(&mut chunk).await {
        lines.take(&chunk[..count], &mut |line| {
            let line = redactor.redact(line);
            tracing::info!(server, line = %line, "an MCP server writes to its errors");
        });
    }
}

/// Cuts bytes into lines, and counts what was logged.
#[derive(Default)]
struct Lines {
    line: Vec<u8>,
    logged: usize,
}

impl Lines {
    fn take(&mut self, bytes: &[u8], log: &mut dyn FnMut(&str)) {
        for byte in bytes {
            if *byte == b'\n' {
                self.end(log);
            } else if self.line.len() <= limits::MCP_LOG_LINE_BYTES_MAX {
                self.line.push(*byte);
            }
        }
    }

    fn end(&mut self, log: &mut dyn FnMut(&str)) {
        let line = std::mem::take(&mut self.line);
        if line.is_empty() || self.logged > limits::MCP_LOG_BYTES_MAX {
            return;
        }
        self.logged += line.len();
        if self.logged > limits::MCP_LOG_BYTES_MAX {
            log("there is more, which is not logged");
        } else {
            log(&bounded(&String::from_utf8_lossy(&line), limits::MCP_LOG_LINE_BYTES_MAX));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_and_after_so_many_bytes_there_are_no_more() {
        let (mut lines, mut logged) = (Lines::default(), Vec::new());
        let mut log = |line: &str| logged.push(line.to_owned());
        lines.take(b"one\n\n\x1b[31mtwo\n", &mut log);
        let long = vec![b'x'; limits::MCP_LOG_LINE_BYTES_MAX * 4];
        for _ in 0..200 {
            lines.take(&long, &mut log);
            lines.take(b"\n", &mut log);
        }
        assert_eq!(logged[..2], ["one", "two"]);
        assert!(logged[2].ends_with('…') && logged[2].len() < limits::MCP_LOG_LINE_BYTES_MAX + 8);
        assert_eq!(logged.last().map(String::as_str), Some("there is more, which is not logged"));
        assert!(logged.iter().map(String::len).sum::<usize>() <= limits::MCP_LOG_BYTES_MAX + 4 * 1024);
    }
}
