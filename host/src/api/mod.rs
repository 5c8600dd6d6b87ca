//! The HTTP interface: `/elements/api-v2` as Cloud Elements has it, and what is ours beside it.

mod adapters;
mod analytics;
mod auth;
mod bulk;
mod carry;
mod common;
mod cors;
mod deliveries;
mod elements;
mod error;
mod events;
mod filter;
mod hub;
mod inbound;
mod instances;
mod instant;
mod layers;
mod lenient;
mod limit;
mod negotiate;
mod notifications;
mod openapi;
mod operation;
mod page;
mod pollers;
mod polls;
mod query;
mod server;
mod settings;
mod stream;
mod subscriptions;
mod tenants;
mod view;

pub use self::{
    limit::{Limiter, RateLimit},
    server::serve,
};

use std::{
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use axum::{Router, extract::DefaultBodyLimit, middleware, routing::get};

use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower_http::timeout::RequestBodyTimeoutLayer;

use crate::{host::Host, instance::Rules, poll::Scheduler};

/// The largest body that is taken, in bytes. Cloud Elements' own limit.
const BODY_LIMIT: usize = 8 << 20;
/// So long the next piece of a body may keep the host waiting.
const BODY_PAUSE: Duration = Duration::from_secs(30);
/// Where the compatible interface stands.
const BASE: &str = "/elements/api-v2";

/// What the handlers work with.
#[derive(Debug, Clone)]
pub struct Api(Arc<Shared>);

/// See [`Api`].
#[derive(Debug)]
pub struct Shared {
    /// The running host.
    pub host: Arc<Host>,
    /// Polls on demand.
    pub scheduler: Arc<Scheduler>,
    /// What the operator sets for all instances.
    pub rules: Rules,
    /// How many requests each secret may make.
    pub limiter: Limiter,
    /// Set once the adapters folder was loaded.
    pub ready: AtomicBool,
    /// Places for streams of events; see [`streams`].
    pub streams: Arc<Semaphore>,
    /// What goes on when its caller hangs up.
    pub carried: TaskTracker,
    /// Ends streams of events, which have no end of their own.
    pub shutdown: CancellationToken,
}

impl std::ops::Deref for Api {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl Api {
    /// The interface to this host.
    pub fn new(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }

    /// Everything that this process answers to.
    pub fn router(self) -> Router {
        let compatible = compatible(tenants::routes(&self)).layer(middleware::from_fn(negotiate::negotiate));
        let routes = Router::new()
            .route("/healthz", get(operation::healthz))
            .route("/readyz", get(operation::readyz))
            .route("/openapi.json", get(openapi::get))
            .nest(
                BASE,
                compatible.layer(middleware::from_fn_with_state(
                    self.clone(),
                    layers::wait_for_adapters,
                )),
            )
            .fallback(layers::not_found)
            .method_not_allowed_fallback(layers::method_not_allowed)
            .with_state(self.clone());
        // NOTE: what a layer changes of a path changes its route in a router within only.
        Router::new()
            .fallback_service(routes)
            .layer(middleware::from_fn(layers::normalize))
            .layer(DefaultBodyLimit::max(BODY_LIMIT))
            .layer(middleware::from_fn(layers::limit_body))
            .layer(RequestBodyTimeoutLayer::new(BODY_PAUSE))
            .layer(tower_http::catch_panic::CatchPanicLayer::custom(layers::panicked))
            .layer(middleware::from_fn(cors::share))
            .layer(middleware::from_fn_with_state(self, layers::identify))
    }
}

/// What stands beneath [`BASE`].
fn compatible(tenants: Router<Api>) -> Router<Api> {
    Router::new()
        .merge(instances::routes())
        .merge(events::routes())
        .merge(analytics::routes())
        .merge(notifications::routes())
        .merge(subscriptions::routes())
        .merge(deliveries::routes())
        .merge(settings::routes())
        .merge(pollers::routes())
        .merge(polls::routes())
        .merge(stream::routes())
        .merge(inbound::routes())
        .merge(elements::routes())
        .merge(adapters::routes())
        .merge(tenants)
        .merge(common::routes())
        .merge(bulk::routes())
        .merge(hub::routes())
}

/// The places for streams of events that a host has.
pub fn streams() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(stream::STREAMS))
}

/// How long a stopping host waits for requests in progress.
pub const DRAIN: Duration = Duration::from_secs(8);
