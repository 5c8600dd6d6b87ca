//! How organizations, accounts and users are shown, by the interface and on the command line.

use chrono::{DateTime, SecondsFormat};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    clock::Millis,
    store::{Account, AccountId, Organization, OrganizationId, Role, User, UserId},
    vault::Secret,
};

/// An organization.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Organization)]
pub struct OrganizationView {
    id: OrganizationId,
    name: String,
    created_date: String,
    active: bool,
    /// Its secret, where it was made just now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    secret: Option<String>,
    /// Its first user, where it was made just now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    user: Option<Box<UserView>>,
}

/// An account.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Account)]
pub struct AccountView {
    id: AccountId,
    organization_id: OrganizationId,
    name: String,
    created_date: String,
}

/// A user.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = User)]
pub struct UserView {
    id: UserId,
    account_id: AccountId,
    organization_id: OrganizationId,
    email: String,
    /// The same under the name that an instance's user has it.
    email_address: String,
    first_name: String,
    last_name: String,
    role: Role,
    created_date: String,
    active: bool,
    /// Its secret, where it was made just now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    secret: Option<String>,
}

impl OrganizationView {
    /// With its secret, this once.
    #[must_use]
    pub fn with(self, secret: &Secret) -> Self {
        Self {
            secret: Some(secret.expose().to_owned()),
            ..self
        }
    }

    /// With its first user.
    #[must_use]
    pub fn with_user(self, user: UserView) -> Self {
        Self {
            user: Some(Box::new(user)),
            ..self
        }
    }
}

impl UserView {
    /// With its secret, this once.
    #[must_use]
    pub fn with(self, secret: &Secret) -> Self {
        Self {
            secret: Some(secret.expose().to_owned()),
            ..self
        }
    }
}

impl From<Organization> for OrganizationView {
    fn from(organization: Organization) -> Self {
        Self {
            id: organization.id,
            name: organization.name,
            created_date: instant(organization.created),
            active: organization.revoked.is_none(),
            secret: None,
            user: None,
        }
    }
}

impl From<Account> for AccountView {
    fn from(account: Account) -> Self {
        Self {
            id: account.id,
            organization_id: account.organization,
            name: account.name,
            created_date: instant(account.created),
        }
    }
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            account_id: user.account,
            organization_id: user.organization,
            email_address: user.email.clone(),
            email: user.email,
            first_name: user.first_name,
            last_name: user.last_name,
            role: user.role,
            created_date: instant(user.created),
            active: user.revoked.is_none(),
            secret: None,
        }
    }
}

fn instant(millis: Millis) -> String {
    DateTime::from_timestamp_millis(millis)
        .unwrap_or_default()
        .to_rfc3339_opts(SecondsFormat::Secs, true)
}
