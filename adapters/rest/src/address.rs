//! Addresses and requests: the description's texts with the instance's configuration put in.

use std::borrow::Cow;

use periodic_sdk::contract::{Basic, Context, Credential, Effect, Failure, Placement, Request, Value};
use periodic_sdk::oauth2::ACCESS_TOKEN;
use periodic_sdk::percent::encode;

use crate::{
    package::{Authentication, Package},
    paging::Place,
};

/// An id as one segment of a path. Braces would be taken for a key of the configuration, so they are encoded like all
/// else; what would lead elsewhere is nobody's id.
pub(crate) fn segment(id: &str) -> Result<Cow<'_, str>, Failure> {
    match id {
        "" | "." | ".." => Err(Failure::NotFound(
            format!("there is nothing with the id {id:?}").into(),
        )),
        id => Ok(encode(id)),
    }
}

/// Put the configuration in: as it is at the beginning, where it is an address, and encoded elsewhere, where it is a
/// label or a segment.
pub(crate) fn fill(context: &Context, text: &str) -> Result<String, Failure> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((key, after)) = after.split_once('}') else {
            break;
        };
        let missing =
            || Failure::InvalidRequest(format!("{key}: is missing in the instance's configuration").into());
        let value = context.setting(key).ok_or_else(missing)?;
        filled.push_str(before);
        if filled.is_empty() {
            filled.push_str(value.trim_end_matches('/'));
        } else {
            filled.push_str(&encode(value));
        }
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

/// The configuration keys that a text names.
pub(crate) fn keys(text: &str) -> impl Iterator<Item = &str> {
    let opened = text.split('{').skip(1);
    opened.filter_map(|rest| rest.split_once('}')).map(|(key, _)| key)
}

/// The API's address, without a slash at its end.
fn base(context: &Context, package: &Package) -> Result<String, Failure> {
    let mut base = fill(context, &package.api.base)?;
    base.truncate(base.trim_end_matches('/').len());
    Ok(base)
}

/// With these parameters at its end.
pub(crate) fn with_query(mut url: String, parameters: &[(String, String)]) -> String {
    for (name, value) in parameters {
        url.push(if url.contains('?') { '&' } else { '?' });
        url.push_str(&encode(name));
        url.push('=');
        url.push_str(&encode(value));
    }
    url
}

/// A request that reads a path below the API's address.
pub(crate) fn read(
    context: &Context,
    package: &Package,
    path: &str,
    parameters: &[(String, String)],
) -> Result<Request, Failure> {
    request(context, package, "GET", path, parameters, Effect::Read)
}

/// A request that reads a page: of the path, or of the link that the provider told.
pub(crate) fn read_page(
    context: &Context,
    package: &Package,
    path: &str,
    parameters: &[(String, String)],
    place: &Place,
) -> Result<Request, Failure> {
    let Place::Link(link) = place else {
        return read(context, package, path, parameters);
    };
    let base = base(context, package)?;
    let url = follow(&base, &format!("{base}{}", fill(context, path)?), link);
    let url = url.filter(|url| origin(url) == origin(&base));
    let elsewhere = || Failure::InvalidRequest(format!("nextPage: {link:?} is no page of this API").into());
    Ok(complete(
        context,
        package,
        Request::get(url.ok_or_else(elsewhere)?),
    ))
}

/// A request below the API's address, with what every request has.
pub(crate) fn request(
    context: &Context,
    package: &Package,
    method: &str,
    path: &str,
    parameters: &[(String, String)],
    effect: Effect,
) -> Result<Request, Failure> {
    let url = format!("{}{}", base(context, package)?, fill(context, path)?);
    Ok(complete(
        context,
        package,
        Request::new(method, with_query(url, parameters), effect),
    ))
}

/// The headers and the credentials.
fn complete(context: &Context, package: &Package, request: Request) -> Request {
    let request = package
        .api
        .headers
        .iter()
        .fold(request, |request, (name, value)| request.header(name, value));
    match &package.authentication {
        Authentication::None => request,
        Authentication::ApiKey {
            secret,
            header,
            query,
            prefix,
        } => {
            let placed = |name: &String| Placement {
                prefix: prefix.clone(),
                ..Placement::new(name, secret)
            };
            match (header, query) {
                (Some(name), _) => request.credential(Credential::Header(placed(name))),
                (None, Some(name)) => request.credential(Credential::Query(placed(name))),
                (None, None) => request,
            }
        }
        Authentication::Basic { user, password } => request.credential(Credential::Basic(Basic {
            user: match package.tells(user) {
                true => Value::Text(context.setting(user).unwrap_or_default().to_owned()),
                false => Value::Secret(user.clone()),
            },
            password: Value::Secret(password.clone()),
        })),
        Authentication::Oauth2 { .. } => request.bearer(ACCESS_TOKEN),
    }
}

/// Resolve a link against the address that it came from, as far as paging needs it (RFC 3986, section 5).
fn follow(base: &str, current: &str, link: &str) -> Option<String> {
    if link.contains("://") {
        Some(link.to_owned())
    } else if link.starts_with("//") {
        None
    } else if link.starts_with('/') {
        Some(format!("{}{link}", origin(base)?))
    } else if link.starts_with('?') {
        Some(format!("{current}{link}"))
    } else {
        None
    }
}

/// Scheme, host and port.
fn origin(url: &str) -> Option<&str> {
    let authority = url.find("://")? + 3;
    let length = url.get(authority..)?.find(['/', '?', '#', '\\']);
    length.map_or(Some(url), |length| url.get(..authority + length))
}

#[cfg(test)]
mod tests {
    use periodic_sdk::contract::Setting;

    use super::*;

    #[test]
    fn configuration_is_put_in() {
        let context = Context {
            configuration: vec![
                Setting::new("a.url", "https://h/x/"),
                Setting::new("a.id", "7/../8"),
            ],
            ..Context::default()
        };
        let cases = [
            ("https://plain", Some("https://plain")),
            ("{a.url}/v2", Some("https://h/x/v2")),
            ("https://{a.id}.h", Some("https://7%2F..%2F8.h")),
            ("/of/{a.id}/x", Some("/of/7%2F..%2F8/x")),
            ("/of/{a.none}/x", None),
            ("/open{", Some("/open{")),
        ];
        for (text, expected) in cases {
            assert_eq!(fill(&context, text).ok().as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn links_stay_within_the_origin() {
        let (base, current) = ("https://h:1/api", "https://h:1/api/x");
        let followed = |link: &str| follow(base, current, link).filter(|url| origin(url) == origin(base));
        let cases = [
            ("https://h:1/api/x?page=2", Some("https://h:1/api/x?page=2")),
            ("/other?page=2", Some("https://h:1/other?page=2")),
            ("?page=2", Some("https://h:1/api/x?page=2")),
            ("https://evil/api/x", None),
            ("https://h:1@evil/api/x", None),
            ("https://h:1.evil/", None),
            ("https://h:1\\@evil/", Some("https://h:1\\@evil/")),
            ("//evil/x", None),
            ("x?page=2", None),
        ];
        for (link, expected) in cases {
            assert_eq!(followed(link).as_deref(), expected, "{link}");
        }
    }
}
