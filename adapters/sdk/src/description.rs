//! What an element says of itself: the JSON that `element.describe` returns, typed.
//!
//! The schema is data and may grow: a host ignores members that it does not know, and an adapter may leave out
//! what has a default here. The published schema is `wit/v1/describe.schema.json`.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// An element.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Description {
    /// The key in the API: `maximizer`.
    pub key: String,
    /// The name for people.
    pub name: String,
    /// The numeric id, stable for ever.
    pub id: u64,
    /// The hub it belongs to: `crm`.
    pub hub: String,
    /// A sentence about it.
    #[serde(default)]
    pub description: String,
    /// How instances authenticate.
    pub authentication: Authentication,
    /// What an instance can be configured with, beside the host's own keys.
    #[serde(default)]
    pub configuration: Vec<ConfigurationKey>,
    /// What it holds, by name.
    #[serde(default)]
    pub resources: IndexMap<String, Resource>,
    /// URL patterns of every request that the adapter may ask for.
    #[serde(default)]
    pub egress: Vec<String>,
    /// Where secrets may go. A secret that is not listed goes nowhere.
    #[serde(default)]
    pub secrets: Vec<SecretBinding>,
    /// What the provider allows.
    #[serde(default)]
    pub rate_limits: Vec<RateLimit>,
}

impl Description {
    /// An element that has nothing yet.
    pub fn new(
        key: impl Into<String>,
        name: impl Into<String>,
        id: u64,
        hub: impl Into<String>,
        authentication: AuthenticationKind,
    ) -> Self {
        Self {
            key: key.into(),
            name: name.into(),
            id,
            hub: hub.into(),
            description: String::new(),
            authentication: Authentication {
                kind: authentication,
                pkce: false,
            },
            configuration: Vec::new(),
            resources: IndexMap::new(),
            egress: Vec::new(),
            secrets: Vec::new(),
            rate_limits: Vec::new(),
        }
    }
}

impl ConfigurationKey {
    /// A line of text that an instance may leave out.
    pub fn text(key: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            name: name.into(),
            ..Self::default()
        }
    }

    /// A secret that every instance needs.
    pub fn secret(key: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            kind: ConfigurationType::Password,
            required: true,
            secret: true,
            ..Self::text(key, name)
        }
    }

    /// A secret that the host makes where the instance has none.
    pub fn minted(key: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            required: false,
            minted: true,
            ..Self::secret(key, name)
        }
    }

    /// The same, needed by every instance.
    #[must_use]
    pub fn required(self) -> Self {
        Self {
            required: true,
            ..self
        }
    }
}

impl SecretBinding {
    /// A secret that may go to these places of requests to these URLs.
    pub fn new<P: Into<String>, U: Into<String>>(
        secret: impl Into<String>,
        places: impl IntoIterator<Item = P>,
        urls: impl IntoIterator<Item = U>,
    ) -> Self {
        Self {
            secret: secret.into(),
            places: places.into_iter().map(Into::into).collect(),
            urls: urls.into_iter().map(Into::into).collect(),
        }
    }
}

/// How instances authenticate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AuthenticationKind {
    /// OAuth 2.0.
    Oauth2,
    /// OAuth 1.0a.
    Oauth1,
    /// User name and password, or a pair of keys.
    Basic,
    /// One key.
    ApiKey,
    /// Something else that the configuration keys tell.
    Custom,
    /// Not at all.
    None,
}

/// How instances authenticate, with its switches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Authentication {
    /// The kind.
    #[serde(rename = "type")]
    pub kind: AuthenticationKind,
    /// Whether OAuth 2.0 uses PKCE (RFC 7636).
    #[serde(default)]
    pub pkce: bool,
}

/// The types of configuration values, as Cloud Elements has them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConfigurationType {
    /// A line of up to 32 characters.
    #[serde(rename = "TEXTFIELD_32")]
    Text32,
    /// A line of up to 128 characters.
    #[serde(rename = "TEXTFIELD_128")]
    Text128,
    /// A line of up to 1000 characters.
    #[default]
    #[serde(rename = "TEXTFIELD_1000")]
    Text1000,
    /// Several lines.
    #[serde(rename = "TEXTAREA")]
    TextArea,
    /// `true` or `false`.
    #[serde(rename = "BOOLEAN")]
    Boolean,
    /// One of a few.
    #[serde(rename = "COMBO")]
    Combo,
    /// A secret line.
    #[serde(rename = "PASSWORD")]
    Password,
}

/// One thing that an instance can be configured with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfigurationKey {
    /// The key: `maximizer.alias`.
    pub key: String,
    /// The name for people.
    pub name: String,
    /// What it means.
    #[serde(default)]
    pub description: String,
    /// The type of its value.
    #[serde(default, rename = "type")]
    pub kind: ConfigurationType,
    /// Whether an instance needs it.
    #[serde(default)]
    pub required: bool,
    /// Whether it is kept in the vault, masked in answers and never handed to the adapter.
    #[serde(default)]
    pub secret: bool,
    /// Whether the host makes this secret where the instance has none: for signatures that the provider is to send.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub minted: bool,
    /// What holds when nobody says otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
}

/// What can be done with a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ResourceOperation {
    /// `GET /{resource}`.
    List,
    /// `GET /{resource}/{id}`.
    Get,
    /// `POST /{resource}`.
    Create,
    /// `PATCH /{resource}/{id}`.
    Update,
    /// `PUT /{resource}/{id}`.
    Replace,
    /// `DELETE /{resource}/{id}`.
    Delete,
}

/// A collection of the element.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Resource {
    /// What can be done with it.
    #[serde(default)]
    pub operations: Vec<ResourceOperation>,
    /// The member that holds the id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_field: Option<String>,
    /// Its fields, as far as they are known without asking the provider.
    #[serde(default)]
    pub fields: Vec<ResourceField>,
    /// How it is polled when the instance says `{ }`; none when it cannot be polled without more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub polling: Option<serde_json::Map<String, serde_json::Value>>,
    /// What polling can tell: `CREATED`, `UPDATED`, `DELETED`.
    #[serde(default)]
    pub poll_events: Vec<String>,
    /// What the provider's webhooks tell.
    #[serde(default)]
    pub webhook_events: Vec<String>,
}

/// A field of a resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceField {
    /// Where it stands: `Address.City`.
    pub path: String,
    /// `string`, `number`, `boolean`, `date`, `object` or `array`.
    #[serde(rename = "type")]
    pub kind: String,
}

/// Where a secret may go: to these places of requests to these URLs, and nowhere else.
///
/// A place is `bearer`, `basic`, `oauth1`, `hmac`, or `header:NAME`, `query:NAME`, `form:NAME`, `json:NAME`; `webhook` lets
/// the provider's calls be verified with the secret, whatever the URLs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SecretBinding {
    /// The name of the secret.
    pub secret: String,
    /// The places.
    pub places: Vec<String>,
    /// URL patterns, as in `egress`.
    pub urls: Vec<String>,
}

/// A budget of the provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RateLimit {
    /// So many requests
    pub requests: u32,
    /// in so many seconds.
    pub seconds: u32,
    /// The configuration keys whose values tell one account from another; instances that agree share the budget.
    #[serde(default)]
    pub account: Vec<String>,
}
