//! Why the control interface refuses a request.

use axum::http::StatusCode;
use serde_json::json;

use super::Answer;
use crate::error::Refusal;
use crate::faults::FaultError;
use crate::schema::Entity;

/// Why the control interface refuses a request. Each text says what would be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ControlError {
    #[error("no such path; GET /control lists all")]
    Path,
    #[error("this path takes {0}")]
    Method(&'static str),
    #[error("the body is no JSON: {0}")]
    Json(String),
    #[error("the body has to be a JSON object such as {0}")]
    Shape(&'static str),
    #[error("no object '{name}'; there are {}", Entity::names())]
    Entity { name: String },
    #[error("{problem}; the clock takes one of {}", super::clock::FORMS)]
    Clock { problem: String },
    #[error(transparent)]
    Fault(#[from] FaultError),
    #[error(transparent)]
    Refusal(#[from] Refusal),
}

// === impl ControlError ===

impl ControlError {
    pub(super) fn answer(&self) -> Answer {
        let status = match self {
            Self::Path | Self::Refusal(Refusal::NotFound { .. }) => StatusCode::NOT_FOUND,
            Self::Refusal(Refusal::Exists { .. }) => StatusCode::CONFLICT,
            Self::Method(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::Json(_)
            | Self::Shape(_)
            | Self::Entity { .. }
            | Self::Clock { .. }
            | Self::Fault(_)
            | Self::Refusal(_) => StatusCode::BAD_REQUEST,
        };
        let answer = Answer::pretty(status, &json!({ "error": self.to_string() }));
        match self {
            Self::Method(allowed) => answer.with("allow", allowed),
            _ => answer,
        }
    }
}
