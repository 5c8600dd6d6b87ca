//! From pieces to JSON text.

use serde_json::{Value, value::RawValue};

use super::Failure;
use crate::{adapter::contract::types, store::Instance};

/// A rendered document, and the digest of what counts as its content.
#[derive(Debug, Clone)]
pub struct Rendered {
    /// The document.
    pub json: Box<RawValue>,
    /// BLAKE3 of the pieces that count, each with its length.
    pub content: blake3::Hash,
}

/// The answer that spans of a delivery's body name (see `webhook.wit`).
const DELIVERY: u32 = u32::MAX;

/// What the spans of a document refer to.
#[derive(Debug, Clone, Copy)]
struct Sources<'a> {
    answers: &'a [types::Answer],
    /// The body of the call that a provider made.
    delivery: &'a [u8],
}

/// Put a document's pieces together and check that it is JSON.
pub fn render(
    adapter: &str,
    document: &[types::Piece],
    answers: &[types::Answer],
) -> Result<Rendered, Failure> {
    render_from(
        adapter,
        document,
        Sources {
            answers,
            delivery: &[],
        },
    )
}

/// [`render`] for what a provider's call told: spans may refer to its body.
pub(super) fn render_received(
    adapter: &str,
    document: &[types::Piece],
    answers: &[types::Answer],
    delivery: &[u8],
) -> Result<Rendered, Failure> {
    render_from(adapter, document, Sources { answers, delivery })
}

fn render_from(adapter: &str, document: &[types::Piece], sources: Sources<'_>) -> Result<Rendered, Failure> {
    let malformed = |what: String| Failure::Malformed {
        adapter: adapter.to_owned(),
        what,
    };
    let mut text = Vec::with_capacity(document.iter().map(length).sum());
    let mut content = blake3::Hasher::new();
    for piece in document {
        let bytes = match &piece.text {
            types::SourceText::Text(text) => text.as_bytes(),
            types::SourceText::Span(span) => cut_from(*span, sources)
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

/// The bytes that a span of answers stands for.
pub fn cut(span: types::Span, answers: &[types::Answer]) -> Option<&[u8]> {
    cut_from(
        span,
        Sources {
            answers,
            delivery: &[],
        },
    )
}

/// The same where spans may refer to the body of a provider's call.
pub fn cut_told<'a>(span: types::Span, answers: &'a [types::Answer], delivery: &'a [u8]) -> Option<&'a [u8]> {
    cut_from(span, Sources { answers, delivery })
}

fn cut_from(span: types::Span, sources: Sources<'_>) -> Option<&[u8]> {
    let body = match span.answer {
        DELIVERY => sources.delivery,
        answer => &sources.answers.get(answer as usize)?.as_ref().ok()?.body,
    };
    let start = span.offset as usize;
    body.get(start..start.checked_add(span.length as usize)?)
}

/// Whether an instance wants its records without members that are null: `filter.response.nulls`.
pub fn strips_nulls(instance: &Instance) -> bool {
    let setting = instance.configuration.get("filter.response.nulls");
    setting.is_none_or(|text| text.trim() != "false")
}

/// A record without the members that are null, at any depth, unless they are wanted.
pub fn without_nulls(record: &RawValue, strip: bool) -> serde_json::Result<Vec<u8>> {
    let record = record.get().as_bytes();
    if !strip || !record.windows(4).any(|window| window == b"null") {
        return Ok(record.to_vec());
    }
    let mut record: Value = serde_json::from_slice(record)?;
    strip_nulls(&mut record);
    serde_json::to_vec(&record)
}

fn strip_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, member| !member.is_null());
            members.values_mut().for_each(strip_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(strip_nulls),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nulls_are_stripped_at_every_depth() {
        let record = r#"{"a":null,"b":{"c":null,"d":[{"e":null,"f":1}]},"g":"null"}"#;
        let record = &*RawValue::from_string(record.to_owned()).unwrap();
        let stripped = without_nulls(record, true).unwrap();
        assert_eq!(
            String::from_utf8(stripped).unwrap(),
            r#"{"b":{"d":[{"f":1}]},"g":"null"}"#
        );
        assert_eq!(without_nulls(record, false).unwrap(), record.get().as_bytes());
    }
}
