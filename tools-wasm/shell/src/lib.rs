//! The `shell` tool: command lines in the host's process sandbox. The host decides what may run and confines it; what stands here
//! makes the outcome understandable: exit codes in words, long output cut in the middle.

mod background;
mod line;
mod meaning;
mod report;
mod run;

octi_sdk::plugin!(run::run, background::run_background, background::read_output, background::stop, run::which);

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use octi_extension::manifest::{Manifest, SubjectKind};

    use super::TOOLS;
    use super::run::PROFILE;

    fn manifest() -> Manifest {
        Manifest::from_toml(include_str!("../plugin.toml")).unwrap()
    }

    #[test]
    fn the_manifest_and_the_code_have_the_same_operations() {
        let manifest = manifest();
        let written: BTreeSet<&str> = manifest.tools.keys().map(String::as_str).collect();
        assert_eq!(written, TOOLS.iter().map(|tool| tool.name()).collect());
    }

    #[test]
    fn the_profile_used_is_the_one_asked_for() {
        let profiles: Vec<String> = manifest().capabilities.shell.into_iter().map(|request| request.profile).collect();
        assert_eq!(profiles, [PROFILE]);
    }

    #[test]
    fn whatever_takes_a_command_line_is_judged_by_its_commands() {
        for tool in TOOLS {
            let schema = tool.describe().input_schema;
            let entry = &manifest().tools[tool.name()];
            assert!(schema["properties"][entry.subject.as_deref().unwrap()].is_object(), "{}", tool.name());
            let takes_line = schema["properties"]["command"].is_object();
            assert_eq!(entry.subject_kind == SubjectKind::Command, takes_line, "{}", tool.name());
        }
    }

    #[test]
    fn every_argument_is_described_to_the_model() {
        for tool in TOOLS {
            let schema = tool.describe().input_schema;
            for (name, property) in schema["properties"].as_object().unwrap() {
                assert!(property["description"].as_str().is_some_and(|text| text.len() > 8), "{}.{name}", tool.name());
            }
            assert_eq!(schema["additionalProperties"], false, "{}", tool.name());
        }
    }
}
