//! The last call of an adapter: what the report of an answer that cannot be used is made of. Nothing large is copied for
//! it.

use serde::Serialize;

use crate::adapter::{Answers, Course, Suspect, contract::types};

/// A call that came back.
#[derive(Debug)]
pub(super) struct LastCall {
    /// What was called.
    pub(super) function: &'static str,
    /// In which context.
    pub(super) context: types::Context,
    /// About what, in postcard's format.
    pub(super) subject: Vec<u8>,
    /// With which state and answers it went on.
    pub(super) resumed: Option<(Vec<u8>, Answers)>,
    /// Where in its operation it stands.
    pub(super) course: Course,
}

impl LastCall {
    /// A call that is one, and goes on from none.
    pub(super) fn new(function: &'static str, context: types::Context, subject: Vec<u8>) -> Self {
        Self {
            function,
            context,
            subject,
            resumed: None,
            course: Course::default(),
        }
    }

    /// For its report.
    pub(super) fn suspect(&self) -> Suspect {
        Suspect {
            function: self.function,
            arguments: self.arguments(),
            course: self.course,
        }
    }

    /// The arguments as a tuple in postcard's format, which is one after the other.
    fn arguments(&self) -> Vec<u8> {
        let mut arguments = [packed(&self.context), self.subject.clone()].concat();
        if let Some((state, answers)) = &self.resumed {
            arguments.extend(packed(state));
            arguments.extend(packed(answers));
        }
        arguments
    }
}

/// In postcard's format; nothing where that cannot be, which makes no case then.
pub(super) fn packed(value: &impl Serialize) -> Vec<u8> {
    postcard::to_stdvec(value).unwrap_or_default()
}
