//! Writes down what came of attempts, many at once.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{Notify, mpsc},
    time::{Instant, sleep, timeout_at},
};

use super::{
    counters::Counters,
    lanes::{Lanes, Place},
};
use crate::store::{InstanceId, Settlement, Store, StoreError, SubscriptionId, Verdict};

/// An attempt that ended. It keeps its place until that is written, so that a store that is slow slows the claims.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) settlement: Settlement,
    pub(super) instance: Option<InstanceId>,
    pub(super) subscription: SubscriptionId,
    pub(super) place: Place,
}

/// Collects ended attempts and settles them.
#[derive(Debug)]
pub(super) struct Settler {
    pub(super) store: Arc<dyn Store>,
    pub(super) counters: Arc<Counters>,
    pub(super) lanes: Lanes,
    /// Told when places are free again.
    pub(super) freed: Arc<Notify>,
    /// How long the first of a batch waits for company.
    pub(super) linger: Duration,
}

/// Settlements of one transaction.
const MOST: usize = 512;
/// Tries to settle a batch: with pauses that double from [`PAUSE`], some 13 s in all, within the margin of a lease.
const TRIES: u32 = 8;
const PAUSE: Duration = Duration::from_millis(100);

impl Settler {
    /// Settle until all senders are gone.
    pub(super) async fn run(self, mut ended: mpsc::Receiver<Ended>) {
        let mut batch = Vec::new();
        while ended.recv_many(&mut batch, MOST).await > 0 {
            let until = Instant::now() + self.linger;
            // Nobody to wait for when all that is under way has ended.
            while batch.len() < MOST.min(self.lanes.in_flight()) {
                let room = MOST - batch.len();
                let more = ended.recv_many(&mut batch, room);
                match timeout_at(until, more).await {
                    Ok(1..) => {}
                    Ok(0) | Err(_) => break,
                }
            }
            self.settle(std::mem::take(&mut batch)).await;
            self.freed.notify_one();
        }
    }

    async fn settle(&self, batch: Vec<Ended>) {
        if let Err(error) = self.write(&batch).await {
            tracing::error!(
                deliveries = batch.len(),
                %error,
                "attempts could not be written down; they are repeated under the same ids when their leases end"
            );
            return;
        }
        for Ended {
            settlement,
            instance,
            subscription,
            place: _place,
        } in batch
        {
            self.counters.note(&settlement);
            if let Verdict::Deactivate { reason } = &settlement.verdict {
                let instance = instance.map(|instance| instance.0);
                tracing::info!(instance, %subscription, reason, "deactivated a subscription");
            }
        }
    }

    async fn write(&self, batch: &[Ended]) -> Result<(), StoreError> {
        let mut tried = 1;
        loop {
            let settlements = batch.iter().map(|ended| ended.settlement.clone()).collect();
            match self.store.settle_deliveries(settlements).await {
                Err(error) if tried < TRIES && !matches!(error, StoreError::Closed) => {
                    tracing::warn!(%error, tried, "attempts could not be written down yet");
                    sleep(PAUSE * 2_u32.pow(tried - 1)).await;
                    tried += 1;
                }
                settled => return settled,
            }
        }
    }
}
