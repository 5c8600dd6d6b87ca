//! Who takes the provider's place, and who listens to a real one.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Scripted, arguments::error_text, request_text};
use crate::{
    adapter::contract::types,
    egress::{Delivered, Wire},
};

/// Answers by a script, in its order, and takes down what was asked.
#[derive(Debug)]
pub(super) struct Script {
    /// What is asked and answered; none lets requests go to the real provider.
    exchanges: Option<Vec<Scripted>>,
    heard: Mutex<Heard>,
}

/// What came over the line.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// What was asked and answered.
    pub(super) exchanges: Vec<Scripted>,
    /// Those of them that the script has no answer to.
    pub(super) unanswered: Vec<usize>,
    /// What no provider heard.
    pub(super) unheard: Vec<Unheard>,
    /// How much of the script is used.
    used: usize,
    /// Whether the host lets the request go that is on its way.
    passed: bool,
}

/// A request that no provider heard: the host refused it, or nobody was there.
#[derive(Debug, Clone, PartialEq)]
pub struct Unheard {
    /// The first line of its text.
    pub request: String,
    /// Why it did not come about.
    pub why: types::TransportError,
    /// The exchange of the case that it was to be, where it is one of them.
    pub exchange: Option<usize>,
}

/// What an adapter is told that asks for more than the case has.
const NOT_SCRIPTED: &str = "the case has no further answer";

impl Script {
    /// These exchanges.
    pub(super) fn of(exchanges: &[Scripted]) -> Self {
        Self {
            exchanges: Some(exchanges.to_vec()),
            heard: Mutex::default(),
        }
    }

    /// Whatever the provider says.
    pub(super) fn live() -> Self {
        Self {
            exchanges: None,
            heard: Mutex::default(),
        }
    }

    /// What came over the line.
    pub(super) fn heard(&self) -> Heard {
        std::mem::take(&mut self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Unheard {
    /// Whether it was the host that did not let it go.
    pub fn is_refused(&self) -> bool {
        matches!(self.why, types::TransportError::Refused(_))
    }

    /// The reason in words.
    pub fn reason(&self) -> String {
        error_text(&self.why)
    }

    fn of(request: &str, why: &types::TransportError, exchange: Option<usize>) -> Self {
        Self {
            request: request.lines().next().unwrap_or_default().to_owned(),
            why: why.clone(),
            exchange,
        }
    }
}

impl Heard {
    /// What never went over a line.
    pub(super) fn of(exchanges: Vec<Scripted>) -> Self {
        Self {
            exchanges,
            ..Self::default()
        }
    }

    /// A request to a script: one that the host refuses uses up its exchange, and no other's.
    fn scripted(&mut self, exchanges: &[Scripted], request: String, answer: &types::Answer) {
        let own = exchanges.get(self.used);
        let passed = std::mem::take(&mut self.passed);
        match answer {
            Err(why) if !passed => {
                let is_meant = |own: &&Scripted| {
                    let expected = own.request.trim_end();
                    expected.is_empty() || expected == request.trim_end()
                };
                let exchange = own.filter(is_meant).map(|_| self.used);
                self.used += usize::from(exchange.is_some());
                self.unheard.push(Unheard::of(&request, why, exchange));
            }
            answer => {
                let is_answered = own.is_some_and(|own| own.answer.is_some());
                if !is_answered {
                    self.unanswered.push(self.exchanges.len());
                }
                self.used += 1;
                self.exchanges.push(Scripted {
                    request,
                    answer: is_answered.then(|| answer.clone()),
                    now: None,
                });
            }
        }
    }
}

impl Wire for Script {
    fn answer(&self, _: &types::Request) -> Option<Result<types::Response, types::TransportError>> {
        let exchanges = self.exchanges.as_ref()?;
        let mut heard = self.lock();
        heard.passed = true;
        let own = exchanges.get(heard.used).and_then(|own| own.answer.clone());
        let missing = || Err(types::TransportError::Other(NOT_SCRIPTED.to_owned()));
        Some(own.unwrap_or_else(missing))
    }

    fn exchanged(&self, request: &types::Request, answer: &types::Answer, delivered: Delivered) {
        let request = request_text(request);
        let mut heard = self.lock();
        match (&self.exchanges, answer) {
            (Some(exchanges), _) => heard.scripted(exchanges, request, answer),
            // Whoever answers more than is read was reached.
            (None, Err(why))
                if delivered != Delivered::Answered && !matches!(why, types::TransportError::TooLarge(_)) =>
            {
                heard.unheard.push(Unheard::of(&request, why, None));
            }
            (None, _) => heard.exchanges.push(Scripted {
                request,
                answer: Some(answer.clone()),
                now: None,
            }),
        }
    }
}
