//! Strings, numbers and booleans as text.

use std::borrow::Cow;

use super::{
    RawError, RawFault, Span,
    cursor::{Cursor, Text},
};

/// What a value is, by its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `{…}`
    Object,
    /// `[…]`
    Array,
    /// `"…"`
    String,
    /// `-1.5e3`
    Number,
    /// `true` or `false`
    Boolean,
    /// `null`
    Null,
}

/// What the value at a span is; none when no value can begin like this.
pub fn kind(bytes: &[u8], span: Span) -> Option<Kind> {
    Some(match span.of(bytes)?.first()? {
        b'{' => Kind::Object,
        b'[' => Kind::Array,
        b'"' => Kind::String,
        b'-' | b'0'..=b'9' => Kind::Number,
        b't' | b'f' => Kind::Boolean,
        b'n' => Kind::Null,
        _ => return None,
    })
}

/// What a JSON string says.
pub fn text(bytes: &[u8], span: Span) -> Result<Cow<'_, str>, RawError> {
    let mut cursor = Cursor::within(bytes, span)?;
    if cursor.peek() != Some(b'"') {
        return Err(cursor.unexpected("a string"));
    }
    let text = cursor.string()?;
    cursor.end()?;
    unescape(text)
}

/// A string's text, a number as written, `true` or `false`; none for `null`. Objects and arrays are refused.
pub fn scalar(bytes: &[u8], span: Span) -> Result<Option<Cow<'_, str>>, RawError> {
    match kind(bytes, span) {
        Some(Kind::String) => text(bytes, span).map(Some),
        Some(Kind::Number | Kind::Boolean | Kind::Null) => {
            let mut cursor = Cursor::within(bytes, span)?;
            cursor.skip(0)?;
            let end = cursor.at();
            cursor.end()?;
            let written = bytes.get(span.range().start..end).unwrap_or_default();
            let written = std::str::from_utf8(written).map_err(|error| RawError {
                fault: RawFault::Utf8,
                offset: error.valid_up_to(),
            })?;
            Ok((written != "null").then_some(Cow::Borrowed(written)))
        }
        _ => Err(Cursor::within(bytes, span)?.unexpected("a string, a number or a boolean")),
    }
}

/// A string without its escapes.
pub(super) fn unescape(text: Text<'_>) -> Result<Cow<'_, str>, RawError> {
    let error = |fault, at: usize| RawError {
        fault,
        offset: text.start + at,
    };
    let written =
        std::str::from_utf8(text.written).map_err(|invalid| error(RawFault::Utf8, invalid.valid_up_to()))?;
    if !text.escaped {
        return Ok(Cow::Borrowed(written));
    }
    let mut plain = String::with_capacity(written.len());
    let mut rest = written;
    while let Some((before, escape)) = rest.split_once('\\') {
        let at = written.len() - escape.len() - 1;
        plain.push_str(before);
        let (character, length) = match escape.as_bytes().first() {
            Some(b'u') => unicode(escape).map_err(|fault| error(fault, at))?,
            Some(b'n') => ('\n', 1),
            Some(b't') => ('\t', 1),
            Some(b'r') => ('\r', 1),
            Some(b'b') => ('\u{8}', 1),
            Some(b'f') => ('\u{c}', 1),
            Some(b @ (b'"' | b'\\' | b'/')) => (char::from(*b), 1),
            _ => return Err(error(RawFault::Escape, at)),
        };
        plain.push(character);
        rest = escape.get(length..).unwrap_or_default();
    }
    plain.push_str(rest);
    Ok(Cow::Owned(plain))
}

/// The character of an escape that begins with `u`, and how many bytes it takes after its backslash.
fn unicode(escape: &str) -> Result<(char, usize), RawFault> {
    let unit = |from: usize| {
        let digits = escape.get(from..from + 4).ok_or(RawFault::Escape)?;
        u16::from_str_radix(digits, 16).map_err(|_| RawFault::Escape)
    };
    let first = unit(1)?;
    if let Some(character) = char::from_u32(u32::from(first)) {
        return Ok((character, 5));
    }
    if escape.get(5..7) != Some("\\u") {
        return Err(RawFault::Surrogate);
    }
    match char::decode_utf16([first, unit(7)?]).next() {
        Some(Ok(character)) => Ok((character, 11)),
        _ => Err(RawFault::Surrogate),
    }
}
