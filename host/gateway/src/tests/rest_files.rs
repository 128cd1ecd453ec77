//! Files that are given with a message, by REST and in frames.

use octi_api::error::ErrorCode;
use octi_api::v1::messages::{MessageQuery, Part, SendMessage};
use octi_api::v1::search::SearchQuery;
use octi_client::ClientError;
use octi_client::api::event::EventBody;
use octi_client::api::frames::{ChatSend, ClientFrame, InlineFile, ServerFrame};
use octi_domain::limits;
use octi_domain::message::Part as Said;
use octi_models::scripted::Answer;
use uuid::Uuid;

use super::host::{host, host_on, kind_of, next, until};

fn refused(result: Result<impl std::fmt::Debug, ClientError>) -> (ErrorCode, Option<String>) {
    match result.unwrap_err() {
        ClientError::Server { code: Some(code), path, .. } => (code, path),
        other => panic!("no error of the server: {other:?}"),
    }
}

octi_testkit::on_both! {
    async fn a_file_is_uploaded_named_by_a_message_and_fetched_again(db) {
        let host = host_on(db, [Answer::text("Greetings.")]).await;
        let ann = host.person("ann").await;
        let session = ann.session().await;
        let kept = ann.client.attach(session, "C:\\tmp\\grüße.md", Some("text/markdown"), b"# Hi".to_vec()).await.unwrap();
        assert_eq!((kept.name.as_str(), kept.media_type.as_str(), kept.bytes), ("grüße.md", "text/markdown", 4));

        let mut socket = ann.listen(&["*"]).await;
        let message = SendMessage { content: "read it".to_owned(), file_refs: vec![kept.id], ..SendMessage::default() };
        let sent = ann.client.send_message(session, &message).await.unwrap();
        assert!(!sent.injected);
        let frames = until(&mut socket, "agent.completed").await;
        let told = frames.iter().find_map(|frame| match frame {
            ServerFrame::Event { event } => match &event.body {
                EventBody::ChatMessage(message) => Some(message.clone()),
                _ => None,
            },
            _ => None,
        });
        let told = told.expect("the message is told");
        assert_eq!((told.message_id, told.attachments[0].artifact_id), (sent.message_id, kept.id));

        let files = host.model.requests().remove(0).files;
        assert_eq!(files.values().map(|content| content.to_vec()).collect::<Vec<_>>(), [b"# Hi".to_vec()]);
        let stored = ann.client.list_messages(session, &MessageQuery::default()).await.unwrap().items.remove(0);
        assert!(matches!(&stored.parts[0], Part::Attachment(file) if file.name == "grüße.md"), "{stored:?}");

        #[expect(clippy::disallowed_methods, reason = "the test talks to its own server")]
        let http = reqwest::Client::builder().build().unwrap();
        let raw = host.url.join(&format!("/api/artifacts/{}/raw", kept.id)).unwrap();
        let raw = http.get(raw).bearer_auth(&ann.token).send().await.unwrap();
        assert_eq!(raw.headers()["content-disposition"], "attachment; filename*=UTF-8''gr%C3%BC%C3%9Fe%2Emd");
        assert_eq!(raw.bytes().await.unwrap().as_ref(), b"# Hi");
    }
}

#[tokio::test]
async fn a_small_file_comes_inside_a_frame() {
    let host = host([Answer::text("Two columns.")]).await;
    let ann = host.person("ann").await;
    let session = ann.session().await;
    let mut socket = ann.listen(&["*"]).await;
    let file = InlineFile { name: "t.csv".to_owned(), media_type: Some("text/csv".to_owned()), data: "YSxi".to_owned() };
    let chat = ChatSend { attachments: vec![file.clone()], ..ChatSend::new(session.as_uuid(), "") };
    socket.send(&ClientFrame::ChatSend(chat)).await.unwrap();
    until(&mut socket, "agent.completed").await;
    let request = host.model.requests().remove(0);
    assert!(matches!(&request.messages[0].parts[..], [Said::Attachment(file)] if file.name == "t.csv"), "{request:?}");

    let broken = InlineFile { data: "%%%".to_owned(), ..file.clone() };
    let chat = ChatSend { attachments: vec![file, broken], ..ChatSend::new(session.as_uuid(), "again") };
    socket.send(&ClientFrame::ChatSend(chat)).await.unwrap();
    let frame = next(&mut socket).await;
    assert_eq!(kind_of(&frame), "error");
    assert!(format!("{frame:?}").contains("attachments[1].data"), "{frame:?}");
    assert_eq!(ann.client.list_artifacts(session, &Default::default()).await.unwrap().items.len(), 1, "nothing of it was kept");

    for (model, file_refs) in [(Some("nobody"), Vec::new()), (None, vec![Uuid::nil()])] {
        let file = InlineFile { name: "t.csv".to_owned(), media_type: None, data: "YSxi".to_owned() };
        let model = model.map(str::to_owned);
        let chat = ChatSend { attachments: vec![file], file_refs, model, ..ChatSend::new(session.as_uuid(), "again") };
        socket.send(&ClientFrame::ChatSend(chat)).await.unwrap();
        assert_eq!(kind_of(&next(&mut socket).await), "error");
    }
    assert_eq!(
        ann.client.list_artifacts(session, &Default::default()).await.unwrap().items.len(),
        1,
        "a refused message leaves no files behind"
    );
}

#[tokio::test]
async fn what_cannot_be_taken_is_refused_by_its_field() {
    let host = host([]).await;
    let (ann, bob) = (host.person("ann").await, host.person("bob").await);
    let session = ann.session().await;
    let upload = |name: &'static str, bytes: usize| ann.client.attach(session, name, None, vec![0; bytes]);
    assert_eq!(refused(upload("..", 1).await), (ErrorCode::InvalidField, Some("name".to_owned())));
    assert_eq!(refused(upload("a", limits::ATTACHMENT_BYTES_MAX + 1).await).0, ErrorCode::TooLarge);
    let kept = upload("a", limits::ATTACHMENT_BYTES_MAX).await.unwrap();
    assert_eq!(kept.media_type, "application/octet-stream");
    assert_eq!(refused(bob.client.attach(session, "a", None, vec![1]).await).0, ErrorCode::SessionNotFound);

    let theirs = bob.session().await;
    for (session, person, file_refs, field) in [
        (session, &ann, vec![kept.id, Uuid::nil()], "fileRefs[1]"),
        (session, &ann, vec![kept.id; limits::ATTACHMENTS_PER_MESSAGE_MAX + 1], "fileRefs"),
        (theirs, &bob, vec![kept.id], "fileRefs[0]"),
        (session, &ann, vec![], "content"),
    ] {
        let message = SendMessage { file_refs, ..SendMessage::default() };
        let sent = person.client.send_message(session, &message).await;
        assert_eq!(refused(sent), (ErrorCode::InvalidField, Some(field.to_owned())));
    }
}

#[tokio::test]
async fn what_was_said_is_found_again_page_by_page() {
    let host = host([Answer::text("The lighthouse stands on the cape."), Answer::text("No idea.")]).await;
    let (ann, bob) = (host.person("ann").await, host.person("bob").await);
    let session = ann.session().await;
    let mut socket = ann.listen(&["agent.*"]).await;
    for text in ["where is the LIGHTHOUSE?", "and who keeps it?"] {
        let message = SendMessage { content: text.to_owned(), ..SendMessage::default() };
        ann.client.send_message(session, &message).await.unwrap();
        until(&mut socket, "agent.completed").await;
    }
    let query = |q: &str, cursor| SearchQuery { q: q.to_owned(), cursor, limit: Some(1) };
    let first = ann.client.search(&query("lighthouse", None)).await.unwrap();
    assert_eq!((first.items[0].seq, first.items[0].session_id), (2, session.as_uuid()));
    assert!(first.items[0].snippet.iter().any(|piece| piece.hit && piece.text == "lighthouse"), "{first:?}");
    let second = ann.client.search(&query("lighthouse", first.next)).await.unwrap();
    assert_eq!(second.items[0].seq, 1);
    assert!(bob.client.search(&query("lighthouse", None)).await.unwrap().items.is_empty());
    for q in ["", "…", &"x".repeat(limits::SEARCH_BYTES_MAX + 1)] {
        let result = ann.client.search(&query(q, None)).await;
        assert_eq!(refused(result), (ErrorCode::InvalidField, Some("q".to_owned())));
    }
}
