//! Workspaces as clients see them, and the conversations in them.

use octi_api::error::ErrorCode;
use octi_api::v1::messages::{OutputMode, SendMessage};
use octi_api::v1::sessions::{CreateSession, PatchSession};
use octi_api::v1::workspaces::{CreateWorkspace, PatchWorkspace, Workspace};
use octi_client::ClientError;
use octi_client::api::event::{EventBody, WorkspaceChanged};
use octi_client::api::frames::{ChatSend, ClientFrame, ServerFrame};
use octi_domain::limits;
use octi_models::scripted::Answer;
use serde_json::json;
use uuid::Uuid;

use super::host::{Person, host, host_on, next, until};
use super::openapi::http;

fn code(result: Result<impl std::fmt::Debug, ClientError>) -> ErrorCode {
    let error = result.unwrap_err();
    error.code().unwrap_or_else(|| panic!("no error of the server: {error:?}"))
}

fn named(name: &str) -> CreateWorkspace {
    CreateWorkspace { name: name.to_owned(), slug: None }
}

fn at(workspace: &str) -> CreateSession {
    CreateSession { workspace_id: Some(workspace.to_owned()), ..CreateSession::default() }
}

async fn slugs(person: &Person) -> Vec<String> {
    person.client.list_workspaces().await.unwrap().items.into_iter().map(|one| one.slug).collect()
}

octi_testkit::on_both! {
    async fn workspaces_are_made_renamed_chosen_and_removed_and_every_screen_hears_of_it(db) {
        let host = host_on(db, []).await;
        let (ann, bob) = (host.person("ann").await, host.person("bob").await);
        let mut screen = ann.listen(&["workspace.*"]).await;
        assert_eq!(slugs(&ann).await, ["default"]);
        let site = ann.client.create_workspace(&named(" My Site ")).await.unwrap();
        assert_eq!((site.name.as_str(), site.slug.as_str(), site.is_default), ("My Site", "my-site", false));
        let ServerFrame::Event { event } = next(&mut screen).await else { panic!("no event") };
        assert_eq!(event.body, EventBody::WorkspaceChanged(WorkspaceChanged { workspace_id: site.id }));
        assert_eq!((event.session_id, event.source.as_str()), (None, "workspaces"));

        assert_eq!(code(ann.client.create_workspace(&named("my site")).await), ErrorCode::Conflict);
        for wrong in [named(" "), named("…"), named("a\nb"), named(&"x".repeat(limits::WORKSPACE_NAME_CHARS_MAX + 1)),
            CreateWorkspace { slug: Some("A/b".to_owned()), ..named("x") }, CreateWorkspace { slug: Some(site.id.to_string()), ..named("x") }] {
            assert_eq!(code(ann.client.create_workspace(&wrong).await), ErrorCode::InvalidField, "{wrong:?}");
        }
        let id = site.id.into();
        let patch = PatchWorkspace { name: Some("Pages".to_owned()), slug: Some("pages".to_owned()) };
        let renamed = ann.client.patch_workspace(id, &patch).await.unwrap();
        assert_eq!((renamed.name.as_str(), renamed.slug.as_str()), ("Pages", "pages"));
        assert!(ann.client.set_default_workspace(id).await.unwrap().is_default);
        assert_eq!(slugs(&ann).await, ["pages", "default"]);
        assert_eq!(code(ann.client.delete_workspace(id).await), ErrorCode::Conflict);

        for refused in [
            code(bob.client.workspace(id).await),
            code(bob.client.patch_workspace(id, &patch).await),
            code(bob.client.set_default_workspace(id).await),
            code(bob.client.delete_workspace(id).await),
        ] {
            assert_eq!(refused, ErrorCode::NotFound);
        }
        assert_eq!(slugs(&bob).await, ["default"]);

        let default: Workspace = ann.client.list_workspaces().await.unwrap().items.pop().unwrap();
        let begun = ann.client.create_session(&at("default")).await.unwrap();
        assert_eq!(begun.workspace_id, Some(default.id));
        ann.client.delete_workspace(default.id.into()).await.unwrap();
        let left = ann.client.session(begun.id.into()).await.unwrap();
        assert_eq!(left.workspace_id, None, "it works in the default one, whichever that is");
        assert_eq!(slugs(&ann).await, ["pages"]);
    }

    async fn a_conversation_begins_where_the_body_the_header_or_the_default_says(db) {
        let host = host_on(db, []).await;
        let (ann, bob) = (host.person("ann").await, host.person("bob").await);
        let site = ann.client.create_workspace(&named("site")).await.unwrap();
        let default = ann.client.list_workspaces().await.unwrap().items.remove(0);
        let bobs = bob.client.list_workspaces().await.unwrap().items.remove(0);
        let begin = async |header: Option<&str>, body: serde_json::Value| {
            let mut request = http().post(host.url.join("/api/sessions").unwrap()).bearer_auth(&ann.token).json(&body);
            if let Some(header) = header {
                request = request.header("X-Octi-Workspace", header);
            }
            let answer: serde_json::Value = request.send().await.unwrap().json().await.unwrap();
            answer["workspaceId"].as_str().unwrap().parse::<Uuid>().unwrap()
        };
        assert_eq!(begin(None, json!({})).await, default.id);
        assert_eq!(begin(Some("site"), json!({})).await, site.id);
        assert_eq!(begin(Some(&site.id.to_string()), json!({})).await, site.id);
        assert_eq!(begin(Some("site"), json!({"workspaceId": "default"})).await, default.id);
        for foreign in [bobs.id.to_string(), "nothing".to_owned(), "-".to_owned(), Uuid::nil().to_string(), "ü".repeat(100)] {
            assert_eq!(begin(Some(&foreign), json!({})).await, default.id, "{foreign}");
        }
    }

    async fn a_message_moves_its_conversation_and_can_be_answered_as_a_file(db) {
        let host = host_on(db, [Answer::text("one"), Answer::text("two"), Answer::text("three")]).await;
        let ann = host.person("ann").await;
        let site = ann.client.create_workspace(&named("site")).await.unwrap();
        let session = ann.session().await;
        let mut socket = ann.listen(&["chat.response", "agent.completed"]).await;
        let moving = ChatSend { workspace_id: Some("site".to_owned()), output_mode: OutputMode::File, ..ChatSend::new(session.as_uuid(), "hi") };
        socket.send(&ClientFrame::ChatSend(moving)).await.unwrap();
        let frames = until(&mut socket, "agent.completed").await;
        assert!(format!("{frames:?}").contains("This answer is kept as the file `answer-"), "{frames:?}");
        assert_eq!(ann.client.session(session).await.unwrap().workspace_id, Some(site.id));
        assert_eq!(ann.client.list_artifacts(session, &Default::default()).await.unwrap().items.len(), 1);

        let folder = host.outside.path().canonicalize().unwrap();
        let message = SendMessage { content: "there".to_owned(), project_path: folder.to_str().map(str::to_owned), ..SendMessage::default() };
        ann.client.send_message(session, &message).await.unwrap();
        until(&mut socket, "agent.completed").await;
        let moved = ann.client.session(session).await.unwrap();
        assert_eq!((moved.workspace_id, moved.project_path), (Some(site.id), message.project_path));

        // Another workspace has other folders.
        let patch = PatchSession { workspace_id: Some("-".to_owned()), ..PatchSession::default() };
        let moved = ann.client.patch_session(session, &patch).await.unwrap();
        assert_eq!(moved.project_path, None);
    }
}

#[tokio::test]
async fn a_project_that_is_not_open_is_refused_by_its_field() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    let session = ann.session().await;
    for project in ["/etc", "../x", "not-there", host.home.path().to_str().unwrap()] {
        let wanted = CreateSession { project_path: Some(project.to_owned()), ..CreateSession::default() };
        let ClientError::Server { path, message, .. } = ann.client.create_session(&wanted).await.unwrap_err() else {
            panic!("{project}")
        };
        assert_eq!(path.as_deref(), Some("projectPath"), "{project}: {message}");
        let patch =
            PatchSession { project_path: wanted.project_path, title: Some("Moved".to_owned()), ..PatchSession::default() };
        assert_eq!(code(ann.client.patch_session(session, &patch).await), ErrorCode::InvalidField);
    }
    assert_eq!(ann.client.session(session).await.unwrap().title, None, "half of a change is none");
    let mut socket = ann.client.connect().await.unwrap();
    let chat = ChatSend { project_path: Some("/etc".to_owned()), ..ChatSend::new(session.as_uuid(), "hi") };
    socket.send(&ClientFrame::ChatSend(chat)).await.unwrap();
    let ServerFrame::Error(error) = next(&mut socket).await else { panic!("it was taken in") };
    assert!(error.path.as_deref() == Some("projectPath") && error.message.contains("`workspace.additional_paths`"), "{error:?}");
}

#[tokio::test]
async fn the_first_message_of_a_connection_begins_in_its_workspace() {
    let host = host([Answer::text("one"), Answer::text("two")]).await;
    let ann = host.person("ann").await;
    let site = ann.client.create_workspace(&named("site")).await.unwrap();
    let (begun, empty) = (ann.session().await, ann.session().await);
    let mut elsewhere = ann.listen(&["agent.completed"]).await;
    ann.chat(&mut elsewhere, begun, "hi").await;
    until(&mut elsewhere, "agent.completed").await;
    let before = ann.client.session(begun).await.unwrap().workspace_id;

    let mut socket = ann.client.connect_in("site").await.unwrap();
    ann.chat(&mut socket, empty, "hi").await;
    until(&mut elsewhere, "agent.completed").await;
    assert_eq!(ann.client.session(empty).await.unwrap().workspace_id, Some(site.id));
    assert_eq!(ann.client.session(begun).await.unwrap().workspace_id, before, "what was begun elsewhere stays there");
    // What is not theirs is their default, and no error.
    ann.client.connect_in("somebody-elses").await.unwrap();
}

#[tokio::test]
async fn there_is_a_largest_number_of_workspaces() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    for number in 1..limits::WORKSPACES_PER_USER_MAX {
        ann.client.create_workspace(&named(&format!("w{number}"))).await.unwrap();
    }
    assert_eq!(code(ann.client.create_workspace(&named("more")).await), ErrorCode::TooLarge);
}
