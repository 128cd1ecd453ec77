//! Every file of every corpus, without a fuzzer: seeds, and what fuzzers found.

#![expect(clippy::unwrap_used, reason = "the helpers of these tests are tests too")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use octi_fuzz::TARGETS;

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// It has the engine in it, so it is no function here: its corpus is run by the tests in `install/`.
const INSTALL: &str = "install";

#[test]
fn every_target_has_a_corpus_and_a_program() {
    let targets: BTreeSet<String> = TARGETS.iter().map(|(name, _)| *name).chain([INSTALL]).map(str::to_owned).collect();
    assert_eq!(names(&corpus()), targets);
    let programs = names(&Path::new(env!("CARGO_MANIFEST_DIR")).join("targets"));
    assert_eq!(programs, targets.iter().map(|name| format!("{name}.rs")).collect());
}

#[test]
fn every_promise_holds_for_every_file() {
    for (name, run) in TARGETS {
        let folder = corpus().join(name);
        for file in names(&folder) {
            // A target that fails says so after this line.
            println!("{name}/{file}");
            run(&fs::read(folder.join(&file)).unwrap());
        }
    }
}

#[test]
fn any_bytes_are_taken() {
    for (_, run) in TARGETS {
        for data in [&b""[..], b"\n", b"\xff\xfe", b"\0\0\0\0\0\0\0\0", &[b'a'; 5_000]] {
            run(data);
        }
    }
}
