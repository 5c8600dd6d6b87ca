//! A place in a text that somebody wrote, for errors that can be looked at.

use std::fmt;

/// Characters shown before the place.
const BEFORE: usize = 60;
/// Characters shown after it.
const AFTER: usize = 40;

/// A place in a written text: its byte position, the text around it and a caret under it.
///
/// ```text
/// byte 7:
///   Name = 'Acme
///          ^
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    offset: usize,
    excerpt: String,
    /// Characters of the excerpt before the caret.
    column: usize,
}

impl Place {
    /// The place `offset` bytes into `source`; an offset beyond the end means the end.
    pub fn new(source: &str, offset: usize) -> Self {
        let mut offset = offset.min(source.len());
        while !source.is_char_boundary(offset) {
            offset -= 1;
        }
        let (before, after) = source.split_at_checked(offset).unwrap_or((source, ""));
        let start = before
            .char_indices()
            .rev()
            .take(BEFORE)
            .last()
            .map_or(before.len(), |(at, _)| at);
        let shown = before.get(start..).unwrap_or_default();

        let mut excerpt = String::new();
        if start > 0 {
            excerpt.push('…');
        }
        excerpt.extend(shown.chars().map(visible));
        let column = excerpt.chars().count();
        excerpt.extend(after.chars().take(AFTER).map(visible));
        if after.chars().nth(AFTER).is_some() {
            excerpt.push('…');
        }
        Self {
            offset,
            excerpt,
            column,
        }
    }

    /// Bytes before the place.
    pub fn offset(&self) -> usize {
        self.offset
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "byte {}:\n  {}\n  {:>width$}",
            self.offset,
            self.excerpt,
            '^',
            width = self.column + 1
        )
    }
}

/// Control characters would move the caret or drive the reader's terminal.
fn visible(character: char) -> char {
    if character.is_control() { ' ' } else { character }
}

#[cfg(test)]
mod tests {
    use super::Place;

    #[track_caller]
    fn check(source: &str, offset: usize, expect: &str) {
        assert_eq!(Place::new(source, offset).to_string(), expect);
    }

    #[test]
    fn points_at_the_place() {
        check("Name = 'Acme", 7, "byte 7:\n  Name = 'Acme\n         ^");
        check("", 0, "byte 0:\n  \n  ^");
        check("ab", 99, "byte 2:\n  ab\n    ^");
        check("é=1", 1, "byte 0:\n  é=1\n  ^");
        check("é=1", 2, "byte 2:\n  é=1\n   ^");
        check("a\n\u{1b}[2Jb", 1, "byte 1:\n  a  [2Jb\n   ^");
    }

    #[test]
    fn long_texts_are_cut_around_it() {
        let shown = Place::new(&"x".repeat(1000), 500).to_string();
        let expect = format!("byte 500:\n  …{}…\n  {}^", "x".repeat(100), " ".repeat(61));
        assert_eq!(shown, expect);
    }
}
