//! Looking an element up. One that may be among the files that are being loaded is waited for, and of one that is not
//! served is said what is known of its file.

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, timeout_at};

use super::{Adapter, Catalog, Unserved, UnservedState, package};

/// So long a file is waited for that may be the element's. Compiling a usual one takes a tenth of a second; whoever waits
/// longer is told to come again.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why an element is not served.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotServed {
    /// Not yet, perhaps.
    #[error("no adapter serves the {what} yet: {} still being loaded; come again in a moment", named(.files))]
    Loading {
        /// What was asked for: `element "acme"`.
        what: String,
        /// The files that may be it.
        files: Vec<String>,
    },
    /// A file of its name is there.
    #[error(
        "no adapter serves the element {element:?}: {file} is in the adapters folder, but it {}: {reason}",
        verdict(*.state)
    )]
    Kept {
        /// What was asked for.
        element: String,
        /// The file.
        file: String,
        /// What is with it.
        state: UnservedState,
        /// Why.
        reason: String,
    },
    /// Nothing is known of it.
    #[error(
        "no adapter serves the element {element:?}; {}; put its .wasm file into the adapters folder",
        instead(.served, .unserved)
    )]
    Unknown {
        /// What was asked for.
        element: String,
        /// The elements that there are.
        served: Vec<String>,
        /// Files of other names that are not served.
        unserved: Vec<String>,
    },
}

impl Catalog {
    /// The adapter of an element, by key or numeric id. A version that replaces another one is not waited for.
    pub async fn find(&self, element: &str) -> Result<Arc<Adapter>, NotServed> {
        let what = || format!("element {element:?}");
        let found = self.wait_for(&what, || self.get(element)).await?;
        found.ok_or_else(|| self.not_served(element))
    }

    /// The adapters of a hub: none where there are none.
    pub async fn of_hub(&self, hub: &str) -> Result<Vec<Arc<Adapter>>, NotServed> {
        let of_hub = || {
            let mut served = self.list();
            served.retain(|adapter| adapter.description().hub == hub);
            Some(served).filter(|served| !served.is_empty())
        };
        let found = self.wait_for(&|| format!("hub {hub:?}"), of_hub).await?;
        Ok(found.unwrap_or_default())
    }

    /// What is found, as soon as it is; none when nothing is being loaded that it may be.
    async fn wait_for<T>(
        &self,
        what: &(dyn Fn() -> String + Sync),
        look: impl Fn() -> Option<T>,
    ) -> Result<Option<T>, NotServed> {
        let (deadline, mut changes) = (Instant::now() + PATIENCE, self.changes());
        loop {
            changes.mark_unchanged();
            if let Some(found) = look() {
                return Ok(Some(found));
            }
            let files = self.first_loads();
            if files.is_empty() {
                return Ok(None);
            }
            if timeout_at(deadline, changes.changed()).await.is_err() {
                return Err(NotServed::Loading { what: what(), files });
            }
        }
    }

    fn not_served(&self, element: &str) -> NotServed {
        let unserved = self.unserved();
        match unserved.iter().find(|unserved| unserved.is_called(element)) {
            Some(kept) => NotServed::Kept {
                element: element.to_owned(),
                file: kept.name(),
                state: kept.state,
                reason: kept.reason.clone(),
            },
            None => NotServed::Unknown {
                element: element.to_owned(),
                served: self
                    .list()
                    .iter()
                    .map(|adapter| adapter.key().to_owned())
                    .collect(),
                unserved: unserved.iter().map(Unserved::name).collect(),
            },
        }
    }
}

impl Unserved {
    /// Whether it goes by the name of an element. Cargo writes an underscore for a hyphen.
    fn is_called(&self, element: &str) -> bool {
        let file = self.name();
        let stem = file
            .strip_suffix(".wasm")
            .or_else(|| file.strip_suffix(package::SUFFIX));
        stem.is_some_and(|stem| stem.replace('_', "-") == element.replace('_', "-"))
    }
}

fn named(files: &[String]) -> String {
    let verb = if files.len() == 1 { "is" } else { "are" };
    format!("{} {verb}", files.join(", "))
}

fn verdict(state: UnservedState) -> &'static str {
    match state {
        UnservedState::Loading => "is being loaded",
        UnservedState::Waiting => "waits",
        UnservedState::Rejected => "is rejected",
    }
}

/// What there is instead.
fn instead(served: &[String], unserved: &[String]) -> String {
    let served = match (served, unserved) {
        ([], []) => return "the adapters folder is empty".to_owned(),
        ([], _) => "none is served".to_owned(),
        (keys, []) => return format!("served are {}", keys.join(", ")),
        (keys, _) => format!("served are {}", keys.join(", ")),
    };
    format!("{served}, and GET /adapters says why {} not", named(unserved))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        adapter::{Compiler, LimitTable, Rejection, Trust},
        clock::Clock,
    };

    fn catalog() -> Arc<Catalog> {
        Catalog::new(
            LimitTable::default(),
            Trust::default(),
            Compiler::Here,
            None,
            None,
            Clock::still(0),
        )
        .unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn what_may_be_the_element_is_waited_for() {
        let catalog = catalog();
        let began = Instant::now();
        let unknown = catalog.find("acme").await.unwrap_err();
        assert_eq!(
            unknown.to_string(),
            "no adapter serves the element \"acme\"; the adapters folder is empty; put its .wasm file into the adapters \
             folder"
        );
        assert_eq!(began.elapsed(), Duration::ZERO, "nothing is being loaded");

        catalog.loading("slow.wasm");
        let loading = catalog.find("acme").await.unwrap_err();
        assert_eq!(
            loading.to_string(),
            "no adapter serves the element \"acme\" yet: slow.wasm is still being loaded; come again in a moment"
        );
        assert_eq!(began.elapsed(), PATIENCE);
        let hub = catalog.of_hub("crm").await.unwrap_err();
        assert!(hub.to_string().contains("the hub \"crm\" yet"), "{hub}");

        let gone = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            catalog.remove("slow.wasm", None);
        };
        let (found, ()) = tokio::join!(catalog.find("acme"), gone);
        assert!(matches!(found, Err(NotServed::Unknown { .. })), "{found:?}");
        assert_eq!(began.elapsed(), 2 * PATIENCE + Duration::from_secs(1));
        assert!(catalog.of_hub("crm").await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_file_of_the_elements_name_is_told_with_its_reason() {
        let catalog = catalog();
        let told = async |element: &str| catalog.find(element).await.unwrap_err().to_string();
        catalog.unreadable("blue_sky.element.toml", None, &Rejection::Irregular("a folder"));
        let kept = told("blue-sky").await;
        assert!(
            kept.starts_with(
                "no adapter serves the element \"blue-sky\": blue_sky.element.toml is in the adapters folder, but it is \
                 rejected: it is a folder"
            ),
            "{kept}"
        );
        let other = told("red-sky").await;
        assert!(
            other.contains("none is served, and GET /adapters says why blue_sky.element.toml is not"),
            "{other}"
        );
    }
}
