//! Secrets that the host makes.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use periodic_sdk::description::Description;

use super::Problem;
use crate::{egress::Secrets, host::Host, ids, vault::Secret};

/// Make the secrets that the element wants minted, where nobody gave any.
pub(super) fn mint(host: &Host, description: &Description, secrets: &mut Secrets) -> Result<(), Problem> {
    let presets = host.element_defaults.get(&description.key);
    let minted = description
        .configuration
        .iter()
        .filter(|key| key.secret && key.minted);
    for key in minted {
        let preset = presets.is_some_and(|presets| presets.contains_key(&key.key));
        if secrets.get(&key.key).is_none() && !preset {
            let secret = Secret::from(URL_SAFE_NO_PAD.encode(ids::random::<32>()?));
            secrets.insert(key.key.clone(), secret);
        }
    }
    Ok(())
}
