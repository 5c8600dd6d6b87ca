//! Created, updated, or of no interest.

use crate::{
    contract::Change,
    java_date::Zone,
    template::{DateFault, DateFormat},
};

/// How records are judged.
#[derive(Debug, Clone)]
pub struct Rules {
    /// How the date of the last change is written.
    pub updated_format: Option<DateFormat>,
    /// Its zone, where the text names none.
    pub updated_zone: Zone,
    /// How the date of creation is written.
    pub created_format: Option<DateFormat>,
    /// Its zone, where the text names none.
    pub created_zone: Zone,
    /// Drop records that were changed before the window.
    pub filter_by_updated_date: bool,
    /// Drop records that were changed after the poll's start.
    pub filter_by_current_date: bool,
    /// Whether both dates are one.
    pub same_field: bool,
    /// So far the dates of a new record may differ, in milliseconds.
    pub tolerance_ms: i64,
}

/// The dates of a record, in milliseconds since 1970.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dates {
    /// When it was last changed.
    pub updated: Option<i64>,
    /// When it was created.
    pub created: Option<i64>,
}

/// The span that a poll asks for, in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Its start. It lies before the end of the last poll, and is part of the window: what of it is news, fingerprints
    /// decide.
    pub since_ms: i64,
    /// The poll's start.
    pub until_ms: i64,
}

/// What becomes of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It is handed over.
    Emit(Change),
    /// It is not.
    Ignore(Ignored),
}

/// Why a record is not handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ignored {
    /// It was changed before the window.
    Earlier,
    /// It was changed after the poll's start; the next poll has it.
    Later,
}

impl Rules {
    /// Read the date of the last change.
    pub fn read_updated(&self, text: &str, now_ms: i64) -> Option<Result<i64, DateFault>> {
        Some(
            self.updated_format
                .as_ref()?
                .parse(text, &self.updated_zone, now_ms),
        )
    }

    /// Read the date of creation.
    pub fn read_created(&self, text: &str, now_ms: i64) -> Option<Result<i64, DateFault>> {
        Some(
            self.created_format
                .as_ref()?
                .parse(text, &self.created_zone, now_ms),
        )
    }
}

/// Judge a record. A record without a date of change cannot be told from one that changed, and is handed over.
pub fn decide(rules: &Rules, dates: Dates, window: Window) -> Decision {
    // One date for both, unfiltered: the date of creation is what the window is about.
    let by_creation = !rules.filter_by_updated_date && rules.same_field;
    let deciding = if by_creation {
        dates.created.or(dates.updated)
    } else {
        dates.updated
    };
    if let Some(date) = deciding {
        if (rules.filter_by_updated_date || by_creation) && date < window.since_ms {
            return Decision::Ignore(Ignored::Earlier);
        }
        if rules.filter_by_current_date && date > window.until_ms {
            return Decision::Ignore(Ignored::Later);
        }
    }
    Decision::Emit(match (dates.updated, dates.created) {
        (Some(updated), Some(created))
            if updated.saturating_sub(created).saturating_abs() <= rules.tolerance_ms =>
        {
            Change::Created
        }
        (Some(_), _) => Change::Updated,
        (None, Some(created)) if created >= window.since_ms => Change::Created,
        (None, _) => Change::Unknown,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Window = Window {
        since_ms: 1000,
        until_ms: 2000,
    };

    fn rules() -> Rules {
        Rules {
            updated_format: None,
            updated_zone: Zone::UTC,
            created_format: None,
            created_zone: Zone::UTC,
            filter_by_updated_date: true,
            filter_by_current_date: false,
            same_field: false,
            tolerance_ms: 0,
        }
    }

    fn check(rules: &Rules, updated: Option<i64>, created: Option<i64>, expected: Decision) {
        assert_eq!(
            decide(rules, Dates { updated, created }, WINDOW),
            expected,
            "{updated:?} {created:?}"
        );
    }

    #[test]
    fn dates_decide() {
        let rules = rules();
        check(&rules, Some(1500), Some(1500), Decision::Emit(Change::Created));
        check(&rules, Some(1500), Some(1499), Decision::Emit(Change::Updated));
        check(&rules, Some(1500), None, Decision::Emit(Change::Updated));
        check(&rules, Some(1000), None, Decision::Emit(Change::Updated));
        check(&rules, Some(999), Some(999), Decision::Ignore(Ignored::Earlier));
        check(&rules, Some(2001), None, Decision::Emit(Change::Updated));
        check(&rules, None, None, Decision::Emit(Change::Unknown));
        check(&rules, None, Some(1000), Decision::Emit(Change::Created));
    }

    #[test]
    fn switches_shift_the_bounds() {
        let tolerant = Rules {
            tolerance_ms: 5000,
            ..rules()
        };
        check(&tolerant, Some(6500), Some(1500), Decision::Emit(Change::Created));
        check(&tolerant, Some(6501), Some(1500), Decision::Emit(Change::Updated));
        let closed = Rules {
            filter_by_current_date: true,
            ..rules()
        };
        check(&closed, Some(2001), None, Decision::Ignore(Ignored::Later));
        check(&closed, Some(2000), None, Decision::Emit(Change::Updated));
        let unfiltered = Rules {
            filter_by_updated_date: false,
            ..rules()
        };
        check(&unfiltered, Some(1), Some(1), Decision::Emit(Change::Created));
        let by_creation = Rules {
            filter_by_updated_date: false,
            same_field: true,
            ..rules()
        };
        check(&by_creation, Some(1), Some(1), Decision::Ignore(Ignored::Earlier));
        check(
            &by_creation,
            Some(1500),
            Some(1500),
            Decision::Emit(Change::Created),
        );
    }
}
