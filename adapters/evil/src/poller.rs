//! Attacks by walks.

use crate::{
    guest::{
        poller::{Page, Step},
        types::{Answer, Change, Changed, Context, Exchange, Failure},
    },
    hub::{detail, get, setting, text},
};

/// Ask for the things of the window.
pub(crate) fn begin(context: &Context, attack: &str) -> Result<Step, Failure> {
    Ok(match attack {
        "a page that needs no answer" => Step::Page(page(1, None)),
        "a checkpoint without end" => Step::Page(Page {
            checkpoint: Some(vec![0; 2 << 20]),
            ..page(1, None)
        }),
        "undeclared host" => Step::Send(Exchange {
            requests: vec![get("http://127.0.0.2:1/things")],
            state: Vec::new(),
        }),
        _ => Step::Send(exchange(context, Vec::new())),
    })
}

/// Hand over what changed.
pub(crate) fn resume(
    context: &Context,
    state: Vec<u8>,
    answers: &[Answer],
    attack: &str,
) -> Result<Step, Failure> {
    if let [Err(error)] = answers {
        return Err(Failure::Permanent(detail(format!("{error:?}"))));
    }
    Ok(match attack {
        "a walk without end" => Step::Page(page(1, Some(silent(state)))),
        "a walk without pages" => Step::Send(silent(state)),
        "a page of 10001 records" => Step::Page(page(10_001, None)),
        "a page of 10000 records" => Step::Page(page(10_000, None)),
        "a record that is no JSON" => {
            let mut page = page(1, None);
            for record in &mut page.records {
                record.raw = vec![text("{")];
            }
            Step::Page(page)
        }
        "a huge identity" => {
            let mut page = page(1, None);
            for record in &mut page.records {
                record.identity = "x".repeat(8 << 20);
                record.object_id = "x".repeat(8 << 20);
            }
            Step::Page(page)
        }
        // No attack at all: what the provider counts is told, each number once.
        "the number of the answer" => {
            let [Ok(response)] = answers else {
                return Err(Failure::Permanent(detail("no answer".to_owned())));
            };
            let told: serde_json::Value = serde_json::from_slice(&response.body).unwrap_or_default();
            let mut page = page(1, None);
            for record in &mut page.records {
                record.identity = told["number"].to_string();
                record.object_id = told["number"].to_string();
                record.updated = Some(context.now);
            }
            Step::Page(page)
        }
        "dates out of this world" => {
            let mut page = page(1, None);
            for record in &mut page.records {
                record.updated = Some(i64::MAX);
                record.created = Some(i64::MIN);
            }
            Step::Page(page)
        }
        _ => Step::Page(page(1, None)),
    })
}

fn exchange(context: &Context, state: Vec<u8>) -> Exchange {
    Exchange {
        requests: vec![get(&format!("{}/things", setting(context, "evil.url")))],
        state,
    }
}

/// Come back without having asked anybody.
fn silent(state: Vec<u8>) -> Exchange {
    Exchange {
        requests: Vec::new(),
        state,
    }
}

fn page(records: u32, next: Option<Exchange>) -> Page {
    let record = |number: u32| Changed {
        identity: format!("thing {number}"),
        object_id: number.to_string(),
        change: Change::Unknown,
        updated: None,
        created: None,
        raw: vec![text(&format!("{{\"id\":{number}}}"))],
    };
    Page {
        records: (0..records).map(record).collect(),
        checkpoint: None,
        next,
    }
}
