//! From pieces to JSON text.

use serde_json::value::RawValue;

use super::Failure;
use crate::adapter::contract::types;

/// A rendered document, and the digest of what counts as its content.
#[derive(Debug, Clone)]
pub struct Rendered {
    /// The document.
    pub json: Box<RawValue>,
    /// BLAKE3 of the pieces that count, each with its length.
    pub content: blake3::Hash,
}

/// Put a document's pieces together and check that it is JSON.
pub fn render(
    adapter: &str,
    document: &[types::Piece],
    answers: &[types::Answer],
) -> Result<Rendered, Failure> {
    let malformed = |what: String| Failure::Malformed {
        adapter: adapter.to_owned(),
        what,
    };
    let mut text = Vec::with_capacity(document.iter().map(length).sum());
    let mut content = blake3::Hasher::new();
    for piece in document {
        let bytes = match &piece.text {
            types::SourceText::Text(text) => text.as_bytes(),
            types::SourceText::Span(span) => cut(*span, answers)
                .ok_or_else(|| malformed(format!("a record's span {span:?} is outside of the answers")))?,
        };
        text.extend_from_slice(bytes);
        if piece.content {
            content.update(&(bytes.len() as u64).to_le_bytes());
            content.update(bytes);
        }
    }
    let text = String::from_utf8(text).map_err(|error| malformed(format!("a record is no text: {error}")))?;
    match RawValue::from_string(text) {
        Ok(json) => Ok(Rendered {
            json,
            content: content.finalize(),
        }),
        Err(error) => Err(malformed(format!("a record is no JSON: {error}"))),
    }
}

fn length(piece: &types::Piece) -> usize {
    match &piece.text {
        types::SourceText::Text(text) => text.len(),
        types::SourceText::Span(span) => span.length as usize,
    }
}

/// The bytes that a span stands for.
pub fn cut(span: types::Span, answers: &[types::Answer]) -> Option<&[u8]> {
    let answer = answers.get(span.answer as usize)?.as_ref().ok()?;
    let start = span.offset as usize;
    answer.body.get(start..start.checked_add(span.length as usize)?)
}
