//! A small provider whose records change while they are read.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use periodic_sdk::{
    contract::{Answer, Body, Changed, Context, Exchange, Failure, Job, PollStep, Poller as _, Response},
    java_date::{Pattern, Zone},
};
use serde_json::{Map, Value, json};

use super::{SINCE, connected, document, key, only, response};
use crate::Maximizer;

/// Every walk that ends at all ends long before.
const PATIENCE: usize = 5000;

/// A record.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) id: u64,
    /// Seconds after the window's start.
    pub(super) changed: i64,
    pub(super) created: i64,
}

/// What happens at the provider between two requests.
#[derive(Debug, Clone)]
pub(super) enum Event {
    /// The n-th record is edited.
    Edit(usize),
    /// A record is made.
    Insert,
    /// A record that was changed so long ago becomes visible.
    Late(i64),
    /// The n-th record is gone for good.
    Delete(usize),
    /// Seconds pass.
    Wait(i64),
    /// The next request takes too long.
    Timeout,
}

/// How the provider pages.
#[derive(Debug, Clone, Default)]
pub(super) struct Habits {
    /// No page is larger, whatever is asked for.
    pub(super) cap: Option<usize>,
    /// Whether it tells the key of the next page.
    pub(super) tells_key: bool,
    /// Seconds that its dates are shown off by.
    pub(super) label: i64,
    /// The latest come first, whatever is asked for.
    pub(super) descending: bool,
    /// It shows no dates.
    pub(super) undated: bool,
    /// It passes over page keys.
    pub(super) deaf: bool,
    /// Records of its dates are kept with fractions of a second.
    pub(super) fractions: bool,
}

/// The provider.
#[derive(Debug, Clone)]
pub(super) struct Provider {
    pub(super) rows: Vec<Row>,
    pub(super) habits: Habits,
    /// Its time, in seconds after the window's start.
    pub(super) now: i64,
    /// Taken from the front, one before each request.
    pub(super) script: Vec<Event>,
    next_id: u64,
    timeout: bool,
    /// Ids that were edited, made or deleted on the way.
    pub(super) touched: Vec<u64>,
    pub(super) requests: Vec<Value>,
}

/// What a walk brought.
#[derive(Debug)]
pub(super) struct Walked {
    pub(super) changed: Vec<Changed>,
    /// The records' raw JSON.
    pub(super) raw: Vec<String>,
    /// The largest state between two requests.
    pub(super) state: usize,
}

impl Walked {
    pub(super) fn ids(&self) -> Vec<u64> {
        let id = |changed: &Changed| changed.identity.split('|').nth(1).unwrap().parse().unwrap();
        self.changed.iter().map(id).collect()
    }
}

impl Provider {
    /// With records that were changed so many seconds after the window's start.
    pub(super) fn new(changed: &[i64]) -> Self {
        let rows: Vec<Row> = changed
            .iter()
            .zip(1..)
            .map(|(changed, id)| Row {
                id,
                changed: *changed,
                created: changed.min(&-5).to_owned(),
            })
            .collect();
        Self {
            next_id: rows.len() as u64 + 1,
            rows,
            habits: Habits::default(),
            now: 900,
            script: Vec::new(),
            timeout: false,
            touched: Vec::new(),
            requests: Vec::new(),
        }
    }

    pub(super) fn with(mut self, habits: Habits) -> Self {
        self.habits = habits;
        self
    }

    /// Walk a window that begins at 0 and ends now.
    pub(super) fn walk(&mut self, page_size: u32) -> Result<Walked, Failure> {
        self.walk_with(&json!({
            "url": "/contacts?where=LastModifyDate>${epoch}",
            "idField": "Key",
            "datesConfiguration": {
                "updatedDateField": "LastModifyDate",
                "updatedDateFormat": "yyyy-MM-dd'T'HH:mm:ssXXX",
            },
            "pageSize": page_size,
        }))
    }

    pub(super) fn walk_with(&mut self, configuration: &Value) -> Result<Walked, Failure> {
        let job = Job {
            resource: "contacts".to_owned(),
            configuration: configuration.to_string(),
            since: SINCE,
            until: SINCE + self.now * 1000,
            checkpoint: None,
        };
        let mut walked = Walked {
            changed: Vec::new(),
            raw: Vec::new(),
            state: 0,
        };
        let mut step = Maximizer::begin(&self.context(), job.clone())?;
        for _ in 0..PATIENCE {
            let exchange = match step {
                PollStep::Send(exchange) => exchange,
                PollStep::Page(page) => match page.next {
                    Some(exchange) => exchange,
                    None => return Ok(walked),
                },
            };
            walked.state = walked.state.max(exchange.state.len());
            let (answer, body) = self.answer(&exchange);
            step = Maximizer::resume(&self.context(), job.clone(), &exchange.state, &[answer])?;
            if let PollStep::Page(page) = &mut step {
                let records = std::mem::take(&mut page.records);
                let raw = records.iter().map(|changed| document(&changed.raw, &body).0);
                walked.raw.extend(raw);
                walked.changed.extend(records);
            }
        }
        panic!("the walk does not end: {:?}", self.requests.last())
    }

    fn context(&self) -> Context {
        Context {
            now: SINCE + self.now * 1000,
            ..connected()
        }
    }

    fn answer(&mut self, exchange: &Exchange) -> (Answer, String) {
        if !self.script.is_empty() {
            let event = self.script.remove(0);
            self.happen(&event);
        }
        let Body::Json(asked) = &only(exchange).body else {
            panic!("a request without JSON")
        };
        let asked: Value = serde_json::from_str(asked).unwrap();
        self.requests.push(asked.clone());
        if std::mem::take(&mut self.timeout) {
            return (Ok(response(408, "")), String::new());
        }
        let body = self.read(&asked["AbEntry"]).to_string();
        let answer: Response = response(200, body.as_str());
        (Ok(answer), body)
    }

    fn happen(&mut self, event: &Event) {
        match event {
            Event::Edit(_) | Event::Delete(_) if self.rows.is_empty() => {}
            Event::Edit(index) => {
                let index = index % self.rows.len();
                self.rows[index].changed = self.now;
                self.touched.push(self.rows[index].id);
            }
            Event::Delete(index) => {
                let index = index % self.rows.len();
                self.touched.push(self.rows.remove(index).id);
            }
            Event::Insert => self.insert(self.now),
            Event::Late(changed) => self.insert(*changed),
            Event::Wait(seconds) => self.now += seconds,
            Event::Timeout => self.timeout = true,
        }
    }

    fn insert(&mut self, changed: i64) {
        let id = self.next_id;
        self.next_id += 1;
        self.touched.push(id);
        self.rows.push(Row {
            id,
            changed,
            created: changed,
        });
    }

    fn read(&self, asked: &Value) -> Value {
        let query = &asked["Criteria"]["SearchQuery"];
        let mut rows: Vec<&Row> = self.rows.iter().filter(|row| self.holds(query, row)).collect();
        assert_eq!(asked["OrderBy"]["Fields"], json!([{ "LastModifyDate": "ASC" }]));
        rows.sort_by_key(|row| (row.changed, row.id));
        if self.habits.descending {
            rows.reverse();
        }
        let offset = match asked["OrderBy"]["PageKey"].as_str() {
            Some(_) if self.habits.deaf => 0,
            None => 0,
            Some(key) => String::from_utf8(STANDARD.decode(key).unwrap())
                .unwrap()
                .parse()
                .unwrap(),
        };
        let size = usize::try_from(asked["OrderBy"]["PageSize"].as_u64().unwrap()).unwrap();
        let size = self.habits.cap.map_or(size, |cap| size.min(cap));
        let page: Vec<Value> = rows
            .iter()
            .skip(offset)
            .take(size)
            .map(|row| self.show(row))
            .collect();
        let end = offset + page.len();
        let next = (self.habits.tells_key && end < rows.len()).then(|| STANDARD.encode(end.to_string()));
        json!({ "Code": 0, "AbEntry": { "Data": page, "OrderBy": { "PageKey": next } } })
    }

    fn show(&self, row: &Row) -> Value {
        let mut shown = Map::new();
        // The spelling depends on who knows what.
        let prefix = if self.requests.len().is_multiple_of(2) {
            "Contact"
        } else {
            "AbEntry"
        };
        let value = key(&format!("{prefix}\t{}\t5", row.id));
        shown.insert(
            "Key".to_owned(),
            json!({ "Value": value, "ID": row.id.to_string(), "Number": 5, "EntityType": 1 }),
        );
        if !self.habits.undated {
            let date = |seconds| iso(SINCE + seconds * 1000);
            shown.insert("CreationDate".to_owned(), date(row.created).into());
            shown.insert(
                "LastModifyDate".to_owned(),
                date(row.changed + self.habits.label).into(),
            );
        }
        Value::Object(shown)
    }

    fn holds(&self, query: &Value, row: &Row) -> bool {
        query
            .as_object()
            .unwrap()
            .iter()
            .all(|(name, condition)| match name.as_str() {
                "$AND" => condition
                    .as_array()
                    .unwrap()
                    .iter()
                    .all(|part| self.holds(part, row)),
                "Type" => condition["$EQ"] == "Contact",
                "LastModifyDate" => condition.as_object().unwrap().iter().all(|(operator, bound)| {
                    let bound = bound.as_str().unwrap();
                    let bound = Pattern::new("yyyy-MM-dd'T'HH:mm:ss'Z'")
                        .unwrap()
                        .parse(bound, &Zone::UTC, 0)
                        .unwrap();
                    let fraction = if self.habits.fractions { 500 } else { 0 };
                    let changed = SINCE + row.changed * 1000 + fraction;
                    match operator.as_str() {
                        "$GE" => changed >= bound,
                        "$LT" => changed < bound,
                        other => panic!("{other} is not known"),
                    }
                }),
                other => panic!("{other} is not known"),
            })
    }
}

fn iso(instant: i64) -> String {
    Pattern::new("yyyy-MM-dd'T'HH:mm:ss'Z'")
        .unwrap()
        .format(instant, &Zone::UTC)
}
