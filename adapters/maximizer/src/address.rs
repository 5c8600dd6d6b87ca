//! Where the provider is: its web host by region and alias, its API by configuration or discovery.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use periodic_sdk::{
    contract::{Context, Failure, Request, Response, Setting},
    oauth2::ACCESS_TOKEN,
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

/// What stands unencoded in a query (RFC 3986, section 2.3).
const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A value in a query.
pub(crate) fn encode(text: &str) -> String {
    utf8_percent_encode(text, QUERY).to_string()
}

/// The API's base URL, where the instance or an earlier discovery says it.
pub(crate) fn configured(context: &Context) -> Option<&str> {
    context.setting(URL).or_else(|| context.setting(DISCOVERED))
}

/// A call of a method of the data service, with the token.
pub(crate) fn service(context: &Context, method: &str) -> Result<Request, Failure> {
    let base = configured(context).ok_or_else(|| {
        Failure::Permanent(format!("the API's address is not known; set {URL}, or authenticate again").into())
    })?;
    Ok(Request::post(format!("{}/{method}", data_service(base))).bearer(ACCESS_TOKEN))
}

/// The data service beneath an API base: the cloud's `/octopus` is one, `/apiNN` and on-premise servers have one.
fn data_service(base: &str) -> String {
    let base = base.trim().trim_end_matches('/');
    let last = base.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    match last.as_str() {
        "octopus" | "json" => base.to_owned(),
        "data.svc" => format!("{base}/json"),
        _ => format!("{base}/Data.svc/json"),
    }
}

/// The OAuth endpoints.
pub(crate) fn authorize_endpoint(context: &Context) -> String {
    match context.setting(OAUTH_URL) {
        Some(base) => format!("{}/authorize", base.trim_end_matches('/')),
        None => format!(
            "{}/OAuth2/{}/Authorize",
            web_host(context),
            encode(alias(context))
        ),
    }
}

/// See [`authorize_endpoint`].
pub(crate) fn token_endpoint(context: &Context) -> String {
    match context.setting(OAUTH_URL) {
        Some(base) => format!("{}/token", base.trim_end_matches('/')),
        None => format!("{}/OAuth2/{}/Token", web_host(context), encode(alias(context))),
    }
}

/// The request whose answer is the API's base URL.
pub(crate) fn discovery(context: &Context) -> Result<Request, Failure> {
    Ok(Request::get(format!(
        "{}/{}?request=api",
        web_host(context),
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
        web_host(context),
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
fn web_host(context: &Context) -> String {
    match context.setting(OAUTH_URL).and_then(origin) {
        Some(origin) => origin.to_owned(),
        None => {
            let datacenter = context.setting(DATACENTER).unwrap_or(DEFAULT_DATACENTER);
            format!("https://{datacenter}.maximizercrmlive.com")
        }
    }
}

fn origin(url: &str) -> Option<&str> {
    let host = url.find("://")? + 3;
    let path = url.get(host..)?.find('/').map_or(url.len(), |slash| host + slash);
    url.get(..path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context(settings: &[(&str, &str)]) -> Context {
        let configuration = settings
            .iter()
            .map(|(key, value)| Setting::new(*key, *value))
            .collect();
        Context {
            configuration,
            ..Context::default()
        }
    }

    #[test]
    fn the_data_service_is_found_beneath_every_kind_of_base() {
        let cases = [
            (
                "https://api.maximizer.com/octopus",
                "https://api.maximizer.com/octopus/Read",
            ),
            (
                "https://ca1.maximizercrmlive.com/api45/",
                "https://ca1.maximizercrmlive.com/api45/Data.svc/json/Read",
            ),
            (
                "https://crm.example/MaximizerWebData/Data.svc/json",
                "https://crm.example/MaximizerWebData/Data.svc/json/Read",
            ),
            (
                "https://crm.example/MaximizerWebData",
                "https://crm.example/MaximizerWebData/Data.svc/json/Read",
            ),
        ];
        for (base, expected) in cases {
            assert_eq!(service(&context(&[(URL, base)]), "Read").unwrap().url, expected);
        }
        assert!(service(&context(&[]), "Read").is_err());
    }

    #[test]
    fn endpoints_follow_region_alias_and_on_premise_address() {
        let cloud = context(&[(DATACENTER, "ukw"), (ALIAS, "Acme")]);
        assert_eq!(
            authorize_endpoint(&cloud),
            "https://ukw.maximizercrmlive.com/OAuth2/Acme/Authorize"
        );
        assert_eq!(
            discovery(&cloud).unwrap().url,
            "https://ukw.maximizercrmlive.com/Acme?request=api"
        );
        let premise = context(&[(OAUTH_URL, "http://crm:81/MaximizerWebAuthentication/OAuth2/")]);
        assert_eq!(
            token_endpoint(&premise),
            "http://crm:81/MaximizerWebAuthentication/OAuth2/token"
        );
        assert_eq!(
            discovery(&premise).unwrap().url,
            "http://crm:81/CloudElements?request=api"
        );
    }
}
