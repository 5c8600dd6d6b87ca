//! Values are cut out of a response before a guest sees it.

use periodic_sdk::{path::JsonPath, raw};

use crate::{adapter::contract::types, vault::Secret};

/// Nothing is looked for in a larger body: answers that grant something are small, and each capture reads it anew.
const LARGEST: usize = 1 << 20;

/// A captured value.
#[derive(Debug)]
pub struct Captured {
    /// Where it goes.
    pub into: types::Target,
    /// The value; it may be a secret.
    pub value: Secret,
}

/// A required value that is not there.
#[derive(Debug, thiserror::Error)]
#[error("the answer has no {0}")]
pub(super) struct Absent(String);

/// Take values out of a successful response. Secrets are struck out of it, each by as many asterisks.
pub(super) fn capture(
    response: &mut types::Response,
    captures: &[types::Capture],
) -> Result<Vec<Captured>, Absent> {
    let mut captured = Vec::new();
    if !(200..300).contains(&response.status) {
        return Ok(captured);
    }
    let too_large = response.body.len() > LARGEST;
    for types::Capture { at, into, required } in captures {
        let strikes = matches!(into, types::Target::Secret(_));
        let taken = match at {
            types::Source::Header(_) => take(response, at, strikes),
            _ if too_large => None,
            _ => take(response, at, strikes),
        };
        match taken {
            Some(value) => captured.push(Captured {
                into: into.clone(),
                value: Secret::from(value),
            }),
            None if *required => return Err(Absent(place(at))),
            None => {}
        }
    }
    Ok(captured)
}

fn take(response: &mut types::Response, at: &types::Source, strikes: bool) -> Option<String> {
    match at {
        types::Source::Json(path) => {
            let path = JsonPath::parse(path).ok()?;
            let span = raw::find(&response.body, &path).ok()??;
            let value = raw::scalar(&response.body, span).ok()??.into_owned();
            if strikes {
                let text = matches!(raw::kind(&response.body, span), Some(raw::Kind::String));
                let occurrence = response.body.get_mut(span.range())?;
                let inner = if text {
                    occurrence
                        .len()
                        .checked_sub(1)
                        .and_then(|end| occurrence.get_mut(1..end))
                } else {
                    Some(occurrence)
                };
                // A number that was a secret becomes ones: the body stays JSON.
                inner?.fill(if text { b'*' } else { b'1' });
            }
            Some(value).filter(|value| !value.is_empty())
        }
        types::Source::Form(name) => {
            let pairs: Vec<(String, String)> =
                url::form_urlencoded::parse(&response.body).into_owned().collect();
            let value = pairs
                .iter()
                .find(|(known, _)| known == name)
                .map(|(_, value)| value.clone())?;
            if strikes {
                let struck = pairs.iter().map(|(known, value)| {
                    (
                        known.as_str(),
                        if known == name {
                            "*".repeat(value.len())
                        } else {
                            value.clone()
                        },
                    )
                });
                let form = url::form_urlencoded::Serializer::new(String::new())
                    .extend_pairs(struck)
                    .finish();
                response.body = form.into_bytes();
            }
            Some(value)
        }
        types::Source::Header(name) => {
            let header = response
                .headers
                .iter_mut()
                .find(|header| header.name.eq_ignore_ascii_case(name))?;
            let struck = if strikes {
                "*".repeat(header.value.len())
            } else {
                header.value.clone()
            };
            Some(std::mem::replace(&mut header.value, struck))
        }
        types::Source::Text => {
            let value = std::str::from_utf8(&response.body).ok()?.trim().to_owned();
            if strikes {
                response.body.fill(b'*');
            }
            Some(value).filter(|value| !value.is_empty())
        }
    }
}

fn place(at: &types::Source) -> String {
    match at {
        types::Source::Json(path) => format!("{path} in its JSON body"),
        types::Source::Form(name) => format!("{name} in its form body"),
        types::Source::Header(name) => format!("header {name}"),
        types::Source::Text => "text".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(at: types::Source, body: &str, value: Option<&str>, left: &str) {
        let mut response = types::Response {
            status: 200,
            headers: Vec::new(),
            body: body.as_bytes().to_vec(),
        };
        let rule = types::Capture {
            at,
            into: types::Target::Secret("s".to_owned()),
            required: false,
        };
        let captured = capture(&mut response, &[rule]).unwrap();
        assert_eq!(
            captured.first().map(|captured| captured.value.expose()),
            value,
            "{body}"
        );
        assert_eq!(String::from_utf8(response.body).unwrap(), left);
    }

    #[test]
    fn values_are_cut_out() {
        let json = |path: &str| types::Source::Json(path.to_owned());
        check(
            json("access_token"),
            r#"{"access_token":"abc"}"#,
            Some("abc"),
            r#"{"access_token":"***"}"#,
        );
        check(
            json("a.b"),
            r#"{"a":{"b":"x\ny"}}"#,
            Some("x\ny"),
            r#"{"a":{"b":"****"}}"#,
        );
        check(json("a"), r#"{"a":123}"#, Some("123"), r#"{"a":111}"#);
        check(json("b"), r#"{"a":123}"#, None, r#"{"a":123}"#);
        check(json("b"), "no json", None, "no json");
        check(
            types::Source::Form("t".to_owned()),
            "t=a%20b&u=1",
            Some("a b"),
            "t=***&u=1",
        );
        check(types::Source::Text, " abc ", Some("abc"), "*****");
    }

    #[test]
    fn a_refusal_is_left_alone() {
        let body = br#"{"access_token":"abc"}"#.to_vec();
        let mut response = types::Response {
            status: 400,
            headers: Vec::new(),
            body: body.clone(),
        };
        let at = types::Source::Json("access_token".to_owned());
        let rule = types::Capture {
            at,
            into: types::Target::Secret("s".to_owned()),
            required: true,
        };
        assert!(capture(&mut response, &[rule]).unwrap().is_empty());
        assert_eq!(response.body, body);
    }
}
