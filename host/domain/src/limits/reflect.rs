//! What components without a manifest may offer, and what their values may be.

/// Types inside of types, in what one function takes or gives.
pub const REFLECT_DEPTH_MAX: usize = 32;
/// Types in what one function takes and gives, each counted where it is used.
pub const REFLECT_TYPES_MAX: usize = 2_000;
/// Functions that cannot be tools and are told of by name; the others are counted.
pub const REFLECT_LEFT_OUT_MAX: usize = 32;
/// Values in the arguments of one call, or in its result: numbers, texts, and what holds them.
pub const REFLECT_VALUES_MAX: usize = 250_000;
/// Bytes of the section with a component's documentation; a longer one is not read.
pub const REFLECT_DOCS_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of one documentation comment; the rest is cut.
pub const REFLECT_DOC_BYTES_MAX: usize = 2 * 1024;
