//! Paths, in any casing: the vendor's servers do not tell the casings apart.

use percent_encoding::percent_decode_str;

use crate::service::Method;

/// What a path leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Route {
    /// `/`
    Home,
    /// `/control/…`: the segments behind it.
    Control(Vec<String>),
    /// With the alias where the path has one.
    Authorize(Option<String>),
    /// With the alias where the path has one.
    Token(Option<String>),
    /// `/{alias}?request=…`
    Discovery(Option<String>),
    /// A method of the data service: in the vendor's spelling if it is known.
    Data(String),
    /// `/webhooks/v1/…`: the segments behind it.
    Webhooks(Vec<String>),
    /// Nothing.
    Unknown,
}

impl Route {
    /// Finds what a path leads to.
    pub(super) fn parse(path: &str, query: &[(String, String)]) -> Self {
        let segments: Vec<String> = path
            .split('/')
            .filter(|segment| !segment.is_empty())
            .map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned())
            .collect();
        let folded: Vec<String> = segments
            .iter()
            .map(|segment| segment.to_ascii_lowercase())
            .collect();
        let folded: Vec<&str> = folded.iter().map(String::as_str).collect();
        let own = |at: usize| segments.get(at).cloned();
        let rest = |from: usize| segments.get(from..).unwrap_or_default().to_vec();
        match folded.as_slice() {
            [] => Self::Home,
            ["control", ..] => Self::Control(rest(1)),
            ["oauth2", _, "authorize"] => Self::Authorize(own(1)),
            ["oauth2", _, "token"] => Self::Token(own(1)),
            ["maximizerwebauthentication", "oauth2", "authorize"] => Self::Authorize(None),
            ["maximizerwebauthentication", "oauth2", "token"] => Self::Token(None),
            ["octopus", method] | ["maximizerwebdata", "data.svc", "json", method] => Self::data(method, own),
            [api, "data.svc", "json", method] if is_versioned(api) => Self::data(method, own),
            ["webhooks", "v1", ..] => Self::Webhooks(rest(2)),
            [_] if query.iter().any(|(name, _)| name == "request") => Self::Discovery(own(0)),
            _ => Self::Unknown,
        }
    }

    fn data(folded: &str, own: impl Fn(usize) -> Option<String>) -> Self {
        let spelled = || {
            [3, 1]
                .into_iter()
                .find_map(own)
                .unwrap_or_else(|| folded.to_owned())
        };
        Self::Data(Method::parse(folded).map_or_else(spelled, |method| method.name().to_owned()))
    }
}

/// `api160`, `api45`
fn is_versioned(segment: &str) -> bool {
    let digits = segment.strip_prefix("api");
    digits.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::Route;

    #[test]
    fn paths_lead_to_routes_in_any_casing() {
        let check = |target: &str, expect: Route| {
            let (path, query) = target.split_once('?').unwrap_or((target, ""));
            let query: Vec<_> = url::form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect();
            assert_eq!(Route::parse(path, &query), expect, "{target}");
        };
        let data = |name: &str| Route::Data(name.to_owned());
        check("/", Route::Home);
        check("/octopus/Read", data("Read"));
        check("/Octopus/READ", data("Read"));
        check("/api160/Data.svc/json/Update", data("Update"));
        check("/api45/data.svc/JSON/Read/", data("Read"));
        check(
            "/MaximizerWebData/Data.svc/json/Authenticate",
            data("Authenticate"),
        );
        check("/octopus/SchemaRead", data("SchemaRead"));
        check("/api1/Data.svc/json/SchemaRead", data("SchemaRead"));
        check("/api/Data.svc/json/Read", Route::Unknown);
        check("/octopus", Route::Unknown);
        check("/octopus/Read/more", Route::Unknown);
        check(
            "/oauth2/Acme/authorize",
            Route::Authorize(Some("Acme".to_owned())),
        );
        check(
            "/OAuth2/CloudElements/Token",
            Route::Token(Some("CloudElements".to_owned())),
        );
        check(
            "/MaximizerWebAuthentication/OAuth2/Authorize",
            Route::Authorize(None),
        );
        check(
            "/CloudElements?request=api",
            Route::Discovery(Some("CloudElements".to_owned())),
        );
        check("/CloudElements", Route::Unknown);
        check(
            "/control/Faults/slow",
            Route::Control(vec!["Faults".to_owned(), "slow".to_owned()]),
        );
        check(
            "/webhooks/v1/targets",
            Route::Webhooks(vec!["targets".to_owned()]),
        );
        check(
            "/oauth2/%41cme/authorize",
            Route::Authorize(Some("Acme".to_owned())),
        );
        check("/%ff%00/..//", Route::Unknown);
    }
}
