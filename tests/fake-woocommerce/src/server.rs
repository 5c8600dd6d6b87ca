//! The store's API.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Router,
    body::Bytes,
    extract::{Query, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header::AUTHORIZATION},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::{
    CONSUMER_KEY, CONSUMER_SECRET, query,
    shop::{Hook, RESOURCES, Shop},
};

/// Where the API stands.
const BASE: &str = "/wp-json/wc/v3/";

pub(crate) fn router(shop: Arc<Shop>) -> Router {
    Router::new().fallback(answer).with_state(shop)
}

async fn answer(
    State(shop): State<Arc<Shop>>,
    method: Method,
    uri: Uri,
    Query(asked): Query<HashMap<String, String>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(path) = uri.path().strip_prefix(BASE) else {
        return (StatusCode::NOT_FOUND, "<html>Page not found</html>").into_response();
    };
    let asked_for = format!("{method} {path}?{}", uri.query().unwrap_or_default());
    if let Some(status) = shop.note(&asked_for) {
        let status = StatusCode::from_u16(status).unwrap_or_default();
        return refusal(status, "internal_server_error", "The store is closed.");
    }
    if !authenticated(&headers) {
        let words = "Consumer key is invalid.";
        return refusal(
            StatusCode::UNAUTHORIZED,
            "woocommerce_rest_authentication_error",
            words,
        );
    }
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let (resource, id) = match path.split_once('/') {
        Some((resource, id)) => (resource, Some(id)),
        None => (path, None),
    };
    match (resource, id.map(str::parse::<u64>)) {
        ("webhooks", None) => hooks(&shop, &method, &body),
        ("webhooks", Some(Ok(id))) => hook(&shop, &method, id, &body),
        (resource, None) if is_resource(resource) => list(&shop, &method, resource, &asked, &body),
        (resource, Some(Ok(id))) if is_resource(resource) => {
            record(&shop, &method, (resource, id), &asked, &body)
        }
        _ => refusal(
            StatusCode::NOT_FOUND,
            "rest_no_route",
            "No route was found matching the URL and request method.",
        ),
    }
}

fn is_resource(name: &str) -> bool {
    RESOURCES.iter().any(|(known, _)| *known == name)
}

fn authenticated(headers: &HeaderMap) -> bool {
    let given = headers.get(AUTHORIZATION).and_then(|header| header.to_str().ok());
    let pair = STANDARD.encode(format!("{CONSUMER_KEY}:{CONSUMER_SECRET}"));
    given == Some(&format!("Basic {pair}"))
}

fn refusal(status: StatusCode, code: &str, message: &str) -> Response {
    let body = json!({ "code": code, "message": message, "data": { "status": status.as_u16() } });
    (status, body.to_string()).into_response()
}

fn good(status: StatusCode, body: &Value) -> Response {
    (status, body.to_string()).into_response()
}

fn list(
    shop: &Arc<Shop>,
    method: &Method,
    resource: &str,
    asked: &HashMap<String, String>,
    body: &Value,
) -> Response {
    match *method {
        Method::POST => match shop.create(resource, body) {
            Ok(id) => good(StatusCode::CREATED, &shop.get(resource, id).unwrap_or_default()),
            Err(error) => refusal(StatusCode::BAD_REQUEST, "rest_invalid_param", &error.to_string()),
        },
        Method::GET => match query::find(resource, &shop.all(resource), asked) {
            Ok(found) => {
                let records: Vec<Value> = found.records.iter().map(|record| only(record, asked)).collect();
                let mut response = good(StatusCode::OK, &Value::Array(records));
                response
                    .headers_mut()
                    .insert("x-wp-total", HeaderValue::from(found.total));
                response
                    .headers_mut()
                    .insert("x-wp-totalpages", HeaderValue::from(found.pages));
                response
            }
            Err(parameter) => {
                let words = format!("Invalid parameter(s): {parameter}");
                refusal(StatusCode::BAD_REQUEST, "rest_invalid_param", &words)
            }
        },
        _ => refusal(StatusCode::NOT_FOUND, "rest_no_route", "No route was found."),
    }
}

fn record(
    shop: &Arc<Shop>,
    method: &Method,
    (resource, id): (&str, u64),
    asked: &HashMap<String, String>,
    body: &Value,
) -> Response {
    let (done, missing) = match *method {
        Method::GET => (Ok(shop.get(resource, id)), StatusCode::NOT_FOUND),
        Method::PUT | Method::PATCH | Method::POST => {
            (shop.update(resource, id, body), StatusCode::BAD_REQUEST)
        }
        Method::DELETE if asked.get("force").is_none_or(|force| force != "true") => {
            let words = "Resource does not support trashing.";
            return refusal(
                StatusCode::NOT_IMPLEMENTED,
                "woocommerce_rest_trash_not_supported",
                words,
            );
        }
        Method::DELETE => (shop.delete(resource, id), StatusCode::NOT_FOUND),
        _ => return refusal(StatusCode::NOT_FOUND, "rest_no_route", "No route was found."),
    };
    match done {
        Ok(Some(record)) => good(StatusCode::OK, &only(&record, asked)),
        _ => refusal(
            missing,
            &format!("woocommerce_rest_{resource}_invalid_id"),
            "Invalid ID.",
        ),
    }
}

fn only(record: &Value, asked: &HashMap<String, String>) -> Value {
    let Some(fields) = asked.get("_fields") else {
        return record.clone();
    };
    let mut record = record.clone();
    if let Some(members) = record.as_object_mut() {
        members.retain(|name, _| fields.split(',').any(|field| field.trim() == name));
    }
    record
}

fn hooks(shop: &Arc<Shop>, method: &Method, body: &Value) -> Response {
    if *method == Method::GET {
        let hooks: Vec<Value> = shop.hooks().iter().map(shown).collect();
        return good(StatusCode::OK, &Value::Array(hooks));
    }
    let url = body["delivery_url"].as_str().unwrap_or_default();
    if !url.starts_with("http") {
        let words = "Webhook delivery URL must be a valid URL starting with http:// or https://.";
        return refusal(
            StatusCode::BAD_REQUEST,
            "woocommerce_rest_invalid_webhook_delivery_url",
            words,
        );
    }
    good(StatusCode::CREATED, &shown(&shop.add_hook(body)))
}

fn hook(shop: &Arc<Shop>, method: &Method, id: u64, body: &Value) -> Response {
    let found = match *method {
        Method::DELETE => shop.remove_hook(id),
        Method::GET => shop.change_hook(id, None),
        _ => shop.change_hook(id, body["status"].as_str()),
    };
    match found {
        Some(hook) => good(StatusCode::OK, &shown(&hook)),
        None => refusal(
            StatusCode::NOT_FOUND,
            "woocommerce_rest_shop_webhook_invalid_id",
            "Invalid ID.",
        ),
    }
}

/// A webhook as it is shown: without its secret.
fn shown(hook: &Hook) -> Value {
    json!({
        "id": hook.id, "name": hook.name, "status": hook.status, "topic": hook.topic, "delivery_url": hook.url,
    })
}
