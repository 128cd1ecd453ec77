//! The generated bindings of `wit/`. Private: the rest of the crate is what plugins see.

/// Public only so that the code of `plugin!`, which stands in the plugin's crate, reaches it.
pub mod bindings {
    wit_bindgen::generate!({
        path: [
            "../../wit/types",
            "../../wit/log",
            "../../wit/kv",
            "../../wit/fs",
            "../../wit/shell",
            "../../wit/http",
            "../../wit/artifacts",
            "../../wit/ask",
            "../../wit/llm",
            "../../wit/plugin",
        ],
        world: "octi:plugin/tool-plugin",
        generate_all,
        export_macro_name: "export_tools",
        pub_export_macro: true,
        default_bindings_module: "octi_sdk::__private::raw",
    });
}

/// The same for what watches over calls.
pub mod hook {
    wit_bindgen::generate!({
        path: [
            "../../wit/types",
            "../../wit/log",
            "../../wit/kv",
            "../../wit/fs",
            "../../wit/shell",
            "../../wit/http",
            "../../wit/artifacts",
            "../../wit/ask",
            "../../wit/llm",
            "../../wit/plugin",
        ],
        world: "octi:plugin/hook-plugin",
        with: {
            "octi:types/common@1.0.0": super::bindings::octi::types::common,
            "octi:log/log@1.0.0": super::bindings::octi::log::log,
            "octi:kv/store@1.0.0": super::bindings::octi::kv::store,
            "octi:fs/files@1.0.0": super::bindings::octi::fs::files,
            "octi:shell/process@1.0.0": super::bindings::octi::shell::process,
            "octi:http/client@1.0.0": super::bindings::octi::http::client,
            "octi:artifacts/artifacts@1.0.0": super::bindings::octi::artifacts::artifacts,
            "octi:ask/person@1.0.0": super::bindings::octi::ask::person,
            "octi:llm/model@1.0.0": super::bindings::octi::llm::model,
        },
        export_macro_name: "export_hook",
        pub_export_macro: true,
        default_bindings_module: "octi_sdk::__private::raw_hook",
    });
}

/// The same for other places where people write.
pub mod channel {
    wit_bindgen::generate!({
        path: [
            "../../wit/types",
            "../../wit/log",
            "../../wit/kv",
            "../../wit/fs",
            "../../wit/shell",
            "../../wit/http",
            "../../wit/artifacts",
            "../../wit/ask",
            "../../wit/llm",
            "../../wit/plugin",
        ],
        world: "octi:plugin/channel-plugin",
        with: {
            "octi:types/common@1.0.0": super::bindings::octi::types::common,
            "octi:log/log@1.0.0": super::bindings::octi::log::log,
            "octi:kv/store@1.0.0": super::bindings::octi::kv::store,
            "octi:fs/files@1.0.0": super::bindings::octi::fs::files,
            "octi:shell/process@1.0.0": super::bindings::octi::shell::process,
            "octi:http/client@1.0.0": super::bindings::octi::http::client,
            "octi:artifacts/artifacts@1.0.0": super::bindings::octi::artifacts::artifacts,
            "octi:ask/person@1.0.0": super::bindings::octi::ask::person,
            "octi:llm/model@1.0.0": super::bindings::octi::llm::model,
        },
        export_macro_name: "export_channel",
        pub_export_macro: true,
        default_bindings_module: "octi_sdk::__private::raw_channel",
    });
}
