//! How far a guest's addresses reach.

use super::guests::host_given;
use super::limits::start_bare_on;
use crate::engine::Class;
use crate::probes::Probes;

/// Reads a byte while it starts.
fn reading(address: &str) -> String {
    format!(
        r#"(component
          (core module $m (memory 1) (func $start (drop (i32.load8_u {address}))) (start $start))
          (core instance (instantiate $m)))"#
    )
}

#[tokio::test]
async fn nothing_beyond_its_memory_is_in_a_guests_reach_with_checks_and_without() {
    let given = Probes::take();
    let short = Probes { address_space_bytes_max: Some(1 << 40), ..given.clone() };
    for (probes, engine) in [(given, "small"), (short, "small-checked")] {
        let host = host_given(probes);
        assert_eq!(host.runtime.lane(Class::Small).expect("an engine").target.name(), engine);
        assert_eq!(start_bare_on(&host, &reading("(i32.const 65535)")).await, Ok(()), "{engine}");
        for beyond in ["(i32.const 65536)", "offset=65535 (i32.const 1)", "(i32.const -1)", "offset=4294967295 (i32.const -1)"] {
            assert_eq!(start_bare_on(&host, &reading(beyond)).await, Err("trap".to_owned()), "{engine}: {beyond}");
        }
    }
}
