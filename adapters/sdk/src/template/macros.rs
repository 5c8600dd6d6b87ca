//! The macros and placeholders of a template.

use super::{DateFormat, TemplateFault as Fault, scan::Located};
use crate::java_date::{Pattern, Zone};

/// The names of macros, in small letters.
const NAMES: [&str; 6] = [
    "date",
    "gmtdate",
    "datetimezone",
    "nowtimezone",
    "epoch",
    "milliseconds",
];

/// The macro's name that a text begins with.
pub(super) fn leading_name(text: &str) -> Option<&str> {
    let end = text
        .find(|c: char| !c.is_ascii_alphabetic())
        .unwrap_or(text.len());
    let name = text.get(..end)?;
    NAMES
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known))
        .then_some(name)
}

/// `{name}`: filled from the instance's configuration.
#[derive(Debug, Clone)]
pub(super) struct Placeholder {
    pub(super) name: String,
    /// Where it stands in the template.
    pub(super) at: usize,
}

/// `${…}`.
#[derive(Debug, Clone)]
pub(super) enum Macro {
    /// The window's start as a number of this unit since 1970.
    Epoch(Unit),
    /// `0`, the beginning of all time.
    Beginning,
    /// An instant as a date.
    Date {
        instant: Instant,
        zone: Written<Zone>,
        format: Written<DateFormat>,
    },
    /// The window's start in the format of the resource's dates.
    DefaultDate { zone: Zone, at: usize },
}

/// Units of Unix time.
#[derive(Debug, Clone, Copy)]
pub(super) enum Unit {
    Seconds,
    Milliseconds,
    Microseconds,
}

/// Which instant a macro shows.
#[derive(Debug, Clone, Copy)]
pub(super) enum Instant {
    /// The window's start.
    Since,
    /// The poll's own time.
    Now,
}

/// What a macro's text means: known when the template is read, or, with placeholders, when it is rendered.
#[derive(Debug, Clone)]
pub(super) enum Written<T> {
    Known(T),
    /// The text between placeholders, and where it stands in the template.
    Open {
        pieces: Vec<Piece>,
        at: usize,
    },
}

#[derive(Debug, Clone)]
pub(super) enum Piece {
    Text(String),
    Placeholder(Placeholder),
}

/// What may be written into a macro.
pub(super) trait Meaning: Sized {
    fn of(text: &str) -> Result<Self, Fault>;
}

impl Placeholder {
    /// The placeholder whose `{` is at `start`, and where the text after it begins.
    pub(super) fn read(source: &str, start: usize) -> Located<(Self, usize)> {
        let inner = source.get(start + 1..).unwrap_or_default();
        let length = inner.find('}').ok_or((Fault::OpenPlaceholder, start))?;
        let name = inner.get(..length).unwrap_or_default().trim();
        if let Some(known) = leading_name(name)
            && (known == name || name.get(known.len()..).is_some_and(|rest| rest.starts_with(':')))
        {
            let text = name.to_owned();
            return Err((Fault::NoDollar { text }, start));
        }
        if name.is_empty() || name.contains(['{', '$', '\'', '?', '&', '=', '/']) {
            return Err((Fault::PlaceholderName, start));
        }
        Ok((
            Self {
                name: name.to_owned(),
                at: start,
            },
            start + 1 + length + 1,
        ))
    }
}

impl Macro {
    /// The macro whose body stands between two positions of the template.
    pub(super) fn read(source: &str, start: usize, end: usize) -> Located<Self> {
        let body = source.get(start..end).unwrap_or_default();
        let (name, argument) = match body.split_once(':') {
            Some((name, argument)) => (name, Some(argument)),
            None => (body, None),
        };
        let at = end - argument.map_or(0, str::len);
        let format = |zone| match argument {
            None => Ok(Self::DefaultDate { zone, at: start }),
            Some(_) => Ok(Self::Date {
                instant: Instant::Since,
                zone: Written::Known(zone),
                format: written_format(source, at, end)?,
            }),
        };
        match name.trim().to_ascii_lowercase().as_str() {
            // Java calls the two zones by different names, which `z` shows.
            "date" => format(Zone::UTC),
            "gmtdate" => format(Zone::java("GMT")),
            "datetimezone" => zoned(source, at, end, Instant::Since),
            "nowtimezone" => zoned(source, at, end, Instant::Now),
            "epoch" => match argument {
                None | Some("ms") => Ok(Self::Epoch(Unit::Milliseconds)),
                Some("s") => Ok(Self::Epoch(Unit::Seconds)),
                Some("us") => Ok(Self::Epoch(Unit::Microseconds)),
                Some("0") => Ok(Self::Beginning),
                Some(unit) => Err((
                    Fault::Unit {
                        unit: unit.to_owned(),
                    },
                    at,
                )),
            },
            "milliseconds" if argument.is_none() => Ok(Self::Epoch(Unit::Milliseconds)),
            "milliseconds" => Err((
                Fault::Unit {
                    unit: argument.unwrap_or_default().to_owned(),
                },
                at,
            )),
            _ => Err((unknown(name, body), start)),
        }
    }
}

impl<T: Meaning> Written<T> {
    /// What stands between two positions of the template.
    fn read(source: &str, start: usize, end: usize) -> Located<Self> {
        let text = source.get(start..end).unwrap_or_default();
        let mut pieces = Vec::new();
        let mut literal = start;
        let mut quoted = false;
        let mut at = start;
        while at < end {
            match source.as_bytes().get(at) {
                Some(b'\'') => quoted = !quoted,
                Some(b'{') if !quoted => {
                    pieces.push(Piece::Text(
                        source.get(literal..at).unwrap_or_default().to_owned(),
                    ));
                    let (placeholder, after) = Placeholder::read(source, at)?;
                    pieces.push(Piece::Placeholder(placeholder));
                    (literal, at) = (after, after);
                    continue;
                }
                _ => {}
            }
            at += 1;
        }
        if pieces.is_empty() {
            return T::of(text).map(Self::Known).map_err(|fault| (fault, start));
        }
        pieces.push(Piece::Text(
            source.get(literal..end).unwrap_or_default().to_owned(),
        ));
        Ok(Self::Open { pieces, at: start })
    }
}

impl Meaning for Zone {
    fn of(text: &str) -> Result<Self, Fault> {
        let zone = text.trim();
        Self::known(zone).ok_or_else(|| Fault::UnknownZone {
            zone: zone.to_owned(),
        })
    }
}

impl Meaning for DateFormat {
    fn of(text: &str) -> Result<Self, Fault> {
        Self::new(text).map_err(|source| Fault::Format {
            format: text.to_owned(),
            source,
        })
    }
}

/// `ZONE:FORMAT`
fn zoned(source: &str, start: usize, end: usize, instant: Instant) -> Located<Macro> {
    let text = source.get(start..end).unwrap_or_default();
    let zone_end = start + zone_length(text).ok_or((Fault::NoFormat, start))?;
    let zone = Written::read(source, start, zone_end)?;
    let format = written_format(source, zone_end + 1, end)?;
    Ok(Macro::Date {
        instant,
        zone,
        format,
    })
}

fn written_format(source: &str, start: usize, end: usize) -> Located<Written<DateFormat>> {
    if start >= end {
        return Err((Fault::NoFormat, start));
    }
    Written::read(source, start, end)
}

/// How long the zone is in `ZONE:FORMAT`. Both may hold colons, so the longest beginning that is a zone counts; one
/// with a placeholder goes to the first colon behind its braces, as does what is no zone at all.
fn zone_length(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let colons = text.char_indices().filter(|(_, character)| {
        match character {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        *character == ':' && depth == 0
    });
    let colons: Vec<usize> = colons.map(|(at, _)| at).collect();
    let first = *colons.first()?;
    let is_zone = |at: &&usize| {
        text.get(..**at)
            .is_some_and(|zone| Zone::known(zone.trim()).is_some())
    };
    Some(colons.iter().rev().find(is_zone).copied().unwrap_or(first))
}

/// What to say of a name that is no macro's.
fn unknown(name: &str, body: &str) -> Fault {
    if !body.is_empty() && body.bytes().all(|byte| byte.is_ascii_digit()) {
        return Fault::FixedNumber;
    }
    let has_date = ["yy", "MM", "dd", "HH", "mm", "ss"]
        .iter()
        .any(|letters| body.contains(letters));
    if has_date && Pattern::new(body).is_ok() {
        return Fault::NamelessFormat {
            format: body.to_owned(),
        };
    }
    Fault::UnknownMacro {
        name: name.to_owned(),
    }
}
