//! What one request may ask of the host, besides its bytes.
//!
//! Little is handed over to ask for much: each capture searches the answer, each part of a signature copies what it
//! covers. No request that means something comes near these bounds, so that they are no settings.

use super::Refused;
use crate::adapter::contract::types;

/// Headers; RFC 9110 sets no bound, servers commonly take a hundred.
const HEADERS: usize = 100;
/// Bytes of all headers.
const HEADER_BYTES: usize = 256 << 10;
/// Bytes of the URL.
const URL: usize = 64 << 10;
const CREDENTIALS: usize = 16;
const CAPTURES: usize = 32;
/// Parts of what is signed.
pub(crate) const PARTS: usize = 32;

/// Refuse a request that asks for more.
pub(super) fn check(request: &types::Request) -> Result<(), Refused> {
    let headers = &request.headers;
    let bytes = headers
        .iter()
        .map(|header| header.name.len() + header.value.len());
    for (what, asked, most) in [
        ("bytes of its URL", request.url.len(), URL),
        ("headers", headers.len(), HEADERS),
        ("bytes of headers", bytes.sum(), HEADER_BYTES),
        ("credentials", request.credentials.len(), CREDENTIALS),
        ("captures", request.captures.len(), CAPTURES),
    ] {
        within(what, asked, most)?;
    }
    request
        .credentials
        .iter()
        .try_for_each(|credential| match credential {
            types::Credential::Hmac(hmac) => signed(hmac),
            types::Credential::Oauth1(oauth1) => {
                within("parameters that are signed", oauth1.parameters.len(), PARTS)
            }
            _ => Ok(()),
        })
}

fn signed(hmac: &types::HmacCredential) -> Result<(), Refused> {
    within("headers that are made", hmac.also.len(), CREDENTIALS)?;
    parts(&hmac.over)?;
    hmac.also.iter().try_for_each(|made| parts(&made.value))
}

fn parts(parts: &[types::Part]) -> Result<(), Refused> {
    within("parts that are signed", parts.len(), PARTS)?;
    within("bodies in what is signed", bodies(parts), 1)
}

/// How often a body is covered: once says all.
pub(crate) fn bodies(parts: &[types::Part]) -> usize {
    parts
        .iter()
        .filter(|part| matches!(part, types::Part::Body))
        .count()
}

fn within(what: &str, asked: usize, most: usize) -> Result<(), Refused> {
    if asked <= most {
        return Ok(());
    }
    Err(Refused::Malformed(format!(
        "it has {asked} {what}, and {most} are the most"
    )))
}
