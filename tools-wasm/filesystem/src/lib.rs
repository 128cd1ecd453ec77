//! The `filesystem` tool: files in the workspace. The host confines every path; what stands here is about being useful: windows of
//! long files, exact edits, errors that say how to mend a call.

mod edit;
mod list;
mod manage;
mod nearest;
mod path;
mod read;
mod search;
mod text;
mod window;
mod write;

use edit::edit_file;
use list::{file_info, list_directory};
use manage::{copy_file, create_directory, delete_file, move_file};
use read::read_file;
use search::search_files;
use write::{append_file, write_file};

octi_sdk::plugin!(
    read_file,
    list_directory,
    file_info,
    search_files,
    write_file,
    append_file,
    edit_file,
    create_directory,
    copy_file,
    move_file,
    delete_file,
);

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use octi_extension::manifest::Manifest;

    use super::TOOLS;

    #[test]
    fn the_manifest_and_the_code_have_the_same_operations() {
        let manifest = Manifest::from_toml(include_str!("../plugin.toml")).unwrap();
        let written: BTreeSet<&str> = manifest.tools.keys().map(String::as_str).collect();
        assert_eq!(written, TOOLS.iter().map(|tool| tool.name()).collect());
    }

    #[test]
    fn the_subject_of_each_operation_is_one_of_its_arguments() {
        let manifest = Manifest::from_toml(include_str!("../plugin.toml")).unwrap();
        for tool in TOOLS {
            let subject = manifest.tools[tool.name()].subject.clone().unwrap();
            assert!(tool.describe().input_schema["properties"][&subject].is_object(), "{}: {subject}", tool.name());
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
