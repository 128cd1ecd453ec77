//! REST: how plugins have been doing, and who may use them.

use octi_api::error::ErrorCode;
use octi_api::v1::plugin_access::{ForgetPluginAccess, PluginAccess, SetPluginAccess};
use octi_api::v1::tools::ExecuteTool;
use octi_client::ClientError;
use octi_domain::principal::Principal;

use super::host::{Host, host, host_on, until};

const NOTES: &str = "acme/notes";

fn code(result: Result<impl std::fmt::Debug, ClientError>) -> ErrorCode {
    let error = result.unwrap_err();
    error.code().unwrap_or_else(|| panic!("no error of the server: {error:?}"))
}

fn say(user: Option<&str>, allowed: bool) -> SetPluginAccess {
    SetPluginAccess { user: user.map(str::to_owned), org: None, allowed }
}

fn of(access: &PluginAccess, name: &str) -> (bool, bool) {
    let person = access.people.iter().find(|person| person.username == name).unwrap();
    (person.allowed, person.set_at.is_some())
}

async fn noted(host: &Host) -> Vec<String> {
    let mut tx = host.gateway.store.read(&Principal::system("tests")).await.unwrap();
    let mut rows = tx.list_audit(None, 1_000).await.unwrap();
    rows.reverse();
    rows.retain(|row| row.resource == format!("plugin:{NOTES}"));
    rows.into_iter().map(|row| format!("{} {}", row.action, row.details["user"].as_str().unwrap_or_default())).collect()
}

octi_testkit::on_both! {
    async fn a_grant_is_taken_and_given_and_everything_of_the_person_follows(db) {
        let host = host_on(db, []).await;
        let (root, ann, bob) = (host.admin().await.client, host.person("ann").await, host.person("bob").await);
        let mut socket = ann.listen(&["plugin.changed"]).await;
        let access = root.set_plugin_access(NOTES, &say(Some("ann"), false)).await.unwrap();
        assert_eq!((access.everyone, of(&access, "ann"), of(&access, "bob")), (true, (false, true), (true, false)));
        until(&mut socket, "plugin.changed").await;

        assert!(!ann.client.plugin(NOTES).await.unwrap().may_use && bob.client.plugin(NOTES).await.unwrap().may_use);
        let names = |tools: Vec<octi_api::v1::tools::Tool>| tools.into_iter().map(|tool| tool.plugin).collect::<Vec<_>>();
        assert!(!names(ann.client.list_tools().await.unwrap().items).contains(&NOTES.to_owned()));
        assert!(names(bob.client.list_tools().await.unwrap().items).contains(&NOTES.to_owned()));
        let call = ExecuteTool { arguments: serde_json::json!({}), session_id: None, approve: true };
        let refused = ann.client.execute_tool("notes", "read", &call).await.unwrap_err();
        assert_eq!(refused.code(), Some(ErrorCode::PermissionDenied));
        assert!(refused.to_string().contains("`octi plugin allow acme/notes --user NAME`"), "{refused}");
        assert!(bob.client.execute_tool("notes", "read", &call).await.is_ok());

        root.set_plugin_access(NOTES, &say(None, false)).await.unwrap();
        assert_eq!(code(bob.client.execute_tool("notes", "read", &call).await), ErrorCode::PermissionDenied);
        let ann_too = root.set_plugin_access(NOTES, &say(Some("ann"), true)).await.unwrap();
        assert_eq!((ann_too.everyone, of(&ann_too, "ann"), of(&ann_too, "bob")), (false, (true, true), (false, false)));
        assert!(ann.client.execute_tool("notes", "read", &call).await.is_ok());
        let like = root.forget_plugin_access(NOTES, &ForgetPluginAccess { user: Some("ann".to_owned()), org: None }).await.unwrap();
        assert_eq!(of(&like, "ann"), (false, false));
        root.forget_plugin_access(NOTES, &ForgetPluginAccess::default()).await.unwrap();
        assert!(bob.client.execute_tool("notes", "read", &call).await.is_ok());
        let expected = ["plugin_denied ann", "plugin_denied everyone", "plugin_allowed ann", "plugin_access_reset ann", "plugin_access_reset everyone"];
        assert_eq!(noted(&host).await, expected);
    }
}

#[tokio::test]
async fn only_administrators_look_at_health_and_grants() {
    let host = host([]).await;
    let (root, ann) = (host.admin().await.client, host.person("ann").await.client);
    for refused in [
        code(ann.plugins_health().await),
        code(ann.plugin_access(NOTES).await),
        code(ann.set_plugin_access(NOTES, &say(Some("ann"), true)).await),
        code(ann.forget_plugin_access(NOTES, &ForgetPluginAccess::default()).await),
    ] {
        assert_eq!(refused, ErrorCode::Forbidden);
    }
    let health = root.plugins_health().await.unwrap();
    assert_eq!((health.items[0].plugin.as_str(), health.items[0].total.calls), (NOTES, 0));
    assert_eq!(code(root.plugin_access("acme/nothing").await), ErrorCode::NotFound);
    let unknown = root.set_plugin_access(NOTES, &say(Some("nobody"), true)).await.unwrap_err();
    assert_eq!(unknown.code(), Some(ErrorCode::InvalidField));
    assert!(unknown.to_string().contains("there is no person `nobody`"), "{unknown}");
    assert_eq!(code(root.forget_plugin_access(NOTES, &ForgetPluginAccess::default()).await), ErrorCode::NotFound);
}
