//! `periodic listen`: a receiver for trying things out.

use std::{
    collections::HashSet,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use owo_colors::{OwoColorize as _, Stream};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{
    clock::Clock,
    delivery::signature::{Signed, verify_elements, verify_standard},
};

/// How old a Standard Webhooks signature may be.
const TOLERANCE: Duration = Duration::from_secs(300);
/// The largest notification that is taken.
const LIMIT: usize = 64 << 20;

/// `periodic listen`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Port on 127.0.0.1; 0 takes any that is free.
    #[arg(long, default_value_t = 9000)]
    port: u16,
    /// The instance's event.notification.signature.key, to verify signatures with.
    #[arg(long, env = "PERIODIC_LISTEN_KEY", hide_env_values = true)]
    key: Option<String>,
    /// Print each notification as one line of JSON.
    #[arg(long)]
    json: bool,
    /// Answer with this status.
    #[arg(long, default_value_t = 200)]
    status: u16,
    /// Answer the first so many notifications with 503.
    #[arg(long, default_value_t = 0, value_name = "COUNT")]
    fail: u64,
}

#[derive(Debug)]
struct Receiver {
    key: Option<String>,
    json: bool,
    status: StatusCode,
    clock: Clock,
    tally: Mutex<Tally>,
}

#[derive(Debug, Default)]
struct Tally {
    to_fail: u64,
    notifications: u64,
    events: u64,
    seen: HashSet<String>,
}

/// What a signature is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Valid,
    Invalid,
    Missing,
    /// There is no key to verify with.
    Unchecked,
}

pub(super) async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, arguments.port))).await?;
    println!("listening on http://{}", listener.local_addr()?);
    let receiver = Arc::new(Receiver {
        key: arguments.key,
        json: arguments.json,
        status: StatusCode::from_u16(arguments.status)?,
        clock: Clock::system(),
        tally: Mutex::new(Tally {
            to_fail: arguments.fail,
            ..Tally::default()
        }),
    });
    let router = Router::new()
        .fallback(receive)
        .layer(DefaultBodyLimit::max(LIMIT))
        .with_state(Arc::clone(&receiver));
    axum::serve(listener, router)
        .with_graceful_shutdown(async {
            // Without a signal handler the process ends all the same.
            let _interrupted = tokio::signal::ctrl_c().await;
        })
        .await?;
    let tally = receiver.tally.lock().unwrap_or_else(PoisonError::into_inner);
    println!(
        "{} notifications with {} events",
        tally.notifications, tally.events
    );
    Ok(())
}

async fn receive(
    State(receiver): State<Arc<Receiver>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let text = |name: &str| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned()
    };
    let id = text("elements-webhook-id");
    let parsed: Value =
        serde_json::from_slice(&body).unwrap_or_else(|_no_json| json!(String::from_utf8_lossy(&body)));
    let events = parsed
        .pointer("/message/events")
        .and_then(Value::as_array)
        .map_or(0, Vec::len);
    let elements = receiver.elements(&text("elements-webhook-signature"), &body);
    let standard = receiver.standard(
        &text("webhook-id"),
        &text("webhook-timestamp"),
        &text("webhook-signature"),
        &body,
    );
    let (fails, again) = {
        let mut tally = receiver.tally.lock().unwrap_or_else(PoisonError::into_inner);
        tally.notifications += 1;
        tally.events += events as u64;
        let again = !id.is_empty() && !tally.seen.insert(id.clone());
        let fails = tally.to_fail > 0;
        tally.to_fail = tally.to_fail.saturating_sub(1);
        (fails, again)
    };
    let status = if fails {
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        receiver.status
    };
    if receiver.json {
        let names = headers.iter().map(|(name, value)| {
            (
                name.as_str().to_owned(),
                json!(String::from_utf8_lossy(value.as_bytes())),
            )
        });
        let headers: serde_json::Map<String, Value> = names.collect();
        let line = json!({
            "path": uri.path(), "signature": elements, "standardWebhooks": standard, "repeated": again,
            "answered": status.as_u16(), "headers": headers, "body": parsed,
        });
        println!("{line}");
    } else {
        show(&parsed, &id, elements, again, status);
    }
    (status, Json(json!({}))).into_response()
}

impl Receiver {
    fn elements(&self, signature: &str, body: &[u8]) -> Verdict {
        self.verdict(signature, |key| verify_elements(key, signature, body).is_ok())
    }

    fn standard(&self, id: &str, timestamp: &str, signatures: &str, body: &[u8]) -> Verdict {
        let message = Signed {
            id,
            timestamp,
            signatures,
            body,
        };
        self.verdict(signatures, |key| {
            verify_standard(key, message, self.clock.now(), TOLERANCE).is_ok()
        })
    }

    fn verdict(&self, signature: &str, verify: impl Fn(&[u8]) -> bool) -> Verdict {
        match &self.key {
            _ if signature.is_empty() => Verdict::Missing,
            None => Verdict::Unchecked,
            Some(key) if verify(key.as_bytes()) => Verdict::Valid,
            Some(_) => Verdict::Invalid,
        }
    }
}

fn show(body: &Value, id: &str, signature: Verdict, again: bool, status: StatusCode) {
    let text = |value: &Value, member: &str| {
        value
            .get(member)
            .and_then(Value::as_str)
            .unwrap_or("?")
            .to_owned()
    };
    let message = body.get("message").unwrap_or(&Value::Null);
    let instance = message.get("instanceName").and_then(Value::as_str).unwrap_or("?");
    let worth = match signature {
        Verdict::Valid => "signature ok"
            .if_supports_color(Stream::Stdout, |text| text.green())
            .to_string(),
        Verdict::Invalid => "BAD SIGNATURE"
            .if_supports_color(Stream::Stdout, |text| text.red())
            .to_string(),
        Verdict::Missing => "not signed"
            .if_supports_color(Stream::Stdout, |text| text.yellow())
            .to_string(),
        Verdict::Unchecked => "signature not checked, no --key".to_owned(),
    };
    let repeated = if again { ", repeated" } else { "" };
    println!(
        "{instance} ({worth}{repeated}, id {id}, answered {})",
        status.as_u16()
    );
    for event in message
        .get("events")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let kind = text(event, "eventType");
        let kind = kind.if_supports_color(Stream::Stdout, |kind| match kind.as_str() {
            "CREATED" => kind.green().to_string(),
            "DELETED" => kind.red().to_string(),
            _ => kind.cyan().to_string(),
        });
        println!(
            "  {kind} {} {} at {}",
            text(event, "objectType"),
            text(event, "objectId"),
            text(event, "date")
        );
    }
}
