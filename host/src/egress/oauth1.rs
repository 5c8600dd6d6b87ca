//! OAuth 1.0a signatures (RFC 5849, section 3).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, percent_encode, utf8_percent_encode};

use super::{
    Refused,
    credential::{Draft, Moment, digest},
};
use crate::adapter::contract::types;

/// What stays as it is: letters, digits, `-`, `.`, `_`, `~` (section 3.6).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// How a method is called on the wire (section 3.4).
pub(crate) fn method_name(method: types::Oauth1Method) -> &'static str {
    match method {
        types::Oauth1Method::HmacSha1 => "HMAC-SHA1",
        types::Oauth1Method::HmacSha256 => "HMAC-SHA256",
        types::Oauth1Method::Plaintext => "PLAINTEXT",
    }
}

/// The `Authorization` header of a request; `resolve` gives the text of a value.
pub(super) fn authorization(
    draft: &Draft,
    credential: &types::Oauth1Credential,
    moment: &Moment,
    resolve: &dyn Fn(&types::Value) -> Result<String, Refused>,
) -> Result<String, Refused> {
    let secret = |name: &String| resolve(&types::Value::Secret(name.clone()));
    let mut own = vec![
        ("oauth_consumer_key", resolve(&credential.consumer_key)?),
        (
            "oauth_signature_method",
            method_name(credential.method).to_owned(),
        ),
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
    let token_secret = credential.token_secret.as_ref().map(secret).transpose()?;
    let key = Key {
        consumer_secret: secret(&credential.consumer_secret)?,
        token_secret: token_secret.unwrap_or_default(),
    };
    let signature = key.sign(credential.method, draft, &own)?;
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

/// What signs.
struct Key {
    consumer_secret: String,
    /// Empty where there is no token.
    token_secret: String,
}

impl Key {
    /// Sections 3.4.2 to 3.4.4.
    fn sign(
        &self,
        method: types::Oauth1Method,
        draft: &Draft,
        own: &[(&str, String)],
    ) -> Result<String, Refused> {
        let key = format!("{}&{}", encode(&self.consumer_secret), encode(&self.token_secret));
        let function = match method {
            types::Oauth1Method::Plaintext => return Ok(key),
            types::Oauth1Method::HmacSha1 => types::Digest::Sha1,
            types::Oauth1Method::HmacSha256 => types::Digest::Sha256,
        };
        let covered = base_string(draft, own);
        Ok(STANDARD.encode(digest(function, key.as_bytes(), covered.as_bytes())?))
    }
}

/// Section 3.4.1.
fn base_string(draft: &Draft, own: &[(&str, String)]) -> String {
    let mut parameters: Vec<(String, String)> = own
        .iter()
        .map(|(name, value)| (encode(name), encode(value)))
        .collect();
    parameters.extend(decoded(draft.url.query().unwrap_or_default().as_bytes()));
    if let (body, Some(media_type)) = draft.encoded()
        && is_form(media_type)
    {
        parameters.extend(decoded(&body));
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

fn is_form(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default();
    essence
        .trim()
        .eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// The pairs of a query or a form, encoded anew (section 3.4.1.3): what is on the wire counts, byte for byte, whatever
/// its character set.
fn decoded(form: &[u8]) -> impl Iterator<Item = (String, String)> {
    let anew = |text: &[u8]| {
        let spaced: Vec<u8> = text
            .iter()
            .map(|byte| if *byte == b'+' { b' ' } else { *byte })
            .collect();
        let bytes: Vec<u8> = percent_decode(&spaced).collect();
        percent_encode(&bytes, RESERVED).to_string()
    };
    let pairs = form.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
    pairs.map(move |pair| {
        let mut halves = pair.splitn(2, |byte| *byte == b'=');
        let (name, value) = (halves.next(), halves.next());
        (anew(name.unwrap_or_default()), anew(value.unwrap_or_default()))
    })
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use super::{super::credential::DraftBody, *};

    fn draft(method: &str, url: &str, body: DraftBody) -> Draft {
        Draft {
            method: method.to_owned(),
            url: url::Url::parse(url).unwrap(),
            headers: Vec::new(),
            body,
        }
    }

    fn owned<'a>(pairs: &[(&'a str, &str)]) -> Vec<(&'a str, String)> {
        let pairs = pairs.iter();
        pairs.map(|(name, value)| (*name, (*value).to_owned())).collect()
    }

    /// The request of RFC 5849, section 3.1.
    fn request_of_the_rfc() -> (Draft, Vec<(&'static str, String)>) {
        let form = [("c2", ""), ("a3", "2 q")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        let url = "http://example.com/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b";
        let own = owned(&[
            ("oauth_consumer_key", "9djdj82h48djs9d2"),
            ("oauth_token", "kkk9d7dh3k39sjv7"),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", "137131201"),
            ("oauth_nonce", "7d8f3e4a"),
        ]);
        (draft("POST", url, DraftBody::Form(form.to_vec())), own)
    }

    /// Its base string, section 3.4.1.1.
    #[test]
    fn the_base_string_of_the_rfc() {
        let (draft, own) = request_of_the_rfc();
        assert_eq!(
            base_string(&draft, &own),
            "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540\
             %3D%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method\
             %3DHMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
        );
    }

    /// Its signature by section 3.4.2. The RFC prints another one, which its erratum corrects to this.
    #[test]
    fn the_hmac_of_the_rfc() {
        let (draft, own) = request_of_the_rfc();
        let key = Key {
            consumer_secret: "j49sk3j29djd".to_owned(),
            token_secret: "dh893hdasih9".to_owned(),
        };
        let signed = key.sign(types::Oauth1Method::HmacSha1, &draft, &own).unwrap();
        assert_eq!(signed, "r6/TJjbCOr97/+UU0NsvSne7s5g=");
    }

    /// The conversation of section 1.2: the exchange for a token, and a request with it.
    #[test]
    fn the_signatures_of_the_rfc() {
        let check = |method, url, token_secret: &str, own: &[(&str, &str)], expected| {
            let mut all = owned(&[
                ("oauth_consumer_key", "dpf43f3p2l4k3l03"),
                ("oauth_signature_method", "HMAC-SHA1"),
            ]);
            all.extend(owned(own));
            let key = Key {
                consumer_secret: "kd94hf93k423kf44".to_owned(),
                token_secret: token_secret.to_owned(),
            };
            let draft = draft(method, url, DraftBody::None);
            let signed = key.sign(types::Oauth1Method::HmacSha1, &draft, &all).unwrap();
            assert_eq!(signed, expected, "{url}");
        };
        check(
            "POST",
            "https://photos.example.net/token",
            "hdhd0244k9j7ao03",
            &[
                ("oauth_token", "hh5s93j4hdidpola"),
                ("oauth_timestamp", "137131201"),
                ("oauth_nonce", "walatlh"),
                ("oauth_verifier", "hfdp7dh39dks9884"),
            ],
            "gKgrFCywp7rO0OXSjdot/IHF7IU=",
        );
        check(
            "GET",
            "http://photos.example.net/photos?file=vacation.jpg&size=original",
            "pfkkdhi9sl3r4s00",
            &[
                ("oauth_token", "nnch734d00sl2jdk"),
                ("oauth_timestamp", "137131202"),
                ("oauth_nonce", "chapoH"),
            ],
            "MdpQcU8iPSUjWoN/UDMsK2sui9I=",
        );
    }

    /// Section 3.4.1.2: scheme and host in lower case, the scheme's port left out.
    #[test]
    fn the_address_is_normalized() {
        let cases = [
            (
                "HTTP://EXAMPLE.COM:80/r%20v/X?id=123",
                "http%3A%2F%2Fexample.com%2Fr%2520v%2FX",
            ),
            (
                "https://www.example.net:8080/?q=1#f",
                "https%3A%2F%2Fwww.example.net%3A8080%2F",
            ),
        ];
        for (url, expected) in cases {
            let base = base_string(&draft("get", url, DraftBody::None), &[]);
            let (method, rest) = base.split_once('&').unwrap();
            assert_eq!((method, rest.split_once('&').unwrap().0), ("GET", expected));
        }
    }

    #[test]
    fn what_is_on_the_wire_is_signed() {
        let check = |query: &str, expected: &str| {
            let url = format!("http://e/?{query}");
            let base = base_string(&draft("GET", &url, DraftBody::None), &[]);
            assert_eq!(base, format!("GET&http%3A%2F%2Fe%2F&{expected}"), "{query}");
        };
        check("a=1+2", "a%3D1%25202");
        check("a=1%2B2", "a%3D1%252B2");
        check("n=%E9", "n%3D%25E9");
        check("n=é", "n%3D%25C3%25A9");
        check("b=2&a&b=1&&a=", "a%3D%26a%3D%26b%3D1%26b%3D2");
        check("a=b=c*'~", "a%3Db%253Dc%252A%2527~");
        let form = DraftBody::Bytes {
            media_type: "application/x-www-form-urlencoded; charset=utf-8".to_owned(),
            data: b"z=%21&a=x".to_vec(),
        };
        assert_eq!(
            base_string(&draft("POST", "http://e/", form), &[]),
            "POST&http%3A%2F%2Fe%2F&a%3Dx%26z%3D%2521"
        );
        let json = DraftBody::Json("{\"a\":1}".to_owned());
        assert_eq!(
            base_string(&draft("POST", "http://e/", json), &[]),
            "POST&http%3A%2F%2Fe%2F&"
        );
    }

    #[test]
    fn the_header_has_it_all() {
        let credential = |method| types::Oauth1Credential {
            consumer_key: types::Value::Text("key&".to_owned()),
            consumer_secret: "consumer".to_owned(),
            token: Some(types::Value::Secret("token".to_owned())),
            token_secret: Some("token.secret".to_owned()),
            method,
            realm: Some("Pho\"tos".to_owned()),
            parameters: vec![types::Parameter {
                name: "oauth_callback".to_owned(),
                value: types::Value::Text("http://printer.example.com/ready".to_owned()),
            }],
        };
        let moment = Moment {
            now: 137_131_200_999,
            nonce: "wIjqoxSZ".to_owned(),
        };
        let resolve = |value: &types::Value| match value {
            types::Value::Text(text) => Ok(text.clone()),
            types::Value::Secret(name) => Ok(format!("<{name}>")),
        };
        let draft = draft("POST", "https://photos.example.net/initiate", DraftBody::None);
        let plain = credential(types::Oauth1Method::Plaintext);
        assert_eq!(
            authorization(&draft, &plain, &moment, &resolve).unwrap(),
            "OAuth realm=\"Photos\", oauth_consumer_key=\"key%26\", oauth_signature_method=\"PLAINTEXT\", \
             oauth_timestamp=\"137131200\", oauth_nonce=\"wIjqoxSZ\", oauth_version=\"1.0\", \
             oauth_token=\"%3Ctoken%3E\", oauth_callback=\"http%3A%2F%2Fprinter.example.com%2Fready\", \
             oauth_signature=\"%253Cconsumer%253E%26%253Ctoken.secret%253E\""
        );
        let strong = credential(types::Oauth1Method::HmacSha256);
        let header = authorization(&draft, &strong, &moment, &resolve).unwrap();
        assert!(header.contains("HMAC-SHA256"), "{header}");
    }
}
