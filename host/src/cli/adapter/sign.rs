//! `periodic adapter keygen` and `sign`: signatures by which hosts know whose adapters they serve.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use zeroize::Zeroizing;

use crate::{
    adapter::signature::{SUFFIX, Signature, SigningKey, Subject},
    ids::random,
};

/// `periodic adapter keygen`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct KeygenArguments {
    /// Where the private key goes: a PEM file that only its owner can read. Its name is what hosts call the key.
    file: PathBuf,
    /// Replace a key that is there. What it has signed is trusted as long as hosts have its public half.
    #[arg(long)]
    force: bool,
}

/// `periodic adapter sign`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct SignArguments {
    /// The private key, as `periodic adapter keygen` makes it.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Replace a good signature by another key, too. One that does not fit its file any more, and one by the same key,
    /// are replaced anyway.
    #[arg(long)]
    force: bool,
    /// .wasm files and description files (NAME.element.toml).
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

pub(super) fn keygen(arguments: &KeygenArguments) -> anyhow::Result<()> {
    let KeygenArguments { file, force } = arguments;
    let key = SigningKey::new(&Zeroizing::new(random()?))?;
    write_key(file, &key.pem(), *force)?;
    eprintln!(
        "{} signs adapters: keep it away from the hosts that trust it",
        file.display()
    );
    eprintln!("in periodic.toml of these hosts, beside adapters.signatures = \"require\":");
    println!("[adapters.trusted_keys]\n{} = \"{}\"", name(file), key.public());
    Ok(())
}

pub(super) fn sign(arguments: &SignArguments) -> anyhow::Result<()> {
    let SignArguments {
        key: path,
        force,
        files,
    } = arguments;
    let of_key = || format!("the key {}", path.display());
    let pem = Zeroizing::new(fs::read_to_string(path).with_context(of_key)?);
    let key = SigningKey::read(&pem).with_context(of_key)?;
    // All of them, or none.
    let mut signatures = Vec::with_capacity(files.len());
    for file in files {
        let Some(subject) = file.to_str().and_then(Subject::of) else {
            bail!(
                "{}: only .wasm files and description files (NAME.element.toml) are signed",
                file.display()
            );
        };
        let content = fs::read(file).with_context(|| file.display().to_string())?;
        let place = format!("{}{SUFFIX}", file.display());
        if let Some(other) = present(&place).filter(|other| other.key != key.public() && !force)
            && other.is_of(subject, &content)
        {
            bail!(
                "{place} is a good signature by another key, {}, which only its holder can make again; --force replaces \
                 it",
                other.key
            );
        }
        signatures.push((place, key.sign(subject, &content)));
    }
    for (place, signature) in signatures {
        fs::write(&place, signature.to_string()).with_context(|| place.clone())?;
        println!("{place}");
    }
    Ok(())
}

/// The signature that is there, where there is one.
fn present(place: &str) -> Option<Signature> {
    fs::read_to_string(place).ok()?.parse().ok()
}

/// Whole or not at all, and readable by nobody else from the beginning.
fn write_key(path: &Path, pem: &str, force: bool) -> anyhow::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let new = PathBuf::from(format!("{}.new", path.display()));
    let target = if force { &new } else { path };
    let mut file = match options.open(target) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            bail!(
                "{} is there already; --force replaces the key {}",
                target.display(),
                path.display()
            )
        }
        Err(error) => return Err(error).with_context(|| target.display().to_string()),
    };
    file.write_all(pem.as_bytes())?;
    file.sync_all()?;
    if force {
        fs::rename(&new, path).with_context(|| path.display().to_string())?;
    }
    Ok(())
}

/// What a host calls the key: the file's name, as it may stand in a settings file.
fn name(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let plain = |letter: char| {
        if letter.is_ascii_alphanumeric() || letter == '_' {
            letter
        } else {
            '-'
        }
    };
    stem.chars().map(plain).collect()
}
