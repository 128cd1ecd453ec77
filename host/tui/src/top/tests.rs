//! What is on the screen of `octi plugin top`, and what its keys do.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use octi_api::v1::plugin_health::{CallSums, PluginHealth};
use octi_api::v1::plugins::{PluginIncident, PluginIncidentKind, PluginState, PluginWayBack};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::*;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::seconds(seconds)
}

fn plugin(id: &str, calls: u64) -> PluginHealth {
    let sums = CallSums {
        calls,
        errors: BTreeMap::from([("trap".to_owned(), calls / 10)]),
        p50_us: (calls > 0).then_some(850),
        p95_us: (calls > 0).then_some(12_345),
        memory_peak_bytes: if calls > 0 { 1_300_000 } else { 0 },
        sent_bytes: calls * 100,
        received_bytes: calls * 900,
        ..CallSums::default()
    };
    PluginHealth {
        plugin: id.to_owned(),
        version: "1.0.0".to_owned(),
        state: PluginState::Running,
        incident: None,
        active: 0,
        last_call_at: None,
        total: sums.clone(),
        last_hour: sums,
        refusals: Vec::new(),
    }
}

fn quarantined(id: &str) -> PluginHealth {
    let incident = PluginIncident {
        kind: PluginIncidentKind::Quarantined,
        reason: "it keeps crashing (trap), so nothing calls it for a while".to_owned(),
        version: "1.0.0".to_owned(),
        since: Some(at(0)),
        until: Some(at(60)),
        remedy: format!("`octi plugin reload {id}` ends the quarantine now"),
        way_back: PluginWayBack::Reload,
    };
    PluginHealth { state: PluginState::Quarantined, incident: Some(incident), ..plugin(id, 3) }
}

fn health(second: i64, items: Vec<PluginHealth>) -> PluginsHealth {
    PluginsHealth { since: at(-3_900), at: at(second), items }
}

fn seen(watched: &Watched) -> String {
    let mut terminal = Terminal::new(TestBackend::new(80, 14)).expect("a terminal");
    terminal.draw(|frame| view::draw(watched, frame)).expect("drawn");
    terminal.backend().to_string()
}

#[test]
fn the_busiest_comes_first_and_what_is_wrong_is_said_with_the_way_back() {
    let mut watched = Watched::default();
    watched.take(Ok(health(0, vec![plugin("octi/idle", 0), plugin("acme/weather", 100), quarantined("acme/broken")])));
    watched.take(Ok(health(2, vec![plugin("octi/idle", 0), plugin("acme/weather", 125), quarantined("acme/broken")])));
    let names: Vec<&str> = watched.rows.iter().map(|row| row.plugin.as_str()).collect();
    assert_eq!(names, ["acme/weather", "acme/broken", "octi/idle"]);
    assert_eq!(watched.rows[0].calls_a_second, Some(12.5));
    insta::assert_snapshot!(seen(&watched));
}

#[test]
fn a_server_that_started_anew_makes_no_negative_rate() {
    let before = health(0, vec![plugin("acme/weather", 100)]);
    let after = PluginsHealth { since: at(1), ..health(2, vec![plugin("acme/weather", 5)]) };
    assert_eq!(rows(Some(&before), &after)[0].calls_a_second, None);
    assert_eq!(rows(None, &after)[0].calls_a_second, None);
}

#[test]
fn q_leaves_and_arrows_stay_within_the_list() {
    let mut watched = Watched::default();
    watched.take(Ok(health(0, vec![plugin("a/a", 1), plugin("b/b", 1)])));
    let press = |watched: &mut Watched, code| watched.key(KeyEvent::new(code, KeyModifiers::NONE));
    for _ in 0..5 {
        assert_eq!(press(&mut watched, KeyCode::Down), Wish::Nothing);
    }
    assert_eq!(watched.above, 1);
    assert_eq!(press(&mut watched, KeyCode::PageUp), Wish::Nothing);
    assert_eq!(watched.above, 0);
    assert_eq!(press(&mut watched, KeyCode::Char('q')), Wish::Leave);
    assert_eq!(watched.key(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL)), Wish::Leave);
}

#[test]
fn every_number_fits_its_column() {
    let mut busy = plugin("a/a", 1);
    for (micros, bytes) in [(1, 1), (999, 1_023), (9_999, 1_024), (99_999, 1 << 20), (999_999, 1 << 30), (599_000_000, 99 << 40)]
    {
        busy.last_hour.p50_us = Some(micros);
        busy.last_hour.memory_peak_bytes = bytes;
        let row = rows(None, &health(0, vec![busy.clone()])).remove(0);
        let cells = row.cells();
        assert!(cells[5].chars().count() <= 6 && cells[7].chars().count() <= 6, "{cells:?}");
    }
}
