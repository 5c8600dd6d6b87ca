//! Java's hybrid calendar: Julian until 4 October 1582, Gregorian from the next day, the 15th, on.
//!
//! Days are counted from 1970-01-01. Years are astronomical: 0 is 1 BC. 128 bits, because lenient fields may hold
//! anything and Java's own arithmetic wraps only in the end.

/// 1582-10-15, the first Gregorian day.
pub(super) const CUTOVER: i128 = -141_427;
/// The year of the cutover.
pub(super) const CUTOVER_YEAR: i128 = 1582;
pub(super) const DAY_MS: i128 = 86_400_000;

/// One of the two systems.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum System {
    Julian,
    Gregorian,
}

/// A date of the hybrid calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Date {
    pub(super) year: i128,
    /// From 1.
    pub(super) month: u8,
    /// From 1.
    pub(super) day: u8,
}

impl System {
    /// The day on which a month begins. Computed in years that begin in March, where the leap day is the last.
    pub(super) fn first_of_month(self, year: i128, month: u8) -> i128 {
        let month = i128::from(month);
        let (year, month) = if month <= 2 {
            (year - 1, month + 9)
        } else {
            (year, month - 3)
        };
        let leap_days = match self {
            Self::Julian => year.div_euclid(4) - 2,
            Self::Gregorian => year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400),
        };
        // 719468 days lie between 0000-03-01 of the proleptic Gregorian calendar and 1970-01-01.
        year * 365 + leap_days + (153 * month + 2) / 5 - 719_468
    }

    fn date(self, day: i128) -> Date {
        let shifted = day + 719_468;
        let (year, day_of_year) = match self {
            Self::Gregorian => {
                let (cycle, day) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
                let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
                (cycle * 400 + year, day - (365 * year + year / 4 - year / 100))
            }
            Self::Julian => {
                let shifted = shifted + 2;
                let (cycle, day) = (shifted.div_euclid(1461), shifted.rem_euclid(1461));
                let year = (day - day / 1460) / 365;
                (cycle * 4 + year, day - 365 * year)
            }
        };
        let month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month + 2) / 5 + 1;
        let (year, month) = if month < 10 {
            (year, month + 3)
        } else {
            (year + 1, month - 9)
        };
        // Both are small by construction.
        Date {
            year,
            month: u8::try_from(month).unwrap_or(1),
            day: u8::try_from(day).unwrap_or(1),
        }
    }
}

impl Date {
    /// The date of a day.
    pub(super) fn of(day: i128) -> Self {
        System::of(day).date(day)
    }
}

impl System {
    /// The system in force on a day.
    pub(super) fn of(day: i128) -> Self {
        if day >= CUTOVER {
            Self::Gregorian
        } else {
            Self::Julian
        }
    }
}

/// The day on which a year begins.
pub(super) fn first_of_year(year: i128) -> i128 {
    let system = if year > CUTOVER_YEAR {
        System::Gregorian
    } else {
        System::Julian
    };
    system.first_of_month(year, 1)
}

/// The day of the week, 1 for Sunday to 7 for Saturday.
pub(super) fn day_of_week(day: i128) -> i128 {
    (day + 4).rem_euclid(7) + 1
}

/// The latest day on or before this one that is such a day of the week (1 for Sunday; others roll over).
pub(super) fn on_or_before(day: i128, day_of_week: i128) -> i128 {
    // 1970-01-04 was a Sunday.
    day - (day - 3 - narrow(day_of_week - 1)).rem_euclid(7)
}

/// What Java's `int` keeps of a number.
pub(super) fn narrow(number: i128) -> i128 {
    #[expect(clippy::cast_possible_truncation, reason = "as Java does")]
    let kept = number as i32;
    i128::from(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_calendar_jumps_over_ten_days() {
        assert_eq!(
            Date::of(CUTOVER),
            Date {
                year: 1582,
                month: 10,
                day: 15
            }
        );
        assert_eq!(
            Date::of(CUTOVER - 1),
            Date {
                year: 1582,
                month: 10,
                day: 4
            }
        );
        assert_eq!(
            Date::of(0),
            Date {
                year: 1970,
                month: 1,
                day: 1
            }
        );
        assert_eq!(day_of_week(0), 5);
    }

    #[test]
    fn days_and_dates_are_inverse() {
        for day in (-2_000_000_i128..3_000_000).step_by(97) {
            let date = Date::of(day);
            let first = System::of(day).first_of_month(date.year, date.month);
            assert_eq!(first + i128::from(date.day) - 1, day, "{date:?}");
        }
    }

    #[test]
    fn weeks_begin_where_asked() {
        for day in -20..20 {
            for wanted in 1..=7 {
                let found = on_or_before(day, wanted);
                assert!(found <= day && day - found < 7);
                assert_eq!(day_of_week(found), wanted);
            }
        }
    }
}
