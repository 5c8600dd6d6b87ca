//! OAuth 1.0a signatures (RFC 5849, section 3).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{
    Refused,
    credential::{Draft, DraftBody, Moment, digest},
};
use crate::adapter::contract::types;

/// What stays as it is: letters, digits, `-`, `.`, `_`, `~` (section 3.6).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The `Authorization` header of a request; `resolve` gives the text of a value.
pub(super) fn authorization(
    draft: &Draft,
    credential: &types::Oauth1Credential,
    moment: &Moment,
    resolve: &dyn Fn(&types::Value) -> Result<String, Refused>,
) -> Result<String, Refused> {
    let secret = |name: &String| resolve(&types::Value::Secret(name.clone()));
    let method = match credential.method {
        types::Oauth1Method::HmacSha1 => "HMAC-SHA1",
        types::Oauth1Method::HmacSha256 => "HMAC-SHA256",
        types::Oauth1Method::Plaintext => "PLAINTEXT",
    };
    let mut own = vec![
        ("oauth_consumer_key", resolve(&credential.consumer_key)?),
        ("oauth_signature_method", method.to_owned()),
        ("oauth_timestamp", moment.now.div_euclid(1000).to_string()),
        ("oauth_nonce", moment.nonce.clone()),
        ("oauth_version", "1.0".to_owned()),
    ];
    if let Some(token) = &credential.token {
        own.push(("oauth_token", resolve(token)?));
    }
    for parameter in &credential.parameters {
        own.push((&parameter.name, resolve(&parameter.value)?));
    }
    let token_secret = credential
        .token_secret
        .as_ref()
        .map(secret)
        .transpose()?
        .unwrap_or_default();
    let key = format!(
        "{}&{}",
        encode(&secret(&credential.consumer_secret)?),
        encode(&token_secret)
    );
    let signature = match credential.method {
        types::Oauth1Method::Plaintext => key,
        types::Oauth1Method::HmacSha1 => STANDARD.encode(digest(
            types::Digest::Sha1,
            key.as_bytes(),
            base_string(draft, &own).as_bytes(),
        )?),
        types::Oauth1Method::HmacSha256 => STANDARD.encode(digest(
            types::Digest::Sha256,
            key.as_bytes(),
            base_string(draft, &own).as_bytes(),
        )?),
    };
    own.push(("oauth_signature", signature));
    let realm = credential
        .realm
        .as_ref()
        .map(|realm| format!("realm=\"{}\"", realm.replace(['"', '\\'], "")));
    let own = own
        .iter()
        .map(|(name, value)| format!("{}=\"{}\"", encode(name), encode(value)));
    Ok(format!(
        "OAuth {}",
        realm.into_iter().chain(own).collect::<Vec<_>>().join(", ")
    ))
}

/// Section 3.4.1.
fn base_string(draft: &Draft, own: &[(&str, String)]) -> String {
    let mut parameters: Vec<(String, String)> = own
        .iter()
        .map(|(name, value)| (encode(name), encode(value)))
        .collect();
    parameters.extend(
        draft
            .url
            .query_pairs()
            .map(|(name, value)| (encode(&name), encode(&value))),
    );
    if let DraftBody::Form(fields) = &draft.body {
        parameters.extend(fields.iter().map(|(name, value)| (encode(name), encode(value))));
    }
    parameters.sort_unstable();
    let pairs: Vec<String> = parameters
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let mut url = draft.url.clone();
    url.set_query(None);
    url.set_fragment(None);
    format!(
        "{}&{}&{}",
        draft.method.to_uppercase(),
        encode(url.as_str()),
        encode(&pairs.join("&"))
    )
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The worked example of RFC 5849, section 3.4.1.1.
    #[test]
    fn the_base_string_of_the_rfc() {
        let form = [("c2", ""), ("a3", "2 q")];
        let draft = Draft {
            method: "POST".to_owned(),
            url: url::Url::parse("http://example.com/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b").unwrap(),
            headers: Vec::new(),
            body: DraftBody::Form(
                form.map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .to_vec(),
            ),
        };
        let own = [
            ("oauth_consumer_key", "9djdj82h48djs9d2"),
            ("oauth_token", "kkk9d7dh3k39sjv7"),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", "137131201"),
            ("oauth_nonce", "7d8f3e4a"),
        ]
        .map(|(name, value)| (name, value.to_owned()));
        assert_eq!(
            base_string(&draft, &own),
            "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540\
             %3D%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method\
             %3DHMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
        );
    }

    /// The example of RFC 5849, section 1.2.
    #[test]
    fn the_signature_of_the_rfc() {
        let draft = Draft {
            method: "POST".to_owned(),
            url: url::Url::parse("https://photos.example.net/initiate").unwrap(),
            headers: Vec::new(),
            body: DraftBody::None,
        };
        let credential = types::Oauth1Credential {
            consumer_key: types::Value::Text("dpf43f3p2l4k3l03".to_owned()),
            consumer_secret: "consumer".to_owned(),
            token: None,
            token_secret: None,
            method: types::Oauth1Method::HmacSha1,
            realm: Some("Photos".to_owned()),
            parameters: vec![types::Parameter {
                name: "oauth_callback".to_owned(),
                value: types::Value::Text("http://printer.example.com/ready".to_owned()),
            }],
        };
        let moment = Moment {
            now: 137_131_200_000,
            nonce: "wIjqoxSZ".to_owned(),
        };
        let resolve = |value: &types::Value| match value {
            types::Value::Text(text) => Ok(text.clone()),
            types::Value::Secret(_) => Ok("kd94hf93k423kf44".to_owned()),
        };
        let header = authorization(&draft, &credential, &moment, &resolve).unwrap();
        assert!(
            header.starts_with("OAuth realm=\"Photos\", oauth_consumer_key=\"dpf43f3p2l4k3l03\""),
            "{header}"
        );
        // The RFC's example has no oauth_version; with it, another signature is right.
        assert!(header.contains("oauth_version=\"1.0\""));
    }
}
