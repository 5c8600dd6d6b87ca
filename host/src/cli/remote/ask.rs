//! Questions to whoever sits at the terminal, on standard error: standard output is for what was asked for.

use std::io::{IsTerminal as _, stderr, stdin};

use dialoguer::{Input, MultiSelect, Password};

use crate::vault::Secret;

/// Whether somebody is there to answer.
pub(super) fn somebody() -> bool {
    stdin().is_terminal() && stderr().is_terminal()
}

/// A line; empty where there need not be one.
pub(super) fn line(what: &str, default: Option<&str>, needed: bool) -> anyhow::Result<String> {
    let mut input = Input::new().with_prompt(what).allow_empty(!needed);
    if let Some(default) = default {
        input = input.default(default.to_owned());
    }
    Ok(input.interact_text()?)
}

/// A secret, which does not appear.
pub(super) fn secret(what: &str) -> anyhow::Result<Secret> {
    Ok(Secret::from(Password::new().with_prompt(what).interact()?))
}

/// Some of several; the space bar selects.
pub(super) fn some(what: &str, of: &[&str]) -> anyhow::Result<Vec<usize>> {
    let prompt = format!("{what} (space selects, enter goes on)");
    Ok(MultiSelect::new().with_prompt(prompt).items(of).interact()?)
}
