//! `Criteria.SearchQuery` as an expression tree over rows.

mod operand;
mod parse;

use std::cmp::Ordering;

pub(crate) use operand::{KeyMatch, Operand, read_user};
pub(crate) use parse::{Scene, own_key, parse, resolve, unknown};

use crate::row::{Cell, Row};
use crate::schema::{Field, Kind};

/// A comparison operator of the query language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
    In,
    Nin,
    All,
    Like,
    Nlike,
    Range,
    Nrange,
}

/// A search query.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expr {
    /// Every part holds; no parts hold always.
    And(Vec<Self>),
    /// Some part holds.
    Or(Vec<Self>),
    /// A property is tested.
    Leaf { path: Path, test: Test },
    /// The test does not hold.
    Not(Box<Self>),
}

/// A property, and perhaps a part of it: `Address/ZipCode`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Path {
    pub(crate) field: Field,
    pub(crate) part: Option<String>,
}

/// What is asked of a property.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Test {
    /// Equal to one of these.
    OneOf(Vec<Operand>),
    /// Has all of these.
    Has(Vec<Operand>),
    /// Stands in this relation; a missing value stands in none.
    Order(Relation, Operand),
    /// Between both ends, which belong to the range.
    Within(Operand, Operand),
    /// Fits the pattern: `%` any text, `_` one character, in any casing.
    Like(String),
    /// Begins with the text, in any casing.
    Prefix(String),
}

/// The four order relations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Relation {
    Above,
    AtLeast,
    Below,
    AtMost,
}

// === impl Op ===

impl Op {
    pub(crate) const ALL: [Self; 13] = [
        Self::Eq,
        Self::Ne,
        Self::Gt,
        Self::Ge,
        Self::Lt,
        Self::Le,
        Self::In,
        Self::Nin,
        Self::All,
        Self::Like,
        Self::Nlike,
        Self::Range,
        Self::Nrange,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Eq => "$EQ",
            Self::Ne => "$NE",
            Self::Gt => "$GT",
            Self::Ge => "$GE",
            Self::Lt => "$LT",
            Self::Le => "$LE",
            Self::In => "$IN",
            Self::Nin => "$NIN",
            Self::All => "$ALL",
            Self::Like => "$LIKE",
            Self::Nlike => "$NLIKE",
            Self::Range => "$RANGE",
            Self::Nrange => "$NRANGE",
        }
    }

    /// The operator of this name, in any casing.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|op| op.name().eq_ignore_ascii_case(name))
    }

    /// Whether properties of this kind take the operator.
    pub(crate) const fn suits(self, kind: Kind) -> bool {
        match self {
            Self::Eq | Self::Ne | Self::In | Self::Nin => !matches!(kind, Kind::Object(_)),
            Self::Gt | Self::Ge | Self::Lt | Self::Le => matches!(
                kind,
                Kind::Text | Kind::Choice(_) | Kind::Integer | Kind::Decimal | Kind::DateTime | Kind::Any
            ),
            Self::Range | Self::Nrange => {
                matches!(kind, Kind::Integer | Kind::Decimal | Kind::DateTime | Kind::Any)
            }
            Self::Like | Self::Nlike => {
                matches!(kind, Kind::Text | Kind::Choice(_) | Kind::List | Kind::Any)
            }
            Self::All => matches!(kind, Kind::List | Kind::Any),
        }
    }
}

// === impl Expr ===

impl Expr {
    /// Whether the row is among the results.
    pub(crate) fn holds(&self, row: &Row<'_>) -> bool {
        match self {
            Self::And(parts) => parts.iter().all(|part| part.holds(row)),
            Self::Or(parts) => parts.iter().any(|part| part.holds(row)),
            Self::Not(part) => !part.holds(row),
            Self::Leaf { path, test } => test.holds(&row.cell(&path.field, path.part.as_deref())),
        }
    }
}

// === impl Test ===

impl Test {
    fn holds(&self, cell: &Cell) -> bool {
        match self {
            // All values of a list together; the other tests ask whether one value passes.
            Self::Has(wanted) => wanted.iter().all(|one| any(cell, &|cell| one.equals(cell))),
            Self::OneOf(options) => any(cell, &|cell| options.iter().any(|one| one.equals(cell))),
            Self::Order(relation, operand) => any(cell, &|cell| relation.holds(operand, cell)),
            Self::Within(low, high) => any(cell, &|cell| {
                Relation::AtLeast.holds(low, cell) && Relation::AtMost.holds(high, cell)
            }),
            Self::Like(pattern) => any(cell, &|cell| {
                cell.as_text().is_some_and(|text| like(pattern, text))
            }),
            Self::Prefix(prefix) => any(cell, &|cell| {
                cell.as_text()
                    .is_some_and(|text| text.to_lowercase().starts_with(&prefix.to_lowercase()))
            }),
        }
    }
}

fn any(cell: &Cell, test: &dyn Fn(&Cell) -> bool) -> bool {
    match cell {
        Cell::Many(cells) if cells.is_empty() => test(&Cell::Null),
        Cell::Many(cells) => cells.iter().any(test),
        one => test(one),
    }
}

// === impl Relation ===

impl Relation {
    /// A range function is compared by its lower end with `$LT` and `$GE`, by its upper end with `$LE` and `$GT`.
    fn holds(self, operand: &Operand, cell: &Cell) -> bool {
        let order = match self {
            Self::Below | Self::AtLeast => operand.order_of_low(cell),
            Self::AtMost | Self::Above => operand.order_of_high(cell),
        };
        match self {
            Self::Above => order == Some(Ordering::Greater),
            Self::AtLeast => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
            Self::Below => order == Some(Ordering::Less),
            Self::AtMost => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        }
    }
}

/// Matches `%` and `_` wildcards without regard to case, in time linear in both but for retries after `%`.
fn like(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.to_lowercase().chars().collect();
    let text: Vec<char> = text.to_lowercase().chars().collect();
    let (mut at, mut seen) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while let Some(letter) = text.get(seen) {
        match pattern.get(at) {
            Some('%') => {
                retry = Some((at + 1, seen));
                at += 1;
            }
            Some(wanted) if *wanted == '_' || wanted == letter => {
                at += 1;
                seen += 1;
            }
            _ => match retry {
                Some((after, from)) => {
                    retry = Some((after, from + 1));
                    at = after;
                    seen = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern
        .get(at..)
        .is_some_and(|rest| rest.iter().all(|c| *c == '%'))
}

#[cfg(test)]
mod tests {
    use super::like;

    #[test]
    fn wildcards() {
        let check = |pattern: &str, text: &str, expect: bool| {
            assert_eq!(like(pattern, text), expect, "{pattern} on {text}");
        };
        check("A%", "ABC Wine Shop", true);
        check("a%", "ABC", true);
        check("A%", "BA", false);
        check("%shop", "ABC Wine Shop", true);
        check("%wine%", "ABC Wine Shop", true);
        check("A_C", "ABC", true);
        check("A_C", "AC", false);
        check("%", "", true);
        check("", "", true);
        check("", "a", false);
        check("%a%b%", "xxaxxbxx", true);
        check("%ab", "aab", true);
        check("Ä%", "äpfel", true);
    }
}
