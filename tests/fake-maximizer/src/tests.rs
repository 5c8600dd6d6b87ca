//! The fake over HTTP, as its users meet it.

mod control;
mod grants;
mod hostile;
mod life;
mod paging;
mod queries;
mod records;
mod sessions;
mod wire;

use serde_json::{Value, json};
use ureq::http;

use crate::{ClockStart, FakeMaximizer, Options, World};

/// A fake whose clock stands at the first second of 2026, and a client.
struct Bench {
    fake: FakeMaximizer,
    agent: ureq::Agent,
    token: String,
    _runtime: tokio::runtime::Runtime,
}

/// An answer, read to its end.
#[derive(Debug)]
struct Reply {
    status: u16,
    headers: http::HeaderMap,
    text: String,
}

impl Bench {
    fn new() -> Self {
        Self::with(Options::default())
    }

    fn with(options: Options) -> Self {
        let start = ClockStart::Fixed("2026-01-01T00:00:00Z".parse().unwrap());
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let fake = runtime
            .block_on(FakeMaximizer::start(Options {
                clock: start,
                ..options
            }))
            .unwrap();
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0);
        let token = fake.world().issue_tokens().access_token;
        Self {
            fake,
            agent: config.build().into(),
            token,
            _runtime: runtime,
        }
    }

    fn world(&self) -> &World {
        self.fake.world()
    }

    fn at(&self, path: &str) -> String {
        if path.starts_with("http") {
            path.to_owned()
        } else {
            format!("{}{path}", self.fake.url())
        }
    }

    /// Sends a request and reads what comes, if it comes whole.
    fn try_send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<Reply, ureq::Error> {
        let mut request = http::Request::builder().method(method).uri(self.at(path));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut response = match method {
            "GET" | "DELETE" => self.agent.run(request.body(()).unwrap())?,
            _ => self.agent.run(request.body(body.to_owned()).unwrap())?,
        };
        let text = response.body_mut().read_to_string()?;
        Ok(Reply {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text,
        })
    }

    fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        self.try_send(method, path, headers, body).unwrap()
    }

    fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &[], "")
    }

    /// Calls the control interface.
    fn control(&self, method: &str, path: &str, body: &str) -> Reply {
        self.send(method, &format!("/control{path}"), &[], body)
    }

    /// Calls the data service with the token of the bench.
    fn call(&self, method: &str, body: &Value) -> Reply {
        let authorization = format!("Bearer {}", self.token);
        self.send(
            "POST",
            &format!("/octopus/{method}"),
            &[("authorization", &authorization)],
            &body.to_string(),
        )
    }

    /// Calls the data service, which takes it.
    fn ok(&self, method: &str, body: &Value) -> Value {
        let answer = self.call(method, body).json();
        assert_eq!(answer["Code"], 0, "{method} {body}: {answer}");
        answer
    }

    fn fault(&self, name: &str, setting: Value) {
        self.world().set_fault(name, setting).unwrap();
    }

    fn token_form(&self, fields: &[(&str, &str)]) -> Reply {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        self.send("POST", "/oauth2/CloudElements/token", &headers, &form)
    }
}

impl Reply {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// A read of the address book: these fields of what fits the query.
fn read(fields: &[&str], query: Value) -> Value {
    let fields: Value = fields.iter().map(|name| ((*name).to_owned(), json!(1))).collect();
    json!({ "AbEntry": { "Scope": { "Fields": fields }, "Criteria": { "SearchQuery": query } } })
}

/// One value of each record that was read.
fn column(answer: &Value, name: &str) -> Vec<String> {
    let rows = answer["AbEntry"]["Data"].as_array().cloned().unwrap_or_default();
    rows.iter()
        .map(|row| row[name].as_str().unwrap_or_default().to_owned())
        .collect()
}
