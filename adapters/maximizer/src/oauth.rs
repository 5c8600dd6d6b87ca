//! OAuth 2.0 without PKCE, as the provider has it.

use periodic_sdk::{
    contract::{Authorization, Context, Credential, Failure, Grant, OAuth2, Placement, Request},
    oauth2::{CODE, REFRESH_TOKEN, captures},
    percent,
};

use crate::{Maximizer, address};

const CLIENT_ID: &str = "oauth.api.key";
const CLIENT_SECRET: &str = "oauth.api.secret";

impl OAuth2 for Maximizer {
    /// The parameters in the order of Cloud Elements' published URL.
    fn authorize(context: &Context, authorization: Authorization) -> Result<Request, Failure> {
        let url = format!(
            "{}?scope={}&response_type=code&redirect_uri={}&state={}",
            address::authorize_endpoint(context)?,
            percent::encode(authorization.scope.as_deref().unwrap_or("data")),
            percent::encode(&authorization.redirect_uri),
            percent::encode(&authorization.state),
        );
        Ok(Request::get(url).credential(Credential::Query(Placement::new("client_id", CLIENT_ID))))
    }

    fn token(context: &Context, grant: Grant) -> Result<Request, Failure> {
        let (kind, redirect_uri, secret) = match grant {
            Grant::AuthorizationCode(redirect_uri) => {
                ("authorization_code", redirect_uri, Placement::new("code", CODE))
            }
            Grant::RefreshToken(redirect_uri) => (
                "refresh_token",
                redirect_uri,
                Placement::new("refresh_token", REFRESH_TOKEN),
            ),
            Grant::ClientCredentials => {
                return Err(Failure::Unsupported(
                    "Maximizer has no client credentials grant".into(),
                ));
            }
        };
        let request = Request::post(address::token_endpoint(context)?)
            .header("Accept", "application/json")
            .form([("grant_type", kind), ("redirect_uri", &redirect_uri)])
            .credential(Credential::Form(secret))
            .credential(Credential::Form(Placement::new("client_id", CLIENT_ID)))
            .credential(Credential::Form(Placement::new("client_secret", CLIENT_SECRET)));
        Ok(Request {
            captures: captures().to_vec(),
            ..request
        })
    }
}
