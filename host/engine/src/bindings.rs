//! The contract in `wit/`, bound for the host.

/// World `tool-plugin`.
pub(crate) mod tool {
    wasmtime::component::bindgen!({
        path: ["../../wit/types", "../../wit/log", "../../wit/kv", "../../wit/fs", "../../wit/shell", "../../wit/http", "../../wit/artifacts", "../../wit/ask", "../../wit/llm", "../../wit/plugin"],
        world: "octi:plugin/tool-plugin",
        imports: {
            "octi:log/log": trappable,
            default: async | trappable,
        },
        exports: { default: async },
        with: {
            "octi:fs/files.dir": crate::capability::fs::Dir,
            "octi:fs/files.reader": crate::capability::fs::OpenReader,
            "octi:fs/files.writer": crate::capability::fs::OpenWriter,
            "octi:shell/process.child": crate::capability::shell::Child,
            "octi:http/client.request": crate::capability::http::OpenRequest,
            "octi:http/client.body": crate::capability::http::OpenBody,
            "octi:artifacts/artifacts.writer": crate::capability::artifacts::OpenArtifact,
        },
        require_store_data_send: true,
    });
}

/// World `role-plugin`, which imports nothing.
pub(crate) mod role {
    wasmtime::component::bindgen!({
        path: ["../../wit/types", "../../wit/log", "../../wit/kv", "../../wit/fs", "../../wit/shell", "../../wit/http", "../../wit/artifacts", "../../wit/ask", "../../wit/llm", "../../wit/plugin"],
        world: "octi:plugin/role-plugin",
        exports: { default: async },
        require_store_data_send: true,
    });
}

/// World `skill-plugin`, which imports nothing.
pub(crate) mod skill {
    wasmtime::component::bindgen!({
        path: ["../../wit/types", "../../wit/log", "../../wit/kv", "../../wit/fs", "../../wit/shell", "../../wit/http", "../../wit/artifacts", "../../wit/ask", "../../wit/llm", "../../wit/plugin"],
        world: "octi:plugin/skill-plugin",
        exports: { default: async },
        require_store_data_send: true,
    });
}

/// World `hook-plugin`, with the imports of `tool-plugin`.
pub(crate) mod hook {
    wasmtime::component::bindgen!({
        path: ["../../wit/types", "../../wit/log", "../../wit/kv", "../../wit/fs", "../../wit/shell", "../../wit/http", "../../wit/artifacts", "../../wit/ask", "../../wit/llm", "../../wit/plugin"],
        world: "octi:plugin/hook-plugin",
        exports: { default: async },
        with: {
            "octi:types/common": super::tool::octi::types::common,
            "octi:log/log": super::tool::octi::log::log,
            "octi:kv/store": super::tool::octi::kv::store,
            "octi:fs/files": super::tool::octi::fs::files,
            "octi:shell/process": super::tool::octi::shell::process,
            "octi:http/client": super::tool::octi::http::client,
            "octi:artifacts/artifacts": super::tool::octi::artifacts::artifacts,
            "octi:ask/person": super::tool::octi::ask::person,
            "octi:llm/model": super::tool::octi::llm::model,
        },
        require_store_data_send: true,
    });
}

/// World `channel-plugin`, with the imports of `tool-plugin`.
pub(crate) mod channel {
    wasmtime::component::bindgen!({
        path: ["../../wit/types", "../../wit/log", "../../wit/kv", "../../wit/fs", "../../wit/shell", "../../wit/http", "../../wit/artifacts", "../../wit/ask", "../../wit/llm", "../../wit/plugin"],
        world: "octi:plugin/channel-plugin",
        exports: { default: async },
        with: {
            "octi:types/common": super::tool::octi::types::common,
            "octi:log/log": super::tool::octi::log::log,
            "octi:kv/store": super::tool::octi::kv::store,
            "octi:fs/files": super::tool::octi::fs::files,
            "octi:shell/process": super::tool::octi::shell::process,
            "octi:http/client": super::tool::octi::http::client,
            "octi:artifacts/artifacts": super::tool::octi::artifacts::artifacts,
            "octi:ask/person": super::tool::octi::ask::person,
            "octi:llm/model": super::tool::octi::llm::model,
        },
        require_store_data_send: true,
    });
}

pub(crate) use tool::octi::types::common::{HostError, Quota};
