//! What lean components import in place of parts of WASI: see [`crate::lean`].

use octi_domain::limits;
use wasmtime::StoreContextMut;
use wasmtime::component::Linker;
use wasmtime_wasi::WasiView as _;
use wasmtime_wasi::p2::bindings::random::insecure::Host as _;

use crate::lean::{INTERFACE, PRINT, RANDOM};
use crate::state::CallState;

/// Bytes of a word.
const WORD: usize = size_of::<u64>();

/// Links it.
pub(crate) fn link(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    let mut instead = linker.instance(INTERFACE)?;
    instead.func_wrap(PRINT, |mut store: StoreContextMut<'_, CallState>, (bytes, count): (u64, u32)| {
        store.data_mut().print(bytes, count as usize);
        Ok(())
    })?;
    instead.func_wrap(RANDOM, |mut store: StoreContextMut<'_, CallState>, (): ()| {
        Ok((store.data_mut().ctx().ctx.random().get_insecure_random_u64()?,))
    })
}

impl CallState {
    /// Keeps the bytes of a word, and writes lines of all that came once fewer than eight of them say that this was all.
    fn print(&mut self, word: u64, count: usize) {
        let bytes = word.to_le_bytes();
        self.printed.extend(bytes.iter().take(count));
        if count < WORD || self.printed.len() >= limits::FS_CHUNK_BYTES_MAX {
            self.log.print(&std::mem::take(&mut self.printed));
        }
    }
}
