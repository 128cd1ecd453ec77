//! Modules of Extism: core modules, which octi does not run itself. What is said here is read, not run.

use wasmparser::{ExternalKind, Parser, Payload};

use crate::install::InstallError;
use crate::loader::digest;
use crate::text;
use octi_domain::limits;

/// What such a module imports from its host begins so.
const HOST: &str = "extism:host/";
/// Functions that only an embedder of Extism could give.
const USER: &str = "extism:host/user";

/// What is known of a module before it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtismModule {
    /// SHA-256 of the file, in hex.
    pub digest: String,
    pub imports: Vec<String>,
    /// The functions it exports, whatever they are for.
    pub exports: Vec<String>,
}

/// What the file is, if it is a module of Extism: a core module that imports something of that host.
///
/// # Errors
/// [`InstallError`] for one that is too large, is broken, or needs a function that octi does not have.
pub fn extism_module(bytes: &[u8]) -> Result<Option<ExtismModule>, InstallError> {
    if !Parser::is_core_wasm(bytes) {
        return Ok(None);
    }
    if bytes.len() > limits::PLUGIN_BYTES_MAX {
        return Err(InstallError::TooLarge { bytes: bytes.len() });
    }
    let invalid = |error: wasmparser::BinaryReaderError| InstallError::Invalid(shown(&error.to_string()));
    let mut found = ExtismModule { digest: digest(bytes), imports: Vec::new(), exports: Vec::new() };
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(invalid)? {
            Payload::ImportSection(reader) => {
                for import in reader.into_imports() {
                    let import = import.map_err(invalid)?;
                    found.imports.push(shown(&format!("{}::{}", import.module, import.name)));
                }
            }
            Payload::ExportSection(reader) => {
                for export in reader {
                    let export = export.map_err(invalid)?;
                    if export.kind == ExternalKind::Func {
                        found.exports.push(shown(export.name));
                    }
                }
            }
            _ => {}
        }
    }
    if !found.imports.iter().any(|import| import.starts_with(HOST)) {
        return Ok(None);
    }
    if let Some(import) = found.imports.iter().find(|import| import.starts_with(USER)) {
        let why = "it is a function of the program that the module was written for; only that program can run it".to_owned();
        return Err(InstallError::NotOffered { import: import.clone(), why });
    }
    Ok(Some(found))
}

/// Names are a stranger's.
fn shown(name: &str) -> String {
    text::clean(name, limits::PLUGIN_TEXT_BYTES_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(text: &str) -> Result<Option<ExtismModule>, InstallError> {
        extism_module(&wat::parse_str(text).unwrap())
    }

    #[test]
    fn a_module_of_extism_imports_from_its_host_and_other_files_are_none() {
        let found = look(
            r#"(module (import "extism:host/env" "input_length" (func (result i64))) (memory (export "memory") 1)
                (func (export "run") (result i32) (i32.const 0)))"#,
        );
        let found = found.unwrap().unwrap();
        assert_eq!((found.imports, found.exports), (vec!["extism:host/env::input_length".to_owned()], vec!["run".to_owned()]));
        assert_eq!(look(r#"(module (import "env" "f" (func)))"#), Ok(None));
        assert_eq!(look("(component)"), Ok(None));
        assert_eq!(extism_module(b"text"), Ok(None));
    }

    #[test]
    fn a_function_of_another_program_is_refused_by_name() {
        let refused = look(r#"(module (import "extism:host/user" "my_db" (func)))"#).unwrap_err();
        assert!(refused.to_string().contains("`extism:host/user::my_db`"), "{refused}");
    }

    #[test]
    fn what_is_too_large_is_not_read() {
        let mut file = wat::parse_str("(module)").unwrap();
        file.resize(limits::PLUGIN_BYTES_MAX + 1, 0);
        assert_eq!(extism_module(&file), Err(InstallError::TooLarge { bytes: limits::PLUGIN_BYTES_MAX + 1 }));
    }
}
