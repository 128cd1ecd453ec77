//! The files of new projects.

/// A place in the project, and what stands there before the names are filled in. The templates do not have the names of what they
/// become: cargo looks at every `Cargo.toml` of a repository that it takes a dependency from.
pub(crate) type Template = &'static [(&'static str, &'static str)];

const CASE: (&str, &str) = ("cases/a_text_is_counted/case.json", include_str!("../templates/case.json.in"));

const HOOK_CASE: (&str, &str) = ("cases/what_deletes_is_refused/case.json", include_str!("../templates/hook-case.json.in"));

const CHANNEL_CASE: (&str, &str) =
    ("cases/what_is_new_is_brought_once/case.json", include_str!("../templates/channel-case.json.in"));

pub(crate) const TOOL_RUST: Template = &[
    ("Cargo.toml", include_str!("../templates/tool-rust/Cargo.toml.in")),
    ("Cargo.lock", include_str!("../templates/tool-rust/Cargo.lock.in")),
    ("plugin.toml", include_str!("../templates/tool-rust/plugin.toml.in")),
    ("src/lib.rs", include_str!("../templates/tool-rust/lib.rs.in")),
    CASE,
    ("README.md", include_str!("../templates/tool-rust/README.md.in")),
    (".gitignore", include_str!("../templates/tool-rust/gitignore.in")),
];

pub(crate) const TOOL_JS: Template = &[
    ("package.json", include_str!("../templates/tool-js/package.json.in")),
    ("package-lock.json", include_str!("../templates/tool-js/package-lock.json.in")),
    ("plugin.toml", include_str!("../templates/tool-js/plugin.toml.in")),
    ("src/plugin.js", include_str!("../templates/tool-js/plugin.js.in")),
    ("src/counted.js", include_str!("../templates/tool-js/counted.js.in")),
    ("src/counted.test.js", include_str!("../templates/tool-js/counted.test.js.in")),
    CASE,
    ("README.md", include_str!("../templates/tool-js/README.md.in")),
    (".gitignore", include_str!("../templates/tool-js/gitignore.in")),
];

pub(crate) const TOOL_PYTHON: Template = &[
    ("requirements.txt", include_str!("../templates/tool-python/requirements.txt.in")),
    ("plugin.toml", include_str!("../templates/tool-python/plugin.toml.in")),
    ("src/plugin.py", include_str!("../templates/tool-python/plugin.py.in")),
    ("tests/test_plugin.py", include_str!("../templates/tool-python/test_plugin.py.in")),
    CASE,
    ("README.md", include_str!("../templates/tool-python/README.md.in")),
    (".gitignore", include_str!("../templates/tool-python/gitignore.in")),
];

/// A role: texts, and no compiler.
pub(crate) const ROLE: Template = &[
    ("plugin.toml", include_str!("../templates/role/plugin.toml.in")),
    ("prompt.md", include_str!("../templates/role/prompt.md.in")),
    ("prompt.lite.md", include_str!("../templates/role/prompt.lite.md.in")),
    ("cases/it_knows_its_purpose/case.json", include_str!("../templates/role/case.json.in")),
    ("README.md", include_str!("../templates/role/README.md.in")),
    (".gitignore", include_str!("../templates/role/gitignore.in")),
];

/// A skill: a text, and no compiler.
pub(crate) const SKILL: Template = &[
    ("plugin.toml", include_str!("../templates/skill/plugin.toml.in")),
    ("SKILL.md", include_str!("../templates/skill/SKILL.md.in")),
    ("cases/it_is_given_when_it_helps/case.json", include_str!("../templates/skill/case.json.in")),
    ("README.md", include_str!("../templates/skill/README.md.in")),
    (".gitignore", include_str!("../templates/role/gitignore.in")),
];

pub(crate) const HOOK_RUST: Template = &[
    ("Cargo.toml", include_str!("../templates/hook-rust/Cargo.toml.in")),
    ("Cargo.lock", include_str!("../templates/tool-rust/Cargo.lock.in")),
    ("plugin.toml", include_str!("../templates/hook-rust/plugin.toml.in")),
    ("src/lib.rs", include_str!("../templates/hook-rust/lib.rs.in")),
    HOOK_CASE,
    ("README.md", include_str!("../templates/hook-rust/README.md.in")),
    (".gitignore", include_str!("../templates/tool-rust/gitignore.in")),
];

pub(crate) const CHANNEL_RUST: Template = &[
    ("Cargo.toml", include_str!("../templates/channel-rust/Cargo.toml.in")),
    ("Cargo.lock", include_str!("../templates/tool-rust/Cargo.lock.in")),
    ("plugin.toml", include_str!("../templates/channel-rust/plugin.toml.in")),
    ("src/lib.rs", include_str!("../templates/channel-rust/lib.rs.in")),
    CHANNEL_CASE,
    ("README.md", include_str!("../templates/channel-rust/README.md.in")),
    (".gitignore", include_str!("../templates/tool-rust/gitignore.in")),
];

pub(crate) const HOOK_JS: Template = &[
    ("package.json", include_str!("../templates/tool-js/package.json.in")),
    ("package-lock.json", include_str!("../templates/tool-js/package-lock.json.in")),
    ("plugin.toml", include_str!("../templates/hook-js/plugin.toml.in")),
    ("src/plugin.js", include_str!("../templates/hook-js/plugin.js.in")),
    ("src/rules.js", include_str!("../templates/hook-js/rules.js.in")),
    ("src/rules.test.js", include_str!("../templates/hook-js/rules.test.js.in")),
    HOOK_CASE,
    ("README.md", include_str!("../templates/hook-js/README.md.in")),
    (".gitignore", include_str!("../templates/tool-js/gitignore.in")),
];

pub(crate) const HOOK_PYTHON: Template = &[
    ("requirements.txt", include_str!("../templates/tool-python/requirements.txt.in")),
    ("plugin.toml", include_str!("../templates/hook-python/plugin.toml.in")),
    ("src/plugin.py", include_str!("../templates/hook-python/plugin.py.in")),
    ("tests/test_plugin.py", include_str!("../templates/hook-python/test_plugin.py.in")),
    HOOK_CASE,
    ("README.md", include_str!("../templates/hook-python/README.md.in")),
    (".gitignore", include_str!("../templates/tool-python/gitignore.in")),
];

pub(crate) const CHANNEL_JS: Template = &[
    ("package.json", include_str!("../templates/tool-js/package.json.in")),
    ("package-lock.json", include_str!("../templates/tool-js/package-lock.json.in")),
    ("plugin.toml", include_str!("../templates/channel-js/plugin.toml.in")),
    ("src/plugin.js", include_str!("../templates/channel-js/plugin.js.in")),
    ("src/read.js", include_str!("../templates/channel-js/read.js.in")),
    ("src/read.test.js", include_str!("../templates/channel-js/read.test.js.in")),
    CHANNEL_CASE,
    ("README.md", include_str!("../templates/channel-js/README.md.in")),
    (".gitignore", include_str!("../templates/tool-js/gitignore.in")),
];

pub(crate) const CHANNEL_PYTHON: Template = &[
    ("requirements.txt", include_str!("../templates/tool-python/requirements.txt.in")),
    ("plugin.toml", include_str!("../templates/channel-python/plugin.toml.in")),
    ("src/plugin.py", include_str!("../templates/channel-python/plugin.py.in")),
    ("tests/test_plugin.py", include_str!("../templates/channel-python/test_plugin.py.in")),
    CHANNEL_CASE,
    ("README.md", include_str!("../templates/channel-python/README.md.in")),
    (".gitignore", include_str!("../templates/tool-python/gitignore.in")),
];
