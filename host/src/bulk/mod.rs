//! Exports in bulk: a [query](select) is read page by page through the element's `list`, each page stored with the
//! place where the next one starts, and downloaded as [lines or CSV](form).

pub mod form;
pub mod runner;
pub mod select;

pub use self::{
    runner::{Options, Runner},
    select::{Select, SelectError},
};

use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    clock::iso,
    store::{BulkId, BulkJob, BulkStatus, InstanceId},
};

/// An export as everybody is shown it: in answers, and to its callback.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Export)]
pub struct ExportView {
    id: BulkId,
    status: BulkStatus,
    instance_id: InstanceId,
    /// The resource.
    object_name: String,
    /// The query as it was asked.
    query: String,
    /// How many records are stored.
    records_count: u64,
    records_failed_count: u64,
    /// How many bytes these have.
    bytes: u64,
    /// Why it failed, or what it waits for.
    #[schema(required)]
    message: Option<String>,
    created_date: String,
    #[schema(required)]
    started_date: Option<String>,
    #[schema(required)]
    completed_date: Option<String>,
}

impl From<BulkJob> for ExportView {
    fn from(job: BulkJob) -> Self {
        Self {
            id: job.id,
            status: job.status,
            instance_id: job.instance,
            object_name: job.object,
            query: job.query,
            records_count: job.records,
            records_failed_count: 0,
            bytes: job.bytes,
            message: job.reason,
            created_date: iso(job.created),
            started_date: job.started.map(iso),
            completed_date: job.finished.map(iso),
        }
    }
}
