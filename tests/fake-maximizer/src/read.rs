//! The `Read` method: search, order, page, project.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value};

use crate::casing::{self, Casing};
use crate::error::Refusal;
use crate::faults::{Faults, LateVisible, PageKeyPlace};
use crate::project::{Selection, View};
use crate::query::{self, Path, Scene};
use crate::row::Row;
use crate::schema::{Entity, Kind};
use crate::store::Store;

/// What a read depends on besides its request.
#[derive(Debug, Clone)]
pub(crate) struct Reader<'a> {
    pub(crate) store: &'a Store,
    /// The provider's present.
    pub(crate) now: DateTime<Utc>,
    pub(crate) faults: &'a Faults,
    pub(crate) view: View,
    pub(crate) sql_driver: bool,
    pub(crate) casing: Casing,
}

/// Which rows of a result are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) offset: usize,
    /// `PageSize`, cut to the server's cap.
    pub(crate) size: Option<usize>,
    /// `Top`, counted from the first row of the result.
    pub(crate) top: Option<usize>,
}

#[derive(Debug)]
struct SortKey {
    path: Path,
    descending: bool,
}

// === impl Reader ===

impl Reader<'_> {
    /// Reads one object; answers what stands below its name.
    ///
    /// # Errors
    /// A [`Refusal`] that names what is wrong with the request.
    pub(crate) fn read(
        &self,
        entity: Entity,
        request: &Map<String, Value>,
    ) -> Result<Map<String, Value>, Refusal> {
        let selection = self.selection(entity, request)?;
        let order = self.order(entity, request)?;
        let window = Window::read(entity, request, self.faults.page_cap.as_ref().map(|cap| cap.rows))?;
        let rows = self.search(entity, request, &order)?;

        let limit = window.top.map_or(rows.len(), |top| top.min(rows.len()));
        let end = window
            .size
            .map_or(limit, |size| window.offset.saturating_add(size).min(limit));
        let page = rows.get(window.offset..end).unwrap_or_default();
        let shown: Vec<Value> = page
            .iter()
            .map(|row| Value::Object(selection.show(row, &self.view)))
            .collect();
        let mut body = Map::new();
        body.insert(self.casing.spell("Data"), Value::Array(shown));
        if window.size.is_some() {
            let next = if end < limit {
                Value::String(page_key(end))
            } else {
                Value::Null
            };
            self.place_page_key(&mut body, request, next);
        }
        Ok(body)
    }

    /// The rows of a result in order, before paging.
    fn search(
        &self,
        entity: Entity,
        request: &Map<String, Value>,
        order: &[SortKey],
    ) -> Result<Vec<Row<'_>>, Refusal> {
        let scene = Scene {
            entity,
            now: self.now,
            sql_driver: self.sql_driver,
            limits: self.faults.field_limits.as_ref(),
        };
        let criteria = casing::object(request, "Criteria");
        let query = criteria
            .and_then(|criteria| casing::get(criteria, "SearchQuery"))
            .unwrap_or(&Value::Null);
        let query = query::parse(scene, query)?;
        let late = self
            .faults
            .late_visible
            .as_ref()
            .filter(|late: &&LateVisible| late.covers(entity));
        let lag = late.map_or(TimeDelta::zero(), |late| {
            TimeDelta::seconds(i64::from(late.seconds))
        });
        let rows = self.store.records(entity).filter_map(|record| {
            let version = record.visible(self.now, lag)?;
            Some(Row {
                store: self.store,
                record,
                version,
            })
        });
        let mut rows: Vec<_> = rows.filter(|row| query.holds(row)).collect();
        if !order.is_empty() {
            let cells = |row: &Row<'_>| -> Vec<_> {
                order
                    .iter()
                    .map(|key| row.cell(&key.path.field, key.path.part.as_deref()))
                    .collect()
            };
            let mut keyed: Vec<_> = rows.into_iter().map(|row| (cells(&row), row)).collect();
            keyed.sort_by(|(a, _), (b, _)| {
                let each = order.iter().zip(a.iter().zip(b)).map(|(key, (a, b))| {
                    if key.descending { b.order(a) } else { a.order(b) }
                });
                each.into_iter()
                    .find(|order| order.is_ne())
                    .unwrap_or(std::cmp::Ordering::Equal)
            });
            rows = keyed.into_iter().map(|(_, row)| row).collect();
        }
        Ok(rows)
    }

    /// The record that stands first on the page before the one that is asked for.
    pub(crate) fn first_of_page_before(
        &self,
        entity: Entity,
        request: &Map<String, Value>,
    ) -> Result<Option<crate::key::Identity>, Refusal> {
        let order = self.order(entity, request)?;
        let window = Window::read(entity, request, self.faults.page_cap.as_ref().map(|cap| cap.rows))?;
        let rows = self.search(entity, request, &order)?;
        let first = window.offset.saturating_sub(window.size.unwrap_or(window.offset));
        Ok(rows.get(first).map(|row| row.record.identity.clone()))
    }

    fn selection(&self, entity: Entity, request: &Map<String, Value>) -> Result<Selection, Refusal> {
        let fields = casing::object(request, "Scope").and_then(|scope| casing::get(scope, "Fields"));
        let fields = fields.ok_or_else(|| {
            Refusal::malformed(
                format!("{entity}.Scope.Fields"),
                "expected the properties to read",
            )
        })?;
        let grouped = casing::object(request, "GroupBy")
            .and_then(|group| casing::get(group, "Fields"))
            .and_then(Value::as_array)
            .is_some_and(|fields| !fields.is_empty());
        if grouped {
            return Err(Refusal::malformed(
                format!("{entity}.GroupBy"),
                "grouping is not supported",
            ));
        }
        Selection::parse(entity, fields)
    }

    fn order(&self, entity: Entity, request: &Map<String, Value>) -> Result<Vec<SortKey>, Refusal> {
        let at = || format!("{entity}.OrderBy.Fields");
        let fields = casing::object(request, "OrderBy").and_then(|order| casing::get(order, "Fields"));
        let items = match fields {
            None | Some(Value::Null) => return Ok(Vec::new()),
            Some(Value::Array(items)) => items,
            Some(_) => {
                return Err(Refusal::malformed(
                    at(),
                    "expected an array such as [{\"Type\":\"ASC\"}]",
                ));
            }
        };
        let mut keys = Vec::with_capacity(items.len());
        for item in items {
            let members = item
                .as_object()
                .ok_or_else(|| Refusal::malformed(at(), "expected objects such as {\"Type\":\"ASC\"}"))?;
            for (name, direction) in members {
                let path = query::resolve(entity, name)?;
                let sortable =
                    !matches!(path.field.kind, Kind::Object(_) | Kind::Items(_)) || path.part.is_some();
                let limits = self.faults.field_limits.as_ref();
                if !sortable || limits.is_some_and(|limits| limits.blocks_sort(entity, &path.field.name)) {
                    return Err(Refusal::NotSupportedFor {
                        entity: entity.name(),
                        property: name.clone(),
                        purpose: "sorting",
                    });
                }
                let descending = match direction.as_str() {
                    Some(text) if text.eq_ignore_ascii_case("ASC") => false,
                    Some(text) if text.eq_ignore_ascii_case("DESC") => true,
                    _ => {
                        return Err(Refusal::malformed(
                            at(),
                            format!("'{name}' takes \"ASC\" or \"DESC\""),
                        ));
                    }
                };
                keys.push(SortKey { path, descending });
            }
        }
        Ok(keys)
    }

    fn place_page_key(&self, body: &mut Map<String, Value>, request: &Map<String, Value>, next: Value) {
        let place = self
            .faults
            .page_key
            .as_ref()
            .map(|key| key.place)
            .unwrap_or_default();
        match place {
            PageKeyPlace::OrderBy => {
                let (outer, order) = casing::find(request, "OrderBy").unwrap_or(("OrderBy", &Value::Null));
                let inner = order.as_object().and_then(|order| casing::find(order, "PageKey"));
                let inner = inner.map_or_else(|| self.casing.spell("PageKey"), |(echo, _)| echo.to_owned());
                body.insert(outer.to_owned(), Value::Object(Map::from_iter([(inner, next)])));
            }
            PageKeyPlace::Entity => drop(body.insert(self.casing.spell("PageKey"), next)),
            PageKeyPlace::NextPageKey => drop(body.insert(self.casing.spell("NextPageKey"), next)),
            PageKeyPlace::Absent => {}
        }
    }
}

// === impl Window ===

impl Window {
    /// Reads `OrderBy.PageKey`, `OrderBy.PageSize` and `Criteria.Top`.
    pub(crate) fn read(
        entity: Entity,
        request: &Map<String, Value>,
        cap: Option<usize>,
    ) -> Result<Self, Refusal> {
        let order = casing::object(request, "OrderBy");
        let count = |holder: Option<&Map<String, Value>>, part: &str, name: &str| {
            let number = match holder.and_then(|holder| casing::get(holder, name)) {
                None | Some(Value::Null) => return Ok(None),
                Some(value) => value
                    .as_u64()
                    .filter(|n| *n > 0)
                    .and_then(|n| usize::try_from(n).ok()),
            };
            let at = format!("{entity}.{part}.{name}");
            number
                .map(Some)
                .ok_or_else(|| Refusal::malformed(at, "expected a whole number above 0"))
        };
        let size = count(order, "OrderBy", "PageSize")?;
        let top = count(casing::object(request, "Criteria"), "Criteria", "Top")?;
        let offset = match order.and_then(|order| casing::get(order, "PageKey")) {
            None | Some(Value::Null) => 0,
            Some(key) => key.as_str().and_then(offset_of).ok_or_else(|| {
                Refusal::malformed(
                    format!("{entity}.OrderBy.PageKey"),
                    "the page key is not one of this service",
                )
            })?,
        };
        let size = match (size, cap) {
            (Some(size), Some(cap)) => Some(size.min(cap.max(1))),
            (size, _) => size,
        };
        // Without paging the cap truncates, as a top does; with paging the walk goes on below it.
        let top = match (size, cap) {
            (None, Some(cap)) => Some(top.map_or(cap, |top| top.min(cap))),
            _ => top,
        };
        Ok(Self { offset, size, top })
    }

    /// The page that is asked for, from 1.
    pub(crate) fn page(&self) -> usize {
        match self.size {
            Some(size) => self.offset / size.max(1) + 1,
            None => 1,
        }
    }
}

/// A page key is the base64 of an offset: `MTA=` is 10.
fn page_key(offset: usize) -> String {
    STANDARD.encode(offset.to_string())
}

fn offset_of(key: &str) -> Option<usize> {
    String::from_utf8(STANDARD.decode(key).ok()?).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Window, offset_of, page_key};
    use crate::schema::Entity;

    #[test]
    fn page_keys_are_offsets() {
        assert_eq!(page_key(10), "MTA=");
        assert_eq!(offset_of("MTA="), Some(10));
        for bad in ["", "10", "LTE=", "////", "MTAgMTA="] {
            assert_eq!(offset_of(bad), None, "{bad}");
        }
    }

    #[test]
    fn windows() {
        let check =
            |request: Value, cap: Option<usize>, expect: Option<(usize, Option<usize>, Option<usize>)>| {
                let window = Window::read(Entity::AbEntry, request.as_object().unwrap(), cap);
                assert_eq!(
                    window.ok().map(|w| (w.offset, w.size, w.top)),
                    expect,
                    "{request} {cap:?}"
                );
            };
        check(json!({}), None, Some((0, None, None)));
        check(
            json!({"orderBy": {"pageKey": null, "pageSize": 10}}),
            None,
            Some((0, Some(10), None)),
        );
        check(
            json!({"OrderBy": {"PageKey": "MTA=", "PageSize": 10}, "Criteria": {"Top": 30}}),
            None,
            Some((10, Some(10), Some(30))),
        );
        check(
            json!({"OrderBy": {"PageSize": 500}}),
            Some(100),
            Some((0, Some(100), None)),
        );
        check(
            json!({"Criteria": {"Top": 500}}),
            Some(100),
            Some((0, None, Some(100))),
        );
        check(json!({}), Some(100), Some((0, None, Some(100))));
        check(json!({"OrderBy": {"PageKey": "x!"}}), None, None);
        check(json!({"OrderBy": {"PageSize": 0}}), None, None);
        check(json!({"Criteria": {"Top": "1"}}), None, None);
    }
}
