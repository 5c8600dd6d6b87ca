//! Signatures of a body: the one of Cloud Elements, and Standard Webhooks 1.0.
//!
//! `Elements-Webhook-Signature: sha256=` + base64 of HMAC-SHA256 over the body. It knows no time, so a recorded
//! body can be sent again; a receiver that cares verifies `webhook-signature`, which is over `{id}.{timestamp}.{body}`.
//! Keys are bytes here: of an instance's signing key, its UTF-8.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::HeaderName;
use sha2::{Digest as _, Sha256};

use crate::{
    clock::{Millis, millis},
    vault::Secret,
};

/// The event id, the same at every attempt.
pub const ELEMENTS_ID: HeaderName = HeaderName::from_static("elements-webhook-id");
/// What [`elements`] makes.
pub const ELEMENTS_SIGNATURE: HeaderName = HeaderName::from_static("elements-webhook-signature");
/// The event id again, under the name of Standard Webhooks.
pub const WEBHOOK_ID: HeaderName = HeaderName::from_static("webhook-id");
/// When the attempt was signed, in seconds since 1970.
pub const WEBHOOK_TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
/// What [`standard`] makes.
pub const WEBHOOK_SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// How far the clocks of sender and receiver may be apart, by Standard Webhooks' libraries.
pub const TOLERANCE: Duration = Duration::from_mins(5);

const ELEMENTS_PREFIX: &str = "sha256=";
const STANDARD_VERSION: &str = "v1";
const SECRET_PREFIX: &str = "whsec_";

/// Why a signature does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Anybody can sign with an empty key.
    #[error("the signing key is empty: give the key that event.notification.signature.key holds")]
    EmptyKey,
    /// The header of Cloud Elements is not in its form.
    #[error("the signature is not in the form sha256=<base64>")]
    Malformed,
    /// The timestamp is no number.
    #[error("the timestamp {0:?} is not a number of seconds since 1970")]
    Timestamp(String),
    /// The timestamp is too far from now.
    #[error(
        "the message was signed {seconds} s from now, tolerance {tolerance:?}: it is a replay, or one of the \
         clocks is wrong"
    )]
    Stale {
        /// Negative when it was signed in the past.
        seconds: i64,
        /// What is let pass.
        tolerance: Duration,
    },
    /// No signature that was sent is the key's over this body.
    #[error("no signature matches: the key is another one, or the body was altered on its way")]
    Mismatch,
}

/// The text is no secret of Standard Webhooks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a Standard Webhooks secret is whsec_ and base64 of the key; give it so, or the signing key itself")]
pub struct NotASecret;

/// The value of [`ELEMENTS_SIGNATURE`].
pub fn elements(key: &[u8], body: &[u8]) -> String {
    let tag = keyed(key).chain_update(body).finalize();
    format!("{ELEMENTS_PREFIX}{}", STANDARD.encode(tag.into_bytes()))
}

/// The value of [`WEBHOOK_SIGNATURE`]; `timestamp` is that of [`WEBHOOK_TIMESTAMP`], in seconds.
pub fn standard(key: &[u8], id: &str, timestamp: i64, body: &[u8]) -> String {
    let tag = over(key, id, timestamp, body).finalize();
    format!("{STANDARD_VERSION},{}", STANDARD.encode(tag.into_bytes()))
}

/// Verify the value of [`ELEMENTS_SIGNATURE`], in constant time.
pub fn verify_elements(key: &[u8], signature: &str, body: &[u8]) -> Result<(), SignatureError> {
    if key.is_empty() {
        return Err(SignatureError::EmptyKey);
    }
    let tag = signature
        .strip_prefix(ELEMENTS_PREFIX)
        .and_then(|tag| STANDARD.decode(tag).ok())
        .ok_or(SignatureError::Malformed)?;
    keyed(key)
        .chain_update(body)
        .verify_slice(&tag)
        .map_err(|_mac| SignatureError::Mismatch)
}

/// What a receiver got of a message signed by Standard Webhooks.
#[derive(Debug, Clone, Copy)]
pub struct Signed<'a> {
    /// The value of [`WEBHOOK_ID`].
    pub id: &'a str,
    /// The value of [`WEBHOOK_TIMESTAMP`].
    pub timestamp: &'a str,
    /// The value of [`WEBHOOK_SIGNATURE`]: one or more signatures with a space between, of which one has to match.
    pub signatures: &'a str,
    /// The body, byte for byte.
    pub body: &'a [u8],
}

/// Verify a message signed by Standard Webhooks, in constant time. Signatures of other versions than `v1` are
/// passed over.
pub fn verify_standard(
    key: &[u8],
    message: Signed<'_>,
    now: Millis,
    tolerance: Duration,
) -> Result<(), SignatureError> {
    if key.is_empty() {
        return Err(SignatureError::EmptyKey);
    }
    let timestamp: i64 = message
        .timestamp
        .parse()
        .map_err(|_number| SignatureError::Timestamp(message.timestamp.to_owned()))?;
    let seconds = timestamp.saturating_sub(now.div_euclid(1000));
    if seconds.unsigned_abs().saturating_mul(1000) > millis(tolerance).unsigned_abs() {
        return Err(SignatureError::Stale { seconds, tolerance });
    }
    let mac = over(key, message.id, timestamp, message.body);
    message
        .signatures
        .split(' ')
        .filter_map(|signature| signature.split_once(','))
        .filter(|(version, _tag)| *version == STANDARD_VERSION)
        .filter_map(|(_version, tag)| STANDARD.decode(tag).ok())
        .any(|tag| mac.clone().verify_slice(&tag).is_ok())
        .then_some(())
        .ok_or(SignatureError::Mismatch)
}

/// A signing key as the libraries of Standard Webhooks take it: `whsec_` and base64 of its UTF-8.
pub fn standard_secret(key: &Secret) -> Secret {
    Secret::from(format!("{SECRET_PREFIX}{}", STANDARD.encode(key.expose())))
}

/// The key in a secret of Standard Webhooks.
pub fn key_of(secret: &Secret) -> Result<zeroize::Zeroizing<Vec<u8>>, NotASecret> {
    secret
        .expose()
        .strip_prefix(SECRET_PREFIX)
        .and_then(|key| STANDARD.decode(key).ok())
        .map(Into::into)
        .ok_or(NotASecret)
}

fn over(key: &[u8], id: &str, timestamp: i64, body: &[u8]) -> Hmac<Sha256> {
    keyed(key)
        .chain_update(id)
        .chain_update(b".")
        .chain_update(timestamp.to_string())
        .chain_update(b".")
        .chain_update(body)
}

/// HMAC takes keys of any length, by padding short ones and hashing long ones (RFC 2104, section 2). Doing so here
/// leaves no error that cannot happen.
fn keyed(key: &[u8]) -> Hmac<Sha256> {
    let mut block = zeroize::Zeroizing::new([0; 64]);
    if let Some(head) = block.get_mut(..key.len()) {
        head.copy_from_slice(key);
    } else {
        block[..32].copy_from_slice(&Sha256::digest(key));
    }
    Hmac::new(&(*block).into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Millis = 1_614_265_330_500;
    const KEY: &[u8] = b"MySecretEventSignatureKey";

    /// The example of Cloud Elements' documentation.
    #[test]
    fn the_published_elements_signature() {
        let body = b"<INSERT_EVENT_NOTIFICATION_RESPONSE_BODY>";
        let signature = "sha256=jHdbRx5EZAsOfTwAPJOGkNUzQMVVdu5VJlxcsk+G6jQ=";
        assert_eq!(elements(KEY, body), signature);
        assert_eq!(verify_elements(KEY, signature, body), Ok(()));
    }

    #[test]
    fn elements_signatures_that_do_not_hold() {
        let good = elements(KEY, b"body");
        for (key, signature, body, expect) in [
            (KEY, good.as_str(), "Body", SignatureError::Mismatch),
            (b"other", &good, "body", SignatureError::Mismatch),
            (b"", &good, "body", SignatureError::EmptyKey),
            (KEY, &good[..30], "body", SignatureError::Malformed),
            (KEY, "", "body", SignatureError::Malformed),
            (KEY, "sha256=", "body", SignatureError::Mismatch),
            (KEY, "sha256=AAAA", "body", SignatureError::Mismatch),
            (KEY, "sha1=AAAA", "body", SignatureError::Malformed),
            (KEY, "sha256=ü", "body", SignatureError::Malformed),
        ] {
            assert_eq!(
                verify_elements(key, signature, body.as_bytes()),
                Err(expect),
                "{signature}"
            );
        }
    }

    /// The two fixed vectors of Standard Webhooks' own libraries.
    #[test]
    fn the_published_standard_signatures() {
        for (secret, id, timestamp, body, signature) in [
            (
                "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
                "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
                1_649_367_553,
                r#"{"email":"test@example.com","username":"test_user"}"#,
                "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=",
            ),
            (
                "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                "msg_p5jXN8AQM9LWM0D4loKWxJek",
                1_614_265_330,
                r#"{"test": 2432232314}"#,
                "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            ),
        ] {
            let key = key_of(&Secret::from(secret)).unwrap();
            assert_eq!(standard(&key, id, timestamp, body.as_bytes()), signature);
        }
    }

    fn check(signatures: &str, timestamp: &str, expect: Result<(), SignatureError>) {
        let message = Signed {
            id: "msg_1",
            timestamp,
            signatures,
            body: b"{}",
        };
        let verified = verify_standard(KEY, message, NOW, TOLERANCE);
        assert_eq!(verified, expect, "{signatures} at {timestamp}");
    }

    #[test]
    fn one_signature_of_a_list_has_to_match() {
        let good = standard(KEY, "msg_1", NOW / 1000, b"{}");
        let tag = good.strip_prefix("v1,").unwrap();
        let other = standard(b"old key", "msg_1", NOW / 1000, b"{}");
        let timestamp = (NOW / 1000).to_string();
        for list in [
            good.clone(),
            format!("{other} {good}"),
            format!("v1a,AAAA v1,!! , v1 {good} {other}"),
        ] {
            check(&list, &timestamp, Ok(()));
        }
        for list in [
            "",
            "v1,",
            "v1",
            tag,
            &other,
            &format!("v2,{tag}"),
            &format!("v1,{}", &tag[..20]),
            &format!(" {other}  {other}"),
        ] {
            check(list, &timestamp, Err(SignatureError::Mismatch));
        }
    }

    #[test]
    fn the_timestamp_has_to_be_near() {
        let sign = |seconds: i64| standard(KEY, "msg_1", seconds, b"{}");
        let now = NOW / 1000;
        for seconds in [now - 300, now, now + 300] {
            check(&sign(seconds), &seconds.to_string(), Ok(()));
        }
        for timestamp in [now - 301, now + 301, 0, i64::MIN, i64::MAX] {
            let expect = SignatureError::Stale {
                seconds: timestamp.saturating_sub(now),
                tolerance: TOLERANCE,
            };
            check(&sign(timestamp), &timestamp.to_string(), Err(expect));
        }
        for text in ["", "now", "1.5", " 1614265330", "99999999999999999999"] {
            check(&sign(now), text, Err(SignatureError::Timestamp(text.to_owned())));
        }
    }

    #[test]
    fn an_empty_key_verifies_nothing() {
        let message = Signed {
            id: "msg_1",
            timestamp: "1614265330",
            signatures: &standard(b"", "msg_1", 1_614_265_330, b"{}"),
            body: b"{}",
        };
        assert_eq!(
            verify_standard(b"", message, NOW, TOLERANCE),
            Err(SignatureError::EmptyKey)
        );
    }

    #[test]
    fn texts_that_are_no_secret() {
        for text in ["", "whsec_!", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsk_AAAA"] {
            assert_eq!(key_of(&Secret::from(text)), Err(NotASecret), "{text}");
        }
    }

    proptest! {
        /// The key as users paste it into a ready-made library gives the library's signature.
        #[test]
        fn the_library_of_standard_webhooks_agrees(key in "\\PC{1,100}", id in "[a-zA-Z0-9_-]{1,30}", body in ".*") {
            let key = Secret::from(key);
            let theirs = standardwebhooks::Webhook::new(standard_secret(&key).expose()).unwrap();
            let signature = standard(key.expose().as_bytes(), &id, NOW / 1000, body.as_bytes());
            prop_assert_eq!(&signature, &theirs.sign(&id, NOW / 1000, body.as_bytes()).unwrap());
            let message = Signed { id: &id, timestamp: &(NOW / 1000).to_string(), signatures: &signature, body: body.as_bytes() };
            prop_assert_eq!(verify_standard(key.expose().as_bytes(), message, NOW, TOLERANCE), Ok(()));
        }

        #[test]
        fn nothing_that_is_received_panics(signature in "(sha256=|v1,)?.{0,80}", timestamp in ".{0,12}", body in ".*") {
            let message = Signed { id: "", timestamp: &timestamp, signatures: &signature, body: body.as_bytes() };
            prop_assert!(verify_standard(KEY, message, NOW, TOLERANCE).is_err());
            prop_assert!(verify_elements(KEY, &signature, body.as_bytes()).is_err());
        }
    }
}
