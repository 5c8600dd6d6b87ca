//! `periodic instances create`: from an element's key to an instance, with as little writing as possible.

use anyhow::{anyhow, bail};
use http::Method;
use periodic_sdk::description::AuthenticationKind;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    Target, ask,
    given::{Given, warn_of_unknown},
    grant::Grant,
    segment, unlike,
};
use crate::{
    cli::report::warn,
    instance::{self, NOTIFICATIONS_ENABLED, POLLER_CONFIGURATION, VENDOR_TYPE, check_poll, is_webhook},
    vault::Secret,
};

/// `periodic instances create`.
///
/// What the element needs and no option says is asked for on a terminal; secrets do not appear there. Without a terminal,
/// what is missing is an error that names the options.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  periodic instances create acme-shop\n  periodic instances create acme-shop \
                        --set-from acme-shop.key=ACME_SHOP_KEY --poll contacts \\\n    --notify \
                        https://example.com/events"
)]
pub(in crate::cli) struct Create {
    #[command(flatten)]
    target: Target,
    /// The element's key: see `periodic elements list`.
    element: String,
    /// The instance's name [default: the element's].
    #[arg(long)]
    name: Option<String>,
    /// A tag; may be given several times.
    #[arg(long, value_name = "TAG")]
    tag: Vec<String>,
    #[command(flatten)]
    given: Given,
    /// Poll this resource as the element does by default; may be given several times.
    #[arg(long = "poll", value_name = "RESOURCE")]
    poll: Vec<String>,
    /// Minutes between polls.
    #[arg(long, value_name = "MINUTES")]
    interval: Option<String>,
    /// Where notifications go.
    #[arg(long, value_name = "URL")]
    notify: Option<String>,
    #[command(flatten)]
    grant: Grant,
    /// Ask nothing, even on a terminal.
    #[arg(long)]
    no_input: bool,
}

/// What the host says that an element needs; see [`crate::instance::Setup`].
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Setup {
    pub(super) element: String,
    name: String,
    pub(super) authentication: AuthenticationKind,
    consent: bool,
    questions: Vec<Question>,
    resources: Vec<Pollable>,
}

#[derive(Debug, Deserialize)]
struct Question {
    key: String,
    name: String,
    description: String,
    secret: bool,
    needed: bool,
    default: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Pollable {
    resource: String,
    events: Vec<String>,
    ready: bool,
}

impl Create {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let asks = !self.no_input && ask::somebody();
        let setup = Setup::of(&self.target, &self.element).await?;
        let mut configuration = self.configuration()?;
        let given = configuration.keys().map(String::as_str);
        warn_of_unknown(&self.target, &setup, given, &Map::new());
        answer(&setup, &mut configuration, asks)?;
        self.events(&setup, &mut configuration, asks)?;
        let mut request = json!({
            "element": { "key": setup.element },
            "name": self.name.as_deref().unwrap_or(&setup.name),
            "tags": self.tag,
        });
        if setup.consent {
            let granted = self.grant.obtain(&self.target, &setup, &mut configuration, asks);
            request["providerData"] = granted.await?;
        }
        request["configuration"] = Value::Object(configuration);
        let instance = self
            .target
            .send(Method::POST, "/instances", Some(&request))
            .await?;
        if let Some(url) = &self.notify
            && !is_on(&instance)
        {
            let what = format!(
                "--notify {url} is without effect: no events are looked for; say --poll RESOURCE or --set \
                 {VENDOR_TYPE}=webhook when an instance is made, and of this one periodic instances change {} --set \
                 {NOTIFICATIONS_ENABLED}=true",
                instance["id"]
            );
            warn(&what, self.target.json);
        }
        self.target.show(&instance)
    }

    /// What the options say.
    fn configuration(&self) -> anyhow::Result<Map<String, Value>> {
        let mut configuration = self.given.configuration()?;
        let options = [
            ("event.poller.refresh_interval", &self.interval),
            ("event.notification.callback.url", &self.notify),
        ];
        for (key, value) in options {
            configuration.extend(value.iter().map(|value| (key.to_owned(), json!(value))));
        }
        Ok(configuration)
    }

    /// What is to be polled.
    fn events(
        &self,
        setup: &Setup,
        configuration: &mut Map<String, Value>,
        asks: bool,
    ) -> anyhow::Result<()> {
        let pollable: Vec<_> = setup.resources.iter().map(Pollable::shown).collect();
        for asked in &self.poll {
            check_poll(&setup.element, &pollable, asked, true)
                .map_err(|what| anyhow!("--poll {asked}: {what}"))?;
        }
        let mut chosen = self.poll.clone();
        if chosen.is_empty()
            && asks
            && !configuration.contains_key(POLLER_CONFIGURATION)
            && !setup.resources.is_empty()
        {
            let ready: Vec<_> = setup.resources.iter().filter(|pollable| pollable.ready).collect();
            let shown: Vec<_> = ready
                .iter()
                .map(|pollable| format!("{} ({})", pollable.resource, pollable.events.join(", ")))
                .collect();
            let shown: Vec<&str> = shown.iter().map(String::as_str).collect();
            let picked = ask::some("Which changes should be told?", &shown)?;
            chosen.extend(
                picked
                    .iter()
                    .filter_map(|at| ready.get(*at))
                    .map(|pollable| pollable.resource.clone()),
            );
            if !chosen.is_empty() && self.notify.is_none() {
                let url = ask::line(
                    "Where should notifications go? (URL; empty keeps events to be read)",
                    None,
                    false,
                )?;
                if !url.trim().is_empty() {
                    configuration.insert("event.notification.callback.url".to_owned(), json!(url.trim()));
                }
            }
        }
        if !chosen.is_empty() {
            let pollers: Map<String, Value> =
                chosen.into_iter().map(|resource| (resource, json!({}))).collect();
            configuration.insert(NOTIFICATIONS_ENABLED.to_owned(), json!(true));
            configuration.insert(POLLER_CONFIGURATION.to_owned(), Value::Object(pollers));
        }
        // Who names the place where notifications go wants some: what the provider tells of needs no choice of resources.
        let calls = configuration.get(VENDOR_TYPE).and_then(Value::as_str);
        if self.notify.is_some() && calls.is_some_and(is_webhook) {
            let enabled = configuration.entry(NOTIFICATIONS_ENABLED);
            enabled.or_insert(json!(true));
        }
        Ok(())
    }
}

impl Pollable {
    /// As the host knows it.
    fn shown(&self) -> instance::Pollable<'_> {
        instance::Pollable {
            resource: &self.resource,
            events: &self.events,
            ready: self.ready,
        }
    }
}

/// Whether events are looked for.
fn is_on(instance: &Value) -> bool {
    match &instance["configuration"][NOTIFICATIONS_ENABLED] {
        Value::Bool(on) => *on,
        Value::String(on) => on.trim().eq_ignore_ascii_case("true"),
        _ => false,
    }
}

impl Setup {
    /// Ask the host.
    pub(super) async fn of(target: &Target, element: &str) -> anyhow::Result<Self> {
        let path = format!("/elements/{}/setup", segment(element));
        let setup = target.get(&path).await?;
        serde_json::from_value(setup).map_err(|error| anyhow!(unlike(&error.to_string())))
    }

    /// The element's configuration keys.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.questions.iter().map(|question| question.key.as_str())
    }

    /// Whether the element declares this key secret.
    pub(super) fn is_secret(&self, key: &str) -> bool {
        let mut questions = self.questions.iter();
        questions.any(|question| question.key == key && question.secret)
    }
}

/// Ask for what is needed and not there, or say what is missing.
fn answer(setup: &Setup, configuration: &mut Map<String, Value>, asks: bool) -> anyhow::Result<()> {
    let open: Vec<&Question> = setup
        .questions
        .iter()
        .filter(|question| question.needed && !configuration.contains_key(&question.key))
        .collect();
    if !asks && !open.is_empty() {
        let options: Vec<String> = open
            .iter()
            .map(|question| {
                let option = if question.secret { "--set-from" } else { "--set" };
                format!("{option} {}=… ({})", question.key, question.name)
            })
            .collect();
        bail!("{} needs more: {}", setup.element, options.join(", "));
    }
    for question in open {
        let what = match question.description.as_str() {
            "" => question.name.clone(),
            description => format!("{} ({description})", question.name),
        };
        let value = if question.secret {
            ask::secret(&what)?
        } else {
            Secret::from(ask::line(&what, question.default.as_deref(), true)?)
        };
        configuration.insert(question.key.clone(), json!(value.expose()));
    }
    Ok(())
}
