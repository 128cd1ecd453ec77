//! Lists: their filters, and pages that meet without gap or overlap.

use octi_client::ClientError;
use octi_client::api::error::ErrorCode;
use octi_client::api::page::PageQuery;
use octi_client::api::v1::agents::{AgentQuery, AgentStatus};
use octi_client::api::v1::auth::CreateToken;
use octi_client::api::v1::sessions::{CreateSession, PatchSession, SessionQuery, SessionStatus};
use octi_domain::limits;
use octi_models::scripted::Answer;

use super::host::{host_on, until};

fn code<T: std::fmt::Debug>(result: Result<T, ClientError>) -> ErrorCode {
    result.unwrap_err().code().unwrap()
}

octi_testkit::on_both! {
    async fn turns_are_found_by_session_status_and_time_page_by_page(db) {
        let host = host_on(db, (0..5).map(|_| Answer::text("hello"))).await;
        let (ann, bob) = (host.person("ann").await, host.person("bob").await);
        let (session, other) = (ann.session().await, ann.session().await);
        let mut socket = ann.listen(&["agent.*"]).await;
        for place in [session, other, session, other, session] {
            ann.chat(&mut socket, place, "hi").await;
            until(&mut socket, "agent.completed").await;
        }
        let whole = ann.client.list_agents(&AgentQuery::default()).await.unwrap();
        assert_eq!((whole.items.len(), whole.next), (5, None));
        let mut query = AgentQuery { limit: Some(2), ..AgentQuery::default() };
        let mut seen = Vec::new();
        loop {
            let page = ann.client.list_agents(&query).await.unwrap();
            assert!(page.items.len() <= 2);
            seen.extend(page.items);
            query.cursor = page.next;
            if query.cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen, whole.items);

        let found = async |query: AgentQuery| ann.client.list_agents(&query).await.unwrap().items;
        let of_session = AgentQuery { session_id: Some(session.as_uuid()), ..AgentQuery::default() };
        assert_eq!(found(of_session.clone()).await.len(), 3);
        assert_eq!(found(AgentQuery { status: Some(AgentStatus::Completed), ..of_session.clone() }).await.len(), 3);
        assert!(found(AgentQuery { status: Some(AgentStatus::Running), ..of_session.clone() }).await.is_empty());
        let since = Some(seen[1].started_at);
        assert_eq!(found(AgentQuery { since, ..AgentQuery::default() }).await, seen[..2]);
        assert_eq!(found(AgentQuery { since, ..of_session }).await, seen[..1]);
        let wrong = AgentQuery { cursor: Some("yesterday".to_owned()), ..AgentQuery::default() };
        assert_eq!(code(ann.client.list_agents(&wrong).await), ErrorCode::InvalidField);
        assert!(bob.client.list_agents(&AgentQuery::default()).await.unwrap().items.is_empty());
    }

    async fn sessions_are_found_by_status_and_title(db) {
        let host = host_on(db, []).await;
        let (ann, bob) = (host.person("ann").await, host.person("bob").await);
        for title in ["Trip to Rome", "Trip to Oslo", "Shopping"] {
            ann.client.create_session(&CreateSession { title: Some(title.to_owned()), ..Default::default() }).await.unwrap();
        }
        let titled = |title: &str| SessionQuery { title: Some(title.to_owned()), ..SessionQuery::default() };
        let trips = ann.client.find_sessions(&titled("trip")).await.unwrap().items;
        assert_eq!(trips.iter().filter_map(|session| session.title.as_deref()).collect::<Vec<_>>(), ["Trip to Oslo", "Trip to Rome"]);
        let done = PatchSession { status: Some(SessionStatus::Completed), ..Default::default() };
        ann.client.patch_session(trips[0].id.into(), &done).await.unwrap();
        let active = SessionQuery { status: Some(SessionStatus::Active), ..titled("trip") };
        let found = ann.client.find_sessions(&active).await.unwrap().items;
        assert_eq!(found.iter().map(|session| session.id).collect::<Vec<_>>(), [trips[1].id]);
        assert!(bob.client.find_sessions(&titled("trip")).await.unwrap().items.is_empty());
        let long = titled(&"x".repeat(limits::TITLE_CHARS_MAX + 1));
        assert_eq!(code(ann.client.find_sessions(&long).await), ErrorCode::InvalidField);
    }

    async fn tokens_and_files_of_a_session_are_read_page_by_page(db) {
        let host = host_on(db, []).await;
        let ann = host.person("ann").await;
        let session = ann.session().await;
        let (mut tokens, mut files) = (Vec::new(), Vec::new());
        for number in 0..3 {
            let name = format!("{number}.txt");
            tokens.insert(0, ann.client.create_token(&CreateToken { name: name.clone(), ..CreateToken::default() }).await.unwrap().token.id);
            files.push(ann.client.attach(session, &name, None, vec![b'x']).await.unwrap().id);
        }
        let first = PageQuery { limit: Some(2), cursor: None };
        let page = ann.client.page_of_tokens(&first).await.unwrap();
        assert_eq!(page.items.iter().map(|token| token.id).collect::<Vec<_>>(), tokens[..2]);
        let page = ann.client.page_of_tokens(&PageQuery { cursor: page.next, ..first.clone() }).await.unwrap();
        assert_eq!((page.items.len(), page.items[0].id), (2, tokens[2]), "and the one the person signed in with");
        assert_eq!(ann.client.list_tokens().await.unwrap().items.len(), 4, "the client reads every page");

        let page = ann.client.list_artifacts(session, &first).await.unwrap();
        assert_eq!(page.items.iter().map(|file| file.id).collect::<Vec<_>>(), files[..2]);
        let page = ann.client.list_artifacts(session, &PageQuery { cursor: page.next, ..first }).await.unwrap();
        assert_eq!((page.items.len(), page.items[0].id, page.next), (1, files[2], None));
    }
}
