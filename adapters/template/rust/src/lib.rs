//! Acme Shop: contacts, by API key.
//!
//! An adapter performs no I/O: it is handed a call, and answers with requests to send or with a result.

#[cfg(all(target_family = "wasm", not(test)))]
mod guest;
mod hub;
mod poller;
#[cfg(test)]
mod tests;

use periodic_sdk::{
    contract::{
        Answer, Context, Credential, Element, Exchange, Failure, Placement, Request, Setting, Step, succeeded,
    },
    description::{
        AuthenticationKind, ConfigurationKey, Description, RateLimit, Resource, ResourceField, ResourceOperation,
        SecretBinding,
    },
};

/// The element.
pub struct AcmeShop;

/// The configuration key of the API's address.
const URL: &str = "acme-shop.url";
/// The secret's name. Its value never comes here.
const KEY: &str = "acme-shop.key";

impl Element for AcmeShop {
    fn describe(_package: Option<&[u8]>) -> Result<Description, String> {
        use ResourceOperation::{Create, Get, List, Update};
        let field = |path: &str, kind: &str| ResourceField {
            path: path.to_owned(),
            kind: kind.to_owned(),
        };
        let contacts = Resource {
            operations: vec![List, Get, Create, Update],
            id_field: Some("id".to_owned()),
            fields: vec![
                field("id", "number"),
                field("name", "string"),
                field("email", "string"),
                field("created_at", "date"),
                field("updated_at", "date"),
            ],
            polling: serde_json::from_str(poller::DEFAULT).ok(),
            poll_events: vec!["CREATED".to_owned(), "UPDATED".to_owned()],
            ..Resource::default()
        };
        Ok(Description {
            configuration: vec![
                ConfigurationKey::text(URL, "Address of the API").required(),
                ConfigurationKey::secret(KEY, "API key"),
            ],
            resources: [("contacts".to_owned(), contacts)].into_iter().collect(),
            // A provider with one address for all names it here: "https://api.acme-shop.com/*".
            egress: vec![format!("{{{URL}}}*")],
            secrets: vec![SecretBinding::new(KEY, ["header:X-Api-Key"], [format!("{{{URL}}}*")])],
            rate_limits: vec![RateLimit {
                requests: 60,
                seconds: 60,
                account: vec![URL.to_owned(), KEY.to_owned()],
            }],
            ..Description::new("acme-shop", "Acme Shop", 900_001, "crm", AuthenticationKind::ApiKey)
        })
    }

    /// Called when an instance is made: a wrong key is refused then, not at the first poll.
    fn connect(context: &Context) -> Result<Step<Vec<Setting>>, Failure> {
        Ok(Step::Send(ask(context, "contacts?per_page=1")?))
    }

    fn resume_connect(_: &Context, _: &[u8], answers: &[Answer]) -> Result<Step<Vec<Setting>>, Failure> {
        succeeded(answers).map(|_alive| Step::Done(Vec::new()))
    }

    /// `GET /ping`; what the default makes of the answer is right here.
    fn check(context: &Context) -> Result<Step<()>, Failure> {
        Ok(Step::Send(ask(context, "contacts?per_page=1")?))
    }
}

/// A request to the API. It only names the secret: the host puts it in, and only where `describe` bound it to.
fn request(context: &Context, method: &str, path: &str) -> Result<Request, Failure> {
    let missing = || Failure::InvalidRequest(format!("{URL}: is missing").into());
    let base = context.setting(URL).ok_or_else(missing)?.trim_end_matches('/');
    let url = format!("{base}/{path}");
    let request = match method {
        "GET" => Request::get(url),
        _ => Request {
            method: method.to_owned(),
            ..Request::post(url)
        },
    };
    Ok(request.credential(Credential::Header(Placement::new("X-Api-Key", KEY))))
}

/// An exchange of one request that reads, with nothing to remember.
fn ask(context: &Context, path: &str) -> Result<Exchange, Failure> {
    Ok(Exchange::one(request(context, "GET", path)?, Vec::new()))
}
