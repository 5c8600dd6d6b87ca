//! What a process that compiles answers: a byte that says what, then the rest of what it writes.

use std::io::{self, Write};

use crate::adapter::{LimitExceeded, Limits, Rejection};

const CODE: u8 = b'C';
const NEEDS: u8 = b'N';
const TOLD: u8 = b'T';

/// Names stand in reasons, and those of a file may be as long as the file.
const LONGEST: usize = 4 << 10;

/// What a process that compiles answers.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Compiled code.
    Code(Vec<u8>),
    /// It needs more than it may have: of what, and how much. The host knows which setting that is.
    Needs(String, usize),
    /// It is refused for this reason.
    Told(String),
}

impl Answer {
    pub(super) fn of(compiled: Result<Vec<u8>, Rejection>) -> Self {
        match compiled {
            Ok(code) => Self::Code(code),
            Err(Rejection::Needs(refused)) => {
                let LimitExceeded { name, requested, .. } = refused.exceeded;
                Self::Needs(name.to_owned(), requested)
            }
            Err(other) => Self::Told(other.to_string()),
        }
    }

    pub(super) fn write(&self, mut to: impl Write) -> io::Result<()> {
        match self {
            Self::Code(code) => {
                to.write_all(&[CODE])?;
                to.write_all(code)?;
            }
            Self::Needs(name, requested) => {
                to.write_all(&[NEEDS])?;
                write!(to, "{name} {requested}")?;
            }
            Self::Told(reason) => {
                to.write_all(&[TOLD])?;
                to.write_all(reason.as_bytes())?;
            }
        }
        to.flush()
    }

    /// None for what is no answer.
    pub(super) fn read(mut bytes: Vec<u8>) -> Option<Self> {
        match *bytes.first()? {
            CODE => {
                bytes.remove(0);
                Some(Self::Code(bytes))
            }
            NEEDS => {
                let (name, requested) = std::str::from_utf8(bytes.get(1..)?).ok()?.split_once(' ')?;
                Some(Self::Needs(name.to_owned(), requested.parse().ok()?))
            }
            TOLD => {
                let reason = String::from_utf8_lossy(bytes.get(1..)?);
                let longest = reason.floor_char_boundary(LONGEST);
                let more = if longest < reason.len() { "…" } else { "" };
                Some(Self::Told(format!("{}{more}", reason.get(..longest)?)))
            }
            _ => None,
        }
    }

    /// The code, or why there is none.
    pub(super) fn taken(self, limits: &Limits) -> Result<Vec<u8>, Rejection> {
        let (name, requested) = match self {
            Self::Code(code) => return Ok(code),
            Self::Told(reason) => return Err(Rejection::Told(reason)),
            Self::Needs(name, requested) => (name, requested),
        };
        let (name, limit) = match name.as_str() {
            "memory" => ("memory", limits.memory),
            "table_elements" => ("table_elements", limits.table_elements),
            other => return Err(Rejection::Told(format!("it needs {requested} of {other}"))),
        };
        let exceeded = LimitExceeded {
            name,
            limit,
            current: 0,
            requested,
        };
        Err(Rejection::Needs(Box::new(limits.refused(exceeded))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn carried(answer: &Answer) -> Option<Answer> {
        let mut bytes = Vec::new();
        answer.write(&mut bytes).unwrap();
        Answer::read(bytes)
    }

    #[test]
    fn what_is_answered_arrives() {
        for answer in [
            Answer::Code(b"\x7fELF".to_vec()),
            Answer::Code(Vec::new()),
            Answer::Needs("memory".to_owned(), 7),
            Answer::Told("it is a core module".to_owned()),
        ] {
            assert_eq!(carried(&answer), Some(answer));
        }
        assert_eq!(Answer::read(Vec::new()), None);
        assert_eq!(Answer::read(b"N7".to_vec()), None);
        assert_eq!(Answer::read(b"?".to_vec()), None);
    }

    #[test]
    fn what_it_needs_is_told_with_the_setting() {
        let limits = Limits::default();
        let refused = limits.check("memory", limits.memory, usize::MAX).unwrap_err();
        let here = Rejection::Needs(Box::new(refused));
        let told = here.to_string();
        let there = carried(&Answer::of(Err(here))).unwrap().taken(&limits);
        assert_eq!(there.unwrap_err().to_string(), told);
    }

    #[test]
    fn a_long_reason_is_cut() {
        let long = Answer::Told("ü".repeat(LONGEST));
        let Some(Answer::Told(cut)) = carried(&long) else {
            panic!("no reason")
        };
        assert!(cut.len() < LONGEST + 4 && cut.ends_with("ü…"), "{cut}");
    }
}
