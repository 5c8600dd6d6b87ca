//! A pattern, taken apart.

/// A compiled pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// As it is written.
    pub(super) source: String,
    pub(super) tokens: Vec<Token>,
}

/// A piece of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// Stands for itself.
    Literal(char),
    /// A pattern letter, so many times.
    Field(Letter, usize),
}

/// The pattern letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Letter {
    Era,
    Year,
    WeekYear,
    Month,
    StandaloneMonth,
    WeekOfYear,
    WeekOfMonth,
    DayOfYear,
    DayOfMonth,
    DayOfWeekInMonth,
    DayName,
    DayNumber,
    AmPm,
    Hour24,
    Hour24From1,
    Hour12,
    Hour12From1,
    Minute,
    Second,
    Millisecond,
    ZoneName,
    ZoneNumber,
    ZoneIso,
}

/// What is wrong with a pattern. Positions are bytes from its start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// A letter without meaning.
    #[error(
        "the letter {letter:?} at position {at} means nothing in a date pattern; letters that stand for themselves go \
         between single quotes"
    )]
    IllegalPatternCharacter {
        /// The letter.
        letter: char,
        /// Where it stands.
        at: usize,
    },
    /// A quote that does not end.
    #[error("the quote that begins at position {at} does not end; a single quote is written as two")]
    UnterminatedQuote {
        /// Where it begins.
        at: usize,
    },
    /// Too many `X`.
    #[error("{length} times X at position {at}: X, XX and XXX are ISO 8601 time zones, more are not")]
    InvalidIso8601 {
        /// How many.
        length: usize,
        /// Where they begin.
        at: usize,
    },
}

impl Pattern {
    /// Compile a pattern.
    ///
    /// # Errors
    ///
    /// Where Java throws `IllegalArgumentException`, with the place and what would be right.
    pub fn new(pattern: &str) -> Result<Self, PatternError> {
        let mut tokens = Vec::new();
        let mut rest = pattern.char_indices().peekable();
        let mut quoted_since = None;
        while let Some((at, c)) = rest.next() {
            if c == '\'' {
                // Two quotes are one, within quotes and without.
                if rest.next_if(|(_, next)| *next == '\'').is_some() {
                    tokens.push(Token::Literal('\''));
                } else {
                    quoted_since = if quoted_since.is_some() { None } else { Some(at) };
                }
            } else if quoted_since.is_some() || !c.is_ascii_alphabetic() {
                tokens.push(Token::Literal(c));
            } else {
                let letter = Letter::of(c).ok_or(PatternError::IllegalPatternCharacter { letter: c, at })?;
                let mut length = 1;
                while rest.next_if(|(_, next)| *next == c).is_some() {
                    length += 1;
                }
                if letter == Letter::ZoneIso && length > 3 {
                    return Err(PatternError::InvalidIso8601 { length, at });
                }
                tokens.push(Token::Field(letter, length));
            }
        }
        match quoted_since {
            None => Ok(Self {
                source: pattern.to_owned(),
                tokens,
            }),
            Some(at) => Err(PatternError::UnterminatedQuote { at }),
        }
    }
}

impl Token {
    /// Whether it is read as a number, so that a number before it has to know its width.
    pub(super) fn is_number(&self) -> bool {
        match self {
            Self::Literal(_) => false,
            Self::Field(letter, count) => match letter {
                Letter::Month | Letter::StandaloneMonth => *count <= 2,
                Letter::Era | Letter::DayName | Letter::AmPm => false,
                Letter::ZoneName | Letter::ZoneNumber | Letter::ZoneIso => false,
                _ => true,
            },
        }
    }
}

impl Letter {
    fn of(c: char) -> Option<Self> {
        Some(match c {
            'G' => Self::Era,
            'y' => Self::Year,
            'Y' => Self::WeekYear,
            'M' => Self::Month,
            'L' => Self::StandaloneMonth,
            'w' => Self::WeekOfYear,
            'W' => Self::WeekOfMonth,
            'D' => Self::DayOfYear,
            'd' => Self::DayOfMonth,
            'F' => Self::DayOfWeekInMonth,
            'E' => Self::DayName,
            'u' => Self::DayNumber,
            'a' => Self::AmPm,
            'H' => Self::Hour24,
            'k' => Self::Hour24From1,
            'K' => Self::Hour12,
            'h' => Self::Hour12From1,
            'm' => Self::Minute,
            's' => Self::Second,
            'S' => Self::Millisecond,
            'z' => Self::ZoneName,
            'Z' => Self::ZoneNumber,
            'X' => Self::ZoneIso,
            _ => return None,
        })
    }
}
