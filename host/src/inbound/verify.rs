//! Telling a real call from a forged one, in constant time.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use subtle::{Choice, ConstantTimeEq as _};

use crate::{
    adapter::contract::{
        types::{Encoding, Part},
        webhook::{BasicSecret, Delivery, SharedSecret, Signature, Verification},
    },
    egress::{Refused, Secrets, hmac, user_and_password},
};

/// Padded or not: what counts is what is signed.
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// The instance lacks the secret that calls are verified with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the instance has no secret {0:?} to verify calls with; set it by PATCH /instances/ID")]
pub(crate) struct NoSecret(String);

/// Why a call cannot be verified at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unverifiable {
    /// The instance lacks the secret.
    #[error(transparent)]
    NoSecret(#[from] NoSecret),
    /// The adapter asks for the impossible.
    #[error("the verification covers {0}, which the host cannot know of a call")]
    Part(&'static str),
    /// The signature cannot be made.
    #[error(transparent)]
    Refused(#[from] Refused),
}

/// Whether a call, as it was received, is the provider's, who was told to call this address.
pub(super) fn is_genuine(
    verification: &Verification,
    call: &Delivery,
    address: &str,
    secrets: &Secrets,
) -> Result<bool, Unverifiable> {
    match verification {
        Verification::None => Ok(true),
        Verification::Secret(shared) => has_secret(shared, call, secrets),
        Verification::Basic(basic) => has_password(basic, call, secrets),
        Verification::Signature(signature) => is_signed(signature, call, address, secrets),
    }
}

/// The secrets that a verification takes.
pub(super) fn secrets_of(verification: &Verification) -> Vec<&str> {
    match verification {
        Verification::None => Vec::new(),
        Verification::Secret(shared) => vec![&shared.secret],
        Verification::Basic(basic) => vec![&basic.secret],
        Verification::Signature(Signature { key, over, .. }) => {
            let covered = over.iter().filter_map(|part| match part {
                Part::Secret(name) => Some(name.as_str()),
                _ => None,
            });
            std::iter::once(key.as_str()).chain(covered).collect()
        }
    }
}

fn has_secret(shared: &SharedSecret, call: &Delivery, secrets: &Secrets) -> Result<bool, Unverifiable> {
    let secret = known(secrets, &shared.secret)?;
    let equal = candidates(call, &shared.header, &shared.prefix)
        .map(|candidate| candidate.as_bytes().ct_eq(secret.as_bytes()))
        .fold(Choice::from(0), |any, equal| any | equal);
    Ok(equal.into())
}

fn has_password(basic: &BasicSecret, call: &Delivery, secrets: &Secrets) -> Result<bool, Unverifiable> {
    let password = known(secrets, &basic.secret)?;
    let expected = format!("{}:{password}", basic.user);
    let equal = values(call, "Authorization")
        .filter_map(user_and_password)
        .map(|given| given.ct_eq(expected.as_bytes()))
        .fold(Choice::from(0), |any, equal| any | equal);
    Ok(equal.into())
}

fn is_signed(
    signature: &Signature,
    call: &Delivery,
    address: &str,
    secrets: &Secrets,
) -> Result<bool, Unverifiable> {
    let key = known(secrets, &signature.key)?;
    let covered = covered(&signature.over, call, address, secrets)?;
    let expected = hmac(signature.digest, key.as_bytes(), &covered)?;
    let equal = candidates(call, &signature.header, &signature.prefix)
        .filter_map(|candidate| decode(signature.encoding, candidate))
        .map(|given| given.ct_eq(&expected))
        .fold(Choice::from(0), |any, equal| any | equal);
    Ok(equal.into())
}

fn covered(
    parts: &[Part],
    call: &Delivery,
    address: &str,
    secrets: &Secrets,
) -> Result<Vec<u8>, Unverifiable> {
    let mut covered = Vec::new();
    for part in parts {
        match part {
            Part::Text(text) => covered.extend(text.as_bytes()),
            Part::Method => covered.extend(call.method.as_bytes()),
            Part::Url => {
                covered.extend(address.as_bytes());
                if !call.query.is_empty() {
                    covered.extend(b"?");
                    covered.extend(call.query.as_bytes());
                }
            }
            Part::Path => {
                let url = url::Url::parse(address);
                covered.extend(url.as_ref().map_or("", url::Url::path).as_bytes());
            }
            Part::Query => covered.extend(call.query.as_bytes()),
            Part::Body => covered.extend(&call.body),
            Part::Header(name) => {
                let value = values(call, name).next().unwrap_or_default();
                covered.extend(value.as_bytes());
            }
            Part::Secret(name) => covered.extend(known(secrets, name)?.as_bytes()),
            Part::Seconds => return Err(Unverifiable::Part("the time of sending")),
            Part::Milliseconds => return Err(Unverifiable::Part("the time of sending")),
            Part::Nonce => return Err(Unverifiable::Part("a nonce")),
        }
    }
    Ok(covered)
}

/// An empty secret verifies nothing.
fn known<'s>(secrets: &'s Secrets, name: &str) -> Result<&'s str, Unverifiable> {
    let secret = secrets.get(name).map(|secret| secret.expose());
    secret
        .filter(|secret| !secret.is_empty())
        .ok_or_else(|| NoSecret(name.to_owned()).into())
}

fn values<'c>(call: &'c Delivery, name: &str) -> impl Iterator<Item = &'c str> {
    let named = call
        .headers
        .iter()
        .filter(move |header| header.name.eq_ignore_ascii_case(name));
    named.map(|header| header.value.trim())
}

/// What may be the secret or the signature: the header's value, or one of several that it lists while keys are rotated.
fn candidates<'c>(call: &'c Delivery, header: &str, prefix: &'c str) -> impl Iterator<Item = &'c str> {
    values(call, header).flat_map(move |value| {
        let listed = value.split([' ', ',']).filter(move |one| *one != value);
        std::iter::once(value)
            .chain(listed)
            .filter_map(move |one| one.strip_prefix(prefix))
    })
}

fn decode(encoding: Encoding, text: &str) -> Option<Vec<u8>> {
    match encoding {
        Encoding::Base64 => STANDARD.decode(text).ok(),
        Encoding::Base64url => URL_SAFE.decode(text).ok(),
        Encoding::Hex => {
            let digits = text.as_bytes().chunks(2);
            let byte = |pair: &[u8]| match pair {
                [_, _] => u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok(),
                _ => None,
            };
            digits.map(byte).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        adapter::contract::types::{Digest, Header},
        vault::Secret,
    };

    fn secrets() -> Secrets {
        let mut secrets = Secrets::default();
        secrets.insert("hook".to_owned(), Secret::from("MySecretEventSignatureKey"));
        secrets
    }

    fn call(header: &str) -> Delivery {
        Delivery {
            method: "POST".to_owned(),
            query: String::new(),
            headers: vec![Header {
                name: "X-Signature".to_owned(),
                value: header.to_owned(),
            }],
            body: b"<INSERT_EVENT_NOTIFICATION_RESPONSE_BODY>".to_vec(),
        }
    }

    fn signature(encoding: Encoding, over: Vec<Part>) -> Verification {
        Verification::Signature(Signature {
            header: "x-signature".to_owned(),
            prefix: "sha256=".to_owned(),
            digest: Digest::Sha256,
            encoding,
            key: "hook".to_owned(),
            over,
        })
    }

    fn check(verification: &Verification, header: &str, expected: Result<bool, Unverifiable>) {
        let genuine = is_genuine(verification, &call(header), "/p", &secrets());
        assert_eq!(genuine, expected, "{header}");
    }

    #[test]
    fn signatures_are_compared_by_what_they_mean() {
        // The vector of Cloud Elements' documentation, in base64 and in hexadecimal.
        let base64 = "jHdbRx5EZAsOfTwAPJOGkNUzQMVVdu5VJlxcsk+G6jQ=";
        let hex: String = STANDARD
            .decode(base64)
            .unwrap()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let verification = signature(Encoding::Base64, vec![Part::Body]);
        check(&verification, &format!("sha256={base64}"), Ok(true));
        check(
            &verification,
            &format!("sha256={}", base64.trim_end_matches('=')),
            Ok(true),
        );
        check(&verification, &format!("sha256=AAAA sha256={base64}"), Ok(true));
        check(&verification, base64, Ok(false));
        check(&verification, "sha256=", Ok(false));
        check(&verification, "", Ok(false));
        let verification = signature(Encoding::Hex, vec![Part::Body]);
        check(&verification, &format!("sha256={hex}"), Ok(true));
        check(&verification, &format!("sha256={}", hex.to_uppercase()), Ok(true));
        check(&verification, &format!("sha256={}", &hex[1..]), Ok(false));
        let verification = signature(Encoding::Base64, vec![Part::Method, Part::Body]);
        check(&verification, &format!("sha256={base64}"), Ok(false));
    }

    fn basic(user: &str, secret: &str) -> Verification {
        Verification::Basic(BasicSecret {
            user: user.to_owned(),
            secret: secret.to_owned(),
        })
    }

    fn authorized(headers: &[(&str, &str)]) -> Delivery {
        let header = |(name, value): &(&str, &str)| Header {
            name: (*name).to_owned(),
            value: (*value).to_owned(),
        };
        Delivery {
            headers: headers.iter().map(header).collect(),
            ..call("")
        }
    }

    #[test]
    fn user_and_password_are_compared_as_they_are_meant() {
        let encode = |text: &str| STANDARD.encode(text);
        let good = encode("periodic:MySecretEventSignatureKey");
        let cases = [
            (format!("Basic {good}"), true),
            (format!("BASIC   {good}"), true),
            (format!("Basic {}", good.trim_end_matches('=')), true),
            (format!("Bearer {good}"), false),
            (good.clone(), false),
            (format!("Basic {good} {good}"), false),
            (format!("Basic {good}, Basic {good}"), false),
            (format!("Basic {}", &good[1..]), false),
            ("Basic periodic:MySecretEventSignatureKey".to_owned(), false),
            ("Basic !!!!".to_owned(), false),
            ("Basic ".to_owned(), false),
            ("Basic".to_owned(), false),
            (String::new(), false),
            (format!("Basic {}", encode("MySecretEventSignatureKey")), false),
            (format!("Basic {}", encode("periodic:")), false),
            (format!("Basic {}", encode(":MySecretEventSignatureKey")), false),
            (
                format!("Basic {}", encode("Periodic:MySecretEventSignatureKey")),
                false,
            ),
            (
                format!("Basic {}", encode("periodic:MySecretEventSignatureKey ")),
                false,
            ),
            (format!("Basic {}", STANDARD.encode(b"periodic:\xff\0")), false),
        ];
        for (header, expected) in cases {
            let call = authorized(&[("authorization", &header)]);
            let genuine = is_genuine(&basic("periodic", "hook"), &call, "", &secrets());
            assert_eq!(genuine, Ok(expected), "{header:?}");
        }
    }

    #[test]
    fn one_of_several_headers_will_do_and_only_that_of_authorization() {
        let good = format!("Basic {}", STANDARD.encode("u:MySecretEventSignatureKey"));
        let good = good.as_str();
        let cases: [(&[(&str, &str)], bool); 4] = [
            (&[("Authorization", "Basic dTpw"), ("AUTHORIZATION", good)], true),
            (
                &[("Authorization", "Basic dTpw"), ("Authorization", "Basic dTpw")],
                false,
            ),
            (&[("Proxy-Authorization", good), ("X-Signature", good)], false),
            (&[], false),
        ];
        for (headers, expected) in cases {
            let genuine = is_genuine(&basic("u", "hook"), &authorized(headers), "", &secrets());
            assert_eq!(genuine, Ok(expected), "{headers:?}");
        }
    }

    #[test]
    fn a_password_that_is_missing_or_empty_verifies_nothing() {
        let mut secrets = secrets();
        secrets.insert("empty".to_owned(), Secret::from(""));
        for name in ["other", "empty"] {
            let call = authorized(&[("Authorization", "Basic dTo=")]);
            let genuine = is_genuine(&basic("u", name), &call, "", &secrets);
            assert_eq!(genuine, Err(NoSecret(name.to_owned()).into()));
        }
    }

    #[test]
    fn the_address_is_the_one_that_the_provider_was_told() {
        const ADDRESS: &str = "https://hooks.example.com:8443/elements/api-v2/events/acme/NDI";
        let cases = [
            (Part::Url, "", ADDRESS.to_owned()),
            (Part::Url, "a=1&b=%20", format!("{ADDRESS}?a=1&b=%20")),
            (Part::Path, "a=1", "/elements/api-v2/events/acme/NDI".to_owned()),
            (Part::Query, "a=1", "a=1".to_owned()),
        ];
        for (part, query, expected) in cases {
            let call = Delivery {
                query: query.to_owned(),
                ..call("")
            };
            let covered = covered(std::slice::from_ref(&part), &call, ADDRESS, &secrets()).unwrap();
            assert_eq!(String::from_utf8_lossy(&covered), expected, "{part:?} {query}");
        }
    }

    #[test]
    fn what_the_host_cannot_know_is_refused() {
        let verification = signature(Encoding::Base64, vec![Part::Seconds]);
        check(
            &verification,
            "sha256=AAAA",
            Err(Unverifiable::Part("the time of sending")),
        );
    }

    #[test]
    fn shared_secrets_are_compared_whole() {
        let shared = |secret: &str| {
            Verification::Secret(SharedSecret {
                header: "X-Signature".to_owned(),
                prefix: "Token ".to_owned(),
                secret: secret.to_owned(),
            })
        };
        check(&shared("hook"), "Token MySecretEventSignatureKey", Ok(true));
        check(&shared("hook"), "Token MySecretEventSignatureKe", Ok(false));
        check(&shared("hook"), "Token ", Ok(false));
        check(
            &shared("other"),
            "Token x",
            Err(NoSecret("other".to_owned()).into()),
        );
    }
}
