//! Which tool calls of one answer may run side by side.
//!
//! Calls that only look run in parallel. Calls that change the same thing run one after another, in the order the model
//! asked for them, and so does everything around a call whose reach nobody knows, such as a shell command.

use octi_domain::limits;
use octi_extension::manifest::Effect;
use octi_extension::tool::ToolSpec;
use serde_json::Value;

/// What one call touches, as far as its manifest and arguments tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    tool: String,
    kind: Kind,
    /// The texts among the arguments: paths, names. Empty when the call may touch anything of its tool.
    things: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Touches nothing that another call could see.
    Free,
    Read,
    Write,
    /// Could touch whatever any other call touches.
    Everything,
}

impl Reach {
    /// The reach of a call that never runs, because no such tool is known.
    #[must_use]
    pub const fn nothing() -> Self {
        Self { tool: String::new(), kind: Kind::Free, things: Vec::new() }
    }

    /// The reach of a call with these arguments.
    #[must_use]
    pub fn of(spec: &ToolSpec, arguments: &Value) -> Self {
        let has = |effect: Effect| spec.effects.contains(&effect);
        let kind = if has(Effect::Process) || has(Effect::Money) {
            Kind::Everything
        } else if has(Effect::Write) {
            Kind::Write
        } else if has(Effect::Read) || has(Effect::Secret) {
            Kind::Read
        } else {
            Kind::Free
        };
        Self { tool: spec.tool.clone(), kind, things: things_of(spec, arguments) }
    }

    /// Whether the two must not run at the same time.
    #[must_use]
    pub fn conflicts(&self, other: &Self) -> bool {
        match (self.kind, other.kind) {
            (Kind::Free, _) | (_, Kind::Free) | (Kind::Read, Kind::Read) => false,
            (Kind::Everything, _) | (_, Kind::Everything) => true,
            _ if self.things.is_empty() || other.things.is_empty() => self.tool == other.tool,
            _ => self.things.iter().any(|mine| other.things.iter().any(|theirs| overlap(mine, theirs))),
        }
    }
}

/// Every short text of the arguments counts, because a move names two paths and only one of them is the subject. Taking a
/// content for a path costs a little parallelism and nothing else.
fn things_of(spec: &ToolSpec, arguments: &Value) -> Vec<String> {
    let named = spec.subject.as_ref().is_some_and(|subject| arguments.get(subject).is_some_and(Value::is_string));
    let Some(fields) = arguments.as_object().filter(|_| named) else {
        return Vec::new();
    };
    let texts = fields.values().filter_map(Value::as_str);
    texts.filter(|text| text.len() <= limits::FS_PATH_BYTES_MAX).map(str::to_owned).collect()
}

/// A folder overlaps with what is inside it; `.` is the folder of everything.
fn overlap(one: &str, other: &str) -> bool {
    let steps = |path: &'_ str| -> Vec<String> {
        path.split('/').filter(|step| !step.is_empty() && *step != ".").map(str::to_owned).collect()
    };
    let (one, other) = (steps(one), steps(other));
    one.iter().zip(&other).all(|(a, b)| a == b)
}

/// Splits calls into lanes: lanes may run side by side, the calls of one lane run in order.
#[must_use]
pub fn lanes<T>(calls: Vec<(Reach, T)>) -> Vec<Vec<T>> {
    let mut lanes: Vec<Vec<(Reach, T)>> = Vec::new();
    for (reach, call) in calls {
        let (mut joined, apart): (Vec<_>, Vec<_>) =
            lanes.into_iter().partition(|lane| lane.iter().any(|(other, _)| other.conflicts(&reach)));
        lanes = apart;
        // Joining lanes keeps each one's own order; between them there was no conflict, so any order is right.
        let mut lane = joined.drain(..).flatten().collect::<Vec<_>>();
        lane.push((reach, call));
        lanes.push(lane);
    }
    lanes.into_iter().map(|lane| lane.into_iter().map(|(_, call)| call).collect()).collect()
}

#[cfg(test)]
mod tests {
    use octi_domain::permission::Level;
    use octi_extension::manifest::SubjectKind;
    use serde_json::json;

    use super::*;

    fn spec(tool: &str, effects: &[Effect], subject: Option<&str>) -> ToolSpec {
        ToolSpec {
            name: format!("{tool}__x"),
            tool: tool.into(),
            operation: "x".into(),
            plugin: format!("octi/{tool}"),
            plugin_version: "0.1.0".into(),
            digest: String::new(),
            description: String::new(),
            input_schema: json!({}),
            output_schema: None,
            permission: Level::Allow,
            effects: effects.to_vec(),
            subject: subject.map(str::to_owned),
            subject_kind: SubjectKind::Text,
        }
    }

    fn read(path: &str) -> Reach {
        Reach::of(&spec("files", &[Effect::Read], Some("path")), &json!({ "path": path }))
    }

    fn write(path: &str) -> Reach {
        Reach::of(&spec("files", &[Effect::Write], Some("path")), &json!({ "path": path }))
    }

    fn plan(reaches: Vec<Reach>) -> Vec<Vec<usize>> {
        lanes(reaches.into_iter().enumerate().map(|(index, reach)| (reach, index)).collect())
    }

    #[test]
    fn reads_run_side_by_side() {
        assert_eq!(plan(vec![read("a"), read("a"), read("b")]), [[0], [1], [2]]);
    }

    #[test]
    fn writes_of_one_path_run_in_order_and_of_two_side_by_side() {
        assert_eq!(plan(vec![write("a"), write("b"), write("./a")]), vec![vec![1], vec![0, 2]]);
    }

    #[test]
    fn a_folder_holds_what_is_inside() {
        assert_eq!(plan(vec![write("src/lib.rs"), read("."), read("docs")]), vec![vec![0, 1], vec![2]]);
        assert!(!write("src").conflicts(&write("source")));
    }

    #[test]
    fn a_move_touches_both_of_its_paths() {
        let moved = Reach::of(&spec("files", &[Effect::Write], Some("source")), &json!({"source": "a", "target": "b"}));
        assert!(moved.conflicts(&read("b")));
    }

    #[test]
    fn a_command_waits_for_everything_before_it() {
        let command = Reach::of(&spec("shell", &[Effect::Process], Some("command")), &json!({"command": "make"}));
        assert_eq!(plan(vec![read("a"), command, read("b")]), vec![vec![0, 1, 2]]);
    }

    #[test]
    fn writes_without_a_subject_keep_the_order_within_their_tool() {
        let add = || Reach::of(&spec("tasks", &[Effect::Write], None), &json!({"title": "milk"}));
        assert_eq!(plan(vec![add(), read("a"), add()]), vec![vec![1], vec![0, 2]]);
    }

    #[test]
    fn what_touches_nothing_waits_for_nothing() {
        let command = Reach::of(&spec("shell", &[Effect::Process], None), &json!({}));
        assert_eq!(plan(vec![command, Reach::nothing()]), [[0], [1]]);
    }
}
