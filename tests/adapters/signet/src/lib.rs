//! An element of tests: its provider wants every request signed by OAuth 1.0a.
//!
//! - `{signet.url}/oauth/initiate`, `/oauth/authorize` and `/oauth/token` are the three legs.
//! - `notes` is listed from `/api/notes`, whose query has characters that signatures go wrong with, and made by a form.
//! - `signet.method` is `HMAC-SHA1`, `HMAC-SHA256` or `PLAINTEXT`.

#![deny(unsafe_code)]

#[cfg(all(target_family = "wasm", not(test)))]
mod guest;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use periodic_sdk::{
    contract::{
        self, Answer, Context, Element, Exchange, Failure, Field, Hub, Job, Listed, Listing, OAuth1,
        OAuth1Method, Operation, Outcome, Page, Piece, PollStep, Request, Step,
    },
    description::{AuthenticationKind, ConfigurationKey, Description, Resource, ResourceOperation},
    oauth1, poller, raw,
};
use serde_json::{Map, Value, json};

/// The element.
#[derive(Debug, Clone, Copy)]
pub struct Signet;

const URL: &str = "signet.url";
const METHOD: &str = "signet.method";

/// A space in both spellings, a plus, Latin-1, UTF-8, reserved characters plain and encoded, a name twice, one without a
/// value.
const ODD: &str = "z=1+2&z=1%2B2%202&l=%E9&u=%C3%A9&r=*'()!~&e=%3D%26%25&empty&b%5B%5D=%7E";

impl Element for Signet {
    fn describe(_package: Option<&[u8]>) -> Result<Description, String> {
        let mut description =
            Description::new("signet", "Signet", 900_002, "general", AuthenticationKind::Oauth1);
        description.configuration = vec![
            ConfigurationKey::text(URL, "URL").required(),
            ConfigurationKey {
                default: Some("HMAC-SHA1".to_owned()),
                ..ConfigurationKey::text(METHOD, "Signature method")
            },
            ConfigurationKey::secret(oauth1::CONSUMER_KEY, "Consumer key"),
            ConfigurationKey::secret(oauth1::CONSUMER_SECRET, "Consumer secret"),
        ];
        let notes = Resource {
            operations: vec![ResourceOperation::List, ResourceOperation::Create],
            id_field: Some("id".to_owned()),
            polling: Some(dates()),
            poll_events: ["CREATED", "UPDATED"].map(str::to_owned).to_vec(),
            ..Resource::default()
        };
        description.resources = [("notes".to_owned(), notes)].into_iter().collect();
        description.egress = vec!["{signet.url}/*".to_owned()];
        description.secrets = oauth1::bindings(&["{signet.url}/*"], "{signet.url}/oauth/authorize");
        Ok(description)
    }

    /// Whoever connects can read.
    fn connect(context: &Context) -> Result<Step<Vec<contract::Setting>>, Failure> {
        let request = signed(context, Request::get(at(context, "api/notes")))?;
        Ok(Step::Send(Exchange::one(request, Vec::new())))
    }

    fn resume_connect(
        _: &Context,
        _: &[u8],
        answers: &[Answer],
    ) -> Result<Step<Vec<contract::Setting>>, Failure> {
        contract::succeeded(answers).map(|_notes| Step::Done(Vec::new()))
    }
}

impl OAuth1 for Signet {
    fn request_token(context: &Context, callback: String) -> Result<Request, Failure> {
        let request = Request::post(at(context, "oauth/initiate"));
        Ok(oauth1::request_token(request, method(context)?, callback))
    }

    fn authorize(context: &Context, _callback: String) -> Result<Request, Failure> {
        Ok(oauth1::authorize(at(context, "oauth/authorize")))
    }

    fn access_token(context: &Context) -> Result<Request, Failure> {
        let request = Request::post(at(context, "oauth/token"));
        Ok(oauth1::access_token(request, method(context)?))
    }
}

impl Hub for Signet {
    fn begin(context: &Context, operation: Operation) -> Result<Step<Outcome>, Failure> {
        let request = match operation {
            Operation::List(Listing { filter, .. }) => {
                let filter = filter.unwrap_or_default();
                let filter = utf8_percent_encode(&filter, NON_ALPHANUMERIC);
                Request::get(at(context, &format!("api/notes?{ODD}&where={filter}")))
            }
            Operation::Create { body, .. } => {
                let members: Map<String, Value> = serde_json::from_str(&body)
                    .map_err(|error| Failure::InvalidRequest(error.to_string().into()))?;
                let field = |(name, value): (String, Value)| Field {
                    name,
                    value: value.as_str().unwrap_or_default().to_owned(),
                };
                let mut request = Request::post(at(context, &format!("api/notes?{ODD}")));
                request.body = contract::Body::Form(members.into_iter().map(field).collect());
                request
            }
            _ => return Err(Failure::Unsupported("nobody can do that to a note".into())),
        };
        Ok(Step::Send(Exchange::one(signed(context, request)?, Vec::new())))
    }

    fn resume(
        _: &Context,
        operation: Operation,
        _: &[u8],
        answers: &[Answer],
    ) -> Result<Step<Outcome>, Failure> {
        let body = &contract::succeeded(answers)?.body;
        let whole = raw::whole(body);
        if matches!(operation, Operation::Create { .. }) {
            return Ok(Step::Done(Outcome::One(vec![Piece::span(0, whole)])));
        }
        let mut listed = Listed::default();
        for record in raw::elements(body, whole) {
            let record = record.map_err(|error| Failure::Transient(error.to_string().into()))?;
            listed.records.push(vec![Piece::span(0, record)]);
        }
        Ok(Step::Done(Outcome::Listed(listed)))
    }
}

impl contract::Poller for Signet {
    fn plan(context: &Context, _resource: &str, _configuration: &str) -> Result<String, String> {
        let planned = Value::Object(dates()).to_string();
        poller::Poller::of(context, &planned)?;
        Ok(planned)
    }

    fn begin(context: &Context, job: Job) -> Result<PollStep, Failure> {
        let path = format!("api/notes?{ODD}&changed_since={}", job.since);
        let request = signed(context, Request::get(at(context, &path)))?;
        Ok(PollStep::Send(Exchange::one(request, Vec::new())))
    }

    fn resume(context: &Context, job: Job, _: &[u8], answers: &[Answer]) -> Result<PollStep, Failure> {
        let body = &contract::succeeded(answers)?.body;
        let configured = poller::Poller::of(context, &job.configuration)
            .map_err(|wrong| Failure::Permanent(wrong.into()))?;
        Ok(PollStep::Page(Page {
            records: configured.changed(&job, 0, body, raw::whole(body))?,
            ..Page::default()
        }))
    }
}

fn dates() -> Map<String, Value> {
    let configuration = json!({
        "url": "/notes?changed_since=${epoch:ms}", "idField": "id",
        "datesConfiguration": {
            "updatedDateField": "changed", "updatedDateFormat": "milliseconds",
            "createdDateField": "made", "createdDateFormat": "milliseconds",
        },
    });
    configuration.as_object().cloned().unwrap_or_default()
}

fn at(context: &Context, path: &str) -> String {
    let base = context.setting(URL).unwrap_or_default().trim_end_matches('/');
    format!("{base}/{path}")
}

fn signed(context: &Context, request: Request) -> Result<Request, Failure> {
    Ok(oauth1::signed(request, method(context)?))
}

fn method(context: &Context) -> Result<OAuth1Method, Failure> {
    match context.setting(METHOD) {
        Some("HMAC-SHA1") => Ok(OAuth1Method::HmacSha1),
        Some("HMAC-SHA256") => Ok(OAuth1Method::HmacSha256),
        Some("PLAINTEXT") => Ok(OAuth1Method::Plaintext),
        other => Err(Failure::Permanent(
            format!("{METHOD}: {other:?} is no method").into(),
        )),
    }
}
