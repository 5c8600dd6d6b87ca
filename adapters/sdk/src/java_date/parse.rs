//! From text to an instant, lenient.

use super::{
    Pattern, Zone,
    calendar::narrow,
    fields::{Field, Fields, calendar_weekday},
    format::{DAYS, MONTHS},
    number,
    pattern::{Letter, Token},
    zone::Names,
};

/// Why a text is no date.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} does not fit the pattern {pattern:?} at position {at}: {fault}")]
pub struct DateError {
    /// The beginning of the text.
    text: String,
    /// The pattern.
    pattern: String,
    /// Where it does not fit, in bytes.
    pub at: usize,
    /// What is wrong there.
    fault: Fault,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    #[error("expected {0:?}")]
    Literal(char),
    #[error("expected {0}")]
    Field(&'static str),
    #[error("nothing was read")]
    Nothing,
    #[error("there is no such era")]
    Era,
}

impl Pattern {
    /// The instant that a text means, in milliseconds since 1970-01-01T00:00:00Z. What follows the date is ignored,
    /// fields roll over, as Java's lenient parsing has it. `now_ms` places years of two digits: from 80 years before
    /// to 20 years after it.
    ///
    /// # Errors
    ///
    /// Where Java finds no date in the text.
    pub fn parse(&self, text: &str, zone: &Zone, now_ms: i64) -> Result<i64, DateError> {
        let mut reader = Reader {
            text,
            at: 0,
            fields: Fields::default(),
            zone: zone.clone(),
            ambiguous: false,
        };
        let error = |at: usize, fault| DateError {
            text: text.chars().take(100).collect(),
            pattern: self.source.clone(),
            at,
            fault,
        };
        let century = century_start(now_ms, zone);
        for (index, token) in self.tokens.iter().enumerate() {
            match token {
                Token::Literal(c) => match reader.rest().strip_prefix(*c) {
                    Some(_) => reader.at += c.len_utf8(),
                    None => return Err(error(reader.at, Fault::Literal(*c))),
                },
                Token::Field(letter, count) => {
                    // A field that touches a number is as wide as it is written.
                    let touches = self.tokens.get(index + 1).is_some_and(Token::is_number);
                    let width = touches.then_some(*count);
                    match reader.field(*letter, *count, width, century.year) {
                        Some(end) => reader.at = end,
                        None => return Err(error(reader.at, Fault::Field(letter.expected()))),
                    }
                }
            }
        }
        let end = reader.at;
        if end == 0 {
            // A pattern without anything to read: Java takes no progress for a failure.
            return Err(error(end, Fault::Nothing));
        }
        let instant = reader
            .fields
            .clone()
            .instant(&reader.zone)
            .map_err(|fault| error(end, fault))?;
        match reader.ambiguous {
            // The two-digit year of the window's first year: its end, where its start is too early.
            true if instant < century.instant => {
                reader.fields.add_years(100);
                reader
                    .fields
                    .instant(&reader.zone)
                    .map_err(|fault| error(end, fault))
            }
            _ => Ok(instant),
        }
    }
}

/// Where the hundred years of two-digit years begin.
#[derive(Debug, Clone, Copy)]
struct Century {
    instant: i64,
    year: i128,
}

fn century_start(now_ms: i64, zone: &Zone) -> Century {
    use super::calendar::{DAY_MS, Date, System};
    let local = i128::from(now_ms) + i128::from(zone.offset_ms(now_ms));
    let date = Date::of(local.div_euclid(DAY_MS));
    let year = date.year - 80;
    let day = System::Gregorian.first_of_month(year, date.month) + i128::from(date.day) - 1;
    let wall = day * DAY_MS + local.rem_euclid(DAY_MS);
    let instant = i64::try_from(wall)
        .unwrap_or(i64::MIN)
        .saturating_sub(zone.offset_ms(now_ms));
    Century { instant, year }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    fields: Fields,
    zone: Zone,
    /// Whether a year of two digits was the window's first.
    ambiguous: bool,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Read a field; returns where it ends.
    fn field(&mut self, letter: Letter, count: usize, width: Option<usize>, century: i128) -> Option<usize> {
        let start = self.at;
        let blanks = self
            .rest()
            .bytes()
            .take_while(|byte| matches!(byte, b' ' | b'\t'))
            .count();
        let from = start + blanks;
        if from >= self.text.len() {
            return None;
        }
        match letter {
            Letter::Era => self.name(start, Field::Era, ["BC", "AD"].into_iter(), 0),
            Letter::AmPm => self.name(start, Field::AmPm, ["AM", "PM"].into_iter(), 0),
            Letter::DayName => self
                .name(start, Field::DayOfWeek, DAYS.into_iter(), 1)
                .or_else(|| {
                    self.name(
                        start,
                        Field::DayOfWeek,
                        DAYS.into_iter().filter_map(|day| day.get(..3)),
                        1,
                    )
                }),
            Letter::Month | Letter::StandaloneMonth if count > 2 => {
                self.name(start, Field::Month, MONTHS.into_iter(), 0).or_else(|| {
                    self.name(
                        start,
                        Field::Month,
                        MONTHS.into_iter().filter_map(|month| month.get(..3)),
                        0,
                    )
                })
            }
            Letter::ZoneName | Letter::ZoneNumber => self.zone(start, from),
            Letter::ZoneIso => self.iso_zone(from, count),
            Letter::Year | Letter::WeekYear => {
                let (value, end) = self.number(start, from, width)?;
                let digits = self.text.get(from..end).unwrap_or_default();
                let field = if letter == Letter::Year {
                    Field::Year
                } else {
                    Field::WeekYear
                };
                let mut value = value;
                if count <= 2
                    && digits.chars().count() == 2
                    && digits.chars().all(|c| number::digit(c).is_some())
                {
                    let first = century.rem_euclid(100);
                    self.ambiguous = value == first;
                    value += century.div_euclid(100) * 100 + if value < first { 100 } else { 0 };
                }
                self.fields.set(field, value);
                Some(end)
            }
            _ => {
                let (value, end) = self.number(start, from, width)?;
                let (field, value) = match letter {
                    Letter::Month | Letter::StandaloneMonth => (Field::Month, narrow(value - 1)),
                    Letter::WeekOfYear => (Field::WeekOfYear, value),
                    Letter::WeekOfMonth => (Field::WeekOfMonth, value),
                    Letter::DayOfYear => (Field::DayOfYear, value),
                    Letter::DayOfWeekInMonth => (Field::DayOfWeekInMonth, value),
                    Letter::DayNumber => (Field::DayOfWeek, calendar_weekday(value)),
                    Letter::Hour24 => (Field::HourOfDay, value),
                    Letter::Hour24From1 => (Field::HourOfDay, if value == 24 { 0 } else { value }),
                    Letter::Hour12 => (Field::Hour, value),
                    Letter::Hour12From1 => (Field::Hour, if value == 12 { 0 } else { value }),
                    Letter::Minute => (Field::Minute, value),
                    Letter::Second => (Field::Second, value),
                    Letter::Millisecond => (Field::Millisecond, value),
                    _ => (Field::DayOfMonth, value),
                };
                self.fields.set(field, value);
                Some(end)
            }
        }
    }

    fn number(&self, start: usize, from: usize, width: Option<usize>) -> Option<(i128, usize)> {
        let text = match width {
            None => self.text.get(from..)?,
            Some(width) => self.text.get(from..self.after(start, width)?)?,
        };
        let (value, length) = number::read(text)?;
        Some((i128::from(value), from + length))
    }

    /// The position so many of Java's characters further on.
    fn after(&self, start: usize, mut width: usize) -> Option<usize> {
        let rest = self.text.get(start..)?;
        for (at, character) in rest.char_indices() {
            if width == 0 {
                return Some(start + at);
            }
            width = width.saturating_sub(character.len_utf16());
        }
        (width == 0).then_some(self.text.len())
    }

    /// The longest of some names that stands here, whatever its case.
    fn name<'n>(
        &mut self,
        start: usize,
        field: Field,
        names: impl Iterator<Item = &'n str>,
        first: i128,
    ) -> Option<usize> {
        let mut best: Option<(i128, usize)> = None;
        for (value, name) in (first..).zip(names) {
            if best.is_none_or(|(_, length)| name.len() > length) && self.stands(start, name).is_some() {
                best = Some((value, name.len()));
            }
        }
        let (value, length) = best?;
        self.fields.set(field, value);
        Some(start + length)
    }

    /// How many bytes a name takes here, whatever its case.
    fn stands(&self, at: usize, name: &str) -> Option<usize> {
        let mut here = self.text.get(at..)?.chars();
        for expected in name.chars() {
            let found = here.next()?;
            if found != expected && !found.to_lowercase().eq(expected.to_lowercase()) {
                return None;
            }
        }
        Some(self.text.len() - at - here.as_str().len())
    }

    fn zone(&mut self, start: usize, from: usize) -> Option<usize> {
        match self.text.as_bytes().get(from)? {
            b'+' => self.offset(from + 1, 1, 0, false),
            b'-' => self.offset(from + 1, -1, 0, false),
            b'G' | b'g' if self.stands(start, "GMT").is_some() => {
                let end = start + 3;
                match self.text.as_bytes().get(end) {
                    Some(b'+') => self.offset(end + 1, 1, 0, true),
                    Some(b'-') => self.offset(end + 1, -1, 0, true),
                    _ => {
                        self.set_offset(0);
                        Some(end)
                    }
                }
            }
            _ => self.named_zone(from),
        }
    }

    fn iso_zone(&mut self, from: usize, count: usize) -> Option<usize> {
        match self.text.as_bytes().get(from)? {
            b'Z' => {
                self.set_offset(0);
                Some(from + 1)
            }
            b'+' => self.offset(from + 1, 1, count, count == 3),
            b'-' => self.offset(from + 1, -1, count, count == 3),
            _ => None,
        }
    }

    /// `hh`, `hhmm` or `hh:mm`, as strict as Java is.
    fn offset(&mut self, start: usize, sign: i128, count: usize, colon: bool) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let digit = |at: usize| {
            bytes
                .get(at)
                .filter(|byte| byte.is_ascii_digit())
                .map(|byte| i128::from(byte - b'0'))
        };
        let mut at = start;
        let mut hours = digit(at)?;
        at += 1;
        // Java looks at the next character even where the offset may end here.
        bytes.get(at)?;
        match digit(at) {
            Some(next) => {
                hours = hours * 10 + next;
                at += 1;
            }
            None if count > 0 || !colon => return None,
            None => {}
        }
        if hours > 23 {
            return None;
        }
        let mut minutes = 0;
        if count != 1 {
            if colon {
                bytes.get(at).filter(|byte| **byte == b':')?;
                at += 1;
            }
            minutes = digit(at)? * 10 + digit(at + 1)?;
            at += 2;
            if minutes > 59 {
                return None;
            }
        }
        self.set_offset(sign * (hours * 60 + minutes) * 60_000);
        Some(at)
    }

    fn set_offset(&mut self, offset_ms: i128) {
        self.fields.set(Field::ZoneOffset, offset_ms);
        self.fields.set(Field::DaylightOffset, 0);
    }

    /// A zone's name, short or long. The names of the zone in use come first.
    fn named_zone(&mut self, from: usize) -> Option<usize> {
        let own = self.zone.id().map(str::to_owned);
        let own = own.and_then(|id| {
            Some((
                Names::all().find(|names| names.ids().any(|known| known == id))?,
                id,
            ))
        });
        let others = Names::all().filter_map(|names| Some((names, names.ids().next()?.to_owned())));
        for (names, id) in own.into_iter().chain(others) {
            let spellings = [
                (names.long, false),
                (names.short, false),
                (names.long_daylight, true),
                (names.short_daylight, true),
            ];
            let Some((name, daylight, length)) = spellings
                .into_iter()
                .filter(|(name, _)| !name.is_empty())
                .find_map(|(name, daylight)| Some((name, daylight, self.stands(from, name)?)))
            else {
                continue;
            };
            let same = names.short.eq_ignore_ascii_case(names.short_daylight)
                && name.len() == names.short.len()
                || names.long.eq_ignore_ascii_case(names.long_daylight) && name.len() == names.long.len();
            let zone = Zone::java(&id);
            let saving = if daylight { zone.daylight_ms() } else { 0 };
            if !(same || daylight && saving == 0) {
                self.fields.clear(Field::ZoneOffset);
                self.fields.set(Field::DaylightOffset, i128::from(saving));
            }
            self.zone = zone;
            return Some(from + length);
        }
        None
    }
}

impl Letter {
    fn expected(self) -> &'static str {
        match self {
            Self::Era => "an era, AD or BC",
            Self::Year | Self::WeekYear => "a year",
            Self::Month | Self::StandaloneMonth => "a month",
            Self::WeekOfYear | Self::WeekOfMonth => "a week",
            Self::DayOfYear | Self::DayOfMonth | Self::DayOfWeekInMonth | Self::DayNumber => "a day",
            Self::DayName => "the name of a day",
            Self::AmPm => "AM or PM",
            Self::Hour24 | Self::Hour24From1 | Self::Hour12 | Self::Hour12From1 => "an hour",
            Self::Minute => "minutes",
            Self::Second => "seconds",
            Self::Millisecond => "milliseconds",
            Self::ZoneName | Self::ZoneNumber => "a time zone such as -0800, GMT or PST",
            Self::ZoneIso => "a time zone such as Z or +01:00",
        }
    }
}
