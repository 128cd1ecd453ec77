//! Notices a model that goes round in circles.

use std::collections::hash_map::DefaultHasher;
use std::collections::{HashMap, HashSet};
use std::hash::{Hash, Hasher};

use octi_domain::limits;
use octi_domain::message::{ToolCall, ToolResult};

/// Pairs of call and result that are remembered; a run with more of them is making progress.
const PAIRS_MAX: usize = 4_096;

/// Counts calls that gave the same result again since anything new happened. Running the same test after every edit is
/// work, so a pair never seen before starts the count anew.
#[derive(Debug, Default)]
pub struct Repeats {
    seen: HashSet<u64>,
    since_news: HashMap<u64, u32>,
}

impl Repeats {
    /// Takes in the calls of one step, and names the call that went round [`limits::RUN_SAME_RESULT_MAX`] times.
    pub fn step<'a>(&mut self, pairs: impl Iterator<Item = (&'a ToolCall, &'a ToolResult)>) -> Option<&'a str> {
        // Twice the same call in one answer is one round.
        let mut round: HashMap<u64, &'a str> = HashMap::new();
        for (call, result) in pairs {
            round.insert(fingerprint(call, result), call.name.as_str());
        }
        if round.keys().any(|pair| !self.seen.contains(pair)) {
            self.since_news.clear();
        }
        if self.seen.len() + round.len() > PAIRS_MAX {
            self.seen.clear();
        }
        let mut stuck = None;
        for (pair, name) in round {
            self.seen.insert(pair);
            let count = self.since_news.entry(pair).or_default();
            *count += 1;
            if *count >= limits::RUN_SAME_RESULT_MAX {
                stuck = Some(name);
            }
        }
        stuck
    }
}

fn fingerprint(call: &ToolCall, result: &ToolResult) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&call.name, call.arguments.to_string(), &result.content, result.is_error).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pair(argument: &str, result: &str) -> (ToolCall, ToolResult) {
        let call = ToolCall { id: "1".into(), name: "t__x".into(), arguments: json!({ "a": argument }), signature: None };
        let result = ToolResult {
            call_id: "1".into(),
            name: "t__x".into(),
            content: result.into(),
            is_error: false,
            artifact: None,
            files: Vec::new(),
        };
        (call, result)
    }

    /// The number of the step that is one too many, from 1.
    fn stuck_at(steps: &[(ToolCall, ToolResult)]) -> Option<usize> {
        let mut repeats = Repeats::default();
        (1..=steps.len()).find(|&step| repeats.step(steps[step - 1..step].iter().map(|(c, r)| (c, r))).is_some())
    }

    #[test]
    fn the_same_call_with_the_same_result_is_stuck_the_third_time() {
        assert_eq!(stuck_at(&[pair("a", "no"), pair("a", "no"), pair("a", "no")]), Some(3));
    }

    #[test]
    fn another_result_is_progress() {
        assert_eq!(stuck_at(&[pair("a", "1 %"), pair("a", "2 %"), pair("a", "3 %"), pair("a", "4 %")]), None);
    }

    #[test]
    fn two_calls_in_turns_are_stuck_too() {
        let (a, b) = (pair("a", "x"), pair("b", "y"));
        assert_eq!(stuck_at(&[a.clone(), b.clone(), a.clone(), b.clone(), a, b]), Some(6));
    }

    #[test]
    fn the_same_test_after_every_edit_is_work() {
        let test = pair("test", "1 failed");
        let steps: Vec<_> = (0..5).flat_map(|n| [test.clone(), pair(&format!("edit {n}"), "done")]).collect();
        assert_eq!(stuck_at(&steps), None);
    }

    #[test]
    fn three_equal_calls_in_one_answer_are_one_round() {
        let (call, result) = pair("a", "x");
        assert_eq!(Repeats::default().step([(&call, &result); 3].into_iter()), None);
    }
}
