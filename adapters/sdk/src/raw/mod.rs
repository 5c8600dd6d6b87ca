//! Answers of providers as bytes: finds the pieces of a JSON document without building a tree.
//!
//! A page of records is only passed through: an adapter needs the bounds of each record, its id and two dates. The
//! scanner here checks the grammar strictly while it looks, copies nothing, and answers with [`Span`]s of the bytes
//! that it was given.

mod cursor;
mod error;
mod fields;
mod scalar;
mod walk;

#[cfg(test)]
mod tests;

use std::ops::Range;

pub use self::{
    cursor::MAX_DEPTH,
    error::{RawError, RawFault},
    fields::{Fields, Records},
    scalar::{Kind, kind, scalar, text},
    walk::{Elements, Member, Members, elements, members},
};
use crate::path::JsonPath;

/// A piece of an answer's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Span {
    /// Bytes before it.
    pub offset: u32,
    /// Its bytes.
    pub length: u32,
}

/// How the keys of a path and of a document are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keys {
    /// Byte for byte.
    Exact,
    /// Without regard to the case of ASCII letters, for providers that echo the caller's casing.
    AnyCase,
}

/// The value that a path names in a whole document; none when it is not there or the path names nothing.
///
/// The document is checked to its end. Of keys that occur twice the last counts, as everywhere in Rust. A byte order
/// mark before the document is passed over.
pub fn find(bytes: &[u8], path: &JsonPath) -> Result<Option<Span>, RawError> {
    find_with(bytes, path, Keys::Exact)
}

/// [`find`], with a choice of how keys are compared.
pub fn find_with(bytes: &[u8], path: &JsonPath, keys: Keys) -> Result<Option<Span>, RawError> {
    let found = Fields::with_keys(std::slice::from_ref(path), keys).read_document(bytes)?;
    Ok(found.into_iter().next().flatten())
}

/// The whole document, without the blanks and the byte order mark around it.
pub fn whole(bytes: &[u8]) -> Span {
    let mark = if bytes.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    let rest = bytes.get(mark..).unwrap_or_default();
    let start = mark + rest.iter().take_while(|byte| blank(byte)).count();
    let end = bytes.len() - rest.iter().rev().take_while(|byte| blank(byte)).count();
    Span::between(start, end.max(start))
}

impl Span {
    /// The piece between two positions of one text.
    pub(crate) fn between(start: usize, end: usize) -> Self {
        let number = |position: usize| u32::try_from(position).unwrap_or(u32::MAX);
        Self {
            offset: number(start),
            length: number(end.saturating_sub(start)),
        }
    }

    /// Its bytes in the body that it belongs to; none when the body is shorter.
    pub fn of(self, bytes: &[u8]) -> Option<&[u8]> {
        bytes.get(self.range())
    }

    /// Its positions.
    pub fn range(self) -> Range<usize> {
        let offset = self.offset as usize;
        offset..offset.saturating_add(self.length as usize)
    }
}
