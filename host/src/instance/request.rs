//! What a request for an instance says, read leniently: numbers and truth values as JSON or as text.

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::{Problem, markup::strip_markup};
use crate::{
    body::{Kind, object},
    session::{ACCESS_TOKEN, Consented, REFRESH_TOKEN, Temporary},
    store::ExternalAuthentication,
    vault::Secret,
};

/// `POST /instances`.
#[derive(Debug)]
pub struct CreateRequest {
    /// The key or the numeric id of the element.
    pub element: String,
    /// What else the request calls it: all of it has to mean the same.
    pub also: Vec<String>,
    /// The instance's name.
    pub name: String,
    /// Its tags; its name when the request gives none.
    pub tags: Vec<String>,
    /// Its configuration as text.
    pub configuration: IndexMap<String, String>,
    /// What the provider handed to the caller.
    pub provider_data: ProviderData,
    /// Whether the caller brings tokens that he obtained himself.
    pub external: ExternalAuthentication,
}

/// `PATCH` and `PUT /instances/{id}`: what is absent stays as it is.
#[derive(Debug, Default)]
pub struct ChangeRequest {
    /// The key or the numeric id of the element, where the request names it.
    pub element: Option<String>,
    /// The name.
    pub name: Option<String>,
    /// The tags.
    pub tags: Option<Vec<String>>,
    /// Configuration keys to change; JSON null removes one.
    pub configuration: IndexMap<String, Option<String>>,
    /// Whether these keys are all that the configuration is to have. Secrets that are not named stay.
    pub whole: bool,
    /// A fresh code authenticates the instance again.
    pub provider_data: ProviderData,
    /// Whether the caller says that he brings tokens.
    pub external: ExternalAuthentication,
}

/// What the provider handed to the caller.
#[derive(Debug, Default)]
pub struct ProviderData {
    /// The authorization code.
    pub code: Option<Secret>,
    /// What came back beside it: the key of a waiting PKCE verifier.
    pub state: Option<String>,
    /// The consent of OAuth 1.0a.
    pub consented: Option<Consented>,
    /// Tokens that the caller obtained himself, by their names in the vault.
    pub tokens: Vec<(&'static str, Secret)>,
    /// What is no text although it has to be. Elements that need no consent do not care: clients written against Cloud
    /// Elements hand them all sorts of things.
    pub unreadable: Option<Problem>,
}

impl CreateRequest {
    /// Read a body. `element` is the element of the path, where the path names one.
    pub fn parse(body: &[u8], element: Option<&str>) -> Result<Self, Problem> {
        let body = object(body)?;
        let mut names = element
            .map(str::to_owned)
            .into_iter()
            .chain(element_names(&body)?);
        let (element, also) = (names.next().ok_or_else(no_element)?, names.collect());
        let name = match body.get("name") {
            None | Some(Value::Null) => {
                return Err(Problem::field("name", "is missing; give the instance a name"));
            }
            Some(name) => strip_markup(&text("name", name)?),
        };
        if name.trim().is_empty() {
            return Err(Problem::field("name", "is empty; give the instance a name"));
        }
        let tags = match body.get("tags") {
            None | Some(Value::Null) => Vec::new(),
            Some(tags) => parse_tags(tags)?,
        };
        let tags = if tags.is_empty() { vec![name.clone()] } else { tags };
        let configuration = configuration_of(&body)?;
        let configuration = configuration
            .into_iter()
            .filter_map(|(key, value)| Some((key, value?)))
            .collect();
        Ok(Self {
            element,
            also,
            name,
            tags,
            configuration,
            provider_data: ProviderData::of(&body)?,
            external: external_of(&body)?,
        })
    }
}

impl ChangeRequest {
    /// Read the body of a `PATCH`.
    pub fn parse(body: &[u8]) -> Result<Self, Problem> {
        Self::read(&object(body)?)
    }

    /// Read the body of a `PUT`: a configuration in it is the whole configuration.
    pub fn parse_whole(body: &[u8]) -> Result<Self, Problem> {
        let body = object(body)?;
        let whole = matches!(body.get("configuration"), Some(Value::Object(_)));
        Ok(Self {
            whole,
            ..Self::read(&body)?
        })
    }

    /// A change of one configuration key; none removes it.
    pub fn of_key(key: &str, value: Option<String>) -> Self {
        Self {
            configuration: IndexMap::from([(key.to_owned(), value)]),
            ..Self::default()
        }
    }

    fn read(body: &Map<String, Value>) -> Result<Self, Problem> {
        let element = element_names(body)?.into_iter().next();
        let name = match body.get("name") {
            None | Some(Value::Null) => None,
            Some(name) => Some(strip_markup(&text("name", name)?)),
        };
        if name.as_ref().is_some_and(|name| name.trim().is_empty()) {
            return Err(Problem::field("name", "is empty; leave it out to keep the name"));
        }
        let tags = match body.get("tags") {
            None | Some(Value::Null) => None,
            Some(tags) => Some(parse_tags(tags)?),
        };
        let (configuration, mut provider_data) = (configuration_of(body)?, ProviderData::of(body)?);
        if !provider_data.authenticates() && has_empty_code(body) {
            let what = "is empty; hand over the code that came back from the provider, or leave it out";
            provider_data.unreadable = Some(Problem::field("providerData.code", what));
        }
        Ok(Self {
            element,
            name,
            tags,
            configuration,
            whole: false,
            provider_data,
            external: external_of(body)?,
        })
    }
}

impl ProviderData {
    fn of(body: &Map<String, Value>) -> Result<Self, Problem> {
        let data = match body.get("providerData") {
            None | Some(Value::Null) => return Ok(Self::default()),
            Some(Value::Object(data)) => data,
            Some(other) => {
                let what = format!(
                    "is {}; it has to be an object such as {{\"code\": \"…\"}}",
                    Kind::of(other)
                );
                return Err(Problem::field("providerData", what));
            }
        };
        let mut unreadable = None;
        let mut member = |name: &str| {
            let value = data.get(name).filter(|value| !value.is_null())?;
            match text(&format!("providerData.{name}"), value) {
                Ok(value) => Some(value).filter(|value| value != super::MASK && !value.trim().is_empty()),
                Err(problem) => {
                    unreadable.get_or_insert(problem);
                    None
                }
            }
        };
        let (code, state) = (member("code"), member("state"));
        let consented = match (member("oauth_token"), member("oauth_verifier"), member("secret")) {
            (None, None, _) => None,
            (Some(token), Some(verifier), Some(secret)) => Some(Consented {
                temporary: Temporary {
                    token: Secret::from(token),
                    secret: Secret::from(secret),
                },
                verifier: Secret::from(verifier),
            }),
            (None, ..) => return Err(incomplete("oauth_token")),
            (_, None, _) => return Err(incomplete("oauth_verifier")),
            (.., None) => return Err(incomplete("secret")),
        };
        let mut tokens = Vec::new();
        for (name, secret) in [("access_token", ACCESS_TOKEN), ("refresh_token", REFRESH_TOKEN)] {
            tokens.extend(member(name).map(|token| (secret, Secret::from(token))));
        }
        Ok(Self {
            code: code.map(Secret::from),
            state,
            consented,
            tokens,
            unreadable,
        })
    }

    /// Whether there is something to authenticate with.
    pub fn authenticates(&self) -> bool {
        self.code.is_some()
            || self.consented.is_some()
            || !self.tokens.is_empty()
            || self.unreadable.is_some()
    }
}

/// A part of the consent of OAuth 1.0a that is not there.
fn incomplete(member: &str) -> Problem {
    Problem::field(
        format!("providerData.{member}"),
        "is missing: oauth_token and oauth_verifier are what the browser brings back, secret is that of the request token, \
         as oauth/token answered it",
    )
}

fn external_of(body: &Map<String, Value>) -> Result<ExternalAuthentication, Problem> {
    match body.get("externalAuthentication") {
        None | Some(Value::Null) => Ok(ExternalAuthentication::None),
        Some(asked) => {
            let asked = text("externalAuthentication", asked)?;
            let known = ExternalAuthentication::parse(&asked.to_ascii_lowercase());
            known.ok_or_else(|| {
                let what = format!(
                    "{asked:?} is not understood; it is none, or initial where the instance brings its own tokens"
                );
                Problem::field("externalAuthentication", what)
            })
        }
    }
}

/// Whether there is a code with nothing in it.
fn has_empty_code(body: &Map<String, Value>) -> bool {
    let code = body.get("providerData").and_then(|data| data.get("code"));
    code.and_then(Value::as_str)
        .is_some_and(|code| code.trim().is_empty())
}

/// What a body calls the element: its key, then its numeric id.
fn element_names(body: &Map<String, Value>) -> Result<Vec<String>, Problem> {
    let member = |name| body.get("element")?.get(name).filter(|value| !value.is_null());
    let named = [("element.key", member("key")), ("element.id", member("id"))];
    let named = named
        .into_iter()
        .filter_map(|(field, value)| Some((field, value?)));
    named.map(|(field, value)| text(field, value)).collect()
}

fn no_element() -> Problem {
    Problem::field(
        "element.key",
        "is missing; name the element, for instance {\"element\": {\"key\": \"acme\"}}",
    )
}

fn parse_tags(tags: &Value) -> Result<Vec<String>, Problem> {
    let Value::Array(tags) = tags else {
        let what = format!("is {}; it has to be a list of texts", Kind::of(tags));
        return Err(Problem::field("tags", what));
    };
    let tag = |(index, tag)| text(&format!("tags[{index}]"), tag).map(|tag| strip_markup(&tag));
    tags.iter().enumerate().map(tag).collect()
}

fn configuration_of(body: &Map<String, Value>) -> Result<IndexMap<String, Option<String>>, Problem> {
    let entries = match body.get("configuration") {
        None | Some(Value::Null) => return Ok(IndexMap::new()),
        Some(Value::Object(entries)) => entries,
        Some(other) => {
            let what = format!(
                "is {}; it has to be an object of keys and values",
                Kind::of(other)
            );
            return Err(Problem::field("configuration", what));
        }
    };
    let entry = |(key, value): (&String, &Value)| {
        let value = match value {
            Value::Null => None,
            // Poller configurations come as objects and as text.
            Value::Object(_) | Value::Array(_) if key.starts_with("event.") => Some(value.to_string()),
            value => Some(text(&format!("configuration[{key:?}]"), value)?),
        };
        Ok((key.clone(), value))
    };
    entries.iter().map(entry).collect()
}

/// A text, a number or a truth value as text.
fn text(field: &str, value: &Value) -> Result<String, Problem> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(truth) => Ok(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => {
            let found = Kind::of(value);
            let what = format!("is {found}; it has to be a text, a number or a truth value");
            Err(Problem::field(field, what))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(body: &str) -> String {
        CreateRequest::parse(body.as_bytes(), None)
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn values_come_as_json_or_as_text() {
        let request = r#"{
            "element": {"key": "acme"}, "providerData": {"code": "c0de"}, "tags": ["Docs"], "name": "An instance",
            "configuration": {
                "oauth.callback.url": "https;//mycoolapp.com", "event.notification.enabled": true,
                "event.poller.refresh_interval": 15, "event.poller.configuration": {"contacts": {}}, "gone": null
            }
        }"#;
        let request = CreateRequest::parse(request.as_bytes(), None).unwrap();
        assert_eq!(request.element, "acme");
        assert_eq!(
            (request.name.as_str(), request.tags.as_slice()),
            ("An instance", &["Docs".to_owned()][..])
        );
        let expected = [
            ("oauth.callback.url", "https;//mycoolapp.com"),
            ("event.notification.enabled", "true"),
            ("event.poller.refresh_interval", "15"),
            ("event.poller.configuration", r#"{"contacts":{}}"#),
        ];
        let read: Vec<_> = request
            .configuration
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .collect();
        assert_eq!(read, expected);
        assert!(request.provider_data.code.is_some());
    }

    #[test]
    fn what_is_wrong_names_the_field() {
        let cases = [
            ("", "body: is empty; it has to be JSON"),
            ("[]", "body: is a list; it has to be an object"),
            (
                "{}",
                "element.key: is missing; name the element, for instance {\"element\": {\"key\": \"acme\"}}",
            ),
            (
                r#"{"element":{"key":"a"}}"#,
                "name: is missing; give the instance a name",
            ),
            (
                r#"{"element":{"key":"a"},"name":" "}"#,
                "name: is empty; give the instance a name",
            ),
            (
                r#"{"element":{"key":"a"},"name":"n","tags":"x"}"#,
                "tags: is a text; it has to be a list of texts",
            ),
            (
                r#"{"element":{"key":"a"},"name":"n","tags":["a",{}]}"#,
                "tags[1]: is an object; it has to be a text, a number or a truth value",
            ),
            (
                r#"{"element":{"key":"a"},"name":"n","configuration":7}"#,
                "configuration: is a number; it has to be an object of keys and values",
            ),
            (
                r#"{"element":{"key":"a"},"name":"n","providerData":7}"#,
                "providerData: is a number; it has to be an object such as {\"code\": \"…\"}",
            ),
        ];
        for (body, expected) in cases {
            assert_eq!(refused(body), expected, "{body}");
        }
    }

    #[test]
    fn provider_data_that_is_no_text_is_kept_for_those_who_need_it() {
        let parsed = |data: &str| {
            let body = format!(r#"{{"providerData":{data}}}"#);
            ChangeRequest::parse(body.as_bytes()).unwrap().provider_data
        };
        let data = parsed(r#"{"code":{"response":{}},"secret":[1]}"#);
        assert!(data.authenticates() && data.code.is_none());
        let problem = data.unreadable.unwrap().to_string();
        assert!(
            problem.starts_with("providerData.code: is an object; it has to be a text"),
            "{problem}"
        );
        assert!(parsed(r#"{"code":null,"org":{}}"#).unreadable.is_none());
        let problem = parsed(r#"{"code":" "}"#).unreadable.unwrap().to_string();
        assert!(problem.starts_with("providerData.code: is empty"), "{problem}");
    }

    #[test]
    fn an_element_has_several_names() {
        let names = |body: &str, path: Option<&str>| {
            let read = CreateRequest::parse(body.as_bytes(), path).unwrap();
            [vec![read.element], read.also].concat()
        };
        let both = r#"{"name":"n","element":{"id":7,"key":"acme"}}"#;
        assert_eq!(names(both, None), ["acme", "7"]);
        assert_eq!(names(both, Some("bell")), ["bell", "acme", "7"]);
        assert_eq!(
            names(r#"{"name":"n","element":{"key":null,"id":7}}"#, None),
            ["7"]
        );
        assert_eq!(names(r#"{"name":"n","element":"acme"}"#, Some("bell")), ["bell"]);
    }

    #[test]
    fn a_masked_code_is_no_code() {
        let request = ChangeRequest::parse(br#"{"providerData":{"code":"********"}}"#).unwrap();
        assert!(!request.provider_data.authenticates());
    }

    #[test]
    fn a_put_says_the_whole_configuration_if_any() {
        let cases = [
            (r#"{"configuration":{"a":"1"}}"#, true),
            (r#"{"configuration":{}}"#, true),
            (r#"{"configuration":null}"#, false),
            (r#"{"tags":[]}"#, false),
        ];
        for (body, whole) in cases {
            assert_eq!(
                ChangeRequest::parse_whole(body.as_bytes()).unwrap().whole,
                whole,
                "{body}"
            );
            assert!(!ChangeRequest::parse(body.as_bytes()).unwrap().whole, "{body}");
        }
        let request = ChangeRequest::parse_whole(br#"{"element":{"id":5127},"tags":[]}"#).unwrap();
        assert_eq!(request.element.as_deref(), Some("5127"));
        assert_eq!(request.tags, Some(Vec::new()));
    }

    #[test]
    fn a_consent_is_whole() {
        let read = |data: &str| {
            let request = ChangeRequest::parse(format!("{{\"providerData\":{data}}}").as_bytes());
            request.map(|request| request.provider_data.consented.is_some())
        };
        let whole = r#"{"oauth_token":"t","oauth_verifier":"v","secret":"s"}"#;
        assert!(read(whole).unwrap());
        assert!(
            !read(r#"{"secret":"s"}"#).unwrap(),
            "nothing to do with OAuth 1.0a"
        );
        for (missing, data) in [
            ("oauth_token", r#"{"oauth_verifier":"v","secret":"s"}"#),
            (
                "oauth_verifier",
                r#"{"oauth_token":"t","oauth_verifier":"********","secret":"s"}"#,
            ),
            (
                "secret",
                r#"{"oauth_token":"t","oauth_verifier":"v","secret":""}"#,
            ),
        ] {
            let problem = read(data).unwrap_err().to_string();
            assert!(
                problem.starts_with(&format!("providerData.{missing}: is missing")),
                "{problem}"
            );
        }
    }

    #[test]
    fn tokens_may_be_brought_along() {
        let body = br#"{"providerData":{"access_token":"a","refresh_token":"r","code":""}}"#;
        let data = ChangeRequest::parse(body).unwrap().provider_data;
        let tokens: Vec<_> = data
            .tokens
            .iter()
            .map(|(name, token)| (*name, token.expose()))
            .collect();
        assert_eq!(tokens, [(ACCESS_TOKEN, "a"), (REFRESH_TOKEN, "r")]);
        assert!(data.code.is_none());
    }
}
