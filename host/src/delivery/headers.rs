//! The further headers of a callback: `event.notification.callback.headers`.

use std::str::FromStr;

use http::{HeaderName, HeaderValue, header};

use super::signature;

/// Headers that an instance wants on every delivery, besides the host's own.
///
/// Read from a JSON object, `{"Authorization": "Bearer …", "X-Tenant": "7"}`, or from lines, `X-Tenant: 7`. The
/// values may be secrets: no error and no `Debug` shows one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExtraHeaders(Vec<(HeaderName, HeaderValue)>);

/// Why the setting cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeadersError {
    /// It starts like JSON and is none, or is not an object of strings.
    #[error("they are no JSON object of texts (line {line}, column {column}); give {FORMS}")]
    Json {
        /// Where, from 1.
        line: usize,
        /// Where, from 1.
        column: usize,
    },
    /// A line has no colon.
    #[error("there is no colon in line {0}; give {FORMS}")]
    Line(usize),
    /// A name is none.
    #[error("{0:?} is no name of a header; names are letters, digits and -")]
    Name(String),
    /// A value has control characters.
    #[error("the value of {0} has line breaks, control characters or other than ASCII")]
    Value(HeaderName),
    /// The host sets this header itself.
    #[error("{0} is set by the host itself; leave it out")]
    Reserved(HeaderName),
    /// It is too long.
    #[error("they are {count} headers of {bytes} bytes; the most are {MOST} and {MOST_BYTES}")]
    TooMuch {
        /// How many headers.
        count: usize,
        /// Bytes of their names and values.
        bytes: usize,
    },
}

const FORMS: &str = r#"{"X-Tenant": "7"}, or lines like X-Tenant: 7"#;
const MOST: usize = 32;
const MOST_BYTES: usize = 8192;

/// What the host or the connection sets; a second value would let an instance forge a signature's headers or the
/// framing.
const RESERVED: [HeaderName; 18] = [
    header::CONNECTION,
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::EXPECT,
    header::HOST,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::USER_AGENT,
    signature::ELEMENTS_ID,
    signature::ELEMENTS_SIGNATURE,
    signature::WEBHOOK_ID,
    signature::WEBHOOK_TIMESTAMP,
    signature::WEBHOOK_SIGNATURE,
];

// === impl ExtraHeaders ===

impl ExtraHeaders {
    /// Names and values in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
        self.0.iter().map(|(name, value)| (name, value))
    }
}

impl FromStr for ExtraHeaders {
    type Err = HeadersError;

    fn from_str(text: &str) -> Result<Self, HeadersError> {
        let text = text.trim();
        let headers: Vec<_> = if text.starts_with('{') {
            let object: indexmap::IndexMap<String, String> =
                serde_json::from_str(text).map_err(|error| HeadersError::Json {
                    line: error.line(),
                    column: error.column(),
                })?;
            object
                .iter()
                .map(|(name, value)| read(name, value))
                .collect::<Result<_, _>>()?
        } else {
            text.split('\n')
                .enumerate()
                .filter(|(_index, line)| !line.trim().is_empty())
                .map(|(index, line)| {
                    let (name, value) = line.split_once(':').ok_or(HeadersError::Line(index + 1))?;
                    read(name, value)
                })
                .collect::<Result<_, _>>()?
        };
        let count = headers.len();
        let bytes = headers
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len())
            .sum();
        if count > MOST || bytes > MOST_BYTES {
            return Err(HeadersError::TooMuch { count, bytes });
        }
        Ok(Self(headers))
    }
}

fn read(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), HeadersError> {
    let name: HeaderName = name
        .trim()
        .parse()
        .map_err(|_name| HeadersError::Name(name.to_owned()))?;
    if RESERVED.contains(&name) {
        return Err(HeadersError::Reserved(name));
    }
    match HeaderValue::from_str(value.trim()) {
        Ok(mut value) if value.to_str().is_ok() => {
            value.set_sensitive(true);
            Ok((name, value))
        }
        _ => Err(HeadersError::Value(name)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, expect: &[(&str, &str)]) {
        let headers: ExtraHeaders = text.parse().unwrap();
        let shown: Vec<_> = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
            .collect();
        assert_eq!(shown, expect, "{text}");
    }

    #[test]
    fn both_forms_are_read() {
        check("", &[]);
        check(" \n\n", &[]);
        check("{}", &[]);
        check("X-Tenant: 7", &[("x-tenant", "7")]);
        check(
            "Authorization: Basic dTpw\r\n\r\nX-Empty:\nX-Tenant: a:b\n",
            &[
                ("authorization", "Basic dTpw"),
                ("x-empty", ""),
                ("x-tenant", "a:b"),
            ],
        );
        check(
            r#" {"Authorization": "Bearer x", "X-Tenant": "7"}"#,
            &[("authorization", "Bearer x"), ("x-tenant", "7")],
        );
    }

    #[test]
    fn what_cannot_be_a_header_is_refused() {
        let many = "a: b\n".repeat(33);
        let long = format!("a: {}", "b".repeat(8192));
        let texts = [
            r#"{"X-Tenant": 7}"#,
            r#"{"X-Tenant""#,
            r#"{"X-Tenant": "7\r\nHost: evil"}"#,
            r#"{"X-Tenant\r\nHost": "evil"}"#,
            r#"{"": "7"}"#,
            r#"{"X-Tenant": "7\u0000"}"#,
            r#"{"X-Tenant": "s\u00fc\u00df"}"#,
            "X-Tenant",
            "X-Tenant: 7\n folded: line\nno colon",
            "X Tenant: 7",
            "Content-Length: 0",
            "HOST: evil",
            "Webhook-Signature: v1,AAAA",
            "elements-webhook-id: 1",
            "X-Tenant: 7\rHost: evil",
            &many,
            &long,
        ];
        let errors = texts.map(|text| text.parse::<ExtraHeaders>().unwrap_err().to_string());
        insta::assert_snapshot!(errors.join("\n"), @r#"
        they are no JSON object of texts (line 1, column 14); give {"X-Tenant": "7"}, or lines like X-Tenant: 7
        they are no JSON object of texts (line 1, column 11); give {"X-Tenant": "7"}, or lines like X-Tenant: 7
        the value of x-tenant has line breaks, control characters or other than ASCII
        "X-Tenant\r\nHost" is no name of a header; names are letters, digits and -
        "" is no name of a header; names are letters, digits and -
        the value of x-tenant has line breaks, control characters or other than ASCII
        the value of x-tenant has line breaks, control characters or other than ASCII
        there is no colon in line 1; give {"X-Tenant": "7"}, or lines like X-Tenant: 7
        there is no colon in line 3; give {"X-Tenant": "7"}, or lines like X-Tenant: 7
        "X Tenant" is no name of a header; names are letters, digits and -
        content-length is set by the host itself; leave it out
        host is set by the host itself; leave it out
        webhook-signature is set by the host itself; leave it out
        elements-webhook-id is set by the host itself; leave it out
        the value of x-tenant has line breaks, control characters or other than ASCII
        they are 33 headers of 66 bytes; the most are 32 and 8192
        they are 1 headers of 8193 bytes; the most are 32 and 8192
        "#);
    }

    #[test]
    fn values_are_not_shown() {
        let headers: ExtraHeaders = "Authorization: s3cr3t".parse().unwrap();
        assert!(!format!("{headers:?}").contains("s3cr3t"));
        let refused = "X-Tenant: s3cr3t\u{7}".parse::<ExtraHeaders>().unwrap_err();
        assert!(!format!("{refused} {refused:?}").contains("s3cr3t"));
    }

    proptest! {
        #[test]
        fn nothing_panics_and_no_line_break_passes(text in "(\\{\"a\":\"|X: )?[\\PC\r\n\\\\u00-]{0,60}(\"\\})?") {
            if let Ok(headers) = text.parse::<ExtraHeaders>() {
                for (_name, value) in headers.iter() {
                    prop_assert!(!value.as_bytes().iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)));
                }
            }
        }
    }
}
