//! OAuth requests.

use periodic_sdk::contract::{
    Authorization, Body, Context, Credential, Failure, Field, Grant, OAuth2 as _, Placement, Request, Source,
    Target,
};

use super::{context, response};
use crate::Maximizer;

fn authorize(context: &Context, scope: Option<&str>) -> Request {
    let authorization = Authorization {
        redirect_uri: "https://mycoolapp.com/auth?x=1&y".to_owned(),
        state: "maximizer".to_owned(),
        scope: scope.map(str::to_owned),
        code_challenge: None,
    };
    Maximizer::authorize(context, authorization).unwrap()
}

/// The host appends the client id, so that it stands last, as in the published URL.
#[test]
fn the_authorize_url_is_the_published_one() {
    let request = authorize(&context(&[]), None);
    assert_eq!(
        request.url,
        "https://caw.maximizercrmlive.com/OAuth2/CloudElements/Authorize?scope=data&response_type=code&\
         redirect_uri=https%3A%2F%2Fmycoolapp.com%2Fauth%3Fx%3D1%26y&state=maximizer"
    );
    let client_id = Placement::new("client_id", "oauth.api.key");
    assert_eq!(request.credentials, [Credential::Query(client_id)]);
    let premise = [(
        "maximizer.oauth.url",
        "https://crm.example/MaximizerWebAuthentication/OAuth2/",
    )];
    let request = authorize(&context(&premise), Some("all data"));
    assert_eq!(
        request.url.split("&response_type").next(),
        Some("https://crm.example/MaximizerWebAuthentication/OAuth2/authorize?scope=all%20data")
    );
}

#[test]
fn tokens_are_asked_for_by_form_and_kept_by_the_host() {
    let context = context(&[("maximizer.datacenter", "ukw"), ("maximizer.alias", "Acme")]);
    let cases = [
        (
            Grant::AuthorizationCode("https://a/cb".to_owned()),
            "authorization_code",
            Placement::new("code", "oauth.code"),
        ),
        (
            Grant::RefreshToken("https://a/cb".to_owned()),
            "refresh_token",
            Placement::new("refresh_token", "oauth.user.refresh_token"),
        ),
    ];
    for (grant, kind, placement) in cases {
        let request = Maximizer::token(&context, grant.clone()).unwrap();
        assert_eq!(
            (request.method.as_str(), request.url.as_str()),
            ("POST", "https://ukw.maximizercrmlive.com/OAuth2/Acme/Token")
        );
        let field = |name: &str, value: &str| Field {
            name: name.to_owned(),
            value: value.to_owned(),
        };
        assert_eq!(
            request.body,
            Body::Form(vec![
                field("grant_type", kind),
                field("redirect_uri", "https://a/cb")
            ])
        );
        assert_eq!(
            request.credentials,
            [
                Credential::Form(placement),
                Credential::Form(Placement::new("client_id", "oauth.api.key")),
                Credential::Form(Placement::new("client_secret", "oauth.api.secret")),
            ]
        );
        let captured: Vec<_> = request
            .captures
            .iter()
            .map(|capture| (&capture.at, &capture.into, capture.required))
            .collect();
        let json = |path: &str| Source::Json(path.to_owned());
        let secret = |name: &str| Target::Secret(name.to_owned());
        assert_eq!(
            captured,
            [
                (&json("access_token"), &secret("oauth.user.token"), true),
                (&json("refresh_token"), &secret("oauth.user.refresh_token"), false),
                (
                    &json("expires_in"),
                    &Target::Lifetime("oauth.user.token".to_owned()),
                    false
                ),
            ]
        );
        assert_eq!(
            Maximizer::granted(&context, grant.clone(), response(200, "{}")),
            Ok(Vec::new())
        );
        let refused = Maximizer::granted(&context, grant, response(400, r#"{"error":"invalid_grant"}"#));
        assert!(matches!(refused, Err(Failure::TokenInvalid(_))));
    }
    assert!(matches!(
        Maximizer::token(&context, Grant::ClientCredentials),
        Err(Failure::Unsupported(_))
    ));
}
