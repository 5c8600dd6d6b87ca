//! The data folder, the vault's key, and the first user.

use std::{
    io::{self, Write as _},
    path::Path,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cap_std::{
    ambient_authority,
    fs::{Dir, OpenOptions, OpenOptionsExt as _, PermissionsExt as _},
};

use crate::{
    clock::Clock,
    ids::{NoRandomness, random},
    store::{NewTenant, Store, StoreError},
    tenant,
    vault::{Secret, Vault},
};

/// The vault's key in the data folder.
const KEY_FILE: &str = "vault.key";

/// Why the host cannot start.
#[derive(Debug, thiserror::Error)]
pub enum BootstrapError {
    /// The data folder.
    #[error("the folder {folder} cannot be used: {error}")]
    Folder {
        /// Which.
        folder: String,
        /// Why.
        error: io::Error,
    },
    /// The key file.
    #[error("the vault's key {KEY_FILE} in the data folder cannot be used: {0}")]
    KeyFile(#[source] io::Error),
    /// The key's form.
    #[error(
        "the vault's key from {0} is no key: it has to be 32 bytes in base64, as `openssl rand -base64 32` prints them; \
         without the key that the secrets were sealed with they cannot be opened"
    )]
    Key(&'static str),
    /// No randomness.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Other secrets than those that are stored.
    #[error(
        "PERIODIC_USER_SECRET and PERIODIC_ORGANIZATION_SECRET are not the secrets that this data folder was made with; \
         unset them, or use another data folder"
    )]
    OtherSecrets,
    /// One without the other.
    #[error("PERIODIC_USER_SECRET and PERIODIC_ORGANIZATION_SECRET are set together or not at all")]
    OneSecret,
    /// One that can be guessed, or that no header can bring.
    #[error(
        "{0} has to have at least {SHORTEST} characters, and no spaces and commas among them; `openssl rand -base64 32` makes one"
    )]
    WeakSecret(&'static str),
}

/// Characters of a secret that somebody chose.
const SHORTEST: usize = 12;

/// The secrets of the first user and its organization.
#[derive(Debug)]
pub struct FirstSecrets {
    /// The user's.
    pub user: Secret,
    /// The organization's.
    pub organization: Secret,
}

impl FirstSecrets {
    /// What the environment presets.
    pub fn from_environment() -> Result<Option<Self>, BootstrapError> {
        let variable = |name| {
            std::env::var(name)
                .ok()
                .filter(|value: &String| !value.is_empty())
                .map(Secret::from)
        };
        match (
            variable("PERIODIC_USER_SECRET"),
            variable("PERIODIC_ORGANIZATION_SECRET"),
        ) {
            (Some(user), Some(organization)) => {
                for (name, secret) in [
                    ("PERIODIC_USER_SECRET", &user),
                    ("PERIODIC_ORGANIZATION_SECRET", &organization),
                ] {
                    let text = secret.expose();
                    let odd = |letter: char| letter == ',' || letter.is_whitespace() || letter.is_control();
                    if text.chars().count() < SHORTEST || text.chars().any(odd) {
                        return Err(BootstrapError::WeakSecret(name));
                    }
                }
                Ok(Some(Self { user, organization }))
            }
            (None, None) => Ok(None),
            _ => Err(BootstrapError::OneSecret),
        }
    }

    /// Fresh ones, in the form that Cloud Elements' have.
    fn fresh() -> Result<Self, BootstrapError> {
        Ok(Self {
            user: tenant::user_secret()?,
            organization: tenant::organization_secret()?,
        })
    }
}

/// Open the data folder, and make it where there is none. Only its owner may look into it.
pub fn data_folder(path: &Path) -> Result<Dir, BootstrapError> {
    let error = |error| BootstrapError::Folder {
        folder: path.display().to_string(),
        error,
    };
    std::fs::create_dir_all(path).map_err(error)?;
    let folder = Dir::open_ambient_dir(path, ambient_authority()).map_err(error)?;
    folder
        .set_permissions(".", cap_std::fs::Permissions::from_mode(0o700))
        .map_err(error)?;
    Ok(folder)
}

/// The vault, with the key of `PERIODIC_VAULT_KEY` or of the data folder, which is made on first use.
pub fn vault(data: &Dir) -> Result<Vault, BootstrapError> {
    if let Ok(text) = std::env::var("PERIODIC_VAULT_KEY") {
        return key(&text)
            .map(Vault::new)
            .ok_or(BootstrapError::Key("PERIODIC_VAULT_KEY"));
    }
    match data.read_to_string(KEY_FILE) {
        Ok(text) => key(&text)
            .map(Vault::new)
            .ok_or(BootstrapError::Key("the file vault.key")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let key = random::<32>()?;
            write_key(data, &STANDARD.encode(key)).map_err(BootstrapError::KeyFile)?;
            Ok(Vault::new(key))
        }
        Err(error) => Err(BootstrapError::KeyFile(error)),
    }
}

/// Make the first organization, its account and its user, unless they are there. Returns the secrets when they were
/// made just now: nobody can tell them again.
pub async fn tenant(
    store: &dyn Store,
    vault: &Vault,
    clock: Clock,
    preset: Option<FirstSecrets>,
) -> Result<Option<FirstSecrets>, BootstrapError> {
    let given = preset.is_some();
    let secrets = match preset {
        Some(secrets) => secrets,
        None => FirstSecrets::fresh()?,
    };
    let (user, organization) = (
        vault.digest(secrets.user.expose()),
        vault.digest(secrets.organization.expose()),
    );
    let first = NewTenant {
        organization: "Periodic".to_owned(),
        organization_secret: organization,
        email: "admin@localhost".to_owned(),
        first_name: "First".to_owned(),
        last_name: "User".to_owned(),
        user_secret: user,
        created: clock.now(),
    };
    if store.bootstrap(first).await? {
        return Ok(Some(secrets));
    }
    if given && store.user(&user, &organization).await?.is_none() {
        return Err(BootstrapError::OtherSecrets);
    }
    Ok(None)
}

fn key(text: &str) -> Option<[u8; 32]> {
    STANDARD.decode(text.trim()).ok()?.try_into().ok()
}

/// Whole or not at all: a half-written key would lose every secret.
fn write_key(data: &Dir, text: &str) -> io::Result<()> {
    const HALF_WRITTEN: &str = "vault.key.new";
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = data.open_with(HALF_WRITTEN, &options)?;
    file.write_all(text.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    data.rename(HALF_WRITTEN, data, KEY_FILE)
}
