//! What options say of an instance's configuration, of one that is made and of one that is changed.

use anyhow::Context as _;
use serde_json::{Map, Value, json};

use super::{Target, create::Setup, pair};
use crate::{
    cli::{
        nearest::{guess, nearest},
        report::warn,
    },
    instance::HOST_KEYS,
    session::{ACCESS_TOKEN, REFRESH_TOKEN, TOKEN_SECRET},
};

/// What an instance may bring along of OAuth, whether its element declares it or not.
const TOKENS: [&str; 3] = [ACCESS_TOKEN, REFRESH_TOKEN, TOKEN_SECRET];

/// Values of configuration keys.
#[derive(Debug, clap::Args)]
pub(super) struct Given {
    /// A configuration key and its value; may be given several times.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = pair)]
    set: Vec<(String, String)>,
    /// A configuration key and the environment variable that holds its value: for secrets.
    #[arg(long = "set-from", value_name = "KEY=VARIABLE", value_parser = pair)]
    set_from: Vec<(String, String)>,
}

impl Given {
    /// By key.
    pub(super) fn configuration(&self) -> anyhow::Result<Map<String, Value>> {
        let mut configuration = Map::new();
        for (key, value) in &self.set {
            configuration.insert(key.clone(), json!(value));
        }
        for (key, variable) in &self.set_from {
            let value = std::env::var(variable);
            let value =
                value.with_context(|| format!("--set-from {key}={variable}: there is no such variable"))?;
            configuration.insert(key.clone(), json!(value));
        }
        Ok(configuration)
    }
}

/// Say of each key that it is none of the element's, none of the host's, and nothing that the instance has already. The host takes any: a value that nobody reads
/// is a slip of the pen more often than not.
pub(super) fn warn_of_unknown<'k>(
    target: &Target,
    setup: &Setup,
    keys: impl IntoIterator<Item = &'k str>,
    has: &Map<String, Value>,
) {
    let known = |key: &str| {
        let hosts = HOST_KEYS.iter().map(|known| known.key);
        let mut known = setup.keys().chain(hosts).chain(TOKENS);
        known.any(|known| known == key) || has.contains_key(key)
    };
    for key in keys.into_iter().filter(|key| !known(key)) {
        let hosts = HOST_KEYS.iter().map(|known| known.key);
        let near = guess(nearest(key, setup.keys().chain(hosts)));
        let what = format!(
            "{key} is no configuration key of {} and none of the host's{near}",
            setup.element
        );
        warn(&what, target.json);
    }
}
