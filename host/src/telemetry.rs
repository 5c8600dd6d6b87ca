//! The log.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

use crate::config::{LogFormat, LogSettings};

/// The filter is none.
#[derive(Debug, thiserror::Error)]
#[error("setting log.filter: {0}; it should be like info, or periodic=debug,info")]
pub struct FilterError(#[from] tracing_subscriber::filter::ParseError);

/// Log to standard error from now on.
pub fn start(settings: &LogSettings) -> Result<(), FilterError> {
    let filter = EnvFilter::builder().parse(&settings.filter)?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    let started = match settings.format {
        LogFormat::Text => log.with_ansi(std::io::stderr().is_terminal()).try_init(),
        LogFormat::Json => log.json().try_init(),
    };
    if started.is_err() {
        tracing::debug!("the log was started before");
    }
    Ok(())
}
