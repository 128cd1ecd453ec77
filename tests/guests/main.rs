//! Components that mean harm, each installed, called in a turn and removed as a real one would be.
//!
//! A row of a table is one of them: what it tries, and the words that the model and the person get instead. After each row a
//! plugin that behaves still answers, and after a whole table the host has the memory, descriptors and threads it had before.
#![expect(clippy::expect_used, clippy::print_stdout, reason = "a test says why it cannot go on, and what it measured")]

mod bombs;
mod compat;
mod escapes;
mod gifts;
mod hooks;
mod host;
mod lifecycle;
mod limits;
mod measure;
mod output;
mod reentry;
mod row;
mod secrets;
mod typed;
mod words;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_limit_holds() {
    row::run(limits::rows).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_given_asked_and_written_has_bounds() {
    row::run(gifts::rows).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_way_leads_out() {
    row::run(escapes::rows).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_plugin_is_refused() {
    row::run(compat::rows).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_component_without_a_manifest_is_held_as_tightly() {
    row::run(typed::rows).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_stay_where_they_are() {
    row::run(secrets::rows).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_is_said_commands_a_terminal() {
    row::run(output::rows).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn coming_back_while_the_host_is_in_the_middle_of_a_call_ends_the_call() {
    row::run(reentry::rows).await;
}
