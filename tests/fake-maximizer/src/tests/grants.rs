//! Authorization, tokens, discovery.

use serde_json::json;
use url::Url;

use super::{Bench, Reply};
use crate::{Client, Options};

const ID: &str = "Rand0MAP1-key";
const SECRET: &str = "fak3AP1-s3Cr3t";
const BACK: &str = "https://app.example/back?keep=1";

fn authorize(bench: &Bench, path: &str, extra: &[(&str, &str)]) -> Reply {
    let mut url = Url::parse(&bench.at(path)).unwrap();
    let fields = [
        ("response_type", "code"),
        ("client_id", ID),
        ("redirect_uri", BACK),
        ("state", "a b&c"),
        ("scope", "data"),
    ];
    url.query_pairs_mut().extend_pairs(
        fields
            .iter()
            .filter(|(name, _)| !extra.iter().any(|(own, _)| own == name)),
    );
    url.query_pairs_mut().extend_pairs(extra);
    bench.get(url.as_str())
}

/// What the redirect carries, after checking where it goes.
fn carried(reply: &Reply, name: &str) -> Option<String> {
    assert_eq!(reply.status, 302, "{reply:?}");
    let url = Url::parse(reply.header("location").unwrap()).unwrap();
    assert_eq!((url.host_str(), url.path()), (Some("app.example"), "/back"));
    let find = |name: &str| {
        url.query_pairs()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    };
    assert_eq!(
        (find("keep").as_deref(), find("state").as_deref()),
        (Some("1"), Some("a b&c"))
    );
    find(name)
}

#[test]
fn a_grant_is_walked_and_refreshed() {
    let bench = Bench::new();
    for path in [
        "/oauth2/CloudElements/authorize",
        "/OAuth2/cloudelements/Authorize",
        "/MaximizerWebAuthentication/OAuth2/Authorize",
    ] {
        let code = carried(&authorize(&bench, path, &[]), "code").unwrap();
        let fields = [
            ("grant_type", "authorization_code"),
            ("client_id", ID),
            ("client_secret", SECRET),
            ("redirect_uri", BACK),
            ("code", &code),
        ];
        let first = bench.token_form(&fields);
        assert_eq!(first.status, 200);
        let first = first.json();
        assert_eq!(
            first.as_object().unwrap().len(),
            2,
            "only the two tokens: {first}"
        );
        assert_eq!(
            bench.token_form(&fields).json()["error"],
            "invalid_grant",
            "a code is good for one grant"
        );

        let old = first["refresh_token"].as_str().unwrap();
        let fields = [
            ("grant_type", "refresh_token"),
            ("client_id", ID),
            ("client_secret", SECRET),
            ("redirect_uri", BACK),
            ("refresh_token", old),
        ];
        let second = bench.token_form(&fields).json();
        assert_ne!(second["refresh_token"].as_str().unwrap(), old);
        assert_eq!(
            bench.token_form(&fields).json()["error"],
            "invalid_grant",
            "refresh tokens rotate"
        );

        let bearer = format!("Bearer {}", second["access_token"].as_str().unwrap());
        let verified = bench.send("GET", "/octopus/VerifyToken", &[("authorization", &bearer)], "");
        assert_eq!((verified.status, verified.text.as_str()), (200, ""));
    }
}

#[test]
fn wrong_requests_are_told_what_is_wrong() {
    let client = Client {
        redirect_uris: vec![BACK.to_owned()],
        ..Client::default()
    };
    let bench = Bench::with(Options {
        clients: vec![client],
        ..Options::default()
    });
    let path = "/oauth2/CloudElements/authorize";
    let check = |extra: &[(&str, &str)], expect: &str| {
        let reply = authorize(&bench, path, extra);
        assert_eq!(
            (reply.status, reply.json()["error"].as_str()),
            (400, Some(expect)),
            "{extra:?}"
        );
    };
    check(&[("client_id", "other")], "unauthorized_client");
    check(&[("redirect_uri", "")], "invalid_request");
    check(&[("redirect_uri", "https://evil.example")], "invalid_request");
    let reply = authorize(&bench, path, &[("response_type", "token")]);
    assert_eq!(
        carried(&reply, "error").as_deref(),
        Some("unsupported_response_type")
    );
    assert_eq!(bench.get("/oauth2/Nobody/authorize").status, 404);

    let code = carried(&authorize(&bench, path, &[]), "code").unwrap();
    let check = |changed: (&str, &str), status: u16, expect: &str| {
        let fields = [
            ("grant_type", "authorization_code"),
            ("client_id", ID),
            ("client_secret", SECRET),
            ("redirect_uri", BACK),
            ("code", &code),
        ];
        let fields = fields.map(|field| if field.0 == changed.0 { changed } else { field });
        let reply = bench.token_form(&fields);
        assert_eq!(
            (reply.status, reply.json()["error"].as_str()),
            (status, Some(expect)),
            "{changed:?}"
        );
    };
    check(("grant_type", "password"), 400, "unsupported_grant_type");
    check(("client_id", "other"), 401, "invalid_client");
    check(("client_secret", "other"), 401, "invalid_client");
    check(("redirect_uri", "https://app.example/"), 400, "invalid_grant");
    check(("code", "other"), 400, "invalid_grant");
    let json = bench.send("POST", path.replace("authorize", "token").as_str(), &[], "{}");
    assert_eq!(
        (json.status, json.json()["error"].as_str()),
        (400, Some("invalid_request"))
    );
}

#[test]
fn the_user_says_no_on_request_or_by_switch() {
    let bench = Bench::new();
    let path = "/oauth2/CloudElements/authorize";
    let error = |extra: &[(&str, &str)]| carried(&authorize(&bench, path, extra), "error");
    assert_eq!(error(&[("deny", "1")]).as_deref(), Some("access_denied"));
    assert_eq!(error(&[("deny", "0")]), None);
    bench.fault(
        "authorize-denial",
        json!({"error": "server_error", "when": {"times": 1}}),
    );
    assert_eq!(error(&[]).as_deref(), Some("server_error"));
    assert_eq!(error(&[]), None);
}

/// The redirect URI of the published example is misspelled.
#[test]
fn a_redirect_uri_that_is_no_url_is_answered_with_the_code() {
    let bench = Bench::new();
    let reply = authorize(
        &bench,
        "/oauth2/CloudElements/authorize",
        &[("redirect_uri", "https;//mycoolapp.com")],
    );
    assert_eq!((reply.status, reply.header("location")), (200, None));
    let (code, state) = (reply.json()["code"].clone(), reply.json()["state"].clone());
    assert_eq!(state, "a b&c");
    let issued = bench.token_form(&[
        ("grant_type", "authorization_code"),
        ("client_id", ID),
        ("client_secret", SECRET),
        ("redirect_uri", "https;//mycoolapp.com"),
        ("code", code.as_str().unwrap()),
    ]);
    assert_eq!(issued.status, 200, "{issued:?}");
}

#[test]
fn the_token_endpoint_refuses_and_adds_by_switch() {
    let bench = Bench::new();
    let refresh = bench.world().issue_tokens().refresh_token.unwrap();
    let refresh = || {
        bench.token_form(&[
            ("grant_type", "refresh_token"),
            ("client_id", ID),
            ("client_secret", SECRET),
            ("refresh_token", &refresh),
        ])
    };
    bench.fault("token-refusal", json!({"grants": ["authorization_code"]}));
    bench.fault("refresh-rotation", json!({"mode": "omit"}));
    bench.fault("token-response", json!({"expires_in": 60}));
    let issued = refresh().json();
    assert_eq!(
        (issued["expires_in"].as_u64(), issued["token_type"].as_str()),
        (Some(60), Some("Bearer"))
    );
    assert_eq!(issued.get("refresh_token"), None);
    bench.fault(
        "token-refusal",
        json!({"error": "temporarily_unavailable", "status": 503, "when": {"times": 1}}),
    );
    let refused = refresh();
    assert_eq!(
        (refused.status, refused.json()["error"].as_str()),
        (503, Some("temporarily_unavailable"))
    );
    bench.fault(
        "http-status",
        json!({"status": 502, "when": {"methods": ["token"]}}),
    );
    assert_eq!(refresh().status, 502);
    bench.world().clear_faults();
    assert_eq!(refresh().status, 200);
    bench.world().expire_refresh_tokens();
    assert_eq!(refresh().json()["error"], "invalid_grant");
}

#[test]
fn discovery_is_plain_text() {
    let bench = Bench::new();
    let api = bench.get("/CloudElements?request=api");
    assert_eq!((api.status, api.text), (200, bench.fake.api_url()));
    assert!(
        api.headers["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/plain")
    );
    assert_eq!(bench.get("/cloudelements?request=ab").text.len(), 32);
    assert_eq!(bench.get("/CloudElements?request=other").status, 400);
    assert_eq!(bench.get("/Nobody?request=api").status, 404);
    assert_eq!(bench.fake.oauth_url(), bench.at("/oauth2/CloudElements"));
}
