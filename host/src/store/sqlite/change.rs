//! Changing an instance.

use rusqlite::Connection;

use super::{instances, pollers, registrations, schedules, subscriptions};
use crate::store::{Edit, Instance, InstanceChange, InstanceId, Result};

pub(super) fn change(connection: &Connection, id: InstanceId, change: &InstanceChange) -> Result<Instance> {
    let before = instances::existing(connection, id)?;
    let after = edited(&before, change);
    if after != before {
        instances::update(connection, &after)?;
    }
    instances::remove_secrets(connection, id, &change.remove_secrets)?;
    instances::put_secrets(connection, id, &change.put_secrets)?;
    match &change.polling {
        Edit::Keep => {}
        Edit::Set(polling) => {
            pollers::put(connection, id, &polling.pollers)?;
            schedules::put(connection, id, polling)?;
        }
        Edit::Remove => {
            pollers::put(connection, id, &[])?;
            schedules::remove(connection, id)?;
        }
    }
    // Whether it may be polled is a matter of its columns and of its pollers.
    schedules::refresh(connection, id)?;
    match &change.callback {
        Edit::Keep => {}
        Edit::Set(callback) => subscriptions::put(connection, id, callback, change.now)?,
        Edit::Remove => subscriptions::retire(connection, id, change.now)?,
    }
    match &change.registration {
        Edit::Keep => {}
        Edit::Set(registration) => registrations::put(connection, id, registration)?,
        Edit::Remove => registrations::remove(connection, id)?,
    }
    Ok(after)
}

fn edited(before: &Instance, change: &InstanceChange) -> Instance {
    let mut after = before.clone();
    set(&mut after.name, &change.name);
    set(&mut after.tags, &change.tags);
    set(&mut after.configuration, &change.configuration);
    set(&mut after.derived, &change.derived);
    set(&mut after.disabled, &change.disabled);
    if let Some((state, reason)) = &change.state {
        if *state != before.state {
            after.state_since = change.now;
        }
        after.state = *state;
        after.state_reason.clone_from(reason);
    }
    let touched = after != *before || change.polling != Edit::Keep || change.callback != Edit::Keep;
    if touched {
        after.updated = change.now;
    }
    after
}

fn set<T: Clone>(column: &mut T, value: &Option<T>) {
    if let Some(value) = value {
        column.clone_from(value);
    }
}
