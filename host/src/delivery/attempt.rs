//! One attempt: settings, headers, signatures, POST, verdict.

use std::{sync::Arc, time::Duration};

use http::{
    HeaderName, HeaderValue,
    header::{InvalidHeaderValue, USER_AGENT},
};

use super::{
    cloudevents::{self, Content},
    courier::{Courier, Parcel, Reply},
    retry::Schedule,
    settings::{DeliverySettings, Settings},
    signature, verdict,
};
use crate::{
    clock::{Clock, Millis},
    store::{ClaimedDelivery, Maker, Settlement},
};

/// Makes attempts.
#[derive(Debug)]
pub(super) struct Sender {
    pub(super) courier: Arc<dyn Courier>,
    pub(super) settings: Arc<dyn Settings>,
    pub(super) clock: Clock,
    pub(super) schedule: Schedule,
    /// The longest that an attempt may take.
    pub(super) timeout: Duration,
}

const AGENT: &str = concat!("Periodic/", env!("CARGO_PKG_VERSION"));

impl Sender {
    /// Try once.
    pub(super) async fn attempt(&self, delivery: &ClaimedDelivery) -> Settlement {
        let started = self.clock.now();
        let reply = self.send(delivery, started).await;
        let finished = self.clock.now();
        let settlement = verdict::judge(delivery, reply, &self.schedule, started, finished);
        tracing::debug!(
            instance = delivery.instance.map(|instance| instance.0),
            subscription = %delivery.subscription,
            delivery = %delivery.id,
            event_id = delivery.event_id,
            attempt = delivery.attempts.saturating_add(1),
            status = settlement.status,
            error = settlement.error,
            milliseconds = finished.saturating_sub(started),
            "attempted a delivery"
        );
        settlement
    }

    async fn send(&self, delivery: &ClaimedDelivery, now: Millis) -> Reply {
        let unsent = |error: &dyn std::error::Error| Reply::Failed {
            error: format!("the notification could not be made ready to send: {error}"),
        };
        let settings = match delivery.instance {
            Some(instance) => match self.settings.of(instance).await {
                Ok(settings) => settings,
                Err(error) => return unsent(&error),
            },
            None => DeliverySettings::default(),
        };
        let Content { headers, body } =
            match cloudevents::content(settings.format, &delivery.event_id, &delivery.body) {
                Ok(content) => content,
                Err(error) => return unsent(&error),
            };
        let headers = match all_headers(headers, &settings, delivery, &body, now) {
            Ok(headers) => headers,
            Err(error) => return unsent(&error),
        };
        // The headers and the key are meant for the URL that stands beside them, whatever it was when this was claimed.
        let configured = settings.callback_url.as_deref();
        let configured = configured.filter(|_| delivery.maker == Maker::Configuration);
        let timeout = settings.timeout.unwrap_or(self.timeout).min(self.timeout);
        let parcel = Parcel {
            url: configured.unwrap_or(&delivery.url),
            headers,
            body,
            timeout,
        };
        // The courier has the deadline too and tells better what it waited for, but a lease hangs on it here.
        let posted = tokio::time::timeout(timeout, self.courier.post(parcel)).await;
        posted.unwrap_or_else(|_elapsed| Reply::Failed {
            error: format!(
                "the callback did not answer within {}",
                humantime::format_duration(timeout)
            ),
        })
    }
}

fn all_headers(
    mut headers: Vec<(HeaderName, HeaderValue)>,
    settings: &DeliverySettings,
    delivery: &ClaimedDelivery,
    body: &[u8],
    now: Millis,
) -> Result<Vec<(HeaderName, HeaderValue)>, InvalidHeaderValue> {
    let id = HeaderValue::from_str(&delivery.event_id)?;
    let seconds = now.div_euclid(1000);
    headers.extend([
        (USER_AGENT, HeaderValue::from_static(AGENT)),
        (signature::ELEMENTS_ID, id.clone()),
        (signature::WEBHOOK_ID, id),
        (signature::WEBHOOK_TIMESTAMP, HeaderValue::from(seconds)),
    ]);
    let key = settings.signing_key.as_ref().map(|key| key.expose().as_bytes());
    if let Some(key) = key.filter(|key| !key.is_empty()) {
        let elements = signature::elements(key, body);
        let mut standard = signature::standard(key, &delivery.event_id, seconds, body);
        // Who gave a secret of Standard Webhooks for a key gives the same to his library.
        if let Some(Ok(key)) = settings.signing_key.as_ref().map(signature::key_of) {
            standard = format!(
                "{standard} {}",
                signature::standard(&key, &delivery.event_id, seconds, body)
            );
        }
        headers.push((signature::ELEMENTS_SIGNATURE, HeaderValue::try_from(elements)?));
        headers.push((signature::WEBHOOK_SIGNATURE, HeaderValue::try_from(standard)?));
    }
    // They are meant for the URL of the instance's configuration, and may authenticate there.
    if delivery.maker == Maker::Configuration {
        let extra = settings.headers.iter();
        headers.extend(extra.map(|(name, value)| (name.clone(), value.clone())));
    }
    Ok(headers)
}
