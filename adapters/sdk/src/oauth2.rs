//! What OAuth 2.0 providers have in common.

use serde::Deserialize;

use crate::contract::{Detail, Failure, Response, Source, Target};

/// The access token's name in the vault.
pub const ACCESS_TOKEN: &str = "oauth.user.token";
/// The refresh token's name in the vault.
pub const REFRESH_TOKEN: &str = "oauth.user.refresh_token";
/// The authorization code's name, during its exchange.
pub const CODE: &str = "oauth.code";
/// The PKCE verifier's name, during the exchange.
pub const CODE_VERIFIER: &str = "oauth.code.verifier";

/// The captures of a token response (RFC 6749, section 5.1), as pairs of place and target with whether it is
/// required: the access token always, a rotated refresh token and the lifetime where they are told.
pub fn captures() -> [crate::contract::Capture; 3] {
    let capture = |path: &str, into, required| crate::contract::Capture {
        at: Source::Json(path.to_owned()),
        into,
        required,
    };
    [
        capture("access_token", Target::Secret(ACCESS_TOKEN.to_owned()), true),
        capture("refresh_token", Target::Secret(REFRESH_TOKEN.to_owned()), false),
        capture("expires_in", Target::Lifetime(ACCESS_TOKEN.to_owned()), false),
    ]
}

/// The error body of RFC 6749, section 5.2.
#[derive(Deserialize)]
struct ErrorBody {
    error: String,
    error_description: Option<String>,
}

/// Whether a token response grants the token: 200 to 299 does, 429 and 5xx may do so later, all else is refused.
pub fn granted(response: &Response) -> Result<(), Failure> {
    if response.is_success() {
        return Ok(());
    }
    let words = match serde_json::from_slice::<ErrorBody>(&response.body) {
        Ok(ErrorBody {
            error,
            error_description: Some(description),
        }) => format!("{error}: {description}"),
        Ok(ErrorBody {
            error,
            error_description: None,
        }) => error,
        Err(_) => String::from_utf8_lossy(&response.body)
            .chars()
            .take(500)
            .collect(),
    };
    let detail = Detail::from(format!("the token endpoint answered {}", response.status)).quoting(words);
    Err(match response.status {
        429 | 500.. => Failure::Transient(detail),
        _ => Failure::TokenInvalid(detail),
    })
}
