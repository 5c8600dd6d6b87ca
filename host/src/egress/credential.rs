//! Secrets are put into a request, at the moment of sending.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use url::Url;

use super::{Audience, Place, Refused, Secrets, oauth1};
use crate::{adapter::contract::types, clock::Millis};

/// A request while it is put together.
#[derive(Clone)]
pub(super) struct Draft {
    pub(super) method: String,
    pub(super) url: Url,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: DraftBody,
}

#[derive(Clone)]
pub(super) enum DraftBody {
    None,
    Json(String),
    Form(Vec<(String, String)>),
    Bytes { media_type: String, data: Vec<u8> },
}

/// What is the same everywhere in one request.
#[derive(Debug, Clone)]
pub(super) struct Moment {
    pub(super) now: Millis,
    pub(super) nonce: String,
}

/// What credentials are evaluated with.
pub(super) struct Signer<'a> {
    pub(super) audience: &'a Audience,
    pub(super) secrets: &'a Secrets,
    pub(super) moment: Moment,
}

impl Draft {
    pub(super) fn new(request: &types::Request, url: Url) -> Self {
        let headers = request
            .headers
            .iter()
            .map(|header| (header.name.clone(), header.value.clone()));
        let body = match &request.body {
            types::Body::None => DraftBody::None,
            types::Body::Json(json) => DraftBody::Json(json.clone()),
            types::Body::Form(fields) => DraftBody::Form(
                fields
                    .iter()
                    .map(|field| (field.name.clone(), field.value.clone()))
                    .collect(),
            ),
            types::Body::Bytes(content) => DraftBody::Bytes {
                media_type: content.media_type.clone(),
                data: content.data.clone(),
            },
        };
        Self {
            method: request.method.clone(),
            url,
            headers: headers.collect(),
            body,
        }
    }

    /// The body as it goes on the wire, with its media type.
    pub(super) fn encoded(&self) -> (Vec<u8>, Option<&str>) {
        match &self.body {
            DraftBody::None => (Vec::new(), None),
            DraftBody::Json(json) => (json.clone().into_bytes(), Some("application/json")),
            DraftBody::Form(fields) => {
                let form = url::form_urlencoded::Serializer::new(String::new())
                    .extend_pairs(fields)
                    .finish();
                (form.into_bytes(), Some("application/x-www-form-urlencoded"))
            }
            DraftBody::Bytes { media_type, data } => (data.clone(), Some(media_type)),
        }
    }
}

impl Signer<'_> {
    /// Put all credentials in. Signatures come last: they cover what the others put in.
    pub(super) fn sign(&self, draft: &mut Draft, credentials: &[types::Credential]) -> Result<(), Refused> {
        let signs = |credential: &types::Credential| {
            matches!(
                credential,
                types::Credential::Oauth1(_) | types::Credential::Hmac(_)
            )
        };
        let target = draft.url.clone();
        for credential in credentials.iter().filter(|credential| !signs(credential)) {
            self.put(draft, credential, &target)?;
        }
        for credential in credentials.iter().filter(|credential| signs(credential)) {
            self.put(draft, credential, &target)?;
        }
        Ok(())
    }

    fn put(&self, draft: &mut Draft, credential: &types::Credential, target: &Url) -> Result<(), Refused> {
        match credential {
            types::Credential::Bearer(name) => {
                let secret = self.secret(name, Place::Bearer, target)?;
                draft
                    .headers
                    .push(("Authorization".to_owned(), format!("Bearer {secret}")));
            }
            types::Credential::Basic(basic) => {
                let user = self.value(&basic.user, Place::Basic, target)?;
                let password = self.value(&basic.password, Place::Basic, target)?;
                let pair = STANDARD.encode(format!("{user}:{password}"));
                draft
                    .headers
                    .push(("Authorization".to_owned(), format!("Basic {pair}")));
            }
            types::Credential::Header(at) => {
                let secret = self.secret(&at.secret, Place::Header(&at.name), target)?;
                draft
                    .headers
                    .push((at.name.clone(), format!("{}{secret}", at.prefix)));
            }
            types::Credential::Query(at) => {
                let secret = self.secret(&at.secret, Place::Query(&at.name), target)?;
                draft
                    .url
                    .query_pairs_mut()
                    .append_pair(&at.name, &format!("{}{secret}", at.prefix));
            }
            types::Credential::Form(at) => {
                let secret = self.secret(&at.secret, Place::Form(&at.name), target)?;
                let field = (at.name.clone(), format!("{}{secret}", at.prefix));
                match &mut draft.body {
                    DraftBody::Form(fields) => fields.push(field),
                    body @ DraftBody::None => *body = DraftBody::Form(vec![field]),
                    DraftBody::Json(_) | DraftBody::Bytes { .. } => {
                        return Err(malformed("a form credential in a body that is no form"));
                    }
                }
            }
            types::Credential::Json(at) => {
                let secret = self.secret(&at.secret, Place::Json(&at.name), target)?;
                let DraftBody::Json(json) = &mut draft.body else {
                    return Err(malformed("a JSON credential in a body that is no JSON"));
                };
                let Ok(mut members) = serde_json::from_str::<serde_json::Map<_, _>>(json) else {
                    return Err(malformed("a JSON credential in a body that is no JSON object"));
                };
                members.insert(at.name.clone(), format!("{}{secret}", at.prefix).into());
                *json = serde_json::Value::Object(members).to_string();
            }
            types::Credential::Oauth1(oauth1) => {
                let header = oauth1::authorization(draft, oauth1, &self.moment, &|value| match value {
                    types::Value::Text(text) => Ok(text.clone()),
                    types::Value::Secret(name) => self.secret(name, Place::Oauth1, target).map(str::to_owned),
                })?;
                draft.headers.push(("Authorization".to_owned(), header));
            }
            types::Credential::Hmac(hmac) => self.put_hmac(draft, hmac, target)?,
        }
        Ok(())
    }

    fn put_hmac(&self, draft: &mut Draft, hmac: &types::HmacCredential, target: &Url) -> Result<(), Refused> {
        for made in &hmac.also {
            if made.value.iter().any(|part| matches!(part, types::Part::Body)) {
                return Err(malformed("the body in the value of a header"));
            }
            let value = self.parts(draft, &made.value, target)?;
            let value = String::from_utf8(value).map_err(|_binary| malformed("a header that is no text"))?;
            draft.headers.push((made.name.clone(), value));
        }
        let covered = self.parts(draft, &hmac.over, target)?;
        let key = self.secret(&hmac.key, Place::Hmac, target)?;
        let digest = digest(hmac.digest, key.as_bytes(), &covered)?;
        let text = match hmac.encoding {
            types::Encoding::Hex => digest.iter().map(|byte| format!("{byte:02x}")).collect(),
            types::Encoding::Base64 => STANDARD.encode(digest),
            types::Encoding::Base64url => URL_SAFE_NO_PAD.encode(digest),
        };
        draft
            .headers
            .push((hmac.header.clone(), format!("{}{text}", hmac.prefix)));
        Ok(())
    }

    fn parts(&self, draft: &Draft, parts: &[types::Part], target: &Url) -> Result<Vec<u8>, Refused> {
        let mut bytes = Vec::new();
        for part in parts {
            match part {
                types::Part::Text(text) => bytes.extend(text.as_bytes()),
                types::Part::Method => bytes.extend(draft.method.as_bytes()),
                types::Part::Url => bytes.extend(whole(&draft.url).as_bytes()),
                types::Part::Path => bytes.extend(draft.url.path().as_bytes()),
                types::Part::Query => bytes.extend(draft.url.query().unwrap_or_default().as_bytes()),
                types::Part::Body => bytes.extend(draft.encoded().0),
                types::Part::Header(name) => {
                    let header = draft
                        .headers
                        .iter()
                        .find(|(known, _)| known.eq_ignore_ascii_case(name));
                    bytes.extend(header.map(|(_, value)| value.as_bytes()).unwrap_or_default());
                }
                types::Part::Seconds => bytes.extend(self.moment.now.div_euclid(1000).to_string().as_bytes()),
                types::Part::Milliseconds => bytes.extend(self.moment.now.to_string().as_bytes()),
                types::Part::Nonce => bytes.extend(self.moment.nonce.as_bytes()),
                types::Part::Secret(name) => bytes.extend(self.secret(name, Place::Hmac, target)?.as_bytes()),
            }
        }
        Ok(bytes)
    }

    fn value<'s>(
        &'s self,
        value: &'s types::Value,
        place: Place<'_>,
        target: &Url,
    ) -> Result<&'s str, Refused> {
        match value {
            types::Value::Text(text) => Ok(text),
            types::Value::Secret(name) => self.secret(name, place, target),
        }
    }

    /// The value of a secret, where it may go to this place of requests to this URL.
    fn secret(&self, name: &str, place: Place<'_>, target: &Url) -> Result<&str, Refused> {
        self.audience.check_secret(name, place, target)?;
        let secret = self.secrets.get(name).ok_or_else(|| Refused::NoSecret {
            secret: name.to_owned(),
        })?;
        Ok(secret.expose())
    }
}

/// A URL as it goes on the wire: what stands behind `#` stays here.
fn whole(url: &Url) -> &str {
    url.as_str().split('#').next().unwrap_or_default()
}

/// An HMAC (RFC 2104).
pub(crate) fn digest(digest: types::Digest, key: &[u8], covered: &[u8]) -> Result<Vec<u8>, Refused> {
    macro_rules! hmac {
        ($digest:ty) => {{
            let mut mac =
                Hmac::<$digest>::new_from_slice(key).map_err(|_length| malformed("a key of this length"))?;
            mac.update(covered);
            mac.finalize().into_bytes().to_vec()
        }};
    }
    Ok(match digest {
        types::Digest::Sha1 => hmac!(sha1::Sha1),
        types::Digest::Sha256 => hmac!(sha2::Sha256),
        types::Digest::Sha512 => hmac!(sha2::Sha512),
    })
}

pub(super) fn malformed(what: &str) -> Refused {
    Refused::Malformed(format!("{what} cannot be"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_url_is_what_goes_on_the_wire() {
        let cases = [
            ("https://api.example.com", "https://api.example.com/"),
            (
                "https://API.example.com:443/a?b=%20&c",
                "https://api.example.com/a?b=%20&c",
            ),
            (
                "http://api.example.com:8080/a?b#c",
                "http://api.example.com:8080/a?b",
            ),
        ];
        for (url, expected) in cases {
            assert_eq!(whole(&Url::parse(url).unwrap()), expected);
        }
    }
}
