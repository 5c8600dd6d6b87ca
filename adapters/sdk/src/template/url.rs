//! Rendered URLs, taken apart.

use crate::place::Place;

/// A rendered poller URL: a `GET` on the element's own resources.
///
/// This is not a web form: values hold spaces, quotes, `=` and `+` as they are (an offset such as `+02:00` must
/// survive), and only percent-escapes are decoded. A `%` that begins no escape is itself, as in `LIKE 'Acc%'`; write
/// `%25` where two hexadecimal digits follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PollerUrl {
    /// The hub, if the path began with `/hubs/{hub}/`.
    pub hub: Option<String>,
    /// The rest of the path: `["contacts"]`, `["calendars", "primary", "changed-events"]`. At least one segment.
    pub segments: Vec<String>,
    /// The query's parameters in order; `where` is raw CEQL.
    pub query: Vec<(String, String)>,
}

/// A URL that is none of a poller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{fault} at {place}")]
pub struct PollerUrlError {
    /// What is wrong.
    pub fault: PollerUrlFault,
    /// Where.
    pub place: Place,
}

/// What is wrong with a poller URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PollerUrlFault {
    /// A scheme and a host.
    #[error("a poller url is a path of the instance such as /hubs/crm/contacts, without scheme and host")]
    Absolute,
    /// No resource.
    #[error("the path names no resource: write /hubs/crm/contacts or /contacts")]
    NoResource,
    /// `//`, `/./` or `/../`.
    #[error("a segment of the path is empty or dots only")]
    Segment,
    /// Escapes that make no text.
    #[error("the percent-escapes are no utf-8: write %25 for a percent sign")]
    Escape,
    /// `?LastModifyDate>'2018'`.
    #[error("this is no name of a parameter: a condition stands behind where=")]
    ParameterName,
    /// A second `where`.
    #[error("there is a second where: join the two with AND")]
    SecondWhere,
}

impl PollerUrl {
    /// Take a rendered URL apart.
    pub fn parse(rendered: &str) -> Result<Self, PollerUrlError> {
        take_apart(rendered).map_err(|(fault, at)| PollerUrlError {
            fault,
            place: Place::new(rendered, at),
        })
    }

    /// The path below the hub: `calendars/primary/changed-events`.
    pub fn resource(&self) -> String {
        self.segments.join("/")
    }

    /// The first parameter of this name. Names have no case.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The `where` clause, as it was rendered; none when it is missing or empty.
    pub fn where_clause(&self) -> Option<&str> {
        self.parameter("where").filter(|clause| !clause.trim().is_empty())
    }
}

fn take_apart(rendered: &str) -> Result<PollerUrl, (PollerUrlFault, usize)> {
    let trimmed = rendered.trim();
    let (path, query) = trimmed.split_once('?').unwrap_or((trimmed, ""));
    if path.contains("://") {
        return Err((PollerUrlFault::Absolute, 0));
    }

    let trimmed = path.strip_prefix('/').unwrap_or(path);
    let trimmed = trimmed.strip_suffix('/').unwrap_or(trimmed);
    let mut segments = Vec::new();
    for segment in trimmed.split('/') {
        let decoded = decode(segment, rendered)?;
        if matches!(decoded.as_str(), "" | "." | "..") {
            let fault = if trimmed.is_empty() {
                PollerUrlFault::NoResource
            } else {
                PollerUrlFault::Segment
            };
            return Err((fault, offset_in(rendered, segment)));
        }
        segments.push(decoded);
    }
    if segments.iter().take(2).eq(["elements", "api-v2"]) {
        segments.drain(..2);
    }
    let hub = match segments.first() {
        Some(first) if first == "hubs" => segments.drain(..segments.len().min(2)).nth(1),
        _ => None,
    };
    if segments.is_empty() {
        let end = offset_in(rendered, path) + path.len();
        return Err((PollerUrlFault::NoResource, end));
    }

    let mut parameters: Vec<(String, String)> = Vec::new();
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let name = decode(name.trim(), rendered)?;
        if name.contains(['<', '>', '!', '\'', '"', '(', ' ']) {
            return Err((PollerUrlFault::ParameterName, offset_in(rendered, parameter)));
        }
        let is_where = |name: &str| name.eq_ignore_ascii_case("where");
        if is_where(&name) && parameters.iter().any(|(earlier, _)| is_where(earlier)) {
            return Err((PollerUrlFault::SecondWhere, offset_in(rendered, parameter)));
        }
        parameters.push((name, decode(value, rendered)?));
    }
    Ok(PollerUrl {
        hub,
        segments,
        query: parameters,
    })
}

/// A piece of the URL without percent-escapes.
fn decode(piece: &str, rendered: &str) -> Result<String, (PollerUrlFault, usize)> {
    let mut bytes = Vec::with_capacity(piece.len());
    let mut rest = piece.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escape = (*first == b'%').then(|| after.split_first_chunk::<2>()).flatten();
        let decoded = escape.and_then(|(digits, after)| Some((hexadecimal(*digits)?, after)));
        let (byte, after) = decoded.unwrap_or((*first, after));
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8(bytes).map_err(|_| (PollerUrlFault::Escape, offset_in(rendered, piece)))
}

fn hexadecimal(digits: [u8; 2]) -> Option<u8> {
    let [high, low] = digits.map(|digit| {
        char::from(digit)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    });
    Some(high? << 4 | low?)
}

/// Where a piece of a text stands in it.
fn offset_in(text: &str, piece: &str) -> usize {
    (piece.as_ptr() as usize).saturating_sub(text.as_ptr() as usize)
}
