//! Spans of raw JSON.

/// A piece of a byte sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Span {
    /// Where it begins.
    pub offset: u32,
    /// How long it is, in bytes.
    pub length: u32,
}
