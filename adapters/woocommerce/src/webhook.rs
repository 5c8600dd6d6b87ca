//! The store's webhooks: one for each topic.

use periodic_sdk::{
    contract::{
        Answer, Change, Changed, Context, Credential, DELIVERY, Delivery, Detail, Digest, Encoding, Exchange,
        Failure, Part, Piece, Placement, Receipt, Received, Registration, RegistrationChange, Reply, Request,
        Signature, Step, Subscription, Verification, Webhook,
    },
    raw,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    WooCommerce, reply,
    resource::{RESOURCES, Resource},
    store, walk,
};

/// What the store signs with.
pub(crate) const SECRET: &str = "woocommerce.webhook.secret";
/// The store switches webhooks off whose deliveries failed five times in a row: they are switched on again so often.
const LIFE: i64 = 24 * 60 * 60 * 1000;

/// Where a registration stands.
#[derive(Debug, Serialize, Deserialize)]
enum Stage {
    /// Webhooks are being made, switched on or removed.
    Asking,
    /// Some could not be made: those that were are being removed.
    Undoing {
        /// Why.
        message: String,
        /// The store's words.
        provider_message: Option<String>,
    },
}

impl Webhook for WooCommerce {
    fn register(
        context: &Context,
        change: RegistrationChange,
    ) -> Result<Step<Option<Registration>>, Failure> {
        let requests = match change {
            RegistrationChange::Subscribe(subscription) => make(context, &subscription)?,
            RegistrationChange::Renew(old) => {
                let on = json!({ "status": "active" });
                let renew = |id| Ok(store::write(context, "PUT", &format!("webhooks/{id}"))?.json(&on));
                ids(&old)?
                    .into_iter()
                    .map(renew)
                    .collect::<Result<_, Failure>>()?
            }
            RegistrationChange::Unsubscribe(old) => remove(context, &ids(&old)?)?,
        };
        ask(requests, &Stage::Asking)
    }

    fn resume_register(
        context: &Context,
        change: RegistrationChange,
        state: &[u8],
        answers: &[Answer],
    ) -> Result<Step<Option<Registration>>, Failure> {
        let stage: Stage = serde_json::from_slice(state)
            .map_err(|error| Failure::Other(format!("the state of the registration: {error}").into()))?;
        if let Stage::Undoing {
            message,
            provider_message,
        } = stage
        {
            return Err(Failure::InvalidRequest(Detail {
                message,
                provider_message,
            }));
        }
        match change {
            RegistrationChange::Subscribe(_) => made(context, answers),
            RegistrationChange::Renew(old) => {
                for answer in answers {
                    read(answer)?;
                }
                Ok(Step::Done(Some(Registration {
                    expires: Some(context.now + LIFE),
                    ..old
                })))
            }
            RegistrationChange::Unsubscribe(_) => {
                let refused = answers.iter().map(read).find_map(|answer| match answer {
                    Ok(_) | Err(Failure::NotFound(_)) => None,
                    Err(failure) => Some(failure),
                });
                refused.map_or(Ok(Step::Done(None)), Err)
            }
        }
    }

    /// A new webhook is pinged, without a signature.
    fn greet(_: &Context, delivery: &Delivery) -> Option<Reply> {
        let pings =
            delivery.body.starts_with(b"webhook_id=") && header(delivery, "X-WC-Webhook-Topic").is_none();
        pings.then(|| Reply {
            status: 200,
            headers: Vec::new(),
            body: Vec::new(),
        })
    }

    fn verify(_: &Context, _: &Delivery) -> Verification {
        Verification::Signature(Signature {
            header: "X-WC-Webhook-Signature".to_owned(),
            prefix: String::new(),
            digest: Digest::Sha256,
            encoding: Encoding::Base64,
            key: SECRET.to_owned(),
            over: vec![Part::Body],
        })
    }

    fn receive(context: &Context, delivery: Delivery) -> Result<Receipt, Failure> {
        let topic = header(&delivery, "X-WC-Webhook-Topic").unwrap_or_default();
        let (about, event) = topic.split_once('.').unwrap_or_default();
        let resource = RESOURCES.iter().find(|resource| resource.topic == Some(about));
        let (Some(resource), Some(change)) = (resource, change(event)) else {
            // A webhook that somebody else made for this address.
            return Ok(Receipt::Records(Vec::new()));
        };
        received(context, &delivery, resource, change).map(|received| Receipt::Records(vec![received]))
    }
}

fn change(event: &str) -> Option<Change> {
    match event {
        "created" | "restored" => Some(Change::Created),
        "updated" => Some(Change::Updated),
        "deleted" => Some(Change::Deleted),
        _ => None,
    }
}

fn received(
    context: &Context,
    delivery: &Delivery,
    resource: &Resource,
    change: Change,
) -> Result<Received, Failure> {
    let body: Value = serde_json::from_slice(&delivery.body)
        .map_err(|error| Failure::Permanent(format!("the delivery is no JSON: {error}").into()))?;
    // What its maker may not see any more, the store tells in place of the record.
    let id = match &body["id"] {
        Value::Number(id) => id.to_string(),
        Value::String(id) => id.clone(),
        _ => {
            let words = body["message"].as_str().unwrap_or_default();
            let detail = Detail::from("the delivery has no record: may the consumer key's user read it?");
            return Err(Failure::Permanent(detail.quoting(words)));
        }
    };
    let whole = raw::whole(&delivery.body);
    Ok(Received {
        resource: resource.name.to_owned(),
        changed: Changed {
            identity: id.clone(),
            object_id: id,
            change,
            updated: walk::modified(&delivery.body, whole, context.now)?,
            created: None,
            raw: vec![Piece::span(DELIVERY, whole)],
        },
    })
}

fn make(context: &Context, subscription: &Subscription) -> Result<Vec<Request>, Failure> {
    let wanted = RESOURCES
        .iter()
        .filter(|resource| subscription.resources.iter().any(|name| name == resource.name));
    let mut requests = Vec::new();
    for about in wanted.filter_map(|resource| resource.topic) {
        for event in ["created", "updated", "deleted", "restored"] {
            // Customers have no trash to come back from.
            if about == "customer" && event == "restored" {
                continue;
            }
            let body = json!({
                "name": format!("Periodic: {about} {event}"),
                "topic": format!("{about}.{event}"),
                "delivery_url": subscription.callback_url,
                "status": "active",
            });
            let request = store::write(context, "POST", "webhooks")?.json(&body);
            requests.push(request.credential(Credential::Json(Placement::new("secret", SECRET))));
        }
    }
    Ok(requests)
}

/// All webhooks were made, or those that were are removed again.
fn made(context: &Context, answers: &[Answer]) -> Result<Step<Option<Registration>>, Failure> {
    let (mut ids, mut refused) = (Vec::new(), None);
    for answer in answers {
        match read(answer).map(|made| made["id"].as_u64()) {
            Ok(Some(id)) => ids.push(id),
            Ok(None) => {
                refused = Some(Failure::Permanent(
                    "the store made a webhook without an id".into(),
                ))
            }
            Err(failure) => refused = Some(failure),
        }
    }
    match refused {
        None => Ok(Step::Done(Some(Registration {
            data: serde_json::to_vec(&ids).map_err(|error| Failure::Other(error.to_string().into()))?,
            expires: Some(context.now + LIFE),
        }))),
        Some(failure) if ids.is_empty() => Err(failure),
        Some(failure) => {
            let detail = detail(failure);
            let stage = Stage::Undoing {
                message: format!("not all webhooks could be made: {}", detail.message),
                provider_message: detail.provider_message,
            };
            ask(remove(context, &ids)?, &stage)
        }
    }
}

fn remove(context: &Context, ids: &[u64]) -> Result<Vec<Request>, Failure> {
    let remove = |id| store::write(context, "DELETE", &format!("webhooks/{id}?force=true"));
    ids.iter().map(remove).collect()
}

fn ask(requests: Vec<Request>, stage: &Stage) -> Result<Step<Option<Registration>>, Failure> {
    let state = serde_json::to_vec(stage).map_err(|error| Failure::Other(error.to_string().into()))?;
    Ok(Step::Send(Exchange { requests, state }))
}

fn ids(registration: &Registration) -> Result<Vec<u64>, Failure> {
    serde_json::from_slice(&registration.data)
        .map_err(|error| Failure::NotFound(format!("the registration cannot be read: {error}").into()))
}

fn read(answer: &Answer) -> Result<Value, Failure> {
    let response = reply::accept(answer.as_ref().map_err(|error| Failure::from(error.clone()))?)?;
    serde_json::from_slice(&response.body)
        .map_err(|error| Failure::Transient(format!("the store answered no JSON: {error}").into()))
}

fn detail(failure: Failure) -> Detail {
    match failure {
        Failure::TokenInvalid(detail)
        | Failure::RateLimited(detail, _)
        | Failure::Transient(detail)
        | Failure::Permanent(detail)
        | Failure::NotFound(detail)
        | Failure::InvalidRequest(detail)
        | Failure::Unsupported(detail)
        | Failure::Other(detail) => detail,
    }
}

fn header<'d>(delivery: &'d Delivery, name: &str) -> Option<&'d str> {
    let mut headers = delivery.headers.iter();
    let found = headers.find(|header| header.name.eq_ignore_ascii_case(name))?;
    Some(found.value.as_str())
}
