//! An entry of the cache of compiled plugins: loading one runs it, so only what the host wrote may open.

use crate::cache::entry::{Check, HEADER_BYTES, header};

const NAME: &str = "0123456789abcdef-0011223344556677.cwasm";

/// The first byte makes the key, the next four say what is changed, the rest is native code, or an entry that somebody made up.
pub fn run(data: &[u8]) {
    let [seed, at @ .., by] = data.first_chunk::<5>().copied().unwrap_or_default();
    let native = data.get(5..).unwrap_or_default();
    let key = [seed; 32];
    assert_eq!(open(&key, NAME, native), None, "an entry was made without the key");

    let mut whole = header(&key, NAME, native);
    assert_eq!(whole.len(), HEADER_BYTES);
    whole.extend_from_slice(native);
    assert_eq!(open(&key, NAME, &whole), Some(native), "what the host wrote opens");
    assert_eq!(open(&[!seed; 32], NAME, &whole), None, "another host's entry opens");
    assert_eq!(open(&key, &NAME[1..], &whole), None, "an entry opens under another name");

    let place = at.iter().fold(0_usize, |place, byte| (place << 8) | usize::from(*byte)) % whole.len();
    assert_eq!(open(&key, NAME, &whole[..place]), None, "an entry that was cut opens");
    let longer = [whole.as_slice(), &[by]].concat();
    assert_eq!(open(&key, NAME, &longer), None, "an entry that was added to opens");
    whole[place] ^= by.max(1);
    assert_eq!(open(&key, NAME, &whole), None, "a changed entry opens");
}

/// The native code of an entry, read in two parts.
fn open<'a>(key: &[u8; 32], name: &str, entry: &'a [u8]) -> Option<&'a [u8]> {
    let (header, native) = entry.split_first_chunk()?;
    let mut check = Check::begin(key, name, header)?;
    let (first, second) = native.split_at(native.len() / 2);
    check.take(first);
    check.take(second);
    check.holds().then_some(native)
}
