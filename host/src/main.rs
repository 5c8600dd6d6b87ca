//! The `periodic` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    periodic::cli::main()
}
