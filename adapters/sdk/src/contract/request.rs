//! Requests that the host completes and sends, and the answers it comes back with.

/// A header of a request or a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
}

/// One field of a form, or one query parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The name, not encoded.
    pub name: String,
    /// The value, not encoded.
    pub value: String,
}

/// Bytes with their media type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// The `Content-Type`.
    pub media_type: String,
    /// The body as it goes on the wire.
    pub data: Vec<u8>,
}

/// The body of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Body {
    /// No body.
    #[default]
    None,
    /// JSON text.
    Json(String),
    /// A form that the host encodes.
    Form(Vec<Field>),
    /// Anything else.
    Bytes(Content),
}

/// What a request does at the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Reads, or can be repeated without harm.
    Read,
    /// Changes something.
    Write,
}

/// Text, or the name of a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Plain text.
    Text(String),
    /// The secret of this name.
    Secret(String),
}

/// A secret and the name of the place where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    /// Name of the header, parameter, field or member.
    pub name: String,
    /// Put in front of the secret.
    pub prefix: String,
    /// The name of the secret.
    pub secret: String,
}

/// HTTP basic authentication (RFC 7617).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Basic {
    /// The user name.
    pub user: Value,
    /// The password.
    pub password: Value,
}

/// How OAuth 1.0a signs (RFC 5849, section 3.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OAuth1Method {
    /// HMAC-SHA1.
    HmacSha1,
    /// HMAC-SHA256.
    HmacSha256,
    /// PLAINTEXT.
    Plaintext,
}

/// A named value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// The name.
    pub name: String,
    /// The value.
    pub value: Value,
}

/// An OAuth 1.0a signature; see `types.oauth1-credential` in the contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuth1Credential {
    /// The consumer key.
    pub consumer_key: Value,
    /// The name of the consumer secret.
    pub consumer_secret: String,
    /// The token.
    pub token: Option<Value>,
    /// The name of the token secret.
    pub token_secret: Option<String>,
    /// How to sign.
    pub method: OAuth1Method,
    /// The realm of the header.
    pub realm: Option<String>,
    /// Further `oauth_` parameters.
    pub parameters: Vec<Parameter>,
}

/// Digest functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Digest {
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

/// How bytes become text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Lower-case hexadecimal.
    Hex,
    /// Base64 with padding.
    Base64,
    /// Base64 for URLs without padding.
    Base64url,
}

/// A part of what an HMAC covers; see `types.part` in the contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Literal text.
    Text(String),
    /// The method.
    Method,
    /// The whole URL, with its query; of a call that came in, the address that the provider was told to call.
    Url,
    /// The path of the URL.
    Path,
    /// The query of the URL.
    Query,
    /// The body.
    Body,
    /// The value of this header.
    Header(String),
    /// The time of sending in seconds.
    Seconds,
    /// The time of sending in milliseconds.
    Milliseconds,
    /// A fresh random text.
    Nonce,
    /// The secret of this name.
    Secret(String),
}

/// A header whose value is made at the time of sending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MadeHeader {
    /// The header's name.
    pub name: String,
    /// Its value.
    pub value: Vec<Part>,
}

/// An HMAC over named parts; see `types.hmac-credential` in the contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hmac {
    /// The digest function.
    pub digest: Digest,
    /// How the result is written.
    pub encoding: Encoding,
    /// The name of the key.
    pub key: String,
    /// What is signed.
    pub over: Vec<Part>,
    /// The header's name.
    pub header: String,
    /// Put in front of the signature.
    pub prefix: String,
    /// Further headers made at the time of sending.
    pub also: Vec<MadeHeader>,
}

/// A secret on its way to the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// `Authorization: Bearer SECRET`.
    Bearer(String),
    /// `Authorization: Basic …`.
    Basic(Basic),
    /// A header.
    Header(Placement),
    /// A query parameter.
    Query(Placement),
    /// A form field.
    Form(Placement),
    /// A top-level member of the JSON body.
    Json(Placement),
    /// OAuth 1.0a.
    OAuth1(OAuth1Credential),
    /// HMAC.
    Hmac(Hmac),
}

/// Where in a response a captured value stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A JSON path.
    Json(String),
    /// A form field.
    Form(String),
    /// A header.
    Header(String),
    /// The whole body.
    Text,
}

/// Where a captured value goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Into the vault.
    Secret(String),
    /// Into the configuration.
    Setting(String),
    /// The lifetime in seconds of this secret.
    Lifetime(String),
}

/// Cut a value out of a successful response before the guest sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capture {
    /// Where it stands.
    pub at: Source,
    /// Where it goes.
    pub into: Target,
    /// Whether its absence makes the exchange fail.
    pub required: bool,
}

/// An HTTP request; see `types.request` in the contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: String,
    /// The absolute URL.
    pub url: String,
    /// Headers.
    pub headers: Vec<Header>,
    /// The body.
    pub body: Body,
    /// Secrets to put in.
    pub credentials: Vec<Credential>,
    /// What it does at the provider.
    pub effect: Effect,
    /// What to take out of the response.
    pub captures: Vec<Capture>,
}

/// One HTTP response.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: Vec<Header>,
    /// The body.
    pub body: Vec<u8>,
}

/// Why there is no response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransportError {
    /// Refused by the egress policy.
    Refused(String),
    /// No connection.
    Unreachable(String),
    /// TLS failed.
    Tls(String),
    /// No complete answer in time.
    Timeout(String),
    /// Too large, in bytes.
    TooLarge(u64),
    /// Anything else.
    Other(String),
}

/// The answer to one request.
pub type Answer = Result<Response, TransportError>;

/// Requests to send, and what to remember until they are answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exchange {
    /// The requests.
    pub requests: Vec<Request>,
    /// Handed back with the answers.
    pub state: Vec<u8>,
}

impl Request {
    /// A `GET` that reads.
    pub fn get(url: impl Into<String>) -> Self {
        Self::new("GET", url, Effect::Read)
    }

    /// A `POST`; say by [`Self::reading`] when it changes nothing.
    pub fn post(url: impl Into<String>) -> Self {
        Self::new("POST", url, Effect::Write)
    }

    /// A request of this method and effect.
    pub fn new(method: &str, url: impl Into<String>, effect: Effect) -> Self {
        Self {
            method: method.to_owned(),
            url: url.into(),
            headers: Vec::new(),
            body: Body::None,
            credentials: Vec::new(),
            effect,
            captures: Vec::new(),
        }
    }

    /// It changes nothing at the provider, whatever its method.
    #[must_use]
    pub fn reading(self) -> Self {
        Self {
            effect: Effect::Read,
            ..self
        }
    }

    /// With a header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push(Header {
            name: name.into(),
            value: value.into(),
        });
        self
    }

    /// With a JSON body.
    #[must_use]
    pub fn json(self, body: &serde_json::Value) -> Self {
        Self {
            body: Body::Json(body.to_string()),
            ..self
        }
    }

    /// With a form.
    #[must_use]
    pub fn form<N: Into<String>, V: Into<String>>(self, fields: impl IntoIterator<Item = (N, V)>) -> Self {
        let fields = fields.into_iter().map(|(name, value)| Field {
            name: name.into(),
            value: value.into(),
        });
        Self {
            body: Body::Form(fields.collect()),
            ..self
        }
    }

    /// With a secret.
    #[must_use]
    pub fn credential(mut self, credential: Credential) -> Self {
        self.credentials.push(credential);
        self
    }

    /// With a bearer token.
    #[must_use]
    pub fn bearer(self, secret: impl Into<String>) -> Self {
        self.credential(Credential::Bearer(secret.into()))
    }

    /// Capture a required value of the response.
    #[must_use]
    pub fn capture(mut self, at: Source, into: Target) -> Self {
        self.captures.push(Capture {
            at,
            into,
            required: true,
        });
        self
    }

    /// Capture a value of the response where there is one.
    #[must_use]
    pub fn capture_if_present(mut self, at: Source, into: Target) -> Self {
        self.captures.push(Capture {
            at,
            into,
            required: false,
        });
        self
    }
}

impl Placement {
    /// This secret under this name, without a prefix.
    pub fn new(name: impl Into<String>, secret: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            prefix: String::new(),
            secret: secret.into(),
        }
    }
}

impl Response {
    /// The value of a header, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|header| header.name.eq_ignore_ascii_case(name))
            .map(|header| header.value.as_str())
    }

    /// Whether the status is 200 to 299.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

impl Exchange {
    /// One request and a state.
    pub fn one(request: Request, state: Vec<u8>) -> Self {
        Self {
            requests: vec![request],
            state,
        }
    }
}
