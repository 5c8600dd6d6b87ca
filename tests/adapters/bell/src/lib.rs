//! An element of tests: its provider calls when a bell rings.
//!
//! - It registers by `POST {bell.url}/hooks` with a secret that the host minted, prolongs by `PUT`, ends by `DELETE`.
//! - A challenge is `GET …?bell.challenge=TEXT`, answered by the text.
//! - A call is `{"resource", "id", "type", "record"?}`, signed in `X-Bell-Signature: sha256=HEX`; without a record it is
//!   fetched from `{bell.url}/{resource}/{id}`.
//! - `{"trap": true}` makes it panic, `{"refuse": true}` fail for good.
//! - By their query calls are verified in another way: `bell.basic` by user `bell` and the secret as its password, `bell.whole`
//!   by a signature over method, URL and body, `bell.open` not at all.
//! - `GET …?bell.status=NUMBER` is greeted with that status; `?bell.key` makes it ask for a verification by the key, which it
//!   has not bound to webhooks.

#![deny(unsafe_code)]

#[cfg(all(target_family = "wasm", not(test)))]
mod guest;

use periodic_sdk::{
    contract::{
        self, Answer, BasicSecret, Change, Changed, Context, Credential, Delivery, Digest, Element, Encoding,
        Exchange, Failure, Part, Piece, Placement, Receipt, Received, Registration, RegistrationChange,
        Reply, Request, Response, Signature, Step, Subscription, Verification, Webhook,
    },
    description::{AuthenticationKind, ConfigurationKey, Description, Resource, SecretBinding},
};
use serde_json::{Value, json};

/// The element.
#[derive(Debug, Clone, Copy)]
pub struct Bell;

const URL: &str = "bell.url";
const SITE: &str = "bell.site";
const KEY: &str = "bell.key";
const SECRET: &str = "bell.secret";

impl Element for Bell {
    fn describe(_package: Option<&[u8]>) -> Result<Description, String> {
        let mut description =
            Description::new("bell", "Bell", 900_001, "general", AuthenticationKind::ApiKey);
        description.configuration = vec![
            ConfigurationKey::text(URL, "URL").required(),
            ConfigurationKey::text(SITE, "Site"),
            ConfigurationKey::secret(KEY, "Key"),
            ConfigurationKey::minted(SECRET, "Signing secret"),
        ];
        let told = || Resource {
            webhook_events: ["CREATED", "UPDATED", "DELETED"].map(str::to_owned).to_vec(),
            ..Resource::default()
        };
        description.resources = ["rings", "doors"]
            .map(|name| (name.to_owned(), told()))
            .into_iter()
            .collect();
        let urls = ["{bell.url}/*"];
        description.egress = urls.map(str::to_owned).to_vec();
        description.secrets = vec![
            SecretBinding::new(KEY, ["header:X-Key"], urls),
            SecretBinding::new(SECRET, ["json:secret", "webhook"], urls),
        ];
        Ok(description)
    }
}

impl Webhook for Bell {
    fn register(
        context: &Context,
        change: RegistrationChange,
    ) -> Result<Step<Option<Registration>>, Failure> {
        let request = match change {
            RegistrationChange::Subscribe(Subscription {
                callback_url,
                resources,
                ..
            }) => request(context, "POST", "hooks")?
                .json(&json!({ "url": callback_url, "resources": resources }))
                .credential(Credential::Json(Placement::new("secret", SECRET))),
            RegistrationChange::Renew(old) => request(context, "PUT", &hook(&old))?,
            RegistrationChange::Unsubscribe(old) => request(context, "DELETE", &hook(&old))?,
        };
        Ok(Step::Send(Exchange::one(request, Vec::new())))
    }

    fn resume_register(
        _: &Context,
        change: RegistrationChange,
        _: &[u8],
        answers: &[Answer],
    ) -> Result<Step<Option<Registration>>, Failure> {
        let response = contract::succeeded(answers)?;
        if matches!(change, RegistrationChange::Unsubscribe(_)) {
            return Ok(Step::Done(None));
        }
        let made = read(&response.body)?;
        Ok(Step::Done(Some(Registration {
            data: made["id"].as_str().unwrap_or_default().as_bytes().to_vec(),
            expires: made["expires"].as_i64(),
        })))
    }

    fn greet(_: &Context, delivery: &Delivery) -> Option<Reply> {
        let asked = delivery.query.strip_prefix("bell.status=");
        if let Some(status) = asked.and_then(|status| status.parse().ok()) {
            return Some(Reply {
                status,
                headers: Vec::new(),
                body: Vec::new(),
            });
        }
        let challenge = delivery.query.strip_prefix("bell.challenge=")?;
        Some(Reply {
            status: 200,
            headers: Vec::new(),
            body: challenge.as_bytes().to_vec(),
        })
    }

    fn verify(_: &Context, delivery: &Delivery) -> Verification {
        match delivery.query.as_str() {
            "bell.open" => return Verification::None,
            "bell.basic" => {
                return Verification::Basic(BasicSecret {
                    user: "bell".to_owned(),
                    secret: SECRET.to_owned(),
                });
            }
            _ => {}
        }
        let over = match delivery.query.as_str() {
            "bell.whole" => vec![Part::Method, Part::Url, Part::Body],
            _ => vec![Part::Body],
        };
        let key = if delivery.query == KEY { KEY } else { SECRET };
        Verification::Signature(Signature {
            header: "X-Bell-Signature".to_owned(),
            prefix: "sha256=".to_owned(),
            digest: Digest::Sha256,
            encoding: Encoding::Hex,
            key: key.to_owned(),
            over,
        })
    }

    #[expect(clippy::panic, reason = "tests want to see what a host does about it")]
    fn receive(context: &Context, delivery: Delivery) -> Result<Receipt, Failure> {
        let call = read(&delivery.body)?;
        if call["trap"] == true {
            panic!("the bell is broken");
        }
        if call["refuse"] == true {
            return Err(Failure::Permanent("nobody understands this".into()));
        }
        if call["record"].is_null() && call["type"] != "deleted" {
            let path = format!("{}/{}", text(&call, "resource"), text(&call, "id"));
            let request = request(context, "GET", &path)?.reading();
            return Ok(Receipt::Send(Exchange::one(request, Vec::new())));
        }
        Ok(told(&call, &call["record"]))
    }

    fn resume_receive(
        _: &Context,
        delivery: Delivery,
        _: &[u8],
        answers: &[Answer],
    ) -> Result<Receipt, Failure> {
        let Response { body, .. } = contract::succeeded(answers)?;
        Ok(told(&read(&delivery.body)?, &read(body)?))
    }
}

fn told(call: &Value, record: &Value) -> Receipt {
    let id = text(call, "id");
    Receipt::Records(vec![Received {
        resource: text(call, "resource").to_owned(),
        changed: Changed {
            identity: id.to_owned(),
            object_id: id.to_owned(),
            change: match text(call, "type") {
                "created" => Change::Created,
                "deleted" => Change::Deleted,
                _ => Change::Updated,
            },
            updated: None,
            created: None,
            raw: vec![Piece::text(record.to_string())],
        },
    }])
}

fn hook(registration: &Registration) -> String {
    format!("hooks/{}", String::from_utf8_lossy(&registration.data))
}

fn request(context: &Context, method: &str, path: &str) -> Result<Request, Failure> {
    let base = context.setting(URL).unwrap_or_default().trim_end_matches('/');
    let request = Request::new(method, format!("{base}/{path}"), contract::Effect::Write);
    Ok(request.credential(Credential::Header(Placement::new("X-Key", KEY))))
}

fn read(body: &[u8]) -> Result<Value, Failure> {
    serde_json::from_slice(body)
        .map_err(|error| Failure::Permanent(format!("a bell speaks JSON: {error}").into()))
}

fn text<'v>(value: &'v Value, member: &str) -> &'v str {
    value[member].as_str().unwrap_or_default()
}
