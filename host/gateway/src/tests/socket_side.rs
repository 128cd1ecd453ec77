//! The WebSocket: questions beside a conversation.

use octi_client::Socket;
use octi_client::api::event::{ChatMessage, EventBody};
use octi_client::api::frames::{ErrorFrame, ServerFrame};
use octi_client::api::v1::messages::Role;
use octi_domain::limits;
use octi_models::ModelError;
use octi_models::scripted::Answer;

use super::host::{host, host_on, next, until};

/// The next message that is told.
async fn told(socket: &mut Socket) -> ChatMessage {
    match until(socket, "chat.message").await.pop() {
        Some(ServerFrame::Event { event }) => match event.body {
            EventBody::ChatMessage(message) => message,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

async fn refused(socket: &mut Socket) -> ErrorFrame {
    loop {
        if let ServerFrame::Error(error) = next(socket).await {
            return error;
        }
    }
}

octi_testkit::on_both! {
    async fn a_side_question_is_told_on_every_screen_and_kept_nowhere(db) {
        let busy = ModelError::Overloaded("busy".into());
        let host = host_on(db, [Answer::text("blue").blocked(), Answer::text("The sky is."), Answer::refuse(busy)]).await;
        let ann = host.person("ann").await;
        let session = ann.session().await;
        let (mut socket, mut other_screen) = (ann.listen(&["*"]).await, ann.listen(&["chat.message"]).await);
        ann.chat(&mut socket, session, "a colour?").await;
        host.model.until_blocked(1).await;
        assert_eq!(told(&mut socket).await.text, "a colour?");
        socket.interject(session, "what is blue?").await.unwrap();

        let question = told(&mut socket).await;
        assert_eq!((question.role, question.text.as_str(), question.side_channel), (Role::User, "what is blue?", true));
        let answer = told(&mut socket).await;
        assert_eq!((answer.role, answer.text.as_str(), answer.side_channel), (Role::Assistant, "The sky is.", true));
        assert_eq!((answer.answers, answer.agent_id, question.answers), (Some(question.message_id), None, None));
        let seen = [told(&mut other_screen).await, told(&mut other_screen).await, told(&mut other_screen).await];
        assert_eq!(seen[1..], [question.clone(), answer.clone()]);

        host.model.release();
        until(&mut socket, "agent.completed").await;
        socket.interject(session, "and green?").await.unwrap();
        let question = told(&mut socket).await;
        let failure = told(&mut socket).await;
        assert_eq!((failure.role, failure.answers), (Role::System, Some(question.message_id)));
        assert!(failure.text.contains("busy"), "{}", failure.text);

        let stored = ann.client.list_messages(session, &Default::default()).await.unwrap().items;
        assert_eq!(stored.len(), 2, "{stored:?}");
        // Whoever comes back hears of them like of everything else that happened.
        let missed = socket.replay(session, None).await.unwrap().events;
        let beside = missed.iter().filter(|event| matches!(&event.body, EventBody::ChatMessage(told) if told.side_channel));
        assert_eq!(beside.count(), 4);
    }
}

#[tokio::test]
async fn side_questions_have_their_bounds_and_stay_with_their_person() {
    let host = host((0..limits::SIDE_CALLS_PER_USER_MAX).map(|_| Answer::text("late").blocked())).await;
    let (ann, bob) = (host.person("ann").await, host.person("bob").await);
    let session = ann.session().await;
    let mut socket = ann.listen(&["chat.message"]).await;
    socket.interject(session, "x".repeat(limits::SIDE_QUESTION_BYTES_MAX + 1)).await.unwrap();
    let error = refused(&mut socket).await;
    assert_eq!(error.path.as_deref(), Some("content"));
    for _ in 0..limits::SIDE_CALLS_PER_USER_MAX {
        socket.interject(session, "think").await.unwrap();
    }
    host.model.until_blocked(limits::SIDE_CALLS_PER_USER_MAX).await;
    socket.interject(session, "one more").await.unwrap();
    let error = refused(&mut socket).await;
    assert!(error.message.contains("of yours are under way"), "{}", error.message);

    let mut stranger = bob.listen(&["*"]).await;
    stranger.interject(session, "what does she say?").await.unwrap();
    assert_eq!(refused(&mut stranger).await.code, "SESSION_NOT_FOUND");
    assert_eq!(host.model.requests().len(), limits::SIDE_CALLS_PER_USER_MAX);
}
