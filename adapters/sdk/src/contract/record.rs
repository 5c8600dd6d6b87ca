//! Records on their way to the host: spans of the answers they came in.

use crate::raw::Span;

/// The answer that spans name which refer to the body of a provider's call, in what [`receive`] tells.
///
/// [`receive`]: super::Webhook::receive
pub const DELIVERY: u32 = u32::MAX;

/// Where the text of a piece comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PieceText {
    /// Bytes of an answer of the current call.
    Span {
        /// Which answer, counted from 0.
        answer: u32,
        /// Where in its body.
        span: Span,
    },
    /// Text of the adapter.
    Text(String),
}

/// A piece of a JSON document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Its text.
    pub text: PieceText,
    /// Whether a change of this piece is a change of the record.
    pub content: bool,
}

/// A JSON document as the concatenation of its pieces.
pub type Document = Vec<Piece>;

/// What happened to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It is new.
    Created,
    /// It was edited.
    Updated,
    /// It is gone.
    Deleted,
    /// It changed, and the provider does not tell how.
    Unknown,
}

/// One changed record; see `types.changed` in the contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// Stable for the life of the record.
    pub identity: String,
    /// What `GET /{resource}/{id}` takes.
    pub object_id: String,
    /// What happened, by the record's dates.
    pub change: Change,
    /// When it was last changed, in milliseconds since 1970.
    pub updated: Option<i64>,
    /// When it was created, in milliseconds since 1970.
    pub created: Option<i64>,
    /// The record as fetched.
    pub raw: Document,
}

impl Piece {
    /// Bytes of an answer that count as content.
    pub fn span(answer: u32, span: Span) -> Self {
        Self {
            text: PieceText::Span { answer, span },
            content: true,
        }
    }

    /// Text of the adapter that counts as content.
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            text: PieceText::Text(text.into()),
            content: true,
        }
    }

    /// The same piece, shown but without weight: its change is no change of the record.
    #[must_use]
    pub fn aside(self) -> Self {
        Self {
            content: false,
            ..self
        }
    }
}
