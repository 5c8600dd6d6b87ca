//! The `periodic` command.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    periodic::cli::main().await
}
