//! `periodic init`.

use anyhow::bail;

use crate::{
    bootstrap::{self, FirstSecrets},
    clock::Clock,
    config::{Flags, load},
    store::sqlite::Sqlite,
};

/// The embedded store's file in the data folder.
pub(super) const DATABASE: &str = "periodic.db";

pub(super) async fn run(flags: &Flags, json: bool) -> anyhow::Result<()> {
    let settings = load(flags)?.settings;
    let data = bootstrap::data_folder(&settings.data)?;
    let vault = bootstrap::vault(&data)?;
    let store = Sqlite::open(&settings.data.join(DATABASE))?;
    let made = bootstrap::tenant(&store, &vault, Clock::system(), FirstSecrets::from_environment()?).await;
    store.close().await;
    let Some(secrets) = made? else {
        bail!(
            "{} is initialised already; its secrets were printed once and only their digests are stored",
            settings.data.display()
        );
    };
    if json {
        let secrets = serde_json::json!({
            "userSecret": secrets.user.expose(), "organizationSecret": secrets.organization.expose(),
        });
        println!("{secrets}");
    } else {
        print_secrets(&secrets);
    }
    Ok(())
}

/// Say the secrets, this once.
pub(super) fn print_secrets(secrets: &FirstSecrets) {
    let (user, organization) = (secrets.user.expose(), secrets.organization.expose());
    println!("The first user's secrets. They are not stored and not shown again:");
    println!("  user secret          {user}");
    println!("  organization secret  {organization}");
    println!("Send them with every request:");
    println!("  Authorization: User {user}, Organization {organization}");
}
