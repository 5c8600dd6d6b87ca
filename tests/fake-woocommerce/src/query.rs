//! What lists can be asked for.

use std::collections::HashMap;

use serde_json::Value;

/// The most records of a page.
const LARGEST: usize = 100;

/// A page of a list.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) records: Vec<Value>,
    pub(crate) total: usize,
    pub(crate) pages: usize,
}

/// Why a list is refused: the parameter that is wrong.
pub(crate) fn find(
    resource: &str,
    records: &[Value],
    asked: &HashMap<String, String>,
) -> Result<Found, String> {
    let text = |name: &str| asked.get(name).map(String::as_str);
    let number = |name: &str, default: usize| match text(name) {
        None => Ok(default),
        Some(text) => text.parse().map_err(|_no_number| name.to_owned()),
    };
    let per_page = number("per_page", 10)?;
    if !(1..=LARGEST).contains(&per_page) {
        return Err("per_page".to_owned());
    }
    let page = number("page", 1)?.max(1);
    let mut found: Vec<&Value> = records
        .iter()
        .filter(|record| matches(resource, record, asked))
        .collect();
    let orderby = text("orderby").unwrap_or(if resource == "customers" { "name" } else { "date" });
    let field = order_field(resource, orderby).ok_or_else(|| "orderby".to_owned())?;
    found.sort_by_key(|record| (order_key(&record[field]), record["id"].as_u64()));
    match text("order").unwrap_or(if resource == "customers" { "asc" } else { "desc" }) {
        "asc" => {}
        "desc" => found.reverse(),
        _ => return Err("order".to_owned()),
    }
    let offset = number("offset", (page - 1) * per_page)?;
    let total = found.len();
    let records = found.into_iter().skip(offset).take(per_page).cloned().collect();
    Ok(Found {
        records,
        total,
        pages: total.div_ceil(per_page),
    })
}

fn order_field(resource: &str, orderby: &str) -> Option<&'static str> {
    match (resource, orderby) {
        (_, "id" | "include") => Some("id"),
        ("customers", "name") => Some("first_name"),
        ("customers", "registered_date") => Some("date_created_gmt"),
        ("customers", _) => None,
        (_, "date") => Some("date_created_gmt"),
        (_, "modified") => Some("date_modified_gmt"),
        ("coupons", "title") => Some("code"),
        (_, "title" | "slug") => Some("name"),
        _ => None,
    }
}

fn order_key(value: &Value) -> (u64, String) {
    (
        value.as_u64().unwrap_or(0),
        value.as_str().unwrap_or_default().to_owned(),
    )
}

fn matches(resource: &str, record: &Value, asked: &HashMap<String, String>) -> bool {
    asked.iter().all(|(name, wanted)| {
        let gmt = asked.get("dates_are_gmt").is_some_and(|gmt| gmt == "true");
        let dated = |field: &str| {
            let field = if gmt {
                format!("{field}_gmt")
            } else {
                field.to_owned()
            };
            record[field].as_str().unwrap_or_default().to_owned()
        };
        match (name.as_str(), resource) {
            // Customers know no such filter: like every unknown parameter it is ignored.
            ("after" | "before" | "modified_after" | "modified_before", "customers") => true,
            ("after", _) => dated("date_created") > *wanted,
            ("before", _) => dated("date_created") < *wanted,
            ("modified_after", _) => dated("date_modified") > *wanted,
            ("modified_before", _) => dated("date_modified") < *wanted,
            ("include", _) => {
                let id = record["id"].to_string();
                wanted.split(',').any(|wanted| wanted.trim() == id)
            }
            ("status", _) => wanted == "any" || record["status"] == *wanted,
            ("email", _) => record["email"] == *wanted,
            ("sku", _) => record["sku"] == *wanted,
            ("code", _) => record["code"] == *wanted,
            ("customer", _) => record["customer_id"].as_u64() == wanted.parse().ok(),
            _ => true,
        }
    })
}
