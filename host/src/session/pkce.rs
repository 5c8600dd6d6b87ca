//! PKCE (RFC 7636): verifiers wait for the code that belongs to them.
//!
//! They wait in memory: a host that restarts between the authorize URL and the code asks for a fresh URL.

use std::sync::{Mutex, PoisonError};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use indexmap::IndexMap;
use sha2::{Digest as _, Sha256};

use crate::{
    clock::Millis,
    ids::{NoRandomness, random},
    vault::Secret,
};

/// How long a verifier waits.
const PATIENCE: Millis = 3_600_000;
/// So many wait at the same time; the oldest give way.
const CAPACITY: usize = 10_000;

/// Verifiers by element and state, in the order of their coming.
#[derive(Debug, Default)]
pub struct Verifiers(Mutex<IndexMap<(String, String), Waiting>>);

#[derive(Debug)]
struct Waiting {
    verifier: Secret,
    until: Millis,
}

/// A fresh verifier.
pub fn verifier() -> Result<Secret, NoRandomness> {
    Ok(Secret::from(URL_SAFE_NO_PAD.encode(random::<32>()?)))
}

/// The challenge of a verifier, by the method S256.
pub(super) fn challenge(verifier: &Secret) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.expose()))
}

// === impl Verifiers ===

impl Verifiers {
    /// Let a verifier wait under this state; false when another waits there already.
    pub fn put(&self, element: &str, state: &str, verifier: Secret, now: Millis) -> bool {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let expired = waiting
            .values()
            .take_while(|waiting| waiting.until <= now)
            .count();
        waiting.drain(..expired);
        let place = (element.to_owned(), state.to_owned());
        if waiting.contains_key(&place) {
            return false;
        }
        if waiting.len() >= CAPACITY {
            waiting.shift_remove_index(0);
        }
        let until = now.saturating_add(PATIENCE);
        waiting.insert(place, Waiting { verifier, until });
        true
    }

    /// Take the verifier that waits under this state.
    pub fn take(&self, element: &str, state: &str, now: Millis) -> Option<Secret> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = waiting.shift_remove(&(element.to_owned(), state.to_owned()))?;
        (taken.until > now).then_some(taken.verifier)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verifier_is_taken_once_and_in_time() {
        let verifiers = Verifiers::default();
        assert!(verifiers.put("acme", "s", Secret::from("v"), 0));
        assert!(
            !verifiers.put("acme", "s", Secret::from("w"), 1),
            "taken by the first"
        );
        assert!(verifiers.put("other", "s", Secret::from("w"), 1));
        assert_eq!(verifiers.take("acme", "s", 2).unwrap().expose(), "v");
        assert!(verifiers.take("acme", "s", 2).is_none());
        assert!(verifiers.take("other", "s", PATIENCE + 1).is_none());
        assert!(verifiers.put("other", "s", Secret::from("x"), PATIENCE + 2));
    }

    #[test]
    fn the_oldest_give_way() {
        let verifiers = Verifiers::default();
        for number in 0..=CAPACITY {
            assert!(verifiers.put("acme", &number.to_string(), Secret::from("v"), 0));
        }
        assert!(verifiers.take("acme", "0", 1).is_none());
        assert!(verifiers.take("acme", "1", 1).is_some());
    }

    #[test]
    fn the_challenge_is_that_of_the_rfc() {
        let verifier = Secret::from("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(
            challenge(&verifier),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }
}
