//! Files that a person gives with a message.

use octi_agents::{AgentsError, Said, Sent, TurnOptions};
use octi_domain::event::EventKind;
use octi_domain::ids::ArtifactId;
use octi_domain::limits;
use octi_domain::message::{Part, Role};
use octi_domain::run::RunStatus;
use octi_testkit::Answer;
use octi_testkit::agents::TestAgents;
use octi_testkit::on_both;

async fn attach(test: &TestAgents, name: &str, media_type: &str, content: &[u8]) -> ArtifactId {
    let kept = test.agents.attach(&test.principal, test.session, (name, Some(media_type)), content).await;
    kept.expect("the file is kept").id
}

async fn say(test: &TestAgents, text: &str, attachments: Vec<ArtifactId>) -> Result<Sent, AgentsError> {
    let said = Said { text: text.to_owned(), attachments };
    test.agents.send(&test.principal, test.session, said, TurnOptions::default()).await
}

on_both! {
    async fn a_file_is_stored_told_and_read_by_the_model(db) {
        let test = TestAgents::answering([Answer::text("It greets."), Answer::text("Still does.")]).start(&db.store).await;
        let notes = attach(&test, "docs/notes.md", "text/markdown", b"# Hello").await;
        let picture = attach(&test, "p.png", "image/png", b"\x89PNG").await;
        let archive = attach(&test, "a.zip", "application/zip", b"PK").await;
        let sent = say(&test, "what is this?", vec![notes, picture, archive]).await.unwrap();
        assert_eq!(test.ended(sent.run_id).await.0, RunStatus::Completed);

        let request = test.model.requests().remove(0);
        let names: Vec<_> = request.messages[0].parts.iter().map(|part| match part {
            Part::Attachment(file) => file.name.as_str(),
            Part::Text(text) => text.as_str(),
            other => panic!("{other:?}"),
        }).collect();
        assert_eq!(names, ["notes.md", "p.png", "a.zip", "what is this?"]);
        assert_eq!(&*request.files[&notes], b"# Hello");
        assert_eq!(&*request.files[&picture], b"\x89PNG");
        assert!(!request.files.contains_key(&archive), "nothing can read it");

        let told = test.events.kinds().into_iter().find_map(|kind| match kind {
            EventKind::ChatMessage { role: Role::User, attachments, .. } => Some(attachments),
            _ => None,
        });
        assert_eq!(told.expect("a message").len(), 3);
        let message = test.messages().await.remove(0);
        assert_eq!(message.parts.len(), 4);
        assert_eq!(message.parts, request.messages[0].parts);

        test.chat("and now?").await;
        assert!(test.model.requests()[1].files.contains_key(&notes), "later turns can still read it");
    }

    async fn a_file_alone_is_a_message_and_names_the_conversation(db) {
        let test = TestAgents::answering([Answer::text("A table.")]).start(&db.store).await;
        let table = attach(&test, "table.csv", "text/csv", b"a,b\n1,2").await;
        let sent = say(&test, "", vec![table]).await.unwrap();
        test.ended(sent.run_id).await;
        let mut tx = test.store.read(&test.principal).await.unwrap();
        assert_eq!(tx.session(test.session).await.unwrap().unwrap().title.as_deref(), Some("table.csv"));
        drop(tx);
        assert_eq!(test.messages().await[0].parts.len(), 1);
    }

    async fn a_file_of_another_conversation_or_too_many_are_refused_before_anything_is_stored(db) {
        let test = TestAgents::answering([]).start(&db.store).await;
        let other = TestAgents::answering([]).start(&db.store).await;
        let theirs = attach(&other, "a.txt", "text/plain", b"secret").await;
        let refused = say(&test, "read it", vec![theirs]).await;
        assert!(matches!(refused, Err(AgentsError::AttachmentNotFound { index: 0 })), "{refused:?}");
        let own = attach(&test, "a.txt", "text/plain", b"x").await;
        let refused = say(&test, "read", vec![own; limits::ATTACHMENTS_PER_MESSAGE_MAX + 1]).await;
        assert!(matches!(refused, Err(AgentsError::AttachmentsTooMany { count: 11 })), "{refused:?}");
        assert!(test.messages().await.is_empty());
    }

    async fn only_the_newest_files_that_fit_go_along(db) {
        let test = TestAgents::answering([Answer::text("ok")]).start(&db.store).await;
        let big = vec![0; limits::ATTACHMENT_BYTES_MAX];
        let mut pictures = Vec::new();
        for name in ["1.png", "2.png", "3.png"] {
            pictures.push(attach(&test, name, "image/png", &big).await);
        }
        let sent = say(&test, "compare", pictures.clone()).await.unwrap();
        test.ended(sent.run_id).await;
        let files = test.model.requests().remove(0).files;
        assert!(!files.contains_key(&pictures[0]) && files.contains_key(&pictures[1]) && files.contains_key(&pictures[2]));
    }

    async fn the_size_of_a_file_and_of_all_files_is_bounded(db) {
        let test = TestAgents::answering([]).start(&db.store).await;
        let large = vec![0; limits::ATTACHMENT_BYTES_MAX + 1];
        let refused = test.agents.attach(&test.principal, test.session, ("a.bin", None), &large).await;
        assert!(matches!(refused, Err(AgentsError::AttachmentTooLarge { .. })), "{refused:?}");
        let full = &large[1..];
        for _ in 0..limits::SESSION_FILES_BYTES_MAX / i64::try_from(full.len()).unwrap() {
            test.agents.attach(&test.principal, test.session, ("a.bin", None), full).await.expect("there is room");
        }
        let refused = test.agents.attach(&test.principal, test.session, ("a.bin", None), b"x").await;
        assert!(matches!(refused, Err(AgentsError::SessionFull)), "{refused:?}");
    }
}
