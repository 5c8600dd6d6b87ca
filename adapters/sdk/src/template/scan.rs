//! From the text of a template to its parts.

use super::{
    TemplateError, TemplateFault as Fault,
    macros::{Macro, Placeholder, leading_name},
};
use crate::place::Place;

/// The longest template that is read, in bytes.
pub const MAX_LENGTH: usize = 8 * 1024;

/// A part of a template.
#[derive(Debug, Clone)]
pub(super) enum Part {
    /// As it stands.
    Text(String),
    Placeholder(Placeholder),
    Macro(Macro),
}

/// A fault and its byte position in the template.
pub(super) type Located<T> = Result<T, (Fault, usize)>;

/// Read a template.
pub(super) fn parts(source: &str) -> Result<Vec<Part>, TemplateError> {
    let read = if source.len() > MAX_LENGTH {
        Err((Fault::TooLong { length: source.len() }, MAX_LENGTH))
    } else {
        Scanner {
            source,
            at: 0,
            text: String::new(),
            parts: Vec::new(),
            quotes: Quotes::default(),
        }
        .scan()
    };
    read.map_err(|(fault, at)| TemplateError {
        fault,
        place: Place::new(source, at),
    })
}

struct Scanner<'s> {
    source: &'s str,
    at: usize,
    text: String,
    parts: Vec<Part>,
    quotes: Quotes,
}

/// The quotes around macros.
#[derive(Default)]
struct Quotes {
    in_query: bool,
    open: Option<usize>,
}

impl Scanner<'_> {
    fn scan(mut self) -> Located<Vec<Part>> {
        while let Some(first) = self.rest().chars().next() {
            let rest = self.rest();
            if rest.starts_with("${") {
                self.macro_()?;
            } else if rest.starts_with("$${") {
                return Err((Fault::DoubledDollar, self.at));
            } else if let Some(name) = rest.strip_prefix('$').and_then(leading_name) {
                let name = name.to_owned();
                return Err((Fault::NoBraces { name }, self.at));
            } else if ["%24%7b", "$%7b", "%24{"]
                .iter()
                .any(|encoded| starts_with(rest, encoded))
            {
                return Err((Fault::EncodedMacro, self.at));
            } else if rest.starts_with("{{") {
                return Err((Fault::PageTemplate, self.at));
            } else if rest.starts_with("'\\''") {
                return Err((Fault::ShellQuote, self.at));
            } else if first == '{' {
                let (placeholder, end) = Placeholder::read(self.source, self.at)?;
                self.push(Part::Placeholder(placeholder), end);
            } else if first == '}' {
                return Err((Fault::StrayBrace, self.at));
            } else {
                self.quotes.pass(first, self.at)?;
                self.text.push(first);
                self.at += first.len_utf8();
            }
        }
        self.quotes.close()?;
        let end = self.at;
        self.push(Part::Text(String::new()), end);
        Ok(self.parts)
    }

    fn macro_(&mut self) -> Located<()> {
        let start = self.at + "${".len();
        if self.source.get(start..).is_some_and(|body| body.starts_with('{')) {
            return Err((Fault::DoubledBraces, self.at));
        }
        let end = macro_end(self.source, start)?;
        let part = Part::Macro(Macro::read(self.source, start, end)?);
        self.push(part, end + 1);
        Ok(())
    }

    /// The text so far is a part, then this one, and the next begins at `end`.
    fn push(&mut self, part: Part, end: usize) {
        if !self.text.is_empty() {
            self.parts.push(Part::Text(std::mem::take(&mut self.text)));
        }
        if !matches!(&part, Part::Text(text) if text.is_empty()) {
            self.parts.push(part);
        }
        self.at = end;
    }

    fn rest(&self) -> &str {
        self.source.get(self.at..).unwrap_or_default()
    }
}

impl Quotes {
    fn pass(&mut self, character: char, at: usize) -> Located<()> {
        match character {
            '?' => self.in_query = true,
            '\'' if !self.in_query => return Err((Fault::QuoteInPath, at)),
            '\'' if self.open.is_some() => self.open = None,
            '\'' => self.open = Some(at),
            '&' if !self.in_query => return Err((Fault::AmpersandInPath, at)),
            '&' => self.close()?,
            _ => {}
        }
        Ok(())
    }

    /// A parameter ends.
    fn close(&self) -> Located<()> {
        self.open.map_or(Ok(()), |at| Err((Fault::OpenQuote, at)))
    }
}

/// Whether a text begins so, whatever the case.
fn starts_with(text: &str, begin: &str) -> bool {
    text.get(..begin.len())
        .is_some_and(|text| text.eq_ignore_ascii_case(begin))
}

/// Where the `}` of a macro is whose body begins at `start`.
fn macro_end(source: &str, start: usize) -> Located<usize> {
    let body = source.as_bytes().get(start..).unwrap_or_default();
    let mut quote = None;
    // The quote that a brace was passed in.
    let mut hiding = None;
    let mut placeholder = None;
    for (index, byte) in body.iter().enumerate() {
        let at = start + index;
        match byte {
            b'$' if body.get(index + 1) == Some(&b'{') => {
                return Err(hiding.map_or((Fault::NestedMacro, at), |quote| (Fault::HiddenBrace, quote)));
            }
            b'\'' if placeholder.is_none() => quote = if quote.is_some() { None } else { Some(at) },
            b'}' if quote.is_some() => hiding = hiding.or(quote),
            b'{' if quote.is_none() => match placeholder.replace(at) {
                None => {}
                Some(outer) => return Err((Fault::PlaceholderName, outer)),
            },
            b'}' if placeholder.is_some() => placeholder = None,
            b'}' => return Ok(at),
            _ => {}
        }
    }
    Err(
        hiding.map_or((Fault::OpenMacro, start.saturating_sub("${".len())), |quote| {
            (Fault::HiddenBrace, quote)
        }),
    )
}
