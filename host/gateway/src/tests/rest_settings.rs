//! REST: an administrator sets what holds for everybody, and nobody else does.

use std::collections::BTreeMap;
use std::time::Duration;

use octi_api::error::ErrorCode;
use octi_api::v1::messages::SendMessage;
use octi_api::v1::settings::{SetSetting, SetSettings, Setting, SettingSource};
use octi_client::ClientError;
use octi_client::api::event::EventBody;
use octi_client::api::frames::ServerFrame;
use octi_domain::principal::Principal;
use octi_models::scripted::Answer;
use octi_store::Backend;
use octi_testkit::db::TestDb;
use serde_json::{Value, json};

use super::host::{Host, Person, host, host_on, next, until};

const TOKEN: &str = "scraper-Word-of-16-and-more";

fn value(value: Value) -> SetSetting {
    SetSetting { value }
}

fn several(values: &[(&str, Value)]) -> SetSettings {
    SetSettings { values: values.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect::<BTreeMap<_, _>>() }
}

/// The code and the field of a refusal.
fn refusal(result: Result<impl std::fmt::Debug, ClientError>) -> (ErrorCode, String) {
    match result.unwrap_err() {
        ClientError::Server { code: Some(code), path, .. } => (code, path.unwrap_or_default()),
        other => panic!("no refusal of the server: {other:?}"),
    }
}

async fn calls_of_a_looping_turn(host: &Host, person: &Person) -> usize {
    let before = host.model.requests().len();
    let mut socket = person.listen(&["agent.*"]).await;
    let session = person.session().await;
    let say = SendMessage { content: "go".to_owned(), ..SendMessage::default() };
    person.client.send_message(session, &say).await.unwrap();
    until(&mut socket, "agent.failed").await;
    host.model.requests().len() - before
}

octi_testkit::on_both! {
    async fn an_administrator_sets_and_resets_a_value(db) {
        let host = host_on(db, []).await;
        let root = host.admin().await;
        let before = root.client.setting("agent.minutes_max").await.unwrap();
        assert_eq!((before.value.clone(), before.source), (Some(json!(15)), SettingSource::Default));
        assert_eq!((before.minimum, before.maximum, before.is_set), (Some(1), Some(1_440), false));
        let set = root.client.set_setting("agent.minutes_max", &value(json!(5))).await.unwrap();
        assert_eq!((set.value.clone(), set.source, set.is_set), (Some(json!(5)), SettingSource::Database, true));
        let listed = root.client.list_settings().await.unwrap().items;
        assert_eq!(listed.iter().filter(|setting| setting.source == SettingSource::Database).collect::<Vec<_>>(), [&set]);
        assert_eq!(root.client.reset_setting("agent.minutes_max").await.unwrap(), before);

        let both = several(&[("agent.tokens_max", json!(7)), ("log.filter", json!("warn"))]);
        let changed = root.client.set_settings(&both).await.unwrap().items;
        let values: Vec<_> = changed.into_iter().map(|setting| (setting.key, setting.value)).collect();
        assert_eq!(values, [("agent.tokens_max".to_owned(), Some(json!(7))), ("log.filter".to_owned(), Some(json!("warn")))]);
        let rows = db.store.read(&Principal::system("test")).await.unwrap().list_audit(None, 100).await.unwrap();
        let deeds: Vec<_> = rows.iter().filter(|row| row.user_id == Some(root.id)).map(|row| row.action.as_str()).collect();
        assert_eq!(deeds.iter().filter(|action| **action == "setting_changed").count(), 3, "{deeds:?}");
        assert_eq!(deeds.iter().filter(|action| **action == "setting_reset").count(), 1, "{deeds:?}");
    }

    async fn a_changed_budget_holds_for_the_next_turn_on_both_hosts_of_a_database(db) {
        let looping = || (0..9).map(|n| Answer::calls([("c", "notes__read", json!({"text": n.to_string()}))]));
        let (first, second) = (host_on(db, looping()).await, host_on(db, looping()).await);
        let root = first.admin().await;
        let there = Person { id: root.id, token: root.token.clone(), client: second.client(&root.token) };
        root.client.set_setting("agent.iterations_max", &value(json!(3))).await.unwrap();
        assert_eq!(calls_of_a_looping_turn(&first, &root).await, 3);
        root.client.set_setting("agent.iterations_max", &value(json!(2))).await.unwrap();
        assert_eq!(calls_of_a_looping_turn(&first, &root).await, 2);
        second.gateway.settings.refresh().await.unwrap();
        assert_eq!(calls_of_a_looping_turn(&second, &there).await, 2);
    }
}

#[tokio::test]
async fn a_person_reads_and_changes_nothing() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    let minutes = value(json!(5));
    let refused: [Result<Vec<Setting>, ClientError>; 5] = [
        ann.client.list_settings().await.map(|page| page.items),
        ann.client.setting("agent.minutes_max").await.map(|one| vec![one]),
        ann.client.set_setting("agent.minutes_max", &minutes).await.map(|one| vec![one]),
        ann.client.set_settings(&several(&[("agent.minutes_max", json!(5))])).await.map(|page| page.items),
        ann.client.reset_setting("agent.minutes_max").await.map(|one| vec![one]),
    ];
    for result in refused {
        let error = result.unwrap_err();
        assert_eq!(error.code(), Some(ErrorCode::Forbidden));
        assert!(error.to_string().contains("only an administrator may do this"), "{error}");
    }
    assert_eq!(host.admin().await.client.setting("agent.minutes_max").await.unwrap().value, Some(json!(15)));
}

#[tokio::test]
async fn what_cannot_be_a_value_is_refused_with_its_place() {
    let host = host([]).await;
    let root = host.admin().await.client;
    let limits = json!({"acme/x": {"limits": {"memory_mb": 0}}});
    for (key, wrong, path) in [
        ("agent.minutes_max", json!(0), "value"),
        ("agent.minutes_max", json!("5"), "value"),
        ("agent.minutes_max", Value::Null, "value"),
        ("sandbox.processes", json!("on"), "value"),
        ("log.filter", json!("octi=loud"), "value"),
        ("network.private_targets", json!(["wiki.corp:443", "wiki.corp"]), "value[1]"),
        ("plugins", limits.clone(), "value.\"acme/x\".limits.memory_mb"),
    ] {
        let refused = root.set_setting(key, &value(wrong)).await;
        assert_eq!(refusal(refused), (ErrorCode::InvalidField, path.to_owned()), "{key}");
    }
    let both = several(&[("agent.minutes_max", json!(5)), ("plugins", limits)]);
    let place = "values.plugins.\"acme/x\".limits.memory_mb".to_owned();
    assert_eq!(refusal(root.set_settings(&both).await), (ErrorCode::InvalidField, place));
    assert_eq!(root.setting("agent.minutes_max").await.unwrap().source, SettingSource::Default, "all or nothing");

    assert_eq!(refusal(root.set_setting("no.such", &value(json!(1))).await).0, ErrorCode::NotFound);
    assert_eq!(refusal(root.setting("no.such").await).0, ErrorCode::NotFound);
    assert_eq!(refusal(root.reset_setting("no.such").await).0, ErrorCode::NotFound);
    let refused = root.set_setting("server.port", &value(json!(80))).await.unwrap_err();
    assert_eq!(refused.code(), Some(ErrorCode::Refused));
    assert!(refused.to_string().contains("`OCTI_PORT`"), "{refused}");
}

#[tokio::test]
async fn a_secret_is_obeyed_and_never_shown() {
    let host = host([]).await;
    let root = host.admin().await;
    let set = root.client.set_setting("metrics.token", &value(json!(TOKEN))).await.unwrap();
    assert!(set.secret && set.is_set && set.value.is_none() && set.source == SettingSource::Database);
    let listed = serde_json::to_string(&root.client.list_settings().await.unwrap()).unwrap();
    assert!(!listed.contains(TOKEN), "{listed}");
    let refused = root.client.set_setting("metrics.token", &value(json!("q7x9"))).await.unwrap_err().to_string();
    assert!(refused.contains("16 to 200 characters") && !refused.contains("q7x9"), "{refused}");

    #[expect(clippy::disallowed_methods, reason = "the test talks to its own server")]
    let http = reqwest::Client::builder().build().unwrap();
    let scrape = || http.get(host.url.join("/metrics").unwrap()).bearer_auth(TOKEN).send();
    assert_eq!(scrape().await.unwrap().status(), 200);
    let elsewhere = http.get(host.url.join("/api/sessions").unwrap()).bearer_auth(TOKEN).send().await.unwrap();
    assert_eq!(elsewhere.status(), 401, "it reads metrics and nothing else");
    let reset = root.client.reset_setting("metrics.token").await.unwrap();
    assert!(!reset.is_set);
    assert_eq!(scrape().await.unwrap().status(), 401);
}

#[tokio::test]
async fn a_changed_rate_and_number_of_connections_hold_at_once() {
    let host = host((0..3).map(|_| Answer::text("Fine."))).await;
    let (ann, root) = (host.person("ann").await, host.admin().await);
    let mut socket = ann.listen(&["chat.response"]).await;
    let session = ann.session().await;
    let limits = several(&[("gateway.chats_per_minute_max", json!(1)), ("gateway.connections_per_user_max", json!(2))]);
    root.client.set_settings(&limits).await.unwrap();
    ann.chat(&mut socket, session, "one").await;
    until(&mut socket, "chat.response").await;
    ann.chat(&mut socket, session, "two").await;
    let ServerFrame::Error(refused) = next(&mut socket).await else { panic!("the second is one too many") };
    assert!(refused.message.contains("sent 1 times within a minute"), "{refused:?}");

    let _second = ann.client.connect().await.unwrap();
    let refused = ann.client.connect().await.unwrap_err().to_string();
    assert!(refused.contains("Too many connections: 2 are open"), "{refused}");
    root.client.reset_setting("gateway.connections_per_user_max").await.unwrap();
    assert!(ann.client.connect().await.is_ok());
}

#[tokio::test]
async fn administrators_are_told_of_a_change_and_others_are_not() {
    let db = TestDb::open(Backend::Sqlite).await.unwrap();
    let host = host_on(&db, []).await;
    let (ann, root) = (host.person("ann").await, host.admin().await);
    let (mut hers, mut roots) = (ann.listen(&["*"]).await, root.listen(&["settings.*"]).await);
    root.client.set_setting("metrics.token", &value(json!(TOKEN))).await.unwrap();
    let ServerFrame::Event { event } = next(&mut roots).await else { panic!("an event") };
    assert!(!serde_json::to_string(&event).unwrap().contains(TOKEN));
    let EventBody::SettingsChanged(changed) = event.body else { panic!("{:?}", event.body) };
    assert_eq!(changed.keys, ["metrics.token"]);
    let heard = tokio::time::timeout(Duration::from_millis(300), hers.next()).await;
    assert!(heard.is_err(), "{heard:?}");
}
