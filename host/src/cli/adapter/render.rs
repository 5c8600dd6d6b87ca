//! `periodic adapter render`: a poll's URL and requests, without a poll.

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context as _, anyhow, bail};
use chrono::{DateTime, SecondsFormat};
use periodic_sdk::{
    description::{Description, Resource},
    template::{Moment, Template, TemplateFault},
};
use serde_json::{Map, Value, json};

use crate::{
    adapter::{
        Adapter, Sandbox,
        contract::{poller, types},
    },
    case::credential_text,
    cli::{
        nearest::nearest,
        report::{complain, warn},
    },
    clock::{Clock, Millis},
    config::{Flags, load},
    egress::{self, Audience, Egress, Refused, Secrets, UrlPatterns},
    instance::{Setup, check_poll},
    session,
    vault::Secret,
};

/// The exit code of a template or a window that is refused, and of requests that no host would send.
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
    /// Print one object with `expanded` and `requests`, errors as JSON too.
    #[arg(long)]
    json: bool,
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
    let configuration = configuration(
        description,
        &arguments.resource,
        resource,
        arguments.template.as_deref(),
    )?;
    let now = arguments.now.unwrap_or_else(|| Clock::system().now());
    let refuse = |why: &str| {
        complain(why, arguments.json);
        Ok(ExitCode::from(REFUSED))
    };
    if let Err(wrong) = check_window(arguments.since, now) {
        return refuse(&wrong);
    }

    let settings = Settings::new(description, &arguments.set);
    settings.lint(description, arguments.json);
    let expanded = match expand(description, &configuration, arguments.since, now, &settings) {
        Ok(expanded) => expanded,
        Err(refused) => return refuse(&format!("the template is refused: {refused}")),
    };
    let job = poller::Job {
        resource: arguments.resource.clone(),
        configuration: Value::Object(configuration.clone()).to_string(),
        since: arguments.since,
        until: now,
        checkpoint: None,
    };
    let begun = begin(&adapter, &settings.context(now, adapter.package()), job).await?;
    if !arguments.json {
        print_template(&configuration, &expanded, &settings);
    }
    let requests = match begun {
        Ok(requests) => judge(flags, description, &settings, requests)?,
        Err(why) => return refuse(&format!("{} refuses to poll this: {why}", adapter.key())),
    };
    if arguments.json {
        print_json(&expanded, &requests)?;
    } else {
        requests.iter().for_each(print_request);
    }
    let refused = requests.iter().filter_map(|asked| asked.refused.as_ref());
    let refused: Vec<_> = refused.collect();
    for refused in &refused {
        complain(&format!("a host would not send this: {refused}"), arguments.json);
    }
    Ok(if refused.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(REFUSED)
    })
}

/// A window that ends before it starts is a slip of the pen.
fn check_window(since: Millis, now: Millis) -> Result<(), String> {
    if since <= now {
        return Ok(());
    }
    let written = |instant| {
        let instant = DateTime::from_timestamp_millis(instant).unwrap_or_default();
        instant.to_rfc3339_opts(SecondsFormat::AutoSi, true)
    };
    Err(format!(
        "the window ends before it starts: --since {} is after --now {}, which is the present where it is not given",
        written(since),
        written(now)
    ))
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
    description: &Description,
    name: &str,
    resource: &Resource,
    template: Option<&str>,
) -> anyhow::Result<Map<String, Value>> {
    // A host refuses it whatever the template.
    let pollable = Setup::of(description, None).resources;
    check_poll(&description.key, &pollable, name, false).map_err(|what| anyhow!(what))?;
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

/// The URL of a poll, or why its template is refused.
fn expand(
    description: &Description,
    configuration: &Map<String, Value>,
    since: Millis,
    now: Millis,
    settings: &Settings,
) -> Result<String, String> {
    let url = configuration
        .get("url")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let format = configuration
        .get("datesConfiguration")
        .and_then(|dates| dates.get("updatedDateFormat"));
    let moment = Moment {
        since_ms: since,
        now_ms: now,
        default_format: format.and_then(Value::as_str),
        placeholders: &|name| settings.get(name),
    };
    let rendered = Template::parse(url).and_then(|template| template.render(&moment));
    rendered.map_err(|refused| match &refused.fault {
        TemplateFault::Unfilled { name } if session::is_secret(description, name) => format!(
            "{{{name}}} is a secret and stands in no URL: drop it, requests bring it along as a credential at {}",
            refused.place
        ),
        _ => refused.to_string(),
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
        Err(failure) => Err(session::Failure::from(failure).to_string()),
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
        // Secrets are no configuration: no adapter is handed one, and none stands in a URL.
        let is_plain = |key: &str| !session::is_secret(description, key);
        let defaults = description.configuration.iter().filter(|key| is_plain(&key.key));
        let defaults = defaults.filter_map(|key| Some((key.key.clone(), key.default.clone()?)));
        let given = given.iter().filter(|(key, _)| is_plain(key));
        let mut known: Vec<(String, String)> = given.cloned().collect();
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
            .filter(|key| is_plain(key))
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
    fn lint(&self, description: &Description, for_programs: bool) {
        for (key, _) in &self.known {
            let declared = description.configuration.iter().map(|known| known.key.as_str());
            if let Some(near) = nearest(key, declared).filter(|near| near != key) {
                let what = format!(
                    "{} has no configuration key {key}; did you mean {near}?",
                    description.key
                );
                warn(&what, for_programs);
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

fn print_json(expanded: &str, requests: &[Asked]) -> anyhow::Result<()> {
    let shown: Vec<Value> = requests.iter().map(shown).collect();
    let shown = json!({ "expanded": expanded, "requests": shown });
    println!("{}", serde_json::to_string_pretty(&shown)?);
    Ok(())
}

fn print_template(configuration: &Map<String, Value>, expanded: &str, settings: &Settings) {
    let template = configuration
        .get("url")
        .and_then(Value::as_str)
        .unwrap_or_default();
    println!("template  {template}");
    println!("expanded  {expanded}");
    for key in &settings.invented {
        println!("assumed   {key} = https://{key}.invalid (give it with --set {key}=URL)");
    }
}

fn print_request(Asked { request, refused }: &Asked) {
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
