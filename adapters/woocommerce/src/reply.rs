//! What the store answers: `{code, message, data: {status}}` where it says no.

use periodic_sdk::{
    contract::{Answer, Detail, Failure, Response, only},
    raw::{self, Span},
};
use serde_json::Value;

/// A good answer to the only request.
pub(crate) fn good(answers: &[Answer]) -> Result<&Response, Failure> {
    accept(only(answers)?)
}

/// The array of a good answer to the only request, as a span of its body.
pub(crate) fn list(answers: &[Answer]) -> Result<(&Response, Span), Failure> {
    let response = good(answers)?;
    Ok((response, array(response)?))
}

/// The array that an answer is.
pub(crate) fn array(response: &Response) -> Result<Span, Failure> {
    let whole = raw::whole(&response.body);
    match raw::kind(&response.body, whole) {
        Some(raw::Kind::Array) => Ok(whole),
        _ => Err(Failure::Permanent(
            "the store answered no list: is store.url the address of a WooCommerce store with pretty permalinks?".into(),
        )),
    }
}

/// An answer of 200 to 299, or what the store refuses.
pub(crate) fn accept(response: &Response) -> Result<&Response, Failure> {
    if response.is_success() {
        return Ok(response);
    }
    let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    let word = |member: &str| body[member].as_str().unwrap_or_default();
    let (code, message) = (word("code"), word("message"));
    let detail = match message {
        // No words of the store: a page of a proxy, or of another server.
        "" => return response.succeeded(),
        message => Detail::from(format!("the store answered {} ({code})", response.status)).quoting(message),
    };
    Err(match response.status {
        401 => Failure::TokenInvalid(detail),
        403 => Failure::Permanent(detail),
        404 | 410 => Failure::NotFound(detail),
        // What is gone already, or was never there, is refused so as well.
        400 if code.ends_with("_invalid_id") => Failure::NotFound(detail),
        429 => Failure::RateLimited(detail, response.retry_after()),
        408 | 500..=599 => Failure::Transient(detail),
        _ => Failure::InvalidRequest(detail),
    })
}
