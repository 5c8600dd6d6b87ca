//! What is legal in a description and yet probably not what its author wants.

mod names;
mod schema;

use periodic_sdk::{
    description::{Description, Resource, ResourceOperation},
    poller::PollerConfiguration,
    template::{Moment, PollerUrl},
};
use serde::Serialize;
use serde_json::{Map, Value};

use self::{
    names::{Asked, lint_names},
    schema::lint_schema,
};
use crate::{
    egress::{UrlPatterns, WEBHOOK},
    session,
};

/// Something to mend.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    /// How bad it is.
    pub(super) severity: Severity,
    /// Where in the description.
    pub(super) place: String,
    /// What is wrong and what to do.
    pub(super) what: String,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Severity {
    /// It cannot work.
    Error,
    /// It works, but probably not as meant.
    Warning,
}

/// Look for everything, in a description and in the JSON that it was read from.
pub(super) fn lint(description: &Description, described: &Value) -> anyhow::Result<Vec<Finding>> {
    let mut findings = Vec::new();
    lint_schema(described, &mut findings)?;
    if !is_key(&description.key) {
        let what = "has to be made of lower-case letters, digits, - and _: it stands in URLs";
        findings.push(error("key", what));
    }
    if description.id == 0 {
        findings.push(warning(
            "id",
            "is 0; choose a number of your own, and keep it for ever",
        ));
    }
    for (name, resource) in &description.resources {
        lint_resource(description, name, resource, &mut findings);
    }
    lint_egress(description, &mut findings);
    lint_secrets(description, &mut findings);
    lint_names(description, &mut findings);
    Ok(findings)
}

fn lint_resource(description: &Description, name: &str, resource: &Resource, findings: &mut Vec<Finding>) {
    let place = format!("resources.{name}");
    let addresses = [
        ResourceOperation::Get,
        ResourceOperation::Update,
        ResourceOperation::Delete,
    ];
    let addressed = resource
        .operations
        .iter()
        .any(|operation| addresses.contains(operation));
    if resource.id_field.is_none() && (addressed || resource.polling.is_some()) {
        let what = "has no idField; say which member of a record is what GET /{resource}/{id} takes";
        findings.push(warning(&place, what));
    }
    if resource.operations.is_empty() && resource.polling.is_none() && resource.webhook_events.is_empty() {
        let what = "can neither be read nor polled nor told by webhooks; give it operations, or leave it out";
        findings.push(warning(&place, what));
    }
    if let Some(polling) = &resource.polling {
        let place = format!("{place}.polling");
        let asked = Asked::default();
        if let Err(what) = check_polling(name, polling, &asked) {
            findings.push(error(&place, &what));
        }
        asked.lint(description, &place, findings);
    }
}

/// Compile the configuration and render its URL for some window.
fn check_polling(name: &str, polling: &Map<String, Value>, asked: &Asked) -> Result<(), String> {
    let json = Value::Object(polling.clone()).to_string();
    let any = |key: &str| asked.answer(key, "UTC");
    let configuration = PollerConfiguration::parse(&json).map_err(|error| error.to_string())?;
    let poller = configuration
        .compile(&any, 0.0)
        .map_err(|error| error.to_string())?;
    let rendered = poller.template.render(&Moment {
        since_ms: 0,
        now_ms: 0,
        default_format: configuration.dates_configuration.updated_date_format.as_deref(),
        placeholders: &any,
    });
    let rendered = rendered.map_err(|error| format!("url: {error}"))?;
    let url = PollerUrl::parse(&rendered).map_err(|error| format!("url: {error}"))?;
    match url.resource() {
        asked if asked == name => Ok(()),
        asked => Err(format!("url: reads {asked:?}; its path should be /{name}")),
    }
}

fn lint_egress(description: &Description, findings: &mut Vec<Finding>) {
    if description.egress.is_empty() {
        let what = "is empty: no request can be sent; declare the provider's URLs, for instance https://api.acme.com/*";
        findings.push(error("egress", what));
    }
    for pattern in &description.egress {
        let place = format!("egress {pattern:?}");
        let any = |_: &str| Some("https://value.example.com".to_owned());
        if let Err(wrong) = UrlPatterns::compile(std::slice::from_ref(pattern), &any) {
            findings.push(error(&place, &wrong.to_string()));
            continue;
        }
        let Some((scheme, rest)) = pattern.split_once("://") else {
            continue;
        };
        let host = rest.split(['/', ':']).next().unwrap_or_default();
        if host.strip_prefix("*.").is_some_and(|rest| !rest.contains('.')) {
            findings.push(error(
                &place,
                "is too wide: it matches other companies' hosts; name the provider's domain",
            ));
        }
        if scheme == "http" {
            findings.push(warning(
                &place,
                "sends in clear; use https, and a configuration key for servers without it",
            ));
        }
    }
}

fn lint_secrets(description: &Description, findings: &mut Vec<Finding>) {
    let bound = |name: &str| description.secrets.iter().any(|binding| binding.secret == name);
    for key in description.configuration.iter().filter(|key| key.secret) {
        if !bound(&key.key) {
            let what = "is a secret that is bound to no place: it can never be sent; add it to secrets";
            findings.push(warning(&format!("configuration {:?}", key.key), what));
        }
    }
    for binding in &description.secrets {
        let place = format!("secrets {:?}", binding.secret);
        let own = binding.secret.starts_with("oauth.");
        if !own && !session::is_secret(description, &binding.secret) {
            let what =
                "is no configuration key that is declared secret; it exists only if a capture makes it";
            findings.push(warning(&place, what));
        }
        // What the provider's own calls are verified with goes to no address.
        let stays = binding.places.iter().all(|bound| bound == WEBHOOK);
        if binding.places.is_empty() || (binding.urls.is_empty() && !stays) {
            let what =
                "goes nowhere: it needs at least one place, and for every place but webhook a URL pattern";
            findings.push(error(&place, what));
        }
    }
}

fn is_key(key: &str) -> bool {
    let legal =
        |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || matches!(letter, '-' | '_');
    !key.is_empty() && key.chars().all(legal)
}

fn error(place: &str, what: &str) -> Finding {
    finding(Severity::Error, place, what)
}

fn warning(place: &str, what: &str) -> Finding {
    finding(Severity::Warning, place, what)
}

fn finding(severity: Severity, place: &str, what: &str) -> Finding {
    Finding {
        severity,
        place: place.to_owned(),
        what: what.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(change: &str, expected: &[&str]) {
        let mut description = serde_json::json!({
            "key": "acme", "name": "Acme", "id": 7, "hub": "crm", "authentication": { "type": "apiKey" },
            "configuration": [
                { "key": "acme.key", "name": "Key", "secret": true },
                { "key": "acme.url", "name": "Address", "type": "TEXTFIELD_1000" },
            ],
            "resources": { "things": {
                "operations": ["list", "get"], "idField": "id",
                "polling": { "url": "/things?where=at>'${gmtDate:yyyy}'", "idField": "id" },
            } },
            "egress": ["https://api.acme.com/*", "{acme.url}*"],
            "secrets": [{ "secret": "acme.key", "places": ["bearer"], "urls": ["https://api.acme.com/*"] }],
        });
        let Value::Object(changes) = serde_json::from_str(change).unwrap() else {
            panic!("{change}")
        };
        description.as_object_mut().unwrap().extend(changes);
        let found = lint(
            &serde_json::from_value(description.clone()).unwrap(),
            &description,
        )
        .unwrap();
        let found: Vec<String> = found
            .iter()
            .map(|finding| format!("{:?} {}: {}", finding.severity, finding.place, finding.what))
            .collect();
        let matches = found.len() == expected.len()
            && found
                .iter()
                .zip(expected)
                .all(|(found, expected)| found.starts_with(expected));
        assert!(matches, "{change}\n{found:#?}");
    }

    #[test]
    fn findings_name_the_place() {
        let cases: &[(&str, &[&str])] = &[
            ("{}", &[]),
            (r#"{"key": "Acme Inc"}"#, &["Error key: has to be made of"]),
            (r#"{"id": 0}"#, &["Warning id: is 0"]),
            (
                r#"{"resources": {"x": {}}}"#,
                &["Warning resources.x: can neither"],
            ),
            (
                r#"{"resources": {"x": {"operations": ["get"]}}}"#,
                &["Warning resources.x: has no idField"],
            ),
            (
                r#"{"resources": {"x": {"idField": "id", "polling": {"url": "/x?where=a>'${dat:y}'", "idField": "id"}}}}"#,
                &["Error resources.x.polling: url: "],
            ),
            (
                r#"{"resources": {"x": {"idField": "id", "polling": {"url": "/y", "idField": "id"}}}}"#,
                &["Error resources.x.polling: url: reads \"y\""],
            ),
            (r#"{"egress": []}"#, &["Error egress: is empty"]),
            (
                r#"{"egress": ["https://*.com/*"]}"#,
                &["Error egress \"https://*.com/*\": is too wide"],
            ),
            (
                r#"{"egress": ["http://a.b/*"]}"#,
                &["Warning egress \"http://a.b/*\": sends in clear"],
            ),
            (
                r#"{"egress": ["nonsense"]}"#,
                &["Error egress \"nonsense\": the URL pattern"],
            ),
            (
                r#"{"egress": ["https://api.acme.com/*", "{acme.ulr}*", "{acme.api.url}*"]}"#,
                &[
                    "Warning egress \"{acme.ulr}*\": {acme.ulr} is no configuration key; did you mean {acme.url}?",
                ],
            ),
            (
                r#"{"egress": ["https://api.acme.com/{acme.key}/*"]}"#,
                &["Error egress \"https://api.acme.com/{acme.key}/*\": {acme.key} is a secret"],
            ),
            (
                r#"{"resources": {"x": {"idField": "id", "polling": {"url": "/x?in={acme.uri}", "idFeild": "id"}}}}"#,
                &[
                    "Warning resources.x.polling: \"idFeild\" is no member that this host knows; did you mean idField?",
                    "Warning resources.x.polling: {acme.uri} is no configuration key; did you mean {acme.url}?",
                ],
            ),
            (
                r#"{"rateLimits": [{"requests": 1, "seconds": 1, "account": ["acme.key", "acme.urls"]}]}"#,
                &[
                    "Warning rateLimits[0].account: {acme.urls} is no configuration key; did you mean {acme.url}?",
                ],
            ),
            (
                r#"{"resources": {"x": {"operations": ["list"], "webhookEvent": ["UPDATED"], "pollEvents": ["UPDATD"]}}}"#,
                &[
                    "Warning resources.x: \"webhookEvent\" is no member that this host knows; did you mean webhookEvents?",
                    "Error resources.x.pollEvents[0]: \"UPDATD\" is none of CREATED, UPDATED, DELETED; did you mean UPDATED?",
                ],
            ),
            (
                r#"{"egres": []}"#,
                &["Warning describe: \"egres\" is no member that this host knows; did you mean egress?"],
            ),
            (
                r#"{"secrets": [{"secret": "acme.key", "places": ["bsic", "heeder:X", "header:", "nowhere"], "urls": ["https://a.b/*"]}]}"#,
                &[
                    "Error secrets \"acme.key\": \"bsic\" is no place of a request; did you mean basic?",
                    "Error secrets \"acme.key\": \"heeder:X\" is no place of a request; did you mean header:NAME?",
                    "Error secrets \"acme.key\": \"header:\" is no place of a request; did you mean header:NAME?",
                    "Error secrets \"acme.key\": \"nowhere\" is no place of a request; places are bearer, basic,",
                ],
            ),
            (
                r#"{"secrets": [{"secret": "acme.key", "places": ["webhook"], "urls": []}]}"#,
                &[],
            ),
            (
                r#"{"secrets": [{"secret": "acme.key", "places": ["webhook", "bearer"], "urls": []}]}"#,
                &["Error secrets \"acme.key\": goes nowhere"],
            ),
            (
                r#"{"secrets": []}"#,
                &["Warning configuration \"acme.key\": is a secret that is bound"],
            ),
            (
                r#"{"secrets": [{"secret": "acme.key", "places": [], "urls": []}, {"secret": "x", "places": ["bearer"], "urls": ["https://a.b/*"]}]}"#,
                &[
                    "Error secrets \"acme.key\": goes nowhere",
                    "Warning secrets \"x\": is no configuration key",
                ],
            ),
        ];
        for (change, expected) in cases {
            check(change, expected);
        }
    }
}
