//! From the JSON of a search query to its expression tree, with every fault found before a row is read.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::operand::{Operand, Unfit};
use super::{Expr, KeyMatch, Op, Path, Relation, Test};
use crate::casing;
use crate::error::Refusal;
use crate::faults::FieldLimits;
use crate::schema::{Entity, Kind};

/// What the meaning of a query depends on besides its text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scene<'a> {
    pub(crate) entity: Entity,
    pub(crate) now: DateTime<Utc>,
    /// The caller chose the SQL searcher, which does not know `$NE` on `Type`.
    pub(crate) sql_driver: bool,
    pub(crate) limits: Option<&'a FieldLimits>,
}

/// Reads `Criteria.SearchQuery`; `null` and `{}` find everything.
///
/// # Errors
/// A [`Refusal`] that names the property or operator at fault.
pub(crate) fn parse(scene: Scene<'_>, query: &Value) -> Result<Expr, Refusal> {
    match query {
        Value::Null => Ok(Expr::And(Vec::new())),
        Value::Object(members) => scene.object(members),
        _ => Err(scene.malformed("SearchQuery must be an object")),
    }
}

// === impl Scene ===

impl Scene<'_> {
    fn malformed(&self, problem: impl Into<String>) -> Refusal {
        Refusal::malformed(format!("{}.Criteria.SearchQuery", self.entity), problem)
    }

    /// Sibling members must all hold.
    fn object(&self, members: &Map<String, Value>) -> Result<Expr, Refusal> {
        let mut parts = Vec::with_capacity(members.len());
        for (name, value) in members {
            parts.push(self.member(name, value)?);
        }
        Ok(match parts.len() {
            1 => parts.pop().unwrap_or(Expr::And(Vec::new())),
            _ => Expr::And(parts),
        })
    }

    fn member(&self, name: &str, value: &Value) -> Result<Expr, Refusal> {
        if !name.starts_with('$') {
            return self.field(name, value);
        }
        match name.to_ascii_uppercase().as_str() {
            "$AND" => Ok(Expr::And(self.array(name, value)?)),
            "$OR" => Ok(Expr::Or(self.array(name, value)?)),
            "$PHRASE" => self.phrase(value),
            _ => self.outside_operator(name, value),
        }
    }

    fn array(&self, name: &str, value: &Value) -> Result<Vec<Expr>, Refusal> {
        let parts = value
            .as_array()
            .ok_or_else(|| self.malformed(format!("{name} takes an array")))?;
        parts.iter().map(|part| parse(*self, part)).collect()
    }

    /// Version 1 of the syntax: `{"$EQ": {"Type": "Individual"}}`.
    fn outside_operator(&self, name: &str, value: &Value) -> Result<Expr, Refusal> {
        let op = Op::parse(name).ok_or_else(|| {
            self.malformed(format!(
                "operator {name} is not supported; supported are $AND, $OR, $PHRASE, {}",
                Op::ALL.map(Op::name).join(", ")
            ))
        })?;
        let fields = value
            .as_object()
            .ok_or_else(|| self.malformed(format!("{name} at this place takes an object of properties")))?;
        let parts = fields.iter().map(|(field, value)| self.test(field, op, value));
        Ok(Expr::And(parts.collect::<Result<_, _>>()?))
    }

    /// Version 2: `{"Type": {"$EQ": "Individual"}}`, or `{"Address": {"ZipCode": {"$EQ": …}}}`.
    fn field(&self, name: &str, value: &Value) -> Result<Expr, Refusal> {
        let tests = value
            .as_object()
            .filter(|tests| !tests.is_empty())
            .ok_or_else(|| {
                self.malformed(format!(
                    "'{name}' needs an operator, as in {{\"{name}\":{{\"$EQ\":…}}}}"
                ))
            })?;
        let mut parts = Vec::with_capacity(tests.len());
        for (inner, value) in tests {
            if inner.starts_with('$') {
                let op = Op::parse(inner).ok_or_else(|| self.unsupported(name, inner))?;
                parts.push(self.test(name, op, value)?);
            } else {
                parts.push(self.field(&format!("{name}/{inner}"), value)?);
            }
        }
        Ok(match parts.len() {
            1 => parts.pop().unwrap_or(Expr::And(Vec::new())),
            _ => Expr::And(parts),
        })
    }

    fn test(&self, name: &str, op: Op, value: &Value) -> Result<Expr, Refusal> {
        let (path, kind, family) = self.path(name)?;
        let refused = path.part.is_none() && path.field.without.contains(&op);
        if refused || !op.suits(kind) || self.driver_lacks(&path, op) {
            return Err(self.unsupported(name, op.name()));
        }
        let fit = |value: &Value| {
            Operand::read(kind, &family, value, self.now)
                .map_err(|unfit: Unfit| unfit.refusal(self.entity, name))
        };
        let many = || {
            value
                .as_array()
                .ok_or_else(|| self.malformed(format!("{} on '{name}' takes an array", op.name())))?
                .iter()
                .map(fit)
                .collect::<Result<Vec<_>, _>>()
        };
        // A search for the type `Household` finds everything, as the live service was seen to do.
        let household = matches!(op, Op::Eq)
            && path.field.name == "Type"
            && self.entity == Entity::AbEntry
            && value
                .as_str()
                .is_some_and(|text| text.eq_ignore_ascii_case("Household"));
        if household {
            return Ok(Expr::And(Vec::new()));
        }
        let (test, negated) = match op {
            Op::Eq => (Test::OneOf(vec![fit(value)?]), false),
            Op::Ne => (Test::OneOf(vec![fit(value)?]), true),
            Op::In => (Test::OneOf(many()?), false),
            Op::Nin => (Test::OneOf(many()?), true),
            Op::All => (Test::Has(many()?), false),
            Op::Gt => (Test::Order(Relation::Above, fit(value)?), false),
            Op::Ge => (Test::Order(Relation::AtLeast, fit(value)?), false),
            Op::Lt => (Test::Order(Relation::Below, fit(value)?), false),
            Op::Le => (Test::Order(Relation::AtMost, fit(value)?), false),
            Op::Range | Op::Nrange => {
                let mut ends = many()?;
                let (Some(high), Some(low), true) = (ends.pop(), ends.pop(), ends.is_empty()) else {
                    return Err(self.malformed(format!("{} on '{name}' takes [low, high]", op.name())));
                };
                (Test::Within(low, high), op == Op::Nrange)
            }
            Op::Like | Op::Nlike => {
                let pattern = value.as_str().ok_or_else(|| {
                    Unfit::Expected("a text with the wildcards % and _").refusal(self.entity, name)
                })?;
                (Test::Like(pattern.to_owned()), op == Op::Nlike)
            }
        };
        let leaf = Expr::Leaf { path, test };
        Ok(if negated { Expr::Not(Box::new(leaf)) } else { leaf })
    }

    fn unsupported(&self, name: &str, operator: &str) -> Refusal {
        Refusal::UnsupportedOperator {
            entity: self.entity.name(),
            property: name.to_owned(),
            operator: operator.to_owned(),
        }
    }

    fn driver_lacks(&self, path: &Path, op: Op) -> bool {
        self.sql_driver && op == Op::Ne && self.entity == Entity::AbEntry && path.field.name == "Type"
    }

    /// Resolves a property path to what is compared and the objects whose keys may stand on the other side.
    fn path(&self, name: &str) -> Result<(Path, Kind, Vec<Entity>), Refusal> {
        let path = resolve(self.entity, name)?;
        let blocked = self
            .limits
            .is_some_and(|limits| limits.blocks_search(self.entity, &path.field.name));
        if blocked {
            return Err(Refusal::NotSupportedFor {
                entity: self.entity.name(),
                property: name.to_owned(),
                purpose: "searching",
            });
        }
        let whole = (path.field.kind, family(self.entity, path.field.kind));
        let (kind, family) = match (&path.part, path.field.kind) {
            (None, _) => whole,
            (Some(part), Kind::Linked(target)) => {
                let field = target.field(part).ok_or_else(|| unknown(self.entity, name))?;
                (field.kind, family(target, field.kind))
            }
            (Some(part), Kind::Items(_) | Kind::Object(_)) if part.eq_ignore_ascii_case("Key") => {
                (Kind::Reference(&Entity::ALL), Entity::ALL.to_vec())
            }
            (Some(_), Kind::Items(_) | Kind::Object(_) | Kind::Any) => (Kind::Any, Vec::new()),
            // `ParentKey/Value`, `Creator/Key`, `LastModifyDate/Value`: still the same.
            (Some(_), _) => whole,
        };
        Ok((path, kind, family))
    }

    /// `$PHRASE`: an e-mail address, a phone number, `Name: text`, or the beginning of a name.
    fn phrase(&self, value: &Value) -> Result<Expr, Refusal> {
        let text = value
            .as_str()
            .ok_or_else(|| self.malformed("$PHRASE takes a text"))?;
        let text = text.trim_start_matches("Name:").trim();
        let has_digit_first = text.starts_with(|c: char| c.is_ascii_digit() || c == '+' || c == '(');
        let names: &[&str] = match () {
            () if text.contains('@') => &["Email"],
            () if has_digit_first => &["Phone"],
            () => &["FirstName", "LastName", "CompanyName"],
        };
        let fields = names.iter().filter_map(|name| self.entity.field(name));
        let parts: Vec<Expr> = fields
            .map(|field| Expr::Leaf {
                path: Path { field, part: None },
                test: Test::Prefix(text.to_owned()),
            })
            .collect();
        if parts.is_empty() {
            return Err(self.malformed("$PHRASE is not supported on this object"));
        }
        Ok(Expr::Or(parts))
    }
}

/// The property behind `Field` or `Field/Part`.
pub(crate) fn resolve(entity: Entity, name: &str) -> Result<Path, Refusal> {
    if let Some(field) = entity.field(name) {
        return Ok(Path { field, part: None });
    }
    let (root, part) = name.split_once('/').ok_or_else(|| unknown(entity, name))?;
    let field = entity.field(root).ok_or_else(|| unknown(entity, name))?;
    let known = match field.kind {
        Kind::Object(parts) | Kind::Items(parts) => {
            parts.iter().any(|known| known.eq_ignore_ascii_case(part))
        }
        Kind::Linked(target) => target.field(part).is_some(),
        Kind::Key | Kind::Reference(_) | Kind::User | Kind::Any => true,
        _ => part.eq_ignore_ascii_case("Value") || part.eq_ignore_ascii_case("Key"),
    };
    if known {
        Ok(Path {
            field,
            part: Some(part.to_owned()),
        })
    } else {
        Err(unknown(entity, name))
    }
}

pub(crate) fn unknown(entity: Entity, property: &str) -> Refusal {
    Refusal::UnknownProperty {
        entity: entity.name(),
        property: property.to_owned(),
    }
}

/// The objects whose keys a property of this kind holds.
fn family(entity: Entity, kind: Kind) -> Vec<Entity> {
    match kind {
        Kind::Key => vec![entity],
        Kind::Reference(targets) => targets.to_vec(),
        Kind::Linked(target) => vec![target],
        _ => Vec::new(),
    }
}

/// Reads the key of the record that a write is about.
pub(crate) fn own_key(entity: Entity, data: &Map<String, Value>) -> Result<Option<KeyMatch>, Refusal> {
    match casing::get(data, "Key") {
        None | Some(Value::Null) => Ok(None),
        Some(value) => KeyMatch::read(value, &[entity]).map(Some).ok_or(Refusal::KeyType),
    }
}
