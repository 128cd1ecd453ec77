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
            "../../wit/plugin",
        ],
        world: "octi:plugin/tool-plugin",
        generate_all,
        export_macro_name: "export_tools",
        pub_export_macro: true,
        default_bindings_module: "octi_sdk::__private::raw",
    });
}
