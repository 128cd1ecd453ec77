//! The `git` tool: repositories in the workspace, with results as records instead of text. The host's two git profiles say which git
//! runs and switch off what a repository could make it run; what stands here builds the arguments, so that none of a model's words is
//! taken for an option, and reads the answers.

mod argument;
mod branch;
mod change;
mod clone;
mod config;
mod diff;
mod history;
mod remote;
mod repo;
mod stash;
mod status;
mod text;

octi_sdk::plugin!(
    status::status,
    history::log,
    diff::diff,
    change::init,
    change::add,
    change::commit,
    change::reset,
    branch::list_branches,
    branch::branch,
    branch::checkout,
    stash::list_stashes,
    stash::stash,
    clone::clone,
    remote::pull,
    remote::push,
);

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use octi_extension::manifest::{Manifest, Permission};

    use super::TOOLS;
    use super::repo::{LOCAL, NETWORK};

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
    fn the_profiles_used_are_the_ones_asked_for() {
        let profiles: Vec<String> = manifest().capabilities.shell.into_iter().map(|request| request.profile).collect();
        assert_eq!(profiles, [LOCAL, NETWORK]);
    }

    #[test]
    fn the_subject_of_each_operation_is_one_of_its_arguments() {
        let manifest = manifest();
        for tool in TOOLS {
            let subject = manifest.tools[tool.name()].subject.clone().unwrap();
            assert!(tool.describe().input_schema["properties"][&subject].is_object(), "{}: {subject}", tool.name());
        }
    }

    #[test]
    fn only_what_looks_is_allowed_unasked() {
        for (name, entry) in manifest().tools {
            let looks = ["status", "log", "diff", "list_branches", "list_stashes"].contains(&name.as_str());
            assert_eq!(entry.permission == Permission::Allow, looks, "{name}");
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
