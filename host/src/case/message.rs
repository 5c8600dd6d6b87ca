//! Requests and responses as texts, near to how they look on the wire.

use std::fmt::Write as _;

use super::layout;
use crate::{adapter::contract::types, egress::oauth1_method};

/// A request: what is on the wire, and in lines that begin with `#` what the host does with it. Secrets stand by their
/// names, which is all that an adapter knows of them.
pub fn request_text(request: &types::Request) -> String {
    let mut text = format!("{} {}\n", request.method, request.url);
    let usual = match request.method.as_str() {
        "GET" | "HEAD" | "OPTIONS" => types::Effect::Read,
        _ => types::Effect::Write,
    };
    for types::Header { name, value } in &request.headers {
        line(&mut text, format_args!("{name}: {value}"));
    }
    if let types::Body::Bytes(content) = &request.body {
        line(&mut text, format_args!("Content-Type: {}", content.media_type));
    }
    match request.effect {
        effect if effect == usual => {}
        types::Effect::Read => text.push_str("# reads: may be repeated\n"),
        types::Effect::Write => text.push_str("# writes: is not repeated\n"),
    }
    for credential in &request.credentials {
        line(&mut text, format_args!("# {}", credential_text(credential)));
    }
    for capture in &request.captures {
        line(&mut text, format_args!("# {}", capture_text(capture)));
    }
    match &request.body {
        types::Body::None => {}
        types::Body::Json(json) => line(&mut text, format_args!("\n{}", layout(json))),
        types::Body::Form(fields) => {
            let fields = fields.iter().map(|field| {
                let mut pair = url::form_urlencoded::Serializer::new(String::new());
                pair.append_pair(&field.name, &field.value).finish()
            });
            line(
                &mut text,
                format_args!("\n{}", fields.collect::<Vec<_>>().join("\n&")),
            );
        }
        types::Body::Bytes(content) => match std::str::from_utf8(&content.data) {
            Ok(body) => line(&mut text, format_args!("\n{}", layout(body))),
            Err(_binary) => line(
                &mut text,
                format_args!(
                    "\n{} bytes, blake3 {}",
                    content.data.len(),
                    blake3::hash(&content.data)
                ),
            ),
        },
    }
    text
}

/// A response: status, headers, an empty line, the body as it is.
pub fn response_text(response: &types::Response, body: &str) -> String {
    let mut text = format!("{}\n{}", response.status, headers_text(&response.headers));
    if !body.is_empty() {
        line(&mut text, format_args!("\n{body}"));
    }
    text
}

/// Header lines.
pub(super) fn headers_text(headers: &[types::Header]) -> String {
    let mut text = String::new();
    for types::Header { name, value } in headers {
        line(&mut text, format_args!("{name}: {value}"));
    }
    text
}

/// The other way round.
pub(super) fn parse_response(text: &str) -> Result<types::Response, String> {
    let (first, headers, body) = parse_message(text)?;
    let number = first.split_whitespace().find(|word| !word.starts_with("HTTP/"));
    let status = number
        .and_then(|number| number.parse().ok())
        .filter(|status| (100..600).contains(status))
        .ok_or_else(|| format!("{first:?} is no status; a response begins like 200"))?;
    Ok(types::Response {
        status,
        headers,
        body,
    })
}

/// First line, headers and body. The line break at the end belongs to the text, not to the body.
pub(super) fn parse_message(text: &str) -> Result<(&str, Vec<types::Header>, Vec<u8>), String> {
    let (first, mut rest) = text.split_once('\n').unwrap_or((text, ""));
    let mut headers = Vec::new();
    while !rest.is_empty() {
        let (header, after) = rest.split_once('\n').unwrap_or((rest, ""));
        rest = after;
        if header.trim().is_empty() {
            let body = rest.strip_suffix('\n').unwrap_or(rest).as_bytes().to_vec();
            return Ok((first, headers, body));
        }
        headers.push(parse_header(header)?);
    }
    Ok((first, headers, Vec::new()))
}

fn parse_header(text: &str) -> Result<types::Header, String> {
    let (name, value) = text
        .split_once(':')
        .ok_or_else(|| format!("{text:?} is no header; an empty line stands between headers and body"))?;
    Ok(types::Header {
        name: name.trim().to_owned(),
        value: value.trim().to_owned(),
    })
}

fn line(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // A text takes everything.
    let _never_fails = writeln!(text, "{arguments}");
}

/// Where a secret goes, by its name.
pub fn credential_text(credential: &types::Credential) -> String {
    let at = |kind: &str, placement: &types::Placement| {
        format!(
            "{kind} {} = {}<{}>",
            placement.name, placement.prefix, placement.secret
        )
    };
    match credential {
        types::Credential::Bearer(secret) => format!("bearer <{secret}>"),
        types::Credential::Basic(basic) => {
            format!(
                "basic {}:{}",
                value_text(&basic.user),
                value_text(&basic.password)
            )
        }
        types::Credential::Header(placement) => at("header", placement),
        types::Credential::Query(placement) => at("query", placement),
        types::Credential::Form(placement) => at("form field", placement),
        types::Credential::Json(placement) => at("JSON member", placement),
        types::Credential::Oauth1(oauth1) => oauth1_text(oauth1),
        types::Credential::Hmac(hmac) => hmac_text(hmac),
    }
}

fn oauth1_text(oauth1: &types::Oauth1Credential) -> String {
    let mut text = format!(
        "OAuth 1.0a {} by {} with <{}>",
        oauth1_method(oauth1.method),
        value_text(&oauth1.consumer_key),
        oauth1.consumer_secret
    );
    if let Some(token) = &oauth1.token {
        let _never_fails = write!(text, ", token {}", value_text(token));
    }
    if let Some(secret) = &oauth1.token_secret {
        let _never_fails = write!(text, " with <{secret}>");
    }
    if let Some(realm) = &oauth1.realm {
        let _never_fails = write!(text, ", realm {realm:?}");
    }
    for types::Parameter { name, value } in &oauth1.parameters {
        let _never_fails = write!(text, ", {name} = {}", value_text(value));
    }
    text
}

fn hmac_text(hmac: &types::HmacCredential) -> String {
    let mut text = format!(
        "header {} = {}{:?} {:?} under <{}> over {}",
        hmac.header,
        hmac.prefix,
        hmac.encoding,
        hmac.digest,
        hmac.key,
        parts_text(&hmac.over)
    );
    for types::MadeHeader { name, value } in &hmac.also {
        let _never_fails = write!(text, ", header {name} = {}", parts_text(value));
    }
    text
}

fn parts_text(parts: &[types::Part]) -> String {
    let part = |part: &types::Part| match part {
        types::Part::Text(text) => format!("{text:?}"),
        types::Part::Method => "method".to_owned(),
        types::Part::Url => "url".to_owned(),
        types::Part::Path => "path".to_owned(),
        types::Part::Query => "query".to_owned(),
        types::Part::Body => "body".to_owned(),
        types::Part::Header(name) => format!("header {name}"),
        types::Part::Seconds => "seconds".to_owned(),
        types::Part::Milliseconds => "milliseconds".to_owned(),
        types::Part::Nonce => "nonce".to_owned(),
        types::Part::Secret(name) => format!("<{name}>"),
    };
    parts.iter().map(part).collect::<Vec<_>>().join(" ")
}

fn value_text(value: &types::Value) -> String {
    match value {
        types::Value::Text(text) => text.clone(),
        types::Value::Secret(name) => format!("<{name}>"),
    }
}

fn capture_text(capture: &types::Capture) -> String {
    let at = match &capture.at {
        types::Source::Json(path) => path.clone(),
        types::Source::Form(name) => format!("form field {name}"),
        types::Source::Header(name) => format!("header {name}"),
        types::Source::Text => "the whole body".to_owned(),
    };
    let into = match &capture.into {
        types::Target::Secret(name) => format!("secret {name}"),
        types::Target::Setting(key) => format!("setting {key}"),
        types::Target::Lifetime(name) => format!("lifetime of {name}"),
    };
    let needed = if capture.required { ", required" } else { "" };
    format!("captures {at} into {into}{needed}")
}
