//! `GET /api/agents/{id}/events`: the timeline of a turn.

use axum::Json as Answer;
use axum::extract::State;
use chrono::{DateTime, TimeDelta, Utc};
use octi_api::page::Page;
use octi_api::v1::agents::{AgentEvent, AgentEventBody, AgentEventQuery, AgentStatus};
use octi_domain::ids::RunId;
use octi_domain::limits;
use octi_domain::permission::RequestStatus;
use octi_domain::run::{Run, RunStatus};
use octi_store::{Happened, Happening};

use crate::error::{ApiError, ApiResult};
use crate::extract::{Caller, Id, Query};
use crate::state::Gateway;
use crate::v1::{page, page_rows};

/// Numbers that the things of one microsecond have to themselves.
const SEQS: i64 = limits::TIMELINE_SAME_TIME_MAX as i64;

/// What happened in a turn, in the order in which it happened. `next` is the `after` of the following page.
#[utoipa::path(get, path = "/api/agents/{id}/events", tag = "agents", params(("id" = uuid::Uuid, Path), AgentEventQuery), responses((status = 200, body = Page<AgentEvent>)))]
pub(super) async fn events(
    State(gateway): State<Gateway>,
    caller: Caller,
    Id(id): Id<RunId>,
    Query(query): Query<AgentEventQuery>,
) -> ApiResult<Answer<Page<AgentEvent>>> {
    let (rows, after) = (page_rows(query.limit)?, query.after.unwrap_or(0));
    if after < 0 {
        return Err(ApiError::field("after", "a place in a timeline is not below zero; pass the last `seq` you have"));
    }
    let owned = gateway.store.read(&caller.principal).await?.run(id).await?;
    owned.ok_or_else(|| ApiError::not_found("agent"))?;
    // Calls and costs are written in the background: what happened before this request must be there.
    gateway.agents.flush().await;
    let mut tx = gateway.store.read(&caller.principal).await?;
    let run = tx.run(id).await?.ok_or_else(|| ApiError::not_found("agent"))?;
    let from = time_of(&run, after);
    let happened = tx.timeline(id, from, rows + limits::TIMELINE_SAME_TIME_MAX).await?;
    let wanted = numbered(&run, from, happened).into_iter().filter(|event| event.seq > after).take(rows as usize);
    Ok(Answer(page(wanted.collect(), rows, |event| event.seq.to_string(), |event| event)))
}

/// The beginning of the microsecond that this number belongs to. The first one reaches back for ever, because a clock that was set
/// back may have given a row an earlier time than the turn's.
fn time_of(run: &Run, seq: i64) -> DateTime<Utc> {
    let micros = (seq - 1).max(0) / SEQS;
    let time = run.started_at.checked_add_signed(TimeDelta::microseconds(micros)).unwrap_or(DateTime::<Utc>::MAX_UTC);
    if micros == 0 { DateTime::UNIX_EPOCH } else { time.min(run.started_at + TimeDelta::days(36_500)) }
}

/// Everything from that time on, with its number: by its time, and within a microsecond by its turn. So a number does not depend on
/// what else is known, and what is written late changes no other.
fn numbered(run: &Run, from: DateTime<Utc>, happened: Vec<Happened>) -> Vec<AgentEvent> {
    let begin = AgentEventBody::Status { status: AgentStatus::Running, reason: None };
    let mut all: Vec<(DateTime<Utc>, AgentEventBody)> = vec![(run.started_at, begin)];
    all.extend(happened.into_iter().map(|one| (one.at, body(one.what))));
    if let (Some(at), true) = (run.ended_at, run.status != RunStatus::Running) {
        all.push((at, AgentEventBody::Status { status: run.status.into(), reason: run.reason.clone() }));
    }
    all.retain(|(at, _)| *at >= from);
    let micros = |at: &DateTime<Utc>| (*at - run.started_at).num_microseconds().unwrap_or(i64::MAX / SEQS - 1).max(0);
    all.sort_by_key(|(at, _)| micros(at));
    let mut last = 0;
    let number = |(at, body): (DateTime<Utc>, AgentEventBody)| {
        last = (micros(&at) * SEQS + 1).max(last + 1);
        AgentEvent { seq: last, at, body }
    };
    all.into_iter().map(number).collect()
}

fn body(what: Happening) -> AgentEventBody {
    match what {
        Happening::Said { message, seq, role, text } => AgentEventBody::Message {
            message_id: message.into(),
            message_seq: seq,
            role: role.into(),
            text: text.chars().take(limits::TIMELINE_TEXT_CHARS_MAX).collect(),
        },
        Happening::CallBegan { call, name, plugin, plugin_version, decision } => {
            AgentEventBody::ToolStarted { call_id: call.into(), name, plugin, plugin_version, decision }
        }
        Happening::CallEnded { call, name, outcome, is_error, duration_ms, artifact } => {
            let artifact_id = artifact.map(Into::into);
            AgentEventBody::ToolEnded { call_id: call.into(), name, is_error, outcome, duration_ms, artifact_id }
        }
        Happening::Asked { request, call, tool, operation, subject, reason } => {
            AgentEventBody::PermissionAsked { request_id: request.into(), call_id: call.into(), tool, operation, subject, reason }
        }
        Happening::Resolved { request, call, status } => AgentEventBody::PermissionResolved {
            request_id: request.into(),
            call_id: call.into(),
            answer: word(status).to_owned(),
        },
        Happening::Paid { model, provider, input_tokens, output_tokens, cost_usd, kind, latency_ms, retries } => {
            let counted = kind.as_str().to_owned();
            AgentEventBody::Cost { model, provider, input_tokens, output_tokens, cost_usd, counted, latency_ms, retries }
        }
    }
}

const fn word(status: RequestStatus) -> &'static str {
    match status {
        RequestStatus::Pending => "pending",
        RequestStatus::Answered(answer) => answer.as_str(),
        RequestStatus::Expired => "expired",
    }
}

#[cfg(test)]
mod tests {
    use octi_domain::ids::SessionId;
    use octi_domain::message::Role;
    use octi_domain::run::Usage;
    use uuid::Uuid;

    use super::*;

    fn at(micros: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap() + TimeDelta::microseconds(micros)
    }

    fn run(ended_at: Option<i64>) -> Run {
        Run {
            id: RunId::from(Uuid::nil()),
            session_id: SessionId::from(Uuid::nil()),
            user_id: Uuid::nil().into(),
            role: "general".to_owned(),
            model: "demo".to_owned(),
            status: if ended_at.is_some() { RunStatus::Completed } else { RunStatus::Running },
            reason: None,
            iterations: 1,
            usage: Usage::default(),
            skills: Vec::new(),
            started_at: at(0),
            ended_at: ended_at.map(at),
        }
    }

    fn said(micros: i64) -> Happened {
        let what = Happening::Said { message: Uuid::nil().into(), seq: micros, role: Role::User, text: "é".repeat(3_000) };
        Happened { at: at(micros), what }
    }

    fn seqs(events: &[AgentEvent]) -> Vec<i64> {
        events.iter().map(|event| event.seq).collect()
    }

    #[test]
    fn what_is_written_late_changes_no_number() {
        let early = numbered(&run(None), DateTime::UNIX_EPOCH, vec![said(0), said(5), said(9)]);
        assert_eq!(seqs(&early), [1, 2, 5 * SEQS + 1, 9 * SEQS + 1]);
        let late = numbered(&run(Some(9)), DateTime::UNIX_EPOCH, vec![said(0), said(5), said(7), said(9)]);
        assert_eq!(seqs(&late), [1, 2, 5 * SEQS + 1, 7 * SEQS + 1, 9 * SEQS + 1, 9 * SEQS + 2]);
    }

    #[test]
    fn a_page_begins_with_the_microsecond_of_the_place_it_follows() {
        let run = run(Some(9));
        for event in numbered(&run, DateTime::UNIX_EPOCH, vec![said(-3), said(0), said(5), said(5), said(9)]) {
            let from = time_of(&run, event.seq);
            let again = numbered(&run, from, [-3, 0, 5, 5, 9].into_iter().filter(|time| at(*time) >= from).map(said).collect());
            assert!(again.contains(&event), "{event:?} in {again:?}");
        }
        assert!(time_of(&run, i64::MAX) > at(9));
    }

    #[test]
    fn a_long_text_is_cut() {
        let events = numbered(&run(None), DateTime::UNIX_EPOCH, vec![said(1)]);
        let AgentEventBody::Message { text, .. } = &events[1].body else { panic!("{events:?}") };
        assert_eq!(text.chars().count(), limits::TIMELINE_TEXT_CHARS_MAX);
    }

    #[test]
    fn more_of_one_microsecond_than_there_are_numbers_is_still_in_order() {
        let count = usize::try_from(SEQS).unwrap() + 10;
        let events = numbered(&run(None), DateTime::UNIX_EPOCH, (0..count).map(|_| said(3)).chain([said(4)]).collect());
        assert!(seqs(&events).is_sorted_by(|one, other| one < other));
    }
}
