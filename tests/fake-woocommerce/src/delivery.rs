//! Webhooks on their way.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::{RequestBuilder, header::CONTENT_TYPE};

use crate::shop::{Hook, Shop};

/// Deliver a payload in the background, once: the store does not try again.
pub(crate) fn deliver(shop: &Arc<Shop>, hook: &Hook, payload: String) {
    let (resource, event) = hook.topic.split_once('.').unwrap_or_default();
    let request = shop
        .client()
        .post(shop.target(hook))
        .header(CONTENT_TYPE, "application/json")
        .header("X-WC-Webhook-Source", shop.home())
        .header("X-WC-Webhook-Topic", &hook.topic)
        .header("X-WC-Webhook-Resource", resource)
        .header("X-WC-Webhook-Event", event)
        .header("X-WC-Webhook-Signature", signature(&hook.secret, &payload))
        .header("X-WC-Webhook-ID", hook.id)
        .header(
            "X-WC-Webhook-Delivery-ID",
            format!("{:x}{}", hook.id, shop.delivered().len()),
        )
        .body(payload);
    send(shop, hook.topic.clone(), request);
}

/// Say that a webhook was made: a form, without a signature.
pub(crate) fn ping(shop: &Arc<Shop>, hook: &Hook) {
    let request = shop
        .client()
        .post(shop.target(hook))
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(format!("webhook_id={}", hook.id));
    send(shop, "ping".to_owned(), request);
}

fn send(shop: &Arc<Shop>, topic: String, request: RequestBuilder) {
    let shop = Arc::clone(shop);
    tokio::spawn(async move {
        let answer = request
            .header("User-Agent", "WooCommerce/9.0.0 Hookshot (WordPress/6.6)")
            .send()
            .await;
        shop.note_delivery(&topic, answer.map_or(0, |answer| answer.status().as_u16()));
    });
}

fn signature(secret: &str, payload: &str) -> String {
    // An HMAC takes keys of every length.
    let Ok(mut mac) = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()) else {
        return String::new();
    };
    mac.update(payload.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}
