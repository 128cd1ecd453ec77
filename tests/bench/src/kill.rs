//! How long an endless loop outlives its budget.

use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use octi_domain::limits;
use octi_extension::tool::{Containment, ToolError};
use octi_tests::report::{Goal, Group, Row, Times};
use serde_json::json;

use crate::hosted::Hosted;
use crate::{Effort, Paths};

/// Wall clock given to a loop.
const WALL: Duration = Duration::from_millis(100);
const LOOPS: usize = 30;
const NOTE: &str = "A guest loops for ever; what is shown is the time from the end of its budget to the error. A budget of guest \
    code does not count the time in which the guest waits for a processor, so it is compared with the processor time of the \
    thread that runs the guest; by the clock its loop ends later by as much as it waited.";

/// Stops loops at their wall clock and, when there is time, one at its budget of guest code.
pub(crate) async fn measure(paths: &Paths, effort: Effort) -> anyhow::Result<Group> {
    let hosted = Hosted::start(paths, &[paths.guest()]).await?;
    let tool = hosted.tool("bench__spin")?;
    let mut late = Vec::new();
    for _ in 0..effort.samples(LOOPS) {
        let begun = Instant::now();
        let ended = tool.call(hosted.context(WALL), json!({})).await;
        late.push(begun.elapsed().saturating_sub(WALL));
        let Err(ToolError::Contained(Containment::Time { .. })) = ended else {
            anyhow::bail!("the loop ended otherwise than by its time: {ended:?}");
        };
    }
    let late = Times::of(late).ok_or_else(|| anyhow::anyhow!("nothing was sampled"))?;
    let goal = |what: &str, micros: f64| Goal::at_most(what, 20.0, micros / 1e3, "ms");
    let mut rows = vec![Row::times("kill.wall", "past 100 ms of wall clock", late).goal(goal("p99", late.p99_us))];
    if !effort.quick {
        let budget = Duration::from_millis(limits::GUEST_CPU_MS_MAX);
        let (begun, used) = (Instant::now(), processor_time()?);
        let ended = tool.call(hosted.context(budget * 2), json!({})).await;
        let over = |time: Duration| time.saturating_sub(budget).as_secs_f64() * 1e3;
        let (of_processor, by_the_clock) = (over(processor_time()? - used), over(begun.elapsed()));
        let Err(ToolError::Contained(Containment::Cpu { .. })) = ended else {
            anyhow::bail!("the loop ended otherwise than by its guest time: {ended:?}");
        };
        let row = Row::one("kill.cpu", "past 10 s of guest code, once", of_processor, "ms");
        rows.push(row.goal(goal("once", of_processor * 1e3)));
        rows.push(Row::one("kill.cpu.wall", "the same by the clock", by_the_clock, "ms"));
    }
    hosted.stop().await;
    Ok(Group { id: "kill", title: "Kill of an endless loop".to_owned(), note: NOTE.to_owned(), rows })
}

/// What this thread has used of a processor. The loops run on it, because it blocks on them.
fn processor_time() -> anyhow::Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_THREAD)?;
    let micros = [usage.user_time(), usage.system_time()].map(|time| time.num_microseconds());
    Ok(Duration::from_micros(u64::try_from(micros.iter().sum::<i64>())?))
}
