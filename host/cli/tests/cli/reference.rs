//! The generated pages of `docs/reference` say what the program says.

use std::path::Path;

use crate::support::Octi;

#[test]
fn the_committed_reference_is_current() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference");
    let pages = [
        ("openapi", "openapi.json"),
        ("errors", "errors.md"),
        ("events", "events.md"),
        ("environment", "environment.md"),
        ("metrics", "metrics.md"),
        ("settings", "settings.md"),
    ];
    for (page, file) in pages {
        let said = Octi::new().run(&["__reference", page]);
        let committed = std::fs::read_to_string(folder.join(file)).expect("the page is committed");
        assert!(said.out == committed, "docs/reference/{file} is stale: run `cargo xtask codegen` and commit what it writes");
    }
}
