//! Time zones as `java.util.TimeZone` knows them.

use chrono::{DateTime, TimeZone as _};
use chrono_tz::{OffsetComponents as _, Tz};

use super::calendar::{DAY_MS, Date, day_of_week, first_of_year};

/// The names of all zones, from Java 17 (CLDR, `Locale.US`): short standard, short daylight, long standard, long
/// daylight, and the ids that have them.
const NAMES: &str = include_str!("zones.tsv");

/// Ids of three letters that Java keeps from its first days, and what they stand for.
const OLD_IDS: [(&str, &str); 28] = [
    ("ACT", "Australia/Darwin"),
    ("AET", "Australia/Sydney"),
    ("AGT", "America/Argentina/Buenos_Aires"),
    ("ART", "Africa/Cairo"),
    ("AST", "America/Anchorage"),
    ("BET", "America/Sao_Paulo"),
    ("BST", "Asia/Dhaka"),
    ("CAT", "Africa/Harare"),
    ("CNT", "America/St_Johns"),
    ("CST", "America/Chicago"),
    ("CTT", "Asia/Shanghai"),
    ("EAT", "Africa/Addis_Ababa"),
    ("ECT", "Europe/Paris"),
    ("IET", "America/Indiana/Indianapolis"),
    ("IST", "Asia/Kolkata"),
    ("JST", "Asia/Tokyo"),
    ("MIT", "Pacific/Apia"),
    ("NET", "Asia/Yerevan"),
    ("NST", "Pacific/Auckland"),
    ("PLT", "Asia/Karachi"),
    ("PNT", "America/Phoenix"),
    ("PRT", "America/Puerto_Rico"),
    ("PST", "America/Los_Angeles"),
    ("SST", "Pacific/Guadalcanal"),
    ("VST", "Asia/Ho_Chi_Minh"),
    // Fixed offsets, although the database makes them links to cities by now.
    ("EST", "Etc/GMT+5"),
    ("HST", "Etc/GMT+10"),
    ("MST", "Etc/GMT+7"),
];

/// Before 1900 Java knows no history of zones: their standard offset of today holds.
const HISTORY_BEGINS: i64 = -2_208_988_800_000;
/// Today's rules go on for ever; the database's tables end. Late enough for all that is decided already.
const HISTORY_ENDS: i128 = 2095;

/// A time zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone(Kind);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    /// A fixed offset in milliseconds.
    Fixed(i64),
    /// A zone of the time zone database, by the id it was asked for.
    Named { id: String, zone: Tz },
}

/// What is in force at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Offsets {
    pub(super) standard_ms: i64,
    pub(super) daylight_ms: i64,
}

impl Zone {
    /// Coordinated universal time.
    pub const UTC: Self = Self(Kind::Fixed(0));

    /// The zone that `TimeZone.getTimeZone` gives for an id: what it does not know is GMT.
    pub fn java(id: &str) -> Self {
        custom(id).or_else(|| named(id)).unwrap_or(Self::UTC)
    }

    /// The zone of an id, or none where Java would silently take GMT. Bare offsets such as `-8:00` and `+0530`, which
    /// the poller URL language has and Java has not, are understood too.
    pub fn known(id: &str) -> Option<Self> {
        let bare = || {
            id.starts_with(['+', '-'])
                .then(|| custom(&format!("GMT{id}")))
                .flatten()
        };
        custom(id).or_else(|| named(id)).or_else(bare)
    }

    /// The offset from UTC at an instant, in milliseconds.
    pub fn offset_ms(&self, unix_ms: i64) -> i64 {
        let Offsets {
            standard_ms,
            daylight_ms,
        } = self.offsets(unix_ms);
        standard_ms + daylight_ms
    }

    pub(super) fn offsets(&self, unix_ms: i64) -> Offsets {
        let (zone, unix_ms) = match &self.0 {
            Kind::Fixed(offset) => {
                return Offsets {
                    standard_ms: *offset,
                    daylight_ms: 0,
                };
            }
            Kind::Named { zone, .. } => (zone, unix_ms),
        };
        if unix_ms < HISTORY_BEGINS {
            return Offsets {
                standard_ms: self.standard_ms(),
                daylight_ms: 0,
            };
        }
        let instant = DateTime::from_timestamp_millis(within_history(unix_ms)).unwrap_or_default();
        let offset = zone.offset_from_utc_datetime(&instant.naive_utc());
        let (standard_ms, daylight_ms) = (
            offset.base_utc_offset().num_milliseconds(),
            offset.dst_offset().num_milliseconds(),
        );
        summers(*zone, unix_ms, standard_ms, daylight_ms)
    }

    /// What is in force at a time on the wall. A time that is there twice is the later, standard one; a time that is
    /// skipped counts on from before the gap.
    pub(super) fn offsets_by_wall(&self, wall_ms: i64) -> Offsets {
        let guess = self.offsets(wall_ms.saturating_sub(self.standard_ms()));
        let candidates = [
            self.standard_ms(),
            guess.standard_ms,
            guess.standard_ms + guess.daylight_ms,
        ]
        .into_iter()
        .chain([3_600_000, 1_800_000, 7_200_000].map(|daylight| self.standard_ms() + daylight))
        .chain(self.around(wall_ms));
        let mut best: Option<(i64, Offsets)> = None;
        for offset in candidates {
            let instant = wall_ms.saturating_sub(offset);
            let offsets = self.offsets(instant);
            if offsets.standard_ms + offsets.daylight_ms == offset
                && best.is_none_or(|(latest, _)| instant > latest)
            {
                best = Some((instant, offsets));
            }
        }
        match best {
            Some((_, offsets)) => offsets,
            // Skipped: what held before the gap.
            None => self.offsets(
                wall_ms
                    .saturating_sub(self.standard_ms())
                    .saturating_sub(3 * 3_600_000),
            ),
        }
    }

    /// The offsets in force a day before and a day after.
    fn around(&self, wall_ms: i64) -> impl Iterator<Item = i64> {
        let offset = |shift: i64| self.offset_ms(wall_ms.saturating_add(shift));
        [offset(-86_400_000), offset(86_400_000)].into_iter()
    }

    /// The standard offset of today.
    fn standard_ms(&self) -> i64 {
        match &self.0 {
            Kind::Fixed(offset) => *offset,
            Kind::Named { zone, .. } => {
                let late = DateTime::from_timestamp_millis(first_ms(HISTORY_ENDS)).unwrap_or_default();
                let offset = zone.offset_from_utc_datetime(&late.naive_utc());
                let (standard_ms, daylight_ms) = (
                    offset.base_utc_offset().num_milliseconds(),
                    offset.dst_offset().num_milliseconds(),
                );
                summers(*zone, late.timestamp_millis(), standard_ms, daylight_ms).standard_ms
            }
        }
    }

    /// The daylight saving of today, zero where it does not come and go.
    pub(super) fn daylight_ms(&self) -> i64 {
        let january = first_ms(HISTORY_ENDS);
        let [winter, summer] =
            [january, january + 182 * 86_400_000].map(|instant| self.offsets(instant).daylight_ms);
        (winter - summer).abs()
    }

    /// The name at an instant: `PDT`, or `Pacific Daylight Time`. Zones without a name are written as an offset.
    pub(super) fn name(&self, unix_ms: i64, long: bool) -> String {
        let (id, daylight) = match &self.0 {
            Kind::Fixed(0) => {
                return if long {
                    "Greenwich Mean Time".to_owned()
                } else {
                    "GMT".to_owned()
                };
            }
            Kind::Fixed(offset) => return custom_name(*offset),
            Kind::Named { id, .. } => (id.as_str(), self.offsets(unix_ms).daylight_ms != 0),
        };
        let Some(names) = Names::all().find(|names| names.ids().any(|known| known == id)) else {
            return custom_name(self.offset_ms(unix_ms));
        };
        let name = match (long, daylight) {
            (false, false) => names.short,
            (false, true) => names.short_daylight,
            (true, false) => names.long,
            (true, true) => names.long_daylight,
        };
        name.to_owned()
    }

    /// The id, where it is a named zone.
    pub(super) fn id(&self) -> Option<&str> {
        match &self.0 {
            Kind::Fixed(_) => None,
            Kind::Named { id, .. } => Some(id),
        }
    }
}

/// The database has winters that go back behind the standard time; in Java's, their summers go ahead of it.
fn summers(zone: Tz, unix_ms: i64, standard_ms: i64, daylight_ms: i64) -> Offsets {
    const HOUR: i64 = 3_600_000;
    let has_winters = match zone {
        Tz::Europe__Dublin | Tz::Eire => unix_ms >= -37_300_000_000,
        // What Morocco's winters will be like after 2037, Java does not guess.
        Tz::Africa__Casablanca | Tz::Africa__El_Aaiun if unix_ms >= 2_145_916_800_000 => {
            return Offsets {
                standard_ms: 0,
                daylight_ms: HOUR,
            };
        }
        Tz::Africa__Casablanca | Tz::Africa__El_Aaiun => unix_ms >= 1_540_692_000_000,
        // Java's data has Namibia in an endless winter from September 2037 on.
        Tz::Africa__Windhoek if unix_ms >= 2_135_811_600_000 => {
            return Offsets {
                standard_ms: HOUR,
                daylight_ms: 0,
            };
        }
        Tz::Africa__Windhoek => unix_ms >= 764_200_800_000,
        _ => false,
    };
    if daylight_ms < 0 {
        Offsets {
            standard_ms: standard_ms + daylight_ms,
            daylight_ms: 0,
        }
    } else if has_winters && daylight_ms == 0 {
        Offsets {
            standard_ms: standard_ms - HOUR,
            daylight_ms: HOUR,
        }
    } else {
        Offsets {
            standard_ms,
            daylight_ms,
        }
    }
}

/// The names of some zones.
#[derive(Debug, Clone, Copy)]
pub(super) struct Names<'n> {
    pub(super) short: &'n str,
    pub(super) short_daylight: &'n str,
    pub(super) long: &'n str,
    pub(super) long_daylight: &'n str,
    ids: &'n str,
}

impl Names<'static> {
    /// All of them.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        NAMES.lines().filter_map(|line| {
            let mut columns = line.split('\t');
            Some(Self {
                short: columns.next()?,
                short_daylight: columns.next()?,
                long: columns.next()?,
                long_daylight: columns.next()?,
                ids: columns.next()?,
            })
        })
    }

    pub(super) fn ids(self) -> impl Iterator<Item = &'static str> {
        self.ids.split(' ')
    }
}

/// When a year begins.
fn first_ms(year: i128) -> i64 {
    i64::try_from(first_of_year(year) * DAY_MS).unwrap_or(0)
}

/// `GMT-8:00`, `GMT+0530`, `GMT+5`.
fn custom(id: &str) -> Option<Zone> {
    let rest = id.strip_prefix("GMT").filter(|rest| rest.len() > 1)?;
    let (sign, digits) = match rest.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = match digits.split_once(':') {
        Some((hours, minutes)) if minutes.len() == 2 => (hours, minutes),
        Some(_) => return None,
        None if digits.len() > 2 => digits.split_at_checked(digits.len() - 2)?,
        None => (digits, "0"),
    };
    let number = |text: &str| {
        (matches!(text.len(), 1 | 2) && text.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| text.parse::<i64>().ok())?
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    (hours <= 23 && minutes <= 59).then_some(Zone(Kind::Fixed(sign * (hours * 60 + minutes) * 60_000)))
}

fn named(id: &str) -> Option<Zone> {
    let current = OLD_IDS
        .iter()
        .find(|(old, _)| *old == id)
        .map_or(id, |(_, current)| current);
    if current == "GMT" {
        return Some(Zone::UTC);
    }
    let zone: Tz = current.parse().ok()?;
    Some(Zone(Kind::Named {
        id: id.to_owned(),
        zone,
    }))
}

fn custom_name(offset_ms: i64) -> String {
    let minutes = offset_ms / 60_000;
    let sign = if offset_ms < 0 { '-' } else { '+' };
    format!("GMT{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
}

/// The same time in a year with history, whose days fall on the same days of the week.
fn within_history(unix_ms: i64) -> i64 {
    let unix_ms = i128::from(unix_ms);
    let (day, time) = (unix_ms.div_euclid(DAY_MS), unix_ms.rem_euclid(DAY_MS));
    let year = Date::of(day).year;
    if year <= HISTORY_ENDS {
        return i64::try_from(unix_ms).unwrap_or(0);
    }
    let shape = |year: i128| {
        (
            day_of_week(first_of_year(year)),
            first_of_year(year + 1) - first_of_year(year),
        )
    };
    // Every shape of a year comes within 28 years.
    let twin = (HISTORY_ENDS - 27..=HISTORY_ENDS)
        .find(|twin| shape(*twin) == shape(year))
        .unwrap_or(HISTORY_ENDS);
    let shifted = (day - first_of_year(year) + first_of_year(twin)) * DAY_MS + time;
    i64::try_from(shifted).unwrap_or(0)
}
