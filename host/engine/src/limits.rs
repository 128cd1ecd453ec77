//! Memory, tables and instances of one call.
//!
//! wasmtime's own `StoreLimits` counts each memory alone, so a component with eight memories has eight budgets. This
//! limiter counts all of them together, and takes a growth back when the system could not provide it.

use octi_domain::limits;
use wasmtime::ResourceLimiter;

/// The limiter of one store.
#[derive(Debug)]
pub(crate) struct Limiter {
    memory_max: usize,
    memory_used: usize,
    memory_last: usize,
    memory_peak: usize,
    memory_refused: bool,
    table_used: usize,
    table_last: usize,
}

impl Limiter {
    /// A limiter for that many bytes over all memories.
    pub(crate) const fn new(memory_max: usize) -> Self {
        Self { memory_max, memory_used: 0, memory_last: 0, memory_peak: 0, memory_refused: false, table_used: 0, table_last: 0 }
    }

    /// The budget.
    pub(crate) const fn memory_max(&self) -> usize {
        self.memory_max
    }

    /// The most bytes that were in use at once.
    pub(crate) const fn memory_peak(&self) -> usize {
        self.memory_peak
    }

    /// Whether the guest was told that there is no more memory or table space.
    pub(crate) const fn refused(&self) -> bool {
        self.memory_refused
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let more = desired.saturating_sub(current);
        if self.memory_used.saturating_add(more) > self.memory_max {
            self.memory_last = 0;
            self.memory_refused = true;
            return Ok(false);
        }
        self.memory_last = more;
        self.memory_used += more;
        self.memory_peak = self.memory_peak.max(self.memory_used);
        Ok(true)
    }

    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        tracing::debug!(%error, "a guest's memory did not grow");
        self.memory_used = self.memory_used.saturating_sub(self.memory_last);
        self.memory_last = 0;
        Ok(())
    }

    fn table_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let more = desired.saturating_sub(current);
        if self.table_used.saturating_add(more) > limits::GUEST_TABLE_ELEMENTS_MAX {
            self.table_last = 0;
            self.memory_refused = true;
            return Ok(false);
        }
        self.table_last = more;
        self.table_used += more;
        Ok(true)
    }

    fn table_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        tracing::debug!(%error, "a guest's table did not grow");
        self.table_used = self.table_used.saturating_sub(self.table_last);
        self.table_last = 0;
        Ok(())
    }

    fn instances(&self) -> usize {
        limits::GUEST_INSTANCES_MAX
    }

    fn tables(&self) -> usize {
        limits::GUEST_TABLES_MAX
    }

    fn memories(&self) -> usize {
        limits::GUEST_MEMORIES_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_memories_share_one_budget() {
        let mut limiter = Limiter::new(100);
        assert_eq!(limiter.memory_growing(0, 60, None).ok(), Some(true));
        assert_eq!(limiter.memory_growing(0, 60, None).ok(), Some(false));
        assert!(limiter.refused());
        assert_eq!(limiter.memory_growing(0, 40, None).ok(), Some(true));
        assert_eq!(limiter.memory_peak(), 100);
    }

    #[test]
    fn a_growth_that_failed_is_given_back() {
        let mut limiter = Limiter::new(100);
        assert_eq!(limiter.memory_growing(0, 80, None).ok(), Some(true));
        assert!(limiter.memory_grow_failed(wasmtime::Error::msg("no memory")).is_ok());
        assert_eq!(limiter.memory_growing(0, 90, None).ok(), Some(true));
    }

    #[test]
    fn a_refused_growth_is_not_given_back_twice() {
        let mut limiter = Limiter::new(100);
        assert_eq!(limiter.memory_growing(0, 80, None).ok(), Some(true));
        assert_eq!(limiter.memory_growing(80, 180, None).ok(), Some(false));
        assert!(limiter.memory_grow_failed(wasmtime::Error::msg("refused")).is_ok());
        assert_eq!(limiter.memory_growing(0, 90, None).ok(), Some(false));
    }

    #[test]
    fn tables_are_bounded_together() {
        let mut limiter = Limiter::new(100);
        assert_eq!(limiter.table_growing(0, limits::GUEST_TABLE_ELEMENTS_MAX, None).ok(), Some(true));
        assert_eq!(limiter.table_growing(0, 1, None).ok(), Some(false));
    }
}
