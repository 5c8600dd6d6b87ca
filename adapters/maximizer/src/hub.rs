//! The resources, read and written.

use periodic_sdk::contract::{
    Answer, Context, Detail, Exchange, Failure, Hub, Listed, Listing, Operation, Outcome, Position, Request,
    Response, Step, only,
};
use serde_json::{Map, Value, json};

use crate::{
    Maximizer, address, describe, key, query,
    read::{Page, Read, page, page_key},
    reply::Reply,
    resource::{self, Resource},
};

impl Hub for Maximizer {
    fn begin(context: &Context, operation: Operation) -> Result<Step<Outcome>, Failure> {
        let request = match &operation {
            Operation::Fields(name) => {
                let fields = serde_json::to_string(&describe::fields(resource::find(name)?));
                let fields = fields.map_err(|error| Failure::Other(error.to_string().into()))?;
                return Ok(Step::Done(Outcome::Fields(fields)));
            }
            Operation::List(listing) => list(context, listing)?,
            Operation::Get { resource, id, fields } => get(context, resource::find(resource)?, id, fields)?,
            Operation::Create { resource, body } => create(context, resource::find(resource)?, body)?,
            Operation::Update { resource, id, body } => update(context, resource::find(resource)?, id, body)?,
            Operation::Delete { resource, id } => delete(context, resource::find(resource)?, id)?,
            Operation::Replace { .. } => {
                return Err(Failure::Unsupported(
                    "Maximizer updates the given members only; use PATCH".into(),
                ));
            }
        };
        Ok(Step::Send(Exchange::one(request, Vec::new())))
    }

    fn resume(
        _: &Context,
        operation: Operation,
        _: &[u8],
        answers: &[Answer],
    ) -> Result<Step<Outcome>, Failure> {
        let outcome = outcome(&operation, only(answers)?);
        let outcome = outcome.map_err(|failure| without_record(&operation, failure))?;
        Ok(Step::Done(outcome))
    }
}

fn outcome(operation: &Operation, response: &Response) -> Result<Outcome, Failure> {
    Ok(match operation {
        Operation::List(listing) => {
            let Page { records, next } = page(resource::find(&listing.resource)?, response, &[])?;
            let next = next.or_else(|| following(listing, records.len()));
            let records = records.iter().map(|record| record.document()).collect();
            Outcome::Listed(Listed {
                records,
                next,
                total: None,
            })
        }
        Operation::Get { resource, id, .. } => {
            let records = page(resource::find(resource)?, response, &[])?.records;
            let missing = || Failure::NotFound(no_record(resource, id).into());
            Outcome::One(records.first().ok_or_else(missing)?.document())
        }
        Operation::Create { resource, .. } | Operation::Update { resource, .. } => {
            let records = page(resource::find(resource)?, response, &[])?.records;
            let missing = || Failure::Transient("Maximizer took the record and returned none".into());
            Outcome::One(records.first().ok_or_else(missing)?.document())
        }
        Operation::Delete { resource, .. } => {
            Reply::read(response, resource::find(resource)?.entity)?;
            Outcome::Done
        }
        Operation::Replace { .. } | Operation::Fields(_) => {
            return Err(Failure::Other(
                "an operation that sends nothing was resumed".into(),
            ));
        }
    })
}

fn no_record(resource: &str, id: &str) -> String {
    format!("{resource} has no record {id}")
}

/// The provider refuses what cannot be a key as it refuses a request that makes no sense. To the caller it means that
/// there is no such record.
fn without_record(operation: &Operation, failure: Failure) -> Failure {
    let (Operation::Get { resource, id, .. }
    | Operation::Update { resource, id, .. }
    | Operation::Delete { resource, id }) = operation
    else {
        return failure;
    };
    match failure {
        Failure::InvalidRequest(detail) if !key::is_well_formed(id) => Failure::NotFound(Detail {
            message: no_record(resource, id),
            ..detail
        }),
        failure => failure,
    }
}

fn list(context: &Context, listing: &Listing) -> Result<Request, Failure> {
    let resource = resource::find(&listing.resource)?;
    let query = match listing
        .filter
        .as_deref()
        .map(str::trim)
        .filter(|clause| !clause.is_empty())
    {
        Some(clause) => query::parse(resource, clause)
            .map_err(|error| Failure::InvalidRequest(format!("where: {error}").into()))?,
        None => json!({}),
    };
    let order = listing
        .order_by
        .as_deref()
        .map(|order| parse_order(resource, order))
        .transpose()?;
    let page_key = match &listing.start {
        Position::Cursor(cursor) => Some(cursor.clone()),
        Position::Page(page) => {
            page_key(u64::from(page.saturating_sub(1)).saturating_mul(u64::from(listing.page_size)))
        }
    };
    let driver = order.is_some();
    let (fields, page_size) = (listing.fields.as_slice(), listing.page_size);
    Read {
        resource,
        fields,
        query,
        order,
        page_key,
        page_size,
        driver,
    }
    .request(context)
}

/// `LastName desc`.
fn parse_order(resource: &Resource, order: &str) -> Result<Value, Failure> {
    let mut words = order.split_whitespace();
    let (Some(field), direction, None) = (words.next(), words.next(), words.next()) else {
        return Err(Failure::InvalidRequest(
            "orderBy: has to be a field and asc or desc".into(),
        ));
    };
    let direction = match direction.map(str::to_ascii_lowercase).as_deref() {
        None | Some("asc") => "ASC",
        Some("desc") => "DESC",
        Some(other) => {
            return Err(Failure::InvalidRequest(
                format!("orderBy: {other:?} is neither asc nor desc").into(),
            ));
        }
    };
    let field = resource.field(field).map_or(field, |field| field.name);
    Ok(json!({ field: direction }))
}

/// Where the next page starts when the provider does not say: after a full page there may be another.
fn following(listing: &Listing, read: usize) -> Option<String> {
    if read < listing.page_size as usize {
        return None;
    }
    let start = match &listing.start {
        Position::Page(page) => {
            u64::from(page.saturating_sub(1)).saturating_mul(u64::from(listing.page_size))
        }
        Position::Cursor(cursor) => {
            use base64::{Engine as _, engine::general_purpose::STANDARD};
            let offset = STANDARD
                .decode(cursor)
                .ok()
                .and_then(|bytes| String::from_utf8(bytes).ok());
            offset?.trim().parse().ok()?
        }
    };
    page_key(start.saturating_add(u64::from(listing.page_size)))
}

fn get(context: &Context, resource: &Resource, id: &str, fields: &[String]) -> Result<Request, Failure> {
    let query = query::compare("Key", "$EQ", id.into());
    Read {
        resource,
        fields,
        query,
        order: None,
        page_key: None,
        page_size: 1,
        driver: false,
    }
    .request(context)
}

fn create(context: &Context, resource: &Resource, body: &str) -> Result<Request, Failure> {
    let mut data = Map::new();
    // A key that is null comes back filled in.
    data.insert("Key".to_owned(), Value::Null);
    let given = assignable(body)?;
    let find = |name: &str| {
        given
            .iter()
            .find_map(|(key, value)| key.eq_ignore_ascii_case(name).then_some(value))
    };
    if let (Some(kind), None) = (resource.kind, find("Type")) {
        data.insert("Type".to_owned(), kind.into());
    }
    // Maximizer wants an objective; callers of Cloud Elements give a description alone.
    if let ("Opportunity", None, Some(description)) =
        (resource.entity, find("Objective"), find("Description"))
    {
        data.insert("Objective".to_owned(), description.clone());
    }
    data.extend(given);
    write(context, resource, "Create", data)
}

fn update(context: &Context, resource: &Resource, id: &str, body: &str) -> Result<Request, Failure> {
    let mut data = Map::new();
    data.insert("Key".to_owned(), id.into());
    data.extend(assignable(body)?);
    write(context, resource, "Update", data)
}

fn delete(context: &Context, resource: &Resource, id: &str) -> Result<Request, Failure> {
    let mut body = Map::new();
    body.insert(resource.entity.to_owned(), json!({ "Data": { "Key": id } }));
    body.extend(resource.settings(false));
    Ok(address::service(context, "Delete")?.json(&Value::Object(body)))
}

/// The record is read again after it was written: what comes back is what is stored.
fn write(
    context: &Context,
    resource: &Resource,
    method: &str,
    data: Map<String, Value>,
) -> Result<Request, Failure> {
    let mut body = Map::new();
    let entity = json!({ "Data": data, "Options": { "ReadAfterSave": true } });
    body.insert(resource.entity.to_owned(), entity);
    body.extend(resource.settings(false));
    Ok(address::service(context, method)?.json(&Value::Object(body)))
}

/// The members of a body that can be written.
fn assignable(body: &str) -> Result<Map<String, Value>, Failure> {
    let given: Map<String, Value> = serde_json::from_str(body)
        .map_err(|error| Failure::InvalidRequest(format!("the body is no JSON object: {error}").into()))?;
    let mine = given
        .into_iter()
        .filter(|(member, _)| !resource::is_computed(member));
    Ok(mine.collect())
}
