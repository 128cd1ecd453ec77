//! What the host process holds.

use std::path::PathBuf;
use std::time::Duration;

use octi_domain::limits;

/// How often the process is looked at before something counts as left behind: idle threads and connections go by themselves,
/// and a generation that was removed has some seconds to end.
const LOOKS: usize = 120;
const BETWEEN: Duration = Duration::from_millis(250);
/// A pool may open one more connection and the runtime one more thread than before; a leak of one a row is more.
const SOME: usize = 6;
/// The allocator keeps some of what it was given back, and the store's pages stay in its cache.
const SOME_BYTES: usize = 96 << 20;

/// Places of the engine's pool. Each may keep the beginning of the memory that its last guest had, in a descriptor, until
/// another guest needs the place.
const IMAGES_MAX: usize = (limits::ENGINE_CALLS_MAX + limits::ENGINE_BIG_CALLS_MAX) as usize;

/// What the descriptors lead to, and how many of them are [`IMAGES_MAX`].
fn open() -> (Vec<PathBuf>, usize) {
    let descriptors = std::fs::read_dir("/proc/self/fd").expect("Linux tells about descriptors");
    // The one that lists them is gone by then.
    let open = descriptors.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
    let (images, others): (Vec<_>, Vec<_>) = open.partition(|path| path.starts_with("/memfd:wasm-memory-image (deleted)"));
    (others, images.len())
}

/// Memory in use, open descriptors and threads.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Held {
    bytes: usize,
    descriptors: usize,
    images: usize,
    threads: usize,
}

impl Held {
    /// By this process, now.
    pub(crate) fn now() -> Self {
        let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells about processes");
        let number = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name)).expect("the line is there");
            line.split_whitespace().nth(1).and_then(|word| word.parse::<usize>().ok()).expect("a number")
        };
        let (descriptors, images) = open();
        Self { bytes: number("VmRSS:") << 10, descriptors: descriptors.len(), images, threads: number("Threads:") }
    }

    /// By this process, once it holds the same twice in a row.
    pub(crate) async fn settled() -> Self {
        let mut last = Self::now();
        for _ in 0..LOOKS {
            tokio::time::sleep(BETWEEN).await;
            let now = Self::now();
            if (now.descriptors, now.threads) == (last.descriptors, last.threads) {
                return now;
            }
            last = now;
        }
        last
    }

    fn is_back(&self, before: &Self) -> bool {
        self.bytes <= before.bytes + SOME_BYTES
            && self.descriptors <= before.descriptors + SOME
            && self.images <= IMAGES_MAX
            && self.threads <= before.threads + SOME
    }

    /// Waits until the process holds about as much as before.
    ///
    /// # Panics
    /// When it does not come to that.
    pub(crate) async fn back(before: Self) -> Self {
        for _ in 0..LOOKS {
            let now = Self::now();
            if now.is_back(&before) {
                return now;
            }
            tokio::time::sleep(BETWEEN).await;
        }
        panic!("something was left behind: {before:?} before, {:?} now; what is open: {:#?}", Self::now(), open().0);
    }
}
