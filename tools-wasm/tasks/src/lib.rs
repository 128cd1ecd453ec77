//! The `tasks` tool: a to-do list for each person. The list is one document in the key-value store; every change is made to the
//! version that was read and tried again when another one came first.

mod book;
mod date;
mod operations;
mod shelf;

use operations::{add, complete, delete, list, update};

octi_sdk::plugin!(add, list, update, complete, delete);

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
    fn a_full_list_fits_the_grant() {
        let manifest = Manifest::from_toml(include_str!("../plugin.toml")).unwrap();
        let granted = manifest.capabilities.kv.unwrap().bytes_max;
        assert!(crate::shelf::BYTES_MAX as u64 + crate::shelf::KEY.len() as u64 <= granted);
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
