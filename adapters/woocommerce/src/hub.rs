//! The resources, read and written.

use std::borrow::Cow;

use periodic_sdk::{
    ceql::{self, Expression, Operator},
    contract::{
        Answer, Context, Exchange, Failure, Hub, Listed, Listing, Operation, Outcome, Piece, Position,
        Request, Step,
    },
    raw,
};

use crate::{
    WooCommerce, describe, reply,
    resource::{self, Resource},
    store::{self, Parameter},
};

/// The store hands over no more records at once.
pub(crate) const LARGEST_PAGE: u32 = 100;

impl Hub for WooCommerce {
    fn begin(context: &Context, operation: Operation) -> Result<Step<Outcome>, Failure> {
        let requests = match &operation {
            Operation::Fields(name) => {
                let fields = serde_json::to_string(&describe::fields(resource::find(name)?));
                let fields = fields.map_err(|error| Failure::Other(error.to_string().into()))?;
                return Ok(Step::Done(Outcome::Fields(fields)));
            }
            Operation::List(listing) => list(context, listing)?,
            Operation::Get { resource, id, fields } => {
                let query: Vec<Parameter<'_>> = exactly(fields).into_iter().collect();
                vec![store::get(context, &one(resource, id)?, &query)?]
            }
            Operation::Create { resource, body } => {
                let path = resource::find(resource)?.path;
                vec![with_body(store::write(context, "POST", path)?, body)?]
            }
            // The store's PUT changes the given members, as PATCH does.
            Operation::Update { resource, id, body } => {
                vec![with_body(
                    store::write(context, "PUT", &one(resource, id)?)?,
                    body,
                )?]
            }
            // Without force some resources are only moved to the trash, and others refuse.
            Operation::Delete { resource, id } => {
                let path = format!("{}?force=true", one(resource, id)?);
                vec![store::write(context, "DELETE", &path)?]
            }
            Operation::Replace { .. } => {
                return Err(Failure::Unsupported(
                    "WooCommerce updates the given members only; use PATCH".into(),
                ));
            }
        };
        Ok(Step::Send(Exchange {
            requests,
            state: Vec::new(),
        }))
    }

    fn resume(
        _: &Context,
        operation: Operation,
        _: &[u8],
        answers: &[Answer],
    ) -> Result<Step<Outcome>, Failure> {
        let outcome = match &operation {
            Operation::List(listing) => Outcome::Listed(listed(listing, answers)?),
            Operation::Get { .. } | Operation::Create { .. } | Operation::Update { .. } => {
                let response = reply::good(answers)?;
                Outcome::One(vec![Piece::span(0, raw::whole(&response.body))])
            }
            Operation::Delete { .. } => {
                reply::good(answers)?;
                Outcome::Done
            }
            Operation::Replace { .. } | Operation::Fields(_) => {
                return Err(Failure::Other(
                    "an operation that sends nothing was resumed".into(),
                ));
            }
        };
        Ok(Step::Done(outcome))
    }
}

fn one(resource: &str, id: &str) -> Result<String, Failure> {
    let path = resource::find(resource)?.path;
    Ok(format!("{path}/{}", store::segment(id)))
}

fn with_body(request: Request, body: &str) -> Result<Request, Failure> {
    let body: serde_json::Map<String, serde_json::Value> = serde_json::from_str(body)
        .map_err(|error| Failure::InvalidRequest(format!("the body is no JSON object: {error}").into()))?;
    Ok(request.json(&serde_json::Value::Object(body)))
}

fn exactly(fields: &[String]) -> Option<Parameter<'static>> {
    (!fields.is_empty()).then(|| ("_fields", Cow::Owned(fields.join(","))))
}

/// As many requests as a page of the caller has pages of the store.
fn list(context: &Context, listing: &Listing) -> Result<Vec<Request>, Failure> {
    let resource = resource::find(&listing.resource)?;
    let mut common: Vec<Parameter<'_>> = order(resource, listing.order_by.as_deref())?;
    common.extend(exactly(&listing.fields));
    let conditions = conditions(listing.filter.as_deref())?;
    common.extend(
        conditions
            .iter()
            .map(|(name, value)| (name.as_str(), value.into())),
    );
    let own = ["page", "per_page", "offset", "consumer_key", "consumer_secret"];
    let further = listing
        .parameters
        .iter()
        .filter(|field| !own.contains(&field.name.as_str()));
    common.extend(further.map(|field| (field.name.as_str(), field.value.as_str().into())));
    let start = start(listing)?;
    let mut requests = Vec::new();
    let mut read = 0;
    while read < listing.page_size {
        let count = LARGEST_PAGE.min(listing.page_size - read);
        let mut query = common.clone();
        query.push(("per_page", count.to_string().into()));
        query.push(("offset", (start + u64::from(read)).to_string().into()));
        requests.push(store::get(context, resource.path, &query)?);
        read += count;
    }
    Ok(requests)
}

fn start(listing: &Listing) -> Result<u64, Failure> {
    match &listing.start {
        Position::Page(page) => {
            Ok(u64::from(page.saturating_sub(1)).saturating_mul(u64::from(listing.page_size)))
        }
        Position::Cursor(cursor) => cursor
            .parse()
            .map_err(|_no_number| Failure::InvalidRequest(format!("nextPage: {cursor:?} is none").into())),
    }
}

fn listed(listing: &Listing, answers: &[Answer]) -> Result<Listed, Failure> {
    let mut records = Vec::new();
    let mut total = None;
    for (answer, index) in answers.iter().zip(0_u32..) {
        let response = reply::accept(answer.as_ref().map_err(|error| Failure::from(error.clone()))?)?;
        let told = response
            .header("X-WP-Total")
            .and_then(|total| total.trim().parse().ok());
        total = total.or(told);
        for record in raw::elements(&response.body, reply::array(response)?) {
            let record = record.map_err(|error| Failure::Transient(error.to_string().into()))?;
            records.push(vec![Piece::span(index, record)]);
        }
    }
    let end = start(listing)?.saturating_add(records.len() as u64);
    let more = match total {
        Some(total) => end < total && !records.is_empty(),
        None => records.len() >= listing.page_size as usize,
    };
    Ok(Listed {
        records,
        next: more.then(|| end.to_string()),
        total: total.filter(|_| listing.total),
    })
}

/// The order, or that of ids, in which nothing shifts while it is read.
fn order(resource: &Resource, order_by: Option<&str>) -> Result<Vec<Parameter<'static>>, Failure> {
    let words: Vec<&str> = order_by.unwrap_or("id").split_whitespace().collect();
    let (field, direction) = match words.as_slice() {
        [field] => (*field, "asc"),
        [field, direction] => (*field, *direction),
        _ => {
            return Err(Failure::InvalidRequest(
                "orderBy: has to be a field and asc or desc".into(),
            ));
        }
    };
    let direction = direction.to_ascii_lowercase();
    if !["asc", "desc"].contains(&direction.as_str()) {
        let what = format!("orderBy: {direction:?} is neither asc nor desc");
        return Err(Failure::InvalidRequest(what.into()));
    }
    // What the store calls by other names than its fields.
    let field = match (resource.path, field) {
        ("customers", "date_created" | "date_created_gmt") => "registered_date",
        ("customers", "first_name" | "last_name") => "name",
        (_, "date_created" | "date_created_gmt") => "date",
        (_, "date_modified" | "date_modified_gmt") => "modified",
        (_, "name" | "code") if resource.path != "customers" => "title",
        (_, field) => field,
    };
    Ok(vec![
        ("orderby", Cow::Owned(field.to_owned())),
        ("order", Cow::Owned(direction)),
    ])
}

/// A filter is a list of the store's own parameters: `status='processing' and customer='7'`. Comparisons of the dates are
/// what the store calls after and before.
pub(crate) fn conditions(clause: Option<&str>) -> Result<Vec<(String, String)>, Failure> {
    let Some(clause) = clause.map(str::trim).filter(|clause| !clause.is_empty()) else {
        return Ok(Vec::new());
    };
    let wrong = |what: String| Failure::InvalidRequest(format!("where: {what}").into());
    let parsed = ceql::parse(clause).map_err(|error| wrong(error.to_string()))?;
    let mut found = Vec::new();
    gather(&parsed, &mut found).map_err(wrong)?;
    Ok(found)
}

fn gather(expression: &Expression, found: &mut Vec<(String, String)>) -> Result<(), String> {
    for condition in expression.conjuncts() {
        match condition {
            Expression::Compare {
                field,
                operator,
                value,
            } => {
                found.push((parameter(&field.name, *operator)?, value.as_str().to_owned()));
            }
            Expression::In {
                field,
                values,
                negated: false,
            } => {
                let values: Vec<&str> = values.iter().map(|value| value.as_str()).collect();
                let name = if field.name == "id" {
                    "include"
                } else {
                    field.name.as_str()
                };
                found.push((name.to_owned(), values.join(",")));
            }
            other => {
                return Err(format!(
                    "the store cannot look for {other}; it takes parameters joined by AND"
                ));
            }
        }
    }
    Ok(())
}

/// The store's parameter for a comparison.
fn parameter(field: &str, operator: Operator) -> Result<String, String> {
    use Operator::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual};
    let name = match (field, operator) {
        ("id", Equal) => "include",
        (field, Equal) => field,
        // The last is what Cloud Elements calls it.
        ("date_created" | "date_created_gmt" | "created_date", Greater | GreaterOrEqual) => "after",
        ("date_created" | "date_created_gmt" | "created_date", Less | LessOrEqual) => "before",
        ("date_modified" | "date_modified_gmt", Greater | GreaterOrEqual) => "modified_after",
        ("date_modified" | "date_modified_gmt", Less | LessOrEqual) => "modified_before",
        (field, operator) => {
            return Err(format!(
                "the store does not compare {field} by {}",
                operator.sign()
            ));
        }
    };
    Ok(name.to_owned())
}
