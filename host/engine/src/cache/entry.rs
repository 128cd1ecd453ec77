//! An entry's bytes: a mark of their layout, an authentication code, native code.
//!
//! The code covers the entry's name too, so an entry that is moved to another name is not opened there.
//! This module knows no file and no wasmtime.

/// Changes with what an entry means, too: one of version 2 was written before its component was tried.
const MAGIC: &[u8; 8] = b"octicw04";
const MAC_BYTES: usize = blake3::OUT_LEN;
/// Bytes before the native code.
pub(crate) const HEADER_BYTES: usize = MAGIC.len() + MAC_BYTES;

/// What stands before the native code in an entry of that name.
pub(crate) fn header(key: &[u8; 32], name: &str, native: &[u8]) -> Vec<u8> {
    [MAGIC.as_slice(), mac(key, name, native).as_bytes()].concat()
}

/// Whether an entry is ours and whole, asked while it is read.
pub(crate) struct Check {
    written: blake3::Hash,
    mac: blake3::Hasher,
}

impl Check {
    /// Begins with what stands before the native code; none when it is no entry of this layout.
    pub(crate) fn begin(key: &[u8; 32], name: &str, header: &[u8; HEADER_BYTES]) -> Option<Self> {
        let written = header.strip_prefix(MAGIC)?.try_into().ok()?;
        Some(Self { written: blake3::Hash::from_bytes(written), mac: begun(key, name) })
    }

    /// The next part of the native code.
    pub(crate) fn take(&mut self, part: &[u8]) {
        self.mac.update(part);
    }

    /// Whether whoever wrote it had the key, and nobody changed it since.
    pub(crate) fn holds(self) -> bool {
        // Comparing two of these takes the same time whatever they are.
        self.mac.finalize() == self.written
    }
}

fn mac(key: &[u8; 32], name: &str, native: &[u8]) -> blake3::Hash {
    begun(key, name).update(native).finalize()
}

/// BLAKE3 with a key, which is several times faster than an HMAC. Each name has a key of its own: with the name before the code, no
/// part of the code would begin where a chunk of BLAKE3 does, and hashing them would take a third longer.
fn begun(key: &[u8; 32], name: &str) -> blake3::Hasher {
    blake3::Hasher::new_keyed(blake3::keyed_hash(key, name.as_bytes()).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 32] = [7; 32];

    /// The native code of an entry that is read in two parts.
    fn open<'a>(key: &[u8; 32], name: &str, entry: &'a [u8]) -> Option<&'a [u8]> {
        let (header, native) = entry.split_first_chunk()?;
        let mut check = Check::begin(key, name, header)?;
        let (first, second) = native.split_at(native.len() / 2);
        check.take(first);
        check.take(second);
        check.holds().then_some(native)
    }

    #[test]
    fn no_bit_of_an_entry_can_change() {
        let native = b"native code";
        let entry = [header(&KEY, "name", native).as_slice(), native].concat();
        assert_eq!(open(&KEY, "name", &entry), Some(native.as_slice()));
        for bit in 0..entry.len() * 8 {
            let mut flipped = entry.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(open(&KEY, "name", &flipped), None, "bit {bit}");
        }
        for cut in 0..entry.len() {
            assert_eq!(open(&KEY, "name", &entry[..cut]), None, "{cut} bytes");
        }
    }

    #[test]
    fn an_entry_belongs_to_one_key_and_one_name() {
        let entry = [header(&KEY, "name", b"native").as_slice(), b"native"].concat();
        assert_eq!(open(&[8; 32], "name", &entry), None);
        assert_eq!(open(&KEY, "nam", &entry), None);
        // What belongs to the name cannot move into the code.
        let moved = [&entry[..HEADER_BYTES], b"enative"].concat();
        assert_eq!(open(&KEY, "nam", &moved), None);
    }
}
