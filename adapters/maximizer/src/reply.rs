//! What the data service answers: `Code`, `Msg` and the entity, whatever the content type and the casing.

use periodic_sdk::{
    contract::{Detail, Failure, Response},
    raw::{self, Span},
};
use serde_json::Value;

/// A successful answer's entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    /// `Data`: an array of records, or one.
    pub(crate) data: Option<Span>,
    /// Where the next page starts, where the provider says so.
    pub(crate) next: Option<String>,
}

impl Reply {
    /// Read an answer about an entity.
    pub(crate) fn read(response: &Response, entity: &str) -> Result<Self, Failure> {
        status(response)?;
        let body = &response.body;
        let unreadable = || {
            let begin: String = String::from_utf8_lossy(body).chars().take(200).collect();
            Failure::Transient(Detail::from("the answer is no JSON object").quoting(begin))
        };
        let mut reply = Self {
            data: None,
            next: None,
        };
        let (mut code, mut message) = (None, None);
        for member in raw::members(body, raw::whole(body)) {
            let member = member.map_err(|_malformed| unreadable())?;
            let key = member.key.as_ref();
            if key.eq_ignore_ascii_case("Code") {
                code = raw::scalar(body, member.value)
                    .ok()
                    .flatten()
                    .and_then(|code| code.parse::<i64>().ok());
            } else if key.eq_ignore_ascii_case("Msg") {
                message = member
                    .value
                    .of(body)
                    .and_then(|text| serde_json::from_slice::<Value>(text).ok());
            } else if key
                .split('.')
                .next()
                .is_some_and(|key| key.eq_ignore_ascii_case(entity))
            {
                reply
                    .enter(body, member.value)
                    .map_err(|_malformed| unreadable())?;
            }
        }
        match code {
            Some(0) => Ok(reply),
            Some(code) => Err(refusal(code, message.as_ref())),
            None => Err(unreadable()),
        }
    }

    /// The next page's key has no documented place: it is taken wherever it stands.
    fn enter(&mut self, body: &[u8], entity: Span) -> Result<(), raw::RawError> {
        for member in raw::members(body, entity) {
            let member = member?;
            let key = member.key.to_ascii_lowercase();
            match key.as_str() {
                "data" => self.data = Some(member.value),
                "pagekey" | "nextpagekey" => self.next = text(body, member.value),
                "orderby" | "page" | "paging" if raw::kind(body, member.value) == Some(raw::Kind::Object) => {
                    self.enter(body, member.value)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The records: an array, or one object, or none.
    pub(crate) fn records(&self, body: &[u8]) -> Result<Vec<Span>, Failure> {
        let malformed = |_error| Failure::Transient("the answer's records are no JSON".into());
        match self.data {
            Some(data) if raw::kind(body, data) == Some(raw::Kind::Array) => raw::elements(body, data)
                .collect::<Result<_, _>>()
                .map_err(malformed),
            Some(data) if raw::kind(body, data) == Some(raw::Kind::Object) => Ok(vec![data]),
            _ => Ok(Vec::new()),
        }
    }
}

fn text(body: &[u8], span: Span) -> Option<String> {
    raw::scalar(body, span)
        .ok()
        .flatten()
        .map(|text| text.into_owned())
        .filter(|text| !text.is_empty() && text != "null")
}

/// What the HTTP status alone says.
fn status(response: &Response) -> Result<(), Failure> {
    let words: String = String::from_utf8_lossy(&response.body)
        .chars()
        .take(300)
        .collect();
    let detail = |message: String| Detail::from(message).quoting(words.trim());
    let answered = format!("Maximizer answered {}", response.status);
    match response.status {
        200..=299 => Ok(()),
        401 => Err(Failure::TokenInvalid(detail(answered))),
        403 => Err(Failure::Permanent(detail(format!(
            "{answered}: the user lacks a right"
        )))),
        404 => Err(Failure::Permanent(detail(format!(
            "{answered}: check maximizer.url"
        )))),
        408 => Err(Failure::Transient(detail(format!(
            "{answered}: the call took too long"
        )))),
        429 => Err(Failure::RateLimited(detail(answered), response.retry_after())),
        400..=499 => Err(Failure::InvalidRequest(detail(answered))),
        _ => Err(Failure::Transient(detail(answered))),
    }
}

/// Error codes that say that the caller asked for something wrong.
const CALLER: [i64; 5] = [-10003, -10010, -1023, -1024, -60054];

/// A code other than zero: its text decides, because the code is mostly -1.
fn refusal(code: i64, message: Option<&Value>) -> Failure {
    let items: Vec<&Value> = match message {
        Some(Value::Array(items)) => items.iter().collect(),
        Some(item) => vec![item],
        None => Vec::new(),
    };
    let mut caller = false;
    let mut words = Vec::new();
    for item in items {
        match item {
            Value::Object(members) => {
                let member = |name: &str| {
                    members
                        .iter()
                        .find(|(key, _)| key.eq_ignore_ascii_case(name))
                        .map(|(_, value)| value)
                };
                caller |= member("ErrorCode")
                    .and_then(Value::as_i64)
                    .is_some_and(|code| CALLER.contains(&code));
                words.push(
                    member("Message")
                        .and_then(Value::as_str)
                        .map_or_else(|| item.to_string(), str::to_owned),
                );
            }
            Value::String(text) => words.push(text.clone()),
            other => words.push(other.to_string()),
        }
    }
    let words = words.join("; ");
    let lower = words.to_lowercase();
    let detail = Detail::from(format!("Maximizer refuses with code {code}")).quoting(words);
    // Words about a token are all that an old server tells of one that ended.
    if lower.contains("token") {
        Failure::TokenInvalid(detail)
    } else if lower.contains("access denied") {
        Failure::Permanent(detail)
    } else if caller || CALLER.contains(&code) {
        Failure::InvalidRequest(detail)
    } else if lower.contains("not found") || lower.contains("does not exist") {
        Failure::NotFound(detail)
    } else {
        Failure::InvalidRequest(detail)
    }
}
