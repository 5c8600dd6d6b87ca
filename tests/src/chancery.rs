//! The provider of the tests' own element `signet` (see `tests/adapters/signet`). It takes no request that is not signed
//! by OAuth 1.0a (RFC 5849), and has its own mind about what that is: nothing of the host's code is used here.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use anyhow::{Context as _, ensure};
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::Utc;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};

/// The application's key.
pub const CONSUMER_KEY: &str = "k3y/0f+th3=t3sts";
/// Its secret.
pub const CONSUMER_SECRET: &str = "c0nsum3r&s3cr3t%0f+th3~t3sts";

/// Seconds that a time stamp may differ.
const TOLERANCE: i64 = 300;

/// A provider that wants signatures.
#[derive(Debug)]
pub struct Chancery {
    url: String,
    office: Arc<Mutex<Office>>,
    server: JoinHandle<()>,
}

/// What the provider knows.
#[derive(Debug, Default)]
pub struct Office {
    /// Notes, oldest first.
    pub notes: Vec<Value>,
    /// What it was asked and what it made of it: `POST /oauth/token: 401 oauth_problem=token_used`.
    pub requests: Vec<String>,
    /// Every secret that it handed out.
    pub secrets: Vec<String>,
    temporary: BTreeMap<String, Temporary>,
    /// Secrets of tokens.
    tokens: BTreeMap<String, String>,
    seen: BTreeSet<(String, String, String)>,
    made: usize,
}

#[derive(Debug, Clone)]
struct Temporary {
    secret: String,
    callback: String,
    verifier: Option<String>,
}

/// A request as it came.
struct Asked<'a> {
    method: &'a Method,
    uri: &'a Uri,
    headers: &'a HeaderMap,
    body: &'a [u8],
}

/// Pairs of bytes: nothing says that they are texts.
type Pairs = Vec<(Vec<u8>, Vec<u8>)>;
/// The `oauth_` parameters of a request.
type Protocol = BTreeMap<String, String>;
type Refused = (StatusCode, &'static str);

const fn refused(why: &'static str) -> Refused {
    (StatusCode::UNAUTHORIZED, why)
}

// === impl Chancery ===

impl Chancery {
    /// A provider that nobody has consented to anything yet.
    ///
    /// # Errors
    /// There is no free port.
    pub async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let office = Arc::<Mutex<Office>>::default();
        let router = Router::new().fallback(answer).with_state(Arc::clone(&office));
        let server = tokio::spawn(async move {
            // It ends with the test.
            let _ended = axum::serve(listener, router).await;
        });
        Ok(Self { url, office, server })
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Look at it.
    pub fn office(&self) -> MutexGuard<'_, Office> {
        self.office.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Consent as the user at this address: what the browser comes back with, `oauth_token` and `oauth_verifier`.
    ///
    /// # Errors
    /// The address is none of the provider's.
    pub async fn consent(&self, authorize: &str) -> anyhow::Result<(String, String)> {
        let back = self.visit(authorize).await?;
        let parameter = |name: &str| {
            let found = back.query_pairs().find(|(known, _)| known == name);
            Ok::<_, anyhow::Error>(
                found
                    .with_context(|| format!("no {name} in {back}"))?
                    .1
                    .into_owned(),
            )
        };
        Ok((parameter("oauth_token")?, parameter("oauth_verifier")?))
    }

    /// Consent as the user at this address: where the browser is sent.
    ///
    /// # Errors
    /// The address is none of the provider's.
    pub async fn visit(&self, authorize: &str) -> anyhow::Result<reqwest::Url> {
        let answer = crate::api::client()?.get(authorize).send().await?;
        let location = answer.headers().get(header::LOCATION).cloned();
        let text = answer.text().await?;
        let location = location.with_context(|| format!("{authorize} sends nobody back: {text}"))?;
        Ok(reqwest::Url::parse(location.to_str()?)?)
    }

    /// Put a note there, now.
    pub fn note(&self, text: &str) -> String {
        let mut office = self.office();
        let note = office.note(text);
        note["id"].as_str().unwrap_or_default().to_owned()
    }

    /// All requests with the resources so far were signed right, and there were some.
    ///
    /// # Errors
    /// One was not.
    pub fn all_signed(&self, request: &str) -> anyhow::Result<usize> {
        let office = self.office();
        let of = office.requests.iter().filter(|asked| asked.starts_with(request));
        let of: Vec<_> = of.collect();
        let wrong: Vec<_> = of.iter().filter(|asked| !asked.ends_with(": 200")).collect();
        ensure!(wrong.is_empty() && !of.is_empty(), "{:?}", office.requests);
        Ok(of.len())
    }
}

impl Drop for Chancery {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn answer(
    State(office): State<Arc<Mutex<Office>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let asked = Asked {
        method: &method,
        uri: &uri,
        headers: &headers,
        body: &body,
    };
    let mut office = office.lock().unwrap_or_else(PoisonError::into_inner);
    let answered = office.answer(&asked);
    let (status, said) = match &answered {
        Ok(response) => (response.status(), String::new()),
        Err((status, why)) => (*status, format!(" oauth_problem={why}")),
    };
    let line = format!("{method} {}: {}{said}", uri.path(), status.as_u16());
    office.requests.push(line);
    answered.unwrap_or_else(|(status, why)| (status, format!("oauth_problem={why}")).into_response())
}

// === impl Office ===

impl Office {
    /// All tokens are worth nothing from now on.
    pub fn revoke(&mut self) {
        self.tokens.clear();
    }

    fn answer(&mut self, asked: &Asked<'_>) -> Result<Response, Refused> {
        match (asked.method.as_str(), asked.uri.path()) {
            ("POST", "/oauth/initiate") => self.initiate(asked),
            ("GET", "/oauth/authorize") => self.authorize(asked),
            ("POST", "/oauth/token") => self.token(asked),
            ("GET", "/api/notes") => {
                self.verified(asked, |office, token| office.tokens.get(token).cloned())?;
                let since = asked
                    .query()
                    .into_iter()
                    .find(|(name, _)| name == b"changed_since");
                let since = since.and_then(|(_, since)| String::from_utf8(since).ok()?.parse().ok());
                let since: i64 = since.unwrap_or(i64::MIN);
                let notes = self
                    .notes
                    .iter()
                    .filter(|note| note["changed"].as_i64() >= Some(since));
                let notes: Vec<&Value> = notes.collect();
                Ok(axum::Json(json!(notes)).into_response())
            }
            ("POST", "/api/notes") => {
                self.verified(asked, |office, token| office.tokens.get(token).cloned())?;
                let text = pairs(asked.body).into_iter().find(|(name, _)| name == b"text");
                let text = text.map(|(_, text)| String::from_utf8_lossy(&text).into_owned());
                Ok(axum::Json(self.note(&text.unwrap_or_default())).into_response())
            }
            _ => Err((StatusCode::NOT_FOUND, "nothing_here")),
        }
    }

    fn note(&mut self, text: &str) -> Value {
        let now = now_ms();
        let id = format!("note {}", self.notes.len() + 1);
        let note = json!({ "id": id, "text": text, "made": now, "changed": now });
        self.notes.push(note.clone());
        note
    }

    /// Section 2.1.
    fn initiate(&mut self, asked: &Asked<'_>) -> Result<Response, Refused> {
        let protocol = self.verified(asked, |_, token| token.is_empty().then(String::new))?;
        let callback = protocol
            .get("oauth_callback")
            .ok_or(refused("parameter_absent"))?;
        let (token, secret) = self.mint("temporary");
        let temporary = Temporary {
            secret: secret.clone(),
            callback: callback.clone(),
            verifier: None,
        };
        self.temporary.insert(token.clone(), temporary);
        Ok(credentials(&token, &secret, "&oauth_callback_confirmed=true"))
    }

    /// Section 2.2. Whoever comes has logged in and clicks on yes.
    fn authorize(&mut self, asked: &Asked<'_>) -> Result<Response, Refused> {
        let token = asked.query().into_iter().find(|(name, _)| name == b"oauth_token");
        let token = token.and_then(|(_, token)| String::from_utf8(token).ok());
        let token = token.ok_or(refused("parameter_absent"))?;
        let (_, verifier) = self.mint("verifier");
        let temporary = self.temporary.get_mut(&token).ok_or(refused("token_rejected"))?;
        temporary.verifier = Some(verifier.clone());
        let Ok(mut back) = reqwest::Url::parse(&temporary.callback) else {
            return Ok(verifier.into_response());
        };
        back.query_pairs_mut()
            .append_pair("oauth_token", &token)
            .append_pair("oauth_verifier", &verifier);
        Ok((StatusCode::FOUND, [(header::LOCATION, String::from(back))]).into_response())
    }

    /// Section 2.3.
    fn token(&mut self, asked: &Asked<'_>) -> Result<Response, Refused> {
        let known = |office: &Self, token: &str| Some(office.temporary.get(token)?.secret.clone());
        let protocol = self.verified(asked, known)?;
        let token = protocol.get("oauth_token").cloned().unwrap_or_default();
        let verifier = protocol
            .get("oauth_verifier")
            .ok_or(refused("parameter_absent"))?;
        // Once, whatever comes of it.
        let temporary = self.temporary.remove(&token).ok_or(refused("token_used"))?;
        if temporary.verifier.as_ref() != Some(verifier) {
            return Err(refused("verifier_invalid"));
        }
        let (token, secret) = self.mint("token");
        self.tokens.insert(token.clone(), secret.clone());
        Ok(credentials(&token, &secret, ""))
    }

    /// A token and a secret, full of what has to be encoded.
    fn mint(&mut self, kind: &str) -> (String, String) {
        self.made += 1;
        let token = format!("{kind}/{}+=&%", self.made);
        let secret = format!("{kind}&s3cr3t/{}+=%~", self.made);
        self.secrets.push(secret.clone());
        (token, secret)
    }

    /// Section 3.2: the parameters of a request whose signature is right; `secret` knows that of a token.
    fn verified(
        &mut self,
        asked: &Asked<'_>,
        secret: impl Fn(&Self, &str) -> Option<String>,
    ) -> Result<Protocol, Refused> {
        let protocol = asked.protocol()?;
        let get = |name: &str| protocol.get(name).map(String::as_str);
        let needed = |name: &str| {
            get(name)
                .filter(|value| !value.is_empty())
                .ok_or(refused("parameter_absent"))
        };
        if get("oauth_version").is_some_and(|version| version != "1.0") {
            return Err(refused("version_rejected"));
        }
        if needed("oauth_consumer_key")? != CONSUMER_KEY {
            return Err(refused("consumer_key_unknown"));
        }
        let stamp = needed("oauth_timestamp")?;
        let sent: i64 = stamp.parse().map_err(|_| refused("timestamp_refused"))?;
        if (now_ms() / 1000 - sent).abs() > TOLERANCE {
            return Err(refused("timestamp_refused"));
        }
        let token = get("oauth_token").unwrap_or_default();
        let nonce = (
            stamp.to_owned(),
            needed("oauth_nonce")?.to_owned(),
            token.to_owned(),
        );
        if !self.seen.insert(nonce) {
            return Err(refused("nonce_used"));
        }
        let secret = secret(self, token).ok_or(refused("token_rejected"))?;
        let key = format!(
            "{}&{}",
            encode(CONSUMER_SECRET.as_bytes()),
            encode(secret.as_bytes())
        );
        let base = asked.base_string(&protocol)?;
        let expected = match needed("oauth_signature_method")? {
            "PLAINTEXT" => key,
            "HMAC-SHA1" => STANDARD.encode(sha1(key.as_bytes(), base.as_bytes())),
            "HMAC-SHA256" => STANDARD.encode(sha256(key.as_bytes(), base.as_bytes())),
            _ => return Err(refused("signature_method_rejected")),
        };
        if needed("oauth_signature")? != expected {
            return Err(refused("signature_invalid"));
        }
        Ok(protocol)
    }
}

fn credentials(token: &str, secret: &str, more: &str) -> Response {
    let form = format!(
        "oauth_token={}&oauth_token_secret={}{more}",
        encode(token.as_bytes()),
        encode(secret.as_bytes())
    );
    let media_type = (header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    ([media_type], form).into_response()
}

// === impl Asked ===

impl Asked<'_> {
    fn query(&self) -> Pairs {
        pairs(self.uri.query().unwrap_or_default().as_bytes())
    }

    fn header(&self, name: header::HeaderName) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// Section 3.5.1.
    fn protocol(&self) -> Result<Protocol, Refused> {
        let header = self.header(header::AUTHORIZATION);
        let list = header.strip_prefix("OAuth ").ok_or(refused("parameter_absent"))?;
        let mut protocol = Protocol::new();
        for pair in list.split(',') {
            let (name, value) = pair.trim().split_once('=').ok_or(refused("parameter_rejected"))?;
            let quoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
            let value = decode(quoted.ok_or(refused("parameter_rejected"))?.as_bytes(), false);
            let value = String::from_utf8(value).map_err(|_| refused("parameter_rejected"))?;
            if name != "realm" && protocol.insert(name.to_owned(), value).is_some() {
                return Err(refused("parameter_rejected"));
            }
        }
        Ok(protocol)
    }

    /// Section 3.4.1.
    fn base_string(&self, protocol: &Protocol) -> Result<String, Refused> {
        let mut all: Pairs = self.query();
        if self.header(header::CONTENT_TYPE) == "application/x-www-form-urlencoded" {
            all.extend(pairs(self.body));
        }
        let signed = protocol.iter().filter(|(name, _)| *name != "oauth_signature");
        all.extend(signed.map(|(name, value)| (name.clone().into_bytes(), value.clone().into_bytes())));
        let mut encoded: Vec<(String, String)> = all
            .iter()
            .map(|(name, value)| (encode(name), encode(value)))
            .collect();
        encoded.sort();
        let joined: Vec<String> = encoded
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let host = self.header(header::HOST).to_ascii_lowercase();
        if host.is_empty() {
            return Err(refused("no_host"));
        }
        let url = format!("http://{host}{}", self.uri.path());
        Ok(format!(
            "{}&{}&{}",
            self.method,
            encode(url.as_bytes()),
            encode(joined.join("&").as_bytes())
        ))
    }
}

fn sha1(key: &[u8], text: &[u8]) -> Vec<u8> {
    let Ok(mut mac) = Hmac::<sha1::Sha1>::new_from_slice(key) else {
        return Vec::new();
    };
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

fn sha256(key: &[u8], text: &[u8]) -> Vec<u8> {
    let Ok(mut mac) = Hmac::<sha2::Sha256>::new_from_slice(key) else {
        return Vec::new();
    };
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

fn pairs(form: &[u8]) -> Pairs {
    let of = form.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
    of.map(|pair| {
        let at = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
        let (name, value) = pair.split_at(at);
        (
            decode(name, true),
            decode(value.get(1..).unwrap_or_default(), true),
        )
    })
    .collect()
}

fn decode(text: &[u8], plus_is_space: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        let escaped = hex
            .and_then(|hex| u8::from_str_radix(hex, 16).ok())
            .filter(|_| *first == b'%');
        rest = if escaped.is_some() {
            after.get(2..).unwrap_or_default()
        } else {
            after
        };
        bytes.push(match (escaped, first) {
            (Some(byte), _) => byte,
            (None, b'+') if plus_is_space => b' ',
            (None, byte) => *byte,
        });
    }
    bytes
}

/// Section 3.6.
fn encode(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) {
            text.push(char::from(*byte));
        } else {
            // A text takes everything.
            let _never_fails = write!(text, "%{byte:02X}");
        }
    }
    text
}

fn now_ms() -> i64 {
    #[expect(clippy::disallowed_methods, reason = "a provider has a clock of its own")]
    let now = Utc::now();
    now.timestamp_millis()
}
