//! An entry of the cache of compiled plugins: loading one runs it, so only what the host wrote may open.

use crate::cache::entry;

const NAME: &str = "0123456789abcdef-0011223344556677.cwasm";

/// The first byte makes the key, the next four say what is changed, the rest is native code, or an entry that somebody made up.
pub fn run(data: &[u8]) {
    let [seed, at @ .., by] = data.first_chunk::<5>().copied().unwrap_or_default();
    let native = data.get(5..).unwrap_or_default();
    let key = [seed; 32];
    assert_eq!(entry::open(&key, NAME, native), None, "an entry was made without the key");

    let mut whole = entry::header(&key, NAME, native);
    assert_eq!(whole.len(), entry::HEADER_BYTES);
    whole.extend_from_slice(native);
    assert_eq!(entry::open(&key, NAME, &whole), Some(native), "what the host wrote opens");
    assert_eq!(entry::open(&[!seed; 32], NAME, &whole), None, "another host's entry opens");
    assert_eq!(entry::open(&key, &NAME[1..], &whole), None, "an entry opens under another name");

    let place = at.iter().fold(0_usize, |place, byte| (place << 8) | usize::from(*byte)) % whole.len();
    assert_eq!(entry::open(&key, NAME, &whole[..place]), None, "an entry that was cut opens");
    let longer = [whole.as_slice(), &[by]].concat();
    assert_eq!(entry::open(&key, NAME, &longer), None, "an entry that was added to opens");
    whole[place] ^= by.max(1);
    assert_eq!(entry::open(&key, NAME, &whole), None, "a changed entry opens");
}
