//! The one error of the interface: `{message, requestId, providerMessage?}` with a status.

use std::time::Duration;

use axum::{
    Json,
    http::{
        HeaderValue, StatusCode,
        header::{ALLOW, RETRY_AFTER},
    },
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{BODY_LIMIT, layers, view};
use crate::{
    adapter::{CallError, NotServed},
    body::BodyError,
    instance::Problem,
    session::Failure,
    store::StoreError,
};

/// The text of a 401, verbatim as Cloud Elements has it.
const UNAUTHORIZED: &str = "Invalid Organization or User secret, or invalid Element token provided.";

/// An adapter that is being loaded is asked for again after so long.
const LOADING: Duration = Duration::from_secs(2);

/// An answer that says what went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    status: StatusCode,
    message: String,
    provider_message: Option<String>,
    retry_after: Option<Duration>,
    /// The methods that the path knows besides.
    allow: Option<HeaderValue>,
}

/// What a handler returns.
pub(super) type ApiResult<T> = Result<T, ApiError>;

/// What went wrong.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Error)]
pub(super) struct Body {
    message: String,
    /// The request's id, as in `Elements-Request-Id` and in the log.
    request_id: String,
    /// What the provider says about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    provider_message: Option<String>,
}

/// What a provider says of a request that callers understand as it is. Others mean something else here.
pub(super) const OF_PROVIDERS: [StatusCode; 7] = [
    StatusCode::FORBIDDEN,
    StatusCode::NOT_ACCEPTABLE,
    StatusCode::CONFLICT,
    StatusCode::GONE,
    StatusCode::PAYLOAD_TOO_LARGE,
    StatusCode::UNSUPPORTED_MEDIA_TYPE,
    StatusCode::UNPROCESSABLE_ENTITY,
];

impl ApiError {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            provider_message: None,
            retry_after: None,
            allow: None,
        }
    }

    pub(super) fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, UNAUTHORIZED)
    }

    /// Whether nobody knows who asks.
    pub(super) fn is_unauthorized(&self) -> bool {
        self.status == StatusCode::UNAUTHORIZED
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    /// The same, with the provider's own status where that says more.
    pub(super) fn with_status_of(self, provider: Option<u16>) -> Self {
        let said = provider.and_then(|status| StatusCode::from_u16(status).ok());
        match said.filter(|status| OF_PROVIDERS.contains(status)) {
            Some(status) => Self { status, ..self },
            None => self,
        }
    }

    /// The same, said of a method of the path, which knows these.
    pub(super) fn not_allowed(self, methods: &str) -> Self {
        Self {
            status: StatusCode::METHOD_NOT_ALLOWED,
            allow: HeaderValue::from_str(methods).ok(),
            ..self
        }
    }

    /// The same, said of what a query parameter names: no other method would help.
    pub(super) fn of_parameter(self, name: &str) -> Self {
        match self.status {
            StatusCode::METHOD_NOT_ALLOWED => Self {
                status: StatusCode::BAD_REQUEST,
                message: format!("{name}: {}", self.message),
                allow: None,
                ..self
            },
            _ => self,
        }
    }

    /// The secret's budget is spent.
    pub(super) fn too_many(after: Duration) -> Self {
        Self {
            retry_after: Some(after),
            ..Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "this secret made more requests than the host allows (setting api.rate_limit); come again after the \
                 seconds in Retry-After",
            )
        }
    }

    /// The body is larger than what is taken. Its size, where it is known.
    pub(super) fn too_large(size: Option<u64>) -> Self {
        let size = size.map_or_else(String::new, |size| format!(" {size} bytes,"));
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("the body has{size} more than the {BODY_LIMIT} bytes that are taken"),
        )
    }

    /// Not now, but soon.
    pub(super) fn unavailable(message: impl Into<String>, after: Duration) -> Self {
        Self {
            retry_after: Some(after),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, message)
        }
    }

    /// Something that is ours to mend: the log knows more than the answer.
    pub(super) fn internal(error: &dyn std::error::Error) -> Self {
        tracing::error!(error = %error, "a request failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the host failed; its log has the reason under this request id",
        )
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let Self {
            status,
            message,
            provider_message,
            retry_after,
            allow,
        } = self;
        let body = Body {
            message,
            request_id: layers::request_id(),
            provider_message,
        };
        let mut response = (status, Json(body)).into_response();
        if let Some(after) = retry_after {
            response.headers_mut().insert(
                RETRY_AFTER,
                HeaderValue::from((after.as_secs() + u64::from(after.subsec_nanos() > 0)).max(1)),
            );
        }
        if let Some(methods) = allow {
            response.headers_mut().insert(ALLOW, methods);
        }
        response
    }
}

impl ApiError {
    /// What the store says, with a refusal of one's own where something is not there.
    pub(super) fn unless_missing(error: StoreError, missing: impl FnOnce() -> Self) -> Self {
        match error {
            StoreError::Missing(_) => missing(),
            error => error.into(),
        }
    }
}

impl From<BodyError> for ApiError {
    fn from(error: BodyError) -> Self {
        Self::bad_request(error.to_string())
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Missing(what) => Self::not_found(format!("there is no such {what}")),
            StoreError::Taken(what) => {
                Self::new(StatusCode::CONFLICT, format!("the {what} is taken already"))
            }
            error => Self::internal(&error),
        }
    }
}

impl From<NotServed> for ApiError {
    fn from(why: NotServed) -> Self {
        match why {
            NotServed::Loading { .. } => Self::unavailable(why.to_string(), LOADING),
            NotServed::Kept { .. } | NotServed::Unknown { .. } => Self::not_found(why.to_string()),
        }
    }
}

impl From<Failure> for ApiError {
    /// 401 is ours alone: what a provider says about its credentials is 403 with its words.
    fn from(failure: Failure) -> Self {
        let provider_message = failure.provider_message().map(str::to_owned);
        let retry_after = match &failure {
            Failure::RateLimited { after, .. } => *after,
            // Until when, the message says; who asks again soon is not surprised.
            Failure::Adapter(CallError::Quarantined { .. }) => Some(Duration::from_secs(30)),
            Failure::NoAdapter(NotServed::Loading { .. }) => Some(LOADING),
            _ => None,
        };
        let message = match &failure {
            Failure::Adapter(error) => told(error),
            failure => failure.to_string(),
        };
        let status = match &failure {
            Failure::Unauthenticated(_) => StatusCode::FORBIDDEN,
            Failure::RateLimited { .. } => StatusCode::TOO_MANY_REQUESTS,
            Failure::NotFound(_) => StatusCode::NOT_FOUND,
            Failure::InvalidRequest(_) => StatusCode::BAD_REQUEST,
            // Where a method of a path is not supported, the hub says so: it knows the others.
            Failure::Unsupported(_)
            | Failure::Permanent(_)
            | Failure::Refused(_)
            | Failure::Declaration(_) => StatusCode::BAD_REQUEST,
            Failure::NoAdapter(_)
            | Failure::Adapter(CallError::Quarantined { .. } | CallError::Busy { .. }) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Failure::Transient(_) | Failure::Adapter(_) | Failure::Malformed { .. } => {
                StatusCode::BAD_GATEWAY
            }
            Failure::Store(_) | Failure::Vault(_) => return Self::internal(&failure),
        };
        Self {
            provider_message,
            retry_after,
            ..Self::new(status, message)
        }
    }
}

/// What a caller is told of a call that failed. The guest's words and the functions that led to a trap are for whoever runs
/// the host.
fn told(error: &CallError) -> String {
    if let CallError::Quarantined { adapter, until, .. } = error {
        return format!(
            "adapter {adapter} is in quarantine until {}, because calls of it failed; a new version of its file ends \
             that, and GET /adapters/{adapter} says more",
            view::instant(*until)
        );
    }
    let Some(outline) = error.outline() else {
        return error.to_string();
    };
    tracing::warn!(%error, "an adapter failed");
    format!("{outline}; the host's log has the rest under this request id, and names the report of it")
}

impl From<Problem> for ApiError {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::Field { .. } => Self::bad_request(problem.to_string()),
            // A grant that the provider refuses is a bad request, not a missing right.
            Problem::Provider(failure @ Failure::Unauthenticated(_)) => {
                let provider_message = failure.provider_message().map(str::to_owned);
                let message = match &failure {
                    Failure::Unauthenticated(detail) => format!("the provider refuses: {}", detail.message),
                    other => other.to_string(),
                };
                Self {
                    provider_message,
                    ..Self::bad_request(message)
                }
            }
            Problem::Provider(failure) => failure.into(),
            Problem::Store(error) => error.into(),
            problem @ (Problem::Vault(_) | Problem::Randomness(_)) => Self::internal(&problem),
        }
    }
}
