//! `GET /contacts` and what belongs to it.

use periodic_sdk::{
    contract::{
        Answer, Body, Context, Exchange, Failure, Hub, Listed, Listing, Operation, Outcome, Piece, Position, Step,
        succeeded,
    },
    raw,
};

use crate::{AcmeShop, ask, request};

impl Hub for AcmeShop {
    fn begin(context: &Context, operation: Operation) -> Result<Step<Outcome>, Failure> {
        let exchange = match operation {
            Operation::List(listing) => ask(context, &list(&listing)?)?,
            Operation::Get { id, .. } => ask(context, &format!("contacts/{}", segment(&id)?))?,
            Operation::Create { body, .. } => write(context, "POST", "contacts", body)?,
            Operation::Update { id, body, .. } => {
                write(context, "PATCH", &format!("contacts/{}", segment(&id)?), body)?
            }
            _ => return Err(Failure::Unsupported("Acme Shop does not offer that".into())),
        };
        Ok(Step::Send(exchange))
    }

    fn resume(_: &Context, operation: Operation, _: &[u8], answers: &[Answer]) -> Result<Step<Outcome>, Failure> {
        let body = &succeeded(answers)?.body;
        let whole = raw::whole(body);
        // Records go to the host as pieces of the answer: nothing is parsed that nobody asked for.
        let Operation::List(listing) = operation else {
            return Ok(Step::Done(Outcome::One(vec![Piece::span(0, whole)])));
        };
        let mut listed = Listed::default();
        for record in raw::elements(body, whole) {
            let record = record.map_err(|error| Failure::Transient(error.to_string().into()))?;
            listed.records.push(vec![Piece::span(0, record)]);
        }
        // A full page may have another one behind it; whoever asks for it finds out.
        let is_full = listed.records.len() >= page_size(&listing) as usize;
        listed.next = is_full.then(|| page(&listing).map(|page| (page + 1).to_string())).transpose()?;
        Ok(Step::Done(Outcome::Listed(listed)))
    }
}

fn list(listing: &Listing) -> Result<String, Failure> {
    if listing.filter.is_some() || listing.order_by.is_some() {
        return Err(Failure::InvalidRequest("Acme Shop has neither where nor orderBy".into()));
    }
    Ok(format!("contacts?page={}&per_page={}", page(listing)?, page_size(listing)))
}

/// As many as the provider allows at most: fewer than the caller asked for are a page as well.
fn page_size(listing: &Listing) -> u32 {
    listing.page_size.min(100)
}

/// The cursor is the number of the page.
fn page(listing: &Listing) -> Result<u32, Failure> {
    match &listing.start {
        Position::Page(page) => Ok(*page),
        Position::Cursor(cursor) => cursor
            .parse()
            .map_err(|_| Failure::InvalidRequest(format!("nextPage: {cursor:?} is none of ours").into())),
    }
}

/// An id stands in a path: one that would lead elsewhere is refused.
fn segment(id: &str) -> Result<&str, Failure> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
    if !id.is_empty() && id.chars().all(is_plain) {
        Ok(id)
    } else {
        Err(Failure::NotFound(format!("there is no contact {id:?}").into()))
    }
}

fn write(context: &Context, method: &str, path: &str, body: String) -> Result<Exchange, Failure> {
    let mut request = request(context, method, path)?;
    request.body = Body::Json(body);
    Ok(Exchange::one(request, Vec::new()))
}
