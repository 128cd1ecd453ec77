//! What a benchmark measured: a table for people, JSON for machines.
//!
//! A goal is shown beside its number and never decides anything: a timed check fails on a busy machine, and then nobody
//! believes it.

use std::fmt::Write as _;
use std::time::Duration;

use serde::Serialize;

/// Columns of a terminal.
const WIDTH: usize = 80;
/// Columns of a row's name.
const NAME_WIDTH: usize = 36;
/// Columns of a number with its unit.
const CELL_WIDTH: usize = 11;

/// One run.
#[derive(Debug, Serialize)]
pub struct Report {
    pub machine: Machine,
    pub groups: Vec<Group>,
    pub skipped: Vec<Skipped>,
}

/// Where it ran.
#[derive(Debug, Serialize)]
pub struct Machine {
    pub cpu: String,
    pub cores: usize,
    pub memory_mib: u64,
    pub kernel: String,
    /// Whether the kernel can list the touched pages of a range, which decides how fast a pooled instance is cleaned.
    pub pagemap_scan: bool,
    pub profile: &'static str,
    /// Processes that wanted to run, in the last minute before this run.
    pub load: String,
    /// Per cent of the processors' time during this run that a virtual machine had to leave to others.
    pub stolen_percent: f64,
}

/// Numbers that belong together.
#[derive(Debug, Serialize)]
pub struct Group {
    pub id: &'static str,
    pub title: String,
    /// What exactly was compared, so that nobody reads more into it.
    pub note: String,
    pub rows: Vec<Row>,
}

/// One measurement.
#[derive(Debug, Serialize)]
pub struct Row {
    pub id: String,
    pub name: String,
    #[serde(flatten)]
    pub figures: Figures,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub goals: Vec<Goal>,
}

/// The numbers of a measurement.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Figures {
    Times(Times),
    One { value: f64, unit: &'static str },
}

/// Many times of the same thing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Times {
    pub samples: usize,
    pub min_us: f64,
    pub p50_us: f64,
    pub p99_us: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_second: Option<f64>,
}

/// A number to reach.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Goal {
    pub what: String,
    /// `at most` or `at least`.
    pub bound: &'static str,
    pub limit: f64,
    pub actual: f64,
    pub unit: &'static str,
    pub met: bool,
}

/// Something that was not measured, and why.
#[derive(Debug, Serialize)]
pub struct Skipped {
    pub what: String,
    pub reason: String,
}

impl Times {
    /// The figures of these samples, in any order; none of no samples.
    #[must_use]
    pub fn of(mut samples: Vec<Duration>) -> Option<Self> {
        samples.sort_unstable();
        let at = |percent: usize| samples.get((samples.len() * percent / 100).min(samples.len() - 1)).map(|time| micros(*time));
        let (min, p50, p99) = (samples.first().map(|time| micros(*time))?, at(50)?, at(99)?);
        Some(Self { samples: samples.len(), min_us: min, p50_us: p50, p99_us: p99, per_second: None })
    }

    /// The same with how many there were in a second.
    #[must_use]
    pub const fn per_second(mut self, per_second: f64) -> Self {
        self.per_second = Some(per_second);
        self
    }
}

impl Goal {
    /// A number that should not be exceeded.
    #[must_use]
    pub fn at_most(what: &str, limit: f64, actual: f64, unit: &'static str) -> Self {
        Self { what: what.to_owned(), bound: "at most", limit, actual, unit, met: actual <= limit }
    }

    /// A number that should be reached.
    #[must_use]
    pub fn at_least(what: &str, limit: f64, actual: f64, unit: &'static str) -> Self {
        Self { what: what.to_owned(), bound: "at least", limit, actual, unit, met: actual >= limit }
    }

    fn line(&self) -> String {
        let Self { what, bound, unit, .. } = self;
        let verdict = if self.met { "ok" } else { "missed" };
        let space = if matches!(*unit, "x" | "") { "" } else { " " };
        let number = |value: f64| format!("{}{space}{unit}", short(value));
        format!("  goal: {what} {bound} {}: {verdict}, {}", number(self.limit), number(self.actual))
    }
}

impl Row {
    /// Many times.
    #[must_use]
    pub fn times(id: impl Into<String>, name: impl Into<String>, times: Times) -> Self {
        Self { id: id.into(), name: name.into(), figures: Figures::Times(times), goals: Vec::new() }
    }

    /// One number.
    #[must_use]
    pub fn one(id: impl Into<String>, name: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self { id: id.into(), name: name.into(), figures: Figures::One { value, unit }, goals: Vec::new() }
    }

    /// The same beside a goal.
    #[must_use]
    pub fn goal(mut self, goal: Goal) -> Self {
        self.goals.push(goal);
        self
    }

    fn line(&self) -> String {
        let mut line = format!("{:<NAME_WIDTH$}", self.name);
        let cells = match &self.figures {
            Figures::One { value, unit } => vec![format!("{} {unit}", short(*value)).trim_end().to_owned()],
            Figures::Times(times) => {
                let rate = times.per_second.map(short).unwrap_or_default();
                vec![time(times.p50_us), time(times.p99_us), time(times.min_us), rate]
            }
        };
        for cell in cells {
            let _ = write!(line, "{cell:>CELL_WIDTH$}");
        }
        line.trim_end().to_owned()
    }
}

impl Report {
    /// The table, at most 80 columns wide.
    #[must_use]
    pub fn table(&self) -> String {
        let mut lines = self.machine.lines();
        for group in &self.groups {
            lines.push(String::new());
            lines.extend(group.lines());
        }
        if !self.skipped.is_empty() {
            lines.extend([String::new(), "Not measured".to_owned()]);
            for skipped in &self.skipped {
                lines.extend(wrapped(&format!("{}: {}", skipped.what, skipped.reason), "  "));
            }
        }
        lines.join("\n") + "\n"
    }
}

impl Machine {
    fn lines(&self) -> Vec<String> {
        let scan = if self.pagemap_scan { "with pagemap_scan" } else { "without pagemap_scan: instances are cleaned slowly" };
        vec![
            format!("machine  {}, {} cores, {} MiB", self.cpu, self.cores, self.memory_mib),
            format!("kernel   Linux {}, {scan}", self.kernel),
            format!("build    {}", self.profile),
            format!("load     {} in the minute before; other machines took {:.1} % of the time", self.load, self.stolen_percent),
        ]
    }
}

impl Group {
    fn lines(&self) -> Vec<String> {
        let mut lines = vec![self.title.clone()];
        lines.extend(wrapped(&self.note, "  "));
        let columns = self.rows.iter().map(|row| match &row.figures {
            Figures::One { .. } => 0,
            Figures::Times(times) => 3 + usize::from(times.per_second.is_some()),
        });
        let columns = columns.max().unwrap_or_default();
        if columns > 0 {
            let mut header = " ".repeat(NAME_WIDTH);
            for title in ["p50", "p99", "min", "per second"].iter().take(columns) {
                let _ = write!(header, "{title:>CELL_WIDTH$}");
            }
            lines.push(header);
        }
        for row in &self.rows {
            lines.push(row.line());
            lines.extend(row.goals.iter().map(Goal::line));
        }
        lines
    }
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// A time in the unit in which it has one to three digits before the point.
fn time(micros: f64) -> String {
    match micros {
        small if small < 1e3 => format!("{small:.1} µs"),
        middle if middle < 1e6 => format!("{:.1} ms", middle / 1e3),
        large => format!("{:.2} s", large / 1e6),
    }
}

/// Three digits, or all of a whole number, in groups of three.
#[must_use]
pub fn short(value: f64) -> String {
    if value.abs() < 10.0 {
        let text = format!("{value:.2}");
        return text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    if value.abs() < 100.0 {
        return format!("{value:.1}").trim_end_matches(".0").to_owned();
    }
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) && !text.ends_with('-') {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Lines of at most [`WIDTH`] columns, each after `indent`.
fn wrapped(text: &str, indent: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = indent.to_owned();
    for word in text.split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() > WIDTH && line != indent {
            lines.push(std::mem::replace(&mut line, indent.to_owned()));
        }
        if line != indent {
            line.push(' ');
        }
        line.push_str(word);
    }
    if line != indent {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let times = Times::of((1..=1_000).map(Duration::from_micros).collect()).unwrap().per_second(81_234.4);
        let slow = Row::times("fresh.b", "the same, slowly", Times { p50_us: 25_300.0, ..times })
            .goal(Goal::at_most("p50", 25.0, 25_300.0, "µs"))
            .goal(Goal::at_most("p50 / bare p50", 2.5, 2.456, "x"));
        Report {
            machine: Machine {
                cpu: "a processor".to_owned(),
                cores: 2,
                memory_mib: 24_000,
                kernel: "6.18".to_owned(),
                pagemap_scan: true,
                profile: "release",
                load: "0.10".to_owned(),
                stolen_percent: 0.42,
            },
            groups: vec![
                Group {
                    id: "fresh",
                    title: "Fresh calls".to_owned(),
                    note: "One after another, each in an instance of its own, with a long explanation of what it is that is compared here"
                        .to_owned(),
                    rows: vec![Row::times("fresh.a", "echo", times), slow],
                },
                Group {
                    id: "memory",
                    title: "Memory".to_owned(),
                    note: String::new(),
                    rows: vec![
                        Row::one("memory.idle", "idle", 61.25, "MB").goal(Goal::at_most("idle", 80.0, 61.25, "MB")),
                        Row::one("memory.lost", "lost", 3.0, "").goal(Goal::at_most("lost", 0.0, 3.0, "")),
                    ],
                },
            ],
            skipped: vec![Skipped { what: "turns on PostgreSQL".to_owned(), reason: "no server".to_owned() }],
        }
    }

    #[test]
    fn figures_are_those_of_the_sorted_samples() {
        let times = Times::of((1..=1_000).rev().map(Duration::from_micros).collect()).unwrap();
        assert_eq!((times.samples, times.min_us.round(), times.p50_us.round(), times.p99_us.round()), (1_000, 1.0, 501.0, 991.0));
        assert_eq!(Times::of(vec![]), None);
        assert_eq!(Times::of(vec![Duration::from_micros(7)]).map(|times| times.p99_us.round()), Some(7.0));
    }

    #[test]
    fn the_table_says_everything_in_eighty_columns_and_in_words() {
        let table = report().table();
        assert!(table.lines().all(|line| line.chars().count() <= WIDTH), "{table}");
        for part in [
            "kernel   Linux 6.18, with pagemap_scan",
            "load     0.10 in the minute before; other machines took 0.4 % of the time",
            "echo                                   501.0 µs   991.0 µs     1.0 µs     81,234",
            "25.3 ms",
            "  goal: p50 at most 25 µs: missed, 25,300 µs",
            "  goal: p50 / bare p50 at most 2.5x: ok, 2.46x",
            "idle                                    61.2 MB",
            "  goal: idle at most 80 MB: ok, 61.2 MB",
            "lost                                          3\n  goal: lost at most 0: missed, 3\n",
            "  turns on PostgreSQL: no server",
        ] {
            assert!(table.contains(part), "`{part}` is not in\n{table}");
        }
    }

    #[test]
    fn machines_get_plain_numbers_with_their_units() {
        let json = serde_json::to_value(report()).unwrap();
        assert_eq!(json["groups"][0]["rows"][0]["p50_us"].as_f64().map(f64::round), Some(501.0));
        assert_eq!(json["groups"][0]["rows"][1]["goals"][0]["met"], false);
        assert_eq!(json["groups"][1]["rows"][0]["value"], 61.25);
        assert_eq!(json["groups"][1]["rows"][0]["unit"], "MB");
        assert_eq!(json["skipped"][0]["reason"], "no server");
    }

    #[test]
    fn numbers_are_as_long_as_they_are_worth() {
        for (value, text) in [
            (0.0, "0"),
            (2.456, "2.46"),
            (2.5, "2.5"),
            (61.25, "61.2"),
            (80.0, "80"),
            (999.6, "1,000"),
            (1_234_567.0, "1,234,567"),
        ] {
            assert_eq!(short(value), text);
        }
        assert_eq!(short(-1_234.0), "-1,234");
        assert_eq!(short(-123.0), "-123");
    }
}
