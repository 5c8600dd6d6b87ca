//! Who takes the provider's place, and who listens to a real one.

use std::sync::{Mutex, PoisonError};

use super::{Scripted, request_text};
use crate::{adapter::contract::types, egress::Wire};

/// Answers by a script, in its order, and takes down what was asked.
#[derive(Debug)]
pub(super) struct Script {
    /// What is answered; none lets requests go to the real provider.
    answers: Option<Vec<types::Answer>>,
    heard: Mutex<Vec<Scripted>>,
}

/// What an adapter is told that asks for more than the case has.
pub(super) const NOT_SCRIPTED: &str = "the case has no further answer";

impl Script {
    /// These answers.
    pub(super) fn of(exchanges: &[Scripted]) -> Self {
        let answers = exchanges.iter().filter_map(|scripted| scripted.answer.clone());
        Self {
            answers: Some(answers.collect()),
            heard: Mutex::default(),
        }
    }

    /// Whatever the provider says.
    pub(super) fn live() -> Self {
        Self {
            answers: None,
            heard: Mutex::default(),
        }
    }

    /// What was asked and answered.
    pub(super) fn heard(&self) -> Vec<Scripted> {
        std::mem::take(&mut self.heard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Wire for Script {
    fn answer(&self, _: &types::Request) -> Option<Result<types::Response, types::TransportError>> {
        let answers = self.answers.as_ref()?;
        let asked = self.heard.lock().unwrap_or_else(PoisonError::into_inner).len();
        let missing = || Err(types::TransportError::Other(NOT_SCRIPTED.to_owned()));
        Some(answers.get(asked).cloned().unwrap_or_else(missing))
    }

    fn exchanged(&self, request: &types::Request, answer: &types::Answer) {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.push(Scripted {
            request: request_text(request),
            answer: Some(answer.clone()),
            now: None,
        });
    }
}
