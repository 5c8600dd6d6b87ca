//! What options say of an instance's configuration, of one that is made and of one that is changed.

use anyhow::Context as _;
use serde_json::{Map, Value, json};

use super::pair;

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
