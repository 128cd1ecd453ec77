//! Components that are small as files, valid, and cost more to compile than the compiler's process is given.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use octi_engine::CompileLimits;
use octi_extension::manifest::SECTION;
use octi_testkit::guests::{manifest, with_section};
use wasm_encoder::{
    BlockType, CodeSection, Component, ComponentExportKind, ComponentExportSection, ComponentInstanceSection, ConstExpr,
    ElementSection, Elements, Function, FunctionSection, Module, ModuleSection, RefType, TableSection, TableType, TypeSection,
    ValType,
};

use crate::host::TestHost;
use crate::row::{Row, is_well, run_on};

/// A bomb's file is smaller than this.
const FILE_BYTES_MAX: usize = 4 << 20;

fn bomb(name: &str, modules: &[Module]) -> Row {
    let file = component(name, modules);
    assert!(file.len() < FILE_BYTES_MAX, "{name} has {} bytes", file.len());
    Row::file(name, file)
}

/// A bound that is waited for is short; the others are out of the way, so that it is clear which one ends it.
fn given() -> CompileLimits {
    CompileLimits { time_max: Duration::from_secs(60), ..CompileLimits::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_takes_the_compiler_hours_is_refused() {
    let limits = CompileLimits { time_max: Duration::from_secs(5), ..given() };
    go_off(limits, || {
        let says = "it does not compile: the compiler needed more than 5 s; make the component smaller";
        vec![
            bomb("loops_in_each_other", &[module(1, &loops(2_500, 2_500))]).refused(says),
            bomb("many_functions_of_loops", &[module(300, &loops(600, 600))]).refused(says),
        ]
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_takes_the_compiler_gigabytes_is_refused() {
    let limits = CompileLimits { memory_bytes_max: 256 << 20, ..given() };
    go_off(limits, || {
        let says = "or the component needs more than the 256 MiB of memory that compiling may take";
        vec![bomb("one_long_function", &[module(1, &long(250_000))]).refused(says)]
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_becomes_too_much_native_code_is_refused() {
    let limits = CompileLimits { native_bytes_max: 2 << 20, ..given() };
    go_off(limits, || {
        let says = "it does not compile: its native code has more than 2097152 bytes; make the component smaller";
        vec![
            bomb("branches_everywhere", &[module(1_000, &branches(1_000))]).refused(says),
            bomb("tables_with_one_element", &[tables(1_000_000), tables(1_000_000)]).refused(says),
        ]
    })
    .await;
}

/// Runs the table, and looks whether anything of a compiler is left.
async fn go_off(limits: CompileLimits, rows: fn() -> Vec<Row>) {
    let before = leftovers(&std::env::temp_dir(), "octi-");
    let host = TestHost::compiling_within(limits).await;
    let (cache, plugins) = (host.cache.clone(), host.folder.clone());
    let (cached, installed) = (leftovers(cache.path(), ""), leftovers(plugins.path(), ""));
    assert_eq!(cached.len(), 2, "the plugins that are none are kept: {cached:?}");
    run_on(host, rows).await;
    assert_eq!(leftovers(cache.path(), ""), cached, "no entry and no working folder");
    assert_eq!(leftovers(plugins.path(), ""), installed, "no file, and no draft of one");
    assert_eq!(children(), Vec::<String>::new(), "no process");
    // Other tests have theirs, which go by themselves.
    let mut new = &leftovers(&std::env::temp_dir(), "octi-") - &before;
    for _ in 0..600 {
        new.retain(|path| path.exists());
        if new.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(new, BTreeSet::new(), "no folder of a sandbox");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_gives_up_on_a_bomb_ends_its_compiler() {
    let host = TestHost::compiling_within(given()).await;
    let bomb = component("patience", &[module(300, &loops(600, 600))]);
    let install = host.plugins.install(bomb, "patience.wasm");
    tokio::select! {
        ended = install => panic!("it does not end so soon: {ended:?}"),
        () = async {
            while children().is_empty() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            // What is compiled already runs on.
            for _ in 0..3 {
                Box::pin(is_well(&host, "a bomb that goes off")).await;
            }
            assert_ne!(children(), Vec::<String>::new(), "the compiler is still at it");
        } => {}
    }
    for _ in 0..300 {
        if children().is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(children(), Vec::<String>::new(), "it was ended with the question");
    assert_eq!(leftovers(host.cache.path(), ".compile-"), BTreeSet::new(), "its folder is gone");
    assert_eq!(leftovers(host.folder.path(), ".draft-"), BTreeSet::new(), "and so is the draft of the file");
    is_well(&host, "a bomb that was given up").await;
    host.stop().await;
}

/// The entries of a folder whose names begin so.
fn leftovers(folder: &Path, prefix: &str) -> BTreeSet<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the folder is there");
    let named = entries.map(|entry| entry.expect("an entry")).filter(|it| it.file_name().to_string_lossy().starts_with(prefix));
    named.map(|entry| entry.path()).collect()
}

/// The command lines of the processes that this one has started, and theirs.
fn children() -> Vec<String> {
    let own = std::process::id().to_string();
    let mut known = BTreeSet::from([own]);
    let mut found = Vec::new();
    let all: Vec<(String, String, String)> = processes().collect();
    for _ in 0..all.len() {
        let before = known.len();
        for (id, parent, line) in &all {
            if known.contains(parent) && known.insert(id.clone()) {
                found.push(line.clone());
            }
        }
        if known.len() == before {
            break;
        }
    }
    found
}

/// The number of each process, that of its parent, and its name.
fn processes() -> impl Iterator<Item = (String, String, String)> {
    let entries = std::fs::read_dir("/proc").expect("Linux tells about processes").flatten();
    entries.filter_map(|entry| {
        let status = std::fs::read_to_string(entry.path().join("status")).ok()?;
        let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(|text| text.trim().to_owned());
        Some((field("Pid:")?, field("PPid:")?, field("Name:")?))
    })
}

/// A component that says it is a plugin, with these modules in it, none of which is used.
fn component(name: &str, modules: &[Module]) -> Vec<u8> {
    let mut component = Component::new();
    for module in modules {
        component.section(&ModuleSection(module));
    }
    let mut instances = ComponentInstanceSection::new();
    instances.export_items(std::iter::empty::<(&str, ComponentExportKind, u32)>());
    component.section(&instances);
    let mut exports = ComponentExportSection::new();
    exports.export("octi:plugin/tools@1.0.0", ComponentExportKind::Instance, 0, None);
    component.section(&exports);
    with_section(component.finish(), SECTION, &manifest(&format!("acme/{name}"), "1.0.0", "").to_section())
}

/// So many functions that are the same, each with one parameter and one result.
fn module(count: u32, function: &Function) -> Module {
    let (mut types, mut functions, mut codes) = (TypeSection::new(), FunctionSection::new(), CodeSection::new());
    types.ty().function([ValType::I32], [ValType::I32]);
    for _ in 0..count {
        functions.function(0);
        codes.function(function);
    }
    let mut module = Module::new();
    module.section(&types).section(&functions).section(&codes);
    module
}

/// A chain of operations, each of which needs the one before.
fn long(count: i32) -> Function {
    let mut function = Function::new([]);
    let mut code = function.instructions();
    code.local_get(0);
    for at in 0..count {
        code.local_get(0).i32_const(at % 64).i32_rotl().i32_xor();
    }
    code.end();
    function
}

/// Blocks in each other, and a branch with so many targets among them.
fn branches(targets: u32) -> Function {
    const BLOCKS: u32 = 100;
    let mut function = Function::new([]);
    let mut code = function.instructions();
    for _ in 0..BLOCKS {
        code.block(BlockType::Empty);
    }
    code.local_get(0).br_table((0..targets).map(|target| target % BLOCKS), 0);
    for _ in 0..BLOCKS {
        code.end();
    }
    code.local_get(0).end();
    function
}

/// Loops in each other, and variables that each of them may change: one more value for each variable in each loop.
fn loops(depth: u32, variables: u32) -> Function {
    let mut function = Function::new([(variables, ValType::I32)]);
    let mut code = function.instructions();
    for _ in 0..depth {
        code.loop_(BlockType::Empty);
    }
    for variable in 1..=variables {
        code.local_get(variable - 1).local_set(variable);
    }
    for _ in 0..depth {
        code.local_get(variables).br_if(0).end();
    }
    code.local_get(variables).end();
    function
}

/// A table of which only the last element is given, which the compiler turns into all of them.
fn tables(elements: i32) -> Module {
    let (mut types, mut functions, mut tables) = (TypeSection::new(), FunctionSection::new(), TableSection::new());
    let (mut segments, mut codes) = (ElementSection::new(), CodeSection::new());
    types.ty().function([], []);
    functions.function(0);
    tables.table(TableType {
        element_type: RefType::FUNCREF,
        minimum: elements.unsigned_abs().into(),
        maximum: None,
        table64: false,
        shared: false,
    });
    segments.active(None, &ConstExpr::i32_const(elements - 1), Elements::Functions([0].as_slice().into()));
    let mut function = Function::new([]);
    function.instructions().end();
    codes.function(&function);
    let mut module = Module::new();
    module.section(&types).section(&functions).section(&tables).section(&segments).section(&codes);
    module
}
