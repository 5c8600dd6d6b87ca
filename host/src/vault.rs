//! Secrets: in memory behind a type that prints nothing, at rest sealed.
//!
//! A sealed secret is `1 || nonce (24) || ciphertext` of XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03) under a key
//! derived for its instance; the instance and the name are the associated data, so that a ciphertext cannot be
//! moved to another place. The master key stands in `vault.key` of the data folder, or in `PERIODIC_VAULT_KEY`.

use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};
use secrecy::{ExposeSecret as _, SecretBox, SecretString};

use crate::{
    ids::{NoRandomness, random},
    store::{Digest, InstanceId},
};

/// Text that must not be seen. Its `Debug` prints no part of it.
#[derive(Debug, Clone)]
pub struct Secret(SecretString);

/// Seals and opens secrets.
pub struct Vault {
    master: SecretBox<[u8; 32]>,
}

/// Why a secret could not be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The ciphertext is not of this vault, this instance or this name.
    #[error(
        "the secret {name:?} of instance {instance} cannot be opened: the vault key is not the one it was sealed \
         with, or the row was altered; restore the data folder's vault.key, or authenticate the instance again"
    )]
    Unsealable {
        /// The instance.
        instance: InstanceId,
        /// The name of the secret.
        name: String,
    },
    /// No randomness.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

const VERSION: u8 = 1;
const NONCE: usize = 24;

// === impl Secret ===

impl Secret {
    /// The text. Whoever calls this puts it on the wire, seals it or compares it, and keeps no copy.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(SecretString::from(text))
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(SecretString::from(text))
    }
}

// === impl Vault ===

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault")
    }
}

impl Vault {
    /// A vault with this master key.
    pub fn new(master: [u8; 32]) -> Self {
        Self {
            master: SecretBox::new(Box::new(master)),
        }
    }

    /// Seal a secret of an instance.
    pub fn seal(&self, instance: InstanceId, name: &str, secret: &Secret) -> Result<Vec<u8>, VaultError> {
        self.seal_bytes(instance, name, secret.expose().as_bytes())
    }

    /// Seal what may hold secrets of an instance and need not be text.
    pub fn seal_bytes(&self, instance: InstanceId, name: &str, bytes: &[u8]) -> Result<Vec<u8>, VaultError> {
        let nonce = random::<NONCE>()?;
        let payload = Payload {
            msg: bytes,
            aad: name.as_bytes(),
        };
        let unsealable = || VaultError::Unsealable {
            instance,
            name: name.to_owned(),
        };
        let ciphertext = self
            .cipher(instance)
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_aead| unsealable())?;
        let mut sealed = Vec::with_capacity(1 + NONCE + ciphertext.len());
        sealed.push(VERSION);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&ciphertext);
        Ok(sealed)
    }

    /// Open a sealed secret of an instance.
    pub fn open(&self, instance: InstanceId, name: &str, sealed: &[u8]) -> Result<Secret, VaultError> {
        let text = self.open_bytes(instance, name, sealed)?;
        let text = String::from_utf8(text).map_err(|_utf8| VaultError::Unsealable {
            instance,
            name: name.to_owned(),
        });
        text.map(Secret::from)
    }

    /// Open what [`Vault::seal_bytes`] sealed.
    pub fn open_bytes(&self, instance: InstanceId, name: &str, sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
        let unsealable = || VaultError::Unsealable {
            instance,
            name: name.to_owned(),
        };
        let Some((&[VERSION], rest)) = sealed.split_first_chunk::<1>() else {
            return Err(unsealable());
        };
        let (nonce, ciphertext) = rest.split_first_chunk::<NONCE>().ok_or_else(unsealable)?;
        let payload = Payload {
            msg: ciphertext,
            aad: name.as_bytes(),
        };
        self.cipher(instance)
            .decrypt(&XNonce::from(*nonce), payload)
            .map_err(|_aead| unsealable())
    }

    /// The digest under which a secret that is only compared is stored and looked up.
    pub fn digest(&self, secret: &str) -> Digest {
        let key = blake3::derive_key("periodic 2026 secret digests", self.master.expose_secret());
        *blake3::keyed_hash(&key, secret.as_bytes()).as_bytes()
    }

    /// The digest that tells a provider's call from others.
    pub fn call_digest(&self, call: &[u8]) -> Digest {
        let key = blake3::derive_key("periodic 2026 call digests", self.master.expose_secret());
        *blake3::keyed_hash(&key, call).as_bytes()
    }

    /// The key under which compiled adapters are believed to be this host's own.
    pub fn cache_key(&self) -> [u8; 32] {
        blake3::derive_key("periodic 2026 compiled adapters", self.master.expose_secret())
    }

    fn cipher(&self, instance: InstanceId) -> XChaCha20Poly1305 {
        let mut material = zeroize::Zeroizing::new([0; 40]);
        material[..32].copy_from_slice(self.master.expose_secret());
        material[32..].copy_from_slice(&instance.0.to_be_bytes());
        let key = zeroize::Zeroizing::new(blake3::derive_key("periodic 2026 instance secrets", &*material));
        XChaCha20Poly1305::new(&(*key).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_secret_opens_in_its_place_only() -> Result<(), VaultError> {
        let vault = Vault::new([7; 32]);
        let sealed = vault.seal(InstanceId(5), "oauth.user.token", &Secret::from("s3cr3t"))?;
        assert_eq!(
            vault.open(InstanceId(5), "oauth.user.token", &sealed)?.expose(),
            "s3cr3t"
        );
        let elsewhere = [
            vault.open(InstanceId(6), "oauth.user.token", &sealed),
            vault.open(InstanceId(5), "oauth.user.refresh_token", &sealed),
            Vault::new([8; 32]).open(InstanceId(5), "oauth.user.token", &sealed),
            vault.open(InstanceId(5), "oauth.user.token", &sealed[..30]),
            vault.open(InstanceId(5), "oauth.user.token", &[]),
        ];
        assert!(elsewhere.iter().all(Result::is_err));
        assert!(!sealed.windows(6).any(|window| window == b"s3cr3t"));
        Ok(())
    }

    #[test]
    fn secrets_print_nothing() {
        assert!(!format!("{:?} {:?}", Secret::from("s3cr3t"), Vault::new([7; 32])).contains("s3cr3t"));
    }
}
