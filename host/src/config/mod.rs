//! Settings: flags over environment over `periodic.toml` over defaults, each knowing where it comes from.

mod error;
mod settings;
mod shapes;
mod source;
mod span;

pub use self::{
    error::ConfigError,
    settings::{
        AdapterSettings, ApiSettings, DeliverySettings, EgressSettings, ElementSettings, LimitSettings,
        LogFormat, LogSettings, PollSettings, Settings, SignaturePolicy,
    },
    source::{Flags, Loaded, Origin, SETTINGS, load},
    span::Span,
};
