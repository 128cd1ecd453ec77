//! One turn of an agent as a pure machine: inputs go in, effects come out, and nothing here waits, writes or asks the time.
//!
//! Budgets, stopping, steering and the pairing of calls and results are decided here, so they can be tested with plain
//! values. `driver` performs the effects in the order given.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use octi_domain::limits;
use octi_domain::message::{Part, Role, ToolCall, ToolResult};
use octi_domain::run::{Budget, RunStatus, Usage};
use octi_models::Finish;

use super::lanes::{Reach, lanes};
use super::repeats::Repeats;

/// One call of one step; a late answer to an earlier step cannot be taken for this one's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallKey {
    pub step: u32,
    pub index: usize,
}

/// Why a turn is stopped from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopCause {
    /// A person wants it to end.
    Person,
    /// The host goes away; the turn can be continued.
    Shutdown,
}

/// A model call that did not work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelFailure {
    /// Stable, such as `rate_limited`.
    pub code: &'static str,
    /// What happened and what to do, for a person.
    pub message: String,
    /// The conversation was longer than the model can read.
    pub is_context_length: bool,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    Started,
    ModelText(String),
    ModelReasoning(String),
    ModelToolCall(ToolCall, Reach),
    /// What the current model call used so far, in total.
    ModelUsage(Usage),
    ModelEnd(Finish),
    ModelFailed(ModelFailure),
    ToolFinished(CallKey, ToolResult),
    /// What a call let models use.
    ToolUsage(Usage),
    /// A person said something while the turn runs; it is already part of the stored conversation.
    Steered(Vec<Part>),
    StopRequested(StopCause),
    /// Time since the start, without the time people took to answer questions.
    Tick(Duration),
}

/// What is to be done, in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    CallModel {
        /// From 1.
        step: u32,
        /// Send less: the model said the conversation is too long.
        trim: bool,
        /// What the person said meanwhile, to be added to what the model sees.
        steered: Vec<Vec<Part>>,
    },
    CancelModel,
    /// Lanes run side by side, the calls of a lane one after another.
    RunTools(Vec<Vec<(CallKey, ToolCall)>>),
    CancelTools,
    Emit(Notice),
    /// Must be stored before the next effect is performed.
    Persist {
        role: Role,
        parts: Vec<Part>,
    },
    /// The last effect of a turn.
    Finish {
        status: RunStatus,
        reason: Option<String>,
    },
}

/// What people watching are told.
#[derive(Debug, Clone, PartialEq)]
pub enum Notice {
    Iteration(u32),
    Delta {
        text: String,
        reasoning: bool,
    },
    /// The message just stored has this text, and work goes on.
    Said(String),
    /// The message just stored is the answer.
    Answer(String),
    Error {
        code: &'static str,
        message: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    New,
    Calling,
    Running,
    Finished,
}

/// What the model said so far in this step.
#[derive(Debug, Default)]
struct Draft {
    text: String,
    reasoning: String,
    calls: Vec<(ToolCall, Reach)>,
    usage: Usage,
}

/// The machine.
#[derive(Debug)]
pub struct Turn {
    budget: Budget,
    phase: Phase,
    step: u32,
    usage: Usage,
    elapsed: Duration,
    trim: bool,
    draft: Draft,
    steered: Vec<Vec<Part>>,
    calls: Vec<ToolCall>,
    results: BTreeMap<usize, ToolResult>,
    repeats: Repeats,
    effects: Vec<Effect>,
}

impl Turn {
    /// A turn that has not started.
    #[must_use]
    pub fn new(budget: Budget) -> Self {
        Self {
            budget,
            phase: Phase::New,
            step: 0,
            usage: Usage::default(),
            elapsed: Duration::ZERO,
            trim: false,
            draft: Draft::default(),
            steered: Vec::new(),
            calls: Vec::new(),
            results: BTreeMap::new(),
            repeats: Repeats::default(),
            effects: Vec::new(),
        }
    }

    /// Model calls so far.
    #[must_use]
    pub const fn iterations(&self) -> u32 {
        self.step
    }

    /// Tokens of every finished model call.
    #[must_use]
    pub const fn usage(&self) -> Usage {
        self.usage
    }

    /// Whether anything can still happen.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.phase == Phase::Finished
    }

    /// Takes in what happened and says what to do now. Inputs that make no sense in the current phase, such as a late
    /// result of a cancelled call, do nothing.
    pub fn step(&mut self, input: Input) -> Vec<Effect> {
        match (self.phase, input) {
            (Phase::Finished, _) => {}
            (Phase::New, Input::Started) => self.next_step(),
            (_, Input::Steered(parts)) => self.steered.push(parts),
            (_, Input::StopRequested(cause)) => self.stop(cause),
            (_, Input::Tick(elapsed)) => self.tick(elapsed),
            (_, Input::ToolUsage(usage)) => self.usage.add(usage),
            (Phase::Calling, input) => self.hear(input),
            (Phase::Running, Input::ToolFinished(key, result)) => self.tool_finished(key, result),
            _ => {}
        }
        std::mem::take(&mut self.effects)
    }

    fn hear(&mut self, input: Input) {
        match input {
            Input::ModelText(text) => {
                self.draft.text.push_str(&text);
                self.emit(Notice::Delta { text, reasoning: false });
            }
            Input::ModelReasoning(text) => {
                self.draft.reasoning.push_str(&text);
                self.emit(Notice::Delta { text, reasoning: true });
            }
            Input::ModelToolCall(call, reach) => self.draft.calls.push((call, reach)),
            Input::ModelUsage(usage) => self.draft.usage = usage,
            Input::ModelEnd(finish) => self.model_ended(finish),
            Input::ModelFailed(failure) => self.model_failed(failure),
            _ => {}
        }
    }

    fn next_step(&mut self) {
        if let Some((code, message)) = self.exhausted() {
            return self.fail(code, message);
        }
        self.step += 1;
        self.phase = Phase::Calling;
        let steered = std::mem::take(&mut self.steered);
        self.emit(Notice::Iteration(self.step));
        self.effects.push(Effect::CallModel { step: self.step, trim: self.trim, steered });
    }

    /// Which budget is used up, if one is.
    fn exhausted(&self) -> Option<(&'static str, String)> {
        let Budget { iterations_max, tokens_max, .. } = self.budget;
        if iterations_max != 0 && self.step >= iterations_max {
            let text =
                format!("it asked the model {iterations_max} times without finishing: continue it, or ask for less at once");
            return Some(("iteration_budget", text));
        }
        if tokens_max != 0 && self.usage.total() >= tokens_max {
            let used = self.usage.total();
            let text = format!("it used {used} of at most {tokens_max} tokens: continue it, or raise the token budget");
            return Some(("token_budget", text));
        }
        self.out_of_time()
    }

    fn out_of_time(&self) -> Option<(&'static str, String)> {
        let time_max = self.budget.time_max;
        let text = || format!("it took longer than {}: continue it, or raise the time budget", spoken(time_max));
        (self.elapsed >= time_max).then(|| ("time_budget", text()))
    }

    fn tick(&mut self, elapsed: Duration) {
        self.elapsed = self.elapsed.max(elapsed);
        if let Some((code, message)) = self.out_of_time() {
            self.abandon("the turn ran out of time before this call ended; it may or may not have had its effect");
            self.fail(code, message);
        }
    }

    fn stop(&mut self, cause: StopCause) {
        let (status, reason, call_text) = match cause {
            StopCause::Person => (
                RunStatus::Stopped,
                "you stopped it",
                "the person stopped the turn before this call ended; it may or may not have had its effect",
            ),
            StopCause::Shutdown => (
                RunStatus::Interrupted,
                "octi was shut down while it ran; it can be continued",
                "octi was shut down before this call ended; it may or may not have had its effect",
            ),
        };
        self.abandon(call_text);
        self.finish(status, Some(reason.to_owned()));
    }

    /// Ends what is under way at once: what the model said so far is kept, open calls get their result.
    fn abandon(&mut self, call_text: &str) {
        match self.phase {
            Phase::Calling => {
                self.effects.push(Effect::CancelModel);
                self.keep_partial();
            }
            Phase::Running => {
                self.effects.push(Effect::CancelTools);
                for index in self.open_calls() {
                    let result = refusal(&self.calls[index], call_text);
                    self.persist(Role::Tool, vec![Part::ToolResult(result.clone())]);
                    self.results.insert(index, result);
                }
            }
            Phase::New | Phase::Finished => {}
        }
    }

    fn keep_partial(&mut self) {
        let draft = std::mem::take(&mut self.draft);
        self.usage.add(draft.usage);
        // Calls of an unfinished answer never ran, so they are not kept: a call without a result confuses models.
        let parts = spoken_parts(&draft);
        if !draft.text.is_empty() {
            self.persist(Role::Assistant, parts);
            self.emit(Notice::Said(draft.text));
        }
    }

    fn model_failed(&mut self, failure: ModelFailure) {
        self.keep_partial();
        if failure.is_context_length && !self.trim {
            self.trim = true;
            return self.next_step();
        }
        self.fail(failure.code, failure.message);
    }

    fn model_ended(&mut self, finish: Finish) {
        let draft = std::mem::take(&mut self.draft);
        self.usage.add(draft.usage);
        if !draft.calls.is_empty() {
            return self.run_tools(draft);
        }
        let parts = spoken_parts(&draft);
        if draft.text.trim().is_empty() {
            if !parts.is_empty() {
                self.persist(Role::Assistant, parts);
            }
            return self.end_of_nothing(finish);
        }
        self.persist(Role::Assistant, parts);
        if !self.steered.is_empty() {
            self.emit(Notice::Said(draft.text));
            return self.next_step();
        }
        self.emit(Notice::Answer(draft.text));
        let reason = match finish {
            Finish::Length => Some("the answer was cut: it reached the longest answer the model may give"),
            Finish::Filtered => Some("the answer was cut: the provider's filter held the rest back"),
            Finish::Stop | Finish::ToolCalls => None,
        };
        self.finish(RunStatus::Completed, reason.map(str::to_owned));
    }

    fn end_of_nothing(&mut self, finish: Finish) {
        if !self.steered.is_empty() {
            return self.next_step();
        }
        let (code, message) = match finish {
            Finish::Filtered => ("filtered", "the provider's filter held the answer back: ask differently or use another model"),
            Finish::Length => {
                ("no_answer", "the model reached its longest answer before it said anything: raise its output limit")
            }
            Finish::Stop | Finish::ToolCalls => ("no_answer", "the model answered nothing: ask again or use another model"),
        };
        self.fail(code, message.to_owned());
    }

    fn run_tools(&mut self, mut draft: Draft) {
        make_ids_unique(&mut draft.calls, self.step);
        let mut parts = spoken_parts(&draft);
        parts.extend(draft.calls.iter().map(|(call, _)| Part::ToolCall(call.clone())));
        self.persist(Role::Assistant, parts);
        if !draft.text.trim().is_empty() {
            self.emit(Notice::Said(draft.text));
        }
        self.phase = Phase::Running;
        self.calls = draft.calls.iter().map(|(call, _)| call.clone()).collect();
        self.results.clear();
        let step = self.step;
        let mut planned: Vec<_> =
            draft.calls.into_iter().enumerate().map(|(index, (call, reach))| (reach, (CallKey { step, index }, call))).collect();
        for (_, (key, call)) in planned.split_off(planned.len().min(limits::RUN_CALLS_PER_STEP_MAX)) {
            let text = format!(
                "not run: one answer may ask for {} tool calls; ask for this one again in the next answer",
                limits::RUN_CALLS_PER_STEP_MAX
            );
            self.keep_result(key.index, refusal(&call, &text));
        }
        self.effects.push(Effect::RunTools(lanes(planned)));
    }

    fn tool_finished(&mut self, key: CallKey, mut result: ToolResult) {
        let known = key.step == self.step && key.index < self.calls.len();
        if !known || self.results.contains_key(&key.index) {
            return;
        }
        // Pairing is the machine's promise, whatever the tool wrote into its result.
        result.call_id.clone_from(&self.calls[key.index].id);
        self.keep_result(key.index, result);
        if self.open_calls().is_empty() {
            self.step_ended();
        }
    }

    fn step_ended(&mut self) {
        let pairs = self.calls.iter().zip(self.results.values());
        let stuck = self.repeats.step(pairs).map(str::to_owned);
        match stuck {
            Some(name) => {
                let count = limits::RUN_SAME_RESULT_MAX;
                let text =
                    format!("it went round in circles: `{name}` gave the same result {count} times; say what to do differently");
                self.fail("stuck_loop", text);
            }
            None => self.next_step(),
        }
    }

    fn keep_result(&mut self, index: usize, result: ToolResult) {
        self.persist(Role::Tool, vec![Part::ToolResult(result.clone())]);
        self.results.insert(index, result);
    }

    fn open_calls(&self) -> Vec<usize> {
        (0..self.calls.len()).filter(|index| !self.results.contains_key(index)).collect()
    }

    fn fail(&mut self, code: &'static str, message: String) {
        self.emit(Notice::Error { code, message: message.clone() });
        self.finish(RunStatus::Failed, Some(message));
    }

    fn finish(&mut self, status: RunStatus, reason: Option<String>) {
        self.phase = Phase::Finished;
        self.effects.push(Effect::Finish { status, reason });
    }

    fn emit(&mut self, notice: Notice) {
        self.effects.push(Effect::Emit(notice));
    }

    fn persist(&mut self, role: Role, parts: Vec<Part>) {
        self.effects.push(Effect::Persist { role, parts });
    }
}

/// A result that octi gives in place of a tool.
#[must_use]
pub fn refusal(call: &ToolCall, text: &str) -> ToolResult {
    ToolResult {
        call_id: call.id.clone(),
        name: call.name.clone(),
        content: text.to_owned(),
        is_error: true,
        artifact: None,
        files: Vec::new(),
    }
}

fn spoken_parts(draft: &Draft) -> Vec<Part> {
    let reasoning = (!draft.reasoning.is_empty()).then(|| Part::Reasoning(draft.reasoning.clone()));
    let text = (!draft.text.is_empty()).then(|| Part::Text(draft.text.clone()));
    reasoning.into_iter().chain(text).collect()
}

/// Some providers give no ids, or the same one twice; results could not be told apart.
fn make_ids_unique(calls: &mut [(ToolCall, Reach)], step: u32) {
    let mut taken: HashSet<String> = HashSet::new();
    for (index, (call, _)) in calls.iter_mut().enumerate() {
        if call.id.is_empty() || taken.contains(&call.id) {
            call.id = format!("call_{step}_{index}");
        }
        while !taken.insert(call.id.clone()) {
            call.id.push('x');
        }
    }
}

fn spoken(time: Duration) -> String {
    match time.as_secs() {
        0 => format!("{} ms", time.as_millis()),
        60 => "1 minute".to_owned(),
        seconds if seconds.is_multiple_of(60) => format!("{} minutes", seconds / 60),
        seconds => format!("{seconds} seconds"),
    }
}

#[cfg(test)]
#[path = "turn_tests.rs"]
mod tests;
