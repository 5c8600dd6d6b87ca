//! Where an element's requests and secrets may go.

use std::fmt;

use periodic_sdk::description::Description;
use url::Url;

use super::{PatternError, RefusedAddress, UrlPatterns};

/// Where an element's requests and secrets may go, with an instance's configuration put in.
#[derive(Debug, Clone, Default)]
pub struct Audience {
    requests: UrlPatterns,
    secrets: Vec<Binding>,
}

#[derive(Debug, Clone)]
struct Binding {
    secret: String,
    places: Vec<String>,
    urls: UrlPatterns,
}

/// A place of a request that a secret is put into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place<'a> {
    /// `Authorization: Bearer`.
    Bearer,
    /// `Authorization: Basic`.
    Basic,
    /// OAuth 1.0a.
    Oauth1,
    /// An HMAC.
    Hmac,
    /// A header.
    Header(&'a str),
    /// A query parameter.
    Query(&'a str),
    /// A form field.
    Form(&'a str),
    /// A member of a JSON body.
    Json(&'a str),
}

/// Why nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No URL.
    #[error("{url:?} is no URL: {why}")]
    NoUrl {
        /// What was asked for.
        url: String,
        /// What is wrong.
        why: url::ParseError,
    },
    /// Not declared.
    #[error("the element does not declare requests to {url}: none of its egress patterns matches")]
    Undeclared {
        /// The URL without its query.
        url: String,
    },
    /// A secret at a wrong place.
    #[error("the element does not bind the secret {secret:?} to {place} of requests to {url}")]
    Secret {
        /// The name of the secret.
        secret: String,
        /// The place.
        place: String,
        /// The URL without its query.
        url: String,
    },
    /// A secret that does not exist.
    #[error("the instance has no secret {secret:?}")]
    NoSecret {
        /// Its name.
        secret: String,
    },
    /// The address policy.
    #[error(transparent)]
    Address(#[from] RefusedAddress),
    /// A request that cannot be put together.
    #[error("the request cannot be put together: {0}")]
    Malformed(String),
}

impl Audience {
    /// What a description declares, with the configuration put in.
    pub fn new(
        description: &Description,
        lookup: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, PatternError> {
        let requests = UrlPatterns::compile(&description.egress, lookup)?;
        let bind = |binding: &periodic_sdk::description::SecretBinding| {
            let urls = UrlPatterns::compile(&binding.urls, lookup)?;
            Ok(Binding {
                secret: binding.secret.clone(),
                places: binding.places.clone(),
                urls,
            })
        };
        Ok(Self {
            requests,
            secrets: description.secrets.iter().map(bind).collect::<Result<_, _>>()?,
        })
    }

    /// Whether a request may go there.
    pub fn check_request(&self, url: &Url) -> Result<(), Refused> {
        if self.requests.allows(url) {
            Ok(())
        } else {
            Err(Refused::Undeclared { url: shown(url) })
        }
    }

    /// Whether a secret may go there.
    pub fn check_secret(&self, secret: &str, place: Place<'_>, url: &Url) -> Result<(), Refused> {
        let bound = self.secrets.iter().any(|binding| {
            binding.secret == secret
                && binding.places.iter().any(|bound| place.is(bound))
                && binding.urls.allows(url)
        });
        if bound {
            return Ok(());
        }
        Err(Refused::Secret {
            secret: secret.to_owned(),
            place: place.to_string(),
            url: shown(url),
        })
    }
}

impl Place<'_> {
    /// Whether a description names this place. Names of headers have no case.
    fn is(self, bound: &str) -> bool {
        match (self, bound.split_once(':')) {
            (Self::Header(name), Some(("header", bound))) => name.eq_ignore_ascii_case(bound),
            _ => self.to_string() == bound,
        }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bearer => f.write_str("bearer"),
            Self::Basic => f.write_str("basic"),
            Self::Oauth1 => f.write_str("oauth1"),
            Self::Hmac => f.write_str("hmac"),
            Self::Header(name) => write!(f, "header:{name}"),
            Self::Query(name) => write!(f, "query:{name}"),
            Self::Form(name) => write!(f, "form:{name}"),
            Self::Json(name) => write!(f, "json:{name}"),
        }
    }
}

/// A URL without its query, which may hold secrets.
pub(super) fn shown(url: &Url) -> String {
    let mut shown = url.clone();
    shown.set_query(None);
    shown.set_fragment(None);
    shown.to_string()
}
