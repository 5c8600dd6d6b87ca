//! What was read, in the order in which it was read, and the instant that it means: Java's calendar resolves fields
//! that contradict each other in favour of those that were set last.

use super::{
    Zone,
    calendar::{CUTOVER, CUTOVER_YEAR, DAY_MS, Date, System, first_of_year, narrow, on_or_before},
    parse::Fault,
};

/// A field of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Era,
    Year,
    WeekYear,
    Month,
    WeekOfYear,
    WeekOfMonth,
    DayOfYear,
    DayOfMonth,
    DayOfWeekInMonth,
    /// 1 is Sunday.
    DayOfWeek,
    AmPm,
    HourOfDay,
    Hour,
    Minute,
    Second,
    Millisecond,
    ZoneOffset,
    DaylightOffset,
}

const FIELDS: usize = Field::DaylightOffset as usize + 1;

/// Values and the stamps that tell their order; a stamp of zero is: not set.
#[derive(Debug, Clone, Default)]
pub(super) struct Fields {
    values: [i128; FIELDS],
    stamps: [u32; FIELDS],
    last: u32,
}

/// Which fields say what day it is.
enum DayBy {
    DayOfMonth,
    WeekOfMonth,
    DayOfWeekInMonth,
    DayOfYear,
    WeekOfYear,
}

impl Fields {
    pub(super) fn set(&mut self, field: Field, value: i128) {
        self.last += 1;
        let index = field as usize;
        if let (Some(slot), Some(stamp)) = (self.values.get_mut(index), self.stamps.get_mut(index)) {
            (*slot, *stamp) = (value, self.last);
        }
    }

    /// Move the years that were read, keeping their order among the other fields.
    pub(super) fn add_years(&mut self, years: i128) {
        for field in [Field::Year, Field::WeekYear] {
            if let Some(slot) = self.values.get_mut(field as usize) {
                *slot += years;
            }
        }
    }

    pub(super) fn clear(&mut self, field: Field) {
        let index = field as usize;
        if let (Some(slot), Some(stamp)) = (self.values.get_mut(index), self.stamps.get_mut(index)) {
            (*slot, *stamp) = (0, 0);
        }
    }

    fn value(&self, field: Field) -> i128 {
        self.values.get(field as usize).copied().unwrap_or(0)
    }

    fn stamp(&self, field: Field) -> u32 {
        self.stamps.get(field as usize).copied().unwrap_or(0)
    }

    fn is_set(&self, field: Field) -> bool {
        self.stamp(field) > 0
    }

    /// The stamp of two fields that only mean something together.
    fn pair(&self, one: Field, other: Field) -> u32 {
        if self.is_set(one) && self.is_set(other) {
            self.stamp(one).max(self.stamp(other))
        } else {
            0
        }
    }

    /// The instant in milliseconds since 1970.
    pub(super) fn instant(mut self, zone: &Zone) -> Result<i64, Fault> {
        if self.is_set(Field::WeekYear) && self.stamp(Field::WeekYear) > self.stamp(Field::Year) {
            self.resolve_week_date()?;
        }
        #[expect(clippy::cast_possible_truncation, reason = "Java wraps around, too")]
        let wall = self.wall_ms()? as i64;
        let mut offsets = zone.offsets_by_wall(wall);
        if self.is_set(Field::ZoneOffset) {
            offsets.standard_ms = i64::try_from(self.value(Field::ZoneOffset)).unwrap_or(0);
        }
        if self.is_set(Field::DaylightOffset) {
            offsets.daylight_ms = i64::try_from(self.value(Field::DaylightOffset)).unwrap_or(0);
        }
        Ok(wall.wrapping_sub(offsets.standard_ms + offsets.daylight_ms))
    }

    /// The time on the wall, counted like an instant.
    fn wall_ms(&self) -> Result<i128, Fault> {
        let year = if self.is_set(Field::Year) {
            self.value(Field::Year)
        } else {
            1970
        };
        let year = match self.value(Field::Era) {
            1 => year,
            0 if self.is_set(Field::Era) => narrow(1 - year),
            0 => year,
            _ => return Err(Fault::Era),
        };
        let time = self.time_ms();
        let (carried, time) = (time.div_euclid(DAY_MS), time.rem_euclid(DAY_MS));
        Ok(self.day(year, carried) * DAY_MS + time)
    }

    fn time_ms(&self) -> i128 {
        let hour_of_day = self.stamp(Field::HourOfDay);
        let halves = self.pair(Field::Hour, Field::AmPm);
        let mut best = hour_of_day.max(halves);
        if best == 0 {
            best = self.stamp(Field::Hour).max(self.stamp(Field::AmPm));
        }
        let hours = if best == 0 {
            0
        } else if best == hour_of_day {
            self.value(Field::HourOfDay)
        } else {
            self.value(Field::Hour) + 12 * self.value(Field::AmPm)
        };
        ((hours * 60 + self.value(Field::Minute)) * 60 + self.value(Field::Second)) * 1000
            + self.value(Field::Millisecond)
    }

    /// The day, counted from 1970-01-01; `carried` days come from the time of the day.
    fn day(&self, year: i128, carried: i128) -> i128 {
        let by = self.day_by();
        let gregorian = || carried + self.day_in(System::Gregorian, year, &by);
        let julian = || carried + self.day_in(System::Julian, year, &by);
        if year > CUTOVER_YEAR {
            let day = gregorian();
            return if day >= CUTOVER {
                day
            } else {
                self.around_cutover(day, julian(), &by)
            };
        }
        if year < CUTOVER_YEAR {
            let day = julian();
            return if day < CUTOVER {
                day
            } else {
                self.around_cutover(day, day, &by)
            };
        }
        self.around_cutover(gregorian(), julian(), &by)
    }

    fn around_cutover(&self, gregorian: i128, julian: i128, by: &DayBy) -> i128 {
        // Days counted from the beginning of the cutover year are counted in the Julian calendar.
        if matches!(by, DayBy::DayOfYear | DayBy::WeekOfYear) {
            return julian;
        }
        if gregorian >= CUTOVER { gregorian } else { julian }
    }

    fn day_by(&self) -> DayBy {
        use Field::{DayOfMonth, DayOfWeek, DayOfWeekInMonth, DayOfYear, Month, WeekOfMonth, WeekOfYear};
        let by_year_day = self.stamp(DayOfYear);
        let mut by_month_day = self.stamp(DayOfMonth);
        let mut by_month_week = self.pair(WeekOfMonth, DayOfWeek);
        let mut by_day_in_month = self.pair(DayOfWeekInMonth, DayOfWeek);
        let by_year_week = self.pair(WeekOfYear, DayOfWeek);
        let mut best = [
            by_month_day,
            by_month_week,
            by_day_in_month,
            by_year_day,
            by_year_week,
        ]
        .into_iter()
        .max();
        if best == Some(0) {
            by_month_week = self.stamp(WeekOfMonth);
            by_day_in_month = self.stamp(DayOfWeekInMonth).max(self.stamp(DayOfWeek));
            best = Some(by_month_week.max(by_day_in_month).max(self.stamp(WeekOfYear)));
            if best == Some(0) {
                by_month_day = self.stamp(Month);
                best = Some(by_month_day);
            }
        }
        let best = best.unwrap_or(0);
        if best == by_month_day {
            DayBy::DayOfMonth
        } else if best == by_month_week && self.stamp(WeekOfMonth) >= self.stamp(WeekOfYear) {
            if by_month_week == by_day_in_month && self.stamp(WeekOfMonth) < self.stamp(DayOfWeekInMonth) {
                DayBy::DayOfWeekInMonth
            } else {
                DayBy::WeekOfMonth
            }
        } else if best == by_day_in_month && self.stamp(DayOfWeekInMonth) >= self.stamp(WeekOfYear) {
            DayBy::DayOfWeekInMonth
        } else if best == by_year_day {
            DayBy::DayOfYear
        } else {
            DayBy::WeekOfYear
        }
    }

    fn day_in(&self, system: System, year: i128, by: &DayBy) -> i128 {
        let in_year = matches!(by, DayBy::DayOfYear | DayBy::WeekOfYear);
        let month = if in_year { 0 } else { self.value(Field::Month) };
        let (year, month) = (narrow(year + month.div_euclid(12)), month.rem_euclid(12));
        let first = system.first_of_month(year, u8::try_from(month + 1).unwrap_or(1));
        let weekday = self
            .is_set(Field::DayOfWeek)
            .then(|| self.value(Field::DayOfWeek));
        let first_week = on_or_before(first, 1);
        let in_week = |sunday: i128, week: i128| {
            let day = weekday.map_or(sunday, |weekday| on_or_before(sunday + 6, weekday));
            day + 7 * (week - 1)
        };
        match by {
            DayBy::DayOfMonth if self.is_set(Field::DayOfMonth) => first + self.value(Field::DayOfMonth) - 1,
            DayBy::DayOfMonth => first,
            DayBy::WeekOfMonth => {
                in_week(first_week, 1) + narrow(7 * narrow(self.value(Field::WeekOfMonth) - 1))
            }
            DayBy::DayOfYear => first + self.value(Field::DayOfYear) - 1,
            DayBy::WeekOfYear => in_week(first_week, self.value(Field::WeekOfYear)),
            DayBy::DayOfWeekInMonth => {
                let weekday = weekday.unwrap_or(1);
                let set = self.is_set(Field::DayOfWeekInMonth);
                let nth = if set {
                    self.value(Field::DayOfWeekInMonth)
                } else {
                    1
                };
                if nth >= 0 {
                    on_or_before(first + narrow(7 * nth) - 1, weekday)
                } else {
                    let next = system.first_of_month(
                        year + (month + 1) / 12,
                        u8::try_from((month + 1) % 12 + 1).unwrap_or(1),
                    );
                    on_or_before(first + (next - first) + narrow(7 * narrow(nth + 1)) - 1, weekday)
                }
            }
        }
    }

    /// A year of weeks: `setWeekDate` of Java's calendar.
    fn resolve_week_date(&mut self) -> Result<(), Fault> {
        // The era is that of the other fields.
        #[expect(clippy::cast_possible_truncation, reason = "Java wraps around, too")]
        let wall = self.wall_ms()? as i64;
        let is_common = Date::of(i128::from(wall).div_euclid(DAY_MS)).year > 0;
        let year = self.value(Field::WeekYear);
        let year = if is_common { year } else { narrow(1 - year) };
        let mut week = if self.is_set(Field::WeekOfYear) {
            self.value(Field::WeekOfYear)
        } else {
            1
        };
        let mut weekday = if self.is_set(Field::DayOfWeek) {
            self.value(Field::DayOfWeek)
        } else {
            1
        };
        if weekday >= 8 {
            weekday -= 1;
            week += weekday / 7;
            weekday = weekday % 7 + 1;
            weekday = calendar_weekday(weekday);
        } else if weekday <= 0 {
            let weeks = (7 - weekday) / 7;
            weekday += 7 * weeks;
            week -= weeks;
            weekday = calendar_weekday(weekday);
        }
        let first_week = on_or_before(first_of_year(year), 1);
        let day = first_week + weekday - 1 + narrow(7 * narrow(week - 1));
        #[expect(clippy::cast_possible_truncation, reason = "Java wraps around, too")]
        let midnight = (day * DAY_MS) as i64;
        let date = Date::of(i128::from(midnight).div_euclid(DAY_MS));
        self.set(Field::Era, i128::from(date.year > 0));
        self.set(Field::Year, if date.year > 0 { date.year } else { 1 - date.year });
        self.set(Field::Month, i128::from(date.month) - 1);
        self.set(Field::DayOfMonth, i128::from(date.day));
        Ok(())
    }
}

/// From Monday as 1 to Sunday as 1.
pub(super) fn calendar_weekday(iso: i128) -> i128 {
    match iso {
        7 => 1,
        1..=6 => iso + 1,
        other => other,
    }
}
