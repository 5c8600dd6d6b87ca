//! How they are shown.

use serde_json::Value;

use super::{Door, Kind};
use crate::cli::table::{self, Column, Listing};

/// Show an answer, and secrets this once.
pub(super) fn show(door: &Door, kind: Kind, answer: Value) -> anyhow::Result<()> {
    let answer = match answer {
        Value::Array(rows) => return door.target.list(rows, &kind.listing()),
        one if door.target.json => return table::json(&one),
        one => one,
    };
    table::print(std::slice::from_ref(&answer), kind.columns());
    let secret = |of: &Value| of.get("secret").and_then(Value::as_str).map(str::to_owned);
    if let Some(secret) = secret(&answer) {
        println!("secret, not stored and not shown again: {secret}");
    }
    if let Some(user) = answer.get("user") {
        let address = user.get("email").and_then(Value::as_str).unwrap_or_default();
        let secret = secret(user).unwrap_or_default();
        println!("secret of its user {address}, likewise: {secret}");
    }
    Ok(())
}

impl Kind {
    fn listing(self) -> Listing<'static> {
        Listing {
            columns: self.columns(),
            // Whoever asks is a user of an account of an organization: there is always one.
            empty: "Nothing is there.",
        }
    }

    fn columns(self) -> &'static [Column] {
        match self {
            Self::Organizations => &[
                ("ID", "/id"),
                ("NAME", "/name"),
                ("ACTIVE", "/active"),
                ("CREATED", "/createdDate"),
            ],
            Self::Accounts => &[
                ("ID", "/id"),
                ("ORGANIZATION", "/organizationId"),
                ("NAME", "/name"),
                ("CREATED", "/createdDate"),
            ],
            Self::Users => &[
                ("ID", "/id"),
                ("ADDRESS", "/email"),
                ("ROLE", "/role"),
                ("ACCOUNT", "/accountId"),
                ("ORGANIZATION", "/organizationId"),
                ("ACTIVE", "/active"),
                ("CREATED", "/createdDate"),
            ],
        }
    }
}
