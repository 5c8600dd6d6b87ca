//! The resources, read and written.

use periodic_sdk::contract::{
    Answer, Body, Context, Effect, Exchange, Failure, Hub, Listed, Listing, Operation, Outcome, Position,
    Request, Step, succeeded,
};

use crate::{
    Rest, address, filter,
    package::{Package, Resource},
    paging::Place,
    reading,
};

impl Hub for Rest {
    fn begin(context: &Context, operation: Operation) -> Result<Step<Outcome>, Failure> {
        let package = Package::of(context)?;
        let request = match &operation {
            Operation::Fields(name) => {
                let fields = serde_json::to_string(&package.resource(name)?.fields);
                let fields = fields.map_err(|error| Failure::Other(error.to_string().into()))?;
                return Ok(Step::Done(Outcome::Fields(fields)));
            }
            Operation::List(listing) => list(context, &package, listing)?,
            Operation::Get { resource, id, .. } => address::read(
                context,
                &package,
                &path(package.resource(resource)?.as_ref(), id)?,
                &[],
            )?,
            Operation::Create { resource, body } => {
                let resource = &package.resource(resource)?;
                write(context, &package, "POST", &resource.path, wrap(resource, body))?
            }
            Operation::Update { resource, id, body } => {
                let resource = &package.resource(resource)?;
                let method = resource.update.name();
                write(
                    context,
                    &package,
                    method,
                    &path(resource, id)?,
                    wrap(resource, body),
                )?
            }
            Operation::Replace { resource, id, body } => {
                let resource = &package.resource(resource)?;
                write(
                    context,
                    &package,
                    "PUT",
                    &path(resource, id)?,
                    wrap(resource, body),
                )?
            }
            Operation::Delete { resource, id } => write(
                context,
                &package,
                "DELETE",
                &path(package.resource(resource)?.as_ref(), id)?,
                Body::None,
            )?,
        };
        Ok(Step::Send(Exchange::one(request, Vec::new())))
    }

    fn resume(
        context: &Context,
        operation: Operation,
        _: &[u8],
        answers: &[Answer],
    ) -> Result<Step<Outcome>, Failure> {
        let package = Package::of(context)?;
        let response = succeeded(answers)?;
        Ok(Step::Done(match &operation {
            Operation::List(listing) => {
                let resource = &package.resource(&listing.resource)?;
                let array = reading::array(resource, response)?;
                let records = reading::documents(&response.body, array, &listing.fields)?;
                let (paging, place) = (package.paging(resource), place(&package, resource, listing)?);
                let total = paging.total(response);
                let more = paging.goes_on(&place, listing.page_size, records.len(), total);
                let next = paging.next(&place, response, records.len())?.filter(|_| more);
                let next = next.map(|next| next.token()).transpose()?;
                let total = total.filter(|_| listing.total);
                Outcome::Listed(Listed { records, next, total })
            }
            Operation::Get { resource, fields, .. } => Outcome::One(reading::single(
                package.resource(resource)?.as_ref(),
                response,
                fields,
            )?),
            Operation::Create { resource, .. }
            | Operation::Update { resource, .. }
            | Operation::Replace { resource, .. } => Outcome::One(reading::single(
                package.resource(resource)?.as_ref(),
                response,
                &[],
            )?),
            Operation::Delete { .. } => Outcome::Done,
            Operation::Fields(_) => {
                return Err(Failure::Other(
                    "an operation that sends nothing was resumed".into(),
                ));
            }
        }))
    }
}

fn list(context: &Context, package: &Package, listing: &Listing) -> Result<Request, Failure> {
    let resource = &package.resource(&listing.resource)?;
    let place = place(package, resource, listing)?;
    let mut parameters: Vec<(String, String)> = resource
        .parameters
        .iter()
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    if let Some(clause) = listing
        .filter
        .as_deref()
        .filter(|clause| !clause.trim().is_empty())
    {
        let conditions = filter::parameters(&resource.conditions, clause);
        parameters
            .extend(conditions.map_err(|wrong| Failure::InvalidRequest(format!("where: {wrong}").into()))?);
    }
    if let Some(order) = listing
        .order_by
        .as_deref()
        .filter(|order| !order.trim().is_empty())
    {
        parameters.push(ordered(resource, order)?);
    }
    parameters.extend(
        listing
            .parameters
            .iter()
            .map(|field| (field.name.clone(), field.value.clone())),
    );
    parameters.extend(package.paging(resource).parameters(&place, listing.page_size));
    address::read_page(context, package, &resource.path, &parameters, &place)
}

/// Where the page of a listing is.
fn place(package: &Package, resource: &Resource, listing: &Listing) -> Result<Place, Failure> {
    match &listing.start {
        Position::Page(page) => package.paging(resource).numbered(*page, listing.page_size),
        Position::Cursor(token) => Place::read(token),
    }
}

/// `LastName desc`.
fn ordered(resource: &Resource, order: &str) -> Result<(String, String), Failure> {
    let wrong = |why: &str| Failure::InvalidRequest(format!("orderBy: {why}").into());
    let known = resource
        .order
        .as_ref()
        .ok_or_else(|| wrong("the provider cannot sort this resource"))?;
    let mut words = order.split_whitespace();
    let (Some(field), direction, None) = (words.next(), words.next(), words.next()) else {
        return Err(wrong("has to be a field and asc or desc"));
    };
    let template = match direction.map(str::to_ascii_lowercase).as_deref() {
        None | Some("asc") => &known.ascending,
        Some("desc") => &known.descending,
        Some(_) => return Err(wrong("the direction is asc or desc")),
    };
    Ok((known.parameter.clone(), template.replace("{field}", field)))
}

fn path(resource: &Resource, id: &str) -> Result<String, Failure> {
    let id = address::segment(id)?;
    Ok(format!("{}/{id}", resource.path.trim_end_matches('/')))
}

fn wrap(resource: &Resource, body: &str) -> Body {
    Body::Json(match &resource.envelope {
        None => body.to_owned(),
        Some(member) => format!("{{{}:{body}}}", serde_json::Value::from(member.as_str())),
    })
}

fn write(
    context: &Context,
    package: &Package,
    method: &str,
    path: &str,
    body: Body,
) -> Result<Request, Failure> {
    let request = address::request(context, package, method, path, &[], Effect::Write)?;
    Ok(Request { body, ..request })
}
