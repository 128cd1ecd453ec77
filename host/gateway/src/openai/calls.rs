//! The answers under way for clients of OpenAI's API: how many there may be, and a task for each that asks the model.
//!
//! The task and not the request's handler asks, so that a client that goes away, or reads too slowly, still leaves behind
//! what its call cost.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use octi_agents::ModelCall;
use octi_api::error::ErrorCode;
use octi_domain::ids::UserId;
use octi_domain::limits;
use octi_domain::principal::Principal;
use octi_models::{ChatEvent, ChatModel, ModelError, ModelInfo};
use octi_store::{CostRow, StoreError};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::ask::Asked;
use super::error::{of_model, of_unable};
use super::models::no_model;
use super::pump::{Gone, Pump};
use crate::error::{ApiError, ApiResult};
use crate::extract::Caller;
use crate::ports::PortError;
use crate::state::Gateway;

/// Seconds after which a client that found no place may try again.
const RETRY_SECONDS: u64 = 1;

/// Every answer under way.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    running: Mutex<HashMap<UserId, usize>>,
    tasks: TaskTracker,
    stopping: CancellationToken,
}

impl Calls {
    fn place(self: &Arc<Self>, user_id: UserId, (own_max, all_max): (usize, usize)) -> ApiResult<Place> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = running.values().sum();
        let mine = running.get(&user_id).copied().unwrap_or_default();
        if mine >= own_max || all >= all_max {
            let message = format!(
                "too many answers are under way: one person may have {own_max}, all together {all_max}; wait until one of them has ended"
            );
            return Err(ApiError::new(ErrorCode::TooMany, message).with_retry_after(RETRY_SECONDS));
        }
        running.insert(user_id, mine + 1);
        Ok(Place { calls: self.clone(), user_id })
    }

    /// Runs a call to its end, whatever becomes of the client.
    pub(super) fn run(&self, call: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(call);
    }

    /// Waits until every call has to end.
    pub(super) async fn stopping(&self) {
        self.stopping.cancelled().await;
    }

    #[cfg(test)]
    pub(crate) fn under_way(&self) -> usize {
        self.tasks.len()
    }

    /// Ends every answer and waits until what they cost is written down.
    pub(crate) async fn stop(&self, patience: Duration) {
        self.stopping.cancel();
        self.tasks.close();
        if timeout(patience, self.tasks.wait()).await.is_err() {
            tracing::warn!(answers = self.tasks.len(), "answers were still under way when the time to end them was over");
        }
    }
}

/// Room for one answer. Dropping it makes room for the next.
#[derive(Debug)]
pub(super) struct Place {
    calls: Arc<Calls>,
    user_id: UserId,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut running = self.calls.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = running.get_mut(&self.user_id) {
            *count -= 1;
            if *count == 0 {
                running.remove(&self.user_id);
            }
        }
    }
}

/// An answer that is coming in. Dropping it ends the model's call.
#[derive(Debug)]
pub(super) struct Incoming {
    first: Option<ChatEvent>,
    events: mpsc::Receiver<Result<ChatEvent, ModelError>>,
    ended: bool,
}

impl Incoming {
    /// The next piece. The last one is [`ChatEvent::End`] or an error.
    pub(super) async fn next(&mut self) -> Option<Result<ChatEvent, ModelError>> {
        if let Some(first) = self.first.take() {
            self.ended = matches!(first, ChatEvent::End(_));
            return Some(Ok(first));
        }
        if self.ended {
            return None;
        }
        let event = self.events.recv().await.unwrap_or_else(|| {
            let message = "the answer was read too slowly and was given up: read it as it comes, or ask for less at once";
            Err(ModelError::Unavailable(message.to_owned()))
        });
        self.ended = matches!(event, Ok(ChatEvent::End(_)) | Err(_));
        Some(event)
    }
}

/// Room for a call, and the model that is to be asked.
pub(super) async fn admit(gateway: &Gateway, caller: &Caller, model: &str) -> ApiResult<(Place, Arc<dyn ChatModel>)> {
    let limits = gateway.settings.now().gateway_limits();
    let place = gateway.shared().calls.place(caller.user_id, (limits.openai_calls_per_user_max, limits.openai_calls_max))?;
    let found = gateway.chat_models.chat_model(&caller.principal, model).await.map_err(|error| match error {
        PortError::NotFound(_) => no_model(model),
        error => error.into(),
    })?;
    Ok((place, found))
}

/// Asks the model and waits for the first piece of its answer, so that a failure up to there has a status of its own.
pub(super) async fn begin(gateway: &Gateway, caller: &Caller, model: &str, asked: Asked) -> ApiResult<Incoming> {
    let (place, model) = admit(gateway, caller, model).await?;
    if let Some(unable) = octi_models::unable(model.info(), &asked.request) {
        return Err(of_unable(unable));
    }
    let calls = gateway.shared().calls.clone();
    let (sender, mut events) = mpsc::channel(limits::OPENAI_QUEUE_MAX);
    let pump = Pump::new(ModelCall::begin(model.clone(), asked.request), sender, asked.stops, calls.stopping.clone());
    let (gateway, caller) = (gateway.clone(), caller.clone());
    calls.tasks.spawn(async move { serve(&gateway, &caller, model.info(), pump, place).await });
    match events.recv().await {
        Some(Ok(first)) => Ok(Incoming { first: Some(first), events, ended: false }),
        Some(Err(error)) => Err(of_model(error)),
        None => Err(ApiError::internal("the task of a model call ended without a word")),
    }
}

/// Lets the answer through. Its end is told when the cost is in the database and the place is free again.
async fn serve(gateway: &Gateway, caller: &Caller, info: &ModelInfo, mut pump: Pump, place: Place) {
    let ended = pump.run().await;
    let usage = pump.call.usage(ended.is_ok());
    let cost = usage.map(|usage| pump.call.cost(&gateway.ambient, caller.user_id, info, usage));
    let sender = pump.close();
    if let Some(cost) = cost {
        write_down(gateway, caller, &cost).await;
    }
    drop(place);
    let last = match ended {
        Ok(finish) => vec![Ok(ChatEvent::Usage(usage.unwrap_or_default())), Ok(ChatEvent::End(finish))],
        Err(Gone::Failed(error)) => vec![Err(error)],
        Err(Gone::Client) => Vec::new(),
    };
    for event in last {
        // A client that went away, or does not read, needs no end.
        let _told = timeout(Duration::from_secs(limits::OPENAI_SEND_SECONDS_MAX), sender.send(event)).await;
    }
}

/// Keeps what a call cost.
pub(super) async fn write_down(gateway: &Gateway, caller: &Caller, cost: &CostRow) {
    if let Err(error) = record(gateway, &caller.principal, cost).await {
        let detail = error.detail();
        tracing::error!(%error, detail, ?cost, "a cost is not in the database; this line is all that is left of it");
    }
}

async fn record(gateway: &Gateway, principal: &Principal, cost: &CostRow) -> Result<(), StoreError> {
    let mut tx = gateway.store.write(principal).await?;
    tx.insert_cost(cost).await?;
    tx.save().await
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const MOST: (usize, usize) = (limits::OPENAI_CALLS_PER_USER_MAX, limits::OPENAI_CALLS_MAX);

    fn user(number: u128) -> UserId {
        UserId::from(Uuid::from_u128(number))
    }

    #[test]
    fn places_are_limited_for_one_and_for_all_and_become_free_again() {
        let calls = Arc::new(Calls::default());
        let mut places: Vec<Place> =
            (0..limits::OPENAI_CALLS_PER_USER_MAX).map(|_| calls.place(user(1), MOST).unwrap()).collect();
        assert_eq!(calls.place(user(1), MOST).unwrap_err().code(), ErrorCode::TooMany);
        places.pop();
        places.push(calls.place(user(1), MOST).unwrap());
        let mut other = 2;
        while places.len() < limits::OPENAI_CALLS_MAX {
            places.push(calls.place(user(other), MOST).unwrap());
            other += 1;
        }
        assert_eq!(calls.place(user(other), MOST).unwrap_err().code(), ErrorCode::TooMany);
        places.clear();
        assert!(calls.running.lock().unwrap().is_empty());
    }
}
