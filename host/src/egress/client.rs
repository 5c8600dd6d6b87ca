//! The guarded client, and the sending of the contract's requests.

use std::{
    net::{IpAddr, SocketAddr},
    str::FromStr as _,
    sync::Arc,
    time::Duration,
};

use chrono::DateTime;
use futures::StreamExt as _;
use ipnet::IpNet;
use reqwest::{
    Client, Method, Response,
    dns::{Addrs, Name, Resolve, Resolving},
    header::{DATE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER},
    redirect::Policy,
};
use url::Url;

use super::{
    AddressPolicy, Audience, Captured, Refused, RefusedAddress, Secrets, bounds,
    capture::capture,
    credential::{Draft, Moment, Signer},
    scrub::Scrubber,
    wire::Wire,
};
use crate::{
    adapter::contract::types,
    clock::{Clock, Millis},
    ids,
    vault::Secret,
};

/// How the host talks to the world.
#[derive(Debug, Clone)]
pub struct Options {
    /// Special networks that are opened.
    pub allow: Vec<IpNet>,
    /// One deadline over resolution, connection, headers and body of a provider's answer.
    pub request_timeout: Duration,
    /// The largest answer of a provider, in bytes.
    pub response_limit: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            allow: Vec::new(),
            request_timeout: Duration::from_secs(60),
            response_limit: 16 << 20,
        }
    }
}

impl Options {
    /// The same with every address open, for those who have no network.
    #[must_use]
    pub fn opened(self) -> Self {
        let everything = [IpAddr::from([0; 4]), IpAddr::from([0_u16; 8])];
        let everything = everything
            .into_iter()
            .filter_map(|address| IpNet::new(address, 0).ok());
        Self {
            allow: everything.collect(),
            ..self
        }
    }
}

/// The client could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client cannot be made: {0}")]
pub struct EgressError(#[from] reqwest::Error);

/// Every outbound request of the host.
#[derive(Debug)]
pub struct Egress {
    pub(super) client: Client,
    pub(super) policy: Arc<AddressPolicy>,
    options: Options,
    pub(super) clock: Clock,
    wire: Option<Arc<dyn Wire>>,
}

/// What came of a request.
#[derive(Debug)]
pub struct Sent {
    /// What the adapter may see.
    pub answer: types::Answer,
    /// What was cut out.
    pub captured: Vec<Captured>,
    /// The provider's clock minus ours, at the latest: its `Date` header has whole seconds.
    pub skew: Option<Millis>,
    /// How long the provider asks to wait.
    pub retry_after: Option<Duration>,
    /// Whether the provider has it.
    pub delivered: Delivered,
}

/// Whether a request reached its provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivered {
    /// It was answered.
    Answered,
    /// It certainly did not arrive.
    NotSent,
    /// It may have arrived.
    Unknown,
    /// It was refused here; trying again changes nothing.
    Refused,
}

impl Egress {
    /// The host's client.
    pub fn new(options: Options, clock: Clock) -> Result<Self, EgressError> {
        // The process has one provider of cryptography; a second installation is not needed.
        let _installed_before = rustls::crypto::ring::default_provider().install_default();
        let policy = Arc::new(AddressPolicy::new(options.allow.clone()));
        let client = Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .dns_resolver(Arc::new(GuardedResolver(Arc::clone(&policy))))
            .user_agent(concat!("Periodic/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(options.request_timeout)
            .pool_idle_timeout(Duration::from_secs(60))
            .build()?;
        Ok(Self {
            client,
            policy,
            options,
            clock,
            wire: None,
        })
    }

    /// With somebody on the line, who may answer in the providers' place.
    #[must_use]
    pub fn with_wire(mut self, wire: Arc<dyn Wire>) -> Self {
        self.wire = Some(wire);
        self
    }

    /// Complete, send, read, capture and scrub one request of the contract.
    pub async fn send(&self, audience: &Audience, secrets: &Secrets, request: &types::Request) -> Sent {
        let mut sent = match self.exchange(audience, secrets, request).await {
            Ok(sent) => sent,
            Err((delivered, error)) => Sent {
                answer: Err(error),
                captured: Vec::new(),
                skew: None,
                retry_after: None,
                delivered,
            },
        };
        if let Some(wire) = &self.wire {
            wire.exchanged(request, &sent.answer, sent.delivered);
            // Time stands still there.
            sent.skew = None;
        }
        sent
    }

    /// The URL of a request that nobody sends, its secrets put in: for a browser.
    pub fn complete_url(
        &self,
        audience: &Audience,
        secrets: &Secrets,
        request: &types::Request,
    ) -> Result<String, Refused> {
        Ok(self.complete(audience, secrets, request)?.url.into())
    }

    fn complete(
        &self,
        audience: &Audience,
        secrets: &Secrets,
        request: &types::Request,
    ) -> Result<Draft, Refused> {
        bounds::check(request)?;
        let url = Url::parse(&request.url).map_err(|why| Refused::NoUrl {
            url: cut(&request.url),
            why,
            settings: audience.unfilled(),
        })?;
        if !url.username().is_empty() || url.password().is_some() {
            let what = "user and password in the URL cannot be: name a credential".to_owned();
            return Err(Refused::Malformed(what));
        }
        audience.check_request(&url)?;
        self.policy.check(&url)?;
        let nonce = ids::random::<16>().map_err(|error| Refused::Malformed(error.to_string()))?;
        let nonce = nonce.iter().map(|byte| format!("{byte:02x}")).collect();
        let signer = Signer {
            audience,
            secrets,
            moment: Moment {
                now: self.clock.now(),
                nonce,
            },
        };
        let mut draft = Draft::new(request, url);
        signer.sign(&mut draft, &request.credentials)?;
        Ok(draft)
    }

    async fn exchange(
        &self,
        audience: &Audience,
        secrets: &Secrets,
        request: &types::Request,
    ) -> Result<Sent, (Delivered, types::TransportError)> {
        let refused = |refused: Refused| {
            (
                Delivered::Refused,
                types::TransportError::Refused(refused.to_string()),
            )
        };
        let draft = self.complete(audience, secrets, request).map_err(refused)?;
        let (host, path) = (
            draft.url.host_str().unwrap_or_default().to_owned(),
            draft.url.path().to_owned(),
        );
        let built = build(draft).map_err(refused)?;
        let started = tokio::time::Instant::now();
        let answered = match self.wire.as_ref().and_then(|wire| wire.answer(request)) {
            Some(answer) => Ok(answer
                .map(|response| (response, None))
                .map_err(|error| (Delivered::Refused, error))),
            None => tokio::time::timeout(self.options.request_timeout, self.read(built)).await,
        };
        let elapsed = started.elapsed().as_millis();
        let (mut response, skew) = match answered {
            Ok(Ok(answered)) => answered,
            Ok(Err(error)) => {
                tracing::debug!(
                    method = request.method,
                    host,
                    path,
                    ?error,
                    elapsed,
                    "request failed"
                );
                return Err(error);
            }
            Err(_elapsed) => {
                let limit = self.options.request_timeout;
                let error = types::TransportError::Timeout(format!(
                    "no complete answer from {host} within {limit:?} (setting egress.timeout)"
                ));
                return Err((Delivered::Unknown, error));
            }
        };
        let bytes = response.body.len();
        tracing::debug!(
            method = request.method,
            host,
            path,
            status = response.status,
            bytes,
            elapsed,
            "request"
        );
        let retry_after = retry_after(&response, self.clock.now());
        let mut captured = capture(&mut response, &request.captures).map_err(|absent| {
            (
                Delivered::Answered,
                types::TransportError::Other(absent.to_string()),
            )
        })?;
        let mut known = secrets.clone();
        for (index, captured) in captured.iter().enumerate() {
            if let types::Target::Secret(name) = &captured.into {
                known.insert(format!("{name} {index}"), captured.value.clone());
            }
        }
        let scrubber = Scrubber::new(&known);
        // A provider that echoes a secret does not make a setting of it: those are shown, and handed to guests.
        for captured in &mut captured {
            if !matches!(captured.into, types::Target::Secret(_)) {
                let value = scrubber.strike_text(captured.value.expose().to_owned());
                captured.value = Secret::from(value);
            }
        }
        scrubber.strike(&mut response.body);
        for header in &mut response.headers {
            header.value = scrubber.strike_text(std::mem::take(&mut header.value));
        }
        Ok(Sent {
            answer: Ok(response),
            captured,
            skew,
            retry_after,
            delivered: Delivered::Answered,
        })
    }

    async fn read(
        &self,
        request: reqwest::Request,
    ) -> Result<(types::Response, Option<Millis>), (Delivered, types::TransportError)> {
        let response = self
            .client
            .execute(request)
            .await
            .map_err(|error| explain(&error))?;
        let skew = skew(response.headers(), self.clock.now());
        let (status, headers) = (response.status().as_u16(), headers(response.headers()));
        let limit = self.options.response_limit;
        match body(response, limit).await {
            Ok(Some(body)) => Ok((
                types::Response {
                    status,
                    headers,
                    body,
                },
                skew,
            )),
            Ok(None) => Err((Delivered::Unknown, types::TransportError::TooLarge(limit as u64))),
            Err(error) => Err((Delivered::Unknown, explain(&error).1)),
        }
    }
}

/// Refuses every name of which any address is special: a name that points at both is no accident.
#[derive(Debug)]
struct GuardedResolver(Arc<AddressPolicy>);

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = Arc::clone(&self.0);
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let addresses: Vec<SocketAddr> = found.collect();
            for address in &addresses {
                policy.permits(address.ip())?;
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

fn build(draft: Draft) -> Result<reqwest::Request, Refused> {
    let malformed = |what: String| Refused::Malformed(what);
    let method =
        Method::from_str(&draft.method).map_err(|_| malformed(format!("{:?} is no method", draft.method)))?;
    let (body, media_type) = draft.encoded();
    let mut headers = HeaderMap::new();
    if let Some(media_type) = media_type {
        let value = HeaderValue::from_str(media_type);
        let value = value.map_err(|_| malformed(format!("{media_type:?} is no media type")))?;
        headers.insert(reqwest::header::CONTENT_TYPE, value);
    }
    for (name, value) in &draft.headers {
        let known =
            HeaderName::from_str(name).map_err(|_| malformed(format!("{name:?} is no header name")))?;
        if HOP_BY_HOP.contains(&known.as_str()) {
            return Err(malformed(format!("the header {name} is the host's")));
        }
        // The value may hold a secret: it is not quoted.
        let value = HeaderValue::from_str(value);
        let value =
            value.map_err(|_| malformed(format!("the value of the header {name} has a line break")))?;
        headers.append(known, value);
    }
    let media_type = media_type.is_some();
    let mut request = reqwest::Request::new(method, draft.url);
    *request.headers_mut() = headers;
    if !body.is_empty() || media_type {
        *request.body_mut() = Some(body.into());
    }
    Ok(request)
}

/// Headers that belong to the connection or to the host.
const HOP_BY_HOP: [&str; 9] = [
    "connection",
    "content-length",
    "host",
    "keep-alive",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

fn headers(headers: &HeaderMap) -> Vec<types::Header> {
    let header = |(name, value): (&HeaderName, &HeaderValue)| types::Header {
        name: name.as_str().to_owned(),
        value: String::from_utf8_lossy(value.as_bytes()).into_owned(),
    };
    headers.iter().map(header).collect()
}

/// Read a body up to a limit; none when there is more.
pub(super) async fn body(response: Response, limit: usize) -> reqwest::Result<Option<Vec<u8>>> {
    if response
        .content_length()
        .is_some_and(|length| length > limit as u64)
    {
        return Ok(None);
    }
    let mut body = Vec::new();
    let mut stream = response.bytes_stream();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk?;
        if body.len() + chunk.len() > limit {
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Some(body))
}

/// The provider's clock minus ours. Its date is cut to the second, so that this is rather early than late.
fn skew(headers: &HeaderMap, now: Millis) -> Option<Millis> {
    let date = headers.get(DATE)?.to_str().ok()?;
    Some(
        DateTime::parse_from_rfc2822(date)
            .ok()?
            .timestamp_millis()
            .saturating_sub(now),
    )
}

/// `Retry-After`: seconds, or a date (RFC 9110, section 10.2.3).
fn retry_after(response: &types::Response, now: Millis) -> Option<Duration> {
    let header = response
        .headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case(RETRY_AFTER.as_str()))?;
    parse_retry_after(&header.value, now)
}

pub(super) fn parse_retry_after(value: &str, now: Millis) -> Option<Duration> {
    if let Ok(seconds) = value.trim().parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let until = DateTime::parse_from_rfc2822(value.trim())
        .ok()?
        .timestamp_millis();
    Some(Duration::from_millis(
        u64::try_from(until.saturating_sub(now)).unwrap_or(0),
    ))
}

/// Why there is no answer. The URL is left out: it may hold secrets.
pub(super) fn explain(error: &reqwest::Error) -> (Delivered, types::TransportError) {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    let mut last = String::new();
    while let Some(cause) = source {
        if let Some(refused) = cause.downcast_ref::<RefusedAddress>() {
            return (
                Delivered::Refused,
                types::TransportError::Refused(refused.to_string()),
            );
        }
        if cause.downcast_ref::<rustls::Error>().is_some() {
            return (Delivered::NotSent, types::TransportError::Tls(cause.to_string()));
        }
        source = cause.source();
        if source.is_none() {
            last = cause.to_string();
        }
    }
    if error.is_connect() {
        return (Delivered::NotSent, types::TransportError::Unreachable(last));
    }
    if error.is_timeout() {
        return (Delivered::Unknown, types::TransportError::Timeout(last));
    }
    (Delivered::Unknown, types::TransportError::Other(last))
}

/// The beginning of a text for a message.
fn cut(text: &str) -> String {
    text.split('?')
        .next()
        .unwrap_or_default()
        .chars()
        .take(200)
        .collect()
}
