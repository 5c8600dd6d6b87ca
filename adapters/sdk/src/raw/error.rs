//! What can be wrong with a document.

use super::MAX_DEPTH;

/// A document that is not JSON, or not the JSON that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{fault} at byte {offset}")]
pub struct RawError {
    /// What is wrong.
    pub fault: RawFault,
    /// Where, counted from the start of the bytes.
    pub offset: usize,
}

/// What is wrong with a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RawFault {
    /// Another token was due.
    #[error("expected {expected}, found {:?}", char::from(*found))]
    Unexpected {
        /// What was due.
        expected: &'static str,
        /// The first byte of what is there.
        found: u8,
    },
    /// The bytes end in the middle.
    #[error("expected {expected}, but the document ends")]
    End {
        /// What was due.
        expected: &'static str,
    },
    /// Something follows the value.
    #[error("the document goes on after its value")]
    Trailing,
    /// A string holds a control character that is not escaped.
    #[error("a control character must be escaped")]
    Control,
    /// A backslash before something that cannot be escaped.
    #[error("no such escape")]
    Escape,
    /// Half of a pair of UTF-16 surrogates.
    #[error("the escape is half of a character: a surrogate without its partner")]
    Surrogate,
    /// A string is not UTF-8.
    #[error("the text is not utf-8")]
    Utf8,
    /// Nested too deeply.
    #[error("nested more than {MAX_DEPTH} levels deep")]
    Depth,
    /// More bytes than a span can express.
    #[error("the document has {length} bytes, and at most {} can be read", u32::MAX)]
    TooLarge {
        /// Bytes of the document.
        length: usize,
    },
    /// A span that is not of these bytes.
    #[error("the span lies outside of the {length} bytes")]
    Outside {
        /// Bytes there are.
        length: usize,
    },
}
