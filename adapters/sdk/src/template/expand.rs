//! Templates and what they are rendered with.

use std::fmt;

use super::{
    DateFormat, TemplateError, TemplateFault as Fault,
    macros::{Instant, Macro, Meaning, Piece, Placeholder, Unit, Written},
    scan::{Located, Part, parts},
};
use crate::place::Place;

/// A poller URL with macros.
#[derive(Debug, Clone)]
pub struct Template {
    source: String,
    parts: Vec<Part>,
}

/// What a template is rendered for.
#[derive(Clone, Copy)]
pub struct Moment<'a> {
    /// Start of the window, in milliseconds since 1970.
    pub since_ms: i64,
    /// The poll's own time, in milliseconds since 1970.
    pub now_ms: i64,
    /// The resource's `updatedDateFormat`, for `${date}` without a format; may be `milliseconds`.
    pub default_format: Option<&'a str>,
    /// The instance's configuration, for `{name}`. An empty value counts as none.
    pub placeholders: &'a dyn Fn(&str) -> Option<String>,
}

impl Template {
    /// Read a template.
    pub fn parse(url: &str) -> Result<Self, TemplateError> {
        Ok(Self {
            parts: parts(url)?,
            source: url.to_owned(),
        })
    }

    /// The URL for a moment, as [`super::PollerUrl::parse`] takes it apart. What is filled in is percent-encoded
    /// where it would change the URL's structure; everything else stays literal, `+` and quotes among it.
    pub fn render(&self, moment: &Moment<'_>) -> Result<String, TemplateError> {
        let mut url = String::with_capacity(self.source.len());
        let mut context = Context::Path;
        for part in &self.parts {
            match part {
                Part::Text(text) => {
                    url.push_str(text);
                    if text.contains('?') {
                        context = Context::Query;
                    }
                }
                Part::Placeholder(placeholder) => {
                    let value = moment.fill(placeholder).map_err(|fault| self.located(fault))?;
                    context.encode(&value, &mut url);
                }
                Part::Macro(part) => {
                    let value = moment.show(part).map_err(|fault| self.located(fault))?;
                    context.encode(&value, &mut url);
                }
            }
        }
        Ok(url)
    }

    /// The template as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    fn located(&self, (fault, at): (Fault, usize)) -> TemplateError {
        TemplateError {
            fault,
            place: Place::new(&self.source, at),
        }
    }
}

impl fmt::Debug for Moment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Moment")
            .field("since_ms", &self.since_ms)
            .field("now_ms", &self.now_ms)
            .field("default_format", &self.default_format)
            .finish_non_exhaustive()
    }
}

impl Moment<'_> {
    fn fill(&self, placeholder: &Placeholder) -> Located<String> {
        (self.placeholders)(&placeholder.name)
            .filter(|value| !value.is_empty())
            .ok_or_else(|| {
                (
                    Fault::Unfilled {
                        name: placeholder.name.clone(),
                    },
                    placeholder.at,
                )
            })
    }

    fn show(&self, part: &Macro) -> Located<String> {
        Ok(match part {
            Macro::Epoch(Unit::Seconds) => self.since_ms.div_euclid(1000).to_string(),
            Macro::Epoch(Unit::Milliseconds) => self.since_ms.to_string(),
            Macro::Epoch(Unit::Microseconds) => (i128::from(self.since_ms) * 1000).to_string(),
            Macro::Beginning => "0".to_owned(),
            Macro::DefaultDate { zone, at } => {
                let format = self.default_format.ok_or((Fault::NoDefaultFormat, *at))?;
                let format = DateFormat::of(format).map_err(|fault| (fault, *at))?;
                format.format(self.since_ms, zone)
            }
            Macro::Date {
                instant,
                zone,
                format,
            } => {
                let unix_ms = match instant {
                    Instant::Since => self.since_ms,
                    Instant::Now => self.now_ms,
                };
                let zone = zone.resolve(self)?;
                format.resolve(self)?.format(unix_ms, &zone)
            }
        })
    }
}

impl<T: Meaning + Clone> Written<T> {
    fn resolve(&self, moment: &Moment<'_>) -> Located<T> {
        match self {
            Self::Known(known) => Ok(known.clone()),
            Self::Open { pieces, at } => {
                let mut text = String::new();
                for piece in pieces {
                    match piece {
                        Piece::Text(literal) => text.push_str(literal),
                        Piece::Placeholder(placeholder) => text.push_str(&moment.fill(placeholder)?),
                    }
                }
                T::of(&text).map_err(|fault| (fault, *at))
            }
        }
    }
}

/// Where in the URL a value is filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Context {
    Path,
    Query,
}

impl Context {
    /// Append a value such that it stays one piece of the URL.
    fn encode(self, value: &str, url: &mut String) {
        for character in value.chars() {
            let structural = match character {
                '%' | '&' => true,
                '/' | '?' => self == Self::Path,
                other => other.is_control(),
            };
            if structural {
                url.extend(
                    character
                        .encode_utf8(&mut [0; 4])
                        .bytes()
                        .map(|byte| format!("%{byte:02X}")),
                );
            } else {
                url.push(character);
            }
        }
    }
}
