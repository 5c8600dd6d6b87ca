//! Organizations, accounts and users, as the rest of the host sees them.

use super::{AccountId, Digest, OrganizationId, UserId};
use crate::clock::Millis;

/// An organization with its first account and its first user.
#[derive(Debug, Clone)]
pub struct NewTenant {
    /// The organization's name.
    pub organization: String,
    /// The digest of the organization's secret.
    pub organization_secret: Digest,
    /// The user's address.
    pub email: String,
    /// The user's first name.
    pub first_name: String,
    /// The user's last name.
    pub last_name: String,
    /// The digest of the user's secret.
    pub user_secret: Digest,
    /// When.
    pub created: Millis,
}

/// What a user may do beside working with the instances of its account.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    serde::Serialize,
    serde::Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Nothing.
    #[default]
    Member,
    /// Manage the accounts, users and secrets of its organization.
    Administrator,
    /// Manage those of all organizations: the first user, and whom it names.
    Operator,
}

/// An organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// Its id.
    pub id: OrganizationId,
    /// Its name.
    pub name: String,
    /// When it was made.
    pub created: Millis,
    /// Since when its secret is refused.
    pub revoked: Option<Millis>,
}

/// An account of an organization: whoever belongs to it sees the same instances, and nobody else sees them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Its organization.
    pub organization: OrganizationId,
    /// Its name; the first one of an organization has none.
    pub name: String,
    /// When it was made.
    pub created: Millis,
}

/// A user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// Its account.
    pub account: AccountId,
    /// Its organization.
    pub organization: OrganizationId,
    /// Its address.
    pub email: String,
    /// Its first name.
    pub first_name: String,
    /// Its last name.
    pub last_name: String,
    /// What it may do.
    pub role: Role,
    /// When it was made.
    pub created: Millis,
    /// Since when its secret is refused.
    pub revoked: Option<Millis>,
}

/// A user to be.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Its account.
    pub account: AccountId,
    /// Its address, which no other user of the organization has.
    pub email: String,
    /// Its first name.
    pub first_name: String,
    /// Its last name.
    pub last_name: String,
    /// The digest of its secret.
    pub secret: Digest,
    /// What it may do.
    pub role: Role,
    /// When.
    pub created: Millis,
}

/// What becomes of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretChange {
    /// From now on it is the one with this digest; the one before is worth nothing.
    Rotate(Digest),
    /// It is refused since then, until it is rotated.
    Revoke(Millis),
}
