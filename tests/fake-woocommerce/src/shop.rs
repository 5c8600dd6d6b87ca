//! What a store holds.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use anyhow::Context as _;
use chrono::{DateTime, Duration, Utc};
use serde_json::{Map, Value, json};

use crate::delivery;

/// The store's clock is so many hours ahead of GMT.
const ZONE_HOURS: i64 = 2;
/// The resources with what their webhooks' topics begin with.
pub(crate) const RESOURCES: [(&str, &str); 4] = [
    ("customers", "customer"),
    ("orders", "order"),
    ("products", "product"),
    ("coupons", "coupon"),
];

/// A store.
#[derive(Debug)]
pub struct Shop {
    home: String,
    client: reqwest::Client,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    records: BTreeMap<&'static str, Vec<Value>>,
    hooks: Vec<Hook>,
    requests: Vec<String>,
    refuse: Option<(String, u16)>,
    deliver_to: Option<String>,
    delivered: Vec<Delivered>,
    last_id: u64,
}

/// A webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// Its id.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// What it is about: `order.updated`.
    pub topic: String,
    /// Where it calls.
    pub url: String,
    /// What it signs with.
    pub secret: String,
    /// `active`, `paused` or `disabled`.
    pub status: String,
}

/// A delivery, or a ping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// The topic; `ping` for a ping.
    pub topic: String,
    /// What was answered; 0 for no answer.
    pub status: u16,
}

impl Shop {
    pub(crate) fn new(home: &str) -> anyhow::Result<Self> {
        // The process may have one already.
        let _installed_before = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .no_proxy()
            .timeout(std::time::Duration::from_secs(60));
        Ok(Self {
            home: format!("{home}/"),
            client: client.build()?,
            state: Mutex::default(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The webhooks.
    #[must_use]
    pub fn hooks(&self) -> Vec<Hook> {
        self.state().hooks.clone()
    }

    /// What was asked for: `GET orders?per_page=100`.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        self.state().requests.clone()
    }

    /// What was delivered.
    #[must_use]
    pub fn delivered(&self) -> Vec<Delivered> {
        self.state().delivered.clone()
    }

    /// Answer requests that contain this with a status from now on.
    pub fn refuse(&self, refuse: Option<(&str, u16)>) {
        self.state().refuse = refuse.map(|(pattern, status)| (pattern.to_owned(), status));
    }

    /// Deliver to this host instead of the one of the delivery URL, as a tunnel would.
    pub fn deliver_to(&self, origin: &str) {
        self.state().deliver_to = Some(origin.to_owned());
    }

    pub(crate) fn note(&self, asked: &str) -> Option<u16> {
        let mut state = self.state();
        state.requests.push(asked.to_owned());
        let refused = state
            .refuse
            .as_ref()
            .filter(|(pattern, _)| asked.contains(pattern));
        refused.map(|(_, status)| *status)
    }

    pub(crate) fn all(&self, resource: &str) -> Vec<Value> {
        self.state().records.get(resource).cloned().unwrap_or_default()
    }

    /// A record by id.
    #[must_use]
    pub fn get(&self, resource: &str, id: u64) -> Option<Value> {
        let records = self.all(resource);
        records.into_iter().find(|record| record["id"] == id)
    }

    /// Make a record, now; its id.
    ///
    /// # Errors
    /// There is no such resource.
    pub fn create(self: &Arc<Self>, resource: &str, members: &Value) -> anyhow::Result<u64> {
        let (name, topic) = known(resource)?;
        let record = {
            let mut state = self.state();
            state.last_id += 1;
            let mut record = Map::from_iter([("id".to_owned(), json!(state.last_id))]);
            record.extend(members.as_object().cloned().unwrap_or_default());
            record.insert("id".to_owned(), json!(state.last_id));
            date(&mut record, "date_created", Some(now()));
            // A customer that was never changed has no date of change.
            date(&mut record, "date_modified", (name != "customers").then(now));
            let record = Value::Object(record);
            state.records.entry(name).or_default().push(record.clone());
            record
        };
        self.tell(topic, "created", &record);
        record["id"].as_u64().context("ids are numbers")
    }

    /// Change members of a record, now. None when there is no such record.
    ///
    /// # Errors
    /// There is no such resource.
    pub fn update(
        self: &Arc<Self>,
        resource: &str,
        id: u64,
        members: &Value,
    ) -> anyhow::Result<Option<Value>> {
        let (name, topic) = known(resource)?;
        let changed = {
            let mut state = self.state();
            let records = state.records.entry(name).or_default();
            let record = records.iter_mut().find(|record| record["id"] == id);
            let Some(Value::Object(record)) = record else {
                return Ok(None);
            };
            let given = members.as_object().cloned().unwrap_or_default();
            record.extend(
                given
                    .into_iter()
                    .filter(|(name, _)| name != "id" && !name.starts_with("date_")),
            );
            date(record, "date_modified", Some(now()));
            Value::Object(record.clone())
        };
        self.tell(topic, "updated", &changed);
        Ok(Some(changed))
    }

    /// Remove a record. None when there is no such record.
    ///
    /// # Errors
    /// There is no such resource.
    pub fn delete(self: &Arc<Self>, resource: &str, id: u64) -> anyhow::Result<Option<Value>> {
        let (name, topic) = known(resource)?;
        let removed = {
            let mut state = self.state();
            let records = state.records.entry(name).or_default();
            let position = records.iter().position(|record| record["id"] == id);
            position.map(|position| records.remove(position))
        };
        if removed.is_some() {
            self.tell(topic, "deleted", &json!({ "id": id }));
        }
        Ok(removed)
    }

    pub(crate) fn add_hook(self: &Arc<Self>, body: &Value) -> Hook {
        let text = |member: &str| body[member].as_str().unwrap_or_default().to_owned();
        let hook = {
            let mut state = self.state();
            state.last_id += 1;
            let hook = Hook {
                id: state.last_id,
                name: text("name"),
                topic: text("topic"),
                url: text("delivery_url"),
                secret: text("secret"),
                status: "active".to_owned(),
            };
            state.hooks.push(hook.clone());
            hook
        };
        delivery::ping(self, &hook);
        hook
    }

    pub(crate) fn change_hook(&self, id: u64, status: Option<&str>) -> Option<Hook> {
        let mut state = self.state();
        let hook = state.hooks.iter_mut().find(|hook| hook.id == id)?;
        if let Some(status) = status {
            status.clone_into(&mut hook.status);
        }
        Some(hook.clone())
    }

    /// Remove a webhook, as its owner does in the store.
    pub fn remove_hook(&self, id: u64) -> Option<Hook> {
        let mut state = self.state();
        let position = state.hooks.iter().position(|hook| hook.id == id)?;
        Some(state.hooks.remove(position))
    }

    fn tell(self: &Arc<Self>, resource: &str, event: &str, payload: &Value) {
        let topic = format!("{resource}.{event}");
        let hooks = self.hooks().into_iter();
        for hook in hooks.filter(|hook| hook.topic == topic && hook.status == "active") {
            delivery::deliver(self, &hook, payload.to_string());
        }
    }

    pub(crate) fn client(&self) -> &reqwest::Client {
        &self.client
    }

    pub(crate) fn home(&self) -> &str {
        &self.home
    }

    /// Where a webhook's deliveries really go.
    pub(crate) fn target(&self, hook: &Hook) -> String {
        let path = url::Url::parse(&hook.url).map(|url| url.path().to_owned());
        match (self.state().deliver_to.clone(), path) {
            (Some(origin), Ok(path)) => format!("{origin}{path}"),
            _ => hook.url.clone(),
        }
    }

    pub(crate) fn note_delivery(&self, topic: &str, status: u16) {
        self.state().delivered.push(Delivered {
            topic: topic.to_owned(),
            status,
        });
    }
}

fn known(resource: &str) -> anyhow::Result<(&'static str, &'static str)> {
    let mut known = RESOURCES.into_iter();
    known
        .find(|(name, _)| *name == resource)
        .with_context(|| format!("there are no {resource}"))
}

#[expect(clippy::disallowed_methods, reason = "a store has a clock of its own")]
fn now() -> DateTime<Utc> {
    Utc::now()
}

/// A date twice: in the store's zone and in GMT.
fn date(record: &mut Map<String, Value>, field: &str, at: Option<DateTime<Utc>>) {
    let write = |at: DateTime<Utc>| json!(at.format("%Y-%m-%dT%H:%M:%S").to_string());
    let local = at.map(|at| at + Duration::hours(ZONE_HOURS));
    record.insert(field.to_owned(), local.map_or(Value::Null, write));
    record.insert(format!("{field}_gmt"), at.map_or(Value::Null, write));
}
