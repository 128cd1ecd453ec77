//! How much there may be of everything.

use chrono::TimeDelta;
use octi_domain::limits;
use octi_domain::principal::Principal;
use octi_store::{Backend, OauthClient};
use octi_testkit::clock;
use octi_testkit::db::TestDb;
use reqwest::StatusCode;
use serde_json::json;

use super::super::host::{Host, host, host_at, host_behind_proxy};
use super::super::openapi::http;
use super::{Browser, Program, hello, mcp, post, tokens, unhurried, word};

const SYSTEM: Principal = Principal::system("test");

async fn is_registered(host: &Host, id: &str) -> bool {
    host.gateway.store.read(&SYSTEM).await.unwrap().oauth_client(id).await.unwrap().is_some()
}

#[tokio::test]
async fn what_nobody_let_in_makes_room_for_what_comes_from_the_same_place() {
    let host = host_behind_proxy().await;
    unhurried(&host).await;
    let ann = host.person("ann").await;
    let (used, unused) = (Program::register(&host).await, Program::register(&host).await);
    used.let_in(&Browser::of(&host, &ann).await, "mcp").await;
    let said = json!({"redirect_uris": ["http://127.0.0.1/cb"]});
    let elsewhere = http().post(host.url.join("oauth/register").unwrap()).header("x-forwarded-for", "203.0.113.7").json(&said);
    let elsewhere: serde_json::Value = elsewhere.send().await.unwrap().json().await.unwrap();
    for _ in 1..limits::OAUTH_CLIENTS_PER_ADDRESS_MAX {
        Program::register(&host).await;
    }
    assert!(is_registered(&host, &unused.id).await);
    Program::register(&host).await;
    assert!(!is_registered(&host, &unused.id).await, "the oldest went");
    assert!(is_registered(&host, &used.id).await && is_registered(&host, elsewhere["client_id"].as_str().unwrap()).await);
    let (_, count) = host.gateway.store.read(&SYSTEM).await.unwrap().count_oauth_clients("127.0.0.1").await.unwrap();
    assert_eq!(count, limits::OAUTH_CLIENTS_PER_ADDRESS_MAX);
}

#[tokio::test]
async fn when_every_place_is_taken_by_programs_that_are_used_no_more_may_register() {
    let host = host([]).await;
    let now = host.gateway.ambient.now();
    let mut tx = host.gateway.store.write(&SYSTEM).await.unwrap();
    for number in 0..limits::OAUTH_CLIENTS_MAX {
        let client = OauthClient {
            id: format!("client_{number}"),
            name: "Many".to_owned(),
            redirect_uris: Vec::new(),
            registered_from: "203.0.113.7".to_owned(),
            created_at: now,
            last_used_at: (number > 0).then_some(now),
        };
        tx.insert_oauth_client(&client).await.unwrap();
    }
    tx.save().await.unwrap();
    let first = Program::register(&host).await;
    assert!(!is_registered(&host, "client_0").await && is_registered(&host, &first.id).await, "one that nobody let in made room");
    let ann = host.person("ann").await;
    first.let_in(&Browser::of(&host, &ann).await, "mcp").await;
    let (status, body) = post(&host, "oauth/register", &json!({"redirect_uris": ["http://127.0.0.1/cb"]})).await;
    assert_eq!((status, &body["error"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("temporarily_unavailable")));
}

#[tokio::test]
async fn programs_that_do_not_come_back_are_forgotten() {
    let db = TestDb::open(Backend::Sqlite).await.unwrap();
    let (ambient, clock) = clock::manual();
    let host = host_at(&db, ambient, []).await;
    let ann = host.person("ann").await;
    let (used, unused) = (Program::register(&host).await, Program::register(&host).await);
    used.let_in(&Browser::of(&host, &ann).await, "mcp").await;
    clock.advance(TimeDelta::days(limits::OAUTH_CLIENT_UNUSED_DAYS) + TimeDelta::seconds(1));
    Program::register(&host).await;
    assert!(!is_registered(&host, &unused.id).await && is_registered(&host, &used.id).await);
    clock.advance(TimeDelta::days(limits::OAUTH_CLIENT_IDLE_DAYS));
    Program::register(&host).await;
    assert!(!is_registered(&host, &used.id).await);
    assert_eq!(word(unused.redeem("octi_oac_x", &[]).await), "invalid_client", "so that it registers anew");
}

#[tokio::test]
async fn a_person_has_so_many_programs_and_one_registration_has_one_place() {
    let host = host([]).await;
    unhurried(&host).await;
    let ann = host.person("ann").await;
    let browser = Browser::of(&host, &ann).await;
    let first = Program::register(&host).await;
    let (old, new) = (first.let_in(&browser, "mcp").await, first.let_in(&browser, "mcp").await);
    assert_eq!(mcp(&host, &old.access, &hello()).await.0, StatusCode::UNAUTHORIZED, "it asked anew");
    assert_eq!(mcp(&host, &new.access, &hello()).await.0, StatusCode::OK);
    for _ in 0..limits::OAUTH_PROGRAMS_PER_USER_MAX {
        Program::register(&host).await.let_in(&browser, "mcp").await;
    }
    assert_eq!(ann.client.list_programs().await.unwrap().items.len(), limits::OAUTH_PROGRAMS_PER_USER_MAX);
    assert_eq!(mcp(&host, &new.access, &hello()).await.0, StatusCode::UNAUTHORIZED, "the one that was used longest ago went");
}

#[tokio::test]
async fn only_so_many_used_tokens_are_remembered() {
    let host = host([]).await;
    unhurried(&host).await;
    let ann = host.person("ann").await;
    let (program, browser) = (Program::register(&host).await, Browser::of(&host, &ann).await);
    let first = program.let_in(&browser, "mcp").await;
    let mut given = first.clone();
    for _ in 0..=limits::OAUTH_USED_KEPT {
        given = tokens(program.refresh(&given.refresh, &[]).await);
    }
    assert_eq!(word(program.refresh(&first.refresh, &[]).await), "invalid_grant");
    assert_eq!(mcp(&host, &given.access, &hello()).await.0, StatusCode::OK, "it is too old to tell from a made-up one");
}
