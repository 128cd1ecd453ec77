//! Asking a provider again when that may help, within the time of the whole call.

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::chat::ModelInfo;
use crate::connect::Patience;
use crate::error::{ModelError, Phase};

/// What an attempt answered, and how many had failed before it.
pub(crate) async fn until_answered<T, A>(
    attempt: impl FnMut() -> A,
    info: &ModelInfo,
    patience: Patience,
    deadline: Instant,
    cancel: &CancellationToken,
) -> Result<(T, u32), ModelError>
where
    A: Future<Output = Result<T, ModelError>>,
{
    let mut retried = 0;
    let answered = attempt
        .retry(retries(&patience))
        .sleep(sleep)
        .when(ModelError::retryable)
        .adjust(|error, pause| next_pause(error, pause, patience.retry_after_max))
        .notify(|error, pause| {
            retried += 1;
            tracing::info!(model = %info.name, kind = error.kind(), ?pause, "asking the model again");
        });
    let answered = tokio::select! {
        biased;
        () = cancel.cancelled() => return Err(ModelError::Cancelled),
        answered = timeout_at(deadline, answered) => answered,
    };
    let late = |_| ModelError::Timeout { phase: Phase::Total, after: patience.total };
    Ok((answered.map_err(late)??, retried))
}

/// How often, and with which pauses, a call is tried again.
fn retries(patience: &Patience) -> ExponentialBuilder {
    ExponentialBuilder::default()
        .with_min_delay(patience.backoff)
        .with_max_delay(patience.retry_after_max)
        .with_max_times(patience.attempts_max.saturating_sub(1))
        .with_jitter()
}

/// How long to wait before the next attempt; `None` gives up.
fn next_pause(error: &ModelError, pause: Option<Duration>, longest: Duration) -> Option<Duration> {
    match error {
        ModelError::RateLimited { retry_after: Some(asked), .. } if *asked > longest => None,
        ModelError::RateLimited { retry_after: Some(asked), .. } => pause.map(|pause| pause.max(*asked)),
        _ => pause,
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use octi_domain::limits;

    use super::*;
    use crate::ChatModel;
    use crate::scripted::ScriptedModel;

    async fn asked(
        patience: Patience,
        cancel: &CancellationToken,
        failures: Vec<ModelError>,
    ) -> (Result<u32, ModelError>, usize) {
        let (model, count) = (ScriptedModel::new([]), Cell::new(0));
        let attempt = || {
            let failure = failures.get(count.replace(count.get() + 1)).cloned();
            async move { failure.map_or(Ok(()), Err) }
        };
        let deadline = Instant::now() + patience.total;
        let answered = until_answered(attempt, model.info(), patience, deadline, cancel).await;
        (answered.map(|((), retried)| retried), count.get())
    }

    fn limited(seconds: u64) -> ModelError {
        ModelError::RateLimited { message: "slow down".to_owned(), retry_after: Some(Duration::from_secs(seconds)) }
    }

    #[tokio::test(start_paused = true)]
    async fn only_what_may_help_is_tried_again_and_not_for_ever() {
        let (patience, never) = (Patience::default(), CancellationToken::new());
        let busy = || ModelError::Overloaded("busy".to_owned());
        assert_eq!(asked(patience, &never, vec![busy(), busy()]).await, (Ok(2), 3));
        let for_ever = asked(patience, &never, (0..50).map(|_| busy()).collect()).await;
        assert_eq!(for_ever, (Err(busy()), limits::MODEL_ATTEMPTS_MAX));
        let wrong = ModelError::BadRequest("no such model".to_owned());
        assert_eq!(asked(patience, &never, vec![wrong.clone()]).await, (Err(wrong), 1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_provider_says_how_long_to_wait_and_one_that_asks_for_too_long_is_not_asked_again() {
        let (patience, never) = (Patience::default(), CancellationToken::new());
        let began = Instant::now();
        assert_eq!(asked(patience, &never, vec![limited(20)]).await, (Ok(1), 2));
        assert!(began.elapsed() >= Duration::from_secs(20));
        assert_eq!(asked(patience, &never, vec![limited(31)]).await, (Err(limited(31)), 1));
    }

    #[tokio::test(start_paused = true)]
    async fn the_whole_time_and_whoever_waits_end_it() {
        let never = CancellationToken::new();
        let patience = Patience { total: Duration::from_secs(10), ..Patience::default() };
        let late = ModelError::Timeout { phase: Phase::Total, after: patience.total };
        assert_eq!(asked(patience, &never, vec![limited(20)]).await, (Err(late), 1));
        let cancelled = CancellationToken::new();
        cancelled.cancel();
        assert_eq!(asked(patience, &cancelled, Vec::new()).await, (Err(ModelError::Cancelled), 0));
    }
}
