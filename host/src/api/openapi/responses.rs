//! What endpoints answer: bodies, statuses and the headers that matter.

use axum::http::StatusCode;
use utoipa::openapi::{
    Content, Header, HeaderBuilder, Ref, RefOr, Response, ResponseBuilder, Responses, Schema,
    schema::{AnyOf, Object, SchemaType, Type},
};

use super::endpoint::{Answer, Endpoint, Shape, Who};

const JSON: &str = "application/json";
const TEXT: &str = "text/plain";

/// The refusals that there are, each with its name and what it means.
#[rustfmt::skip]
const REFUSALS: [(StatusCode, &str, &str); 16] = [
    (StatusCode::BAD_REQUEST, "BadRequest", "Something in the request is not as it should be; the message says what"),
    (StatusCode::UNAUTHORIZED, "Unauthorized", "The secrets or the token are not known here"),
    (StatusCode::FORBIDDEN, "Forbidden", "The caller may not, or the provider refuses the instance's credentials"),
    (StatusCode::NOT_FOUND, "NotFound", "It is not there, or belongs to somebody else"),
    (StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", "The resource cannot do that"),
    (StatusCode::NOT_ACCEPTABLE, "NotAcceptable", "Accept has nothing that there is"),
    (StatusCode::CONFLICT, "Conflict", "Something that is there already, or is going on, is in the way"),
    (StatusCode::GONE, "Gone", "The provider has it no longer"),
    (StatusCode::PAYLOAD_TOO_LARGE, "PayloadTooLarge", "The body is larger than what is taken"),
    (StatusCode::UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType", "The body is no JSON by its Content-Type"),
    (StatusCode::UNPROCESSABLE_ENTITY, "UnprocessableEntity", "The provider understands the request and does not take it"),
    (StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", "The caller asks too often, or the provider says so"),
    (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "RequestHeaderFieldsTooLarge", "Headers and query are larger than what is taken"),
    (StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", "The host failed; its log has the reason"),
    (StatusCode::BAD_GATEWAY, "BadGateway", "The provider or the adapter failed"),
    (StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", "Not now: the adapters are being loaded, or one rests"),
];

/// The headers that there are, each with its type and what it means.
#[rustfmt::skip]
const HEADERS: [(&str, Type, &str); 7] = [
    (REQUEST_ID, Type::String, "The request's id, as in the log"),
    (RETURNED_COUNT, Type::Integer, "How many entries the body has"),
    (TOTAL_COUNT, Type::Integer, "How many there are altogether, where that was asked and the provider tells"),
    (NEXT_PAGE_TOKEN, Type::String, "What nextPage has to be for the page that follows, if there is one"),
    (INSTANCE_ID, Type::Integer, "The id of the instance that was addressed"),
    (ALLOW, Type::String, "The methods that the path knows besides"),
    (RETRY_AFTER, Type::Integer, "So many seconds to wait before asking again, where that is known"),
];
const REQUEST_ID: &str = "Elements-Request-Id";
const RETURNED_COUNT: &str = "Elements-Returned-Count";
const TOTAL_COUNT: &str = "Elements-Total-Count";
const NEXT_PAGE_TOKEN: &str = "Elements-Next-Page-Token";
const INSTANCE_ID: &str = "Elements-Element-Instance-Id";
const ALLOW: &str = "Allow";
const RETRY_AFTER: &str = "Retry-After";

/// The headers by their names.
pub(super) fn headers() -> impl Iterator<Item = (&'static str, Header)> {
    let described = |kind, meaning| -> HeaderBuilder {
        Header::builder()
            .schema(Some(Object::with_type(kind)))
            .description(Some(meaning))
    };
    HEADERS
        .into_iter()
        .map(move |(name, kind, meaning)| (name, described(kind, meaning).build()))
}

/// The refusals by their names; `shape` is what they all have.
pub(super) fn refusals(shape: Shape) -> impl Iterator<Item = (&'static str, Response)> {
    REFUSALS.into_iter().map(move |(status, name, meaning)| {
        let refusal = with_headers(Response::builder().description(meaning), &[]);
        let refusal = match status {
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                with_headers(refusal, &[RETRY_AFTER])
            }
            StatusCode::METHOD_NOT_ALLOWED => with_headers(refusal, &[ALLOW]),
            _ => refusal,
        };
        let refusal = refusal.content(JSON, Content::new(Some(shape.reference())));
        (name, refusal.build())
    })
}

/// All that an endpoint answers.
pub(super) fn of(endpoint: &Endpoint) -> Responses {
    let mut responses = Responses::builder();
    if let Some(success) = success(endpoint) {
        responses = responses.response("200", success);
    }
    let refusals = endpoint.refusals();
    for (status, name, _) in REFUSALS {
        if refusals.contains(&status) {
            responses = responses.response(status.as_str(), Ref::from_response_name(name));
        }
    }
    if endpoint.who == Who::Provider {
        responses = responses.response("default", reply("What the element's adapter answers"));
    }
    responses.build()
}

fn success(endpoint: &Endpoint) -> Option<Response> {
    let described = |meaning: &str, schema: RefOr<Schema>, headers: &[&'static str]| {
        let response = with_headers(Response::builder().description(meaning), headers);
        response.content(JSON, Content::new(Some(schema))).build()
    };
    let of_instance = [INSTANCE_ID];
    let one: &[&'static str] = if endpoint.tells_instance {
        &of_instance
    } else {
        &[]
    };
    Some(match endpoint.answer {
        Answer::Never => return None,
        Answer::Nothing => {
            with_headers(Response::builder().description("Done; the body is empty"), one).build()
        }
        Answer::One(shape) => described("Done", shape.reference(), one),
        Answer::All(shape) => described("All of them", shape.array().into(), one),
        Answer::ByName(shape) => described("All of them, by their names", shape.by_name().into(), &[]),
        Answer::Page(shape) => described(
            "A page of them",
            shape.array().into(),
            &[RETURNED_COUNT, NEXT_PAGE_TOKEN],
        ),
        Answer::OneOrPage(shape) => {
            let either = AnyOf::builder().item(shape.reference()).item(shape.array());
            let headers = [RETURNED_COUNT, NEXT_PAGE_TOKEN];
            described(
                "The token's, or a page of them",
                Schema::AnyOf(either.build()).into(),
                &headers,
            )
        }
        Answer::Records(shape) => {
            let headers = [RETURNED_COUNT, TOTAL_COUNT, NEXT_PAGE_TOKEN, INSTANCE_ID];
            described("A page of them", shape.array().into(), &headers)
        }
        Answer::Stream => {
            let response = with_headers(Response::builder().description("Server-sent events"), &[]);
            response.content("text/event-stream", text()).build()
        }
        Answer::Export => {
            let response = Response::builder().description("A record a line, an array, or CSV");
            with_headers(response, &[RETURNED_COUNT])
                .content("application/x-ndjson", text())
                .content(JSON, anything())
                .content("text/csv", text())
                .build()
        }
        Answer::Reply => reply("Taken, with an empty object; or what the element's adapter answers"),
    })
}

/// What an adapter answers may be anything, but is no more than text.
fn reply(meaning: &str) -> Response {
    let response = with_headers(Response::builder().description(meaning), &[]);
    response.content(JSON, anything()).content(TEXT, text()).build()
}

fn anything() -> Content {
    Content::new(Some(Object::with_type(SchemaType::AnyValue)))
}

fn text() -> Content {
    Content::new(Some(Object::with_type(Type::String)))
}

/// Every answer has its request's id.
fn with_headers(response: ResponseBuilder, names: &[&'static str]) -> ResponseBuilder {
    let names = std::iter::once(&REQUEST_ID).chain(names);
    names.fold(response, |response, name| {
        response.header_ref(*name, Ref::new(format!("#/components/headers/{name}")))
    })
}
