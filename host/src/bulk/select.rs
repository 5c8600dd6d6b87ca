//! `select id,name from contacts where … order by … limit 10 offset 20`.
//!
//! What stands behind `where` is the element's business and handed to it as it is; so only the words of the frame are
//! looked for, outside of quotes.

use std::ops::Range;

/// A query, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Select {
    /// The resource.
    pub object: String,
    /// Exactly these members; empty means all.
    pub fields: Vec<String>,
    /// What stands behind `where`.
    pub filter: Option<String>,
    /// What stands behind `order by`.
    pub order: Option<String>,
    /// At most so many records.
    pub limit: Option<u64>,
    /// So many records are left out first.
    pub offset: u64,
}

/// Why a query is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectError {
    /// It is too long.
    #[error("has {0} bytes; the most are {LONGEST}")]
    TooLong(usize),
    /// It is not of the form.
    #[error("{what}; {FORM}")]
    Form {
        /// What is wrong.
        what: String,
    },
}

/// The longest query, in bytes.
const LONGEST: usize = 16 << 10;
/// The most fields.
const FIELDS: usize = 500;
const FORM: &str = "it should be like select * from contacts, or select id,name from contacts where name = 'x' \
                    order by name desc limit 10 offset 20";

/// A word outside of quotes.
struct Word<'a> {
    text: &'a str,
    at: Range<usize>,
}

// === impl Select ===

impl Select {
    /// Take a query apart.
    pub fn parse(query: &str) -> Result<Self, SelectError> {
        if query.len() > LONGEST {
            return Err(SelectError::TooLong(query.len()));
        }
        let words = words(query)?;
        let mut frame = Frame {
            query,
            words: &words,
            next: 0,
        };
        frame.expect("select")?;
        let fields = fields(frame.until(&["from"]))?;
        frame.expect("from")?;
        let object = object(frame.until(&["where", "order", "limit", "offset"]))?;
        let mut select = Self {
            object,
            fields,
            filter: None,
            order: None,
            limit: None,
            offset: 0,
        };
        if frame.take("where") {
            select.filter = Some(some("where", frame.until(&["order", "limit", "offset"]))?);
        }
        if frame.take("order") {
            frame.expect("by")?;
            select.order = Some(some("order by", frame.until(&["limit", "offset"]))?);
        }
        if frame.take("limit") {
            select.limit = Some(number("limit", frame.until(&["offset"]))?);
        }
        if frame.take("offset") {
            select.offset = number("offset", frame.until(&[]))?;
        }
        Ok(select)
    }
}

/// The query and how far it was read.
struct Frame<'q> {
    query: &'q str,
    words: &'q [Word<'q>],
    next: usize,
}

impl<'q> Frame<'q> {
    fn take(&mut self, keyword: &str) -> bool {
        let found = self.words.get(self.next);
        let found = found.is_some_and(|word| word.text.eq_ignore_ascii_case(keyword));
        self.next += usize::from(found);
        found
    }

    fn expect(&mut self, keyword: &str) -> Result<(), SelectError> {
        if self.take(keyword) {
            return Ok(());
        }
        let found = self.words.get(self.next).map_or("nothing", |word| word.text);
        Err(form(format!(
            "{} is expected where {:?} stands",
            keyword.to_uppercase(),
            short(found)
        )))
    }

    /// The text up to one of these words, or to the end. `order` counts where `by` follows.
    fn until(&mut self, keywords: &[&str]) -> &'q str {
        let start = match self.next.checked_sub(1).and_then(|last| self.words.get(last)) {
            Some(word) => word.at.end,
            None => 0,
        };
        while let Some(word) = self.words.get(self.next) {
            let ends = keywords
                .iter()
                .any(|keyword| word.text.eq_ignore_ascii_case(keyword));
            let by = || self.words.get(self.next + 1);
            let ordered = || by().is_some_and(|by| by.text.eq_ignore_ascii_case("by"));
            if ends && (!word.text.eq_ignore_ascii_case("order") || ordered()) {
                return self.query.get(start..word.at.start).unwrap_or_default().trim();
            }
            self.next += 1;
        }
        self.query.get(start..).unwrap_or_default().trim()
    }
}

/// The words outside of quotes, in their order. What stands in quotes is part of no word.
fn words(query: &str) -> Result<Vec<Word<'_>>, SelectError> {
    let mut words = Vec::new();
    let mut start = None;
    let mut quote = None;
    for (at, letter) in query.char_indices() {
        let inside = quote.is_none() && (letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.' | '/'));
        match (inside, start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                push(&mut words, query, from..at);
                start = None;
            }
            _ => {}
        }
        match quote {
            Some(open) if open == letter => quote = None,
            None if matches!(letter, '\'' | '"' | '`') => quote = Some(letter),
            _ => {}
        }
    }
    if let Some(quote) = quote {
        return Err(form(format!("a {quote} is opened and not closed")));
    }
    if let Some(from) = start {
        push(&mut words, query, from..query.len());
    }
    Ok(words)
}

fn push<'q>(words: &mut Vec<Word<'q>>, query: &'q str, at: Range<usize>) {
    if let Some(text) = query.get(at.clone()) {
        words.push(Word { text, at });
    }
}

fn fields(text: &str) -> Result<Vec<String>, SelectError> {
    if text == "*" {
        return Ok(Vec::new());
    }
    let names: Vec<String> = text.split(',').map(unquoted).collect();
    if names.iter().any(|name| name.is_empty() || name.contains('*')) {
        return Err(form(format!(
            "{:?} is neither * nor names between commas",
            short(text)
        )));
    }
    if names.len() > FIELDS {
        return Err(form(format!(
            "{} fields are named; the most are {FIELDS}",
            names.len()
        )));
    }
    Ok(names)
}

fn object(text: &str) -> Result<String, SelectError> {
    let name = unquoted(text);
    let fits = |letter: char| letter.is_alphanumeric() || "_-./{}".contains(letter);
    if name.is_empty() || !name.chars().all(fits) {
        return Err(form(format!("{:?} is no resource's name", short(text))));
    }
    Ok(name)
}

fn unquoted(text: &str) -> String {
    let text = text.trim();
    for quote in ['`', '"', '\''] {
        let inner = text.strip_prefix(quote).and_then(|text| text.strip_suffix(quote));
        if let Some(inner) = inner {
            return inner.trim().to_owned();
        }
    }
    text.to_owned()
}

fn some(what: &str, text: &str) -> Result<String, SelectError> {
    if text.is_empty() {
        return Err(form(format!("nothing stands behind {}", what.to_uppercase())));
    }
    Ok(text.to_owned())
}

fn number(what: &str, text: &str) -> Result<u64, SelectError> {
    let number = text.parse::<u32>().map(u64::from);
    number.map_err(|_none| {
        form(format!(
            "{:?} behind {} is no number",
            short(text),
            what.to_uppercase()
        ))
    })
}

fn form(what: String) -> SelectError {
    SelectError::Form { what }
}

/// What an error shows of a text.
fn short(text: &str) -> String {
    text.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(query: &str, expect: &str) {
        let shown = match Select::parse(query) {
            Ok(select) => format!(
                "{} [{}] where {} order {} {:?}+{}",
                select.object,
                select.fields.join("|"),
                select.filter.as_deref().unwrap_or("-"),
                select.order.as_deref().unwrap_or("-"),
                select.limit,
                select.offset
            ),
            Err(error) => error.to_string(),
        };
        assert!(shown.starts_with(expect), "{query}\n{shown}\n{expect}");
    }

    #[test]
    fn queries_are_taken_apart() {
        check("select * from contacts", "contacts [] where - order - None+0");
        check("  SELECT  *  FROM\n contacts ", "contacts [] where - order -");
        check("select*from contacts", "contacts [] where -");
        check(
            "select a from b where c.limit=1 and d=-1",
            "b [a] where c.limit=1 and d=-1 order - None",
        );
        check(
            "select id, `First Name` from contacts",
            "contacts [id|First Name] where -",
        );
        check(
            "select id from contacts where Name = 'a order by limit 3' and `x from` > 1 order by Name desc limit 10 offset 5",
            "contacts [id] where Name = 'a order by limit 3' and `x from` > 1 order Name desc Some(10)+5",
        );
        check(
            "select * from `addressbook-entries` WHERE order='1' and limited=2 LIMIT 3",
            "addressbook-entries [] where order='1' and limited=2 order - Some(3)+0",
        );
        check("select * from a offset 2", "a [] where - order - None+2");
        check("select * from users/{id}/things", "users/{id}/things [] where -");
    }

    #[test]
    fn what_is_no_query_says_why() {
        check("", "SELECT is expected where \"nothing\" stands");
        check("contacts", "SELECT is expected where \"contacts\" stands");
        check("select * contacts", "\"* contacts\" is neither");
        check("select from contacts", "\"\" is neither");
        check("select a,,b from contacts", "\"a,,b\" is neither");
        check("select * from", "\"\" is no resource's name");
        check(
            "select * from contacts; drop table instances",
            "\"contacts; drop table instances\" is no",
        );
        check("select * from contacts where", "nothing stands behind WHERE");
        check(
            "select * from contacts where a = 'b",
            "a ' is opened and not closed",
        );
        check(
            "select * from contacts order Name",
            "\"contacts order Name\" is no resource's name",
        );
        check(
            "select * from contacts limit x",
            "\"x\" behind LIMIT is no number",
        );
        check(
            "select * from contacts limit -1",
            "\"-1\" behind LIMIT is no number",
        );
        check(
            "select * from contacts limit 1 limit 2",
            "\"1 limit 2\" behind LIMIT",
        );
        check(
            &format!("select {} from c", "a".repeat(LONGEST)),
            "has 16398 bytes",
        );
    }

    proptest! {
        #[test]
        fn nothing_panics(query in "(select |SELECT \\* from )?[\\PC'`\" ]{0,40}( from | where | limit |order by)?\\PC{0,20}") {
            let _ = Select::parse(&query);
        }
    }
}
