//! From an instant to text.

use std::fmt::Write as _;

use super::{
    Pattern, Zone,
    calendar::{CUTOVER_YEAR, DAY_MS, Date, System, day_of_week, first_of_year, on_or_before},
    pattern::{Letter, Token},
};

pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
pub(super) const DAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

/// An instant in a zone, taken apart.
struct Moment<'z> {
    unix_ms: i64,
    zone: &'z Zone,
    offset_ms: i64,
    day: i128,
    time_ms: i128,
    date: Date,
}

impl Pattern {
    /// The text of an instant, given in milliseconds since 1970-01-01T00:00:00Z.
    pub fn format(&self, unix_ms: i64, zone: &Zone) -> String {
        let offset_ms = zone.offset_ms(unix_ms);
        let local = i128::from(unix_ms) + i128::from(offset_ms);
        let (day, time_ms) = (local.div_euclid(DAY_MS), local.rem_euclid(DAY_MS));
        let moment = Moment {
            unix_ms,
            zone,
            offset_ms,
            day,
            time_ms,
            date: Date::of(day),
        };
        let mut text = String::with_capacity(self.tokens.len() * 2);
        for token in &self.tokens {
            match token {
                Token::Literal(c) => text.push(*c),
                Token::Field(letter, count) => moment.write(&mut text, *letter, *count),
            }
        }
        text
    }
}

impl Moment<'_> {
    fn write(&self, text: &mut String, letter: Letter, count: usize) {
        let hour = self.time_ms / 3_600_000;
        let month = i128::from(self.date.month);
        match letter {
            Letter::Era => text.push_str(if self.date.year > 0 { "AD" } else { "BC" }),
            Letter::Year => year(text, of_era(self.date.year), count),
            Letter::WeekYear => year(text, self.week_year(), count),
            Letter::Month | Letter::StandaloneMonth => match count {
                1 | 2 => number(text, month, count),
                _ => name(text, MONTHS.get(usize::from(self.date.month) - 1), count),
            },
            Letter::WeekOfYear => number(text, self.week_of_year(), count),
            Letter::WeekOfMonth => number(text, self.week_of_month(), count),
            Letter::DayOfYear => number(text, self.day - first_of_year(self.date.year) + 1, count),
            Letter::DayOfMonth => number(text, i128::from(self.date.day), count),
            Letter::DayOfWeekInMonth => number(text, (self.day - self.first_of_month()) / 7 + 1, count),
            Letter::DayName => {
                let day = usize::try_from(day_of_week(self.day) - 1).unwrap_or(0);
                name(text, DAYS.get(day), count);
            }
            Letter::DayNumber => number(text, (day_of_week(self.day) + 5) % 7 + 1, count),
            Letter::AmPm => text.push_str(if hour < 12 { "AM" } else { "PM" }),
            Letter::Hour24 => number(text, hour, count),
            Letter::Hour24From1 => number(text, if hour == 0 { 24 } else { hour }, count),
            Letter::Hour12 => number(text, hour % 12, count),
            Letter::Hour12From1 => number(text, if hour % 12 == 0 { 12 } else { hour % 12 }, count),
            Letter::Minute => number(text, self.time_ms / 60_000 % 60, count),
            Letter::Second => number(text, self.time_ms / 1000 % 60, count),
            Letter::Millisecond => number(text, self.time_ms % 1000, count),
            Letter::ZoneName => text.push_str(&self.zone.name(self.unix_ms, count >= 4)),
            Letter::ZoneNumber => offset(text, self.offset_ms, OffsetStyle::Rfc822),
            Letter::ZoneIso if self.offset_ms == 0 => text.push('Z'),
            Letter::ZoneIso => {
                let style = match count {
                    1 => OffsetStyle::Hours,
                    2 => OffsetStyle::Rfc822,
                    _ => OffsetStyle::Colon,
                };
                offset(text, self.offset_ms, style);
            }
        }
    }

    /// Weeks begin on Sunday, and the first has one day of the year: the American rule.
    fn week_of_year(&self) -> i128 {
        let sunday = on_or_before(self.day, 1);
        if sunday + 6 >= first_of_year(self.date.year + 1) {
            return 1;
        }
        let first = on_or_before(first_of_year(self.date.year), 1);
        (sunday - first) / 7 + 1
    }

    fn week_year(&self) -> i128 {
        let year = self.date.year;
        // Java looks for the next year within the era, and finds another one before Christ.
        let next = first_of_year(if year > 0 { year + 1 } else { -year });
        let left = first_of_year(year + 1) - self.day;
        let of_next = 7 - (on_or_before(next + 6, 1) - next);
        let turns = left <= 6 + i128::from(self.day == first_of_year(year)) && left <= of_next % 7;
        if turns { year + 1 } else { year }
    }

    fn week_of_month(&self) -> i128 {
        (on_or_before(self.day, 1) - on_or_before(self.first_of_month(), 1)) / 7 + 1
    }

    /// The month of the cutover began in the Julian calendar.
    fn first_of_month(&self) -> i128 {
        if (self.date.year, self.date.month) == (CUTOVER_YEAR, 10) {
            System::Julian.first_of_month(CUTOVER_YEAR, 10)
        } else {
            self.day - i128::from(self.date.day) + 1
        }
    }
}

/// How an offset from UTC is written.
enum OffsetStyle {
    /// `-08`
    Hours,
    /// `-0800`
    Rfc822,
    /// `-08:00`
    Colon,
}

fn offset(text: &mut String, offset_ms: i64, style: OffsetStyle) {
    let minutes = offset_ms / 60_000;
    let sign = if offset_ms < 0 { '-' } else { '+' };
    let (hours, minutes) = (minutes.abs() / 60, minutes.abs() % 60);
    // Writing to a String does not fail.
    let _written = match style {
        OffsetStyle::Hours => write!(text, "{sign}{hours:02}"),
        OffsetStyle::Rfc822 => write!(text, "{sign}{hours:02}{minutes:02}"),
        OffsetStyle::Colon => write!(text, "{sign}{hours:02}:{minutes:02}"),
    };
}

/// The year within its era.
fn of_era(year: i128) -> i128 {
    if year > 0 { year } else { 1 - year }
}

/// Two letters are two digits; any other number of letters is a least width.
fn year(text: &mut String, year: i128, count: usize) {
    if count == 2 {
        signed(text, year < 0, year.unsigned_abs() % 100, 2);
    } else {
        number(text, year, count);
    }
}

fn number(text: &mut String, value: i128, width: usize) {
    signed(text, value < 0, value.unsigned_abs(), width);
}

/// The sign is no part of the width.
fn signed(text: &mut String, negative: bool, magnitude: u128, width: usize) {
    // Nobody needs more than this, and a pattern may be hostile.
    let width = width.min(4096);
    let sign = if negative { "-" } else { "" };
    let _written = write!(text, "{sign}{magnitude:0width$}");
}

fn name(text: &mut String, name: Option<&&str>, count: usize) {
    let name = name.copied().unwrap_or_default();
    text.push_str(if count >= 4 {
        name
    } else {
        name.get(..3).unwrap_or(name)
    });
}
