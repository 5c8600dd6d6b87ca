//! What OAuth 1.0a providers have in common (RFC 5849): how requests are signed, and where the credentials of the three
//! legs stand. The host has the secrets; here are only their names.

use crate::{
    contract::{
        Capture, Credential, OAuth1Credential, OAuth1Method, Parameter, Placement, Request, Source, Target,
        Value,
    },
    description::SecretBinding,
};

/// The consumer key's name, by the configuration key that Cloud Elements has for it.
pub const CONSUMER_KEY: &str = "oauth.api.key";
/// The consumer secret's name, likewise.
pub const CONSUMER_SECRET: &str = "oauth.api.secret";
/// The token's name in the vault.
pub const TOKEN: &str = "oauth.user.token";
/// The token secret's name in the vault.
pub const TOKEN_SECRET: &str = "oauth.user.token.secret";
/// The temporary token's name, during the grant.
pub const REQUEST_TOKEN: &str = "oauth.request.token";
/// The name of its secret, during the grant.
pub const REQUEST_TOKEN_SECRET: &str = "oauth.request.token.secret";
/// The verifier's name, during the grant.
pub const VERIFIER: &str = "oauth.verifier";

/// The bindings that a usual provider needs: everything signs requests to these URLs, and the temporary token stands in
/// the authorize URL.
pub fn bindings(signed: &[&str], authorize: &str) -> Vec<SecretBinding> {
    let signing = [
        CONSUMER_KEY,
        CONSUMER_SECRET,
        REQUEST_TOKEN_SECRET,
        VERIFIER,
        TOKEN,
        TOKEN_SECRET,
    ];
    let mut bindings: Vec<SecretBinding> = signing
        .map(|name| SecretBinding::new(name, ["oauth1"], signed.iter().copied()))
        .into();
    bindings.extend([
        SecretBinding::new(REQUEST_TOKEN, ["oauth1"], signed.iter().copied()),
        SecretBinding::new(REQUEST_TOKEN, ["query:oauth_token"], [authorize]),
    ]);
    bindings
}

/// The first leg: a request for temporary credentials, which its form answers.
pub fn request_token(request: Request, method: OAuth1Method, callback: String) -> Request {
    let credential = OAuth1Credential {
        parameters: vec![parameter("oauth_callback", Value::Text(callback))],
        ..consumer(method)
    };
    capturing(request, credential, [REQUEST_TOKEN, REQUEST_TOKEN_SECRET])
}

/// The second leg: the authorize URL with the temporary token.
pub fn authorize(url: impl Into<String>) -> Request {
    Request::get(url).credential(Credential::Query(Placement::new("oauth_token", REQUEST_TOKEN)))
}

/// The third leg: a request that trades the verifier for the token, which its form answers.
pub fn access_token(request: Request, method: OAuth1Method) -> Request {
    let credential = OAuth1Credential {
        parameters: vec![parameter("oauth_verifier", Value::Secret(VERIFIER.to_owned()))],
        ..with_token(method, REQUEST_TOKEN, REQUEST_TOKEN_SECRET)
    };
    capturing(request, credential, [TOKEN, TOKEN_SECRET])
}

/// Any request afterwards.
pub fn signed(request: Request, method: OAuth1Method) -> Request {
    request.credential(Credential::OAuth1(with_token(method, TOKEN, TOKEN_SECRET)))
}

fn consumer(method: OAuth1Method) -> OAuth1Credential {
    OAuth1Credential {
        consumer_key: Value::Secret(CONSUMER_KEY.to_owned()),
        consumer_secret: CONSUMER_SECRET.to_owned(),
        token: None,
        token_secret: None,
        method,
        realm: None,
        parameters: Vec::new(),
    }
}

fn with_token(method: OAuth1Method, token: &str, secret: &str) -> OAuth1Credential {
    OAuth1Credential {
        token: Some(Value::Secret(token.to_owned())),
        token_secret: Some(secret.to_owned()),
        ..consumer(method)
    }
}

fn parameter(name: &str, value: Value) -> Parameter {
    Parameter {
        name: name.to_owned(),
        value,
    }
}

/// Sections 2.1 and 2.3: a form with `oauth_token` and `oauth_token_secret`.
fn capturing(request: Request, credential: OAuth1Credential, names: [&str; 2]) -> Request {
    let places = ["oauth_token", "oauth_token_secret"];
    let captures = places.iter().zip(names).map(|(place, name)| Capture {
        at: Source::Form((*place).to_owned()),
        into: Target::Secret(name.to_owned()),
        required: true,
    });
    let mut request = request.credential(Credential::OAuth1(credential));
    request.captures.extend(captures);
    request
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_grant_needs_is_bound() {
        let bound = bindings(&["https://a/*"], "https://a/authorize*");
        let places = |name: &str| -> Vec<&str> {
            let of = bound.iter().filter(|binding| binding.secret == name);
            of.flat_map(|binding| &binding.places)
                .map(String::as_str)
                .collect()
        };
        assert_eq!(places(REQUEST_TOKEN), ["oauth1", "query:oauth_token"]);
        for request in [
            request_token(
                Request::post("https://a/i"),
                OAuth1Method::HmacSha1,
                "oob".to_owned(),
            ),
            access_token(Request::post("https://a/t"), OAuth1Method::HmacSha1),
            signed(Request::get("https://a/r"), OAuth1Method::HmacSha1),
        ] {
            let Some(Credential::OAuth1(credential)) = request.credentials.first() else {
                panic!("not signed: {request:?}");
            };
            let values = credential.parameters.iter().map(|parameter| &parameter.value);
            let values = values.chain(&credential.token).chain([&credential.consumer_key]);
            let named = values.filter_map(|value| match value {
                Value::Secret(name) => Some(name),
                Value::Text(_) => None,
            });
            let secrets = credential
                .token_secret
                .iter()
                .chain([&credential.consumer_secret]);
            for name in named.chain(secrets) {
                assert!(places(name).contains(&"oauth1"), "{name}");
            }
        }
    }
}
