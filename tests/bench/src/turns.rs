//! What a turn costs beside its model.

use octi_models::scripted::Answer;
use octi_store::Backend;
use octi_tests::report::{Goal, Group, Row, Skipped, Times};
use serde_json::json;

use crate::hosted::{Hosted, Working, plugin_files};
use crate::{Effort, Paths};

/// The variable that names a PostgreSQL server for tests.
const POSTGRES: &str = "OCTI_TEST_POSTGRES_URL";
const TURNS: usize = 200;
const NOTE: &str = "From a message in a new conversation to the stored end of its turn, with the bundled role and all \
    bundled tools on the engine. The scripted model answers at once, so all of it is octi's. With a tool, the model asks \
    for one `read_file` before it answers.";

/// Measures on SQLite, and on PostgreSQL when there is one.
pub(crate) async fn measure(paths: &Paths, effort: Effort) -> anyhow::Result<(Group, Vec<Skipped>)> {
    let hosted = Hosted::start(paths, &plugin_files(&paths.plugins)?).await?;
    let (mut rows, mut skipped) = (Vec::new(), Vec::new());
    rows.extend(on(&hosted, Backend::Sqlite, effort).await?);
    let before = rows.len();
    if std::env::var_os(POSTGRES).is_some() {
        rows.extend(on(&hosted, Backend::Postgres, effort).await?);
    }
    if rows.len() == before {
        skipped.push(Skipped {
            what: "turns on PostgreSQL".to_owned(),
            reason: format!("`{POSTGRES}` names no server; start a server: eval \"$(tests/peers/postgres.sh)\""),
        });
    }
    hosted.stop().await;
    Ok((Group { id: "turn", title: "Turn overhead".to_owned(), note: NOTE.to_owned(), rows }, skipped))
}

async fn on(hosted: &Hosted, backend: Backend, effort: Effort) -> anyhow::Result<Vec<Row>> {
    let (id, name) = match backend {
        Backend::Sqlite => ("sqlite", "SQLite"),
        Backend::Postgres => ("postgres", "PostgreSQL"),
    };
    let Some(working) = Working::start(hosted, backend).await? else { return Ok(Vec::new()) };
    let plain = || vec![Answer::text("Fine.")];
    let with_tool =
        || vec![Answer::calls([("1", "filesystem__read_file", json!({ "path": "note.txt" }))]), Answer::text("It is a note.")];
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for turn in 0..=effort.samples(TURNS) {
        let (one, other) = (working.turn(plain()).await?, working.turn(with_tool()).await?);
        // The first ones load the plugins.
        if turn > 0 {
            without.push(one);
            with.push(other);
        }
    }
    working.stop().await;
    let none = || anyhow::anyhow!("nothing was sampled");
    let goals = |row: Row, times: &Times| {
        row.goal(Goal::at_most("p50", 15.0, times.p50_us / 1e3, "ms")).goal(Goal::at_most("p99", 50.0, times.p99_us / 1e3, "ms"))
    };
    let (without, with) = (Times::of(without).ok_or_else(none)?, Times::of(with).ok_or_else(none)?);
    Ok(vec![
        goals(Row::times(format!("turn.{id}.plain"), format!("{name}, no tool"), without), &without),
        goals(Row::times(format!("turn.{id}.tool"), format!("{name}, one tool call"), with), &with),
    ])
}
