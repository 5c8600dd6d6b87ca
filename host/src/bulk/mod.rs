//! Exports in bulk: a [query](select) is read page by page through the element's `list`, each page stored with the
//! place where the next one starts, and downloaded as [lines or CSV](form).

pub mod form;
pub mod runner;
pub mod select;

pub use self::{
    runner::{Options, Runner},
    select::{Select, SelectError},
};

use serde_json::{Value, json};

use crate::{clock::iso, store::BulkJob};

/// An export as everybody is shown it: in answers, and to its callback.
pub fn shown(job: &BulkJob) -> Value {
    json!({
        "id": job.id,
        "status": job.status,
        "instanceId": job.instance,
        "objectName": job.object,
        "query": job.query,
        "recordsCount": job.records,
        "recordsFailedCount": 0,
        "bytes": job.bytes,
        "message": job.reason,
        "createdDate": iso(job.created),
        "startedDate": job.started.map(iso),
        "completedDate": job.finished.map(iso),
    })
}
