//! The `websearch` tool: searches through the operator's SearXNG server, and single pages as readable Markdown. Where it may connect is
//! the host's decision; what stands here asks, reads, and cuts to what a model can use.

mod charset;
mod page;
mod readable;
mod search;

octi_sdk::plugin!(search::search, page::fetch_page);

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use octi_extension::manifest::Manifest;

    use super::TOOLS;

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
    fn whoever_grants_it_reads_where_it_connects() {
        assert_eq!(
            manifest().capabilities.lines(),
            [
                "http: GET the operator's `searxng` (search the web with the server your operator chose)",
                "http: GET any public web site (read the pages you approve)",
            ]
        );
    }

    #[test]
    fn every_argument_is_described_to_the_model() {
        for tool in TOOLS {
            let schema = tool.describe().input_schema;
            assert!(schema["properties"][manifest().tools[tool.name()].subject.as_deref().unwrap()].is_object());
            for (name, property) in schema["properties"].as_object().unwrap() {
                assert!(property["description"].as_str().is_some_and(|text| text.len() > 8), "{}.{name}", tool.name());
            }
            assert_eq!(schema["additionalProperties"], false, "{}", tool.name());
        }
    }
}
