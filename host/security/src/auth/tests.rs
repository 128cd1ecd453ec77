//! Who gets in, who does not, and what they are told.

use std::sync::Arc;

use chrono::TimeDelta;
use octi_domain::ambient::{ManualClock, SystemEntropy};
use octi_domain::limits;

use super::*;

const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

struct House {
    home: tempfile::TempDir,
    auth: Auth,
    clock: Arc<ManualClock>,
}

async fn house() -> House {
    let home = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(DateTime::UNIX_EPOCH));
    let ambient = Ambient::new(clock.clone(), Arc::new(SystemEntropy));
    let store = Store::open(&format!("sqlite://{}", home.path().join("octi.db").display())).await.unwrap();
    store.migrate().await.unwrap();
    let audit = Audit::start(store.clone(), ambient.clone());
    House { auth: Auth::new(store, ambient, audit), home, clock }
}

#[tokio::test]
async fn the_first_start_makes_one_administrator_who_can_sign_in() {
    let house = house().await;
    let first = house.auth.bootstrap_admin().await.unwrap().unwrap();
    assert!(house.auth.bootstrap_admin().await.unwrap().is_none());
    assert!(!format!("{first:?}").contains(first.password()));
    let (principal, user) = house.auth.login(&first.username, first.password(), HERE).await.unwrap();
    assert!(principal.is_admin());
    assert_eq!(principal.user_id(), Some(user.id));
    assert_eq!(house.auth.local_owner().await.unwrap(), principal);
}

#[tokio::test]
async fn a_wrong_name_and_a_wrong_password_read_the_same() {
    let house = house().await;
    let first = house.auth.bootstrap_admin().await.unwrap().unwrap();
    let wrong_password = house.auth.login(&first.username, "guess", HERE).await.unwrap_err().to_string();
    let wrong_name = house.auth.login("nobody", first.password(), HERE).await.unwrap_err().to_string();
    let long = "x".repeat(limits::PASSWORD_BYTES_MAX + 1);
    let too_long = house.auth.login(&first.username, &long, HERE).await.unwrap_err().to_string();
    assert_eq!([&wrong_name, &too_long], [&wrong_password; 2]);
}

#[tokio::test]
async fn too_many_failures_lock_out_for_longer_and_longer() {
    let house = house().await;
    let first = house.auth.bootstrap_admin().await.unwrap().unwrap();
    for _ in 0..limits::LOGIN_FAILURES_MAX {
        assert!(matches!(house.auth.login(&first.username, "guess", HERE).await, Err(AuthError::WrongPassword)));
    }
    assert!(matches!(house.auth.login(&first.username, first.password(), HERE).await, Err(AuthError::LockedOut { .. })));
    let elsewhere = IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 2));
    assert!(house.auth.login(&first.username, first.password(), elsewhere).await.is_ok());

    house.clock.advance(TimeDelta::seconds(31));
    assert!(matches!(house.auth.login(&first.username, "guess", HERE).await, Err(AuthError::WrongPassword)));
    house.clock.advance(TimeDelta::seconds(31));
    assert!(matches!(house.auth.login(&first.username, first.password(), HERE).await, Err(AuthError::LockedOut { .. })));
    house.clock.advance(TimeDelta::seconds(31));
    assert!(house.auth.login(&first.username, first.password(), HERE).await.is_ok());
}

#[tokio::test]
async fn the_audit_log_tells_of_every_way_a_sign_in_ends() {
    let house = house().await;
    let first = house.auth.bootstrap_admin().await.unwrap().unwrap();
    let (_, user) = house.auth.login(&first.username, first.password(), HERE).await.unwrap();
    for attempt in 0..limits::LOGIN_FAILURES_MAX + 3 {
        assert!(house.auth.login(&first.username, "guess", HERE).await.is_err(), "{attempt}");
    }
    assert!(house.auth.login("hunter2-typed-as-a-name", "guess", HERE).await.is_err());
    house.clock.advance(TimeDelta::seconds(31));
    assert!(house.auth.login(&first.username, "guess", HERE).await.is_err());
    assert!(house.auth.login(&first.username, "guess", HERE).await.is_err());
    house.auth.audit.flush().await;

    let rows = house.auth.store.read(&JOB).await.unwrap().list_audit(None, 100).await.unwrap();
    let count = |action: &str, resource: &str| {
        rows.iter()
            .filter(|row| row.action == action && row.resource == resource && row.details["address"] == "127.0.0.1")
            .count()
    };
    let (known, failures) = (format!("user:{}", user.id), limits::LOGIN_FAILURES_MAX as usize);
    assert_eq!(count("login", &known), 1);
    assert_eq!(count("login_failed", &known), failures + 1);
    assert_eq!(count("login_failed", "user"), 1);
    assert_eq!(count("login_locked_out", &known), 2, "one for each lock-out, however many attempts it turns away");
    let whose: Vec<_> = rows.iter().filter_map(|row| row.user_id).collect();
    assert_eq!(whose, [user.id], "whoever is not signed in is nobody");
    assert!(!format!("{rows:?}").contains("hunter2") && !format!("{rows:?}").contains("guess"));
}

#[tokio::test]
async fn guesses_sent_at_once_count_like_guesses_sent_in_turn() {
    let house = house().await;
    let first = house.auth.bootstrap_admin().await.unwrap().unwrap();
    let (auth, name) = (Arc::new(house.auth), first.username.clone());
    let mut guesses = tokio::task::JoinSet::new();
    for _ in 0..3 * limits::LOGIN_FAILURES_MAX {
        let (auth, name) = (auth.clone(), name.clone());
        guesses.spawn(async move { auth.login(&name, "guess", HERE).await });
    }
    let answers = guesses.join_all().await;
    let checked = answers.iter().filter(|answer| matches!(answer, Err(AuthError::WrongPassword))).count();
    assert_eq!(checked, limits::LOGIN_FAILURES_MAX as usize, "passwords that were compared");
}

#[tokio::test]
async fn a_token_works_until_it_expires_or_is_revoked() {
    let house = house().await;
    house.auth.bootstrap_admin().await.unwrap();
    let owner = house.auth.local_owner().await.unwrap();
    let end = DateTime::UNIX_EPOCH + TimeDelta::hours(1);
    let (token, secret) = house.auth.create_token(&owner, "laptop", Some(end)).await.unwrap();
    assert_eq!(secret.len(), "octi_".len() + 43);
    assert!(secret.starts_with(&token.prefix));
    assert_eq!(house.auth.by_token(&secret).await.unwrap(), owner);
    house.clock.advance(TimeDelta::hours(1));
    assert!(matches!(house.auth.by_token(&secret).await, Err(AuthError::WrongToken)));

    let (token, secret) = house.auth.create_token(&owner, "phone", None).await.unwrap();
    let mut tx = house.auth.store.write(&owner).await.unwrap();
    tx.revoke_token(token.id, house.auth.ambient.now()).await.unwrap();
    tx.save().await.unwrap();
    assert!(matches!(house.auth.by_token(&secret).await, Err(AuthError::WrongToken)));
    assert!(matches!(house.auth.by_token("octi_nonsense").await, Err(AuthError::WrongToken)));
}

#[tokio::test]
async fn the_local_token_is_private_and_names_the_owner() {
    use std::os::unix::fs::PermissionsExt;

    let house = house().await;
    house.auth.bootstrap_admin().await.unwrap();
    assert!(matches!(house.auth.by_local_token("").await, Err(AuthError::WrongToken)));
    let token = house.auth.local_token(house.home.path()).unwrap();
    let path = house.home.path().join("local-token");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(house.auth.by_local_token(token.expose_secret()).await.unwrap(), house.auth.local_owner().await.unwrap());
    assert!(matches!(house.auth.by_local_token("local_guess").await, Err(AuthError::WrongToken)));

    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(house.auth.local_token(house.home.path()).unwrap_err().to_string().contains("delete it"));
}

#[test]
fn failures_are_remembered_within_bounds() {
    let failures = Failures::default();
    for index in 0..limits::LOGIN_MEMORY_MAX + 10 {
        assert_eq!(failures.begin(&format!("name-{index}"), HERE, DateTime::UNIX_EPOCH), Ok(()));
    }
    assert_eq!(failures.len(), limits::LOGIN_MEMORY_MAX);
}

fn browser() -> Browser {
    Browser { address: HERE, user_agent: "Firefox \u{1b}[31m9".to_owned() }
}

const CHOSEN: &str = "correct horse battery";

/// A house whose first administrator is called `ada`, and the browser that set it up.
async fn set_up() -> (House, SignedIn) {
    let house = house().await;
    let first = house.auth.bootstrap_admin().await.unwrap().unwrap();
    let signed_in = house.auth.set_up(first.password(), "ada", CHOSEN, &browser()).await.unwrap();
    (house, signed_in)
}

#[tokio::test]
async fn only_the_first_password_sets_an_octi_up_and_only_once() {
    let house = house().await;
    let first = house.auth.bootstrap_admin().await.unwrap().unwrap();
    assert!(house.auth.needs_setup().await.unwrap());
    let attempt = async |code: &str, name: &str, password: &str| {
        house.auth.set_up(code, name, password, &browser()).await.map(drop).unwrap_err()
    };
    assert!(matches!(attempt("guess", "ada", CHOSEN).await, AuthError::WrongPassword));
    for name in ["", " ada", "a\tb", &"x".repeat(limits::NAME_CHARS_MAX + 1)] {
        assert!(matches!(attempt(first.password(), name, CHOSEN).await, AuthError::UserName), "{name:?}");
    }
    assert!(matches!(attempt(first.password(), "ada", "too short").await, AuthError::PasswordLength));
    assert!(house.auth.needs_setup().await.unwrap(), "nothing has happened yet");

    let signed_in = house.auth.set_up(first.password(), "ada", CHOSEN, &browser()).await.unwrap();
    assert!(signed_in.principal.is_admin());
    assert!(!house.auth.needs_setup().await.unwrap());
    assert!(matches!(attempt(first.password(), "eve", CHOSEN).await, AuthError::AlreadySetUp));
    assert!(house.auth.login("admin", first.password(), HERE).await.is_err());
    assert_eq!(house.auth.login("ada", CHOSEN, HERE).await.unwrap().1.id, signed_in.user.id);
}

#[tokio::test]
async fn a_browser_is_known_by_its_cookie_until_it_is_signed_out() {
    let (house, signed_in) = set_up().await;
    let cookie = signed_in.cookie.expose_secret();
    assert!(!format!("{signed_in:?}").contains(cookie));
    assert_eq!(signed_in.csrf_token(), csrf_token(cookie));
    assert_ne!(csrf_token(cookie), csrf_token("another"));
    let (principal, sign_in, _) = house.auth.by_cookie(cookie).await.unwrap();
    assert_eq!((principal, sign_in.id), (signed_in.principal.clone(), signed_in.sign_in.id));
    assert_eq!(sign_in.user_agent, "Firefox 9");
    assert!(matches!(house.auth.by_cookie("guess").await, Err(AuthError::SignedOut)));
    assert!(house.auth.sign_out(&signed_in.principal, sign_in.id).await.unwrap());
    assert!(!house.auth.sign_out(&signed_in.principal, sign_in.id).await.unwrap());
    assert!(matches!(house.auth.by_cookie(cookie).await, Err(AuthError::SignedOut)));
}

#[tokio::test]
async fn a_browser_that_is_away_for_long_signs_in_again() {
    let (house, signed_in) = set_up().await;
    let cookie = signed_in.cookie.expose_secret();
    let almost = TimeDelta::days(limits::SIGN_IN_IDLE_DAYS) - TimeDelta::seconds(1);
    for _ in 0..4 {
        house.clock.advance(almost);
        assert!(house.auth.by_cookie(cookie).await.is_ok(), "each visit starts the week again");
    }
    house.clock.advance(almost);
    assert!(matches!(house.auth.by_cookie(cookie).await, Err(AuthError::SignedOut)), "but not for more than a month");
    let again = house.auth.sign_in("ada", CHOSEN, &browser()).await.unwrap();
    house.clock.advance(TimeDelta::days(limits::SIGN_IN_IDLE_DAYS));
    assert!(matches!(house.auth.by_cookie(again.cookie.expose_secret()).await, Err(AuthError::SignedOut)));
}

#[tokio::test]
async fn the_browser_unused_for_longest_makes_room() {
    let (house, first) = set_up().await;
    let mut last = None;
    for _ in 0..limits::SIGN_INS_PER_USER_MAX {
        house.clock.advance(TimeDelta::seconds(1));
        let principal = first.principal.clone();
        last = Some(house.auth.remember(principal, first.user.clone(), &browser()).await.unwrap());
    }
    assert!(matches!(house.auth.by_cookie(first.cookie.expose_secret()).await, Err(AuthError::SignedOut)));
    assert!(house.auth.by_cookie(last.unwrap().cookie.expose_secret()).await.is_ok());
}

#[tokio::test]
async fn another_password_signs_every_other_browser_out() {
    let (house, here) = set_up().await;
    let there = house.auth.sign_in("ada", CHOSEN, &browser()).await.unwrap();
    let change = async |current: &str, new: &str| {
        house.auth.change_password(&here.principal, (current, new), HERE, Some(here.sign_in.id)).await
    };
    assert!(matches!(change("guess", "another long one").await, Err(AuthError::WrongPassword)));
    assert!(matches!(change(CHOSEN, "short").await, Err(AuthError::PasswordLength)));
    assert!(matches!(change(CHOSEN, &"x".repeat(limits::PASSWORD_BYTES_MAX + 1)).await, Err(AuthError::PasswordLength)));
    let expires_at = house.auth.ambient.now() + TimeDelta::days(1);
    let (_, of_login) = house.auth.create_login_token(&here.principal, expires_at).await.unwrap();
    let (_, of_script) = house.auth.create_token(&here.principal, "script", None).await.unwrap();
    change(CHOSEN, "another long one").await.unwrap();
    assert!(matches!(house.auth.by_token(&of_login).await, Err(AuthError::WrongToken)));
    assert!(house.auth.by_token(&of_script).await.is_ok());
    assert!(house.auth.by_cookie(here.cookie.expose_secret()).await.is_ok());
    assert!(matches!(house.auth.by_cookie(there.cookie.expose_secret()).await, Err(AuthError::SignedOut)));
    assert!(house.auth.login("ada", "another long one", HERE).await.is_ok());
}
