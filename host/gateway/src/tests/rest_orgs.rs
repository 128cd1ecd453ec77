//! REST: organisations, and what it means for plugins to be in one.

use octi_api::error::ErrorCode;
use octi_api::v1::orgs::{CreateOrg, OrgDetails, OrgRole, SetOrgMember};
use octi_api::v1::plugin_access::{ForgetPluginAccess, PluginAccess, SetPluginAccess};
use octi_api::v1::tools::ExecuteTool;
use octi_client::{Client, ClientError};
use octi_domain::limits;
use octi_domain::principal::Principal;

use super::host::{Host, Person, host, host_on, until};

const NOTES: &str = "acme/notes";
const MEMBER: SetOrgMember = SetOrgMember { role: OrgRole::Member };

fn code(result: Result<impl std::fmt::Debug, ClientError>) -> ErrorCode {
    let error = result.unwrap_err();
    error.code().unwrap_or_else(|| panic!("no error of the server: {error:?}"))
}

/// The code of a refusal, and the field it names.
fn place(result: Result<impl std::fmt::Debug, ClientError>) -> (Option<ErrorCode>, Option<String>) {
    match result.unwrap_err() {
        ClientError::Server { code, path, .. } => (code, path),
        error => panic!("no error of the server: {error:?}"),
    }
}

fn named(name: &str) -> CreateOrg {
    CreateOrg { name: name.to_owned(), slug: None }
}

fn say(org: &str, allowed: bool) -> SetPluginAccess {
    SetPluginAccess { user: None, org: Some(org.to_owned()), allowed }
}

fn of(org: &str) -> ForgetPluginAccess {
    ForgetPluginAccess { user: None, org: Some(org.to_owned()) }
}

fn members(org: &OrgDetails) -> Vec<(&str, OrgRole)> {
    org.members.iter().map(|member| (member.username.as_str(), member.role)).collect()
}

/// Whether that person may, whether it was said of them, and through which organisation.
fn person<'a>(access: &'a PluginAccess, name: &str) -> (bool, bool, Option<&'a str>) {
    let person = access.people.iter().find(|person| person.username == name).unwrap();
    (person.allowed, person.set_at.is_some(), person.through.as_deref())
}

fn orgs(access: &PluginAccess) -> Vec<(&str, bool, bool)> {
    access.orgs.iter().map(|org| (org.slug.as_str(), org.allowed, org.set_at.is_some())).collect()
}

async fn may(client: &Client) -> bool {
    let call = ExecuteTool { arguments: serde_json::json!({}), session_id: None, approve: true };
    match client.execute_tool("notes", "read", &call).await {
        Ok(_) => true,
        Err(error) => {
            assert_eq!(error.code(), Some(ErrorCode::PermissionDenied), "{error:?}");
            false
        }
    }
}

async fn noted(host: &Host) -> Vec<String> {
    let mut tx = host.gateway.store.read(&Principal::system("tests")).await.unwrap();
    let mut rows = tx.list_audit(None, 1_000).await.unwrap();
    rows.reverse();
    rows.retain(|row| row.resource.starts_with("org:") || row.resource.starts_with("plugin:"));
    rows.into_iter().map(|row| format!("{} {} {}", row.action, row.resource, row.details)).collect()
}

octi_testkit::on_both! {
    async fn who_is_in_an_organisation_may_what_it_may_from_the_next_call_on(db) {
        let host = host_on(db, []).await;
        let (root, ann, bob) = (host.admin().await.client, host.person("ann").await, host.person("bob").await);
        let house = root.create_org(&named(" The House ")).await.unwrap();
        assert_eq!((house.name.as_str(), house.slug.as_str()), ("The House", "the-house"));
        let made = root.set_org_member("the-house", "ann", &MEMBER).await.unwrap();
        assert_eq!(members(&made), [("ann", OrgRole::Member)]);
        assert!(may(&ann.client).await, "nothing was said");

        let mut socket = ann.listen(&["plugin.changed"]).await;
        let access = root.set_plugin_access(NOTES, &say("the-house", false)).await.unwrap();
        assert_eq!(orgs(&access), [("the-house", false, true)]);
        assert_eq!(person(&access, "ann"), (false, false, Some("the-house")));
        assert_eq!((access.everyone, person(&access, "bob")), (true, (true, false, None)));
        until(&mut socket, "plugin.changed").await;
        assert!(!may(&ann.client).await && may(&bob.client).await);
        assert!(!ann.client.plugin(NOTES).await.unwrap().may_use);

        let left = root.remove_org_member("the-house", "ann").await.unwrap();
        assert_eq!(members(&left), []);
        until(&mut socket, "plugin.changed").await;
        assert!(may(&ann.client).await, "she left it");
        root.set_org_member("the-house", "bob", &SetOrgMember { role: OrgRole::OrgAdmin }).await.unwrap();
        assert!(!may(&bob.client).await, "he joined it");
        let own = SetPluginAccess { user: Some("bob".to_owned()), org: None, allowed: true };
        let access = root.set_plugin_access(NOTES, &own).await.unwrap();
        assert_eq!(person(&access, "bob"), (true, true, None), "what is said of him counts first");
        assert!(may(&bob.client).await);

        let expected = [
            "org_created org:the-house {}",
            r#"org_member_set org:the-house {"user":"ann","role":"member"}"#,
            r#"plugin_denied plugin:acme/notes {"org":"the-house"}"#,
            r#"org_member_removed org:the-house {"user":"ann"}"#,
            r#"org_member_set org:the-house {"user":"bob","role":"org_admin"}"#,
            r#"plugin_allowed plugin:acme/notes {"user":"bob"}"#,
        ];
        assert_eq!(noted(&host).await, expected);
    }

    async fn only_the_people_of_an_organisation_may_and_it_takes_its_grants_along(db) {
        let host = host_on(db, []).await;
        let (root, ann, bob) = (host.admin().await.client, host.person("ann").await, host.person("bob").await);
        let everyone = SetPluginAccess { user: None, org: None, allowed: false };
        root.set_plugin_access(NOTES, &everyone).await.unwrap();
        for (name, allowed) in [("House", true), ("Works", false)] {
            let slug = root.create_org(&named(name)).await.unwrap().slug;
            root.set_org_member(&slug, "ann", &MEMBER).await.unwrap();
            root.set_plugin_access(NOTES, &say(&slug, allowed)).await.unwrap();
        }
        assert!(!may(&ann.client).await, "one of the two says no");
        let access = root.forget_plugin_access(NOTES, &of("works")).await.unwrap();
        assert_eq!(orgs(&access), [("house", true, true), ("works", false, false)]);
        assert_eq!(person(&access, "ann"), (true, false, Some("house")));
        assert!(may(&ann.client).await && !may(&bob.client).await);
        assert_eq!(code(root.forget_plugin_access(NOTES, &of("works")).await), ErrorCode::NotFound);

        let mut socket = ann.listen(&["plugin.changed"]).await;
        root.delete_org("house").await.unwrap();
        until(&mut socket, "plugin.changed").await;
        assert!(!may(&ann.client).await);
        let access = root.plugin_access(NOTES).await.unwrap();
        assert_eq!((orgs(&access), access.everyone), (vec![("works", false, false)], false));
        assert_eq!(code(root.org("house").await), ErrorCode::NotFound);
        assert_eq!(code(root.delete_org("house").await), ErrorCode::NotFound);
        let slugs: Vec<String> = root.list_orgs().await.unwrap().items.into_iter().map(|org| org.slug).collect();
        assert_eq!(slugs, ["works"]);
    }
}

#[tokio::test]
async fn only_administrators_see_and_change_organisations() {
    let host = host([]).await;
    let (root, Person { client: ann, .. }) = (host.admin().await.client, host.person("ann").await);
    root.create_org(&named("House")).await.unwrap();
    root.set_org_member("house", "ann", &SetOrgMember { role: OrgRole::OrgAdmin }).await.unwrap();
    for refused in [
        code(ann.list_orgs().await),
        code(ann.create_org(&named("Mine")).await),
        code(ann.org("house").await),
        code(ann.delete_org("house").await),
        code(ann.set_org_member("house", "ann", &MEMBER).await),
        code(ann.remove_org_member("house", "ann").await),
    ] {
        assert_eq!(refused, ErrorCode::Forbidden);
    }
    assert_eq!(members(&root.org("house").await.unwrap()), [("ann", OrgRole::OrgAdmin)]);
}

#[tokio::test]
async fn a_mistake_is_answered_with_its_place() {
    let host = host([]).await;
    let root = host.admin().await.client;
    root.create_org(&named("House")).await.unwrap();
    assert_eq!(code(root.create_org(&named("house")).await), ErrorCode::Conflict);
    let slug = |slug: &str| CreateOrg { name: "x".to_owned(), slug: Some(slug.to_owned()) };
    let long = |characters: usize| "x".repeat(characters);
    for (wrong, field) in [
        (named(" "), "name"),
        (named("a\nb"), "name"),
        (named(&long(limits::ORG_NAME_CHARS_MAX + 1)), "name"),
        (named("…"), "slug"),
        (named(&long(limits::ORG_SLUG_CHARS_MAX + 1)), "slug"),
        (slug("A/b"), "slug"),
        (slug(&long(limits::ORG_SLUG_CHARS_MAX + 1)), "slug"),
    ] {
        let refused = place(root.create_org(&wrong).await);
        assert_eq!(refused, (Some(ErrorCode::InvalidField), Some(field.to_owned())), "{wrong:?}");
    }
    assert_eq!(code(root.set_org_member("house", "nobody", &MEMBER).await), ErrorCode::NotFound);
    assert_eq!(code(root.set_org_member("nowhere", "root", &MEMBER).await), ErrorCode::NotFound);
    assert_eq!(code(root.remove_org_member("house", "root").await), ErrorCode::NotFound);
    let both = SetPluginAccess { user: Some("root".to_owned()), ..say("house", true) };
    for wrong in [say("nowhere", true), both] {
        let refused = place(root.set_plugin_access(NOTES, &wrong).await);
        assert_eq!(refused, (Some(ErrorCode::InvalidField), Some("org".to_owned())), "{wrong:?}");
    }
}
