//! The commands that are about a session or about the host.

use octi_client::Socket;
use octi_client::api::event::EventBody;
use octi_client::api::frames::{ClientFrame, Command, CommandResult, ErrorFrame, ServerFrame};
use octi_client::api::v1::messages::Role;
use octi_domain::ids::SessionId;
use octi_domain::principal::Principal;
use octi_models::scripted::Answer;
use octi_store::AuditRow;

use super::host::{Host, host, host_on, next, until};

pub(super) async fn command(
    socket: &mut Socket,
    name: &str,
    args: Option<&str>,
    session: Option<SessionId>,
) -> Result<CommandResult, ErrorFrame> {
    let (name, args) = (name.to_owned(), args.map(str::to_owned));
    socket.send(&ClientFrame::Command(Command { name, args, session_id: session.map(SessionId::as_uuid) })).await.unwrap();
    loop {
        match next(socket).await {
            ServerFrame::CommandResult(result) => return Ok(result),
            ServerFrame::Error(error) => return Err(error),
            _ => {}
        }
    }
}

#[tokio::test]
async fn what_a_session_cost_is_what_was_written_down() {
    let host = host([Answer::text("one"), Answer::text("two"), Answer::text("elsewhere")]).await;
    let (ann, bob) = (host.person("ann").await, host.person("bob").await);
    let (session, other) = (ann.session().await, ann.session().await);
    let mut socket = ann.listen(&["agent.completed"]).await;
    for session in [session, session, other] {
        ann.chat(&mut socket, session, "hi").await;
        until(&mut socket, "agent.completed").await;
    }
    let cost = command(&mut socket, "/cost", None, Some(session)).await.unwrap();
    let data = cost.data.unwrap();
    assert_eq!((&data["calls"], &data["inputTokens"], &data["outputTokens"]), (&2.into(), &20.into(), &10.into()), "{data}");
    assert!(cost.result.starts_with("2 model calls: 20 tokens read, 10 written"), "{}", cost.result);
    assert_eq!(command(&mut socket, "cost", None, None).await.unwrap_err().path.as_deref(), Some("sessionId"));
    let mut stranger = bob.client.connect().await.unwrap();
    assert_eq!(command(&mut stranger, "cost", None, Some(session)).await.unwrap_err().code, "SESSION_NOT_FOUND");
}

#[tokio::test]
async fn a_cleared_conversation_is_readable_and_not_recalled() {
    let host = host([Answer::text("hello ann"), Answer::text("who?"), Answer::text("slow").blocked()]).await;
    let (ann, bob) = (host.person("ann").await, host.person("bob").await);
    let session = ann.session().await;
    let mut socket = ann.listen(&["chat.message", "agent.completed"]).await;
    ann.chat(&mut socket, session, "my name is ann").await;
    until(&mut socket, "agent.completed").await;
    let mut other_screen = ann.listen(&["chat.message"]).await;
    assert_eq!(command(&mut socket, "/reset", None, Some(session)).await.unwrap().name, "clear");
    let Some(ServerFrame::Event { event }) = until(&mut other_screen, "chat.message").await.pop() else { panic!("no event") };
    assert!(matches!(&event.body, EventBody::ChatMessage(message) if message.role == Role::System), "{event:?}");

    ann.chat(&mut socket, session, "what is my name?").await;
    until(&mut socket, "agent.completed").await;
    let seen = format!("{:?}", host.model.requests()[1].messages);
    assert!(seen.contains("what is my name?") && !seen.contains("ann") && !seen.contains("cleared"), "{seen}");
    let messages = ann.client.list_messages(session, &Default::default()).await.unwrap().items;
    assert_eq!(messages.iter().filter(|message| message.role == Role::System).count(), 1);
    assert!(format!("{messages:?}").contains("my name is ann"));

    ann.chat(&mut socket, session, "think").await;
    host.model.until_blocked(1).await;
    assert_eq!(command(&mut socket, "/clear", None, Some(session)).await.unwrap_err().code, "CONFLICT");
    host.model.release();
    let mut stranger = bob.client.connect().await.unwrap();
    assert_eq!(command(&mut stranger, "/clear", None, Some(session)).await.unwrap_err().code, "SESSION_NOT_FOUND");
}

/// What was done to plugins, the oldest first.
async fn deeds(host: &Host) -> Vec<AuditRow> {
    host.gateway.audit.flush().await;
    let mut tx = host.gateway.store.read(&Principal::system("test")).await.unwrap();
    let mut rows = tx.list_audit(None, 1_000).await.unwrap();
    rows.retain(|row| row.action.starts_with("plugin"));
    rows.reverse();
    rows
}

#[tokio::test]
async fn only_an_administrator_reloads_and_is_told_that_it_can_be_done() {
    let host = host([]).await;
    let (ann, root) = (host.person("ann").await, host.admin().await);
    let (mut of_ann, mut of_root) = (ann.client.connect().await.unwrap(), root.client.connect().await.unwrap());
    assert_eq!(command(&mut of_ann, "/reload", None, None).await.unwrap_err().code, "FORBIDDEN");
    assert!(!command(&mut of_ann, "help", None, None).await.unwrap().result.contains("reload"));
    assert!(command(&mut of_root, "help", None, None).await.unwrap().result.contains("/reload-extensions"));
    let reloaded = command(&mut of_root, "/reload", None, None).await.unwrap();
    assert_eq!(
        (reloaded.name.as_str(), reloaded.result.as_str()),
        ("reload-extensions", "read every plugin again; 1 is installed")
    );
    command(&mut of_root, "/reload-extensions", Some(" acme/notes "), None).await.unwrap();
    assert_eq!(deeds(&host).await.iter().map(|row| row.user_id).collect::<Vec<_>>(), [Some(root.id), Some(root.id)]);
}

#[tokio::test]
async fn what_changed_in_the_workspace_is_told_by_the_git_tool() {
    let host = host([]).await;
    let (ann, bob) = (host.person("ann").await, host.person("bob").await);
    let session = ann.session().await;
    let mut socket = ann.client.connect().await.unwrap();
    let mut say = async |name: &str, args: Option<&str>| command(&mut socket, name, args, Some(session)).await;
    let diff = say("/diff", None).await.unwrap();
    assert_eq!(diff.result, "a.txt +3 -1\nimage.png (binary)\n2 files, +3 -1");
    assert_eq!(diff.data.unwrap()["files"][0]["added"], 3);
    let changes = say("/changes", Some(" ")).await.unwrap().result;
    assert_eq!(changes, "a.txt: added (staged), modified\nnew.txt: untracked\nb.txt: deleted (staged)\n3 files");
    assert_eq!(say("/changes", Some("b.txt")).await.unwrap().result, "-b", "what is staged is shown when all of it is");
    let large = say("/changes", Some("large.txt")).await.unwrap();
    assert_eq!((large.result.len(), large.data.unwrap()["truncated"] == true), (60_000, true));
    assert_eq!(say("/changes", Some("same.txt")).await.unwrap().result, "`same.txt` has no changes that git follows");
    let refused = say("/changes", Some("../x")).await.unwrap_err();
    assert!(refused.code == "REFUSED" && refused.message.contains("leads out"), "{refused:?}");

    let mut stranger = bob.client.connect().await.unwrap();
    assert_eq!(command(&mut stranger, "/diff", None, Some(session)).await.unwrap_err().code, "SESSION_NOT_FOUND");
}

octi_testkit::on_both! {
    async fn a_compacted_conversation_goes_on_with_its_summary_until_it_is_cleared(db) {
        let turns = (0..11).map(|n| Answer::text(format!("answer {n}")));
        let after = [Answer::text("They talk of dates.").blocked(), Answer::text("so"), Answer::text("who?")];
        let host = host_on(db, turns.chain(after)).await;
        let (ann, bob) = (host.person("ann").await, host.person("bob").await);
        let session = ann.session().await;
        let mut socket = ann.listen(&["agent.completed"]).await;
        assert_eq!(command(&mut socket, "/compact", None, None).await.unwrap_err().path.as_deref(), Some("sessionId"));
        let nothing = command(&mut socket, "/compact", None, Some(session)).await.unwrap_err();
        assert!(nothing.code == "REFUSED" && nothing.message.contains("nothing older"), "{nothing:?}");
        for n in 0..11 {
            ann.chat(&mut socket, session, &format!("question {n} {}", "word ".repeat(500))).await;
            until(&mut socket, "agent.completed").await;
        }
        let mut other_screen = ann.listen(&["chat.message"]).await;
        let (name, args) = ("/compact".to_owned(), Some(" the dates ".to_owned()));
        let asked = Command { name, args, session_id: Some(session.as_uuid()) };
        socket.send(&ClientFrame::Command(asked)).await.unwrap();
        host.model.until_blocked(1).await;
        assert_eq!(command(&mut socket, "/version", None, None).await.unwrap().name, "version", "nothing waits for the summary");
        host.model.release();
        let Some(ServerFrame::CommandResult(done)) = until(&mut socket, "command.result").await.pop() else { panic!("no result") };
        assert_eq!((done.name.as_str(), &done.error), ("compact", &None));
        assert!(done.result.starts_with("Summarised: 2 older messages"), "{}", done.result);
        assert!(done.result.ends_with("\n\nThey talk of dates."), "{}", done.result);
        let data = done.data.unwrap();
        assert_eq!((&data["sessionId"], &data["kept"]), (&session.to_string().into(), &20.into()), "{data}");
        let Some(ServerFrame::Event { event }) = until(&mut other_screen, "chat.message").await.pop() else { panic!("no event") };
        assert!(matches!(&event.body, EventBody::ChatMessage(message) if message.role == Role::System), "{event:?}");

        ann.chat(&mut socket, session, "go on").await;
        until(&mut socket, "agent.completed").await;
        let requests = host.model.requests();
        let (asked, seen) = (format!("{:?}", requests[11].messages), format!("{:?}", requests[12].messages));
        assert!(asked.contains("question 0") && asked.contains("above all: the dates"), "{asked}");
        assert!(seen.contains("They talk of dates.") && seen.contains("question 1 ") && !seen.contains("question 0 "), "{seen}");
        let stored = ann.client.list_messages(session, &Default::default()).await.unwrap().items;
        assert!(format!("{stored:?}").contains("question 0 "), "everything stays readable");

        command(&mut socket, "/clear", None, Some(session)).await.unwrap();
        ann.chat(&mut socket, session, "what was it about?").await;
        until(&mut socket, "agent.completed").await;
        assert!(!format!("{:?}", host.model.requests()[13].messages).contains("dates"));
        let mut stranger = bob.client.connect().await.unwrap();
        assert_eq!(command(&mut stranger, "/compact", None, Some(session)).await.unwrap_err().code, "SESSION_NOT_FOUND");
    }
}

#[tokio::test]
async fn a_summary_that_fails_says_why_and_to_which_session() {
    let turns = (0..11).map(|n| Answer::text(format!("answer {n}")));
    let host = host(turns.chain([Answer::text(" ")])).await;
    let ann = host.person("ann").await;
    let session = ann.session().await;
    let mut socket = ann.listen(&["agent.completed"]).await;
    for n in 0..11 {
        ann.chat(&mut socket, session, &format!("question {n} {}", "word ".repeat(500))).await;
        until(&mut socket, "agent.completed").await;
    }
    let failed = command(&mut socket, "/compact", None, Some(session)).await.unwrap();
    assert!(failed.error.as_ref().is_some_and(|why| why.contains("the model answered nothing")), "{failed:?}");
    assert_eq!(failed.data.unwrap()["sessionId"], session.to_string());
}
