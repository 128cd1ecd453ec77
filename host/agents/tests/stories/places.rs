//! Where conversations work: two workspaces of a person, projects in them, and what is not open.

use octi_agents::{AgentsError, CallOptions, Move, TurnOptions};
use octi_domain::ids::WorkspaceId;
use octi_domain::workspace::Workspace;
use octi_extension::tool::ToolOutput;
use octi_models::scripted::Answer;
use octi_testkit::agents::TestAgents;
use octi_testkit::fakes::FakeTool;
use octi_testkit::{on_both, people};
use serde_json::{Value, json};

use crate::results_in;

/// Says where it works, from the folder of workspaces on.
fn place_teller() -> FakeTool {
    FakeTool::new("files__read").does(|context, _| {
        let path = context.workspace.display().to_string();
        let from = path.find("/workspaces/").map(|at| path[at..].to_owned());
        Ok(ToolOutput::new(json!([from, context.within]), None))
    })
}

fn calls(count: usize) -> Vec<Answer> {
    let call = |_| [Answer::calls([("c1", "files__read", json!({}))]), Answer::text("done")];
    (0..count).flat_map(call).collect()
}

async fn workspace(test: &TestAgents, slug: &str) -> WorkspaceId {
    let now = test.ambient.now();
    test.agents.own_workspace(&test.principal, None).await.unwrap();
    let workspace = Workspace {
        id: test.ambient.id(),
        user_id: test.principal.user_id().unwrap(),
        slug: slug.to_owned(),
        name: slug.to_owned(),
        folder: slug.to_owned(),
        is_default: false,
        created_at: now,
        updated_at: now,
    };
    let mut tx = test.store.write(&test.principal).await.unwrap();
    tx.insert_workspace(&workspace).await.unwrap();
    tx.save().await.unwrap();
    workspace.id
}

/// Says something there, and tells where the tool of the turn worked.
async fn works_at(test: &TestAgents, to: Move) -> Value {
    let options = TurnOptions { to, ..TurnOptions::default() };
    let sent = test.agents.send(&test.principal, test.session, "where?".to_owned(), options).await.unwrap();
    test.ended(sent.run_id).await;
    let results = results_in(test.model.requests().last().unwrap());
    serde_json::from_str(&results.last().unwrap().content).unwrap()
}

fn to(workspace: WorkspaceId) -> Move {
    Move { workspace: Some(workspace), project: None }
}

fn into(project: &str) -> Move {
    Move { workspace: None, project: Some(project.to_owned()) }
}

on_both! {
    async fn tools_work_where_their_conversation_does(db) {
        let test = TestAgents::answering(calls(6)).tool(&place_teller()).start(&db.store).await;
        let (default, site) = (json!(["/workspaces/default/files", ""]), json!(["/workspaces/site/files", ""]));
        assert_eq!(works_at(&test, Move::default()).await, default);
        let id = workspace(&test, "site").await;
        assert_eq!(works_at(&test, to(id)).await, site);
        assert_eq!(works_at(&test, Move::default()).await, site, "it stays there");

        let files = test.workspace().parent().unwrap().parent().unwrap().join("site/files");
        std::fs::create_dir_all(files.join("pages/new")).unwrap();
        assert_eq!(works_at(&test, into("./pages/new/")).await, json!(["/workspaces/site/files", "pages/new"]));
        assert_eq!(works_at(&test, into("")).await, site);

        // By hand too, in the conversation and beside it.
        let by_hand = async |options| test.agents.call_tool(&test.principal, "files__read", json!({}), options).await.unwrap().content;
        let in_session = CallOptions { session: Some(test.session), ..CallOptions::default() };
        assert_eq!(by_hand(in_session).await, site.to_string());
        assert_eq!(by_hand(CallOptions { workspace: Some(id), ..CallOptions::default() }).await, site.to_string());
        assert_eq!(by_hand(CallOptions::default()).await, default.to_string());

        // What is somebody else's is the person's own default.
        let eve = people::person(&test.store, &test.ambient, "eve").await;
        let hers = test.agents.own_workspace(&eve, Some(id)).await.unwrap();
        assert!(hers.is_default && hers.user_id == eve.user_id().unwrap(), "{hers:?}");
        assert_eq!(works_at(&test, to(hers.id)).await, default);
    }

    async fn a_folder_that_is_not_open_or_not_there_is_refused_before_anything_is_said(db) {
        let test = TestAgents::answering([]).start(&db.store).await;
        std::fs::create_dir_all(test.workspace()).unwrap();
        std::os::unix::fs::symlink("/etc", test.workspace().join("link")).unwrap();
        for (project, says) in [
            ("/etc", "`workspace.additional_paths`"),
            ("..", "goes up with `..`"),
            ("link", "symbolic link"),
            ("link/ssl", "symbolic link"),
            ("a\0b", "control character"),
            ("not-there", "`not-there`"),
        ] {
            let options = TurnOptions { to: into(project), ..TurnOptions::default() };
            let refused = test.agents.send(&test.principal, test.session, "hi".to_owned(), options).await;
            let Err(AgentsError::Project(text)) = refused else { panic!("{project:?}: {refused:?}") };
            assert!(text.contains(says), "{project:?}: {text}");
        }
        assert!(test.messages().await.is_empty());
    }

    async fn a_project_that_becomes_a_link_later_leads_nowhere(db) {
        let test = TestAgents::answering(calls(2)).tool(&place_teller()).start(&db.store).await;
        std::fs::create_dir_all(test.workspace().join("site")).unwrap();
        assert_eq!(works_at(&test, into("site")).await[1], "site");
        // Whoever opens the folder for a tool walks to it from the workspace, which `octi_security` tests; here it is kept as a
        // path in the workspace and never as where it led once.
        std::fs::remove_dir(test.workspace().join("site")).unwrap();
        std::os::unix::fs::symlink("/etc", test.workspace().join("site")).unwrap();
        assert_eq!(works_at(&test, Move::default()).await, json!(["/workspaces/default/files", "site"]));
    }

    async fn a_conversation_does_not_move_under_a_turn(db) {
        let test = TestAgents::answering([Answer::text("slowly").blocked()]).start(&db.store).await;
        let site = workspace(&test, "site").await;
        let sent = test.send("begin").await;
        test.model.until_blocked(1).await;
        let refused = test.agents.move_session(&test.principal, test.session, &to(site)).await;
        assert!(matches!(refused, Err(AgentsError::Working)), "{refused:?}");
        let options = TurnOptions { to: to(site), ..TurnOptions::default() };
        let refused = test.agents.send(&test.principal, test.session, "there".to_owned(), options).await;
        assert!(matches!(refused, Err(AgentsError::Working)), "{refused:?}");
        test.model.release();
        test.ended(sent.run_id).await;
        test.agents.move_session(&test.principal, test.session, &to(site)).await.unwrap();
        let moved = test.store.read(&test.principal).await.unwrap().session(test.session).await.unwrap().unwrap();
        assert_eq!(moved.workspace_id, Some(site));
        let eve = people::person(&test.store, &test.ambient, "eve").await;
        let refused = test.agents.move_session(&eve, test.session, &Move { workspace: Some(site), project: None }).await;
        assert!(matches!(refused, Err(AgentsError::SessionNotFound(_))), "{refused:?}");
    }

    async fn an_answer_can_be_kept_as_a_file_and_says_where(db) {
        let answers = [Answer::text("# Plan\n\nGo."), Answer::text("only said")];
        let test = TestAgents::answering(answers).start(&db.store).await;
        let options = TurnOptions { as_file: true, ..TurnOptions::default() };
        let sent = test.agents.send(&test.principal, test.session, "plan".to_owned(), options).await.unwrap();
        test.ended(sent.run_id).await;
        test.chat("and now?").await;

        let mut tx = test.store.read(&test.principal).await.unwrap();
        let kept = tx.list_artifacts(test.session).await.unwrap();
        assert_eq!(kept.len(), 1, "{kept:?}");
        assert!(kept[0].name.starts_with("answer-") && kept[0].name.ends_with(".md") && kept[0].media_type == "text/markdown");
        let bytes = tx.artifact_bytes(kept[0].id, 0, 1_000).await.unwrap().unwrap();
        assert_eq!(String::from_utf8(bytes).unwrap(), "# Plan\n\nGo.");
        drop(tx);
        let said = format!("{:?}", test.messages().await);
        let where_it_is = format!("This answer is kept as the file `{}` of this conversation (`{}`).", kept[0].name, kept[0].id);
        assert!(said.contains(&where_it_is) && said.matches("is kept as the file").count() == 1, "{said}");
        let told = format!("{:?}", test.events.kinds());
        assert!(told.contains(&where_it_is), "{told}");
    }
}
