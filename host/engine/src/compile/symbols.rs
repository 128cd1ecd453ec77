//! Takes the table of symbols out of native code.
//!
//! wasmtime writes one for debuggers of native code and never reads it: a twelfth of the file, which each load would check and copy,
//! and which would stay in memory as long as the plugin.

use object::elf::{self, FileHeader64, SectionHeader64};
use object::pod::{bytes_of, bytes_of_slice};
use object::read::elf::{FileHeader as _, SectionHeader as _};
use object::{Endianness, Pod};

type Header = FileHeader64<Endianness>;
type Section = SectionHeader64<Endianness>;

/// The same code without names of functions, or as it is when the table is not where wasmtime puts it: behind everything else, with
/// only the names of sections after it.
pub(super) fn without_symbols(native: Vec<u8>) -> Vec<u8> {
    cut(&native).unwrap_or(native)
}

fn cut(native: &[u8]) -> Option<Vec<u8>> {
    let mut header = *Header::parse(native).ok()?;
    let endian = header.endian().ok()?;
    let mut sections = header.section_headers(endian, native).ok()?.to_vec();
    let symbols = sections.iter().position(|section| section.sh_type(endian) == elf::SHT_SYMTAB)?;
    let texts = usize::try_from(sections.get(symbols)?.sh_link(endian)).ok()?;
    let names = usize::try_from(header.shstrndx(endian, native).ok()?).ok()?;
    let begin = sections.get(symbols)?.sh_offset(endian);
    let is_before = |section: &Section| section.sh_offset(endian).saturating_add(section.sh_size(endian)) <= begin;
    if texts == names
        || sections.iter().enumerate().any(|(i, section)| ![symbols, texts, names].contains(&i) && !is_before(section))
    {
        return None;
    }
    let named = sections.get(names)?.data(endian, native).ok()?;
    let mut rest = native.get(..usize::try_from(begin).ok()?)?.to_vec();
    for gone in [symbols, texts] {
        let section = sections.get_mut(gone)?;
        section.sh_offset.set(endian, begin);
        section.sh_size.set(endian, 0);
    }
    sections.get_mut(names)?.sh_offset.set(endian, begin);
    rest.extend_from_slice(named);
    rest.resize(rest.len().next_multiple_of(align_of::<u64>()), 0);
    header.e_shoff.set(endian, rest.len() as u64);
    rest.extend_from_slice(bytes_of_slice(&sections));
    replace_head(&mut rest, &header);
    Some(rest)
}

fn replace_head<T: Pod>(bytes: &mut [u8], with: &T) {
    let with = bytes_of(with);
    if let Some(head) = bytes.get_mut(..with.len()) {
        head.copy_from_slice(with);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasmtime::Engine;
    use wasmtime::component::Component;

    fn native(engine: &Engine, text: &str) -> Vec<u8> {
        let code = wat::parse_str(text).expect("a component");
        engine.precompile_component(&code).expect("native code")
    }

    fn has(bytes: &[u8], text: &[u8]) -> bool {
        bytes.windows(text.len()).any(|window| window == text)
    }

    #[test]
    fn native_code_loads_without_its_symbols() {
        let engine = Engine::default();
        let native = native(
            &engine,
            r#"(component (core module $m (func (export "f"))) (core instance $i (instantiate $m))
                (func (export "f") (canon lift (core func $i "f"))))"#,
        );
        assert!(has(&native, b"function[0]") && has(&native, b".wasmtime.info"), "wasmtime names its functions");
        let small = without_symbols(native.clone());
        assert!(!has(&small, b"function[0]"), "the names are gone");
        assert!(small.len() + 100 < native.len(), "{} of {} bytes are left", small.len(), native.len());
        #[expect(unsafe_code, reason = "wasmtime cannot check native code; it made this a moment ago")]
        // SAFETY: the bytes come from this wasmtime, without a table that it does not read.
        let component = unsafe { Component::deserialize(&engine, &small) }.expect("it loads");
        assert!(component.get_export_index(None, "f").is_some());
        assert_eq!(without_symbols(small.clone()).len(), small.len(), "there is no second time");
    }

    #[test]
    fn what_has_no_table_at_its_end_stays_as_it_is() {
        let native = native(&Engine::default(), "(component)");
        for bytes in [&b""[..], b"no native code", &native[..native.len() / 2], &native[..64]] {
            assert_eq!(without_symbols(bytes.to_vec()), bytes);
        }
    }
}
