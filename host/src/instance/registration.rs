//! Registrations at the provider as instances change and go.

use crate::{
    adapter::contract::webhook,
    host::Host,
    inbound,
    session::{Failure, Session},
    store::{Instance, Registration},
};

/// Keys whose change the provider need not hear of: they are about what the host sends, not about what it is sent.
const OWN: [&str; 3] = ["event.notification.", "event.poller.", "filter."];

/// Whether a registration has to be made anew when this key changes.
pub(super) fn concerns_provider(key: &str) -> bool {
    let switches = [super::keys::NOTIFICATIONS_ENABLED, inbound::FINDER];
    switches.contains(&key) || !OWN.iter().any(|own| key.starts_with(own))
}

/// End a registration that another took the place of, or none. A provider that keeps one registration for each address
/// has prolonged it by registering again: then the adapter's words are the same.
pub(super) async fn retire(
    host: &Host,
    instance: &Instance,
    old: &Registration,
    new: Option<&webhook::Registration>,
) {
    let ended = async {
        let old = inbound::open(host, old)?;
        if new.is_some_and(|new| new.data == old.data) {
            return Ok(());
        }
        let mut session = Session::open(host, instance).await?;
        inbound::unsubscribe(&mut session, instance.id, old).await;
        Ok::<(), Failure>(())
    };
    if let Err(error) = ended.await {
        tracing::warn!(instance = %instance.id, %error, "the old registration at the provider could not be ended");
    }
}
