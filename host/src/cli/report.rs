//! How it is told that a command failed: to people in words, and with `--json` in the shape of a host's refusals.
//!
//! Both go to standard error, so that standard output holds answers only.

use std::{ffi::OsStr, process::ExitCode};

use serde_json::{Value, json};

use crate::egress::OperatorError;

/// What a program says that was called wrongly.
const USAGE: u8 = 2;

/// Whether the caller is a program. It may have called wrongly: this does not ask whether the command takes `--json`.
pub(super) fn is_for_programs<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> bool {
    let mut options = arguments.into_iter().take_while(|word| word.as_ref() != "--");
    options.any(|word| word.as_ref() == "--json")
}

/// Tell that a command failed.
pub(super) fn failure(error: &anyhow::Error, for_programs: bool) -> ExitCode {
    match for_programs {
        true => eprintln!("{}", shape(error)),
        false => eprintln!("error: {error:#}"),
    }
    ExitCode::FAILURE
}

/// Tell one thing that is wrong, where a command ends with an exit code of its own.
pub(super) fn complain(message: &str, for_programs: bool) {
    match for_programs {
        true => eprintln!("{}", json!({ "message": message })),
        false => eprintln!("error: {message}"),
    }
}

/// Tell what is probably not meant, before a command goes on.
pub(super) fn warn(message: &str, for_programs: bool) {
    match for_programs {
        true => eprintln!("{}", json!({ "warning": message })),
        false => eprintln!("warning: {message}"),
    }
}

/// Tell that a command is none, or what the caller asked to know of it.
pub(super) fn usage(error: &clap::Error, for_programs: bool) -> ExitCode {
    if error.use_stderr() && for_programs {
        let text = error.render().to_string();
        let text = text.trim();
        let message = text.strip_prefix("error: ").unwrap_or(text);
        eprintln!("{}", json!({ "message": message }));
    } else {
        // Nobody has to read it.
        let _unread = error.print();
    }
    match error.use_stderr() {
        true => ExitCode::from(USAGE),
        false => ExitCode::SUCCESS,
    }
}

/// A host's refusal as it came, with its status; what failed on this side has a message alone.
fn shape(error: &anyhow::Error) -> Value {
    let refusal = error.chain().find_map(|cause| cause.downcast_ref());
    match refusal {
        Some(OperatorError::Refused(refusal)) => {
            let mut body = refusal.body.clone();
            body["status"] = json!(refusal.status.as_u16());
            if let Some(seconds) = refusal.retry_after {
                body["retryAfter"] = json!(seconds);
            }
            body
        }
        _ => json!({ "message": format!("{error:#}") }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_say_that_they_are() {
        let cases = [
            (&["users", "list", "--json"][..], true),
            (&["--json"], true),
            (&["users", "list"], false),
            (&["users", "create", "--", "--json"], false),
        ];
        for (words, expected) in cases {
            assert_eq!(is_for_programs(words), expected, "{words:?}");
        }
    }
}
