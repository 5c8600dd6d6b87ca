//! Where settings come from.

use std::{
    collections::BTreeMap,
    fmt,
    io::ErrorKind,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use figment::{
    Figment, Metadata, Profile, Provider, Source,
    providers::{Env, Format as _, Serialized, Toml},
    value::{Dict, Map, Value},
};
use ipnet::IpNet;

use super::{ConfigError, Settings, Span, settings::VARIABLES, shapes};
use crate::instance::MASK;

/// The file that is looked for where nobody names one.
const FILE: &str = "periodic.toml";
const PREFIX: &str = "PERIODIC_";

/// The heading of the settings in a command's help.
pub const SETTINGS: &str = "Settings";

/// What the command line sets.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = SETTINGS)]
pub struct Flags {
    /// Settings file [default: periodic.toml in the working directory, if there is one].
    #[arg(long, env = "PERIODIC_CONFIG", value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// Folder of everything that outlives the process.
    #[arg(long, value_name = "DIR", global = true)]
    pub data: Option<PathBuf>,
    /// Folder of adapters.
    #[arg(long, value_name = "DIR", global = true)]
    pub adapters: Option<PathBuf>,
    /// Where to listen.
    #[arg(long, value_name = "ADDRESS", global = true)]
    pub listen: Option<SocketAddr>,
    /// Address at which providers and browsers reach this host.
    #[arg(long, value_name = "URL", global = true)]
    pub public_url: Option<String>,
    /// No instance is polled more often.
    #[arg(long, value_name = "DURATION", global = true)]
    pub min_poll_interval: Option<Span>,
    /// Network or address to open although it is private, loopback or otherwise special; repeatable.
    #[arg(long, value_name = "NETWORK", value_parser = shapes::network, global = true)]
    pub egress_allow: Vec<IpNet>,
    /// Preset of an element's configuration, ELEMENT.KEY=VALUE; repeatable.
    #[arg(long, value_name = "ELEMENT.KEY=VALUE", global = true)]
    pub element_default: Vec<String>,
    /// What is logged: info, or periodic=debug,info.
    #[arg(long, value_name = "FILTER", global = true)]
    pub log: Option<String>,
}

/// Settings, and where each comes from.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The settings in force.
    pub settings: Settings,
    figment: Figment,
}

/// A setting, its value and its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The path of the setting.
    pub setting: String,
    /// Its value.
    pub value: String,
    /// Where it comes from.
    pub source: String,
}

/// Load the settings.
pub fn load(flags: &Flags) -> Result<Loaded, ConfigError> {
    let mut figment = Figment::from(Serialized::defaults(Settings::default()));
    if let Some(file) = settings_file(flags)? {
        figment = figment.merge(Toml::file_exact(file));
    }
    figment = figment.merge(variables()).merge(CommandLine::of(flags)?);
    let settings: Settings = figment.extract()?;
    Ok(Loaded { settings, figment })
}

/// The file of the command line, which has to be there, or the working directory's, where there is one.
fn settings_file(flags: &Flags) -> Result<Option<&Path>, ConfigError> {
    let file = flags.config.as_deref().unwrap_or(Path::new(FILE));
    match std::fs::metadata(file) {
        Ok(_) => Ok(Some(file)),
        Err(error) if error.kind() == ErrorKind::NotFound && flags.config.is_none() => Ok(None),
        Err(error) => Err(ConfigError::File {
            file: file.display().to_string(),
            error,
        }),
    }
}

impl Loaded {
    /// Every setting with its value and its source.
    pub fn origins(&self) -> Vec<Origin> {
        let mut origins = Vec::new();
        if let Ok(value) = self.figment.find_value("") {
            self.collect(String::new(), &value, &mut origins);
        } else if let Ok(dict) = self.figment.extract::<Dict>() {
            for (key, value) in dict {
                self.collect(key, &value, &mut origins);
            }
        }
        origins
    }

    fn collect(&self, path: String, value: &Value, origins: &mut Vec<Origin>) {
        if let Value::Dict(_, members) = value {
            for (key, value) in members {
                let below = if path.is_empty() {
                    key.clone()
                } else {
                    format!("{path}.{key}")
                };
                self.collect(below, value, origins);
            }
            return;
        }
        let source = self.figment.get_metadata(value.tag());
        let source = source.map_or_else(|| "default".to_owned(), |metadata| describe(metadata, &path));
        let shown = match serde_json::to_value(value) {
            _ if is_secret(&path) => MASK.to_owned(),
            Ok(serde_json::Value::String(text)) => text,
            Ok(other) => other.to_string(),
            Err(_unshown) => String::new(),
        };
        origins.push(Origin {
            setting: path,
            value: shown,
            source,
        });
    }
}

/// Whether a setting may hold a secret, by its name: what an element calls its keys is not known here.
fn is_secret(path: &str) -> bool {
    let words = [
        "secret",
        "password",
        "token",
        "api.key",
        "apikey",
        "signature.key",
    ];
    path.starts_with("elements.") && words.iter().any(|word| path.to_ascii_lowercase().contains(word))
}

/// A source in words.
pub(super) fn describe(metadata: &Metadata, setting: &str) -> String {
    match (&metadata.source, metadata.name.as_ref()) {
        (Some(Source::File(file)), _) => file.display().to_string(),
        (_, name) if name == COMMAND_LINE => name.to_owned(),
        (_, name) if name.contains("environment") => {
            format!(
                "environment variable {PREFIX}{}",
                setting.replace('.', "_").to_uppercase()
            )
        }
        _ => "default".to_owned(),
    }
}

/// `PERIODIC_POLL_OVERLAP` sets `poll.overlap`.
fn variables() -> Env {
    Env::prefixed(PREFIX).filter_map(|name| {
        let name = name.as_str().to_lowercase();
        let path = VARIABLES
            .into_iter()
            .find(|path| path.replace('.', "_") == name)?;
        Some(path.into())
    })
}

const COMMAND_LINE: &str = "command line";

/// The flags as a source.
#[derive(Debug)]
struct CommandLine(Dict);

impl CommandLine {
    fn of(flags: &Flags) -> Result<Self, ConfigError> {
        let mut dict = Dict::new();
        let mut set = |path: &str, value: Option<Value>| {
            if let Some(value) = value {
                figment::util::nest(path, value)
                    .into_dict()
                    .into_iter()
                    .flatten()
                    .for_each(|(key, value)| {
                        dict.insert(key, value);
                    });
            }
        };
        let path = |path: &PathBuf| Value::from(path.to_string_lossy().into_owned());
        set("data", flags.data.as_ref().map(path));
        set("adapters.folder", flags.adapters.as_ref().map(path));
        set(
            "listen",
            flags.listen.map(|address| Value::from(address.to_string())),
        );
        set("public_url", flags.public_url.clone().map(Value::from));
        set(
            "min_poll_interval",
            flags.min_poll_interval.map(|span| Value::from(span.to_string())),
        );
        set("log.filter", flags.log.clone().map(Value::from));
        if !flags.egress_allow.is_empty() {
            let networks: Vec<Value> = flags
                .egress_allow
                .iter()
                .map(|network| Value::from(network.to_string()))
                .collect();
            set("egress.allow", Some(Value::from(networks)));
        }
        let mut elements: BTreeMap<String, Dict> = BTreeMap::new();
        for text in &flags.element_default {
            let error = || ConfigError::ElementDefault { text: text.clone() };
            let (path, value) = text.split_once('=').ok_or_else(error)?;
            let (element, key) = path
                .split_once('.')
                .filter(|(element, key)| !element.is_empty() && !key.is_empty())
                .ok_or_else(error)?;
            elements
                .entry(element.to_owned())
                .or_default()
                .insert(key.to_owned(), Value::from(value));
        }
        if !elements.is_empty() {
            let presets = elements.into_iter().map(|(element, configuration)| {
                (
                    element,
                    Value::from(Dict::from([(
                        "configuration".to_owned(),
                        Value::from(configuration),
                    )])),
                )
            });
            dict.insert("elements".to_owned(), Value::from(presets.collect::<Dict>()));
        }
        Ok(Self(dict))
    }
}

impl Provider for CommandLine {
    fn metadata(&self) -> Metadata {
        Metadata::named(COMMAND_LINE)
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Profile::Default.collect(self.0.clone()))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {} ({})", self.setting, self.value, self.source)
    }
}
