//! Logs: one line an event, on standard error, as text or JSON, without anybody's secrets. Metrics: counted in the process,
//! read at `/metrics`.
//!
//! Secrets are hidden here, where lines are written, and not where they are made: no call site can forget it, and lines of
//! guests, libraries and the host are treated alike.

use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use octi_config::Config;
use octi_domain::telemetry::{ALL, BUCKETS_SECONDS, Kind};
use tokio_util::task::AbortOnDropHandle;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::{EnvFilter, reload};

use crate::failure::{Failure, Outcome};
use crate::secrets::Secrets;

/// Puts another filter in place of the one that holds.
type Filtering = Arc<dyn Fn(EnvFilter) -> Result<(), reload::Error> + Send + Sync>;

/// What the logs hide, and what they leave out. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Logs {
    secrets: Arc<OnceLock<Arc<Secrets>>>,
    filtering: Arc<OnceLock<Filtering>>,
    /// What is logged when nobody says.
    default: Arc<str>,
}

impl Logs {
    /// From here on no line holds one of these secrets. The first call counts: a process has one vault.
    pub(crate) fn hide_with(&self, secrets: &Arc<Secrets>) {
        self.secrets.get_or_init(|| secrets.clone());
    }

    /// From here on this is logged; none for the default.
    pub(crate) fn follow(&self, wanted: Option<&str>) {
        let wanted = wanted.unwrap_or(&self.default);
        let Some(filtering) = self.filtering.get() else { return };
        let changed = filter_of(wanted)
            .map_err(|error| error.to_string())
            .and_then(|filter| filtering(filter).map_err(|error| error.to_string()));
        if let Err(error) = changed {
            tracing::error!(wanted, error, "the log filter cannot be changed");
        }
    }
}

/// What rmcp writes while somebody signs in to a server holds codes and tokens before octi knows them, and so could not hide them.
const QUIET: &str = "rmcp::transport::auth=warn";

fn filter_of(wanted: &str) -> Result<EnvFilter, ParseError> {
    Ok(EnvFilter::builder().parse(wanted)?.add_directive(QUIET.parse()?))
}

/// Starts logging. `default` is what is logged when neither environment nor file say.
///
/// # Errors
/// When what they say is not a filter.
pub(crate) fn start(config: &Config, default: &str) -> Outcome<Logs> {
    let wanted = config.log_filter.as_deref().unwrap_or(default);
    let filter = filter_of(wanted).map_err(|error| {
        Failure::user(format!("`{wanted}`, of `OCTI_LOG` or `log.filter` of config.toml, is not a log filter"))
            .because(&error)
            .hint("write a level (`error`, `warn`, `info`, `debug`, `trace`) or `info,octi_agents=debug`")
    })?;
    let logs = Logs { default: default.into(), ..Logs::default() };
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(Hiding { logs: logs.clone(), to: io::stderr });
    let (filtering, started): (Filtering, _) = if config.log_json {
        let builder = builder.json().with_filter_reloading();
        let handle = builder.reload_handle();
        (Arc::new(move |filter| handle.reload(filter)), builder.try_init())
    } else {
        let builder = builder.with_target(false).with_ansi(io::stderr().is_terminal()).with_filter_reloading();
        let handle = builder.reload_handle();
        (Arc::new(move |filter| handle.reload(filter)), builder.try_init())
    };
    logs.filtering.get_or_init(|| filtering);
    started.map_err(|error| Failure::us(format!("logging cannot start: {error}")))?;
    Ok(logs)
}

/// Makes writers that hide secrets, and write to what `to` gives.
struct Hiding<T> {
    logs: Logs,
    to: T,
}

impl<'a, T: Fn() -> W, W: Write> MakeWriter<'a> for Hiding<T>
where
    Self: 'a,
{
    type Writer = Line<'a, W>;

    fn make_writer(&'a self) -> Self::Writer {
        Line { logs: &self.logs, to: (self.to)(), text: Vec::new() }
    }
}

/// One line. It is written when it is whole, because half a secret would not be found.
struct Line<'a, W: Write> {
    logs: &'a Logs,
    to: W,
    text: Vec<u8>,
}

impl<W: Write> Write for Line<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<W: Write> Drop for Line<'_, W> {
    fn drop(&mut self) {
        let text = String::from_utf8_lossy(&self.text);
        let hidden = self.logs.secrets.get().map(|secrets| secrets.hide(&text));
        // Whoever read the logs may have gone; there is nobody left to tell.
        let _ = self.to.write_all(hidden.as_deref().unwrap_or(&text).as_bytes());
    }
}

/// How often what histograms took in is put into their buckets.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// Starts counting, once for the process; what is counted before is lost.
///
/// # Errors
/// When the histograms' buckets are refused, or something else counts already.
pub(crate) fn metrics() -> Outcome<PrometheusHandle> {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    if let Some(handle) = HANDLE.get() {
        return Ok(handle.clone());
    }
    let builder = PrometheusBuilder::new()
        .set_buckets(&BUCKETS_SECONDS)
        .map_err(|error| Failure::us("metrics cannot start").because(&error))?;
    let handle = builder.install_recorder().map_err(|error| Failure::us("metrics cannot start").because(&error))?;
    for metric in ALL {
        match metric.kind {
            Kind::Counter => metrics::describe_counter!(metric.name, metric.help),
            Kind::Gauge => metrics::describe_gauge!(metric.name, metric.help),
            Kind::Histogram => metrics::describe_histogram!(metric.name, metric.help),
        }
    }
    Ok(HANDLE.get_or_init(|| handle).clone())
}

/// Keeps the memory of histograms bounded while nobody scrapes. Ends when dropped.
pub(crate) fn upkeep(handle: PrometheusHandle) -> AbortOnDropHandle<()> {
    let work = async move {
        loop {
            tokio::time::sleep(UPKEEP_EVERY).await;
            handle.run_upkeep();
        }
    };
    #[expect(clippy::disallowed_methods, reason = "the handle owns the task")]
    AbortOnDropHandle::new(tokio::spawn(work))
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, PoisonError};

    use super::*;

    /// What was written.
    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_sign_ins_write_is_quiet_whatever_is_wanted() {
        for wanted in ["debug", "rmcp=trace", "rmcp::transport::auth=trace", "off"] {
            let filter = filter_of(wanted).unwrap().to_string();
            assert!(filter.contains(QUIET) && !filter.contains("auth=trace"), "{filter}");
        }
    }

    fn logged(logs: &Logs, json: bool, log: impl FnOnce()) -> String {
        let paper = Paper::default();
        let to = paper.clone();
        let builder = tracing_subscriber::fmt().with_writer(Hiding { logs: logs.clone(), to: move || to.clone() });
        if json {
            tracing::subscriber::with_default(builder.json().finish(), log);
        } else {
            tracing::subscriber::with_default(builder.with_ansi(true).finish(), log);
        }
        let bytes = paper.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        String::from_utf8(bytes).unwrap_or_default()
    }

    #[tokio::test]
    async fn no_line_holds_anybodys_secret() {
        let (_home, secrets, people) =
            crate::secrets::tests::secrets_of(&[("ann", "s3cr3t \"of\" ann"), ("bob", "bobs-Secret-9")]).await;
        let logs = Logs::default();
        logs.hide_with(&secrets);
        for json in [false, true] {
            let text = logged(&logs, json, || {
                tracing::info!(key = "s3cr3t \"of\" ann", list = ?["bobs-Secret-9"], "began with {}", "s3cr3t \"of\" ann");
                tracing::error!("hex {} and halves {:?}", "626f62732d5365637265742d39", ["bobs-Sec", "ret-9"]);
                tracing::warn!("the host's host-Secret-7 too");
                tracing::warn!("nothing to hide");
            });
            assert_eq!(text.matches("[REDACTED_SECRET]").count(), 6, "{text}");
            for leak in ["s3cr3t", "bobs-Sec", "ret-9", "626f62", "Secret-7"] {
                assert!(!text.contains(leak), "{leak}: {text}");
            }
            assert!(text.contains("nothing to hide") && text.lines().count() == 4, "{text}");
        }

        secrets.refresh(&people[0]).await;
        assert!(logged(&logs, false, || tracing::info!("s3cr3t \"of\" ann")).contains("[REDACTED_SECRET]"));
    }

    #[test]
    fn lines_are_written_before_there_is_a_vault() {
        assert!(logged(&Logs::default(), false, || tracing::info!("early")).contains("early"));
    }
}
