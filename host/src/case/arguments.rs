//! What stands in a case file's `[arguments]`, between text and contract.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, SecondsFormat};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use toml_edit::Datetime;

use super::{
    Call, Resumed,
    message::parse_response,
    request_text, response_text,
    webhook::{Registration, Subscribe, parse_delivery},
};
use crate::{
    adapter::contract::{hub, oauth2, poller, types, webhook},
    clock::Millis,
};

/// Bytes: a text, or in base64 what is none.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(untagged)]
pub(super) enum Bytes {
    Text(String),
    Base64 { base64: String },
}

/// Everything that any call takes. Which of it has to be there follows from the function.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct Arguments {
    list: Option<Listing>,
    get: Option<Single>,
    create: Option<Alteration>,
    update: Option<Alteration>,
    replace: Option<Alteration>,
    delete: Option<Single>,
    fields: Option<String>,
    resource: Option<String>,
    configuration: Option<String>,
    since: Option<Datetime>,
    until: Option<Datetime>,
    checkpoint: Option<Bytes>,
    pages: Option<usize>,
    redirect_uri: Option<String>,
    callback: Option<String>,
    state: Option<String>,
    scope: Option<String>,
    code_challenge: Option<String>,
    grant: Option<String>,
    response: Option<String>,
    subscribe: Option<Subscribe>,
    renew: Option<Registration>,
    unsubscribe: Option<Registration>,
    delivery: Option<String>,
    /// Of the delivery, where it is no text.
    body: Option<Bytes>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Listing {
    resource: String,
    r#where: Option<String>,
    #[serde(default)]
    fields: Vec<String>,
    order_by: Option<String>,
    page: Option<u32>,
    cursor: Option<String>,
    page_size: Option<u32>,
    #[serde(default)]
    total: bool,
    #[serde(default)]
    parameters: IndexMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Single {
    resource: String,
    id: String,
    #[serde(default)]
    fields: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Alteration {
    resource: String,
    id: Option<String>,
    body: String,
}

/// Records of a page, unless a case says otherwise.
const PAGE_SIZE: u32 = 200;

impl Bytes {
    pub(super) fn of(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.to_owned()),
            Err(_binary) => Self::Base64 {
                base64: STANDARD.encode(bytes),
            },
        }
    }

    pub(super) fn decode(self) -> Result<Vec<u8>, String> {
        match self {
            Self::Text(text) => Ok(text.into_bytes()),
            Self::Base64 { base64 } => STANDARD
                .decode(base64)
                .map_err(|error| format!("base64: {error}")),
        }
    }
}

impl Arguments {
    /// The call of this function.
    pub(super) fn call(
        mut self,
        function: &str,
        now: Millis,
        resumed: Option<Resumed>,
    ) -> Result<Call, String> {
        let begins = resumed.is_none();
        Ok(match function {
            "element.describe" => Call::Describe,
            "element.connect" if begins => Call::Connect(None),
            "element.resume-connect" => Call::Connect(Some(resumed.unwrap_or_default())),
            "element.check" if begins => Call::Check(None),
            "element.resume-check" => Call::Check(Some(resumed.unwrap_or_default())),
            "oauth2.authorize" => Call::Authorize(oauth2::Authorization {
                redirect_uri: given(self.redirect_uri.take(), "redirectUri")?,
                state: self.state.take().unwrap_or_default(),
                scope: self.scope.take(),
                code_challenge: self.code_challenge.take(),
            }),
            "oauth2.token" => Call::Token(self.grant()?),
            "oauth2.granted" => {
                let response = parse_response(&given(self.response.take(), "response")?)?;
                Call::Granted(self.grant()?, response)
            }
            "oauth1.request-token" => Call::RequestToken(given(self.callback.take(), "callback")?),
            "oauth1.authorize" => Call::AuthorizeTemporary(given(self.callback.take(), "callback")?),
            "oauth1.access-token" => Call::AccessToken,
            "hub.begin" if begins => Call::Operate(self.operation()?, None),
            "hub.resume" => Call::Operate(self.operation()?, Some(resumed.unwrap_or_default())),
            "poller.plan" => Call::Plan {
                resource: given(self.resource.take(), "resource")?,
                configuration: self.configuration.take().unwrap_or_else(|| "{}".to_owned()),
            },
            "poller.begin" if begins => Call::Poll(self.job(now)?, self.pages, None),
            "poller.resume" => Call::Poll(self.job(now)?, self.pages, Some(resumed.unwrap_or_default())),
            "webhook.register" if begins => Call::Register(self.change()?, None),
            "webhook.resume-register" => Call::Register(self.change()?, Some(resumed.unwrap_or_default())),
            "webhook.greet" => Call::Greet(self.delivery()?),
            "webhook.verify" => Call::Verify(self.delivery()?),
            "webhook.receive" if begins => Call::Receive(self.delivery()?, None),
            "webhook.resume-receive" => Call::Receive(self.delivery()?, Some(resumed.unwrap_or_default())),
            _ if !begins => {
                return Err(format!(
                    "{function} is no call that goes on: it takes no state and no answers"
                ));
            }
            _ => {
                return Err(format!(
                    "{function:?} is no function of the contract; there are {FUNCTIONS}"
                ));
            }
        })
    }

    fn grant(&mut self) -> Result<oauth2::Grant, String> {
        let redirect_uri = self.redirect_uri.take().unwrap_or_default();
        match self.grant.as_deref() {
            Some("authorizationCode") => Ok(oauth2::Grant::AuthorizationCode(redirect_uri)),
            Some("refreshToken") => Ok(oauth2::Grant::RefreshToken(redirect_uri)),
            Some("clientCredentials") => Ok(oauth2::Grant::ClientCredentials),
            _ => Err(
                "arguments.grant has to be authorizationCode, refreshToken or clientCredentials".to_owned(),
            ),
        }
    }

    fn operation(&mut self) -> Result<hub::Operation, String> {
        let mut operations = Vec::new();
        operations.extend(self.list.take().map(|list| hub::Operation::List(list.into())));
        operations.extend(self.get.take().map(|Single { resource, id, fields }| {
            hub::Operation::Get(hub::Single { resource, id, fields })
        }));
        if let Some(Alteration { resource, body, .. }) = self.create.take() {
            operations.push(hub::Operation::Create(hub::Creation { resource, body }));
        }
        if let Some(update) = self.update.take() {
            operations.push(hub::Operation::Update(update.try_into()?));
        }
        if let Some(replace) = self.replace.take() {
            operations.push(hub::Operation::Replace(replace.try_into()?));
        }
        if let Some(Single { resource, id, .. }) = self.delete.take() {
            operations.push(hub::Operation::Delete(hub::Removal { resource, id }));
        }
        operations.extend(self.fields.take().map(hub::Operation::Fields));
        match (operations.pop(), operations.is_empty()) {
            (Some(operation), true) => Ok(operation),
            _ => Err(
                "a hub call has exactly one of arguments.list, get, create, update, replace, delete and fields"
                    .to_owned(),
            ),
        }
    }

    fn change(&mut self) -> Result<webhook::ChangeRegistration, String> {
        use webhook::ChangeRegistration::{Renew, Subscribe, Unsubscribe};
        match (self.subscribe.take(), self.renew.take(), self.unsubscribe.take()) {
            (Some(subscribe), None, None) => Ok(Subscribe(subscribe.into())),
            (None, Some(renew), None) => Ok(Renew(renew.try_into()?)),
            (None, None, Some(unsubscribe)) => Ok(Unsubscribe(unsubscribe.try_into()?)),
            _ => {
                Err("a registration has exactly one of arguments.subscribe, renew and unsubscribe".to_owned())
            }
        }
    }

    fn delivery(&mut self) -> Result<webhook::Delivery, String> {
        parse_delivery(&given(self.delivery.take(), "delivery")?, self.body.take())
    }

    fn job(&mut self, now: Millis) -> Result<poller::Job, String> {
        let since = self
            .since
            .ok_or("arguments.since is missing: the start of the window")?;
        Ok(poller::Job {
            resource: given(self.resource.take(), "resource")?,
            configuration: self.configuration.take().unwrap_or_else(|| "{}".to_owned()),
            since: millis_of(&since)?,
            until: self.until.as_ref().map_or(Ok(now), millis_of)?,
            checkpoint: self.checkpoint.take().map(Bytes::decode).transpose()?,
        })
    }
}

/// All of them, for messages.
const FUNCTIONS: &str = "element.describe, element.connect, element.check, oauth2.authorize, oauth2.token, \
    oauth2.granted, oauth1.request-token, oauth1.authorize, oauth1.access-token, hub.begin, poller.plan, poller.begin, \
    webhook.register, webhook.greet, webhook.verify, webhook.receive, and what goes on: element.resume-connect, \
    element.resume-check, hub.resume, poller.resume, webhook.resume-register, webhook.resume-receive";

fn given<T>(value: Option<T>, name: &str) -> Result<T, String> {
    value.ok_or_else(|| format!("arguments.{name} is missing"))
}

/// An instant of a case file.
pub(super) fn millis_of(instant: &Datetime) -> Result<Millis, String> {
    let text = instant.to_string();
    DateTime::parse_from_rfc3339(&text)
        .map(|instant| instant.timestamp_millis())
        .map_err(|_| format!("{text} is no instant; it should be like 2018-02-01T08:05:07.089Z"))
}

/// The other way round.
pub(super) fn datetime(instant: Millis) -> String {
    let instant = DateTime::from_timestamp_millis(instant).unwrap_or_default();
    instant.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

impl From<Listing> for hub::Listing {
    fn from(listing: Listing) -> Self {
        let start = match listing.cursor {
            Some(cursor) => hub::Position::Cursor(cursor),
            None => hub::Position::Page(listing.page.unwrap_or(1)),
        };
        let parameter = |(name, value)| types::Field { name, value };
        Self {
            resource: listing.resource,
            where_: listing.r#where,
            fields: listing.fields,
            order_by: listing.order_by,
            start,
            page_size: listing.page_size.unwrap_or(PAGE_SIZE),
            total: listing.total,
            parameters: listing.parameters.into_iter().map(parameter).collect(),
        }
    }
}

impl TryFrom<Alteration> for hub::Alteration {
    type Error = String;

    fn try_from(alteration: Alteration) -> Result<Self, String> {
        Ok(Self {
            resource: alteration.resource,
            id: given(alteration.id, "…id")?,
            body: alteration.body,
        })
    }
}

/// An answer as a case file has it: one of `response` and `error`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct Reply {
    pub(super) request: Option<String>,
    /// The provider's time from then on.
    pub(super) now: Option<Datetime>,
    response: Option<String>,
    /// The body, where it is no text.
    body_base64: Option<String>,
    error: Option<String>,
}

impl Reply {
    pub(super) fn answer(self) -> Result<Option<types::Answer>, String> {
        match (self.response, self.error) {
            (None, None) => Ok(None),
            (Some(text), None) => {
                let mut response = parse_response(&text)?;
                if let Some(body) = self.body_base64 {
                    response.body = Bytes::Base64 { base64: body }.decode()?;
                }
                Ok(Some(Ok(response)))
            }
            (None, Some(error)) => parse_error(&error).map(|error| Some(Err(error))),
            (Some(_), Some(_)) => Err("an answer is a response or an error, not both".to_owned()),
        }
    }
}

/// Keys and texts of an answer. For reading, its body is laid out, and headers are left out that tell of the transport.
pub(super) fn answer_texts(answer: &types::Answer, for_reading: bool) -> Vec<(&'static str, String)> {
    let response = match answer {
        Err(error) => return vec![("error", error_text(error))],
        Ok(response) => response,
    };
    match std::str::from_utf8(&response.body) {
        Ok(body) if for_reading => {
            let mut shown = types::Response {
                status: response.status,
                headers: response.headers.clone(),
                body: Vec::new(),
            };
            shown.headers.retain(|header| !is_of_transport(&header.name));
            vec![("response", response_text(&shown, &super::layout(body)))]
        }
        Ok(body) if !body.contains('\r') => vec![("response", response_text(response, body))],
        _ => vec![
            ("response", response_text(response, "")),
            ("bodyBase64", STANDARD.encode(&response.body)),
        ],
    }
}

fn is_of_transport(header: &str) -> bool {
    const TRANSPORT: [&str; 6] = [
        "date",
        "connection",
        "content-encoding",
        "content-length",
        "keep-alive",
        "transfer-encoding",
    ];
    TRANSPORT.iter().any(|known| header.eq_ignore_ascii_case(known))
}

/// A step's requests as text, for results.
pub(super) fn requests_text(requests: &[types::Request]) -> Vec<String> {
    requests.iter().map(request_text).collect()
}

fn parse_error(text: &str) -> Result<types::TransportError, String> {
    let (kind, what) = text.split_once(':').unwrap_or((text, ""));
    let what = what.trim().to_owned();
    Ok(match kind {
        "refused" => types::TransportError::Refused(what),
        "unreachable" => types::TransportError::Unreachable(what),
        "tls" => types::TransportError::Tls(what),
        "timeout" => types::TransportError::Timeout(what),
        "too large" => types::TransportError::TooLarge(what.parse().unwrap_or_default()),
        "other" => types::TransportError::Other(what),
        _ => {
            return Err(format!(
                "{text:?} is no transport error; it begins with refused, unreachable, tls, timeout, too large or \
                 other, and a colon"
            ));
        }
    })
}

pub(super) fn error_text(error: &types::TransportError) -> String {
    match error {
        types::TransportError::Refused(what) => format!("refused: {what}"),
        types::TransportError::Unreachable(what) => format!("unreachable: {what}"),
        types::TransportError::Tls(what) => format!("tls: {what}"),
        types::TransportError::Timeout(what) => format!("timeout: {what}"),
        types::TransportError::TooLarge(bytes) => format!("too large: {bytes}"),
        types::TransportError::Other(what) => format!("other: {what}"),
    }
}
