//! The shapes of requests for instances. They are read by hand and leniently ([`CreateRequest`], [`ChangeRequest`]): numbers
//! and truth values may be texts, null is nothing, and members that mean nothing here are passed over.

use indexmap::IndexMap;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

#[cfg(doc)]
use crate::instance::{ChangeRequest, CreateRequest};

/// A new instance.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InstanceRequest)]
pub(super) struct CreateBody {
    element: ElementRef,
    #[serde(flatten)]
    rest: CreateOfBody,
}

/// A new instance of an element that is known.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = InstanceOfElementRequest)]
pub(super) struct CreateOfBody {
    /// Its name.
    name: String,
    /// Its tags; its name when there are none.
    #[serde(default)]
    tags: Option<Vec<String>>,
    /// What the element and the host are to know, by the keys of `/elements/{key}/configuration`. Texts, numbers and truth
    /// values; those of events may be objects.
    #[serde(default)]
    configuration: Option<IndexMap<String, Value>>,
    #[serde(default)]
    provider_data: Option<ProviderDataBody>,
    /// `initial` where the instance brings its own tokens.
    #[serde(default)]
    external_authentication: Option<String>,
}

/// What changes of an instance: what is absent stays.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = InstanceChange)]
pub(super) struct ChangeBody {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    tags: Option<Vec<String>>,
    /// With PATCH the keys that change, and null removes one; with PUT all of it, secrets that are not named excepted.
    #[serde(default)]
    configuration: Option<IndexMap<String, Value>>,
    /// A fresh code, or fresh tokens, authenticate the instance again.
    #[serde(default)]
    provider_data: Option<ProviderDataBody>,
}

/// An element by its key, or by its numeric id.
#[derive(Debug, Serialize, ToSchema)]
struct ElementRef {
    #[serde(default)]
    key: Option<String>,
    #[serde(default)]
    id: Option<u64>,
}

/// What the provider handed over: a code of OAuth 2.0, the consent of OAuth 1.0a, or tokens.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProviderData)]
struct ProviderDataBody {
    #[serde(default)]
    code: Option<String>,
    /// What came back beside the code.
    #[serde(default)]
    state: Option<String>,
    #[serde(default)]
    oauth_token: Option<String>,
    #[serde(default)]
    oauth_verifier: Option<String>,
    /// The secret of the temporary credentials, as `oauth/token` answered it.
    #[serde(default)]
    secret: Option<String>,
    #[serde(default)]
    access_token: Option<String>,
    #[serde(default)]
    refresh_token: Option<String>,
}

/// A request of the documents of Cloud Elements, for an element of no provider.
pub(super) fn example() -> Value {
    let mut example = example_of();
    example["element"] = json!({ "key": "acme" });
    example
}

/// The same where the path names the element.
pub(super) fn example_of() -> Value {
    json!({
        "name": "A customer's connection",
        "tags": ["customer 7"],
        "providerData": { "code": "<CODE>" },
        "configuration": {
            "oauth.callback.url": "https://example.com/callback",
            "oauth.api.key": "<KEY>",
            "oauth.api.secret": "<SECRET>",
            "event.notification.enabled": true,
            "event.notification.callback.url": "https://example.com/events",
            "event.notification.signature.key": "<A KEY OF YOURS>",
            "event.poller.refresh_interval": "15",
            "event.poller.configuration": { "contacts": {} },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instance::CreateRequest;

    #[test]
    fn the_example_is_read_as_it_is_meant() {
        let read = CreateRequest::parse(example().to_string().as_bytes(), None).unwrap();
        assert_eq!(
            (read.element.as_str(), read.name.as_str()),
            ("acme", "A customer's connection")
        );
        assert_eq!(read.tags, ["customer 7"]);
        assert_eq!(read.configuration.len(), 8);
        assert!(read.provider_data.code.is_some());
        assert!(CreateRequest::parse(example_of().to_string().as_bytes(), Some("acme")).is_ok());
    }
}
