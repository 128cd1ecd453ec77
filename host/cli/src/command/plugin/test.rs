//! `octi plugin test`: the cases of a plugin on the real engine, as any test runner shows them.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use octi_author::{AuthorError, CaseFile, CaseReport, Project, Workbench, WorkbenchConfig};
use octi_engine::{CompileLimits, Compiler};
use octi_security::sandbox::process::ProcessDoor;
use serde::Serialize;

use super::BUILT;
use super::build::Source;
use crate::command::Context;
use crate::compose;
use crate::failure::{Failure, Outcome};
use crate::output::{BAD, DIM, OK, Printer, human_time};

#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    source: Source,
    /// Only cases with this in their name
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Run the cases on this plugin file instead of building one
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

/// What machines are told.
#[derive(Debug, Serialize)]
struct Summary {
    plugin: String,
    version: String,
    passed: usize,
    failed: usize,
    ms: u64,
    cases: Vec<CaseReport>,
}

/// Builds, runs every case, and fails when one does.
pub(super) async fn run(context: &Context, options: &Options) -> Outcome {
    let project = Project::open(&options.source.folder)?;
    // Before the build, which takes longer than finding out that there is nothing to run.
    let cases = octi_author::find_cases(&project.cases(), options.only.as_deref())?;
    let bytes = match &options.file {
        Some(file) => super::read(file)?,
        None => Box::pin(octi_author::build(&project, &options.source.profile)).await?.bytes,
    };
    let summary = all(context, &cases, bytes).await?;
    context.printer.data(&summary, |printer| printer.line(&summary.line()));
    summary.outcome()
}

/// Runs every case of a plugin that was built; a plugin without cases is fine.
pub(super) async fn passing(context: &Context, project: &Project, plugin: &[u8]) -> Outcome {
    let cases = match octi_author::find_cases(&project.cases(), None) {
        Ok(cases) => cases,
        Err(AuthorError::NoCases(_)) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    all(context, &cases, plugin.to_vec()).await?.outcome()
}

async fn all(context: &Context, cases: &[CaseFile], plugin: Vec<u8>) -> Outcome<Summary> {
    let begun = Instant::now();
    let bench = Box::pin(Workbench::start(workbench(context)?, plugin, BUILT)).await?;
    let summary = run_all(context.printer, &bench, cases, begun.elapsed()).await;
    bench.stop().await;
    Ok(summary)
}

/// A throw-away engine: plugins are compiled and programs are started by octi itself, as in a server.
fn workbench(context: &Context) -> Outcome<WorkbenchConfig> {
    let launch = compose::launch_config(context.config.sandbox)?;
    let compiler = Compiler::Helper { program: launch.launcher.clone(), level: launch.level, limits: CompileLimits::default() };
    // With the built-in profiles: an author's cases must pass on other machines too.
    Ok(WorkbenchConfig::scripted(ProcessDoor::new(launch).hiding(&context.config.home), compiler))
}

async fn run_all(printer: Printer, bench: &Workbench, cases: &[CaseFile], started_in: Duration) -> Summary {
    let manifest = bench.manifest();
    let begun = Instant::now();
    let loaded = format!("{DIM}compiled and loaded in {}{DIM:#}", human_time(milliseconds(started_in)));
    say(printer, &format!("running {} of {} {}  {loaded}", counted(cases.len(), "case"), manifest.id, manifest.version));
    let mut reports = Vec::with_capacity(cases.len());
    for case in cases {
        let report = case.run(bench).await;
        let mark = if report.ok { format!("{OK}ok    {OK:#}") } else { format!("{BAD}FAILED{BAD:#}") };
        say(printer, &format!("{mark}  {}  {DIM}{}{DIM:#}", report.name, human_time(milliseconds(report.took))));
        reports.push(report);
    }
    for report in &reports {
        if let Some(problem) = &report.problem {
            say(printer, &format!("\n{}: {problem}", report.name));
        }
    }
    let passed = reports.iter().filter(|report| report.ok).count();
    Summary {
        plugin: manifest.id.clone(),
        version: manifest.version.clone(),
        passed,
        failed: reports.len() - passed,
        ms: milliseconds(begun.elapsed()),
        cases: reports,
    }
}

/// A line while the cases run; machines are told all of it at the end.
fn say(printer: Printer, line: &str) {
    if !printer.is_json() {
        printer.line(line);
    }
}

impl Summary {
    fn outcome(&self) -> Outcome {
        let Some(failed) = self.cases.iter().find(|case| !case.ok) else { return Ok(()) };
        Err(Failure::user(format!("{} of {} failed", self.failed, counted(self.cases.len(), "case")))
            .hint(format!("`octi plugin test --only {}` runs one again", failed.name))
            .hint("`OCTI_LOG=octi::plugin=debug` shows what the plugin logs and uses"))
    }

    fn line(&self) -> String {
        let space = if self.failed == 0 { "" } else { "\n" };
        format!("{space}{} passed, {} failed in {}", self.passed, self.failed, human_time(self.ms))
    }
}

fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
