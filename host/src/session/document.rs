//! From pieces to JSON text.

use periodic_sdk::contract::DELIVERY;
use serde_json::value::RawValue;

use super::Failure;
use crate::adapter::{Limits, contract::types};

/// A rendered document, and the digest of what counts as its content.
#[derive(Debug, Clone)]
pub struct Rendered {
    /// The document.
    pub json: Box<RawValue>,
    /// BLAKE3 of the pieces that count, each with its length.
    pub content: blake3::Hash,
}

/// What the spans of a document refer to.
#[derive(Debug, Clone, Copy)]
struct Sources<'a> {
    answers: &'a [types::Answer],
    /// The body of the call that a provider made.
    delivery: &'a [u8],
}

/// One document on its own.
pub fn render(
    adapter: &str,
    document: &[types::Piece],
    answers: &[types::Answer],
) -> Result<Rendered, Failure> {
    let rendered = Renderer::new(answers, Limits::default().returned).render(document);
    rendered.map_err(|error| Failure::Malformed {
        adapter: adapter.to_owned(),
        what: error.to_string(),
    })
}

/// Renders the documents of one step, and bounds what they come to: a few bytes of an adapter can name the same
/// megabytes of an answer any number of times.
#[derive(Debug)]
pub struct Renderer<'a> {
    sources: Sources<'a>,
    limit: usize,
    left: usize,
}

/// A document that cannot be rendered.
#[derive(Debug, thiserror::Error)]
pub enum Unrendered {
    /// A piece of an answer that there is not.
    #[error("a record's span {0:?} is outside of the answers")]
    Outside(types::Span),
    /// Too much.
    #[error("the records of one step have more than the {0} bytes that setting adapters.returned allows")]
    TooLarge(usize),
    /// No text.
    #[error("a record is no text: {0}")]
    NoText(std::string::FromUtf8Error),
    /// No JSON.
    #[error("a record is no JSON: {0}")]
    NoJson(serde_json::Error),
}

impl<'a> Renderer<'a> {
    /// A renderer of documents of up to so many bytes altogether, whose spans refer to these answers.
    pub fn new(answers: &'a [types::Answer], limit: usize) -> Self {
        Self {
            sources: Sources {
                answers,
                delivery: &[],
            },
            limit,
            left: limit,
        }
    }

    /// For what a provider's call told: spans may refer to its body.
    #[must_use]
    pub(crate) fn received(mut self, delivery: &'a [u8]) -> Self {
        self.sources.delivery = delivery;
        self
    }

    /// Put a document's pieces together and check that it is JSON.
    pub fn render(&mut self, document: &[types::Piece]) -> Result<Rendered, Unrendered> {
        let mut text = Vec::new();
        let mut content = blake3::Hasher::new();
        for piece in document {
            let bytes = match &piece.text {
                types::SourceText::Text(text) => text.as_bytes(),
                types::SourceText::Span(span) => {
                    cut_from(*span, self.sources).ok_or(Unrendered::Outside(*span))?
                }
            };
            let left = self.left.checked_sub(bytes.len());
            self.left = left.ok_or(Unrendered::TooLarge(self.limit))?;
            text.extend_from_slice(bytes);
            if piece.content {
                content.update(&(bytes.len() as u64).to_le_bytes());
                content.update(bytes);
            }
        }
        let text = String::from_utf8(text).map_err(Unrendered::NoText)?;
        Ok(Rendered {
            json: RawValue::from_string(text).map_err(Unrendered::NoJson)?,
            content: content.finalize(),
        })
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

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(text: types::SourceText) -> types::Piece {
        types::Piece { text, content: true }
    }

    #[test]
    fn what_a_step_renders_is_bounded() {
        let answer = types::Response {
            status: 200,
            headers: Vec::new(),
            body: b"[1,2]".to_vec(),
        };
        let answers = [Ok(answer)];
        let span = |offset, length| {
            let answer = 0;
            piece(types::SourceText::Span(types::Span {
                answer,
                offset,
                length,
            }))
        };
        let mut renderer = Renderer::new(&answers, 12);
        let rendered = renderer.render(&[span(0, 5)]).unwrap();
        assert_eq!(rendered.json.get(), "[1,2]");
        let outside = renderer.render(&[span(1, u32::MAX)]).unwrap_err();
        assert!(matches!(outside, Unrendered::Outside(_)), "{outside}");
        let text = |text: &str| piece(types::SourceText::Text(text.to_owned()));
        assert!(matches!(
            renderer.render(&[text("{")]),
            Err(Unrendered::NoJson(_))
        ));
        renderer.render(&[span(0, 5)]).unwrap();
        let too_large = renderer.render(&[span(0, 5)]).unwrap_err();
        assert!(matches!(too_large, Unrendered::TooLarge(12)), "{too_large}");
    }
}
