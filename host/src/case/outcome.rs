//! Results as texts.

use serde::Serialize;
use serde_json::{Value, json, value::RawValue};

use super::{
    arguments::{Bytes, datetime, requests_text},
    layout,
};
use crate::{
    adapter::contract::types,
    session::{Failure, HubAnswer, Told, WalkPage, cut, cut_told, render},
};

/// Letters of a failure in a few words.
const WORDS: usize = 120;

/// What a call came to.
#[derive(Debug)]
pub(super) struct Outcome {
    /// As a text.
    pub(super) text: String,
    /// Where it is a failure, which one, in a few words.
    pub(super) failed: Option<String>,
    /// Whether it is one that no adapter means: a trap, a limit, an answer that the contract does not allow.
    pub(super) crashed: bool,
}

impl Outcome {
    /// A result as JSON.
    pub(super) fn of(result: &impl Serialize) -> Self {
        let text = serde_json::to_string(result).unwrap_or_else(|error| error.to_string());
        Self {
            text: layout(&text),
            failed: None,
            crashed: false,
        }
    }

    /// A failure.
    pub(super) fn failed(failure: &Failure) -> Self {
        let shown = failure.shown();
        Self {
            failed: Some(words(&shown)),
            crashed: matches!(failure, Failure::Adapter(_) | Failure::Malformed { .. }),
            ..Self::of(&shown)
        }
    }

    /// Either of them.
    pub(super) fn either<T: Serialize>(result: Result<T, Failure>) -> Self {
        match result {
            Ok(result) => Self::of(&result),
            Err(failure) => Self::failed(&failure),
        }
    }
}

/// A failure in a few words.
fn words(shown: &Value) -> String {
    let said = |member: &str| shown[member].as_str().unwrap_or_default();
    let words = format!("{}: {}", said("failure"), said("message"));
    let line = words.lines().next().unwrap_or_default();
    match line.char_indices().nth(WORDS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

/// The settings that `connect` derives.
pub(super) fn settings_json(settings: &[types::Setting]) -> Value {
    let settings = settings
        .iter()
        .map(|setting| (setting.key.clone(), setting.value.clone().into()));
    Value::Object(settings.collect())
}

/// An exchange that a single call ends with: its requests stand under `exchange`, only the state is told here.
pub(super) fn exchange_json(exchange: &types::Exchange) -> Value {
    json!({
        "send": requests_text(&exchange.requests).len(),
        "state": Bytes::of(&exchange.state),
    })
}

/// What an operation on a resource came to.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Operated {
    Listed {
        records: Vec<Box<RawValue>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        next: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        total: Option<u64>,
    },
    One(Box<RawValue>),
    Fields(Value),
}

impl From<HubAnswer> for Operated {
    fn from(answer: HubAnswer) -> Self {
        match answer {
            HubAnswer::Listed { records, next, total } => Self::Listed { records, next, total },
            HubAnswer::One(document) => Self::One(document),
            HubAnswer::Fields(json) => {
                Self::Fields(serde_json::from_str(&json).unwrap_or(Value::String(json)))
            }
            HubAnswer::Done => Self::Fields("done".into()),
        }
    }
}

/// What a walk came to, or how far it came.
#[derive(Debug, Default, Serialize)]
pub(super) struct Walked {
    pub(super) pages: Vec<Page>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failed: Option<Value>,
    #[serde(skip)]
    crashed: bool,
}

/// A page of it.
#[derive(Debug, Serialize)]
pub(super) struct Page {
    records: Vec<Record>,
    #[serde(skip_serializing_if = "Option::is_none")]
    checkpoint: Option<Bytes>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Record {
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<String>,
    identity: String,
    object_id: String,
    change: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<String>,
    /// Pieces whose change is no change of the record.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    aside: Vec<String>,
    raw: Box<RawValue>,
}

impl Walked {
    pub(super) fn failed(&mut self, failure: &Failure) {
        self.crashed = matches!(failure, Failure::Adapter(_) | Failure::Malformed { .. });
        self.failed = Some(failure.shown());
    }

    /// It failed before, and was shown so.
    pub(super) fn failed_as(&mut self, shown: &str) {
        self.failed = Some(serde_json::from_str(shown).unwrap_or_else(|_| shown.into()));
    }
}

impl From<Walked> for Outcome {
    fn from(walked: Walked) -> Self {
        Self {
            failed: walked.failed.as_ref().map(words),
            crashed: walked.crashed,
            ..Self::of(&walked)
        }
    }
}

impl Page {
    pub(super) fn of(adapter: &str, page: &WalkPage) -> Result<Self, Failure> {
        let record = |changed: &types::Changed| record(adapter, changed, &page.answers);
        Ok(Self {
            records: page.records.iter().map(record).collect::<Result<_, _>>()?,
            checkpoint: page.checkpoint.as_deref().map(Bytes::of),
        })
    }
}

fn record(adapter: &str, changed: &types::Changed, answers: &[types::Answer]) -> Result<Record, Failure> {
    let raw = render(adapter, &changed.raw, answers)?.json;
    Ok(Record::of(None, changed, raw, |span| cut(span, answers)))
}

impl Record {
    /// What a provider's call told; spans may refer to its body.
    pub(super) fn told(told: Told, answers: &[types::Answer], delivery: &[u8]) -> Self {
        let cut = |span| cut_told(span, answers, delivery);
        Self::of(Some(told.resource), &told.changed, told.rendered.json, cut)
    }

    fn of<'a>(
        resource: Option<String>,
        changed: &types::Changed,
        raw: Box<RawValue>,
        cut: impl Fn(types::Span) -> Option<&'a [u8]>,
    ) -> Self {
        let aside = changed.raw.iter().filter(|piece| !piece.content);
        let piece_text = |piece: &types::Piece| match &piece.text {
            types::SourceText::Text(text) => Some(text.clone()),
            types::SourceText::Span(span) => Some(String::from_utf8_lossy(cut(*span)?).into_owned()),
        };
        Self {
            resource,
            identity: changed.identity.clone(),
            object_id: changed.object_id.clone(),
            change: match changed.change {
                types::Change::Created => "created",
                types::Change::Updated => "updated",
                types::Change::Deleted => "deleted",
                types::Change::Unknown => "unknown",
            },
            updated: changed.updated.map(datetime),
            created: changed.created.map(datetime),
            aside: aside.filter_map(piece_text).collect(),
            raw,
        }
    }
}
