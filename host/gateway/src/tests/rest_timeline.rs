//! The timeline of a turn.

use octi_client::api::error::ErrorCode;
use octi_client::api::frames::Scope;
use octi_client::api::v1::agents::{AgentEvent, AgentEventBody, AgentEventQuery, AgentQuery, AgentStatus};
use octi_client::api::v1::messages::Role;
use octi_client::api::v1::permissions::Respond;
use octi_models::scripted::Answer;
use serde_json::json;

use super::host::{Person, host_on, until};

/// A word for each event.
fn told(events: &[AgentEvent]) -> Vec<String> {
    let word = |body: &AgentEventBody| match body {
        AgentEventBody::Status { status, .. } => format!("status {status:?}"),
        AgentEventBody::Message { role, text, .. } => format!("{role:?}: {text}"),
        AgentEventBody::ToolStarted { name, .. } => format!("{name} started"),
        AgentEventBody::ToolEnded { name, is_error, .. } => format!("{name} ended, {is_error}"),
        AgentEventBody::PermissionAsked { tool, operation, .. } => format!("may {tool}.{operation} run"),
        AgentEventBody::PermissionResolved { answer, .. } => answer.clone(),
        AgentEventBody::Cost { model, .. } => format!("cost of {model}"),
    };
    events.iter().map(|event| word(&event.body)).collect()
}

/// Every event, read page by page.
async fn read(person: &Person, agent: uuid::Uuid, limit: u32) -> Vec<AgentEvent> {
    let mut all = Vec::new();
    let mut query = AgentEventQuery { after: None, limit: Some(limit) };
    loop {
        let page = person.client.list_agent_events(agent.into(), &query).await.unwrap();
        all.extend(page.items);
        match page.next {
            Some(next) => query.after = Some(next.parse().unwrap()),
            None => return all,
        }
    }
}

octi_testkit::on_both! {
    async fn a_turn_with_a_question_is_told_from_its_beginning_to_its_end(db) {
        let write = Answer::calls([("c1", "notes__write", json!({"text": "x"}))]);
        let host = host_on(db, [write, Answer::text("Done.")]).await;
        let (ann, bob) = (host.person("ann").await, host.person("bob").await);
        let session = ann.session().await;
        let mut socket = ann.listen(&["agent.*", "permission.*"]).await;
        ann.chat(&mut socket, session, "write").await;
        until(&mut socket, "permission.request").await;
        let agent = ann.client.list_agents(&AgentQuery::default()).await.unwrap().items.remove(0);
        let waiting = read(&ann, agent.id, 200).await;
        assert_eq!(told(&waiting).last().map(String::as_str), Some("may notes.write run"), "{waiting:?}");

        let question = ann.client.pending_requests().await.unwrap().items.remove(0);
        ann.client.respond(question.id.into(), Respond { approved: true, scope: Scope::Once }).await.unwrap();
        until(&mut socket, "agent.completed").await;
        let all = read(&ann, agent.id, 200).await;
        assert_eq!(all[..waiting.len()], waiting, "what was told once keeps its place and its number");
        let words = told(&all);
        let place = |word: &str| words.iter().position(|told| told == word).unwrap_or_else(|| panic!("{word} in {words:?}"));
        let order = [
            "status Running",
            "User: write",
            "may notes.write run",
            "once",
            "notes__write started",
            "notes__write ended, false",
            "Assistant: Done.",
            "status Completed",
        ];
        assert!(order.map(place).is_sorted(), "{words:?}");
        assert_eq!((place(order[0]), place(order[7])), (0, all.len() - 1));
        assert_eq!(words.iter().filter(|word| word.starts_with("cost of")).count(), 2, "{words:?}");
        assert!(all.is_sorted_by(|one, other| one.seq < other.seq && one.at <= other.at));
        assert!(all.iter().any(|event| matches!(event.body, AgentEventBody::Message { role: Role::Tool, .. })));

        for limit in [1, 2, 3] {
            assert_eq!(read(&ann, agent.id, limit).await, all, "{limit} at a time");
        }
        let beyond = AgentEventQuery { after: Some(i64::MAX), limit: None };
        assert!(ann.client.list_agent_events(agent.id.into(), &beyond).await.unwrap().items.is_empty());
        let below = AgentEventQuery { after: Some(-1), limit: None };
        let refused = ann.client.list_agent_events(agent.id.into(), &below).await.unwrap_err();
        assert_eq!(refused.code(), Some(ErrorCode::InvalidField));
        let foreign = bob.client.list_agent_events(agent.id.into(), &AgentEventQuery::default()).await.unwrap_err();
        assert_eq!(foreign.code(), Some(ErrorCode::AgentNotFound));
    }

    async fn a_turn_that_was_stopped_says_so_at_its_end(db) {
        let write = Answer::calls([("c1", "notes__write", json!({"text": "x"}))]);
        let host = host_on(db, [write]).await;
        let ann = host.person("ann").await;
        let session = ann.session().await;
        let mut socket = ann.listen(&["agent.*", "permission.*"]).await;
        ann.chat(&mut socket, session, "write").await;
        until(&mut socket, "permission.request").await;
        let agent = ann.client.list_agents(&AgentQuery::default()).await.unwrap().items.remove(0);
        assert!(ann.client.stop_agent(agent.id.into()).await.unwrap());
        until(&mut socket, "agent.stopped").await;
        let all = read(&ann, agent.id, 200).await;
        assert!(told(&all).contains(&"expired".to_owned()), "{all:?}");
        let end = &all.last().unwrap().body;
        assert!(matches!(end, AgentEventBody::Status { status: AgentStatus::Stopped, .. }), "{all:?}");
    }
}
