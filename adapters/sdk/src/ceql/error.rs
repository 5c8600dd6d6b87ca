//! What can be wrong with an expression.

use super::{MAX_DEPTH, MAX_LENGTH};
use crate::place::Place;

/// A text that is no CEQL expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{fault} at {place}")]
pub struct CeqlError {
    /// What is wrong.
    pub fault: CeqlFault,
    /// Where.
    pub place: Place,
}

/// What is wrong with an expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CeqlFault {
    /// Nothing but white space.
    #[error("the expression is empty: leave the parameter out, or write a condition such as Name = 'Acme'")]
    Empty,
    /// Longer than what is read.
    #[error("the expression has {length} bytes, and at most {MAX_LENGTH} are read")]
    TooLong {
        /// Bytes of the expression.
        length: usize,
    },
    /// Parentheses or `NOT`s nested too deeply.
    #[error("nested more than {MAX_DEPTH} levels deep")]
    TooDeep,
    /// A quote without its partner.
    #[error("the {quote} is never closed")]
    Unterminated {
        /// The quote that was opened.
        quote: char,
    },
    /// A text that goes on directly behind its closing quote.
    #[error(
        "the text ended at its quote, but goes on: a quote inside a text is written twice, as in 'O''Brien'"
    )]
    InnerQuote,
    /// Something that cannot stand in an expression.
    #[error(
        "{found:?} means nothing here: texts stand in straight single quotes, operators are = != < > <= >="
    )]
    Character {
        /// What was found.
        found: char,
    },
    /// Another part of the expression was due.
    #[error("expected {expected}, found {found}")]
    Unexpected {
        /// What was due.
        expected: &'static str,
        /// What is there, as written.
        found: String,
    },
    /// A keyword where a field or a value is due.
    #[error(
        "expected {expected}, found the keyword {word}: put it in {quotes} if it is meant as a name or text"
    )]
    Keyword {
        /// What was due.
        expected: &'static str,
        /// The keyword as written.
        word: String,
        /// What makes a name or text of it.
        quotes: &'static str,
    },
    /// A comparison with `NULL`.
    #[error("nothing compares to NULL: write IS NULL or IS NOT NULL")]
    Null,
    /// A value in the quotes of names.
    #[error("a value stands in single quotes; back-ticks and double quotes hold names of fields")]
    NameAsValue,
    /// A field without a name.
    #[error("the name of the field is empty")]
    NoName,
}
