//! OAuth 2.0 with PKCE.

use periodic_sdk::contract::{Authorization, Body, Credential, Grant, OAuth2 as _};

use super::{TRACKER, helpdesk, tracker};
use crate::Rest;

#[test]
fn the_authorize_url_has_the_challenge() {
    let authorization = Authorization {
        redirect_uri: "https://me.example/back".to_owned(),
        state: "s t".to_owned(),
        scope: None,
        code_challenge: Some("abc".to_owned()),
    };
    let request = Rest::authorize(&tracker(), authorization.clone()).unwrap();
    assert_eq!(
        request.url,
        "https://tracker.example/oauth/authorize?response_type=code&redirect_uri=https%3A%2F%2Fme.example%2Fback\
         &state=s%20t&scope=read%20write&code_challenge=abc&code_challenge_method=S256"
    );
    assert!(Rest::authorize(&helpdesk(), authorization).is_err());
}

/// The names of the form's fields that the host fills.
fn filled(request: &periodic_sdk::contract::Request) -> Vec<&str> {
    let names = request.credentials.iter().map(|credential| match credential {
        Credential::Form(placement) => placement.name.as_str(),
        Credential::Basic(_) => "(basic)",
        _ => "(other)",
    });
    names.collect()
}

#[test]
fn a_token_is_asked_for_as_the_client_can() {
    let code = || Grant::AuthorizationCode("https://me.example/back".to_owned());
    let public = Rest::token(&tracker(), code()).unwrap();
    assert_eq!(filled(&public), ["code", "code_verifier", "client_id"]);
    assert!(matches!(&public.body, Body::Form(fields) if fields[0].value == "authorization_code"));
    let mut context = tracker();
    context.secrets.push("oauth.api.secret".to_owned());
    let refresh = Rest::token(&context, Grant::RefreshToken(String::new())).unwrap();
    assert_eq!(filled(&refresh), ["refresh_token", "client_id", "client_secret"]);
    context.package = Some(
        TRACKER
            .replacen("pkce = true", "client = \"basic\"", 1)
            .into_bytes(),
    );
    let basic = Rest::token(&context, code()).unwrap();
    assert_eq!(filled(&basic), ["code", "(basic)"]);
}
