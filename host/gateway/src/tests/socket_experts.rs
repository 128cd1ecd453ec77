//! `/expert` and `/persona`: who answers, and how.

use octi_domain::limits;
use octi_models::scripted::Answer;
use serde_json::json;

use super::host::{Host, host, host_on, until};
use super::socket_commands::command;

/// The system prompts of everything that was asked.
fn systems(host: &Host) -> Vec<String> {
    host.model.requests().into_iter().map(|asked| asked.system).collect()
}

octi_testkit::on_both! {
    async fn an_expert_answers_from_the_next_message_on(db) {
        let host = host_on(db, ["one", "two", "three"].map(Answer::text)).await;
        let (ann, bob) = (host.person("ann").await, host.person("bob").await);
        let (session, other) = (ann.session().await, ann.session().await);
        let mut socket = ann.listen(&["agent.completed"]).await;
        let listed = command(&mut socket, "/expert", None, Some(session)).await.unwrap();
        assert_eq!(listed.result, "code-reviewer: reads changes\ngeneral (answers now): anything");
        assert_eq!(listed.data.unwrap()["isDefault"], true);

        let chosen = command(&mut socket, "/e", Some(" Code  Reviewer "), Some(session)).await.unwrap();
        assert_eq!((chosen.name.as_str(), chosen.data.unwrap()), ("expert", json!({"role": "code-reviewer", "isDefault": false})));
        for name in ["nobody", "code-reviewer!"] {
            let unknown = command(&mut socket, "expert", Some(name), Some(session)).await.unwrap_err();
            assert_eq!(unknown.path.as_deref(), Some("args"));
            assert!(unknown.message.contains("nothing changed") && unknown.message.contains("`code-reviewer`"), "{unknown:?}");
        }
        let mut stranger = bob.client.connect().await.unwrap();
        for args in [None, Some("general"), Some("reset")] {
            let refused = command(&mut stranger, "expert", args, Some(session)).await.unwrap_err();
            assert_eq!(refused.code, "SESSION_NOT_FOUND");
        }
        assert_eq!(command(&mut socket, "expert", Some("general"), None).await.unwrap_err().path.as_deref(), Some("sessionId"));

        let status = command(&mut socket, "status", None, Some(session)).await.unwrap();
        assert!(status.result.ends_with("0 messages; `code-reviewer` answers"), "{}", status.result);

        for session in [session, other] {
            ann.chat(&mut socket, session, "hi").await;
            until(&mut socket, "agent.completed").await;
        }
        let listed = command(&mut socket, "expert", None, Some(session)).await.unwrap().result;
        assert!(listed.starts_with("code-reviewer (answers now)"), "{listed}");
        let reset = command(&mut socket, "expert", Some("RESET"), Some(session)).await.unwrap();
        assert_eq!(reset.result, "`general` answers again from the next message on");
        ann.chat(&mut socket, session, "hi").await;
        until(&mut socket, "agent.completed").await;
        let answered: Vec<bool> = systems(&host).iter().map(|system| system.contains("code-reviewer")).collect();
        assert_eq!(answered, [true, false, false], "{:?}", systems(&host));
    }
}

#[tokio::test]
async fn a_persona_is_told_to_every_session_of_its_person() {
    let host = host(["one", "two", "three"].map(Answer::text)).await;
    let (ann, bob) = (host.person("ann").await, host.person("bob").await);
    let mut socket = ann.listen(&["agent.completed"]).await;
    let empty = command(&mut socket, "/persona", None, None).await.unwrap();
    assert!(empty.result.starts_with("nothing is kept; write `/persona`"), "{}", empty.result);
    for args in ["name Jarvis", "tone dry, short", "add I live in Rome", "add I write Rust", "forget 1"] {
        command(&mut socket, "persona", Some(args), None).await.unwrap();
    }
    let kept = command(&mut socket, "persona", None, None).await.unwrap();
    assert_eq!(kept.result, "name: Jarvis\ntone: dry, short\n1. I write Rust");
    assert_eq!(kept.data.unwrap(), json!({"name": "Jarvis", "tone": "dry, short", "facts": ["I write Rust"]}));
    for args in ["forget 7", "dance", &format!("tone {}", "x".repeat(limits::PERSONA_TEXT_CHARS_MAX + 1))] {
        let refused = command(&mut socket, "persona", Some(args), None).await.unwrap_err();
        assert_eq!(refused.path.as_deref(), Some("args"), "{args}");
    }

    for person in [&ann, &bob] {
        let session = person.session().await;
        let mut socket = person.listen(&["agent.completed"]).await;
        person.chat(&mut socket, session, "hi").await;
        until(&mut socket, "agent.completed").await;
    }
    command(&mut socket, "persona", Some("reset"), None).await.unwrap();
    ann.chat(&mut socket, ann.session().await, "hi").await;
    until(&mut socket, "agent.completed").await;
    let told: Vec<bool> = systems(&host).iter().map(|system| system.contains("They call you Jarvis.")).collect();
    assert_eq!(told, [true, false, false], "{:?}", systems(&host));
    assert!(systems(&host)[0].contains("They told you: I write Rust") && !systems(&host)[0].contains("Rome"));
}
