//! Where the provider is: its web host by region and alias, its API by configuration or discovery.

use periodic_sdk::{
    contract::{Context, Failure, Request, Response, Setting},
    oauth2::ACCESS_TOKEN,
    percent::encode,
};

/// Region of the web host.
pub(crate) const DATACENTER: &str = "maximizer.datacenter";
/// Path segment of the customer.
pub(crate) const ALIAS: &str = "maximizer.alias";
/// Base URL of the API.
pub(crate) const URL: &str = "maximizer.url";
/// Where `/authorize` and `/token` are found, for on-premise servers.
pub(crate) const OAUTH_URL: &str = "maximizer.oauth.url";
/// What discovery found.
pub(crate) const DISCOVERED: &str = "maximizer.api.url";

const DEFAULT_DATACENTER: &str = "caw";
const DEFAULT_ALIAS: &str = "CloudElements";

/// The API's base URL, where the instance or an earlier discovery says it.
pub(crate) fn configured(context: &Context) -> Option<&str> {
    context.setting(URL).or_else(|| context.setting(DISCOVERED))
}

/// A call of a method of the data service, with the token.
pub(crate) fn service(context: &Context, method: &str) -> Result<Request, Failure> {
    let base = configured(context).ok_or_else(|| {
        Failure::Permanent(format!("the API's address is not known; set {URL}, or authenticate again").into())
    })?;
    let base = data_service(address(URL, base)?);
    Ok(Request::post(format!("{base}/{method}")).bearer(ACCESS_TOKEN))
}

/// The data service beneath an API base: the cloud's `/octopus` is one, `/apiNN` and on-premise servers have one.
fn data_service(base: &str) -> String {
    let last = base.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    match last.as_str() {
        "octopus" | "json" => base.to_owned(),
        "data.svc" => format!("{base}/json"),
        _ => format!("{base}/Data.svc/json"),
    }
}

/// The OAuth endpoints.
pub(crate) fn authorize_endpoint(context: &Context) -> Result<String, Failure> {
    Ok(match oauth_base(context)? {
        Some(base) => format!("{base}/authorize"),
        None => format!(
            "{}/OAuth2/{}/Authorize",
            web_host(context)?,
            encode(alias(context))
        ),
    })
}

/// See [`authorize_endpoint`].
pub(crate) fn token_endpoint(context: &Context) -> Result<String, Failure> {
    Ok(match oauth_base(context)? {
        Some(base) => format!("{base}/token"),
        None => format!("{}/OAuth2/{}/Token", web_host(context)?, encode(alias(context))),
    })
}

fn oauth_base(context: &Context) -> Result<Option<&str>, Failure> {
    let base = context.setting(OAUTH_URL);
    base.map(|base| address(OAUTH_URL, base)).transpose()
}

/// An address from the configuration, without a slash at its end.
fn address<'a>(key: &str, url: &'a str) -> Result<&'a str, Failure> {
    let url = url.trim().trim_end_matches('/');
    let (begin, rest) = url.split_once("://").unwrap_or_default();
    let is_web = begin.eq_ignore_ascii_case("https") || begin.eq_ignore_ascii_case("http");
    if is_web && !rest.is_empty() && !url.contains(char::is_whitespace) && !url.contains(['?', '#']) {
        return Ok(url);
    }
    let message = format!("{key}: {url:?} is no address; it should be like https://crm.example.com/path");
    Err(Failure::InvalidRequest(message.into()))
}

/// The request whose answer is the API's base URL.
pub(crate) fn discovery(context: &Context) -> Result<Request, Failure> {
    Ok(Request::get(format!(
        "{}/{}?request=api",
        web_host(context)?,
        encode(alias(context))
    )))
}

/// The API's base URL as configuration.
pub(crate) fn discovered(context: &Context, response: &Response) -> Result<Setting, Failure> {
    let text = String::from_utf8_lossy(&response.body);
    let text = text.trim().trim_matches('"');
    if response.is_success()
        && (text.starts_with("https://") || text.starts_with("http://"))
        && !text.contains(char::is_whitespace)
    {
        return Ok(Setting::new(DISCOVERED, text));
    }
    let begin: String = text.chars().take(100).collect();
    let message = format!(
        "{}/{}?request=api answered {} instead of the API's address; check {DATACENTER} and {ALIAS}, or set {URL}",
        web_host(context)?,
        alias(context),
        response.status
    );
    Err(Failure::InvalidRequest(
        periodic_sdk::contract::Detail::from(message).quoting(begin),
    ))
}

fn alias(context: &Context) -> &str {
    context.setting(ALIAS).unwrap_or(DEFAULT_ALIAS)
}

/// Scheme and host of the web server: those of the OAuth address where it is given.
fn web_host(context: &Context) -> Result<String, Failure> {
    if let Some(origin) = oauth_base(context)?.and_then(origin) {
        return Ok(origin.to_owned());
    }
    let datacenter = context.setting(DATACENTER).unwrap_or(DEFAULT_DATACENTER);
    if !datacenter
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    {
        let message = format!("{DATACENTER}: {datacenter:?} is no region; it should be like caw or ukw");
        return Err(Failure::InvalidRequest(message.into()));
    }
    Ok(format!("https://{datacenter}.maximizercrmlive.com"))
}

fn origin(url: &str) -> Option<&str> {
    let host = url.find("://")? + 3;
    let path = url.get(host..)?.find('/').map_or(url.len(), |slash| host + slash);
    url.get(..path)
}
