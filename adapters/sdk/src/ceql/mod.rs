//! CEQL, the language of `where=`: `LastModifiedDate > '2018-01-15T00:00:00.000Z' AND (Name LIKE 'A%' OR Type = 0)`.
//!
//! The published list of operators is `AND OR = != < > <= >= LIKE IN IS NULL`; parentheses, `NOT IN`, `NOT LIKE`,
//! `IS NOT NULL`, a leading `NOT` and `<>` are read too. Keywords have no case, spaces around operators are optional.
//! Field names may be dotted and hold colons; those with spaces stand in back-ticks, in double quotes or, as in Zoho's
//! pollers, in single quotes. Texts stand in single quotes; numbers, date-times and other words may go without.
//!
//! No escape for a quote inside a text is published. As in SQL, a doubled quote is read as one: `'O''Brien'`.

mod error;
mod expression;
mod lexer;
mod parser;

#[cfg(test)]
mod tests;

pub use self::{
    error::{CeqlError, CeqlFault},
    expression::{Expression, Field, Operator, Position, Value},
    parser::{MAX_DEPTH, MAX_LENGTH, parse},
};
