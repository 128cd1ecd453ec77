//! A hook with every answer that this version of the contract has.
#![cfg(target_arch = "wasm32")]

use octi_corpus::argument;
use octi_sdk::__private::raw::octi::log::log;
use octi_sdk::__private::{HookGuest, RawEvent, RawVerdict, export_hook, raw_hook};

struct Guard;

impl HookGuest for Guard {
    fn on_event(event: RawEvent) -> Result<RawVerdict, String> {
        log::log(log::Level::Debug, "told", &[("event".to_owned(), event.name.clone())]);
        match argument(&event.details, "say") {
            Some("block") => Ok(RawVerdict::Block(format!("no {}", event.name))),
            Some("rewrite") => Ok(RawVerdict::Rewrite(r#"{"say":"rewritten"}"#.to_owned())),
            Some("other") => Ok(RawVerdict::Other("postpone".to_owned())),
            Some("fail") => Err("lost".to_owned()),
            _ => Ok(RawVerdict::GoOn),
        }
    }
}

export_hook!(Guard with_types_in raw_hook);
