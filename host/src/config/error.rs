//! What is wrong with a setting, and where it was set.

use std::fmt;

/// Settings that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// One is wrong.
    #[error("{place}: {what}")]
    Setting {
        /// Which, and where it was set.
        place: Place,
        /// What is wrong.
        what: String,
    },
    /// A file that was asked for by name.
    #[error("{file}: cannot be read: {error}")]
    File {
        /// Which.
        file: String,
        /// Why.
        error: std::io::Error,
    },
    /// A preset that is none.
    #[error(
        "--element-default {text:?}: has to be ELEMENT.KEY=VALUE, for instance acme.acme.site=https://crm.example.com"
    )]
    ElementDefault {
        /// As given.
        text: String,
    },
}

/// A setting and its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The path of the setting, where it is known.
    pub setting: String,
    /// Where it was set, where it is known.
    pub source: Option<String>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.setting.as_str(), &self.source) {
            ("", None) => f.write_str("settings"),
            ("", Some(source)) => f.write_str(source),
            (setting, None) => write!(f, "setting {setting}"),
            (setting, Some(source)) => write!(f, "setting {setting} from {source}"),
        }
    }
}

impl From<figment::Error> for ConfigError {
    fn from(error: figment::Error) -> Self {
        let setting = error.path.join(".");
        let source = error
            .metadata
            .as_ref()
            .map(|metadata| super::source::describe(metadata, &setting));
        Self::Setting {
            place: Place { setting, source },
            what: error.kind.to_string(),
        }
    }
}
