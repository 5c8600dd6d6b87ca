//! The description file, as it is written.

use std::borrow::Cow;

use indexmap::IndexMap;
use periodic_sdk::{
    child::{self, Child},
    contract::{Context, Failure},
    description::{ConfigurationKey, RateLimit, ResourceField, ResourceOperation},
    path::JsonPath,
    poller::TOLERANCE,
};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{address, describe, filter::Condition, paging::Paging};

/// A provider, described. Members that nobody knows are refused, so that a slip of the pen is told.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Package {
    /// The component that the file belongs to; the host reads it.
    #[serde(rename = "adapter")]
    _adapter: String,
    pub(crate) element: Identity,
    pub(crate) api: Api,
    pub(crate) authentication: Authentication,
    /// What an instance can be configured with, beside what the authentication needs.
    #[serde(default)]
    pub(crate) configuration: Vec<ConfigurationKey>,
    /// How lists are paged, where their resource does not say.
    #[serde(default, rename = "paging")]
    common_paging: Paging,
    #[serde(default)]
    pub(crate) resources: IndexMap<String, Resource>,
    #[serde(default)]
    pub(crate) rate_limits: Vec<RateLimit>,
}

/// What the element is called.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Identity {
    pub(crate) key: String,
    pub(crate) name: String,
    pub(crate) id: u64,
    pub(crate) hub: String,
    #[serde(default)]
    pub(crate) description: String,
}

/// Where the API is.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Api {
    /// Its address; `{key}` stands for a value of the configuration.
    pub(crate) base: String,
    /// Sent with every request.
    #[serde(default)]
    pub(crate) headers: IndexMap<String, String>,
    /// A path to read when an instance is made, and for `/ping`.
    pub(crate) probe: Option<String>,
}

/// How instances authenticate.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", deny_unknown_fields)]
pub(crate) enum Authentication {
    /// Not at all.
    None,
    /// A key in a header or in the query.
    #[serde(rename_all = "camelCase")]
    ApiKey {
        /// The configuration key that holds it.
        secret: String,
        header: Option<String>,
        query: Option<String>,
        /// In front of the key, for instance `Token `.
        #[serde(default)]
        prefix: String,
    },
    /// User and password, each the name of a configuration key. The user is a secret unless the file describes a key
    /// that is none: many providers want an API key there.
    Basic { user: String, password: String },
    /// OAuth 2.0, by authorization code.
    #[serde(rename_all = "camelCase")]
    Oauth2 {
        authorize: String,
        token: String,
        scope: Option<String>,
        #[serde(default)]
        pkce: bool,
        /// Where the token endpoint wants the client's id and secret.
        #[serde(default)]
        client: ClientPlace,
    },
}

/// Where a token endpoint wants the client's id and secret (RFC 6749, section 2.3.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum ClientPlace {
    /// In the form.
    #[default]
    Form,
    /// In the `Authorization` header.
    Basic,
}

/// A collection.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Resource {
    /// Its path below the API's address; `{key}` stands for a value of the configuration, `{parent}` for the parent's id.
    pub(crate) path: String,
    pub(crate) operations: Vec<ResourceOperation>,
    #[serde(default = "id")]
    pub(crate) id_field: String,
    /// Where the array stands in the answer to a list; the whole answer unless set.
    #[serde(default)]
    pub(crate) records: WrittenPath,
    /// The member that holds the record in bodies and in answers with one record; none unless set.
    pub(crate) envelope: Option<String>,
    /// The method of an update.
    #[serde(default)]
    pub(crate) update: UpdateMethod,
    /// Sent with every list.
    #[serde(default)]
    pub(crate) parameters: IndexMap<String, String>,
    /// What `where` can say, for instance `"updated_at >=" = "updated_since"`.
    #[serde(default, rename = "where")]
    pub(crate) conditions: IndexMap<Condition, String>,
    pub(crate) order: Option<Order>,
    /// How its lists are paged, where it differs.
    paging: Option<Paging>,
    #[serde(default)]
    pub(crate) fields: Vec<ResourceField>,
    /// What `{ }` stands for in `event.poller.configuration`.
    pub(crate) polling: Option<Map<String, Value>>,
    #[serde(default)]
    pub(crate) poll_events: Vec<String>,
}

/// What `orderBy` becomes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Order {
    pub(crate) parameter: String,
    /// `{field}` stands for the field.
    pub(crate) ascending: String,
    pub(crate) descending: String,
}

/// The method of an update.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum UpdateMethod {
    #[default]
    Patch,
    Put,
    Post,
}

/// A JSON path, read with the file.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct WrittenPath(pub(crate) JsonPath);

// === impl Package ===

impl Package {
    /// Whether this is the user of basic authentication, and described as a key that is no secret.
    pub(crate) fn tells(&self, key: &str) -> bool {
        let is_user = matches!(&self.authentication, Authentication::Basic { user, .. } if user == key);
        is_user
            && self
                .configuration
                .iter()
                .any(|known| known.key == key && !known.secret)
    }

    /// Read and check a description file.
    pub(crate) fn read(file: Option<&[u8]>) -> Result<Self, String> {
        let file = file.ok_or(
            "this adapter serves what a description file describes: put NAME.element.toml beside it, with \
             adapter = \"rest.wasm\"",
        )?;
        let text =
            std::str::from_utf8(file).map_err(|error| format!("the description file is no text: {error}"))?;
        let document = toml::Deserializer::parse(text).map_err(|error| error.to_string())?;
        // The contract's own types pass over what they do not know; a file's author wants to hear of it.
        let mut unknown = Vec::new();
        let package: Self = serde_ignored::deserialize(document, |member| unknown.push(member.to_string()))
            .map_err(|error| error.to_string())?;
        if let [member, ..] = unknown.as_slice() {
            return Err(format!("{member}: there is no such member"));
        }
        package.check()?;
        package.check_keys()?;
        Ok(package)
    }

    /// The description file of a call.
    pub(crate) fn of(context: &Context) -> Result<Self, Failure> {
        Self::read(context.package.as_deref()).map_err(|wrong| Failure::Permanent(wrong.into()))
    }

    /// A resource as a call names it. The path of a child resource has its parent's id in it.
    pub(crate) fn resource(&self, name: &str) -> Result<Cow<'_, Resource>, Failure> {
        let child = Child::parse(name);
        let declared = child.map_or_else(|| name.to_owned(), |child| child.declared());
        let found = self.resources.get(&declared).ok_or_else(|| {
            let known: Vec<&str> = self.resources.keys().map(String::as_str).collect();
            Failure::NotFound(format!("there is no {declared}; there are {}", known.join(", ")).into())
        })?;
        Ok(match child {
            None => Cow::Borrowed(found),
            Some(child) => Cow::Owned(Resource {
                path: found.path.replace(PARENT, &address::segment(child.id)?),
                ..found.clone()
            }),
        })
    }

    /// The first resource that can be listed.
    pub(crate) fn listable(&self) -> Option<&Resource> {
        let mut resources = self.resources.iter();
        let listable = |(name, resource): &(&String, &Resource)| {
            child::names(name).is_none() && resource.operations.contains(&ResourceOperation::List)
        };
        resources.find(listable).map(|(_, resource)| resource)
    }

    /// How lists of a resource are paged.
    pub(crate) fn paging<'a>(&'a self, resource: &'a Resource) -> &'a Paging {
        resource.paging.as_ref().unwrap_or(&self.common_paging)
    }

    /// What the types cannot say.
    fn check(&self) -> Result<(), String> {
        if let Authentication::ApiKey { header, query, .. } = &self.authentication
            && header.is_some() == query.is_some()
        {
            return Err("authentication: name either a header or a query parameter for the key".to_owned());
        }
        if self.element.key.is_empty() || !self.element.key.bytes().all(is_key) {
            return Err("element.key: has to be of small letters, digits and hyphens".to_owned());
        }
        self.common_paging
            .check()
            .map_err(|wrong| format!("paging.{wrong}"))?;
        for (name, resource) in &self.resources {
            let at = |wrong: String| format!("resources.{name}.{wrong}");
            if !resource.path.starts_with('/') {
                return Err(at("path: has to begin with /".to_owned()));
            }
            if child::names(name).is_some() != resource.path.contains(PARENT) {
                return Err(at(format!(
                    "path: {PARENT} stands for the parent's id in the path of a child resource, whose name is like \
                     accounts/contacts, and in no other"
                )));
            }
            if child::names(name).is_some()
                && (resource.polling.is_some() || !resource.poll_events.is_empty())
            {
                return Err(at(
                    "polling: a child resource cannot be polled: nobody knows all parents".to_owned(),
                ));
            }
            if let Some(paging) = &resource.paging {
                paging.check().map_err(|wrong| at(format!("paging.{wrong}")))?;
            }
            if let Some(event) = resource
                .poll_events
                .iter()
                .find(|event| !EVENTS.contains(&event.as_str()))
            {
                return Err(at(format!(
                    "pollEvents: {event:?} is none of {}",
                    EVENTS.join(", ")
                )));
            }
        }
        Ok(())
    }
}

impl Package {
    /// A key that no instance has would be missed only when somebody makes one.
    fn check_keys(&self) -> Result<(), String> {
        let keys = describe::configuration(self);
        let named = self.addresses().into_iter();
        let named = named.flat_map(|(place, text)| address::keys(text).map(move |key| (place.clone(), key)));
        for (place, key) in named {
            match keys.iter().find(|known| known.key == key) {
                Some(known) if !known.secret => {}
                Some(_) => {
                    return Err(format!(
                        "{place}: {{{key}}} is a secret, which stands in no address"
                    ));
                }
                None => {
                    let known = keys
                        .iter()
                        .filter(|known| !known.secret && known.key != TOLERANCE);
                    let known: Vec<&str> = known.map(|known| known.key.as_str()).collect();
                    return Err(format!(
                        "{place}: {{{key}}} is no configuration key: describe it under [[configuration]], where there \
                         are {}",
                        known.join(", ")
                    ));
                }
            }
        }
        Ok(())
    }

    /// Every text that values of the configuration are put into, with its place. A parent's id is none.
    fn addresses(&self) -> Vec<(String, &str)> {
        let mut addresses = vec![("api.base".to_owned(), self.api.base.as_str())];
        addresses.extend(
            self.api
                .probe
                .iter()
                .map(|probe| ("api.probe".to_owned(), probe.as_str())),
        );
        if let Authentication::Oauth2 { authorize, token, .. } = &self.authentication {
            addresses.push(("authentication.authorize".to_owned(), authorize));
            addresses.push(("authentication.token".to_owned(), token));
        }
        for (name, resource) in &self.resources {
            let parts = resource.path.split(PARENT);
            addresses.extend(parts.map(|part| (format!("resources.{name}.path"), part)));
        }
        addresses
    }
}

/// Where the parent's id goes.
const PARENT: &str = "{parent}";
const EVENTS: [&str; 3] = ["CREATED", "UPDATED", "DELETED"];

fn is_key(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
}

fn id() -> String {
    "id".to_owned()
}

impl UpdateMethod {
    /// As HTTP has it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Patch => "PATCH",
            Self::Put => "PUT",
            Self::Post => "POST",
        }
    }
}

impl Default for WrittenPath {
    /// The whole document.
    fn default() -> Self {
        Self(JsonPath::parse("@").unwrap_or_default())
    }
}

impl TryFrom<String> for WrittenPath {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        JsonPath::parse(&text)
            .map(Self)
            .map_err(|error| error.to_string())
    }
}
