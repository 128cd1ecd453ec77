//! The database above everything, changes that are obeyed at once, and another host that sees them.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use octi_config::Config;
use octi_config::env::{self, Environment};
use octi_domain::event::{Event, EventKind};
use octi_domain::ids::UserId;
use octi_domain::limits;
use octi_domain::principal::Principal;
use octi_domain::session::User;
use octi_security::vault::{MasterKey, Vault};
use octi_store::{AuditRow, Backend, Store};
use octi_testkit::db::TestDb;
use octi_testkit::events::Collected;
use octi_testkit::on_both;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::*;

const TOKEN: &str = "scraper-Word-of-16-and-more";

/// One host, and what it was told.
struct Host {
    settings: Settings,
    config: Config,
    events: Arc<Collected>,
    /// The log filters that were put in place.
    filters: Arc<Mutex<Vec<Option<String>>>>,
    _home: tempfile::TempDir,
}

/// A host with this environment and this `config.toml`.
async fn host(db: &TestDb, store: &Store, variables: &[(&str, &str)], file: &str) -> Host {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("config.toml"), file).unwrap();
    let path = home.path().display().to_string();
    let config = Config::load(&Environment::of(variables.iter().copied().chain([(env::OCTI_HOME, path.as_str())]))).unwrap();
    let key = SecretString::from("5a".repeat(32));
    let master = MasterKey::load_or_create(&home.path().join("master.key"), Some(&key), &db.ambient).unwrap();
    let (events, filters) = (Arc::new(Collected::default()), Arc::new(Mutex::new(Vec::new())));
    let heard = filters.clone();
    let settings = Settings::open(SettingsParts {
        store: store.clone(),
        vault: Arc::new(Vault::new(store.clone(), master, db.ambient.clone())),
        base: config.settings.clone(),
        events: events.clone(),
        ambient: db.ambient.clone(),
        on_change: Arc::new(move |now| heard.lock().unwrap().push(now.log_filter().map(str::to_owned))),
    });
    Host { settings: settings.await.unwrap(), config, events, filters, _home: home }
}

async fn plain(db: &TestDb) -> Host {
    host(db, &db.store, &[], "").await
}

#[expect(clippy::disallowed_methods, reason = "a test signs people in without credentials")]
async fn admin(db: &TestDb, name: &str) -> Principal {
    let user = User {
        id: db.ambient.id(),
        username: name.to_owned(),
        is_admin: true,
        is_active: true,
        created_at: db.ambient.now(),
        last_login_at: None,
    };
    let mut tx = db.store.write(&Principal::system("test")).await.unwrap();
    tx.insert_user(&user, "no password").await.unwrap();
    tx.save().await.unwrap();
    Principal::authenticated(user.id, true)
}

async fn store_row(db: &TestDb, key: &str, value: &Value) {
    let mut tx = db.store.write(&Principal::system("test")).await.unwrap();
    tx.put_setting(key, value).await.unwrap();
    tx.save().await.unwrap();
}

async fn row(db: &TestDb, key: &str) -> Option<Value> {
    db.store.read(&Principal::system("test")).await.unwrap().setting(key).await.unwrap()
}

async fn audit(db: &TestDb) -> Vec<AuditRow> {
    let mut rows = db.store.read(&Principal::system("test")).await.unwrap().list_audit(None, 1_000).await.unwrap();
    rows.reverse();
    rows
}

fn one(key: &str, value: Value) -> [(String, Value); 1] {
    [(key.to_owned(), value)]
}

fn source(host: &Host, key: &str) -> Source {
    host.settings.now().entry(key).unwrap().source
}

/// What administrators were told, and who.
fn told(host: &Host) -> Vec<(UserId, Vec<String>)> {
    let keys = |event: Event| match event.kind {
        EventKind::SettingsChanged { keys } => Some((event.user_id, keys)),
        _ => None,
    };
    host.events.all().into_iter().filter_map(keys).collect()
}

on_both! {
    async fn database_beats_environment_beats_file_beats_default(db) {
        let ada = admin(db, "ada").await;
        let file = "[agent]\nminutes_max = 3\ntokens_max = 5000\n";
        let host = host(db, &db.store, &[(env::OCTI_MAX_MINUTES, "4")], file).await;
        let of = |key| (source(&host, key), host.settings.now().number(key));
        assert_eq!(of(key::MINUTES_MAX), (Source::Environment, 4));
        assert_eq!(of(key::TOKENS_MAX), (Source::File, 5_000));
        assert_eq!(of(key::ITERATIONS_MAX), (Source::Default, 50));
        host.settings.set(&ada, &one(key::MINUTES_MAX, json!(9))).await.unwrap();
        assert_eq!(of(key::MINUTES_MAX), (Source::Database, 9));
        assert_eq!(host.settings.now().run_limits().budget.time_max, Duration::from_secs(9 * 60));
        host.settings.reset(&ada, key::MINUTES_MAX).await.unwrap();
        assert_eq!(of(key::MINUTES_MAX), (Source::Environment, 4));
    }

    async fn several_values_are_stored_together_or_not_at_all(db) {
        let ada = admin(db, "ada").await;
        let host = plain(db).await;
        let both = |tokens: Value| [(key::MINUTES_MAX.to_owned(), json!(9)), (key::TOKENS_MAX.to_owned(), tokens)];
        let refused = host.settings.set(&ada, &both(json!("many"))).await.unwrap_err();
        assert!(matches!(refused, SettingsError::Invalid { key: key::TOKENS_MAX, .. }), "{refused:?}");
        assert_eq!((row(db, key::MINUTES_MAX).await, source(&host, key::MINUTES_MAX)), (None, Source::Default));
        assert!(audit(db).await.is_empty() && told(&host).is_empty());

        host.settings.set(&ada, &both(json!(7))).await.unwrap();
        assert_eq!((row(db, key::MINUTES_MAX).await, row(db, key::TOKENS_MAX).await), (Some(json!(9)), Some(json!(7))));
        let deeds: Vec<_> = audit(db).await.into_iter().map(|row| (row.user_id, row.action, row.resource)).collect();
        let deed = |key: &str| (ada.user_id(), "setting_changed".to_owned(), format!("setting:{key}"));
        assert_eq!(deeds.into_iter().collect::<HashSet<_>>(), HashSet::from([deed(key::MINUTES_MAX), deed(key::TOKENS_MAX)]));
        let keys = vec![key::MINUTES_MAX.to_owned(), key::TOKENS_MAX.to_owned()];
        assert_eq!(told(&host), [(ada.user_id().unwrap(), keys)]);
    }

    async fn another_host_on_the_same_database_sees_the_change(db) {
        let (ada, _ann) = (admin(db, "ada").await, db.user("ann").await);
        let second_store = Store::open(&db.url).await.unwrap();
        let (first, second) = (plain(db).await, host(db, &second_store, &[(env::OCTI_LOG, "warn")], "").await);
        let mut limits = second.settings.run_limits();
        let values = [(key::ITERATIONS_MAX.to_owned(), json!(2)), (key::LOG_FILTER.to_owned(), json!("debug"))];
        first.settings.set(&ada, &values).await.unwrap();
        assert_eq!(limits.borrow().budget.iterations_max, 50, "nobody has looked yet");
        second.settings.refresh().await.unwrap();
        assert!(limits.has_changed().unwrap());
        assert_eq!(limits.borrow_and_update().budget.iterations_max, 2);
        assert_eq!(*second.filters.lock().unwrap(), [Some("warn".to_owned()), Some("debug".to_owned())]);
        let keys = vec![key::ITERATIONS_MAX.to_owned(), key::LOG_FILTER.to_owned()];
        assert_eq!(told(&second), [(ada.user_id().unwrap(), keys)], "and its administrators, and nobody else");
        second.settings.refresh().await.unwrap();
        assert_eq!(told(&second).len(), 1, "what did not change is not told again");

        first.settings.reset(&ada, key::ITERATIONS_MAX).await.unwrap();
        second.settings.refresh().await.unwrap();
        assert_eq!(limits.borrow().budget.iterations_max, 50);
        second_store.close().await;
    }

    async fn a_host_that_follows_sees_a_change_by_itself(db) {
        let ada = admin(db, "ada").await;
        let second_store = Store::open(&db.url).await.unwrap();
        let (first, second) = (plain(db).await, host(db, &second_store, &[], "").await);
        let mut limits = second.settings.run_limits();
        first.settings.set(&ada, &one(key::RUNS_ACTIVE_MAX, json!(3))).await.unwrap();
        let patience = Duration::from_secs(20 * limits::SETTINGS_LOOK_SECONDS);
        tokio::select! {
            () = second.settings.follow() => {}
            changed = tokio::time::timeout(patience, limits.changed()) => changed.expect("a look in time").unwrap(),
        }
        assert_eq!(limits.borrow().active_max, 3);
        second_store.close().await;
    }

    async fn a_stored_value_that_is_not_valid_is_ignored_and_told(db) {
        store_row(db, key::MINUTES_MAX, &json!(0)).await;
        store_row(db, key::LOG_FILTER, &json!("octi=loud")).await;
        store_row(db, key::PRIVATE_TARGETS, &json!(["wiki.corp"])).await;
        store_row(db, key::METRICS_TOKEN, &json!(TOKEN)).await;
        store_row(db, "server.port", &json!(1)).await;
        store_row(db, "of.a_newer_octi", &json!("x")).await;
        let host = host(db, &db.store, &[(env::OCTI_MAX_MINUTES, "4")], "").await;
        let now = host.settings.now();
        for (key, says) in [
            (key::MINUTES_MAX, "a whole number from 1 to 1440"),
            (key::LOG_FILTER, "not a log filter"),
            (key::PRIVATE_TARGETS, "`[0]`: "),
            (key::METRICS_TOKEN, "it is not sealed"),
            ("server.port", "outside of the database"),
        ] {
            let entry = now.entry(key).unwrap();
            assert!(entry.problem.as_deref().is_some_and(|problem| problem.contains(says)), "{key}: {:?}", entry.problem);
            assert_ne!(entry.source, Source::Database, "{key}");
        }
        assert_eq!((now.number(key::MINUTES_MAX), now.log_filter()), (4, None));
        assert!(!now.is_metrics_token(TOKEN));

        let ada = admin(db, "ada").await;
        let now = host.settings.reset(&ada, "server.port").await.unwrap();
        assert_eq!(now.entry("server.port").unwrap().problem, None, "what is ignored can be taken away");
        let now = host.settings.set(&ada, &one(key::MINUTES_MAX, json!(5))).await.unwrap();
        assert_eq!(now.entry(key::MINUTES_MAX).unwrap().problem, None);
    }

    async fn a_secret_is_sealed_masked_and_obeyed(db) {
        let ada = admin(db, "ada").await;
        let host = plain(db).await;
        let now = host.settings.set(&ada, &one(key::METRICS_TOKEN, json!(TOKEN))).await.unwrap();
        let entry = now.entry(key::METRICS_TOKEN).unwrap();
        assert!(entry.is_set() && entry.value().is_none() && entry.default().is_none());
        assert!(now.is_metrics_token(TOKEN) && !now.is_metrics_token("") && !now.is_metrics_token(&TOKEN[1..]));
        let stored = row(db, key::METRICS_TOKEN).await.unwrap();
        for text in [stored.to_string(), format!("{:?}", audit(db).await), format!("{:?}", host.settings)] {
            assert!(!text.contains(TOKEN), "{text}");
        }
        assert_eq!(now.secrets().len(), 1, "and it is hidden in what is logged");

        // The row of one secret does not open as another's.
        assert!(stored["sealed"].is_string());
        store_row(db, key::METRICS_TOKEN, &json!({"sealed": "AAAA"})).await;
        host.settings.refresh().await.unwrap();
        let now = host.settings.now();
        let problem = now.entry(key::METRICS_TOKEN).unwrap().problem.clone().unwrap();
        assert!(problem.contains("cannot be opened") && !now.is_metrics_token(TOKEN), "{problem}");
    }

    async fn a_secret_of_the_environment_stays_hidden_below_a_stored_one(db) {
        let ada = admin(db, "ada").await;
        let given = "scraper-Word-of-the-environment";
        let host = host(db, &db.store, &[(env::OCTI_METRICS_TOKEN, given)], "").await;
        let hidden = || {
            let all = host.settings.now().secrets();
            all.into_iter().map(|(key, secret)| (key, secret.expose_secret().to_owned())).collect::<Vec<_>>()
        };
        let named = |value: &str| (key::METRICS_TOKEN.to_owned(), value.to_owned());
        assert_eq!(hidden(), [named(given)]);
        host.settings.set(&ada, &one(key::METRICS_TOKEN, json!(TOKEN))).await.unwrap();
        assert!(host.settings.now().is_metrics_token(TOKEN) && !host.settings.now().is_metrics_token(given));
        assert_eq!(hidden(), [named(given), named(TOKEN)]);
        host.settings.reset(&ada, key::METRICS_TOKEN).await.unwrap();
        assert_eq!(hidden(), [named(given)]);
    }

    async fn what_is_stored_is_obeyed_and_told_without_reading_it_back(db) {
        let ada = admin(db, "ada").await;
        let host = plain(db).await;
        // On SQLite nothing can be read any more; PostgreSQL has no connections of its own for reading.
        let mut readers = Vec::new();
        while db.store.backend() == Backend::Sqlite {
            let reading = db.store.read(&ada);
            let Ok(reader) = tokio::time::timeout(Duration::from_millis(300), reading).await else { break };
            readers.push(reader.unwrap());
        }
        let now = host.settings.set(&ada, &one(key::MINUTES_MAX, json!(9))).await.unwrap();
        assert_eq!(now.number(key::MINUTES_MAX), 9);
        let now = host.settings.reset(&ada, key::MINUTES_MAX).await.unwrap();
        assert_eq!(now.number(key::MINUTES_MAX), 15);
        let keys = || (ada.user_id().unwrap(), vec![key::MINUTES_MAX.to_owned()]);
        assert_eq!(told(&host), [keys(), keys()]);
    }

    async fn who_may_not_or_what_cannot_be_changed_is_refused(db) {
        let host = plain(db).await;
        let (_, ann) = db.user("ann").await;
        let value = one(key::MINUTES_MAX, json!(5));
        assert!(matches!(host.settings.set(&ann, &value).await, Err(SettingsError::NotAdmin)));
        assert!(matches!(host.settings.reset(&ann, key::MINUTES_MAX).await, Err(SettingsError::NotAdmin)));
        assert!(matches!(host.settings.set(&Principal::system("x"), &value).await, Err(SettingsError::NotAdmin)));
        let ada = admin(db, "ada").await;
        let refused = host.settings.set(&ada, &one("server.port", json!(80))).await.unwrap_err().to_string();
        assert!(refused.contains("before the database") && refused.contains("`OCTI_PORT`"), "{refused}");
        let refused = host.settings.set(&ada, &one("agent.maxIterations", json!(80))).await.unwrap_err();
        assert!(matches!(refused, SettingsError::Unknown(_)), "{refused:?}");
        let many: Vec<_> = (0..=limits::SETTINGS_PER_REQUEST_MAX).map(|_| value[0].clone()).collect();
        assert!(matches!(host.settings.set(&ada, &many).await, Err(SettingsError::TooMany { count: 101 })));
        assert!(row(db, key::MINUTES_MAX).await.is_none());
    }

    async fn every_setting_that_can_be_changed_changes_what_the_host_obeys(db) {
        let ada = admin(db, "ada").await;
        let host = plain(db).await;
        let obeyed = || {
            let now = host.settings.now();
            let config = now.apply(&host.config);
            let next_start = (config.sandbox, config.searxng_url, config.private_targets, config.plugin_limits);
            let log_filter = now.log_filter().map(str::to_owned);
            let at_once = (now.run_limits(), now.gateway_limits(), (now.mcp_hosts(), now.mcp_stream_time(), now.mcp_clients_lend_models()), log_filter, now.is_metrics_token(TOKEN));
            format!("{at_once:?} {next_start:?} {:?}", now.additional_paths())
        };
        let now_is = |key| host.settings.now().value(key) == &json!(true);
        for definition in DEFINITIONS.iter().filter(|definition| definition.fixed.is_none()) {
            let value = match (definition.key, definition.kind) {
                (key::METRICS_TOKEN, _) => json!(TOKEN),
                (key::LOG_FILTER, _) => json!("octi_agents=debug"),
                (key::MCP_HOSTS, _) => json!(["octi.example.com"]),
                (key::MCP_SAMPLING, _) => json!("client"),
                (key::PUBLIC_URL, _) => json!("https://octi.example.org"),
                (key::SEARXNG_URL, _) => json!("http://10.0.0.5/"),
                (key::PRIVATE_TARGETS, _) => json!(["10.0.0.0/8:443"]),
                (key::SANDBOX_PROCESSES, _) => json!("required"),
                (key::ADDITIONAL_PATHS, _) => json!(["/srv/projects"]),
                (key::PLUGINS, _) => json!({"acme/x": {"limits": {"fs_calls": 1}}}),
                (key::COMPACTION_AUTO_PERCENT, _) => json!(70),
                (_, Kind::Number) => json!(7),
                (_, Kind::Boolean) => json!(!now_is(definition.key)),
                (key, _) => panic!("say here what else `{key}` may be"),
            };
            let before = obeyed();
            host.settings.set(&ada, &one(definition.key, value)).await.unwrap();
            assert_ne!(obeyed(), before, "nothing reads `{}`", definition.key);
        }
    }
}
