//! From tokens to the expression tree.

use super::{
    CeqlError, CeqlFault, Expression, Field, Position, Value,
    lexer::{Lexer, Located, Token, is_keyword},
};
use crate::place::Place;

/// The longest expression that is read, in bytes: room for an `IN` list of some thousand ids.
pub const MAX_LENGTH: usize = 64 * 1024;

/// The deepest nesting of parentheses and `NOT`s that is read: far beyond what people write, and far from what
/// overflows a stack of WebAssembly.
pub const MAX_DEPTH: usize = 64;

/// Read an expression.
pub fn parse(source: &str) -> Result<Expression, CeqlError> {
    if source.len() > MAX_LENGTH {
        let fault = CeqlFault::TooLong { length: source.len() };
        return Err(CeqlError {
            fault,
            place: Place::new(source, MAX_LENGTH),
        });
    }
    let mut lexer = Lexer::new(source);
    let next = lexer.next()?;
    let mut parser = Parser {
        lexer,
        next,
        before: 0,
        depth: 0,
    };
    if parser.next.token == Token::End {
        return Err(parser.lexer.error(CeqlFault::Empty, 0));
    }
    let expression = parser.or()?;
    match parser.next.token {
        Token::End => Ok(expression),
        Token::Close => Err(parser.unexpected("AND, OR or the end")),
        _ => Err(parser.after_condition("AND, OR or the end")),
    }
}

/// One token ahead of what it has read.
struct Parser<'s> {
    lexer: Lexer<'s>,
    next: Located<'s>,
    /// Where the token before the next one ended.
    before: usize,
    depth: usize,
}

impl<'s> Parser<'s> {
    fn or(&mut self) -> Result<Expression, CeqlError> {
        let mut parts = vec![self.and()?];
        while self.takes("OR")? {
            parts.push(self.and()?);
        }
        Ok(one_or(parts, Expression::Or))
    }

    fn and(&mut self) -> Result<Expression, CeqlError> {
        let mut parts = vec![self.condition()?];
        while self.takes("AND")? {
            parts.push(self.condition()?);
        }
        Ok(one_or(parts, Expression::And))
    }

    /// A condition, a negation, or an expression in parentheses.
    fn condition(&mut self) -> Result<Expression, CeqlError> {
        if self.takes("NOT")? {
            return Ok(Expression::Not(Box::new(self.nested(Self::condition)?)));
        }
        if self.next.token != Token::Open {
            return self.comparison();
        }
        self.advance()?;
        let inner = self.nested(Self::or)?;
        match self.next.token {
            Token::Close => self.advance()?,
            Token::End => return Err(self.unexpected("a closing parenthesis")),
            _ => return Err(self.after_condition("AND, OR or a closing parenthesis")),
        };
        Ok(inner)
    }

    fn nested(
        &mut self,
        read: fn(&mut Self) -> Result<Expression, CeqlError>,
    ) -> Result<Expression, CeqlError> {
        if self.depth == MAX_DEPTH {
            return Err(self.lexer.error(CeqlFault::TooDeep, self.next.start));
        }
        self.depth += 1;
        let inner = read(self);
        self.depth -= 1;
        inner
    }

    fn comparison(&mut self) -> Result<Expression, CeqlError> {
        let field = self.field()?;
        if let Token::Operator(operator) = self.next.token {
            self.advance()?;
            return Ok(Expression::Compare {
                field,
                operator,
                value: self.value()?,
            });
        }
        if self.takes("IS")? {
            let negated = self.takes("NOT")?;
            if !self.takes("NULL")? {
                return Err(self.unexpected("NULL"));
            }
            return Ok(Expression::IsNull { field, negated });
        }
        let negated = self.takes("NOT")?;
        if self.takes("LIKE")? {
            return Ok(Expression::Like {
                field,
                pattern: self.value()?,
                negated,
            });
        }
        if self.takes("IN")? {
            return Ok(Expression::In {
                field,
                values: self.values()?,
                negated,
            });
        }
        Err(self.unexpected(if negated {
            "LIKE or IN"
        } else {
            "an operator: = != < > <= >= LIKE IN IS"
        }))
    }

    fn field(&mut self) -> Result<Field, CeqlError> {
        const EXPECTED: &str = "the name of a field";
        let name = match &self.next.token {
            Token::Word(word) if is_keyword(word) => return Err(self.keyword(EXPECTED, word, "back-ticks")),
            Token::Word(word) => (*word).to_owned(),
            Token::Text(name) | Token::Name(name) if name.is_empty() => {
                return Err(self.lexer.error(CeqlFault::NoName, self.next.start));
            }
            Token::Text(name) | Token::Name(name) => name.clone(),
            _ => return Err(self.unexpected(EXPECTED)),
        };
        let at = Position(self.next.start);
        self.advance()?;
        Ok(Field { name, at })
    }

    fn value(&mut self) -> Result<Value, CeqlError> {
        const EXPECTED: &str = "a value";
        let value = match &self.next.token {
            Token::Text(text) => Value::Text(text.clone()),
            Token::Word(word) if word.eq_ignore_ascii_case("NULL") => {
                return Err(self.lexer.error(CeqlFault::Null, self.next.start));
            }
            Token::Word(word) if is_keyword(word) => {
                return Err(self.keyword(EXPECTED, word, "single quotes"));
            }
            Token::Word(word) => Value::word(word),
            Token::Name(_) => return Err(self.lexer.error(CeqlFault::NameAsValue, self.next.start)),
            _ => return Err(self.unexpected(EXPECTED)),
        };
        self.advance()?;
        Ok(value)
    }

    fn values(&mut self) -> Result<Vec<Value>, CeqlError> {
        if self.next.token != Token::Open {
            return Err(self.unexpected("a list such as ('a', 'b')"));
        }
        let mut values = Vec::new();
        loop {
            self.advance()?;
            values.push(self.value()?);
            match self.next.token {
                Token::Comma => {}
                Token::Close => break,
                _ => return Err(self.unexpected("a comma or a closing parenthesis")),
            }
        }
        self.advance()?;
        Ok(values)
    }

    /// Over a keyword, if it is the next token.
    fn takes(&mut self, keyword: &str) -> Result<bool, CeqlError> {
        let here = matches!(self.next.token, Token::Word(word) if word.eq_ignore_ascii_case(keyword));
        if here {
            self.advance()?;
        }
        Ok(here)
    }

    fn advance(&mut self) -> Result<(), CeqlError> {
        self.before = self.next.end;
        self.next = self.lexer.next()?;
        Ok(())
    }

    fn unexpected(&self, expected: &'static str) -> CeqlError {
        let found = match self.next.token {
            Token::End => "the end".to_owned(),
            _ => self
                .lexer
                .written(self.next.start, self.next.end)
                .chars()
                .take(40)
                .collect(),
        };
        self.lexer
            .error(CeqlFault::Unexpected { expected, found }, self.next.start)
    }

    fn keyword(&self, expected: &'static str, word: &str, quotes: &'static str) -> CeqlError {
        let fault = CeqlFault::Keyword {
            expected,
            word: word.to_owned(),
            quotes,
        };
        self.lexer.error(fault, self.next.start)
    }

    /// What follows a condition does not continue it. Directly behind a quote, as in `'O'Brien'`, the quote is the
    /// likelier mistake.
    fn after_condition(&self, expected: &'static str) -> CeqlError {
        let touches = self.next.start == self.before;
        if touches && self.lexer.written(self.before.saturating_sub(1), self.before) == "'" {
            return self.lexer.error(CeqlFault::InnerQuote, self.next.start);
        }
        self.unexpected(expected)
    }
}

fn one_or(mut parts: Vec<Expression>, several: fn(Vec<Expression>) -> Expression) -> Expression {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        last => {
            parts.extend(last);
            several(parts)
        }
    }
}
