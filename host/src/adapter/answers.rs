//! What an adapter is handed when it goes on.

use std::{ops::Deref, sync::Arc};

use serde::{Deserialize, Serialize, Serializer};

use super::contract::types;

/// The answers to the requests of an exchange, in order. They are shared: the guest's thread, a tape and a report on a
/// crash have them as they are.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(from = "Vec<types::Answer>")]
pub struct Answers(Arc<[types::Answer]>);

impl From<Vec<types::Answer>> for Answers {
    fn from(answers: Vec<types::Answer>) -> Self {
        Self(answers.into())
    }
}

impl Deref for Answers {
    type Target = [types::Answer];

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Serialize for Answers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.as_ref().serialize(serializer)
    }
}
