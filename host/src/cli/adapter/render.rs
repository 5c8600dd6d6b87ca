//! `periodic adapter render`: a poll's URL and requests, without a poll.

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context as _, bail};
use chrono::DateTime;
use periodic_sdk::{
    description::{Description, Resource},
    template::{Moment, Template, TemplateError},
};
use serde_json::{Map, Value, json};

use super::lint::names::nearest;
use crate::{
    adapter::{
        Adapter, Sandbox,
        contract::{poller, types},
    },
    case::credential_text,
    clock::{Clock, Millis},
    config::{Flags, load},
    egress::{self, Audience, Egress, Refused, Secrets, UrlPatterns},
    vault::Secret,
};

/// The exit code of a template that is refused, and of requests that no host would send.
const REFUSED: u8 = 2;

/// `periodic adapter render`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// The adapter's .wasm file.
    file: PathBuf,
    /// The description file that belongs to it: NAME.element.toml.
    #[arg(long, value_name = "FILE")]
    package: Option<PathBuf>,
    /// The resource to poll.
    #[arg(long)]
    resource: String,
    /// Start of the window, for instance 2018-02-01T08:05:07.089Z.
    #[arg(long, value_parser = instant)]
    since: Millis,
    /// End of the window [default: the present].
    #[arg(long, value_parser = instant)]
    now: Option<Millis>,
    /// A poller URL to render instead of the resource's own.
    #[arg(long, value_name = "URL")]
    template: Option<String>,
    /// A configuration value of the instance, KEY=VALUE; repeatable.
    #[arg(long, value_name = "KEY=VALUE", value_parser = setting)]
    set: Vec<(String, String)>,
    /// Print one object with `expanded` and `requests`.
    #[arg(long)]
    json: bool,
}

/// What a poll begins with.
enum Beginning {
    Requests(Vec<Asked>),
    /// The adapter does not want this URL, or not with this configuration.
    Refused(String),
}

/// A request, and why a host would not send it.
struct Asked {
    request: types::Request,
    refused: Option<Refused>,
}

pub(super) async fn run(flags: &Flags, sandbox: &Sandbox, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let adapter = sandbox
        .load(&arguments.file, arguments.package.as_deref())
        .await?;
    let description = adapter.description();
    let resource = find(description, &arguments.resource)?;
    let configuration = configuration(&arguments.resource, resource, arguments.template.as_deref())?;
    let now = arguments.now.unwrap_or_else(|| Clock::system().now());

    let settings = Settings::new(description, &arguments.set);
    settings.lint(description);
    let expanded = match expand(&configuration, arguments.since, now, &settings) {
        Ok(expanded) => expanded,
        Err(refused) => {
            eprintln!("error: the template is refused: {refused}");
            return Ok(ExitCode::from(REFUSED));
        }
    };
    let job = poller::Job {
        resource: arguments.resource.clone(),
        configuration: Value::Object(configuration.clone()).to_string(),
        since: arguments.since,
        until: now,
        checkpoint: None,
    };
    let begun = begin(&adapter, &settings.context(now, adapter.package()), job).await?;
    let beginning = match begun {
        Ok(requests) => Beginning::Requests(judge(flags, description, &settings, requests)?),
        Err(why) => Beginning::Refused(why),
    };
    if arguments.json {
        print_json(&expanded, &beginning)?;
    } else {
        print_steps(&configuration, &expanded, &beginning, &settings);
    }
    match beginning {
        Beginning::Requests(asked) => {
            let refused = asked.iter().filter_map(|asked| asked.refused.as_ref());
            let refused: Vec<_> = refused.collect();
            for refused in &refused {
                eprintln!("error: a host would not send this: {refused}");
            }
            Ok(if refused.is_empty() {
                ExitCode::SUCCESS
            } else {
                ExitCode::from(REFUSED)
            })
        }
        Beginning::Refused(why) => {
            eprintln!("error: {} refuses to poll this: {why}", adapter.key());
            Ok(ExitCode::FAILURE)
        }
    }
}

fn find<'a>(description: &'a Description, name: &str) -> anyhow::Result<&'a Resource> {
    let names: Vec<&str> = description.resources.keys().map(String::as_str).collect();
    description.resources.get(name).with_context(|| {
        format!(
            "{} has no resource {name:?}; it has {}",
            description.key,
            names.join(", ")
        )
    })
}

/// The resource's own poller configuration, with another URL if there is one.
fn configuration(
    name: &str,
    resource: &Resource,
    template: Option<&str>,
) -> anyhow::Result<Map<String, Value>> {
    let mut configuration = match (&resource.polling, template) {
        (Some(polling), _) => polling.clone(),
        (None, Some(_)) => Map::from_iter([("idField".to_owned(), json!(resource.id_field))]),
        (None, None) => bail!("{name} is not polled unless an instance says how; give a --template"),
    };
    if let Some(template) = template {
        configuration.insert("url".to_owned(), template.into());
    }
    Ok(configuration)
}

fn expand(
    configuration: &Map<String, Value>,
    since: Millis,
    now: Millis,
    settings: &Settings,
) -> Result<String, TemplateError> {
    let url = configuration
        .get("url")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let format = configuration
        .get("datesConfiguration")
        .and_then(|dates| dates.get("updatedDateFormat"));
    Template::parse(url)?.render(&Moment {
        since_ms: since,
        now_ms: now,
        default_format: format.and_then(Value::as_str),
        placeholders: &|name| settings.get(name),
    })
}

/// The requests of a poll, or why the adapter does not want to make them.
async fn begin(
    adapter: &Adapter,
    context: &types::Context,
    mut job: poller::Job,
) -> anyhow::Result<Result<Vec<types::Request>, String>> {
    match adapter.plan(context, &job.resource, &job.configuration).await? {
        Ok(planned) => job.configuration = planned,
        Err(why) => return Ok(Err(why)),
    }
    Ok(match adapter.poll(context, &job).await? {
        Ok(poller::Step::Send(exchange)) => Ok(exchange.requests),
        Ok(poller::Step::Page(page)) => Ok(page.next.map_or_else(Vec::new, |next| next.requests)),
        Err(failure) => Err(crate::session::Failure::from(failure).to_string()),
    })
}

/// Complete the requests as a host would that finds every secret: addresses and places have to be declared, and to be
/// allowed where the settings narrow them. Which networks are open is not the adapter's business.
fn judge(
    flags: &Flags,
    description: &Description,
    settings: &Settings,
    requests: Vec<types::Request>,
) -> anyhow::Result<Vec<Asked>> {
    let elements = load(flags)?.settings.elements;
    let narrowed = elements
        .get(&description.key)
        .and_then(|own| own.egress.as_deref());
    let audience = Audience::new(description, narrowed, &|key| settings.get(key))?;
    let egress = Egress::new(egress::Options::default().opened(), Clock::system())?;
    let mut secrets = Secrets::default();
    for name in &settings.secrets {
        secrets.insert(name.clone(), Secret::from(name.as_str()));
    }
    let asked = requests.into_iter().map(|request| Asked {
        refused: egress.complete_url(&audience, &secrets, &request).err(),
        request,
    });
    Ok(asked.collect())
}

/// The instance's configuration as it is assumed here.
struct Settings {
    known: Vec<(String, String)>,
    /// Keys that egress patterns begin with and that nobody gave: addresses that are not known here.
    invented: Vec<String>,
    secrets: Vec<String>,
}

impl Settings {
    fn new(description: &Description, given: &[(String, String)]) -> Self {
        let defaults = description.configuration.iter();
        let defaults = defaults.filter_map(|key| Some((key.key.clone(), key.default.clone()?)));
        let mut known: Vec<(String, String)> = given.to_vec();
        for (key, value) in defaults {
            if !known.iter().any(|(other, _)| *other == key) {
                known.push((key, value));
            }
        }
        let mut invented = Vec::new();
        for key in description
            .egress
            .iter()
            .filter_map(|pattern| leading_key(pattern))
        {
            if !known.iter().any(|(other, _)| other == key) {
                known.push((key.to_owned(), format!("https://{key}.invalid")));
                invented.push(key.to_owned());
            }
        }
        let secrets = description.secrets.iter().map(|binding| binding.secret.clone());
        Self {
            known,
            invented,
            secrets: secrets.collect(),
        }
    }

    /// A key that nobody knows is one that the adapter derives, or a slip of the pen.
    fn lint(&self, description: &Description) {
        for (key, _) in &self.known {
            let declared = description.configuration.iter().map(|known| known.key.as_str());
            if let Some(near) = nearest(key, declared).filter(|near| near != key) {
                eprintln!(
                    "warning: {} has no configuration key {key}; did you mean {near}?",
                    description.key
                );
            }
        }
    }

    fn get(&self, key: &str) -> Option<String> {
        let found = self.known.iter().find(|(other, _)| other == key)?;
        Some(found.1.clone())
    }

    fn context(&self, now: Millis, package: Option<&[u8]>) -> types::Context {
        let setting = |(key, value): &(String, String)| types::Setting {
            key: key.clone(),
            value: value.clone(),
        };
        types::Context {
            now,
            configuration: self.known.iter().map(setting).collect(),
            secrets: self.secrets.clone(),
            package: package.map(<[u8]>::to_vec),
        }
    }
}

/// `acme.url` of `{acme.url}*`.
fn leading_key(pattern: &str) -> Option<&str> {
    UrlPatterns::keys(pattern)
        .next()
        .filter(|_| pattern.starts_with('{'))
}

fn print_json(expanded: &str, beginning: &Beginning) -> anyhow::Result<()> {
    let shown = match beginning {
        Beginning::Requests(requests) => {
            json!({ "expanded": expanded, "requests": requests.iter().map(shown).collect::<Vec<_>>() })
        }
        Beginning::Refused(why) => json!({ "expanded": expanded, "requests": [], "refused": why }),
    };
    println!("{}", serde_json::to_string_pretty(&shown)?);
    Ok(())
}

fn print_steps(
    configuration: &Map<String, Value>,
    expanded: &str,
    beginning: &Beginning,
    settings: &Settings,
) {
    let template = configuration
        .get("url")
        .and_then(Value::as_str)
        .unwrap_or_default();
    println!("template  {template}");
    println!("expanded  {expanded}");
    for key in &settings.invented {
        println!("assumed   {key} = https://{key}.invalid (give it with --set {key}=URL)");
    }
    let Beginning::Requests(requests) = beginning else {
        return;
    };
    for Asked { request, refused } in requests {
        println!("request   {} {}", request.method, request.url);
        for types::Header { name, value } in &request.headers {
            println!("          {name}: {value}");
        }
        for credential in &request.credentials {
            println!("          with {}", credential_text(credential));
        }
        if let Some(body) = text(&request.body) {
            println!("          {body}");
        }
        if let Some(refused) = refused {
            println!("refused   {refused}");
        }
    }
}

fn shown(Asked { request, refused }: &Asked) -> Value {
    let headers: Map<String, Value> = request
        .headers
        .iter()
        .map(|header| (header.name.clone(), header.value.clone().into()))
        .collect();
    let body = match &request.body {
        types::Body::Json(json) => serde_json::from_str(json).unwrap_or_else(|_broken| json.clone().into()),
        other => text(other).map_or(Value::Null, Value::from),
    };
    let mut shown = json!({
        "method": request.method, "url": request.url, "headers": headers, "body": body,
        "credentials": request.credentials.iter().map(credential_text).collect::<Vec<_>>(),
    });
    if let (Some(refused), Some(members)) = (refused, shown.as_object_mut()) {
        members.insert("refused".to_owned(), refused.to_string().into());
    }
    shown
}

fn text(body: &types::Body) -> Option<String> {
    match body {
        types::Body::None => None,
        types::Body::Json(json) => Some(json.clone()),
        types::Body::Form(fields) => {
            let pairs = fields.iter().map(|field| (&field.name, &field.value));
            Some(
                url::form_urlencoded::Serializer::new(String::new())
                    .extend_pairs(pairs)
                    .finish(),
            )
        }
        types::Body::Bytes(content) => Some(String::from_utf8_lossy(&content.data).into_owned()),
    }
}

fn instant(text: &str) -> Result<Millis, String> {
    DateTime::parse_from_rfc3339(text)
        .map(|instant| instant.timestamp_millis())
        .map_err(|error| format!("{error}; it should be like 2018-02-01T08:05:07.089Z"))
}

fn setting(text: &str) -> Result<(String, String), String> {
    let (key, value) = text
        .split_once('=')
        .ok_or("it should be like acme.site=https://crm.example.com")?;
    Ok((key.to_owned(), value.to_owned()))
}
