//! Frees a component of the parts of WASI that lead nowhere here, before native code is made of it.
//!
//! Rust's standard library imports some twenty functions: for an environment that is empty, for terminals that are none, and for
//! two streams that end in the log. To lower functions that point into memory, a component brings two more core modules along, so a
//! tool that asks the host for nothing still made three instances and some twenty host functions at each call, which took as long as
//! its work. Here functions inside the module do the same, with two imports that need no memory: what is printed crosses in words
//! of eight bytes, and random numbers one by one.
//!
//! The file stays what it is: its digest, its signatures and what is shown of it are the author's. A component that is not exactly
//! of the shape in which wit-component leaves it, or imports more of WASI than is known here, is compiled as it is.

mod bodies;
mod module;
mod shape;

use std::borrow::Cow;
use std::panic::catch_unwind;

use wasmparser::{Parser, Payload};
use wit_component::{ComponentEncoder, DecodedWasm, StringEncoding, embed_component_metadata};
use wit_parser::{Docs, Resolve, Span, Stability, WorldId, WorldItem, WorldKey};

/// Part of the name of compiled code: what was made lean in another way would import what is not there.
pub(crate) const VERSION: u32 = 1;

/// What a lean component imports in place of what it was freed of. Only the host links it: a file that names it is refused.
pub(crate) const INTERFACE: &str = "octi:engine/instead@1.0.0";
/// Takes up to eight bytes that are printed, the first one lowest; fewer than eight are the end of what is printed at once.
pub(crate) const PRINT: &str = "print";
/// Gives a random number that is no secret.
pub(crate) const RANDOM: &str = "random";

const WIT: &str = "package octi:engine@1.0.0;
interface instead {
    print: func(bytes: u64, count: u32);
    random: func() -> u64;
}";

/// Why it could not be made lean. Nobody but the log is told: it is compiled as it is.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// The component without what leads nowhere, or as it is.
pub(crate) fn lean(component: &[u8]) -> Cow<'_, [u8]> {
    // Nothing that goes wrong here, in what reads and writes components of any make, is a reason to refuse one.
    let freed = catch_unwind(|| freed(component)).unwrap_or_else(|_| Err("it panicked".into()));
    match freed {
        Ok(Some(lean)) => Cow::Owned(lean),
        Ok(None) => Cow::Borrowed(component),
        Err(error) => {
            tracing::debug!(%error, "a component is compiled as it is, because it could not be made lean");
            Cow::Borrowed(component)
        }
    }
}

/// None when there is nothing to gain, or when it is not known to be safe.
fn freed(component: &[u8]) -> Result<Option<Vec<u8>>> {
    let Some(main) = shape::main_module(component)? else { return Ok(None) };
    let Some(plan) = module::Plan::of(main)? else { return Ok(None) };
    let DecodedWasm::Component(mut resolve, world) = wit_component::decode(component)? else { return Ok(None) };
    let mut core = plan.rewritten(main)?;
    import_instead(&mut resolve, world)?;
    embed_component_metadata(&mut core, &resolve, world, StringEncoding::UTF8)?;
    let lean = ComponentEncoder::default().validate(true).module(&core)?.encode()?;
    Ok(is_free(&lean)?.then_some(lean))
}

/// Adds [`INTERFACE`] to what that world imports.
fn import_instead(resolve: &mut Resolve, world: WorldId) -> Result<()> {
    let package = resolve.push_str("instead.wit", WIT)?;
    let interface = resolve.packages.get(package).and_then(|package| package.interfaces.values().next().copied());
    let (Some(id), Some(world)) = (interface, resolve.worlds.get_mut(world)) else { return Err("it has no world".into()) };
    let item = WorldItem::Interface {
        id,
        stability: Stability::Unknown,
        external_id: None,
        docs: Docs::default(),
        span: Span::default(),
    };
    world.imports.insert(WorldKey::Interface(id), item);
    Ok(())
}

/// Whether nothing of what it was to be freed of is left: an export may have types of it.
fn is_free(component: &[u8]) -> Result<bool> {
    for payload in Parser::new(0).parse_all(component) {
        match payload? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => break,
            Payload::ComponentImportSection(imports) => {
                for import in imports {
                    if bodies::is_replaced(import?.name.name) {
                        return Ok(false);
                    }
                }
            }
            _ => {}
        }
    }
    Ok(true)
}
