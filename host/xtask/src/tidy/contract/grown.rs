//! A minor version of a package has everything that the one before it had, as it was, and says of the rest since when it is there.

use wit_parser::{Function, Interface, InterfaceId, Resolve, Stability, World, WorldItem, WorldKey};

use super::frozen::Package;
use crate::codegen::contract::{function_line, resolve, shape};

/// What is wrong with packages that are newer than what was published of the same major version.
pub(super) fn problems(live: &[Package], published: &[Package]) -> anyhow::Result<Vec<String>> {
    let texts = |packages: &[Package]| packages.iter().map(|of| (of.name.clone(), of.text.clone())).collect();
    let mut problems = Vec::new();
    let mut parsed = None;
    for package in live {
        let before = |copy: &&Package| {
            copy.plain() == package.plain()
                && copy.numbers().first() == package.numbers().first()
                && copy.numbers() < package.numbers()
        };
        let Some(copy) = published.iter().filter(before).max_by_key(|copy| copy.numbers()) else { continue };
        if parsed.is_none() {
            parsed = Some((resolve(texts(published))?, resolve(texts(live))?));
        }
        let Some((old, new)) = &parsed else { continue };
        let grown = Grown { old, new, package, found: Vec::new() };
        problems.extend(grown.check(copy));
    }
    Ok(problems)
}

struct Grown<'a> {
    old: &'a Resolve,
    new: &'a Resolve,
    package: &'a Package,
    found: Vec<String>,
}

impl Grown<'_> {
    fn check(mut self, copy: &Package) -> Vec<String> {
        let named = |resolve: &Resolve, name: &str| {
            resolve.packages.iter().find(|(_, package)| package.name.to_string() == name).map(|(id, _)| id)
        };
        let (Some(old), Some(new)) = (named(self.old, &copy.name), named(self.new, &self.package.name)) else {
            return vec![format!("`{}` cannot be compared with `{}`", self.package.name, copy.name)];
        };
        let (old, new) = (&self.old.packages[old], &self.new.packages[new]);
        for (name, id) in &old.interfaces {
            match new.interfaces.get(name) {
                Some(now) => self.interface(name, *id, *now),
                None => self.lost(name),
            }
        }
        for (name, id) in new.interfaces.iter().filter(|(name, _)| !old.interfaces.contains_key(*name)) {
            self.is_new(name, &self.new.interfaces[*id].stability.clone());
        }
        for (name, id) in &old.worlds {
            match new.worlds.get(name) {
                Some(now) => self.world(name, *id, *now),
                None => self.lost(name),
            }
        }
        for (name, id) in new.worlds.iter().filter(|(name, _)| !old.worlds.contains_key(*name)) {
            self.is_new(name, &self.new.worlds[*id].stability.clone());
        }
        self.found
    }

    fn interface(&mut self, name: &str, old: InterfaceId, new: InterfaceId) {
        let (old, new): (&Interface, &Interface) = (&self.old.interfaces[old], &self.new.interfaces[new]);
        for (item, id) in &old.types {
            let before = shape(self.old, item, &self.old.types[*id]).map(without_words);
            match new.types.get(item) {
                Some(now) if shape(self.new, item, &self.new.types[*now]).map(without_words) == before => {}
                Some(_) => self.changed(&format!("{name}.{item}")),
                None => self.lost(&format!("{name}.{item}")),
            }
        }
        for (item, id) in new.types.iter().filter(|(item, _)| !old.types.contains_key(*item)) {
            self.is_new(&format!("{name}.{item}"), &self.new.types[*id].stability.clone());
        }
        for (item, function) in &old.functions {
            let line = |of: &Resolve, function: &Function| function_line(of, function).lines().next().map(str::to_owned);
            match new.functions.get(item) {
                Some(now) if line(self.new, now) == line(self.old, function) => {}
                Some(_) => self.changed(&format!("{name}.{item}")),
                None => self.lost(&format!("{name}.{item}")),
            }
        }
        for (item, function) in new.functions.iter().filter(|(item, _)| !old.functions.contains_key(*item)) {
            self.is_new(&format!("{name}.{item}"), &function.stability.clone());
        }
    }

    /// A component may import less than its world has, but must export all of it.
    fn world(&mut self, name: &str, old: wit_parser::WorldId, new: wit_parser::WorldId) {
        let (old, new): (&World, &World) = (&self.old.worlds[old], &self.new.worlds[new]);
        let old_imports: Vec<String> = old.imports.keys().map(|key| plain(self.old, key)).collect();
        let new_imports: Vec<String> = new.imports.keys().map(|key| plain(self.new, key)).collect();
        for import in old_imports.iter().filter(|import| !new_imports.contains(import)) {
            self.lost(&format!("{name}: import of {import}"));
        }
        for (key, item) in &new.imports {
            let import = plain(self.new, key);
            if let WorldItem::Interface { stability, .. } = item
                && !old_imports.contains(&import)
            {
                self.is_new(&format!("{name}: import of {import}"), stability);
            }
        }
        let exports = |of: &Resolve, world: &World| -> Vec<String> { world.exports.keys().map(|key| plain(of, key)).collect() };
        if exports(self.old, old) != exports(self.new, new) {
            self.changed(&format!("{name}: exports"));
        }
    }

    fn lost(&mut self, item: &str) {
        self.found.push(format!("`{}` has no `{item}`, which was published: that needs a new major version", self.package.name));
    }

    fn changed(&mut self, item: &str) {
        self.found
            .push(format!("`{item}` of `{}` is not as it was published: that needs a new major version", self.package.name));
    }

    fn is_new(&mut self, item: &str, stability: &Stability) {
        let version = self.package.version();
        if !matches!(stability, Stability::Stable { since, .. } if since.to_string() == version) {
            self.found.push(format!("`{item}` of `{}` is new: write `@since(version = {version})` before it", self.package.name));
        }
    }
}

/// A definition without the words about its parts, which a new version may change.
fn without_words(text: String) -> String {
    text.lines().filter(|line| !line.trim_start().starts_with("///")).collect::<Vec<_>>().join("\n")
}

/// What a world imports or exports, without the version.
fn plain(resolve: &Resolve, key: &WorldKey) -> String {
    let name = resolve.name_world_key(key);
    name.split('@').next().unwrap_or(&name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "package octi:kv@1.0.0;\ninterface store { record item { key: string } /// Once.\n get: func(key: string) -> item; \
        delete: func(key: string); }\nworld host { import store; }\n";

    fn told(new: &str) -> Vec<String> {
        let package = |name: &str, text: &str| Package { name: name.to_owned(), file: "kv/kv.wit".into(), text: text.to_owned() };
        let (old, new) = (package("octi:kv@1.0.0", OLD), package("octi:kv@1.1.0", new));
        problems(&[new], &[old]).unwrap_or_else(|error| vec![format!("{error:#}")])
    }

    fn newer() -> String {
        OLD.replace("@1.0.0", "@1.1.0")
    }

    #[test]
    fn what_is_added_says_since_when() {
        assert_eq!(told(&newer()), Vec::<String>::new());
        assert_eq!(told(&newer().replace("/// Once.", "/// Better words.")), Vec::<String>::new());
        let with = |since: &str| newer().replace("delete:", &format!("{since} clear: func(); delete:"));
        assert_eq!(told(&with("@since(version = 1.1.0)")), Vec::<String>::new());
        let expected = "`store.clear` of `octi:kv@1.1.0` is new: write `@since(version = 1.1.0)` before it";
        assert_eq!(told(&with("")), [expected]);
        assert_eq!(told(&with("@since(version = 1.0.0)")), [expected]);
        let interface = |since: &str| format!("{}{since} interface more {{ a: func(); }}\n", newer());
        assert_eq!(told(&interface("")), ["`more` of `octi:kv@1.1.0` is new: write `@since(version = 1.1.0)` before it"]);
        assert_eq!(told(&interface("@since(version = 1.1.0)")), Vec::<String>::new());
    }

    #[test]
    fn what_was_there_is_as_it_was() {
        let major = "that needs a new major version";
        for (from, to, item) in [
            ("record item { key: string }", "record item { key: string, value: string }", "store.item"),
            ("get: func(key: string)", "get: func(key: string, max: u32)", "store.get"),
            ("delete: func(key: string);", "", "store.delete"),
            ("import store;", "", "host: import of octi:kv/store"),
            ("import store;", "import store; export store;", "host: exports"),
        ] {
            let found = told(&newer().replace(from, to));
            assert!(found.len() == 1 && found[0].contains(item) && found[0].ends_with(major), "{from}: {found:?}");
        }
    }
}
