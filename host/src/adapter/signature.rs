//! Signatures of files in the adapters folder: Ed25519 (RFC 8032), in forms that stock tools read.
//!
//! `acme.wasm.sig` signs `acme.wasm`. What is signed is one line of text: what the file is for, and the SHA-512 of its
//! bytes; a component's signature is none of a description file. The file's name is not part of it, because it means
//! nothing: what an adapter is stands in its bytes, and so does the adapter that a description file belongs to.

use std::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use sha2::{Digest as _, Sha512};
use zeroize::Zeroizing;

use super::package;

/// How the name of a signature ends.
pub(crate) const SUFFIX: &str = ".sig";
/// A signature is two short lines.
pub(super) const LARGEST: u64 = 1024;

/// What a signed file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Subject {
    /// A component.
    Component,
    /// A description file.
    Description,
}

/// A key that checks signatures. Its text is what stands between the lines of a PEM file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PublicKey([u8; 32]);

/// A key that makes signatures.
pub(crate) struct SigningKey {
    pair: Ed25519KeyPair,
    der: Zeroizing<Vec<u8>>,
}

/// What a `.sig` file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Signature {
    /// Whose it says it is.
    pub(crate) key: PublicKey,
    bytes: [u8; 64],
}

/// A text that is no key.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no Ed25519 public key in base64, as `periodic adapter keygen` prints them")]
pub(crate) struct NoPublicKey(String);

/// A file that holds no key.
#[derive(Debug, thiserror::Error)]
#[error("it holds no Ed25519 private key in PEM, as `periodic adapter keygen` makes them")]
pub(crate) struct NoSigningKey;

/// Why a `.sig` file is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it lacks a line {0:?}, as `periodic adapter sign` writes it")]
pub(crate) struct NoSignature(&'static str);

/// What precedes the bytes of a public key in X.509's form (RFC 8410).
const PUBLIC: [u8; 12] = *b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00";
/// What precedes those of a private key in PKCS #8 (RFC 8410).
const PRIVATE: [u8; 16] = *b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20";
const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";

// === impl Subject ===

impl Subject {
    /// What a file of this name is for.
    pub(crate) fn of(name: &str) -> Option<Self> {
        match name {
            _ if name.ends_with(".wasm") => Some(Self::Component),
            _ if name.ends_with(package::SUFFIX) => Some(Self::Description),
            _ => None,
        }
    }

    /// What is signed of such a file.
    fn statement(self, content: &[u8]) -> String {
        let subject = match self {
            Self::Component => "component",
            Self::Description => "description",
        };
        let digest = Sha512::digest(content);
        let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("periodic adapter signature 1: {subject} {digest}\n")
    }
}

// === impl PublicKey ===

impl FromStr for PublicKey {
    type Err = NoPublicKey;

    fn from_str(text: &str) -> Result<Self, NoPublicKey> {
        let read = || {
            let bytes = STANDARD.decode(text.trim()).ok()?;
            bytes.strip_prefix(&PUBLIC)?.try_into().ok()
        };
        read().map(Self).ok_or_else(|| NoPublicKey(text.to_owned()))
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode([&PUBLIC[..], &self.0].concat()))
    }
}

// === impl SigningKey ===

impl SigningKey {
    /// The key that grows from these random bytes.
    pub(crate) fn new(seed: &[u8; 32]) -> Result<Self, NoSigningKey> {
        Self::of(Zeroizing::new([&PRIVATE[..], seed].concat())).ok_or(NoSigningKey)
    }

    /// Read a PEM file.
    pub(crate) fn read(pem: &str) -> Result<Self, NoSigningKey> {
        let read = || {
            let (_, inner) = pem.split_once(BEGIN)?;
            let (inner, _) = inner.split_once(END)?;
            let base64 = Zeroizing::new(inner.split_whitespace().collect::<String>());
            Self::of(Zeroizing::new(STANDARD.decode(&*base64).ok()?))
        };
        read().ok_or(NoSigningKey)
    }

    fn of(der: Zeroizing<Vec<u8>>) -> Option<Self> {
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der).ok()?;
        Some(Self { pair, der })
    }

    /// As a PEM file.
    pub(crate) fn pem(&self) -> Zeroizing<String> {
        let base64 = Zeroizing::new(STANDARD.encode(&*self.der));
        Zeroizing::new(format!("{BEGIN}\n{}\n{END}\n", *base64))
    }

    /// The key that checks its signatures.
    pub(crate) fn public(&self) -> PublicKey {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.pair.public_key().as_ref());
        PublicKey(bytes)
    }

    /// Sign a file's content.
    pub(crate) fn sign(&self, subject: Subject, content: &[u8]) -> Signature {
        let mut bytes = [0; 64];
        bytes.copy_from_slice(self.pair.sign(subject.statement(content).as_bytes()).as_ref());
        Signature {
            key: self.public(),
            bytes,
        }
    }
}

// === impl Signature ===

impl Signature {
    /// Whether its key has signed this content.
    pub(crate) fn is_of(&self, subject: Subject, content: &[u8]) -> bool {
        let key = UnparsedPublicKey::new(&ED25519, &self.key.0);
        key.verify(subject.statement(content).as_bytes(), &self.bytes)
            .is_ok()
    }
}

impl FromStr for Signature {
    type Err = NoSignature;

    fn from_str(text: &str) -> Result<Self, NoSignature> {
        let value = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|rest| rest.strip_prefix(' '))
        };
        let key = value("key").and_then(|key| key.parse().ok());
        let bytes = value("signature").and_then(|bytes| STANDARD.decode(bytes.trim()).ok()?.try_into().ok());
        Ok(Self {
            key: key.ok_or(NoSignature("key BASE64"))?,
            bytes: bytes.ok_or(NoSignature("signature BASE64"))?,
        })
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "key {}\nsignature {}", self.key, STANDARD.encode(self.bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `openssl genpkey -algorithm ed25519` writes it.
    const PEM: &str = "-----BEGIN PRIVATE KEY-----\n\
                       MC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n\
                       -----END PRIVATE KEY-----\n";
    /// What OpenSSL 3 makes of it, and of the statement that this is a component of the bytes `adapter`.
    const PUBLIC_KEY: &str = "MCowBQYDK2VwAyEAA6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=";
    const SIGNATURE: &str =
        "Y3Y2Y3sf7onnyym+6UuEtvOg2o0Pr8d5IKTEv3p2uLEN6bYS7MHESpAt9WalHzGJfSSIzifGUdh0WsQVv/BWBg==";

    #[test]
    fn keys_and_signatures_are_those_of_openssl() {
        let key = SigningKey::read(PEM).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(key.pem().as_str(), PEM);
        assert_eq!(key.public().to_string(), PUBLIC_KEY);
        assert_eq!(PUBLIC_KEY.parse::<PublicKey>().unwrap(), key.public());
        let signature = key.sign(Subject::Component, b"adapter");
        assert_eq!(
            signature.to_string(),
            format!("key {PUBLIC_KEY}\nsignature {SIGNATURE}\n")
        );
    }

    #[test]
    fn a_signature_is_of_one_content_and_one_subject() {
        let seed = std::array::from_fn(|place| u8::try_from(place).unwrap());
        let key = SigningKey::new(&seed).unwrap_or_else(|error| panic!("{error}"));
        let text = key.sign(Subject::Component, b"adapter").to_string();
        let signature: Signature = text.parse().unwrap();
        assert!(signature.is_of(Subject::Component, b"adapter"));
        assert!(!signature.is_of(Subject::Description, b"adapter"));
        assert!(!signature.is_of(Subject::Component, b"Adapter"));
        assert!(!signature.is_of(Subject::Component, b""));
        for bit in 0..512 {
            let mut damaged = signature.clone();
            damaged.bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(!damaged.is_of(Subject::Component, b"adapter"), "bit {bit}");
        }
        let other = SigningKey::new(&[7; 32]).unwrap_or_else(|error| panic!("{error}"));
        let foreign = Signature {
            key: other.public(),
            ..signature
        };
        assert!(!foreign.is_of(Subject::Component, b"adapter"));
    }

    #[test]
    fn what_is_no_key_and_no_signature_is_refused() {
        for text in [
            "",
            "x",
            "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=",
            &PUBLIC_KEY[1..],
        ] {
            assert!(text.parse::<PublicKey>().is_err(), "{text:?}");
        }
        for pem in [
            "",
            BEGIN,
            &PEM.replace("MC4C", "MC4D"),
            &PEM.replace("f\n--", "\n--"),
        ] {
            assert!(SigningKey::read(pem).is_err(), "{pem:?}");
        }
        let whole = format!("key {PUBLIC_KEY}\nsignature {SIGNATURE}\n");
        assert!(whole.replace('\n', "\r\n").parse::<Signature>().is_ok());
        for (text, missing) in [
            ("", "key"),
            ("key x", "key"),
            (&whole[..whole.len() / 2], "signature"),
            (&whole.replace("signature ", "signature"), "signature"),
            (&whole.replace("==", ""), "signature"),
            (&whole.replace("key ", "key: "), "key"),
        ] {
            let error = text.parse::<Signature>().unwrap_err().to_string();
            assert!(
                error.contains(&format!("\"{missing} BASE64\"")),
                "{text:?}: {error}"
            );
        }
    }
}
