//! Functions of one version of a plugin, for the compiler of its next version.
//!
//! A plugin in JavaScript or Python brings its language with it: most of its thousands of functions are the same in each
//! version, and compiling them is most of what an author waits for. They are in memory only, for some minutes, and are given to
//! nobody but the plugin that they are of: what took over a compiler could pass code on to no other.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use octi_domain::limits;
use wasmtime::CacheStore;

use crate::engine::Class;

/// Bytes of a component whose functions a debug build looks for: it hashes those of a large one more slowly than it compiles them.
const HASHED_BYTES_MAX: usize = 1 << 20;
/// How long they wait for the next version.
const KEPT_FOR: Duration = Duration::from_secs(limits::PLUGIN_FUNCTIONS_SECONDS_MAX);
const LOOK_EVERY: Duration = Duration::from_secs(60);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What one compilation knows and learns. wasmtime names a function by a hash of everything that its code depends on.
#[derive(Debug, Default)]
pub(crate) struct Functions {
    known: HashMap<Vec<u8>, Vec<u8>>,
    reused: Mutex<HashSet<Vec<u8>>>,
    learned: Mutex<HashMap<Vec<u8>, Vec<u8>>>,
}

impl Functions {
    /// Whether a component of that class and so many bytes is compiled sooner with them: a small one is compiled sooner than its
    /// functions are looked for.
    pub(crate) const fn save_time(class: Class, bytes: usize) -> bool {
        matches!(class, Class::Big) && (!cfg!(debug_assertions) || bytes < HASHED_BYTES_MAX)
    }

    /// Those that [`Self::to_bytes`] wrote; none of them when the bytes are cut.
    pub(crate) fn from_bytes(mut bytes: &[u8]) -> Self {
        let mut known = HashMap::new();
        while !bytes.is_empty() {
            let (Some(name), Some(code)) = (part(&mut bytes), part(&mut bytes)) else { return Self::default() };
            known.insert(name, code);
        }
        Self { known, ..Self::default() }
    }

    /// All that the version has, and nothing that only versions before it had.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let (reused, learned) = (lock(&self.reused), lock(&self.learned));
        let known = self.known.iter().filter(|(name, _)| reused.contains(*name));
        let mut bytes = Vec::new();
        for part in known.chain(learned.iter()).flat_map(|(name, code)| [name, code]) {
            bytes.extend((part.len() as u64).to_le_bytes());
            bytes.extend(part);
        }
        bytes
    }

    /// Those for the compiler of the next version; none when they are too many.
    pub(crate) fn for_next(&self) -> Self {
        let bytes = self.to_bytes();
        if bytes.len() as u64 > limits::PLUGIN_FUNCTIONS_BYTES_MAX { Self::default() } else { Self::from_bytes(&bytes) }
    }

    /// Whether the compiler of the next version gets none.
    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// How many were known before, and how many were not.
    pub(crate) fn count(&self) -> (usize, usize) {
        (lock(&self.reused).len(), lock(&self.learned).len())
    }
}

/// The next part of what [`Functions::to_bytes`] wrote.
fn part(bytes: &mut &[u8]) -> Option<Vec<u8>> {
    let (length, rest) = bytes.split_first_chunk::<8>()?;
    let (part, rest) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
    *bytes = rest;
    Some(part.to_vec())
}

impl CacheStore for Functions {
    fn get(&self, name: &[u8]) -> Option<Cow<'_, [u8]>> {
        if let Some(code) = self.known.get(name) {
            lock(&self.reused).insert(name.to_vec());
            return Some(Cow::Borrowed(code));
        }
        // The same function may be in one plugin several times.
        lock(&self.learned).get(name).cloned().map(Cow::Owned)
    }

    fn insert(&self, name: &[u8], code: Vec<u8>) -> bool {
        lock(&self.learned).insert(name.to_vec(), code);
        true
    }
}

/// The functions of plugins that were compiled a moment ago.
#[derive(Debug, Default)]
pub(crate) struct Recent(Mutex<Vec<Plugin>>);

#[derive(Debug)]
struct Plugin {
    id: String,
    functions: Arc<Vec<u8>>,
    since: Instant,
}

impl Recent {
    /// Those of that plugin's last version.
    pub(crate) fn of(&self, id: &str) -> Option<Arc<Vec<u8>>> {
        lock(&self.0).iter().find(|plugin| plugin.id == id).map(|plugin| plugin.functions.clone())
    }

    /// Lets those go that waited long enough, as long as it is polled.
    pub(crate) async fn let_go(&self) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            self.expire(KEPT_FOR);
        }
    }

    /// Keeps them in place of those of the version before. The oldest ones go when all of them are too many bytes.
    pub(crate) fn keep(&self, id: &str, functions: Vec<u8>) {
        let mut plugins = lock(&self.0);
        plugins.retain(|plugin| plugin.id != id);
        plugins.push(Plugin { id: id.to_owned(), functions: Arc::new(functions), since: Instant::now() });
        let bytes = |plugins: &[Plugin]| plugins.iter().map(|plugin| plugin.functions.len() as u64).sum::<u64>();
        while bytes(&plugins) > limits::PLUGIN_FUNCTIONS_BYTES_MAX {
            plugins.remove(0);
        }
    }

    fn expire(&self, age: Duration) {
        lock(&self.0).retain(|plugin| plugin.since.elapsed() < age);
    }

    /// Something is held against that plugin: its next version is compiled from nothing.
    pub(crate) fn forget(&self, id: &str) {
        lock(&self.0).retain(|plugin| plugin.id != id);
    }
}

#[cfg(test)]
mod tests {
    use octi_testkit::guests::{component, wat};

    use super::*;
    use crate::engine::{self, Reach, Runtime, Target};

    /// A component with functions that are always the same and one that is not.
    fn version(number: u32) -> Vec<u8> {
        let body = format!("(drop (i32.mul (local.get $args_len) (i32.const {number})))");
        component(wat::parse_str(wat("", &body, "{}")).expect("valid text format"), "", "")
    }

    fn compile(functions: Option<&Arc<Functions>>, code: &[u8]) -> Vec<u8> {
        let engine = engine::compiler(Target { class: Class::Big, reach: Reach::Whole }, functions.cloned()).expect("a compiler");
        engine.precompile_component(code).expect("it compiles")
    }

    #[test]
    fn the_next_version_is_the_same_code_whether_its_functions_were_known_or_not() {
        let first = Arc::<Functions>::default();
        compile(Some(&first), &version(1));
        let (reused, learned) = first.count();
        assert!(reused == 0 && learned > 3, "{learned}");
        let next = Arc::new(Functions::from_bytes(&first.to_bytes()));
        let native = compile(Some(&next), &version(2));
        let (reused, changed) = next.count();
        assert!(reused > changed && changed > 0, "{reused} were known and {changed} were not");
        assert!(native == compile(None, &version(2)), "the code is the same");
        let kept = Functions::from_bytes(&next.to_bytes()).known;
        assert_eq!(kept.len(), reused + changed);
        let gone = lock(&first.learned).keys().filter(|name| !kept.contains_key(*name)).count();
        assert!(gone > 0, "what only the version before had is not kept");
    }

    #[test]
    fn whoever_asks_one_version_after_the_other_has_them_too() {
        let asked = |functions: &Arc<Functions>, number| {
            let runtime = Runtime::start_small(Some(functions.clone())).expect("engines");
            let big = runtime.lane(Class::Big).expect("the big engine");
            big.engine.precompile_component(&version(number)).expect("it compiles");
            functions.count()
        };
        let first = Arc::<Functions>::default();
        let (reused, learned) = asked(&first, 1);
        assert!(reused == 0 && learned > 3, "{learned}");
        let (reused, changed) = asked(&Arc::new(first.for_next()), 2);
        assert!(reused > changed && changed > 0, "{reused} were known and {changed} were not");
        let many = Functions::default();
        many.insert(b"one", vec![0; limits::PLUGIN_FUNCTIONS_BYTES_MAX as usize]);
        assert!(many.for_next().known.is_empty(), "too many are not kept at all");
    }

    #[test]
    fn what_was_cut_is_not_known() {
        let functions = Functions::default();
        functions.insert(b"one", b"code".to_vec());
        functions.insert(b"two", Vec::new());
        let bytes = functions.to_bytes();
        assert_eq!(Functions::from_bytes(&bytes).known.len(), 2);
        for length in 1..bytes.len() {
            assert!(Functions::from_bytes(&bytes[..length]).known.len() < 2, "{length}");
        }
        assert!(Functions::from_bytes(&[0xff; 64]).known.is_empty());
    }

    #[test]
    fn they_are_of_one_plugin_and_bounded_and_go_after_a_while() {
        let recent = Recent::default();
        let half = vec![0; limits::PLUGIN_FUNCTIONS_BYTES_MAX as usize / 2];
        for id in ["acme/one", "acme/two"] {
            recent.keep(id, half.clone());
        }
        assert!(recent.of("acme/one").is_some() && recent.of("acme/three").is_none());
        recent.keep("acme/three", vec![1]);
        assert!(recent.of("acme/one").is_none(), "the oldest one makes room");
        recent.keep("acme/three", vec![2]);
        assert_eq!(recent.of("acme/three").as_deref(), Some(&vec![2]), "of its last version");
        recent.forget("acme/three");
        assert!(recent.of("acme/three").is_none() && recent.of("acme/two").is_some());
        recent.keep("acme/four", vec![0; half.len() * 2 + 1]);
        assert!(recent.of("acme/four").is_none(), "too many are not kept at all");
        recent.keep("acme/five", vec![1]);
        recent.expire(Duration::from_secs(60));
        assert!(recent.of("acme/five").is_some());
        recent.expire(Duration::ZERO);
        assert!(recent.of("acme/five").is_none());
    }
}
