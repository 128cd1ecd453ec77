//! REST: skills, and each person's own choice among them.

use octi_api::error::ErrorCode;
use octi_api::v1::messages::SendMessage;
use octi_client::ClientError;
use octi_client::api::event::EventBody;
use octi_client::api::frames::ServerFrame;
use octi_models::scripted::Answer;

use super::host::{host_on, next, until};

fn code(result: Result<impl std::fmt::Debug, ClientError>) -> ErrorCode {
    let error = result.unwrap_err();
    error.code().unwrap_or_else(|| panic!("no error of the server: {error:?}"))
}

octi_testkit::on_both! {
    async fn a_person_looks_at_a_skill_and_switches_it_off_for_themselves(db) {
        let host = host_on(db, []).await;
        let (ann, bob) = (host.person("ann").await, host.person("bob").await);
        let listed = ann.client.list_skills().await.unwrap();
        let [skill] = listed.items.as_slice() else { panic!("{listed:?}") };
        assert_eq!((skill.name.as_str(), skill.plugin.as_deref()), ("code-review", Some("test/code-review")));
        assert_eq!((skill.enabled, skill.uses, skill.used_at), (true, 0, None));
        assert!(listed.problems.is_empty(), "whoever cannot mend a file is not told of it: {:?}", listed.problems);
        let shown = ann.client.skill("code-review").await.unwrap();
        assert_eq!(shown.text, "Read the tests first.", "what commands a terminal is gone");

        assert!(!ann.client.switch_skill("code-review", false).await.unwrap().enabled);
        assert!(!ann.client.list_skills().await.unwrap().items[0].enabled);
        assert!(bob.client.list_skills().await.unwrap().items[0].enabled, "it is her choice only");
        assert!(ann.client.switch_skill("code-review", true).await.unwrap().enabled);
        assert_eq!(code(ann.client.skill("../x").await), ErrorCode::NotFound);
        assert_eq!(code(ann.client.switch_skill("nothing", false).await), ErrorCode::NotFound);
        let problem = &host.admin().await.client.list_skills().await.unwrap().problems[0];
        assert_eq!((problem.path.as_str(), problem.line, problem.problem.as_str()), ("pdf/SKILL.md", Some(3), "`name`: not one"));
    }

    async fn a_turn_that_was_given_a_skill_says_so_while_it_runs_with_its_answer_and_later(db) {
        let host = host_on(db, [Answer::text("Done.")]).await;
        let ann = host.person("ann").await;
        let session = ann.session().await;
        let mut socket = ann.listen(&["agent.skills", "chat.response", "agent.completed"]).await;
        let message = SendMessage { content: "a code review, please".to_owned(), ..SendMessage::default() };
        let sent = ann.client.send_message(session, &message).await.unwrap();
        let given = vec!["code-review".to_owned()];
        let ServerFrame::Event { event } = next(&mut socket).await else { panic!("another frame") };
        let EventBody::AgentSkills(skills) = event.body else { panic!("{event:?}") };
        assert_eq!((skills.agent_id, &skills.skills), (sent.agent_id, &given));
        let ServerFrame::Event { event } = next(&mut socket).await else { panic!("another frame") };
        let EventBody::ChatResponse(response) = event.body else { panic!("{event:?}") };
        assert_eq!(response.skills, given);
        until(&mut socket, "agent.completed").await;
        assert_eq!(ann.client.agent(sent.agent_id.into()).await.unwrap().skills, given);
        let skill = &ann.client.list_skills().await.unwrap().items[0];
        assert_eq!(skill.uses, 1);
        assert!(skill.used_at.is_some());
    }
}
