//! The reference of the contract: every package of `wit/` as a page for people who write plugins.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use wit_parser::{
    Docs, Function, FunctionKind, Handle, Interface, InterfaceId, Resolve, Type, TypeDef, TypeDefKind, TypeId, TypeOwner, World,
    WorldItem,
};

use crate::step;

const HEAD: &str = "# The contract\n\n<!-- Written by `cargo xtask codegen` from `wit/`; a change there changes this page. -->\n\n\
    What a plugin imports and exports, package by package. A component imports what it uses, and that is what it asks for.\n\
    How versions change is told in [the law of versions](../../wit/README.md).\n";

/// Where the page is kept.
pub(crate) fn path() -> PathBuf {
    step::root().join("docs").join("reference").join("contract.md")
}

/// The page for the packages as they are.
pub(crate) fn page() -> anyhow::Result<String> {
    page_of(&step::root().join("wit"))
}

fn page_of(wit: &Path) -> anyhow::Result<String> {
    let resolve = packages(wit)?;
    let mut text = HEAD.to_owned();
    for id in resolve.topological_packages() {
        let package = &resolve.packages[id];
        let _ = write!(text, "\n## `{}`\n", package.name);
        paragraph(&mut text, &package.docs);
        for interface in package.interfaces.values() {
            interface_page(&mut text, &resolve, *interface);
        }
        for world in package.worlds.values() {
            world_page(&mut text, &resolve, &resolve.worlds[*world]);
        }
    }
    Ok(text)
}

/// Parses every folder of `wit/` that is a package.
fn packages(wit: &Path) -> anyhow::Result<Resolve> {
    let mut folders: Vec<PathBuf> = fs::read_dir(wit)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    folders.retain(|folder| folder.is_dir() && !folder.ends_with("frozen"));
    folders.sort();
    let mut files = Vec::new();
    for folder in folders {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "wit") {
                files.push((path.display().to_string(), fs::read_to_string(&path)?));
            }
        }
    }
    resolve(files)
}

/// Parses packages in any order, each with the name of its file: one file a package, so that it only has to wait for those it uses.
pub(crate) fn resolve(mut files: Vec<(String, String)>) -> anyhow::Result<Resolve> {
    let mut resolve = Resolve::default();
    while !files.is_empty() {
        let before = files.len();
        let mut last = None;
        files.retain(|(name, text)| match resolve.clone().push_str(name, text) {
            Ok(_) => resolve.push_str(name, text).is_err(),
            Err(error) => {
                last = Some(error);
                true
            }
        });
        if let (true, Some(error)) = (files.len() == before, last) {
            return Err(error).context("the packages of wit/ cannot be read");
        }
    }
    Ok(resolve)
}

fn interface_page(text: &mut String, resolve: &Resolve, id: InterfaceId) {
    let interface: &Interface = &resolve.interfaces[id];
    let _ = write!(text, "\n### Interface `{}`\n", interface.name.as_deref().unwrap_or("inline"));
    paragraph(text, &interface.docs);
    for (name, id) in &interface.types {
        let definition = &resolve.types[*id];
        if let Some(shape) = shape(resolve, name, definition) {
            let _ = write!(text, "\n```wit\n{shape}```\n");
            paragraph(text, &definition.docs);
            bullets(text, functions(interface, Some(*id)).map(|function| function_line(resolve, function)));
        }
    }
    bullets(text, functions(interface, None).map(|function| function_line(resolve, function)));
}

fn world_page(text: &mut String, resolve: &Resolve, world: &World) {
    let _ = write!(text, "\n### World `{}`\n", world.name);
    paragraph(text, &world.docs);
    let item = |what: &str, item: &WorldItem| match item {
        WorldItem::Interface { id, .. } => resolve.id_of(*id).map(|name| format!("- {what} `{name}`")),
        WorldItem::Function(_) | WorldItem::Type { .. } => None,
    };
    let imports = world.imports.values().filter_map(|import| item("imports", import));
    bullets(text, imports.chain(world.exports.values().filter_map(|export| item("exports", export))));
}

/// The functions of a resource, or those that belong to none.
fn functions(interface: &Interface, resource: Option<TypeId>) -> impl Iterator<Item = &Function> {
    interface.functions.values().filter(move |function| function.kind.resource() == resource)
}

pub(crate) fn function_line(resolve: &Resolve, function: &Function) -> String {
    let is_method = matches!(function.kind, FunctionKind::Method(_) | FunctionKind::AsyncMethod(_));
    let params: Vec<String> = function
        .params
        .iter()
        .skip(usize::from(is_method))
        .map(|param| format!("{}: {}", param.name, type_text(resolve, &param.ty)))
        .collect();
    let mut line = format!("- `{}({})", function.item_name(), params.join(", "));
    if let (Some(result), false) = (&function.result, matches!(function.kind, FunctionKind::Constructor(_))) {
        let _ = write!(line, " -> {}", type_text(resolve, result));
    }
    line.push('`');
    if let Some(docs) = &function.docs.contents {
        let _ = write!(line, "\n  {}", docs.trim().replace('\n', "\n  "));
    }
    line
}

/// The definition of a type as WIT, with the words about its parts; none for what is only used from elsewhere.
pub(crate) fn shape(resolve: &Resolve, name: &str, definition: &TypeDef) -> Option<String> {
    let mut text = String::new();
    let mut part = |docs: &Docs, line: String| {
        for doc in docs.contents.iter().flat_map(|docs| docs.trim().lines()) {
            let _ = writeln!(text, "    /// {doc}");
        }
        let _ = writeln!(text, "    {line},");
    };
    let with = |name: &str, of: &Option<Type>| match of {
        Some(of) => format!("{name}({})", type_text(resolve, of)),
        None => name.to_owned(),
    };
    let keyword = match &definition.kind {
        TypeDefKind::Record(record) => {
            for field in &record.fields {
                part(&field.docs, format!("{}: {}", field.name, type_text(resolve, &field.ty)));
            }
            "record"
        }
        TypeDefKind::Variant(variant) => {
            for case in &variant.cases {
                part(&case.docs, with(&case.name, &case.ty));
            }
            "variant"
        }
        TypeDefKind::Enum(all) => {
            for case in &all.cases {
                part(&case.docs, case.name.clone());
            }
            "enum"
        }
        TypeDefKind::Flags(all) => {
            for flag in &all.flags {
                part(&flag.docs, flag.name.clone());
            }
            "flags"
        }
        TypeDefKind::Resource => return Some(format!("resource {name}\n")),
        // A name for a type of another interface says nothing new.
        TypeDefKind::Type(Type::Id(other)) if is_elsewhere(resolve, definition, *other) => return None,
        TypeDefKind::Type(of) => return Some(format!("type {name} = {}\n", type_text(resolve, of))),
        _ => return Some(format!("type {name} = {}\n", kind_text(resolve, &definition.kind))),
    };
    Some(format!("{keyword} {name} {{\n{text}}}\n"))
}

fn is_elsewhere(resolve: &Resolve, definition: &TypeDef, other: TypeId) -> bool {
    let owner = |owner: TypeOwner| if let TypeOwner::Interface(id) = owner { Some(id) } else { None };
    owner(definition.owner) != owner(resolve.types[other].owner)
}

fn type_text(resolve: &Resolve, of: &Type) -> String {
    let Type::Id(id) = of else { return plain(of).to_owned() };
    let definition = &resolve.types[*id];
    definition.name.clone().unwrap_or_else(|| kind_text(resolve, &definition.kind))
}

fn plain(of: &Type) -> &'static str {
    match of {
        Type::Bool => "bool",
        Type::U8 => "u8",
        Type::U16 => "u16",
        Type::U32 => "u32",
        Type::U64 => "u64",
        Type::S8 => "s8",
        Type::S16 => "s16",
        Type::S32 => "s32",
        Type::S64 => "s64",
        Type::F32 => "f32",
        Type::F64 => "f64",
        Type::Char => "char",
        Type::String => "string",
        Type::ErrorContext => "error-context",
        Type::Id(_) => "_",
    }
}

fn kind_text(resolve: &Resolve, kind: &TypeDefKind) -> String {
    let of = |of: &Type| type_text(resolve, of);
    let maybe = |part: &Option<Type>| part.as_ref().map_or_else(|| "_".to_owned(), of);
    match kind {
        TypeDefKind::List(item) => format!("list<{}>", of(item)),
        TypeDefKind::Option(item) => format!("option<{}>", of(item)),
        TypeDefKind::Tuple(tuple) => format!("tuple<{}>", tuple.types.iter().map(of).collect::<Vec<_>>().join(", ")),
        TypeDefKind::Result(result) => match (&result.ok, &result.err) {
            (None, None) => "result".to_owned(),
            (Some(ok), None) => format!("result<{}>", of(ok)),
            (ok, err) => format!("result<{}, {}>", maybe(ok), maybe(err)),
        },
        TypeDefKind::Handle(Handle::Own(id)) => of(&Type::Id(*id)),
        TypeDefKind::Handle(Handle::Borrow(id)) => format!("borrow<{}>", of(&Type::Id(*id))),
        TypeDefKind::Type(other) => of(other),
        other => other.as_str().to_owned(),
    }
}

fn paragraph(text: &mut String, docs: &Docs) {
    if let Some(docs) = &docs.contents {
        let _ = write!(text, "\n{}\n", docs.trim());
    }
}

fn bullets(text: &mut String, lines: impl Iterator<Item = String>) {
    let mut lines = lines.peekable();
    if lines.peek().is_some() {
        text.push('\n');
    }
    for line in lines {
        text.push_str(&line);
        text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_says_what_a_package_has_and_leaves_out_what_it_only_uses() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let write = |package: &str, text: &str| {
            fs::create_dir_all(folder.path().join(package))?;
            fs::write(folder.path().join(package).join(format!("{package}.wit")), text)
        };
        write(
            "apples",
            "package octi:apples@1.0.0;\n/// Fruit.\ninterface tree {\n use octi:words/common@1.0.0.{word};\n /// One.\n \
             record apple { /// In grams.\n weight: option<u32>, name: word }\n \
             resource basket { constructor(); /// Adds one.\n add: func(apple: apple) -> result<_, word>; }\n \
             /// All of them.\n shake: func() -> list<apple>;\n}\nworld orchard { import tree; export pick: func(); }\n",
        )?;
        write("words", "package octi:words@1.0.0;\ninterface common { type word = string; }\n")?;
        let page = page_of(folder.path())?;
        let expected = "## `octi:words@1.0.0`\n\n### Interface `common`\n\n```wit\ntype word = string\n```\n\n\
            ## `octi:apples@1.0.0`\n\n### Interface `tree`\n\nFruit.\n\n```wit\nrecord apple {\n    /// In grams.\n    \
            weight: option<u32>,\n    name: word,\n}\n```\n\nOne.\n\n```wit\nresource basket\n```\n\n- `constructor()`\n\
            - `add(apple: apple) -> result<_, word>`\n  Adds one.\n\n- `shake() -> list<apple>`\n  All of them.\n\n\
            ### World `orchard`\n\n- imports `octi:words/common@1.0.0`\n- imports `octi:apples/tree@1.0.0`\n";
        assert_eq!(page.strip_prefix(HEAD).map(str::trim_start), Some(expected));
        Ok(())
    }
}
