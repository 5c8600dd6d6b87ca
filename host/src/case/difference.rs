//! What of a case did not come about as expected.

use std::time::Duration;

use similar::{ChangeTag, TextDiff};

use super::{Case, Observed, Unheard};

/// What is not as expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// A text is another.
    Text {
        /// Which: `request 2`, `result`.
        of: String,
        /// As the case has it; empty when it has none.
        expected: String,
        /// As it came about.
        found: String,
    },
    /// Nothing to compare with.
    Note {
        /// What there is to say.
        note: String,
    },
}

/// So many lines stand around a difference.
const AROUND: usize = 3;
/// After so long a difference is told as it is known by then.
const PATIENCE: Duration = Duration::from_secs(2);

/// What an adapter asked and returned that the case does not have so.
pub fn differences(case: &Case, observed: &Observed) -> Vec<Difference> {
    let mut differences = Vec::new();
    // What a single call asks for is what it comes to: where nothing is expected, any will do.
    let anything = case.result.is_none() && case.exchanges.is_empty() && case.is_single();
    let asked = observed.exchanges.iter().filter(|_| !anything);
    let due = observed.due(case);
    for (index, asked) in asked.enumerate() {
        let expected = due
            .get(index)
            .map_or("", |(_, scripted)| scripted.request.as_str());
        if expected.trim_end() != asked.request.trim_end() {
            differences.push(Difference::Text {
                of: format!("request {}", index + 1),
                expected: expected.trim_end().to_owned(),
                found: asked.request.trim_end().to_owned(),
            });
        }
    }
    let note = |note: String| Difference::Note { note };
    let refused = |unheard: &Unheard| format!("the host refused {}: {}", unheard.request, unheard.reason());
    for unheard in &observed.unheard {
        if let Some(exchange) = unheard.exchange {
            let number = exchange + 1;
            differences.push(note(format!(
                "exchange {number} did not come about: {}",
                refused(unheard)
            )));
        }
    }
    for index in &observed.unanswered {
        let number = index + 1;
        differences.push(note(format!(
            "exchange {number} needs an answer: write the provider's into the case as its response"
        )));
    }
    if due.len() > observed.exchanges.len() {
        differences.push(Difference::Note {
            note: format!(
                "{} of the case's {} exchanges came about; the adapter did not ask for more",
                observed.exchanges.len(),
                case.exchanges.len()
            ),
        });
    }
    match &case.result {
        Some(expected) if expected != &observed.result => differences.push(Difference::Text {
            of: "result".to_owned(),
            expected: expected.clone(),
            found: observed.result.clone(),
        }),
        None if observed.crashed => differences.push(Difference::Note {
            note: format!("the adapter crashed:\n{}", observed.result),
        }),
        _ => {}
    }
    if !differences.is_empty() {
        let others = observed
            .unheard
            .iter()
            .filter(|unheard| unheard.exchange.is_none());
        differences.extend(others.map(|unheard| note(refused(unheard))));
    }
    differences
}

/// From what was expected to what was found, line by line: a sign (`-` expected, `+` found, a blank both) and a blank
/// stand before each, and a `…` for lines that are left out.
pub fn lines(expected: &str, found: &str) -> Vec<String> {
    let diff = TextDiff::configure()
        .timeout(PATIENCE)
        .diff_lines(expected, found);
    let mut lines = Vec::new();
    for (index, group) in diff.grouped_ops(AROUND).iter().enumerate() {
        if index > 0 {
            lines.push("…".to_owned());
        }
        for change in group.iter().flat_map(|operation| diff.iter_changes(operation)) {
            let sign = match change.tag() {
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
                ChangeTag::Equal => ' ',
            };
            lines.push(format!("{sign} {}", change.value().trim_end_matches('\n')));
        }
    }
    lines
}
