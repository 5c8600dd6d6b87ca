//! The expression tree and its canonical text.

use std::fmt;

use super::lexer::{is_keyword, is_number, is_word};

/// A condition on records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expression {
    /// All of them hold: two or more, in the order written. Parentheses are kept as nested expressions.
    And(Vec<Self>),
    /// At least one of them holds: two or more.
    Or(Vec<Self>),
    /// It does not hold.
    Not(Box<Self>),
    /// A field compares to a value.
    Compare {
        /// The field.
        field: Field,
        /// How it compares.
        operator: Operator,
        /// The value.
        value: Value,
    },
    /// A field matches a pattern in which `%` stands for any text.
    Like {
        /// The field.
        field: Field,
        /// The pattern.
        pattern: Value,
        /// Whether it must not match: `NOT LIKE`.
        negated: bool,
    },
    /// A field is one of several values.
    In {
        /// The field.
        field: Field,
        /// One or more values.
        values: Vec<Value>,
        /// Whether it must be none of them: `NOT IN`.
        negated: bool,
    },
    /// A field has no value.
    IsNull {
        /// The field.
        field: Field,
        /// Whether it must have one: `IS NOT NULL`.
        negated: bool,
    },
}

/// The name of a field, and where it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The name, without quotes.
    pub name: String,
    /// Where the name stands, for errors about this condition: `Place::new(source, field.at.0)`.
    pub at: Position,
}

/// A byte position in an expression. Where something was written is no part of what it says, so all positions are
/// equal and two expressions compare by their meaning.
#[derive(Debug, Clone, Copy, Default)]
pub struct Position(pub usize);

/// How a field compares to a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operator {
    /// `=`
    Equal,
    /// `!=`, also written `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// A value that a field is compared to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// In single quotes, which are taken off.
    Text(String),
    /// A number as written, so that no digit is lost.
    Number(String),
    /// A word without quotes that is no number: `2017-02-28T16:11:29-06:00`, `true`.
    Bare(String),
}

impl Expression {
    /// The conditions that must all hold, however deep `AND`s are nested: what providers want that know lists of
    /// parameters only.
    pub fn conjuncts(&self) -> Vec<&Self> {
        match self {
            Self::And(parts) => parts.iter().flat_map(Self::conjuncts).collect(),
            other => vec![other],
        }
    }

    /// Write the parts with a word between them; those that would be read differently get parentheses.
    fn join(
        f: &mut fmt::Formatter<'_>,
        parts: &[Self],
        word: &str,
        nested: fn(&Self) -> bool,
    ) -> fmt::Result {
        for (position, part) in parts.iter().enumerate() {
            if position > 0 {
                write!(f, " {word} ")?;
            }
            if nested(part) {
                write!(f, "({part})")?;
            } else {
                write!(f, "{part}")?;
            }
        }
        Ok(())
    }
}

impl Operator {
    /// Its sign.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }
}

impl Value {
    /// What was written, without quotes.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Text(text) | Self::Number(text) | Self::Bare(text) => text,
        }
    }

    /// The value that a word without quotes stands for.
    pub(super) fn word(word: &str) -> Self {
        if is_number(word) {
            Self::Number(word.to_owned())
        } else {
            Self::Bare(word.to_owned())
        }
    }
}

impl Field {
    /// A field that was not read from a text.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            at: Position::default(),
        }
    }
}

impl PartialEq for Position {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Position {}

/// Canonical CEQL, which [`super::parse`] reads back as the same expression.
impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let not = |negated: &bool| if *negated { "NOT " } else { "" };
        match self {
            Self::And(parts) => {
                Self::join(f, parts, "AND", |part| matches!(part, Self::And(_) | Self::Or(_)))
            }
            Self::Or(parts) => Self::join(f, parts, "OR", |part| matches!(part, Self::Or(_))),
            Self::Not(inner) => write!(f, "NOT ({inner})"),
            Self::Compare {
                field,
                operator,
                value,
            } => write!(f, "{field} {} {value}", operator.sign()),
            Self::Like {
                field,
                pattern,
                negated,
            } => write!(f, "{field} {}LIKE {pattern}", not(negated)),
            Self::In {
                field,
                values,
                negated,
            } => {
                write!(f, "{field} {}IN (", not(negated))?;
                for (position, value) in values.iter().enumerate() {
                    write!(f, "{}{value}", if position > 0 { ", " } else { "" })?;
                }
                f.write_str(")")
            }
            Self::IsNull { field, negated } => write!(f, "{field} IS {}NULL", not(negated)),
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if is_word(&self.name) && !is_keyword(&self.name) {
            f.write_str(&self.name)
        } else {
            write!(f, "`{}`", self.name.replace('`', "``"))
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "'{}'", text.replace('\'', "''")),
            Self::Number(text) | Self::Bare(text) => f.write_str(text),
        }
    }
}
