//! A stand-in for Maximizer CRM: OAuth, the Octopus data service, discovery and the keeping of webhooks, over HTTP on
//! 127.0.0.1. It does what is known of the vendor's service, and with its switches what is feared of it.
//!
//! # As a program
//!
//! `fake-maximizer --port 8160`, then `curl http://127.0.0.1:8160/control`: the answer lists all that can be done to
//! it, with commands to copy.
//!
//! # In tests
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use fake_maximizer::{ClockStart, Entity, FakeMaximizer, Options, RateLimit, When};
//! use serde_json::json;
//!
//! let start = ClockStart::Fixed("2026-01-01T00:00:00Z".parse()?);
//! let fake = FakeMaximizer::start(Options { clock: start, ..Options::default() }).await?;
//! let world = fake.world();
//!
//! // Two edits in one second.
//! let company = world.create(Entity::AbEntry, &json!({ "Type": "Company", "CompanyName": "ABC Wine Shop" }))?;
//! let key = company["Key"].as_str().unwrap_or_default();
//! world.update(Entity::AbEntry, key, &json!({ "WebSite": "http://abcwineshop.example" }))?;
//!
//! // The third read is told to wait.
//! let when = When::once().on("Read").after(2);
//! let mut faults = world.faults();
//! faults.rate_limit = Some(RateLimit { retry_after_s: 30, when, ..RateLimit::default() });
//! world.set_faults(faults)?;
//!
//! // … let the code under test talk to fake.api_url() and fake.oauth_url() …
//! assert!(world.requests().iter().all(|request| !request.retry_after_violated));
//! # Ok(())
//! # }
//! ```
//!
//! # Switches
//!
//! Each is a member of [`Faults`], and is set over HTTP by `PUT /control/faults/{name}` with the JSON of its type.
//! Those whose setting has a [`When`] choose the calls that they hit.
//!
//! | switch | what it does |
//! |---|---|
//! | `rate-limit` | [`RateLimit`]: 429 with `Retry-After`; who does not wait is counted |
//! | `call-budget` | [`CallBudget`]: so many calls in a span of time, 429 beyond |
//! | `http-status` | [`HttpStatus`]: 408, 500, 502, 503 or another status |
//! | `non-json` | [`NonJson`]: a page instead of JSON |
//! | `logical-error` | [`LogicalError`]: HTTP 200 with `Code` -1 |
//! | `warning` | [`Warning`]: a notice beside `Code` 0 |
//! | `drop-connection` | [`DropConnection`]: the connection breaks within the body |
//! | `truncate-json` | [`TruncateJson`]: the body ends early |
//! | `huge-body` | [`HugeBody`]: megabytes of white space |
//! | `slow` | [`Slow`]: delays in real time |
//! | `token-error` | [`TokenError`]: 401 instead of a message about a bad token |
//! | `expire-tokens` | [`ExpireTokens`]: access tokens die just before a call |
//! | `token-refusal` | [`TokenRefusal`]: the token endpoint refuses |
//! | `authorize-denial` | [`AuthorizeDenial`]: the user says no |
//! | `token-response` | [`TokenResponse`]: `expires_in` and `token_type` |
//! | `refresh-rotation` | [`RefreshRotation`]: refresh tokens rotate, stay or are omitted |
//! | `message-form` | [`MessageForm`]: `Msg` holds objects, strings, or is a text |
//! | `casing` | [`EnvelopeCasing`]: of `Code`, `Data`, `Msg` |
//! | `content-type` | [`ContentType`]: instead of `application/octet-stream` |
//! | `key-prefix` | [`KeyPrefix`]: the spelling of keys, fixed or by session |
//! | `page-key` | [`PageKey`]: where the next page's key stands |
//! | `page-cap` | [`PageCap`]: pages are smaller than asked |
//! | `page-shift` | [`PageShift`]: a record changes while a walk is under way |
//! | `late-visible` | [`LateVisible`]: changes show late |
//! | `local-time` | [`LocalTime`]: local time labelled `Z` |
//! | `clock-skew` | [`ClockSkew`]: the provider's clock is ahead or behind |
//! | `field-limits` | [`FieldLimits`]: properties that cannot be searched or sorted |
//! | `audit-notes` | [`AuditNotes`]: updates leave notes |

#![forbid(unsafe_code)]

mod casing;
mod clock;
mod dates;
mod error;
mod faults;
mod key;
mod options;
mod project;
mod query;
mod read;
mod recording;
mod row;
mod schema;
mod seed;
mod server;
mod service;
mod store;
mod tokens;
mod webhooks;
mod world;
mod write;

#[cfg(test)]
mod tests;

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub use casing::Casing;
pub use clock::{Clock, ClockStart};
pub use error::Refusal;
pub use faults::*;
pub use key::{Identity, Key, KeyError};
pub use options::{Client, Options, Seed};
pub use recording::RecordedRequest;
pub use schema::Entity;
pub use tokens::Issued;
pub use world::World;

/// A running fake. It ends when it is dropped.
#[derive(Debug)]
pub struct FakeMaximizer {
    world: Arc<World>,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<io::Result<()>>,
}

/// Why a fake does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The port is taken, or may not be used.
    #[error("127.0.0.1:{port} cannot be listened on: {source}")]
    Bind {
        /// The port of the options.
        port: u16,
        /// What the system says.
        source: io::Error,
    },
    /// The records of the options do not fit.
    #[error("the records to start with are refused: {0}")]
    Seed(#[from] Refusal),
    /// The switches of the options do not fit.
    #[error(transparent)]
    Faults(#[from] FaultError),
}

// === impl FakeMaximizer ===

impl FakeMaximizer {
    /// Starts a fake on 127.0.0.1; it serves when this returns.
    ///
    /// # Errors
    /// A [`StartError`]: the port, the records or the switches.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        options.faults.check()?;
        let port = options.port;
        let bind = |source| StartError::Bind { port, source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .await
            .map_err(bind)?;
        let url = format!("http://{}", listener.local_addr().map_err(bind)?);
        let world = Arc::new(World::new(options, url)?);
        let (stop, stopped) = oneshot::channel();
        let serve = axum::serve(listener, server::router(Arc::clone(&world)));
        // The sender says nothing: it is dropped.
        let serve = serve.with_graceful_shutdown(async { drop(stopped.await) });
        let server = tokio::spawn(async move { serve.await });
        Ok(Self {
            world,
            stop: Some(stop),
            server,
        })
    }

    /// Where it listens: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.world.url
    }

    /// The base URL of its API, as discovery tells it.
    #[must_use]
    pub fn api_url(&self) -> String {
        format!("{}/octopus", self.url())
    }

    /// The URL below which `/authorize` and `/token` are.
    #[must_use]
    pub fn oauth_url(&self) -> String {
        let alias = self
            .world
            .options
            .aliases
            .first()
            .map_or("CloudElements", String::as_str);
        format!("{}/oauth2/{alias}", self.url())
    }

    /// Records, switches, clock, tokens and recorded requests, in process.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Ends it and waits until its port is free.
    pub async fn stop(mut self) {
        self.stop = None;
        // An abort by the runtime's end is an end as well.
        drop((&mut self.server).await);
    }
}
