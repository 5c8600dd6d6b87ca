//! OAuth 2.0: the authorization code grant without PKCE, and refreshing.

use axum::http::StatusCode;
use serde_json::{Value, json};
use url::Url;

use super::{Answer, Exchange};
use crate::faults::{AuthorizeDenial, Call, Faults, TokenRefusal};
use crate::options::Client;
use crate::world::{State, World};

/// Sends the user back at once, with a code or an error.
///
/// A redirect URI that is no URL cannot be gone to; what would be in its query is the body then.
pub(super) fn authorize(world: &World, state: &mut State, exchange: &Exchange, call: &Call) -> Answer {
    if exchange.method != "GET" {
        return Answer::not_allowed("GET");
    }
    let client = exchange
        .parameter("client_id")
        .and_then(|id| world.options.client(id));
    let redirect_uri = exchange.parameter("redirect_uri").filter(|uri| !uri.is_empty());
    let (client, redirect_uri) = match (client, redirect_uri) {
        (None, _) => {
            return problem(
                StatusCode::BAD_REQUEST,
                "unauthorized_client",
                "client_id is not registered",
            );
        }
        (_, None) => {
            return problem(
                StatusCode::BAD_REQUEST,
                "invalid_request",
                "redirect_uri is missing",
            );
        }
        (Some(client), Some(uri)) if !client.may_return_to(uri) => {
            return problem(
                StatusCode::BAD_REQUEST,
                "invalid_request",
                "redirect_uri is not registered",
            );
        }
        (Some(client), Some(uri)) => (client, uri),
    };
    let denied = state.board.hit::<AuthorizeDenial>(&call.as_data());
    let asked = exchange
        .parameter("deny")
        .is_some_and(|deny| !matches!(deny, "" | "0" | "false"));
    let outcome = match (exchange.parameter("response_type"), denied) {
        (Some("code"), None) if !asked => (
            "code",
            state.tokens.code(&client.id, redirect_uri, world.clock().now()),
        ),
        (Some("code"), denied) => (
            "error",
            denied.map_or_else(|| AuthorizeDenial::default().error, |denied| denied.error),
        ),
        _ => ("error", "unsupported_response_type".to_owned()),
    };
    send_back(redirect_uri, outcome, exchange.parameter("state"))
}

fn send_back(redirect_uri: &str, (name, value): (&str, String), state: Option<&str>) -> Answer {
    match Url::parse(redirect_uri) {
        Ok(mut url) => {
            url.query_pairs_mut().append_pair(name, &value);
            if let Some(state) = state {
                url.query_pairs_mut().append_pair("state", state);
            }
            Answer::empty(StatusCode::FOUND).with("location", url.as_str())
        }
        Err(_) => {
            let mut body = json!({ name: value });
            if let (Some(state), Value::Object(members)) = (state, &mut body) {
                members.insert("state".to_owned(), json!(state));
            }
            Answer::pretty(StatusCode::OK, &body)
        }
    }
}

/// Redeems a code or a refresh token.
pub(super) fn token(
    world: &World,
    state: &mut State,
    faults: &Faults,
    exchange: &Exchange,
    call: &Call,
) -> Answer {
    if exchange.method != "POST" {
        return Answer::not_allowed("POST");
    }
    let content_type = exchange
        .headers
        .get("content-type")
        .and_then(|value| value.to_str().ok());
    let is_form = content_type.is_some_and(|value| {
        value
            .trim_start()
            .to_ascii_lowercase()
            .starts_with("application/x-www-form-urlencoded")
    });
    if !is_form {
        let problem_text = "the body has to be application/x-www-form-urlencoded";
        return problem(StatusCode::BAD_REQUEST, "invalid_request", problem_text);
    }
    let form: Vec<(String, String)> = url::form_urlencoded::parse(&exchange.body).into_owned().collect();
    let field = |name: &str| {
        form.iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    };
    let Some(grant) = field("grant_type") else {
        return problem(
            StatusCode::BAD_REQUEST,
            "invalid_request",
            "grant_type is missing",
        );
    };
    if let Some(refusal) = refusal(state, faults, call, grant) {
        let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST);
        return problem(status, &refusal.error, &refusal.description);
    }
    let client = field("client_id").and_then(|id| world.options.client(id));
    let client: &Client = match client.filter(|client| field("client_secret") == Some(client.secret.as_str()))
    {
        Some(client) => client,
        None => {
            let text = "client_id or client_secret is not correct";
            return problem(StatusCode::UNAUTHORIZED, "invalid_client", text);
        }
    };
    let now = world.clock().now();
    let redirect_uri = field("redirect_uri");
    let issued = match grant {
        "authorization_code" => {
            let Some(code) = field("code") else {
                return problem(StatusCode::BAD_REQUEST, "invalid_request", "code is missing");
            };
            state.tokens.redeem(code, &client.id, redirect_uri, now)
        }
        "refresh_token" => {
            let Some(token) = field("refresh_token") else {
                return problem(
                    StatusCode::BAD_REQUEST,
                    "invalid_request",
                    "refresh_token is missing",
                );
            };
            let rotation = faults.refresh_rotation.clone().unwrap_or_default();
            state
                .tokens
                .refresh(token, &client.id, redirect_uri, &rotation, now)
        }
        _ => {
            let text = "grant_type is authorization_code or refresh_token";
            return problem(StatusCode::BAD_REQUEST, "unsupported_grant_type", text);
        }
    };
    match issued {
        Ok(issued) => {
            let mut body = json!(issued);
            if let (Some(extra), Value::Object(members)) = (&faults.token_response, &mut body) {
                if let Some(expires_in) = extra.expires_in {
                    members.insert("expires_in".to_owned(), json!(expires_in));
                }
                if let Some(token_type) = &extra.token_type {
                    members.insert("token_type".to_owned(), json!(token_type));
                }
            }
            Answer::json(StatusCode::OK, &body).with("cache-control", "no-store")
        }
        Err(error) => problem(StatusCode::BAD_REQUEST, "invalid_grant", &error.to_string()),
    }
}

/// Only the grants that the switch is about are counted.
fn refusal(state: &mut State, faults: &Faults, call: &Call, grant: &str) -> Option<TokenRefusal> {
    let switch = faults.token_refusal.as_ref()?;
    let about = switch.grants.is_empty() || switch.grants.iter().any(|about| about == grant);
    if about {
        state.board.hit(&call.as_data())
    } else {
        None
    }
}

fn problem(status: StatusCode, error: &str, description: &str) -> Answer {
    Answer::json(
        status,
        &json!({ "error": error, "error_description": description }),
    )
}
