//! Tables for people.

use comfy_table::{Table, presets::NOTHING};
use serde_json::Value;

use super::Kind;

/// Print an answer, and secrets this once.
pub(super) fn show(kind: Kind, answer: &Value) {
    let rows = match answer {
        Value::Array(rows) => rows.as_slice(),
        Value::Null => {
            println!("done");
            return;
        }
        one => std::slice::from_ref(one),
    };
    let columns = kind.columns();
    let mut table = Table::new();
    table
        .load_style(NOTHING)
        .set_header(columns.iter().map(|(_, title)| *title));
    for row in rows {
        table.add_row(columns.iter().map(|(member, _)| text(row.get(*member))));
    }
    println!("{table}");
    let secret = |of: &Value| of.get("secret").and_then(Value::as_str).map(str::to_owned);
    if let Some(secret) = secret(answer) {
        println!("secret, not stored and not shown again: {secret}");
    }
    if let Some(user) = answer.get("user") {
        let secret = secret(user).unwrap_or_default();
        println!(
            "secret of its user {}, likewise: {secret}",
            text(user.get("email"))
        );
    }
}

fn text(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

impl Kind {
    fn columns(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Organizations => &[
                ("id", "ID"),
                ("name", "NAME"),
                ("active", "ACTIVE"),
                ("createdDate", "CREATED"),
            ],
            Self::Accounts => &[
                ("id", "ID"),
                ("organizationId", "ORGANIZATION"),
                ("name", "NAME"),
                ("createdDate", "CREATED"),
            ],
            Self::Users => &[
                ("id", "ID"),
                ("email", "ADDRESS"),
                ("role", "ROLE"),
                ("accountId", "ACCOUNT"),
                ("organizationId", "ORGANIZATION"),
                ("active", "ACTIVE"),
                ("createdDate", "CREATED"),
            ],
        }
    }
}
