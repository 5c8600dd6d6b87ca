//! Arrays and objects, member by member.

use std::{borrow::Cow, iter::FusedIterator};

use super::{RawError, Span, cursor::Cursor, scalar::unescape};

/// The elements of an array. After an error there are no more.
#[derive(Debug, Clone)]
pub struct Elements<'b> {
    steps: Steps<'b>,
}

/// The members of an object. After an error there are no more.
#[derive(Debug, Clone)]
pub struct Members<'b> {
    steps: Steps<'b>,
}

/// A member of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member<'b> {
    /// Its key, without escapes.
    pub key: Cow<'b, str>,
    /// The key as written, with its quotes.
    pub key_span: Span,
    /// Its value.
    pub value: Span,
}

/// The elements of the array at a span.
pub fn elements(bytes: &[u8], array: Span) -> Elements<'_> {
    Elements {
        steps: Steps::new(bytes, array, Brackets::Square),
    }
}

/// The members of the object at a span.
pub fn members(bytes: &[u8], object: Span) -> Members<'_> {
    Members {
        steps: Steps::new(bytes, object, Brackets::Curly),
    }
}

/// What stands around a list.
#[derive(Debug, Clone, Copy)]
pub(super) enum Brackets {
    Square,
    Curly,
}

/// From one item of a list to the next.
#[derive(Debug, Clone)]
pub(super) struct Steps<'b> {
    brackets: Brackets,
    state: State<'b>,
}

#[derive(Debug, Clone)]
enum State<'b> {
    /// The span turned out to be none.
    Refused(RawError),
    Before(Cursor<'b>),
    /// After an item.
    Within(Cursor<'b>),
    Done,
}

impl<'b> Steps<'b> {
    pub(super) fn new(bytes: &'b [u8], span: Span, brackets: Brackets) -> Self {
        let state = Cursor::within(bytes, span).map_or_else(State::Refused, State::Before);
        Self { brackets, state }
    }

    /// Go to the next item and read it: `read` moves the cursor over exactly the item.
    pub(super) fn next<T>(
        &mut self,
        read: impl FnOnce(&mut Cursor<'b>) -> Result<T, RawError>,
    ) -> Option<Result<T, RawError>> {
        let (mut cursor, first) = match std::mem::replace(&mut self.state, State::Done) {
            State::Refused(error) => return Some(Err(error)),
            State::Before(cursor) => (cursor, true),
            State::Within(cursor) => (cursor, false),
            State::Done => return None,
        };
        let item = self
            .brackets
            .advance(&mut cursor, first)
            .and_then(|more| match more {
                true => read(&mut cursor).map(Some),
                false => cursor.end().map(|()| None),
            });
        if matches!(item, Ok(Some(_))) {
            self.state = State::Within(cursor);
        }
        item.transpose()
    }
}

impl Brackets {
    /// To the next item, if there is one.
    fn advance(self, cursor: &mut Cursor<'_>, first: bool) -> Result<bool, RawError> {
        let (open, close, expected) = match self {
            Self::Square => (b'[', b']', "an array"),
            Self::Curly => (b'{', b'}', "an object"),
        };
        if !first {
            return cursor.goes_on(close);
        }
        cursor.space();
        if cursor.peek() != Some(open) {
            return Err(cursor.unexpected(expected));
        }
        cursor.open(0)?;
        Ok(!cursor.eat(close))
    }
}

impl Iterator for Elements<'_> {
    type Item = Result<Span, RawError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.steps.next(value)
    }
}

impl<'b> Iterator for Members<'b> {
    type Item = Result<Member<'b>, RawError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.steps.next(|cursor| {
            let start = cursor.at();
            let key = cursor.key()?;
            // The quotes around what is written.
            let key_span = Span::between(start, start + key.written.len() + 2);
            Ok(Member {
                key: unescape(key)?,
                key_span,
                value: value(cursor)?,
            })
        })
    }
}

impl FusedIterator for Elements<'_> {}
impl FusedIterator for Members<'_> {}

/// Over one value inside of a list.
fn value(cursor: &mut Cursor<'_>) -> Result<Span, RawError> {
    let start = cursor.at();
    cursor.skip(1)?;
    Ok(Span::between(start, cursor.at()))
}
