//! OAuth 2.0, as the description has it.

use periodic_sdk::{
    contract::{
        Authorization, Basic, Context, Credential, Failure, Grant, OAuth2, Placement, Request, Value,
    },
    oauth2::{CODE, CODE_VERIFIER, REFRESH_TOKEN, captures},
};

use crate::{
    Rest, address,
    package::{Authentication, ClientPlace, Package},
};

/// The client's id and secret, as Cloud Elements calls them.
pub(crate) const CLIENT_ID: &str = "oauth.api.key";
pub(crate) const CLIENT_SECRET: &str = "oauth.api.secret";

impl OAuth2 for Rest {
    fn authorize(context: &Context, authorization: Authorization) -> Result<Request, Failure> {
        let package = Package::of(context)?;
        let Authentication::Oauth2 { authorize, scope, .. } = &package.authentication else {
            return Err(no_oauth());
        };
        let mut parameters = vec![
            ("response_type", "code".to_owned()),
            ("redirect_uri", authorization.redirect_uri),
            ("state", authorization.state),
        ];
        parameters.extend(
            authorization
                .scope
                .or_else(|| scope.clone())
                .map(|scope| ("scope", scope)),
        );
        if let Some(challenge) = authorization.code_challenge {
            parameters.push(("code_challenge", challenge));
            parameters.push(("code_challenge_method", "S256".to_owned()));
        }
        let parameters: Vec<_> = parameters
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        let url = address::with_query(address::fill(context, authorize)?, &parameters);
        Ok(Request::get(url).credential(Credential::Query(Placement::new("client_id", CLIENT_ID))))
    }

    fn token(context: &Context, grant: Grant) -> Result<Request, Failure> {
        let package = Package::of(context)?;
        let Authentication::Oauth2 {
            token, pkce, client, ..
        } = &package.authentication
        else {
            return Err(no_oauth());
        };
        let (kind, redirect_uri, secret) = match grant {
            Grant::AuthorizationCode(uri) => ("authorization_code", uri, Placement::new("code", CODE)),
            Grant::RefreshToken(uri) => (
                "refresh_token",
                uri,
                Placement::new("refresh_token", REFRESH_TOKEN),
            ),
            Grant::ClientCredentials => {
                return Err(Failure::Unsupported(
                    "a description file has no client credentials grant".into(),
                ));
            }
        };
        let proves = *pkce && kind == "authorization_code";
        let mut request = Request::post(address::fill(context, token)?)
            .header("Accept", "application/json")
            .form([("grant_type", kind), ("redirect_uri", &redirect_uri)])
            .credential(Credential::Form(secret));
        if proves {
            request = request.credential(Credential::Form(Placement::new("code_verifier", CODE_VERIFIER)));
        }
        // A public client has no secret (RFC 6749, section 2.1).
        let public = !context.has_secret(CLIENT_SECRET);
        request = match client {
            ClientPlace::Basic if !public => request.credential(Credential::Basic(Basic {
                user: Value::Secret(CLIENT_ID.to_owned()),
                password: Value::Secret(CLIENT_SECRET.to_owned()),
            })),
            _ => {
                let request = request.credential(Credential::Form(Placement::new("client_id", CLIENT_ID)));
                if public {
                    request
                } else {
                    request.credential(Credential::Form(Placement::new("client_secret", CLIENT_SECRET)))
                }
            }
        };
        Ok(Request {
            captures: captures().to_vec(),
            ..request
        })
    }
}

fn no_oauth() -> Failure {
    Failure::Unsupported("the description file names no OAuth 2.0".into())
}
