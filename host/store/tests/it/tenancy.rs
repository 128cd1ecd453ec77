//! A stranger reads, changes and deletes nothing: every function, with the ids and names of somebody else's rows.

use chrono::DateTime;
use octi_domain::ids::{SessionId, UserId};
use octi_domain::message::Message;
use octi_domain::permission::{Answer, PermissionRequest, RequestStatus, Rule};
use octi_domain::principal::Principal;
use octi_domain::run::{Run, RunStatus};
use octi_domain::session::{Session, SessionStatus, User};
use octi_store::{
    ArtifactMeta, AuditRow, CallEnd, CompactionRow, CostKind, CostSum, KvWrite, ModelRow, SealedSecret, SignIn, StoreError,
    Token, ToolCallRow,
};

use crate::db::TestDb;
use crate::fixtures::{self, SYSTEM, look, refused, save, stored_session, time};
use crate::on_both;

const HASH: [u8; 32] = [3; 32];
const PLUGIN: &str = "octi.tasks";

/// Everything one person owns.
struct Estate {
    user: User,
    session: Session,
    run: Run,
    call: ToolCallRow,
    artifact: ArtifactMeta,
    token: Token,
    sign_in: SignIn,
    rule: Rule,
    request: PermissionRequest,
}

/// What can be seen of an estate; equal before and after whatever a stranger does.
#[derive(Debug, PartialEq)]
struct Sight {
    user: Option<(User, String)>,
    session: Option<Session>,
    messages: Vec<Message>,
    runs: Vec<Run>,
    calls: Vec<ToolCallRow>,
    artifact: Option<Vec<u8>>,
    tokens: Vec<Token>,
    sign_ins: Vec<SignIn>,
    models: Vec<ModelRow>,
    cost: CostSum,
    secret: Option<SealedSecret>,
    rules: Vec<Rule>,
    request: Option<PermissionRequest>,
    memory: Option<(Vec<u8>, u64)>,
    audit: Vec<AuditRow>,
    compaction: Option<CompactionRow>,
}

async fn build(db: &TestDb, user: User, owner: &Principal) -> Estate {
    let session = stored_session(&db.store, &db.ambient, user.id).await;
    let run = fixtures::run(&db.ambient, &session);
    let estate = Estate {
        call: fixtures::call(&db.ambient, &run),
        artifact: fixtures::artifact(&db.ambient, &session, b"private"),
        token: fixtures::token(&db.ambient, user.id),
        sign_in: fixtures::sign_in(&db.ambient, user.id),
        rule: fixtures::rule(&db.ambient, user.id, None),
        request: fixtures::request(&db.ambient, &run),
        user,
        session,
        run,
    };
    let (user, session) = (estate.user.id, estate.session.id);
    save!(db.store, owner, |tx| {
        tx.insert_run(&estate.run).await.unwrap();
        tx.append_message(fixtures::message(&db.ambient, session, "private")).await.unwrap();
        tx.insert_call(&estate.call).await.unwrap();
        tx.insert_artifact(&estate.artifact, b"private").await.unwrap();
        tx.insert_token(&estate.token, &HASH).await.unwrap();
        tx.insert_sign_in(&estate.sign_in, &HASH).await.unwrap();
        tx.upsert_model(&ModelRow { is_default: true, ..fixtures::model(&db.ambient, user, "mine") }).await.unwrap();
        tx.insert_cost(&fixtures::cost(&db.ambient, &estate.run, Some(1.0), CostKind::Reported)).await.unwrap();
        tx.put_secret(&fixtures::secret(&db.ambient, user, "key")).await.unwrap();
        tx.insert_rule(&estate.rule).await.unwrap();
        tx.insert_rule(&fixtures::rule(&db.ambient, user, Some(session))).await.unwrap();
        tx.insert_request(&estate.request).await.unwrap();
        assert_eq!(tx.kv_set(PLUGIN, user, "k", b"private", None, 100).await.unwrap(), KvWrite::Written(1));
        tx.append_audit(&fixtures::audit(&db.ambient, Some(user))).await.unwrap();
        tx.insert_compaction(&fixtures::compaction(&db.ambient, &estate.session)).await.unwrap();
    });
    estate
}

async fn sight(db: &TestDb, estate: &Estate, owner: &Principal) -> Sight {
    let (user, session) = (estate.user.id, estate.session.id);
    let account = look!(db.store, SYSTEM, |tx| tx.user_by_name(&estate.user.username).await);
    let mut tx = db.store.read(owner).await.unwrap();
    Sight {
        user: account,
        session: tx.session(session).await.unwrap(),
        messages: tx.messages(session, 0, 100).await.unwrap(),
        runs: tx.list_runs(None, 100).await.unwrap(),
        calls: tx.list_calls(estate.run.id).await.unwrap(),
        artifact: tx.artifact_bytes(estate.artifact.id, 0, 100).await.unwrap(),
        tokens: tx.list_tokens().await.unwrap(),
        sign_ins: tx.list_sign_ins().await.unwrap(),
        models: tx.list_models().await.unwrap(),
        cost: tx.cost_of_session(session).await.unwrap(),
        secret: tx.secret("model", "key").await.unwrap(),
        rules: tx.list_rules(Some(session)).await.unwrap(),
        request: tx.permission_request(estate.request.id).await.unwrap(),
        memory: tx.kv_get(PLUGIN, user, "k").await.unwrap(),
        audit: tx.list_audit(None, 100).await.unwrap(),
        compaction: tx.last_compaction(session).await.unwrap(),
    }
}

on_both! {
    async fn a_stranger_reads_nothing(db) {
        let (user, alice) = db.user("alice").await;
        let estate = build(db, user, &alice).await;
        let (bob_user, bob) = db.user("bob").await;
        let (session, run) = (estate.session.id, estate.run.id);
        let mut tx = db.store.read(&bob).await.unwrap();

        assert_eq!(tx.user(estate.user.id).await.unwrap(), None);
        assert_eq!(tx.user_by_name("alice").await.unwrap(), None);
        assert_eq!(tx.list_users().await.unwrap(), vec![bob_user]);
        assert_eq!(tx.count_users().await.unwrap(), 1);
        assert_eq!(tx.oldest_admin().await.unwrap(), None);
        assert_eq!(tx.token_by_hash(&HASH).await.unwrap(), None);
        assert!(tx.list_tokens().await.unwrap().is_empty());
        assert_eq!(tx.sign_in_by_hash(&HASH).await.unwrap(), None);
        assert!(tx.list_sign_ins().await.unwrap().is_empty());
        assert_eq!(tx.session(session).await.unwrap(), None);
        assert!(tx.list_sessions(None, 100).await.unwrap().is_empty());
        assert!(tx.messages(session, 0, 100).await.unwrap().is_empty());
        assert!(tx.last_messages(session, 100).await.unwrap().is_empty());
        assert_eq!(tx.run(run).await.unwrap(), None);
        assert_eq!(tx.active_run(session).await.unwrap(), None);
        assert!(tx.list_runs(Some(session), 100).await.unwrap().is_empty());
        assert!(tx.list_runs(None, 100).await.unwrap().is_empty());
        assert!(tx.list_calls(run).await.unwrap().is_empty());
        assert!(tx.timeline(run, DateTime::UNIX_EPOCH, 100).await.unwrap().is_empty());
        assert_eq!(tx.artifact(estate.artifact.id).await.unwrap(), None);
        assert_eq!(tx.artifact_bytes(estate.artifact.id, 0, 100).await.unwrap(), None);
        assert!(tx.list_artifacts(session).await.unwrap().is_empty());
        assert_eq!(tx.model("mine").await.unwrap(), None);
        assert_eq!(tx.default_model().await.unwrap(), None);
        assert!(tx.list_models().await.unwrap().is_empty());
        assert_eq!(tx.cost_of_session(session).await.unwrap(), CostSum::default());
        assert_eq!(tx.cost_of_run(run).await.unwrap(), CostSum::default());
        assert_eq!(tx.secret("model", "key").await.unwrap(), None);
        assert!(tx.list_secrets().await.unwrap().is_empty());
        assert_eq!(tx.last_compaction(session).await.unwrap(), None);
        assert!(tx.list_rules(Some(session)).await.unwrap().is_empty());
        assert_eq!(tx.permission_request(estate.request.id).await.unwrap(), None);
        assert!(tx.pending_requests().await.unwrap().is_empty());
        assert_eq!(tx.kv_get(PLUGIN, estate.user.id, "k").await.unwrap(), None);
        assert!(tx.kv_keys(PLUGIN, estate.user.id, "", None, 100).await.unwrap().is_empty());
        assert!(tx.list_audit(None, 100).await.unwrap().is_empty());
    }

    async fn a_stranger_changes_and_deletes_nothing(db) {
        let (user, alice) = db.user("alice").await;
        let estate = build(db, user, &alice).await;
        let (_, bob) = db.user("bob").await;
        let before = sight(db, &estate, &alice).await;
        let (user, session) = (estate.user.id, estate.session.id);
        let stopped = Run { status: RunStatus::Stopped, ..estate.run.clone() };
        let end = CallEnd { id: estate.call.id, outcome: "x".to_owned(), is_error: true, duration_ms: 1, ended_at: time(9), artifact: None };

        save!(db.store, bob, |tx| {
            assert!(!tx.set_password(user, "stolen").await.unwrap());
            assert!(!tx.record_login(user, time(9)).await.unwrap());
            assert!(!tx.revoke_token(estate.token.id, time(9)).await.unwrap());
            assert!(!tx.touch_token(estate.token.id, time(9)).await.unwrap());
            assert!(!tx.touch_sign_in(estate.sign_in.id, time(9)).await.unwrap());
            assert!(!tx.delete_sign_in(estate.sign_in.id).await.unwrap());
            assert!(!tx.rename_user(estate.user.id, "mallory").await.unwrap());
            assert!(!tx.set_session_title(session, "mine now").await.unwrap());
            assert!(!tx.set_session_status(session, SessionStatus::Completed).await.unwrap());
            assert!(!tx.delete_session(session).await.unwrap());
            assert!(!tx.update_run(&stopped).await.unwrap());
            assert!(tx.interrupt_running("x", time(9)).await.unwrap().is_empty());
            assert!(!tx.finish_call(&end).await.unwrap());
            assert!(!tx.delete_model("mine").await.unwrap());
            assert!(!tx.set_default_model("mine").await.unwrap());
            assert!(!tx.delete_secret("model", "key").await.unwrap());
            assert!(!tx.delete_rule(estate.rule.id).await.unwrap());
            assert!(!tx.resolve_request(estate.request.id, RequestStatus::Answered(Answer::Always), time(9)).await.unwrap());
            assert!(tx.expire_requests(time(999_999)).await.unwrap().is_empty());
            assert!(!tx.kv_delete(PLUGIN, user, "k").await.unwrap());
            assert_eq!(tx.forget_compactions(session).await.unwrap(), 0);
        });
        assert_eq!(sight(db, &estate, &alice).await, before);
    }

    async fn a_stranger_adds_nothing_in_somebody_elses_name(db) {
        let (user, alice) = db.user("alice").await;
        let estate = build(db, user, &alice).await;
        let (_, bob) = db.user("bob").await;
        let before = sight(db, &estate, &alice).await;
        let ambient = &db.ambient;
        let user = estate.user.id;
        let done = Run { status: RunStatus::Completed, ..fixtures::run(ambient, &estate.session) };

        let refusals = [
            refused!(db.store, bob, |tx| tx.insert_user(&User { id: ambient.id(), ..estate.user.clone() }, "x").await),
            refused!(db.store, bob, |tx| tx.insert_token(&fixtures::token(ambient, user), &[1; 32]).await),
            refused!(db.store, bob, |tx| tx.insert_sign_in(&fixtures::sign_in(ambient, user), &[1; 32]).await),
            refused!(db.store, bob, |tx| tx.insert_session(&fixtures::session(ambient, user)).await),
            refused!(db.store, bob, |tx| tx.insert_run(&done).await),
            refused!(db.store, bob, |tx| tx.insert_call(&fixtures::call(ambient, &estate.run)).await),
            refused!(db.store, bob, |tx| tx.insert_artifact(&fixtures::artifact(ambient, &estate.session, b""), b"").await),
            refused!(db.store, bob, |tx| tx.upsert_model(&fixtures::model(ambient, user, "mine")).await),
            refused!(db.store, bob, |tx| tx.insert_cost(&fixtures::cost(ambient, &estate.run, None, CostKind::Unknown)).await),
            refused!(db.store, bob, |tx| tx.put_secret(&fixtures::secret(ambient, user, "key")).await),
            refused!(db.store, bob, |tx| tx.insert_rule(&fixtures::rule(ambient, user, None)).await),
            refused!(db.store, bob, |tx| tx.insert_request(&fixtures::request(ambient, &estate.run)).await),
            refused!(db.store, bob, |tx| tx.kv_set(PLUGIN, user, "k", b"x", None, 100).await),
            refused!(db.store, bob, |tx| tx.append_audit(&fixtures::audit(ambient, Some(user))).await),
            refused!(db.store, bob, |tx| tx.append_audit(&fixtures::audit(ambient, None)).await),
            refused!(db.store, bob, |tx| tx.put_setting("theme", &serde_json::json!(1)).await),
            refused!(db.store, bob, |tx| tx.insert_compaction(&fixtures::compaction(ambient, &estate.session)).await),
        ];
        for error in refusals {
            assert!(matches!(error, StoreError::Foreign { .. }), "{error:?}");
            assert!(error.to_string().ends_with(" belongs to somebody else"), "{error}");
        }
        assert_eq!(sight(db, &estate, &alice).await, before);
    }

    async fn a_stranger_hangs_nothing_of_their_own_into_somebody_elses_session(db) {
        let (user, alice) = db.user("alice").await;
        let estate = build(db, user, &alice).await;
        let (bob_user, bob) = db.user("bob").await;
        let before = sight(db, &estate, &alice).await;
        let ambient = &db.ambient;
        // Bob's rows, under Alice's session and run.
        let claimed = Session { user_id: bob_user.id, ..estate.session.clone() };
        let run = Run { user_id: bob_user.id, status: RunStatus::Completed, ..fixtures::run(ambient, &claimed) };
        let under_her_run = Run { id: estate.run.id, ..run.clone() };
        let call_under_her_run = ToolCallRow { session_id: None, ..fixtures::call(ambient, &under_her_run) };
        let call_in_her_session = ToolCallRow { run_id: None, ..fixtures::call(ambient, &run) };

        let missing = [
            refused!(db.store, bob, |tx| tx.append_message(fixtures::message(ambient, claimed.id, "hi")).await),
            refused!(db.store, bob, |tx| tx.insert_run(&run).await),
            refused!(db.store, bob, |tx| tx.insert_call(&call_under_her_run).await),
            refused!(db.store, bob, |tx| tx.insert_call(&call_in_her_session).await),
            refused!(db.store, bob, |tx| tx.insert_artifact(&fixtures::artifact(ambient, &claimed, b""), b"").await),
            refused!(db.store, bob, |tx| tx.insert_cost(&fixtures::cost(ambient, &run, Some(9.0), CostKind::Reported)).await),
            refused!(db.store, bob, |tx| tx.insert_rule(&fixtures::rule(ambient, bob_user.id, Some(claimed.id))).await),
            refused!(db.store, bob, |tx| tx.insert_request(&fixtures::request(ambient, &run)).await),
            refused!(db.store, bob, |tx| tx.insert_compaction(&fixtures::compaction(ambient, &claimed)).await),
        ];
        for error in missing {
            assert!(matches!(error, StoreError::Missing { .. }), "{error:?}");
        }
        // Not even the host mixes them up by mistake.
        let error = refused!(db.store, SYSTEM, |tx| tx.insert_run(&run).await);
        assert!(matches!(error, StoreError::Missing { .. }), "{error:?}");
        assert_eq!(sight(db, &estate, &alice).await, before);
    }

    async fn names_are_per_person(db) {
        let (user, alice) = db.user("alice").await;
        let estate = build(db, user, &alice).await;
        let (bob_user, bob) = db.user("bob").await;
        let before = sight(db, &estate, &alice).await;
        save!(db.store, bob, |tx| {
            tx.upsert_model(&ModelRow { is_default: true, ..fixtures::model(&db.ambient, bob_user.id, "mine") }).await.unwrap();
            tx.put_secret(&fixtures::secret(&db.ambient, bob_user.id, "key")).await.unwrap();
            assert_eq!(tx.kv_set(PLUGIN, bob_user.id, "k", b"bob's", Some(0), 100).await.unwrap(), KvWrite::Written(1));
            assert!(tx.delete_model("mine").await.unwrap());
            assert!(tx.delete_secret("model", "key").await.unwrap());
            assert!(tx.kv_delete(PLUGIN, bob_user.id, "k").await.unwrap());
        });
        assert_eq!(sight(db, &estate, &alice).await, before);
    }

    async fn settings_are_the_hosts_alone(db) {
        let (_, bob) = db.user("bob").await;
        save!(db.store, SYSTEM, |tx| tx.put_setting("theme", &serde_json::json!("dark")).await.unwrap());
        save!(db.store, bob, |tx| {
            assert_eq!(tx.setting("theme").await.unwrap(), None);
            assert!(tx.list_settings().await.unwrap().is_empty());
            assert!(!tx.delete_setting("theme").await.unwrap());
        });
        assert!(look!(db.store, SYSTEM, |tx| tx.setting("theme").await).is_some());
    }

    async fn the_host_sees_everybody(db) {
        let (user, alice) = db.user("alice").await;
        let estate = build(db, user, &alice).await;
        let (bob_user, bob) = db.user("bob").await;
        let bobs = stored_session(&db.store, &db.ambient, bob_user.id).await;
        save!(db.store, bob, |tx| tx.append_message(fixtures::message(&db.ambient, bobs.id, "hi")).await.unwrap());
        let seen = async |session: SessionId, who: &Principal| !look!(db.store, who, |tx| tx.messages(session, 0, 1).await).is_empty();
        assert!(seen(estate.session.id, &SYSTEM).await && seen(bobs.id, &SYSTEM).await);
        assert!(seen(estate.session.id, &alice).await && !seen(bobs.id, &alice).await);
        let people: Vec<UserId> = look!(db.store, SYSTEM, |tx| tx.list_users().await).iter().map(|user| user.id).collect();
        assert_eq!(people, [estate.user.id, bob_user.id]);
    }
}
