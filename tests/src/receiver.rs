//! A callback receiver with scripted answers.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::Context as _;
use axum::{
    Router,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, Method, Uri},
    response::Response,
};
use futures::stream;
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinHandle, time::Instant};

use crate::{PATIENCE, eventually};

/// Receives notifications.
#[derive(Debug)]
pub struct Receiver {
    url: String,
    desk: Arc<Desk>,
    server: JoinHandle<()>,
}

/// A notification that came.
#[derive(Debug, Clone)]
pub struct Received {
    /// When.
    pub at: Instant,
    /// `POST /events`.
    pub target: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub bytes: Bytes,
    /// Its body as JSON.
    pub body: Value,
    /// Whether it was answered in a way that says: taken.
    pub taken: bool,
}

/// One event of a notification.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Event {
    /// `CREATED`, `UPDATED`, `DELETED`.
    pub kind: String,
    /// `objectType`.
    pub resource: String,
    /// `objectId`.
    pub object: String,
    /// `date`.
    pub date: String,
    /// The notification's `Elements-Webhook-Id`.
    pub id: String,
}

/// How a notification is answered.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// Further headers.
    pub headers: Vec<(&'static str, String)>,
    /// Nothing is said for so long.
    pub pause: Duration,
    /// The body comes byte by byte for so long.
    pub drip: Duration,
}

struct Desk {
    came: Mutex<Vec<Received>>,
    script: Mutex<Script>,
}

type Script = Box<dyn FnMut(&Received) -> Reply + Send>;

// === impl Reply ===

impl Reply {
    /// A status and nothing else.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            pause: Duration::ZERO,
            drip: Duration::ZERO,
        }
    }

    /// With a header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Silence, much longer than any test waits.
    #[must_use]
    pub fn hang() -> Self {
        Self {
            pause: PATIENCE * 10,
            ..Self::status(200)
        }
    }

    /// A good status at once, and a body that hardly ends.
    #[must_use]
    pub fn drip() -> Self {
        Self {
            drip: PATIENCE * 10,
            ..Self::status(200)
        }
    }

    fn takes(&self) -> bool {
        (200..300).contains(&self.status) && self.pause < PATIENCE && self.drip.is_zero()
    }
}

// === impl Receiver ===

impl Receiver {
    /// Listen on any free port and take everything.
    ///
    /// # Errors
    /// There is no free port.
    pub async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://{}/events", listener.local_addr()?);
        let desk = Arc::new(Desk {
            came: Mutex::default(),
            script: Mutex::new(Box::new(|_| Reply::status(200))),
        });
        let router = Router::new()
            .fallback(receive)
            .layer(DefaultBodyLimit::disable())
            .with_state(Arc::clone(&desk));
        let server = tokio::spawn(async move {
            // It ends with the test.
            let _ended = axum::serve(listener, router).await;
        });
        Ok(Self { url, desk, server })
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Answer like this from now on.
    pub fn answer(&self, script: impl FnMut(&Received) -> Reply + Send + 'static) {
        *lock(&self.desk.script) = Box::new(script);
    }

    /// Answer the next notifications like this, and take those after them.
    pub fn answer_next(&self, replies: impl IntoIterator<Item = Reply>) {
        let mut replies: VecDeque<Reply> = replies.into_iter().collect();
        self.answer(move |_| replies.pop_front().unwrap_or_else(|| Reply::status(200)));
    }

    /// Everything that came, taken or not.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        lock(&self.desk.came).clone()
    }

    /// The events of all notifications that were taken, in the order of their coming.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        let taken = self.received().into_iter().filter(|received| received.taken);
        taken.flat_map(|received| received.events()).collect()
    }

    /// The events of one object that were taken.
    #[must_use]
    pub fn events_of(&self, object: &str) -> Vec<Event> {
        let mut events = self.events();
        events.retain(|event| event.object == object);
        events
    }

    /// Wait for an event of this kind and object.
    ///
    /// # Errors
    /// It does not come.
    pub async fn expect(&self, kind: &str, object: &str) -> anyhow::Result<Event> {
        let what = format!("a {kind} event of {object}");
        let found = eventually(&what, async || {
            let mut events = self.events_of(object).into_iter();
            Ok(events.find(|event| event.kind == kind))
        });
        found
            .await
            .with_context(|| format!("what came: {:?}", self.events()))
    }

    /// Wait until so many requests came, taken or not.
    ///
    /// # Errors
    /// They do not come.
    pub async fn expect_requests(&self, count: usize) -> anyhow::Result<Vec<Received>> {
        eventually(&format!("{count} requests of the host"), async || {
            let came = self.received();
            Ok((came.len() >= count).then_some(came))
        })
        .await
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

// === impl Received ===

impl Received {
    /// A header as text; empty when it is absent.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Its events.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        let id = self.header("elements-webhook-id");
        let events = self.body["message"]["events"].as_array().into_iter().flatten();
        let text = |event: &Value, member: &str| event[member].as_str().unwrap_or_default().to_owned();
        let event = |event: &Value| Event {
            kind: text(event, "eventType"),
            resource: text(event, "objectType"),
            object: text(event, "objectId"),
            date: text(event, "date"),
            id: id.to_owned(),
        };
        events.map(event).collect()
    }
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk")
            .field("came", &lock(&self.came).len())
            .finish_non_exhaustive()
    }
}

async fn receive(
    State(desk): State<Arc<Desk>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    bytes: Bytes,
) -> Response {
    let mut received = Received {
        at: Instant::now(),
        target: format!("{method} {uri}"),
        headers,
        body: serde_json::from_slice(&bytes).unwrap_or_default(),
        bytes,
        taken: false,
    };
    let reply = (lock(&desk.script))(&received);
    received.taken = reply.takes();
    lock(&desk.came).push(received);
    if !reply.pause.is_zero() {
        tokio::time::sleep(reply.pause).await;
    }
    let mut response = Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        response = response.header(*name, value);
    }
    let body = if reply.drip.is_zero() {
        Body::from("{}")
    } else {
        dripping(reply.drip)
    };
    response.body(body).unwrap_or_default()
}

fn dripping(span: Duration) -> Body {
    let until = Instant::now() + span;
    Body::from_stream(stream::unfold((), move |()| async move {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let drop = Ok::<_, std::convert::Infallible>(Bytes::from_static(b" "));
        (Instant::now() < until).then_some((drop, ()))
    }))
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
