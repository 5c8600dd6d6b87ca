//! Where an element's requests and secrets may go.

use std::fmt;

use periodic_sdk::description::Description;
use url::Url;

use super::{PatternError, RefusedAddress, UrlPatterns, is_reserved};

/// Where an element's requests and secrets may go, with an instance's configuration put in.
#[derive(Debug, Clone, Default)]
pub struct Audience {
    requests: UrlPatterns,
    /// What the operator allows of that.
    narrowed: Option<Narrowed>,
    secrets: Vec<Binding>,
}

/// What the operator allows of what an element declares.
#[derive(Debug, Clone)]
struct Narrowed {
    allowed: UrlPatterns,
    setting: String,
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

/// The place of secrets that the provider's own calls are verified with.
pub const WEBHOOK: &str = "webhook";

/// The places as a description names them; `NAME` stands for a name.
pub const PLACES: [&str; 9] = [
    "bearer",
    "basic",
    "oauth1",
    "hmac",
    "header:NAME",
    "query:NAME",
    "form:NAME",
    "json:NAME",
    WEBHOOK,
];

/// Whether a description may name this place.
pub fn is_place(bound: &str) -> bool {
    PLACES.into_iter().any(|place| match place.strip_suffix("NAME") {
        Some(kind) => bound.strip_prefix(kind).is_some_and(|name| !name.is_empty()),
        None => bound == place,
    })
}

/// Why nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No URL.
    #[error("{url:?} is no URL: {why}{}", .settings.iter().map(|why| format!("; {why}")).collect::<String>())]
    NoUrl {
        /// What was asked for.
        url: String,
        /// What is wrong.
        why: url::ParseError,
        /// What is wrong with the instance's addresses.
        settings: Vec<String>,
    },
    /// Not declared.
    #[error(
        "the element does not declare requests to {url}: none of its egress patterns ({declared}) matches{operator}"
    )]
    Undeclared {
        /// The URL without its query.
        url: String,
        /// The patterns that the element declares.
        declared: String,
        /// What the operator allows beside that, where he narrows it.
        operator: String,
    },
    /// Declared, and not allowed by the operator.
    #[error(
        "the operator does not allow requests to {url}: the element declares {declared}, and setting {setting} allows \
         only {allowed}"
    )]
    Narrowed {
        /// The URL without its query.
        url: String,
        /// The patterns that the element declares.
        declared: String,
        /// The setting.
        setting: String,
        /// The patterns that it allows.
        allowed: String,
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
    /// A secret that calls are not to be verified with.
    #[error(
        "the element does not bind the secret {secret:?} to webhook: a binding in describe has to list that place"
    )]
    Unbound {
        /// The name of the secret.
        secret: String,
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
    /// What a description declares, and what the operator allows of it where he narrows it, with the configuration
    /// put in.
    pub fn new(
        description: &Description,
        narrowed: Option<&[String]>,
        lookup: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, PatternError> {
        let narrow = |patterns: &[String]| {
            Ok(Narrowed {
                allowed: UrlPatterns::compile(patterns, lookup)?,
                setting: format!("elements.{}.egress", description.key),
            })
        };
        let narrowed = narrowed.map(narrow).transpose()?;
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
            narrowed,
            secrets: description.secrets.iter().map(bind).collect::<Result<_, _>>()?,
        })
    }

    /// Whether a request may go there.
    pub fn check_request(&self, url: &Url) -> Result<(), Refused> {
        if !self.requests.allows(url) {
            let operator = |Narrowed { setting, allowed }: &Narrowed| {
                format!(", and setting {setting} allows only {allowed}")
            };
            return Err(Refused::Undeclared {
                url: shown(url),
                declared: self.requests.to_string(),
                operator: self.narrowed.as_ref().map(operator).unwrap_or_default(),
            });
        }
        match &self.narrowed {
            Some(narrowed) if !narrowed.allowed.allows(url) => Err(Refused::Narrowed {
                url: shown(url),
                declared: self.requests.to_string(),
                setting: narrowed.setting.clone(),
                allowed: narrowed.allowed.to_string(),
            }),
            _ => Ok(()),
        }
    }

    /// What of the configuration keeps requests from being sent anywhere.
    pub(super) fn unfilled(&self) -> Vec<String> {
        self.requests.unfilled()
    }

    /// Where a secret may go.
    fn bindings(&self, secret: &str) -> impl Iterator<Item = &Binding> {
        let bindings = self.secrets.iter();
        bindings.filter(move |binding| binding.secret == secret && !is_reserved(secret))
    }

    /// Whether a secret may go there.
    pub fn check_secret(&self, secret: &str, place: Place<'_>, url: &Url) -> Result<(), Refused> {
        let bound = self
            .bindings(secret)
            .any(|binding| binding.places.iter().any(|bound| place.is(bound)) && binding.urls.allows(url));
        if bound {
            return Ok(());
        }
        Err(Refused::Secret {
            secret: secret.to_owned(),
            place: place.to_string(),
            url: shown(url),
        })
    }

    /// Whether the calls of the provider may be verified with a secret.
    pub fn check_verification(&self, secret: &str) -> Result<(), Refused> {
        if self
            .bindings(secret)
            .any(|binding| binding.places.iter().any(|place| place == WEBHOOK))
        {
            return Ok(());
        }
        Err(Refused::Unbound {
            secret: secret.to_owned(),
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

#[cfg(test)]
mod tests {
    use periodic_sdk::description::{AuthenticationKind, SecretBinding};

    use super::*;

    #[test]
    fn a_refusal_names_both_sides() {
        let description = Description {
            egress: vec!["{acme.url}*".to_owned()],
            ..Description::new("acme", "Acme", 1, "crm", AuthenticationKind::None)
        };
        let lookup = |_: &str| Some("https://acme.example".to_owned());
        let check = |narrowed: Option<&[String]>, url: &str, expected: Result<(), &str>| {
            let audience = Audience::new(&description, narrowed, &lookup).unwrap();
            let checked = audience.check_request(&Url::parse(url).unwrap());
            let checked = checked.map_err(|refused| refused.to_string());
            assert_eq!(checked, expected.map_err(str::to_owned), "{url}");
        };
        check(None, "https://acme.example/x", Ok(()));
        let undeclared = "the element does not declare requests to https://other.example/x: none of its egress \
                          patterns ({acme.url}* = https://acme.example*) matches";
        check(None, "https://other.example/x", Err(undeclared));
        let narrowed = ["https://acme.example/api/*".to_owned()];
        check(Some(&narrowed), "https://acme.example/api/x", Ok(()));
        let refused = "the operator does not allow requests to https://acme.example/x: the element declares \
                       {acme.url}* = https://acme.example*, and setting elements.acme.egress allows only https://acme.example/api/*";
        check(Some(&narrowed), "https://acme.example/x", Err(refused));
        let both =
            format!("{undeclared}, and setting elements.acme.egress allows only https://acme.example/api/*");
        check(Some(&narrowed), "https://other.example/x", Err(&both));
        check(
            Some(&[]),
            "https://acme.example/x",
            Err(&refused.replace("https://acme.example/api/*", "")),
        );
    }

    #[test]
    fn what_is_the_hosts_own_goes_nowhere() {
        let bind = |secret: &str| SecretBinding {
            secret: secret.to_owned(),
            places: vec!["bearer".to_owned(), "webhook".to_owned()],
            urls: vec!["https://acme.example/*".to_owned()],
        };
        let names = ["acme.key", "periodic.token", "event.notification.signature.key"];
        let description = Description {
            secrets: names.map(bind).into(),
            ..Description::new("acme", "Acme", 1, "crm", AuthenticationKind::None)
        };
        let audience = Audience::new(&description, None, &|_| None).unwrap();
        let url = Url::parse("https://acme.example/x").unwrap();
        let goes = names.map(|name| {
            let sent = audience.check_secret(name, Place::Bearer, &url).is_ok();
            (sent, audience.check_verification(name).is_ok())
        });
        assert_eq!(goes, [(true, true), (false, false), (false, false)]);
    }
}
