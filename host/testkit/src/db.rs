//! A fresh, migrated database for one test, on SQLite and on PostgreSQL.
//!
//! PostgreSQL is found through `OCTI_TEST_POSTGRES_URL`; without it those tests fail and say how to start one, unless
//! `OCTI_TEST_POSTGRES=skip`. The tests of `octi-store` include this file by its path, because the crate depends on them.

use std::io::Write;

use octi_domain::ambient::Ambient;
use octi_domain::ids::{EventId, UserId};
use octi_domain::principal::Principal;
use octi_domain::session::User;
use octi_store::{Backend, Store};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tempfile::TempDir;

const POSTGRES_URL: &str = "OCTI_TEST_POSTGRES_URL";
const POSTGRES: &str = "OCTI_TEST_POSTGRES";

/// Writes one test for both databases: `name::sqlite` and `name::postgres`, each with a fresh [`TestDb`].
#[macro_export]
macro_rules! on_both {
    ($($(#[$attribute:meta])* async fn $name:ident($db:ident) $body:block)*) => {$(
        $(#[$attribute])*
        mod $name {
            use super::*;

            async fn run($db: &$crate::db::TestDb) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                if let Some(db) = $crate::db::TestDb::open(octi_store::Backend::Sqlite).await {
                    Box::pin(run(&db)).await;
                }
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                if let Some(db) = $crate::db::TestDb::open(octi_store::Backend::Postgres).await {
                    Box::pin(run(&db)).await;
                }
            }
        }
    )*};
}

/// A database that goes away with this value.
pub struct TestDb {
    /// Open and migrated.
    pub store: Store,
    /// Where it is, for a second store on the same database.
    pub url: String,
    /// Time and ids for rows.
    pub ambient: Ambient,
    place: Place,
}

enum Place {
    Folder(#[expect(dead_code, reason = "held so that the folder lives as long as the database")] TempDir),
    Server { url: String, database: String },
}

impl TestDb {
    /// A fresh database; none when PostgreSQL tests are to be skipped.
    ///
    /// # Panics
    /// When the database cannot be made, with what to do about it.
    pub async fn open(backend: Backend) -> Option<Self> {
        let ambient = Ambient::system();
        let (url, place) = match backend {
            Backend::Sqlite => in_folder(),
            Backend::Postgres => on_server(&server_url()?, &ambient).await,
        };
        let store = must("open the database", Store::open(&url).await);
        must("migrate the database", store.migrate().await);
        Some(Self { store, url, ambient, place })
    }

    /// Adds a user of that name, who is no administrator and cannot sign in, and returns what stands for them.
    ///
    /// # Panics
    /// When the name is taken.
    pub async fn user(&self, name: &str) -> (User, Principal) {
        let user = User {
            id: self.ambient.id(),
            username: name.to_owned(),
            is_admin: false,
            is_active: true,
            created_at: self.ambient.now(),
            last_login_at: None,
        };
        let mut tx = must("begin", self.store.write(&Principal::system("test")).await);
        must("add a user", tx.insert_user(&user, "no hash").await);
        must("save", tx.save().await);
        let principal = principal(user.id);
        (user, principal)
    }
}

impl Drop for TestDb {
    fn drop(&mut self) {
        let Place::Server { url, database } = &self.place else { return };
        let (url, statement) = (url.clone(), format!("DROP DATABASE IF EXISTS {database} WITH (FORCE)"));
        // A runtime of its own: this one may be ending, or unwinding from a failed test.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            must("start a runtime", runtime).block_on(run_statement(&url, statement));
        });
        // A database that stays behind is a nuisance and no reason to fail.
        let _ = dropped.join();
    }
}

/// What stands for a signed-in person.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "tests say who is signed in")]
pub fn principal(user: UserId) -> Principal {
    Principal::authenticated(user, false)
}

fn in_folder() -> (String, Place) {
    let folder = must("make a folder", tempfile::tempdir());
    (format!("sqlite://{}/octi.db", folder.path().display()), Place::Folder(folder))
}

async fn on_server(server: &str, ambient: &Ambient) -> (String, Place) {
    let database = format!("octi_test_{}", ambient.id::<EventId>().as_uuid().simple());
    // Nobody is ever connected to template0, so tests that start together do not disturb each other.
    run_statement(server, format!("CREATE DATABASE {database} TEMPLATE template0")).await;
    let url = match server.rsplit_once('/') {
        Some((place, _)) => format!("{place}/{database}"),
        None => panic!("`{POSTGRES_URL}` must end with `/<database>`"),
    };
    (url, Place::Server { url: server.to_owned(), database })
}

async fn run_statement(url: &str, statement: String) {
    let mut connection = match PgConnection::connect(url).await {
        Ok(connection) => connection,
        Err(error) => {
            panic!("cannot reach the PostgreSQL of `{POSTGRES_URL}`; start it: eval \"$(tests/peers/postgres.sh)\" ({error})")
        }
    };
    must("run a statement", sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await);
}

#[expect(clippy::disallowed_methods, reason = "tests find their PostgreSQL server by a variable")]
fn server_url() -> Option<String> {
    if std::env::var(POSTGRES).is_ok_and(|word| word == "skip") {
        let _ = writeln!(std::io::stderr(), "skipped: `{POSTGRES}=skip` leaves out the tests on PostgreSQL");
        return None;
    }
    match std::env::var(POSTGRES_URL) {
        Ok(url) => Some(url),
        Err(_) => {
            panic!("`{POSTGRES_URL}` is not set; start a server: eval \"$(tests/peers/postgres.sh)\" — or set `{POSTGRES}=skip`")
        }
    }
}

fn must<T, E: std::fmt::Display>(what: &str, result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| panic!("cannot {what}: {error}"))
}
