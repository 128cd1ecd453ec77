//! The contract between host and plugins as text, for whatever makes components of it.

/// The packages of `wit/`, each after the ones it uses.
pub const SOURCES: [(&str, &str); 10] = [
    ("types.wit", include_str!("../../../wit/types/types.wit")),
    ("log.wit", include_str!("../../../wit/log/log.wit")),
    ("kv.wit", include_str!("../../../wit/kv/kv.wit")),
    ("fs.wit", include_str!("../../../wit/fs/fs.wit")),
    ("shell.wit", include_str!("../../../wit/shell/shell.wit")),
    ("http.wit", include_str!("../../../wit/http/http.wit")),
    ("artifacts.wit", include_str!("../../../wit/artifacts/artifacts.wit")),
    ("ask.wit", include_str!("../../../wit/ask/ask.wit")),
    ("llm.wit", include_str!("../../../wit/llm/llm.wit")),
    ("plugin.wit", include_str!("../../../wit/plugin/plugin.wit")),
];
