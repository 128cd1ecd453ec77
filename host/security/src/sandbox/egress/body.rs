//! The body of an answer, chunk by chunk, decompressed under our own limits.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_compression::tokio::bufread::GzipDecoder;
use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use http_body_util::BodyDataStream;
use hyper::body::{Body as _, Incoming};
use octi_domain::limits;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::time::{Instant, timeout_at};
use tokio_util::io::StreamReader;

use super::{Caps, EgressError};

/// What is left of an answer. Dropping it closes the connection.
pub struct Body {
    reader: Pin<Box<dyn AsyncRead + Send>>,
    /// Bytes that came from the network.
    wire: Arc<AtomicU64>,
    /// Bytes that were handed out.
    seen: u64,
    caps: Caps,
    deadline: Instant,
    time_ms: u64,
    /// A body that failed once stays failed.
    failed: Option<EgressError>,
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Body").field("seen", &self.seen).finish_non_exhaustive()
    }
}

impl Body {
    /// `gzip` says how the server encoded it.
    pub(super) fn new(incoming: Incoming, gzip: bool, caps: Caps, deadline: Instant, time_ms: u64) -> Self {
        let wire = Arc::new(AtomicU64::new(0));
        let empty = incoming.is_end_stream();
        let reader = StreamReader::new(counted(incoming, Arc::clone(&wire), caps.wire_bytes));
        let reader: Pin<Box<dyn AsyncRead + Send>> = if gzip && !empty {
            let mut decoder = GzipDecoder::new(reader);
            decoder.multiple_members(true);
            Box::pin(decoder)
        } else {
            Box::pin(reader)
        };
        Self { reader, wire, seen: 0, caps, deadline, time_ms, failed: None }
    }

    /// The next bytes, at most `max` and never more than a chunk; none at the end.
    ///
    /// # Errors
    /// When a limit is reached, the time is over or the connection breaks.
    pub async fn read(&mut self, max: usize) -> Result<Bytes, EgressError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let read = self.read_some(max.clamp(1, limits::EGRESS_CHUNK_BYTES_MAX)).await;
        if let Err(error) = &read {
            self.failed = Some(error.clone());
        }
        read
    }

    async fn read_some(&mut self, max: usize) -> Result<Bytes, EgressError> {
        let mut chunk = vec![0; max];
        let read = match timeout_at(self.deadline, self.reader.read(&mut chunk)).await {
            Ok(Ok(read)) => read,
            Ok(Err(error)) => return Err(from_io(&error)),
            Err(_) => return Err(EgressError::Timeout { what: "the answer", ms: self.time_ms }),
        };
        chunk.truncate(read);
        self.seen += read as u64;
        if self.seen > self.caps.body_bytes {
            return Err(EgressError::Limit { what: "bytes of an answer", max: self.caps.body_bytes });
        }
        let allowed = self.wire.load(Ordering::Relaxed).saturating_mul(limits::EGRESS_RATIO_MAX);
        if self.seen > limits::EGRESS_RATIO_FREE_BYTES && self.seen > allowed {
            return Err(EgressError::Limit {
                what: "times that decompressing may enlarge an answer",
                max: limits::EGRESS_RATIO_MAX,
            });
        }
        Ok(chunk.into())
    }
}

fn counted(incoming: Incoming, wire: Arc<AtomicU64>, max: u64) -> impl Stream<Item = io::Result<Bytes>> + Send {
    BodyDataStream::new(incoming).map(move |chunk| {
        let chunk = chunk.map_err(io::Error::other)?;
        let total = wire.fetch_add(chunk.len() as u64, Ordering::Relaxed) + chunk.len() as u64;
        if total > max {
            return Err(io::Error::other(EgressError::Limit { what: "bytes of an answer on the network", max }));
        }
        Ok(chunk)
    })
}

fn from_io(error: &io::Error) -> EgressError {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<EgressError>()) {
        Some(ours) => ours.clone(),
        None => EgressError::Failed(format!("the answer broke off: {}", super::last_source(error))),
    }
}
