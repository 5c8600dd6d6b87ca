//! The scanner: one position in a document, and the ways to move it over well-formed JSON.

use super::{RawError, RawFault, Span};

/// The deepest nesting that is read: what serde_json reads into a tree, so that a document passed on can be read by
/// others too.
pub const MAX_DEPTH: u32 = 127;

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH_BITS: u64 = 0x8080_8080_8080_8080;

/// A position in a document.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'b> {
    /// The document up to the end of the span that is read, so that positions count from the document's start.
    bytes: &'b [u8],
    at: usize,
}

/// A string between its quotes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Text<'b> {
    /// The bytes as written; checked to be UTF-8.
    pub(super) written: &'b [u8],
    /// Where they start.
    pub(super) start: usize,
    /// Whether any of them is an escape.
    pub(super) escaped: bool,
}

impl<'b> Cursor<'b> {
    /// Before a whole document.
    pub(super) fn new(bytes: &'b [u8]) -> Result<Self, RawError> {
        if u32::try_from(bytes.len()).is_err() {
            return Err(RawError {
                fault: RawFault::TooLarge { length: bytes.len() },
                offset: 0,
            });
        }
        let at = if bytes.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
        Ok(Self { bytes, at })
    }

    /// Before a piece of a document.
    pub(super) fn within(bytes: &'b [u8], span: Span) -> Result<Self, RawError> {
        let range = span.range();
        let outside = RawError {
            fault: RawFault::Outside { length: bytes.len() },
            offset: range.start,
        };
        Ok(Self {
            bytes: bytes.get(..range.end).ok_or(outside)?,
            at: range.start,
        })
    }

    /// Bytes before this position.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// The byte here.
    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// The error that something else was due here.
    pub(super) fn unexpected(&self, expected: &'static str) -> RawError {
        let fault = match self.peek() {
            Some(found) => RawFault::Unexpected { expected, found },
            None => RawFault::End { expected },
        };
        RawError {
            fault,
            offset: self.at,
        }
    }

    /// Over white space.
    pub(super) fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    /// Over one byte, if it is this one.
    pub(super) fn eat(&mut self, byte: u8) -> bool {
        let here = self.peek() == Some(byte);
        self.at += usize::from(here);
        here
    }

    /// Over the byte that opens an object or array, `depth` levels down.
    pub(super) fn open(&mut self, depth: u32) -> Result<(), RawError> {
        if depth >= MAX_DEPTH {
            return Err(RawError {
                fault: RawFault::Depth,
                offset: self.at,
            });
        }
        self.at += 1;
        self.space();
        Ok(())
    }

    /// After a member or element: over the comma, or over the byte that closes. Says whether another one follows.
    pub(super) fn goes_on(&mut self, close: u8) -> Result<bool, RawError> {
        self.space();
        match self.peek() {
            Some(b',') => {
                self.at += 1;
                self.space();
                Ok(true)
            }
            Some(byte) if byte == close => {
                self.at += 1;
                Ok(false)
            }
            _ if close == b'}' => Err(self.unexpected("a comma or a closing brace")),
            _ => Err(self.unexpected("a comma or a closing bracket")),
        }
    }

    /// Over the end: nothing but white space may be left.
    pub(super) fn end(&mut self) -> Result<(), RawError> {
        self.space();
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(RawError {
                fault: RawFault::Trailing,
                offset: self.at,
            }),
        }
    }

    /// Over a key and its colon.
    pub(super) fn key(&mut self) -> Result<Text<'b>, RawError> {
        if self.peek() != Some(b'"') {
            return Err(self.unexpected("a key in double quotes"));
        }
        let key = self.string()?;
        self.space();
        if !self.eat(b':') {
            return Err(self.unexpected("a colon"));
        }
        self.space();
        Ok(key)
    }

    /// Over one value, whatever it is, `depth` levels down. The nesting is kept in the bits of two numbers, so that
    /// hostile documents meet no stack.
    pub(super) fn skip(&mut self, depth: u32) -> Result<(), RawError> {
        // The lowest bit tells whether the innermost open one is an object.
        let mut objects: u128 = 0;
        let mut open: u32 = 0;
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.string()?;
                }
                Some(b'{') => {
                    self.open(depth + open)?;
                    if !self.eat(b'}') {
                        objects = objects << 1 | 1;
                        open += 1;
                        self.key()?;
                        continue;
                    }
                }
                Some(b'[') => {
                    self.open(depth + open)?;
                    if !self.eat(b']') {
                        objects <<= 1;
                        open += 1;
                        continue;
                    }
                }
                Some(b'-' | b'0'..=b'9') => self.number()?,
                Some(b't') => self.word(b"true", "true")?,
                Some(b'f') => self.word(b"false", "false")?,
                Some(b'n') => self.word(b"null", "null")?,
                _ => return Err(self.unexpected("a value")),
            }
            loop {
                if open == 0 {
                    return Ok(());
                }
                let object = objects & 1 == 1;
                if self.goes_on(if object { b'}' } else { b']' })? {
                    if object {
                        self.key()?;
                    }
                    break;
                }
                objects >>= 1;
                open -= 1;
            }
        }
    }

    /// Over a string, from its opening quote.
    pub(super) fn string(&mut self) -> Result<Text<'b>, RawError> {
        let start = self.at + 1;
        let mut at = start;
        let mut seen = 0;
        let mut escaped = false;
        loop {
            while let Some(chunk) = self.bytes.get(at..).and_then(<[u8]>::first_chunk) {
                let word = u64::from_le_bytes(*chunk);
                seen |= word;
                match notable(word) {
                    0 => at += 8,
                    bits => {
                        at += (bits.trailing_zeros() / 8) as usize;
                        break;
                    }
                }
            }
            match self.bytes.get(at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    at = self.escape(at)?;
                }
                Some(0..=0x1F) => {
                    return Err(RawError {
                        fault: RawFault::Control,
                        offset: at,
                    });
                }
                Some(byte) => {
                    seen |= u64::from(*byte);
                    at += 1;
                }
                None => {
                    let fault = RawFault::End {
                        expected: "the closing quote of a string",
                    };
                    return Err(RawError { fault, offset: at });
                }
            }
        }
        let written = self.bytes.get(start..at).unwrap_or_default();
        if seen & HIGH_BITS != 0
            && let Err(error) = std::str::from_utf8(written)
        {
            return Err(RawError {
                fault: RawFault::Utf8,
                offset: start + error.valid_up_to(),
            });
        }
        self.at = at + 1;
        Ok(Text {
            written,
            start,
            escaped,
        })
    }

    /// The position after the escape at `at`.
    fn escape(&self, at: usize) -> Result<usize, RawError> {
        let bad = Err(RawError {
            fault: RawFault::Escape,
            offset: at,
        });
        match self.bytes.get(at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
            Some(b'u') => match self.bytes.get(at + 2..at + 6) {
                Some(digits) if digits.iter().all(u8::is_ascii_hexdigit) => Ok(at + 6),
                _ => bad,
            },
            _ => bad,
        }
    }

    /// Over a number.
    fn number(&mut self) -> Result<(), RawError> {
        self.eat(b'-');
        if !self.eat(b'0') {
            self.digits()?;
        }
        if self.eat(b'.') {
            self.digits()?;
        }
        if self.eat(b'e') || self.eat(b'E') {
            if !self.eat(b'+') {
                self.eat(b'-');
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), RawError> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start {
            Err(self.unexpected("a digit"))
        } else {
            Ok(())
        }
    }

    fn word(&mut self, word: &[u8], expected: &'static str) -> Result<(), RawError> {
        if !self
            .bytes
            .get(self.at..)
            .is_some_and(|rest| rest.starts_with(word))
        {
            return Err(self.unexpected(expected));
        }
        self.at += word.len();
        Ok(())
    }
}

/// The high bits of the bytes that end a plain run of a string: quotes, backslashes and control characters. Bits
/// above the lowest set one may be wrong, for the subtraction borrows.
fn notable(word: u64) -> u64 {
    let control = word.wrapping_sub(ONES * 0x20) & !word;
    let quote = word ^ (ONES * u64::from(b'"'));
    let backslash = word ^ (ONES * u64::from(b'\\'));
    (control | (quote.wrapping_sub(ONES) & !quote) | (backslash.wrapping_sub(ONES) & !backslash)) & HIGH_BITS
}
