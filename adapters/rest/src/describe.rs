//! What the element says of itself, from its description file.

use periodic_sdk::{
    description::{
        Authentication as Kind, AuthenticationKind, ConfigurationKey, Description, Resource, SecretBinding,
    },
    oauth2::{ACCESS_TOKEN, CODE, CODE_VERIFIER, REFRESH_TOKEN},
    poller::TOLERANCE,
};

use crate::{
    oauth::{CLIENT_ID, CLIENT_SECRET},
    package::{Authentication, ClientPlace, Package, Resource as Described},
};

pub(crate) fn description(package: &Package) -> Description {
    let identity = &package.element;
    let api = below(&package.api.base);
    let mut egress = vec![api.clone()];
    let mut secrets = Vec::new();
    let (kind, pkce) = match &package.authentication {
        Authentication::None => (AuthenticationKind::None, false),
        Authentication::ApiKey {
            secret,
            header,
            query,
            ..
        } => {
            let header = header.iter().map(|name| format!("header:{name}"));
            let query = query.iter().map(|name| format!("query:{name}"));
            secrets.push(SecretBinding::new(secret, header.chain(query), [&api]));
            (AuthenticationKind::ApiKey, false)
        }
        Authentication::Basic { user, password } => {
            let user = (!package.tells(user)).then_some(user);
            let names = user.into_iter().chain([password]);
            secrets.extend(names.map(|name| SecretBinding::new(name, ["basic"], [&api])));
            (AuthenticationKind::Basic, false)
        }
        Authentication::Oauth2 {
            authorize,
            token,
            pkce,
            client,
            ..
        } => {
            egress.extend([authorize.clone(), token.clone()]);
            let client_place = |name: &str| match client {
                ClientPlace::Basic => vec!["basic".to_owned(), format!("form:{name}")],
                ClientPlace::Form => vec![format!("form:{name}")],
            };
            let id = client_place("client_id")
                .into_iter()
                .chain(["query:client_id".to_owned()]);
            secrets.push(SecretBinding::new(CLIENT_ID, id, [authorize, token]));
            secrets.push(SecretBinding::new(
                CLIENT_SECRET,
                client_place("client_secret"),
                [token],
            ));
            secrets.push(SecretBinding::new(CODE, ["form:code"], [token]));
            secrets.push(SecretBinding::new(CODE_VERIFIER, ["form:code_verifier"], [token]));
            secrets.push(SecretBinding::new(REFRESH_TOKEN, ["form:refresh_token"], [token]));
            secrets.push(SecretBinding::new(ACCESS_TOKEN, ["bearer"], [&api]));
            (AuthenticationKind::Oauth2, *pkce)
        }
    };
    Description {
        description: identity.description.clone(),
        authentication: Kind { kind, pkce },
        configuration: configuration(package),
        resources: package
            .resources
            .iter()
            .map(|(name, resource)| (name.clone(), describe(resource)))
            .collect(),
        egress,
        secrets,
        rate_limits: package.rate_limits.clone(),
        ..Description::new(&identity.key, &identity.name, identity.id, &identity.hub, kind)
    }
}

/// Everything below an address.
fn below(base: &str) -> String {
    // A value of the configuration is the beginning of an address by itself.
    let slash = if base.ends_with(['/', '}']) && !base.contains("://") {
        ""
    } else {
        "/"
    };
    format!("{}{slash}*", base.trim_end_matches('/'))
}

/// What the authentication needs, unless the file describes it better, and what the file has beside.
pub(crate) fn configuration(package: &Package) -> Vec<ConfigurationKey> {
    let optional = |key: ConfigurationKey| ConfigurationKey {
        required: false,
        ..key
    };
    let needed = match &package.authentication {
        Authentication::None => Vec::new(),
        Authentication::ApiKey { secret, .. } => vec![ConfigurationKey::secret(secret, "API key")],
        Authentication::Basic { user, password } => {
            vec![
                ConfigurationKey::secret(user, "User name"),
                ConfigurationKey::secret(password, "Password"),
            ]
        }
        Authentication::Oauth2 { pkce, .. } => {
            let secret = ConfigurationKey::secret(CLIENT_SECRET, "Client secret");
            vec![
                ConfigurationKey::secret(CLIENT_ID, "Client id"),
                if *pkce { optional(secret) } else { secret },
            ]
        }
    };
    let mut keys = package.configuration.clone();
    for key in needed {
        match keys.iter_mut().find(|known| known.key == key.key) {
            // Whatever the file calls it, it is a secret; only a user name may be none.
            Some(known) => known.secret |= !package.tells(&key.key),
            None => keys.push(key),
        }
    }
    keys.push(ConfigurationKey {
        description:
            "seconds that the dates of a created record may differ by, where its resource does not say"
                .to_owned(),
        default: Some("0".to_owned()),
        ..ConfigurationKey::text(TOLERANCE, "Created check tolerance")
    });
    keys
}

fn describe(resource: &Described) -> Resource {
    let told = match (resource.poll_events.as_slice(), &resource.polling) {
        ([], Some(_)) => ["CREATED", "UPDATED"].map(str::to_owned).to_vec(),
        (events, _) => events.to_vec(),
    };
    Resource {
        operations: resource.operations.clone(),
        id_field: Some(resource.id_field.clone()),
        fields: resource.fields.clone(),
        polling: resource.polling.clone(),
        poll_events: told,
        webhook_events: Vec::new(),
    }
}
