//! Refusals of the data service: HTTP 200, `Code` -1 and a `Msg`.

use crate::schema::Entity;
use crate::service::Method;

/// Why the data service refuses a call.
///
/// The texts are worded as the vendor words them, with `ErrorCode`s where one was ever recorded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The bearer token is unknown, expired or absent.
    #[error("Token is invalid")]
    TokenInvalid,
    /// A property that the entity does not have.
    #[error("{entity}: the object doesn't support property '{property}'")]
    UnknownProperty {
        /// The entity asked.
        entity: &'static str,
        /// The property as the caller spelled it.
        property: String,
    },
    /// A value of the wrong JSON type, or a text that does not parse.
    #[error("{entity}: the value of '{property}' must be {expected}")]
    WrongType {
        /// The entity asked.
        entity: &'static str,
        /// The property as the caller spelled it.
        property: String,
        /// What would have been accepted.
        expected: &'static str,
    },
    /// A value that is none of the options of the field.
    #[error("{entity}: '{value}' is not a valid option of '{property}', which are {options}")]
    InvalidOption {
        /// The entity asked.
        entity: &'static str,
        /// The property.
        property: String,
        /// What was sent.
        value: String,
        /// The options.
        options: &'static str,
    },
    /// A mandatory property is missing on create.
    #[error("{entity}: failed to validate create to {entity}. {property} is mandatory")]
    MandatoryOnCreate {
        /// The entity.
        entity: &'static str,
        /// The property.
        property: &'static str,
    },
    /// A mandatory property is emptied by an update.
    #[error("{entity}: failed to validate update to {entity}. {property} is mandatory")]
    MandatoryOnUpdate {
        /// The entity.
        entity: &'static str,
        /// The property.
        property: &'static str,
    },
    /// A property that never changes after creation.
    #[error("{entity}: '{property}' cannot be changed after creation; delete and create instead")]
    Immutable {
        /// The entity.
        entity: &'static str,
        /// The property.
        property: String,
    },
    /// A property that only the service writes.
    #[error("{entity}: '{property}' is not assignable")]
    NotAssignable {
        /// The entity.
        entity: &'static str,
        /// The property.
        property: String,
    },
    /// An operator that the field does not take.
    #[error("{entity}: operator {operator} is not supported on '{property}'")]
    UnsupportedOperator {
        /// The entity.
        entity: &'static str,
        /// The property.
        property: String,
        /// The operator.
        operator: String,
    },
    /// A property that cannot be used where it was used (`searching`, `sorting`).
    #[error("{entity}: '{property}' is not supported for {purpose}")]
    NotSupportedFor {
        /// The entity.
        entity: &'static str,
        /// The property.
        property: String,
        /// What was tried.
        purpose: &'static str,
    },
    /// A key of another object, or no key at all.
    #[error("The given key is of a type not supported by the target object.(DONOTUPDATE)")]
    KeyType,
    /// No record with this key.
    #[error("{entity}: the record with key {key} does not exist")]
    NotFound {
        /// The entity.
        entity: &'static str,
        /// The key as it was sent.
        key: String,
    },
    /// The record to be created is there already.
    #[error("{entity}: a record with key {key} exists already")]
    Exists {
        /// The entity.
        entity: &'static str,
        /// `ID:Number`.
        key: String,
    },
    /// `Authenticate` with a wrong database, user or password.
    #[error("the database, the user or the password is not correct")]
    Login,
    /// A method that the fake does not serve.
    #[error("method '{name}' is not supported; supported are {}", methods())]
    UnknownMethod {
        /// The name as it was sent.
        name: String,
    },
    /// An object name that the fake does not serve.
    #[error("object '{name}' is not supported; supported are {}", Entity::names())]
    UnknownObject {
        /// The name as it was sent.
        name: String,
    },
    /// The request lacks a part or has it in the wrong shape.
    #[error("{at}: {problem}")]
    Malformed {
        /// Where in the request.
        at: String,
        /// What is wrong there, and what is expected.
        problem: String,
    },
    /// A refusal that a fault switch asked for.
    #[error("{message}")]
    Ordered {
        /// The text.
        message: String,
        /// The code, if any.
        code: Option<i64>,
    },
}

// === impl Refusal ===

impl Refusal {
    /// The `ErrorCode` that the vendor was recorded to use for this case, if one is known.
    #[must_use]
    pub fn code(&self) -> Option<i64> {
        match self {
            Self::UnknownProperty { .. } => Some(-1023),
            Self::WrongType { .. } => Some(-1024),
            Self::MandatoryOnCreate { .. } => Some(-10010),
            Self::MandatoryOnUpdate { .. } => Some(-10003),
            Self::InvalidOption { .. } => Some(-60054),
            Self::Ordered { code, .. } => *code,
            Self::TokenInvalid
            | Self::Immutable { .. }
            | Self::NotAssignable { .. }
            | Self::UnsupportedOperator { .. }
            | Self::NotSupportedFor { .. }
            | Self::KeyType
            | Self::NotFound { .. }
            | Self::Exists { .. }
            | Self::Login
            | Self::UnknownMethod { .. }
            | Self::UnknownObject { .. }
            | Self::Malformed { .. } => None,
        }
    }

    pub(crate) fn malformed(at: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Malformed {
            at: at.into(),
            problem: problem.into(),
        }
    }
}

fn methods() -> String {
    Method::ALL.map(Method::name).join(", ")
}
