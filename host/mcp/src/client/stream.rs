//! The body of an answer as server-sent events, each bounded.

use std::io;

use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{Stream, StreamExt as _, TryStreamExt as _};
use octi_domain::limits;
use octi_security::sandbox::egress::{Body, EgressError};
use sse_stream::{Error as SseError, Sse, SseStream};

/// The events of a body.
pub(super) fn events(body: Body) -> BoxStream<'static, Result<Sse, SseError>> {
    SseStream::from_bytes_stream(bounded(chunks(body), limits::MCP_SERVER_MESSAGE_BYTES_MAX)).boxed()
}

/// Everything of a body that is at most this long.
pub(super) async fn whole(mut body: Body, max: usize) -> Result<Vec<u8>, EgressError> {
    let mut whole = Vec::new();
    loop {
        let chunk = body.read(limits::EGRESS_CHUNK_BYTES_MAX).await?;
        if chunk.is_empty() {
            return Ok(whole);
        }
        if whole.len() + chunk.len() > max {
            return Err(EgressError::Limit { what: "bytes of a message", max: max as u64 });
        }
        whole.extend_from_slice(&chunk);
    }
}

fn chunks(body: Body) -> impl Stream<Item = io::Result<Bytes>> + Send {
    futures::stream::try_unfold(body, |mut body| async move {
        let chunk = body.read(limits::EGRESS_CHUNK_BYTES_MAX).await.map_err(io::Error::other)?;
        Ok((!chunk.is_empty()).then_some((chunk, body)))
    })
}

/// Ends a stream with an event longer than this. An event ends at an empty line.
fn bounded(source: impl Stream<Item = io::Result<Bytes>> + Send, max: usize) -> impl Stream<Item = io::Result<Bytes>> + Send {
    let (mut event, mut line) = (0_usize, 0_usize);
    source.and_then(move |chunk| {
        let mut largest = 0;
        for byte in &chunk {
            match byte {
                b'\r' => {}
                b'\n' if line == 0 => event = 0,
                b'\n' => line = 0,
                _ => line += 1,
            }
            event += 1;
            largest = largest.max(event);
        }
        futures::future::ready(if largest > max {
            Err(io::Error::other(format!("an event is longer than {max} bytes")))
        } else {
            Ok(chunk)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(chunks: &[&str], max: usize) -> Result<usize, String> {
        let chunks: Vec<_> = chunks.iter().map(|chunk| Ok(Bytes::copy_from_slice(chunk.as_bytes()))).collect();
        let all: Result<Vec<Bytes>, io::Error> = bounded(futures::stream::iter(chunks), max).try_collect().await;
        all.map(|all| all.len()).map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn many_short_events_pass_and_a_long_one_does_not() {
        assert_eq!(read(&["data: a\n\ndata: b\n", "\ndata: c\r\n\r\n: ping\n\n"], 12).await, Ok(2));
        let error = read(&["data: a\n\ndata: ", "bbbbbb", "bbbbbb"], 12).await;
        assert_eq!(error, Err("an event is longer than 12 bytes".to_owned()));
        let error = read(&["data: a\ndata: b\ndata: c\n\n"], 12).await;
        assert!(error.is_err(), "lines of one event count together");
    }
}
