//! The store's address, and requests to its API.

use std::borrow::Cow;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use periodic_sdk::{
    contract::{Basic, Context, Credential, Effect, Failure, Request, Value},
    percent::encode,
};

/// The configuration key of the store's address.
pub(crate) const URL: &str = "store.url";
/// The consumer key's name.
pub(crate) const KEY: &str = "oauth.api.key";
/// The consumer secret's name.
pub(crate) const SECRET: &str = "oauth.api.secret";

/// A parameter of a query.
pub(crate) type Parameter<'p> = (&'p str, Cow<'p, str>);

/// A request that reads, with a query.
pub(crate) fn get(context: &Context, path: &str, query: &[Parameter<'_>]) -> Result<Request, Failure> {
    let mut url = address(context, path)?;
    for (index, (name, value)) in query.iter().enumerate() {
        url.push(if index == 0 { '?' } else { '&' });
        url.push_str(&format!("{}={}", encode(name), encode(value)));
    }
    Ok(signed(Request::new("GET", url, Effect::Read)))
}

/// A request that writes.
pub(crate) fn write(context: &Context, method: &str, path: &str) -> Result<Request, Failure> {
    Ok(signed(Request::new(
        method,
        address(context, path)?,
        Effect::Write,
    )))
}

/// Part of a path. Dots are encoded as well: they would lead elsewhere.
pub(crate) fn segment(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

fn address(context: &Context, path: &str) -> Result<String, Failure> {
    let missing = || Failure::InvalidRequest(format!("{URL} is missing: the address of the store").into());
    let base = context.setting(URL).ok_or_else(missing)?.trim_end_matches('/');
    if !is_confidential(base) {
        let what = format!("{URL} has to begin with https://: the consumer secret goes with every request");
        return Err(Failure::InvalidRequest(what.into()));
    }
    Ok(format!("{base}/wp-json/wc/v3/{path}"))
}

/// Whether nobody on the way reads along: over TLS, or on this machine.
fn is_confidential(base: &str) -> bool {
    let Some(rest) = base.strip_prefix("http://") else {
        return base.starts_with("https://");
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    let address = host.parse::<std::net::IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

fn signed(request: Request) -> Request {
    request.credential(Credential::Basic(Basic {
        user: Value::Secret(KEY.to_owned()),
        password: Value::Secret(SECRET.to_owned()),
    }))
}
