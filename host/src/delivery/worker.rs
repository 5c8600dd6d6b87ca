//! The outbox worker: claims deliveries that are due, sends them side by side, settles what came of them.
//!
//! What it holds is leased from the store, so a worker that dies loses nothing: when the lease ends, the delivery is
//! made again, under the same id. Order is kept by the store, which hands out no delivery while an earlier one of one
//! of its objects is unfinished.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{Notify, mpsc},
    task::{JoinError, JoinSet},
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use super::{
    attempt::Sender,
    counters::Counters,
    courier::Courier,
    lanes::{Lanes, Place},
    retry::Schedule,
    settings::Settings,
    settle::{Ended, Settler},
};
use crate::{
    clock::{Clock, millis},
    store::{ClaimedDelivery, DeliveryClaim, Store, StoreError},
};

/// How deliveries are made.
#[derive(Debug, Clone)]
pub struct Options {
    /// When failed deliveries are tried again.
    pub schedule: Schedule,
    /// The longest that an attempt may take, body included.
    pub timeout: Duration,
    /// How much longer than `timeout` a delivery is leased: to read its settings and to write down what came of it.
    pub margin: Duration,
    /// Deliveries under way at once, those to slow receivers aside. At least 1.
    pub in_flight: usize,
    /// Deliveries under way at once whose receivers take longer than `slow_after`. When these are used up, further
    /// slow ones count into `in_flight`.
    pub slow: usize,
    /// From when on a receiver is slow.
    pub slow_after: Duration,
    /// Deliveries under way at once to one subscription. At least 1.
    pub per_subscription: usize,
    /// How long a result waits for others to be written with.
    pub linger: Duration,
    /// How long attempts may take to end at shutdown. What is still under way then is made again later.
    pub grace: Duration,
}

/// Delivers.
#[derive(Debug)]
pub struct Worker {
    store: Arc<dyn Store>,
    sender: Arc<Sender>,
    wake: Arc<Notify>,
    freed: Arc<Notify>,
    lanes: Lanes,
    counters: Arc<Counters>,
    options: Options,
}

/// When the next claim makes sense, unless something happens before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// At once: there may be more, and there is room.
    Now,
    /// When there is room.
    Room,
    /// After this long, or when somebody wakes the worker, or when a delivery is settled.
    After(Duration),
}

/// The longest sleep: deliveries that another host stored wake nobody here.
const LONGEST_SLEEP: Duration = Duration::from_secs(15);
/// The sleep when something is due that cannot be claimed: its order, its cap or somebody's lease is in the way.
const BLOCKED_SLEEP: Duration = Duration::from_millis(500);
/// The sleep after an error of the store.
const STORE_PAUSE: Duration = Duration::from_secs(1);
/// How long the last results may take to be written at shutdown.
const SETTLE_GRACE: Duration = Duration::from_secs(15);

// === impl Options ===

impl Default for Options {
    fn default() -> Self {
        Self {
            schedule: Schedule::CloudElements,
            timeout: Duration::from_secs(30),
            margin: Duration::from_secs(20),
            in_flight: 256,
            slow: 2048,
            slow_after: Duration::from_secs(1),
            per_subscription: 8,
            linger: Duration::from_millis(2),
            grace: Duration::from_secs(20),
        }
    }
}

// === impl Worker ===

impl Worker {
    /// A worker over this store. Whoever stores deliveries or resumes subscriptions calls `wake.notify_one()`.
    pub fn new(
        store: Arc<dyn Store>,
        courier: Arc<dyn Courier>,
        settings: Arc<dyn Settings>,
        clock: Clock,
        wake: Arc<Notify>,
        options: Options,
    ) -> Self {
        let lanes = Lanes::new(options.in_flight, options.slow);
        Self {
            store,
            sender: Arc::new(Sender {
                courier,
                settings,
                clock,
                schedule: options.schedule.clone(),
                timeout: options.timeout,
            }),
            wake,
            freed: Arc::new(Notify::new()),
            counters: Arc::new(Counters::new(lanes.clone())),
            lanes,
            options,
        }
    }

    /// What it did so far; stays readable while it runs.
    pub fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.counters)
    }

    /// Deliver until cancelled; then let the attempts under way end, for as long as the grace period. Dropped, it
    /// stops where it is.
    pub async fn run(self, shutdown: CancellationToken) {
        // As long as all lanes, so that no attempt ever waits to hand in its result.
        let (results, ended) = mpsc::channel(self.lanes.places());
        let settler = Settler {
            store: Arc::clone(&self.store),
            counters: Arc::clone(&self.counters),
            lanes: self.lanes.clone(),
            freed: Arc::clone(&self.freed),
            linger: self.options.linger,
        };
        let settler = AbortOnDropHandle::new(tokio::spawn(settler.run(ended)));
        let mut attempts = JoinSet::new();
        while !shutdown.is_cancelled() {
            let next = match self.claim(&mut attempts, &results).await {
                Ok(next) => next,
                Err(StoreError::Closed) => break,
                Err(error) => {
                    tracing::error!(%error, "no deliveries could be claimed");
                    _ = timeout(STORE_PAUSE, shutdown.cancelled()).await;
                    continue;
                }
            };
            self.wait(next, &mut attempts, &shutdown).await;
        }
        let ended = timeout(self.options.grace, async {
            while let Some(ended) = attempts.join_next().await {
                report(ended);
            }
        });
        if ended.await.is_err() {
            tracing::warn!(
                deliveries = attempts.len(),
                "shut down with deliveries under way; they are made again under the same ids"
            );
            attempts.shutdown().await;
        }
        drop(results);
        if timeout(SETTLE_GRACE, settler).await.is_err() {
            tracing::error!("shut down before the last attempts were written down");
        }
    }

    async fn claim(
        &self,
        attempts: &mut JoinSet<()>,
        results: &mpsc::Sender<Ended>,
    ) -> Result<Next, StoreError> {
        let limit = self.lanes.room();
        if limit == 0 {
            return Ok(Next::Room);
        }
        let now = self.sender.clock.now();
        let lease = self.options.timeout.saturating_add(self.options.margin);
        let claim = DeliveryClaim {
            now,
            lease_ends: now.saturating_add(millis(lease)),
            limit,
            per_subscription: self.options.per_subscription.max(1),
        };
        let claimed = self.store.claim_deliveries(claim).await?;
        let full = claimed.len() >= limit;
        for delivery in claimed {
            // Only this task enters, so there is room for all; were there none, the lease would end unused.
            let Some(place) = self.lanes.enter() else { break };
            attempts.spawn(self.deliver(delivery, place, results.clone()));
        }
        if full {
            return Ok(Next::Now);
        }
        let sleep = match self.store.next_delivery_due().await? {
            Some(due) => match u64::try_from(due.saturating_sub(self.sender.clock.now())) {
                Ok(ahead @ 1..) => Duration::from_millis(ahead).min(LONGEST_SLEEP),
                Ok(0) | Err(_) => BLOCKED_SLEEP,
            },
            None => LONGEST_SLEEP,
        };
        Ok(Next::After(sleep))
    }

    fn deliver(
        &self,
        delivery: ClaimedDelivery,
        place: Place,
        results: mpsc::Sender<Ended>,
    ) -> impl Future<Output = ()> + Send + use<> {
        let sender = Arc::clone(&self.sender);
        let lanes = self.lanes.clone();
        let freed = Arc::clone(&self.freed);
        let slow_after = self.options.slow_after;
        async move {
            let mut attempt = std::pin::pin!(sender.attempt(&delivery));
            let (settlement, place) = match timeout(slow_after, &mut attempt).await {
                Ok(settlement) => (settlement, place),
                Err(_elapsed) => {
                    let place = lanes.move_over(place);
                    freed.notify_one();
                    (attempt.await, place)
                }
            };
            let ended = Ended {
                settlement,
                instance: delivery.instance,
                subscription: delivery.subscription,
                place,
            };
            if results.send(ended).await.is_err() {
                tracing::error!("the settler is gone; the attempt is repeated when its lease ends");
            }
        }
    }

    async fn wait(&self, next: Next, attempts: &mut JoinSet<()>, shutdown: &CancellationToken) {
        while let Some(ended) = attempts.try_join_next() {
            report(ended);
        }
        let (sleeping, wakeable) = match next {
            Next::Now => return,
            Next::Room => (LONGEST_SLEEP, false),
            Next::After(sleeping) => (sleeping, true),
        };
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = self.freed.notified() => {}
            () = self.wake.notified(), if wakeable => {}
            () = sleep(sleeping) => {}
        }
    }
}

fn report(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "an attempt broke off; it is repeated when its lease ends");
    }
}
