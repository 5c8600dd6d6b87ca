//! From text to tokens.

use super::{CeqlError, CeqlFault, Operator};
use crate::place::Place;

/// The smallest parts of an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token<'s> {
    Open,
    Close,
    Comma,
    Operator(Operator),
    /// In single quotes: a value, or the name of a field.
    Text(String),
    /// In back-ticks or double quotes: the name of a field.
    Name(String),
    /// A run without quotes: a keyword, a name, a number, a date-time.
    Word(&'s str),
    End,
}

/// A token and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Located<'s> {
    pub(super) token: Token<'s>,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// Reads one token after the other.
#[derive(Debug)]
pub(super) struct Lexer<'s> {
    source: &'s str,
    at: usize,
}

impl<'s> Lexer<'s> {
    pub(super) fn new(source: &'s str) -> Self {
        Self { source, at: 0 }
    }

    /// The next token; at the end, again and again [`Token::End`].
    pub(super) fn next(&mut self) -> Result<Located<'s>, CeqlError> {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
        let start = self.at;
        let token = self.token()?;
        Ok(Located {
            token,
            start,
            end: self.at,
        })
    }

    /// An error at a position of the expression.
    pub(super) fn error(&self, fault: CeqlFault, at: usize) -> CeqlError {
        CeqlError {
            fault,
            place: Place::new(self.source, at),
        }
    }

    /// The text between two positions.
    pub(super) fn written(&self, start: usize, end: usize) -> &'s str {
        self.source.get(start..end).unwrap_or_default()
    }

    fn token(&mut self) -> Result<Token<'s>, CeqlError> {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else {
            return Ok(Token::End);
        };
        let (token, length) = match first {
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            ',' => (Token::Comma, 1),
            '=' => (Token::Operator(Operator::Equal), 1),
            '!' if rest.starts_with("!=") => (Token::Operator(Operator::NotEqual), 2),
            '<' if rest.starts_with("<>") => (Token::Operator(Operator::NotEqual), 2),
            '<' if rest.starts_with("<=") => (Token::Operator(Operator::LessOrEqual), 2),
            '<' => (Token::Operator(Operator::Less), 1),
            '>' if rest.starts_with(">=") => (Token::Operator(Operator::GreaterOrEqual), 2),
            '>' => (Token::Operator(Operator::Greater), 1),
            '\'' => {
                let (text, length) = self.quoted('\'')?;
                (Token::Text(text), length)
            }
            '`' | '"' => {
                let (name, length) = self.quoted(first)?;
                (Token::Name(name), length)
            }
            _ if is_word_character(first) => {
                let length = rest
                    .find(|character| !is_word_character(character))
                    .unwrap_or(rest.len());
                (Token::Word(self.written(self.at, self.at + length)), length)
            }
            found => return Err(self.error(CeqlFault::Character { found }, self.at)),
        };
        self.at += length;
        Ok(token)
    }

    /// What stands in quotes from here, and how many bytes it takes with them. A doubled quote is one of the text.
    fn quoted(&self, quote: char) -> Result<(String, usize), CeqlError> {
        let mut text = String::new();
        let mut characters = self.rest().char_indices().skip(1).peekable();
        while let Some((at, character)) = characters.next() {
            if character == quote && characters.next_if(|(_, next)| *next == quote).is_none() {
                return Ok((text, at + 1));
            }
            text.push(character);
        }
        Err(self.error(CeqlFault::Unterminated { quote }, self.at))
    }

    fn rest(&self) -> &'s str {
        self.source.get(self.at..).unwrap_or_default()
    }
}

/// Whether a character may stand in a word. Typographic quotes may not: they come from word processors, and would
/// silently become a part of the value.
fn is_word_character(character: char) -> bool {
    !character.is_whitespace()
        && !character.is_control()
        && !matches!(
            character,
            '(' | ')' | ',' | '=' | '!' | '<' | '>' | '\'' | '`' | '"' | '‘' | '’' | '“' | '”'
        )
}

/// Whether a text is one word.
pub(super) fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(is_word_character)
}

/// Whether a word belongs to the language.
pub(super) fn is_keyword(word: &str) -> bool {
    ["AND", "OR", "NOT", "LIKE", "IN", "IS", "NULL"]
        .iter()
        .any(|keyword| keyword.eq_ignore_ascii_case(word))
}

/// Whether a word is a number: a sign, digits, a fraction, an exponent. Leading zeros are kept, for ids have them.
pub(super) fn is_number(word: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = |text: &str| digits(text.strip_prefix(['+', '-']).unwrap_or(text));
    let (mantissa, exponent) = word.split_once(['e', 'E']).unwrap_or((word, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    unsigned(whole) && digits(fraction) && unsigned(exponent)
}
