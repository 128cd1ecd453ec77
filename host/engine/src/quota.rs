//! How often one call may use each capability.

use std::collections::BTreeMap;

use octi_domain::limits;

use crate::bindings::{HostError, Quota};

/// What a host function costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Charge {
    Fs,
    Kv,
    Spawn,
    Http,
    HttpChunk,
    Artifact,
    ArtifactChunk,
    Ask,
    Llm,
}

impl Charge {
    /// All of them, in the order of the counters.
    pub(crate) const ALL: [Self; 9] =
        [Self::Fs, Self::Kv, Self::Spawn, Self::Http, Self::HttpChunk, Self::Artifact, Self::ArtifactChunk, Self::Ask, Self::Llm];

    /// The capability, as manifests and metrics name it.
    pub(crate) const fn capability(self) -> &'static str {
        match self {
            Self::Fs => "fs",
            Self::Kv => "kv",
            Self::Spawn => "shell",
            Self::Http => "http",
            Self::HttpChunk => "http_chunk",
            Self::Artifact => "artifacts",
            Self::ArtifactChunk => "artifact_chunk",
            Self::Ask => "ask",
            Self::Llm => "llm",
        }
    }

    /// What the guest is told it used up.
    const fn name(self) -> &'static str {
        match self {
            Self::Fs => "file calls",
            Self::Kv => "kv calls",
            Self::Spawn => "processes",
            Self::Http => "requests",
            Self::HttpChunk => "chunks of requests and answers",
            Self::Artifact => "files of a result",
            Self::ArtifactChunk => "chunks of files of a result",
            Self::Ask => "questions",
            Self::Llm => "answers of a model",
        }
    }
}

/// How often one call may use each of [`Charge::ALL`].
pub(crate) type CallsMax = [u64; Charge::ALL.len()];

/// What a call has unless an administrator says otherwise.
pub(crate) const CALLS_MAX: CallsMax = [
    limits::GUEST_FS_CALLS_MAX,
    limits::GUEST_KV_CALLS_MAX,
    limits::GUEST_SPAWNS_MAX,
    limits::GUEST_HTTP_REQUESTS_MAX,
    limits::GUEST_HTTP_CHUNKS_MAX,
    limits::GUEST_ARTIFACTS_MAX,
    limits::GUEST_ARTIFACT_CHUNKS_MAX,
    limits::GUEST_QUESTIONS_MAX,
    limits::GUEST_COMPLETIONS_MAX,
];

/// A guest that goes on after this many refusals is stopped: it does not read the answers.
const REFUSALS_MAX: u64 = 10_000;

/// The guest ignored its refusals.
#[derive(Debug, thiserror::Error)]
#[error("{REFUSALS_MAX} host calls were refused and the guest goes on")]
pub(crate) struct QuotaIgnored;

/// Counters of one call.
#[derive(Debug)]
pub(crate) struct Quotas {
    max: CallsMax,
    used: CallsMax,
    http_sent: u64,
    http_received: u64,
    http_held: usize,
    artifacts_held: u64,
    /// Tokens by topic.
    llm: BTreeMap<String, u64>,
    progress: u64,
    refused: u64,
}

impl Quotas {
    /// Nothing used yet.
    pub(crate) const fn new(max: CallsMax) -> Self {
        Self {
            max,
            used: [0; Charge::ALL.len()],
            http_sent: 0,
            http_received: 0,
            http_held: 0,
            artifacts_held: 0,
            llm: BTreeMap::new(),
            progress: 0,
            refused: 0,
        }
    }

    /// Host calls that were let through.
    pub(crate) const fn used(&self) -> CallsMax {
        self.used
    }

    /// Bytes of bodies that were sent.
    pub(crate) const fn sent_bytes(&self) -> u64 {
        self.http_sent
    }

    /// Bytes of bodies that were received.
    pub(crate) const fn received_bytes(&self) -> u64 {
        self.http_received
    }

    /// Host calls that were refused.
    pub(crate) const fn refused(&self) -> u64 {
        self.refused
    }

    /// Counts one message to the person who waits; false once there were too many. Those are dropped.
    pub(crate) const fn progress(&mut self) -> bool {
        self.progress += 1;
        self.progress <= limits::GUEST_LOG_LINES_MAX
    }

    /// Counts bytes of a request's body.
    pub(crate) fn http_sent(&mut self, bytes: usize) -> Result<(), HostError> {
        count(&mut self.http_sent, bytes, "bytes of requests", limits::GUEST_HTTP_SENT_BYTES_MAX)
    }

    /// Counts bytes of an answer's body.
    pub(crate) fn http_received(&mut self, bytes: usize) -> Result<(), HostError> {
        count(&mut self.http_received, bytes, "bytes of answers", limits::GUEST_HTTP_RECEIVED_BYTES_MAX)
    }

    /// Counts bytes of answers that the host holds until the guest has read them.
    pub(crate) fn http_held(&mut self, bytes: usize) -> Result<(), HostError> {
        let (held, limit) = (self.http_held.saturating_add(bytes), limits::EGRESS_SECRET_ANSWER_BYTES_MAX);
        if held <= limit {
            self.http_held = held;
            return Ok(());
        }
        let name = "bytes of unread answers to requests with a secret".to_owned();
        Err(HostError::Quota(Quota { name, limit: limit as u64, retry_after_ms: None }))
    }

    /// Bytes of an answer are held no longer.
    pub(crate) const fn http_let_go(&mut self, bytes: usize) {
        self.http_held = self.http_held.saturating_sub(bytes);
    }

    /// Counts bytes of files that the host holds until the call ends.
    pub(crate) fn artifact_held(&mut self, bytes: usize, granted: u64) -> Result<(), HostError> {
        let held = self.artifacts_held.saturating_add(bytes as u64);
        if held <= granted {
            self.artifacts_held = held;
            return Ok(());
        }
        let name = "capabilities.artifacts.bytes_max".to_owned();
        Err(HostError::Quota(Quota { name, limit: granted, retry_after_ms: None }))
    }

    /// A file was let go before it was finished.
    pub(crate) const fn artifact_let_go(&mut self, bytes: usize) {
        self.artifacts_held = self.artifacts_held.saturating_sub(bytes as u64);
    }

    /// Whether a request of about so many tokens fits into what is left of its topic.
    pub(crate) fn llm_room(&self, topic: &str, tokens: u64, granted: u64) -> Result<(), HostError> {
        if self.llm.get(topic).copied().unwrap_or_default().saturating_add(tokens) <= granted {
            return Ok(());
        }
        let name = format!("capabilities.llm.tokens_per_call_max of `{topic}`");
        Err(HostError::Quota(Quota { name, limit: granted, retry_after_ms: None }))
    }

    /// Counts what a request used.
    pub(crate) fn llm_used(&mut self, topic: &str, tokens: u64) {
        let used = self.llm.entry(topic.to_owned()).or_default();
        *used = used.saturating_add(tokens);
    }

    /// Counts one host call. The inner error is a refusal for the guest; the outer one ends the call.
    pub(crate) fn charge(&mut self, charge: Charge) -> Result<Result<(), HostError>, QuotaIgnored> {
        let (used, limit) = (&mut self.used[charge as usize], self.max[charge as usize]);
        if *used < limit {
            *used += 1;
            return Ok(Ok(()));
        }
        self.refused += 1;
        if self.refused > REFUSALS_MAX {
            return Err(QuotaIgnored);
        }
        Ok(Err(HostError::Quota(Quota { name: charge.name().to_owned(), limit, retry_after_ms: None })))
    }
}

fn count(counter: &mut u64, bytes: usize, name: &str, limit: u64) -> Result<(), HostError> {
    *counter = counter.saturating_add(bytes as u64);
    if *counter <= limit {
        return Ok(());
    }
    Err(HostError::Quota(Quota { name: name.to_owned(), limit, retry_after_ms: None }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_call_after_the_last_one_is_refused_by_name() {
        let mut quotas = Quotas::new(CALLS_MAX);
        for _ in 0..limits::GUEST_SPAWNS_MAX {
            assert!(matches!(quotas.charge(Charge::Spawn), Ok(Ok(()))));
        }
        let refusal = quotas.charge(Charge::Spawn);
        assert!(matches!(refusal, Ok(Err(HostError::Quota(ref q))) if q.name == "processes" && q.limit == 32), "{refusal:?}");
        assert!(matches!(quotas.charge(Charge::Kv), Ok(Ok(()))), "quotas are separate");
        assert_eq!((quotas.used(), quotas.refused()), ([0, 1, 32, 0, 0, 0, 0, 0, 0], 1));
    }

    #[test]
    fn the_counters_stand_in_the_order_of_the_charges() {
        for (index, charge) in Charge::ALL.into_iter().enumerate() {
            assert_eq!(charge as usize, index, "{charge:?}");
        }
    }

    #[test]
    fn bytes_beyond_the_limit_are_refused_in_each_direction() {
        let mut quotas = Quotas::new(CALLS_MAX);
        assert!(quotas.http_sent(limits::GUEST_HTTP_SENT_BYTES_MAX as usize).is_ok());
        assert!(quotas.http_received(limits::GUEST_HTTP_RECEIVED_BYTES_MAX as usize).is_ok());
        for refusal in [quotas.http_sent(1), quotas.http_received(1)] {
            assert!(matches!(refusal, Err(HostError::Quota(ref q)) if q.name.starts_with("bytes of")), "{refusal:?}");
        }
        for charge in [Charge::Http, Charge::HttpChunk] {
            let allowed = (0..).take_while(|_| matches!(quotas.charge(charge), Ok(Ok(())))).count() as u64;
            assert!([limits::GUEST_HTTP_REQUESTS_MAX, limits::GUEST_HTTP_CHUNKS_MAX].contains(&allowed), "{charge:?}: {allowed}");
        }
    }

    #[test]
    fn the_bytes_of_files_are_bounded_by_the_grant_and_come_back_when_a_file_is_dropped() {
        let mut quotas = Quotas::new(CALLS_MAX);
        assert!(quotas.artifact_held(60, 100).is_ok());
        let refusal = quotas.artifact_held(41, 100);
        assert!(matches!(refusal, Err(HostError::Quota(ref q)) if q.name == "capabilities.artifacts.bytes_max"), "{refusal:?}");
        quotas.artifact_let_go(1);
        assert!(quotas.artifact_held(41, 100).is_ok());
        for (charge, max) in
            [(Charge::Artifact, limits::GUEST_ARTIFACTS_MAX), (Charge::ArtifactChunk, limits::GUEST_ARTIFACT_CHUNKS_MAX)]
        {
            let allowed = (0..).take_while(|_| matches!(quotas.charge(charge), Ok(Ok(())))).count() as u64;
            assert_eq!(allowed, max, "{charge:?}");
        }
    }

    #[test]
    fn the_tokens_of_a_topic_are_those_of_all_requests_of_the_call() {
        let mut quotas = Quotas::new(CALLS_MAX);
        assert!(quotas.llm_room("a", 100, 100).is_ok());
        quotas.llm_used("a", 60);
        let refusal = quotas.llm_room("a", 41, 100);
        assert!(matches!(refusal, Err(HostError::Quota(ref q)) if q.name.ends_with("of `a`") && q.limit == 100), "{refusal:?}");
        assert!(quotas.llm_room("a", 40, 100).is_ok() && quotas.llm_room("b", 100, 100).is_ok());
        for (charge, max) in [(Charge::Ask, limits::GUEST_QUESTIONS_MAX), (Charge::Llm, limits::GUEST_COMPLETIONS_MAX)] {
            let allowed = (0..).take_while(|_| matches!(quotas.charge(charge), Ok(Ok(())))).count() as u64;
            assert_eq!(allowed, max, "{charge:?}");
        }
    }

    #[test]
    fn a_flood_of_progress_is_dropped() {
        let mut quotas = Quotas::new(CALLS_MAX);
        let shown = (0..limits::GUEST_LOG_LINES_MAX * 2).filter(|_| quotas.progress()).count() as u64;
        assert_eq!(shown, limits::GUEST_LOG_LINES_MAX);
    }

    #[test]
    fn a_guest_that_ignores_refusals_is_stopped() {
        let mut quotas = Quotas::new([0; Charge::ALL.len()]);
        let stopped = (0..=REFUSALS_MAX).any(|_| quotas.charge(Charge::Spawn).is_err());
        assert!(stopped);
    }
}
