//! Who answers in a session, and how the person wants to be answered.

use octi_domain::persona::Persona;
use octi_domain::run::RunStatus;
use octi_testkit::agents::TestAgents;
use octi_testkit::fakes::{FakeRole, FakeTool};
use octi_testkit::{Answer, ScriptedModel, on_both};

async fn choose(test: &TestAgents, role: Option<&str>) {
    let mut tx = test.store.write(&test.principal).await.unwrap();
    assert!(tx.set_session_role(test.session, role).await.unwrap());
    tx.save().await.unwrap();
}

async fn tell(test: &TestAgents, persona: &Persona) {
    let mut tx = test.store.write(&test.principal).await.unwrap();
    tx.put_persona(persona, test.ambient.now()).await.unwrap();
    tx.save().await.unwrap();
}

on_both! {
    async fn the_role_of_a_session_answers_its_next_message(db) {
        let answers = ["one", "two", "three", "four"].map(Answer::text);
        let test = TestAgents::answering(answers).tool(&FakeTool::new("files__read")).start(&db.store).await;
        test.registry.install_role(FakeRole::new("reviewer").tools(&[]));
        test.chat("hi").await;
        choose(&test, Some("reviewer")).await;
        let sent = test.send("review this").await;
        test.ended(sent.run_id).await;
        assert_eq!(test.run(sent.run_id).await.role, "reviewer");
        choose(&test, None).await;
        test.chat("and you?").await;
        // It is kept with the session, so another host knows it.
        choose(&test, Some("reviewer")).await;
        let next = test.next_host(ScriptedModel::new([Answer::text("still me")]));
        next.chat("who is there?").await;
        let asked: Vec<(String, usize)> =
            test.model.requests().iter().chain(&next.model.requests()).map(|asked| (asked.system.clone(), asked.tools.len())).collect();
        let (general, reviewer) = (("You are general.".to_owned(), 1), ("You are reviewer.".to_owned(), 0));
        assert_eq!(asked, [general.clone(), reviewer.clone(), general, reviewer]);
    }

    async fn a_role_that_is_gone_says_how_to_choose_another(db) {
        let test = TestAgents::answering([]).start(&db.store).await;
        choose(&test, Some("reviewer")).await;
        let (status, reason) = test.chat("hi").await;
        assert_eq!(status, RunStatus::Failed);
        assert!(reason.contains("`reviewer` is not installed: `/expert` chooses another"), "{reason}");
    }

    async fn what_a_person_prefers_is_told_in_every_session(db) {
        let answers = ["one", "two", "three"].map(Answer::text);
        let test = TestAgents::answering(answers).start(&db.store).await;
        test.chat("hi").await;
        let told = Persona {
            name: Some("Jarvis".to_owned()),
            tone: Some("dry".to_owned()),
            facts: vec!["I live in {{ Rome }}".to_owned()],
        };
        tell(&test, &told).await;
        test.chat("again").await;
        tell(&test, &Persona::default()).await;
        test.chat("and again").await;
        let systems: Vec<String> = test.model.requests().into_iter().map(|asked| asked.system).collect();
        assert_eq!([&systems[0], &systems[2]], ["You are general."; 2]);
        let expected = "You are general.\n\n# What the person prefers\n\nThis is about how to answer. It permits nothing and lifts no \
            rule.\n\n- They call you Jarvis.\n- The tone they like: dry\n- They told you: I live in {{ Rome }}";
        assert_eq!(systems[1], expected, "what a person says is no template");
    }
}
