//! `/workspace` and `/project`: where conversations work.

use octi_api::event::WorkspaceChanged;
use octi_api::v1::sessions::Session;
use octi_api::v1::workspaces::Workspace;

use super::*;
use crate::message::Moving;
use crate::place::Project;

fn workspace(id: u128, slug: &str) -> Workspace {
    Workspace {
        id: Uuid::from_u128(id),
        slug: slug.to_owned(),
        name: format!("The {slug}"),
        is_default: slug == "default",
        created_at: start(),
        updated_at: start(),
    }
}

fn listed(person: &mut Person) {
    person.happen(Msg::Workspaces(Ok(vec![workspace(1, "default"), workspace(2, "site")])));
    person.effects.clear();
}

/// A session of the test that stands there.
fn standing(workspace: u128, project: Option<&str>) -> Session {
    let project_path = project.map(str::to_owned);
    Session { workspace_id: Some(Uuid::from_u128(workspace)), project_path, ..session("Plans") }
}

#[test]
fn another_workspace_is_chosen_by_its_word_and_the_socket_connects_there() {
    let mut person = Person::talking(100, 12);
    listed(&mut person);
    person.say("/workspace SITE");
    assert!(person.sees("there is no workspace `SITE`; there are `default`, `site`"), "{}", person.screen());
    assert!(person.effects.is_empty(), "{:?}", person.effects);
    person.say("/workspace site");
    match &std::mem::take(&mut person.effects)[..] {
        [Effect::Move { session, to }, Effect::ConnectTo(Some(word))] => {
            assert_eq!(
                (*session, to, word.as_str()),
                (SESSION, &Moving { workspace: Some("site".to_owned()), project: None }, "site")
            );
        }
        other => panic!("{other:?}"),
    }
    person.happen(Msg::Moved { session: SESSION, outcome: Ok(standing(2, Some("pages/new"))) });
    assert!(person.sees("this conversation works in `pages/new` of the workspace `site` now"), "{}", person.screen());
    person.wait(10_000);
    insta::assert_snapshot!("place_100", person.screen());

    person.say("/workspace -");
    match &std::mem::take(&mut person.effects)[..] {
        [Effect::Move { to, .. }, Effect::ConnectTo(None)] => assert_eq!(to.workspace.as_deref(), Some("-")),
        other => panic!("{other:?}"),
    }
    person.happen(Msg::Moved { session: SESSION, outcome: Err("a turn of this conversation runs".to_owned()) });
    assert!(person.sees("a turn of this conversation runs") && person.sees("site: pages/new"), "{}", person.screen());
}

#[test]
fn without_a_name_the_workspaces_are_shown_to_choose_from() {
    let mut person = Person::connected(80, 16);
    listed(&mut person);
    person.say("/workspace");
    assert!(matches!(&person.effects[..], [Effect::ListWorkspaces]), "{:?}", person.effects);
    person.effects.clear();
    assert!(person.sees("The default, where conversations begin"), "{}", person.screen());
    person.write("sit");
    person.press(KeyCode::Enter);
    assert!(matches!(&person.effects[..], [Effect::ConnectTo(Some(word))] if word == "site"), "{:?}", person.effects);
    person.effects.clear();
    assert!(person.sees("site"), "{}", person.screen());
    person.say("hello");
    assert!(
        matches!(&person.effects[..], [Effect::Create { workspace: Some(word), project: None, .. }] if word == "site"),
        "{:?}",
        person.effects
    );
}

#[test]
fn a_change_of_the_workspaces_is_asked_for_and_forgets_one_that_is_gone() {
    let mut person = Person::connected(80, 12);
    listed(&mut person);
    person.say("/workspace site");
    person.effects.clear();
    person.hear(EventBody::WorkspaceChanged(WorkspaceChanged { workspace_id: Uuid::from_u128(2) }));
    assert!(matches!(&person.effects[..], [Effect::ListWorkspaces]), "{:?}", person.effects);
    person.happen(Msg::Workspaces(Ok(vec![workspace(1, "default")])));
    assert!(person.model.place.workspace.is_none() && !person.sees("site"), "{}", person.screen());
}

#[test]
fn a_project_is_a_folder_of_the_workspace_or_a_real_one_of_this_machine() {
    let mut person = Person::talking(80, 14);
    person.say("/project");
    assert!(person.sees("there is no project"), "{}", person.screen());
    person.say("/project pages");
    let moved = |person: &mut Person| match &std::mem::take(&mut person.effects)[..] {
        [Effect::Move { to, .. }] => to.project.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(moved(&mut person).as_deref(), Some("pages"));
    person.say("/project ./src");
    let here = std::env::current_dir().unwrap().join("src");
    assert_eq!(moved(&mut person).as_deref(), here.to_str());
    person.say("/project ./no-such-folder");
    assert!(person.effects.is_empty() && person.sees("`./no-such-folder` cannot be the project"), "{}", person.screen());
    person.say("/project -");
    assert_eq!(moved(&mut person).as_deref(), Some(""));
    assert_eq!(person.model.place.project, None);
}

#[test]
fn the_folder_it_was_started_in_is_the_project_until_the_server_says_no() {
    let mut person = Person::connected(80, 14);
    let here = Project { path: "/home/ada/src/octi".to_owned(), is_named: false };
    person.model.place.project = Some(here.clone());
    assert!(person.sees("octi"), "{}", person.screen());
    person.say("hello");
    assert!(
        matches!(&person.effects[..], [Effect::Create { project: Some(project), .. }] if *project == here),
        "{:?}",
        person.effects
    );
    person.happen(Msg::LetGo("`/home/ada/src/octi` is not a folder that agents may work in".to_owned()));
    assert!(person.sees("this folder is not the project, so the conversation works in its workspace"), "{}", person.screen());
    person.happen(Msg::Created { number: 1, outcome: Ok(standing(1, None)) });
    assert_eq!(person.model.place.project, None, "the next one does not try it again");
}

#[test]
fn another_person_has_other_workspaces() {
    let mut person = Person::connected(80, 12);
    listed(&mut person);
    person.say("/workspace site");
    person.say("/project pages");
    person.happen(Msg::SignedIn(Ok(user("bob"))));
    let place = &person.model.place;
    assert!(place.workspaces.is_empty() && place.workspace.is_none() && place.project.is_none(), "{place:?}");
}
