//! The provider's `Read`: the request, and the records of its answer.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use periodic_sdk::{
    contract::{Context, Document, Failure, Piece, Request, Response},
    path::JsonPath,
    raw::{self, Fields, Keys, Span},
};
use serde_json::{Map, Value, json};

use crate::{address, key, query, reply::Reply, resource::Resource};

/// What to read.
#[derive(Debug, Clone)]
pub(crate) struct Read<'r> {
    pub(crate) resource: &'r Resource,
    /// Exactly these fields; empty means all that are known.
    pub(crate) fields: &'r [String],
    pub(crate) query: Value,
    /// `{"LastModifyDate": "ASC"}`.
    pub(crate) order: Option<Value>,
    pub(crate) page_key: Option<String>,
    pub(crate) page_size: u32,
    /// Whether the SQL driver is asked, which orders and filters by dates.
    pub(crate) driver: bool,
}

impl Read<'_> {
    /// The request.
    pub(crate) fn request(&self, context: &Context) -> Result<Request, Failure> {
        let resource = self.resource;
        let mut conditions = Vec::new();
        if let Some(kind) = resource.kind {
            conditions.push(query::compare("Type", "$EQ", kind.into()));
        }
        conditions.push(self.query.clone());
        let mut entity = json!({
            "Scope": { "Fields": scope(resource, self.fields) },
            "Criteria": { "SearchQuery": query::all(conditions) },
            "OrderBy": { "PageKey": self.page_key, "PageSize": self.page_size },
        });
        if let (Some(order), Some(by)) = (
            &self.order,
            entity.get_mut("OrderBy").and_then(Value::as_object_mut),
        ) {
            by.insert("Fields".to_owned(), json!([order]));
        }
        let mut body = Map::new();
        body.insert(resource.entity.to_owned(), entity);
        body.extend(resource.settings(self.driver));
        Ok(address::service(context, "Read")?
            .json(&Value::Object(body))
            .reading())
    }
}

/// The fields to ask for. A key is asked for with its parts: they are the record's identity.
fn scope(resource: &Resource, fields: &[String]) -> Value {
    let names: Vec<&str> = match fields {
        [] => resource.fields.iter().map(|field| field.name).collect(),
        some => some.iter().map(String::as_str).collect(),
    };
    let mut scope = Map::new();
    for name in names {
        let known = resource.field(name).map_or(name, |field| field.name);
        if known == "Key" {
            scope.insert(
                known.to_owned(),
                json!({ "Value": 1, "ID": 1, "Number": 1, "EntityType": 1 }),
            );
        } else {
            nest(&mut scope, known);
        }
    }
    Value::Object(scope)
}

/// `Address.City` is a field within a field.
fn nest(scope: &mut Map<String, Value>, path: &str) {
    match query::split(path) {
        None => {
            scope.entry(path).or_insert(json!(1));
        }
        Some((first, rest)) => {
            let inner = scope.entry(first).or_insert_with(|| json!({}));
            // The whole field, asked for as well, is narrowed to what was named of it.
            if !inner.is_object() {
                *inner = json!({});
            }
            if let Value::Object(inner) = inner {
                nest(inner, rest);
            }
        }
    }
}

/// The key of the page that starts at this record: base64 of its offset.
pub(crate) fn page_key(offset: u64) -> Option<String> {
    (offset > 0).then(|| STANDARD.encode(offset.to_string()))
}

/// The records of an answer.
#[derive(Debug)]
pub(crate) struct Page<'b> {
    pub(crate) records: Vec<Record<'b>>,
    /// Where the next page starts, where the provider says so.
    pub(crate) next: Option<String>,
}

/// A record of an answer.
#[derive(Debug)]
pub(crate) struct Record<'b> {
    body: &'b [u8],
    span: Span,
    /// The value of the member `Key`.
    key: Option<Span>,
    /// The key's text, where it is not the member itself.
    value: Option<Span>,
    id: Option<Span>,
    number: Option<Span>,
    /// The keys of other records: `ParentKey` and the like.
    links: Vec<Span>,
    /// What was asked for beside.
    extra: Vec<Option<Span>>,
}

/// Read an answer; `extra` are paths whose values are wanted of each record.
pub(crate) fn page<'b>(
    resource: &Resource,
    response: &'b Response,
    extra: &[JsonPath],
) -> Result<Page<'b>, Failure> {
    let reply = Reply::read(response, resource.entity)?;
    let body = response.body.as_slice();
    let mut paths = Vec::new();
    for path in ["Key", "Key.Value", "Key.ID", "Key.Number"] {
        paths.push(JsonPath::parse(path).map_err(|error| Failure::Other(error.to_string().into()))?);
    }
    let own = paths.len();
    for link in resource
        .fields
        .iter()
        .filter(|field| field.name.ends_with("Key") && field.name != "Key")
    {
        paths.push(JsonPath::parse(link.name).map_err(|error| Failure::Other(error.to_string().into()))?);
    }
    let links = paths.len() - own;
    paths.extend_from_slice(extra);
    let fields = Fields::with_keys(&paths, Keys::AnyCase);
    let mut records = Vec::new();
    for span in reply.records(body)? {
        let found = fields.read(body, span);
        let found =
            found.map_err(|error| Failure::Transient(format!("a record is malformed: {error}").into()))?;
        let mut found = found.into_iter();
        let mut next = || found.next().flatten();
        let (key, value, id, number) = (next(), next(), next(), next());
        let links = (0..links).filter_map(|_| next()).collect();
        records.push(Record {
            body,
            span,
            key,
            value,
            id,
            number,
            links,
            extra: found.collect(),
        });
    }
    Ok(Page {
        records,
        next: reply.next,
    })
}

impl Record<'_> {
    /// The key as the provider spells it.
    pub(crate) fn key(&self) -> Option<String> {
        self.text(self.value.or(self.key))
    }

    /// What it is, however its key is spelled.
    pub(crate) fn identity(&self, resource: &Resource) -> String {
        let (id, number) = (self.text(self.id), self.text(self.number));
        let value = self.key().unwrap_or_default();
        key::identity(resource.entity_type, &value, id.as_deref(), number.as_deref())
    }

    /// The text of a value that was asked for beside, by its position.
    pub(crate) fn extra(&self, position: usize) -> Option<String> {
        self.text(self.extra.get(position).copied().flatten())
    }

    /// The record as it is shown: its key is the text, and no part of what counts as content. Nor are the keys of other
    /// records, which each session spells in its own way: that another record is linked shows in the date of change.
    pub(crate) fn document(&self) -> Document {
        let mut asides: Vec<(Span, Piece)> = self
            .links
            .iter()
            .map(|link| (*link, Piece::span(0, *link).aside()))
            .collect();
        if let Some(key) = self.key {
            let value = match self.value {
                Some(value) => Piece::span(0, value),
                None if raw::kind(self.body, key) == Some(raw::Kind::Object) => Piece::text("null"),
                None => Piece::span(0, key),
            };
            asides.push((key, value.aside()));
        }
        asides.sort_unstable_by_key(|(span, _)| span.offset);
        let mut pieces = Vec::with_capacity(2 * asides.len() + 1);
        let mut from = self.span.offset;
        let between = |from: u32, to: u32| {
            Piece::span(
                0,
                Span {
                    offset: from,
                    length: to.saturating_sub(from),
                },
            )
        };
        for (span, piece) in asides {
            pieces.push(between(from, span.offset));
            pieces.push(piece);
            from = span.offset + span.length;
        }
        pieces.push(between(from, self.span.offset + self.span.length));
        pieces
    }

    fn text(&self, span: Option<Span>) -> Option<String> {
        raw::scalar(self.body, span?)
            .ok()
            .flatten()
            .map(|text| text.into_owned())
    }
}
