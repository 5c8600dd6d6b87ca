//! Organizations, accounts and users: who may manage them, and how their secrets are made.
//!
//! A secret is told once, to whoever asked for it; the store has its digest only.

mod request;
mod view;

pub use self::{
    request::{AccountRequest, OrganizationRequest, UserRequest},
    view::{AccountView, OrganizationView, UserView},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    body::BodyError,
    clock::Millis,
    ids::{NoRandomness, random},
    store::{
        Account, NewTenant, NewUser, Organization, OrganizationId, Role, SecretChange, Store, StoreError,
        User, UserId,
    },
    vault::{Secret, Vault},
};

/// Why a request is refused.
#[derive(Debug, thiserror::Error)]
pub enum TenantError {
    /// A field of the request is wrong.
    #[error("{field}: {what}")]
    Field {
        /// Which.
        field: &'static str,
        /// What is wrong and what it should be.
        what: String,
    },
    /// The request is not of its shape.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// Only others may do this.
    #[error("{0}")]
    Forbidden(&'static str),
    /// It does not exist, or not for this user.
    #[error("there is no {0}")]
    Missing(String),
    /// It would leave nobody who can undo it.
    #[error("{0}")]
    LocksOut(&'static str),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No randomness for a secret.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

type Result<T, E = TenantError> = std::result::Result<T, E>;

/// A user's secret: 32 bytes in base64, as Cloud Elements' have.
pub fn user_secret() -> Result<Secret, NoRandomness> {
    Ok(Secret::from(STANDARD.encode(random::<32>()?)))
}

/// An organization's secret: 32 hexadecimal digits, as Cloud Elements' have.
pub fn organization_secret() -> Result<Secret, NoRandomness> {
    let bytes = random::<16>()?;
    let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Secret::from(text))
}

/// Management on behalf of a user.
#[derive(Debug, Clone, Copy)]
pub struct Tenants<'a> {
    /// Where they are.
    pub store: &'a dyn Store,
    /// Makes digests of secrets.
    pub vault: &'a Vault,
    /// Who manages.
    pub by: &'a User,
    /// When.
    pub now: Millis,
}

/// A new organization and its secrets.
#[derive(Debug)]
pub struct NewOrganization {
    /// The organization.
    pub organization: Organization,
    /// Its secret.
    pub secret: Secret,
    /// Its first user, an administrator.
    pub user: User,
    /// The user's secret.
    pub user_secret: Secret,
}

impl Tenants<'_> {
    /// The organizations that the user sees: its own, or all to an operator.
    pub async fn organizations(&self) -> Result<Vec<Organization>> {
        let mut all = self.store.organizations().await?;
        all.retain(|organization| self.sees(organization.id));
        Ok(all)
    }

    /// One of them.
    pub async fn organization(&self, id: OrganizationId) -> Result<Organization> {
        let mut all = self.organizations().await?.into_iter();
        let found = all.find(|organization| organization.id == id);
        found.ok_or_else(|| TenantError::Missing(format!("organization {id}")))
    }

    /// Make an organization with an account and an administrator.
    pub async fn create_organization(&self, request: OrganizationRequest) -> Result<NewOrganization> {
        if self.by.role < Role::Operator {
            return Err(TenantError::Forbidden("only operators make organizations"));
        }
        let (secret, user_secret) = (organization_secret()?, user_secret()?);
        let tenant = NewTenant {
            organization: request.name,
            organization_secret: self.digest(&secret),
            email: request.user.email,
            first_name: request.user.first_name,
            last_name: request.user.last_name,
            user_secret: self.digest(&user_secret),
            created: self.now,
        };
        let user = self.store.create_tenant(tenant, Role::Administrator).await?;
        let organization = self.organization(user.organization).await?;
        tracing::info!(organization = %organization.id, by = %self.by.id, "organization created");
        Ok(NewOrganization {
            organization,
            secret,
            user,
            user_secret,
        })
    }

    /// Give an organization a fresh secret. The one before is worth nothing any more.
    pub async fn rotate_organization(&self, id: OrganizationId) -> Result<(Organization, Secret)> {
        self.organization(id).await?;
        self.administers(id)?;
        let secret = organization_secret()?;
        let change = SecretChange::Rotate(self.digest(&secret));
        let changed = self.store.change_organization_secret(id, change).await?;
        tracing::info!(organization = %id, by = %self.by.id, "organization's secret rotated");
        Ok((changed, secret))
    }

    /// Refuse an organization's secret, and thereby all of its users, until it is rotated.
    pub async fn revoke_organization(&self, id: OrganizationId) -> Result<Organization> {
        self.organization(id).await?;
        if self.by.role < Role::Operator {
            return Err(TenantError::Forbidden(
                "only operators revoke an organization's secret; rotate it instead",
            ));
        }
        if id == self.by.organization {
            return Err(TenantError::LocksOut(
                "this is the organization that you act for: nobody could undo it; rotate its secret instead",
            ));
        }
        let change = SecretChange::Revoke(self.now);
        let changed = self.store.change_organization_secret(id, change).await?;
        tracing::info!(organization = %id, by = %self.by.id, "organization's secret revoked");
        Ok(changed)
    }

    /// The accounts of the organizations that the user administers; a member sees its own.
    pub async fn accounts(&self) -> Result<Vec<Account>> {
        let mut accounts = Vec::new();
        for organization in self.organizations().await? {
            accounts.extend(self.store.accounts(organization.id).await?);
        }
        if self.by.role == Role::Member {
            accounts.retain(|account| account.id == self.by.account);
        }
        Ok(accounts)
    }

    /// Make an account.
    pub async fn create_account(&self, request: AccountRequest) -> Result<Account> {
        let organization = request.organization.unwrap_or(self.by.organization);
        self.organization(organization).await?;
        self.administers(organization)?;
        let made = self
            .store
            .create_account(organization, request.name, self.now)
            .await?;
        tracing::info!(account = %made.id, by = %self.by.id, "account created");
        Ok(made)
    }

    /// The users of the organizations that the user administers; a member sees itself.
    pub async fn users(&self) -> Result<Vec<User>> {
        let mut users = Vec::new();
        for organization in self.organizations().await? {
            users.extend(self.store.users(organization.id).await?);
        }
        if self.by.role == Role::Member {
            users.retain(|user| user.id == self.by.id);
        }
        Ok(users)
    }

    /// One of them.
    pub async fn user(&self, id: UserId) -> Result<User> {
        let found = self.store.user_by_id(id).await?;
        let own = |user: &User| match self.by.role {
            Role::Member => user.id == self.by.id,
            Role::Administrator | Role::Operator => self.sees(user.organization),
        };
        found
            .filter(own)
            .ok_or_else(|| TenantError::Missing(format!("user {id}")))
    }

    /// Make a user.
    pub async fn create_user(&self, request: UserRequest) -> Result<(User, Secret)> {
        if self.by.role == Role::Member {
            return Err(TenantError::Forbidden("only administrators make users"));
        }
        let account = request.account.unwrap_or(self.by.account);
        if !self.accounts().await?.iter().any(|known| known.id == account) {
            return Err(TenantError::Missing(format!("account {account}")));
        }
        if request.role > self.by.role {
            return Err(TenantError::Forbidden("only operators make operators"));
        }
        let secret = user_secret()?;
        let user = NewUser {
            account,
            email: request.email,
            first_name: request.first_name,
            last_name: request.last_name,
            secret: self.digest(&secret),
            role: request.role,
            created: self.now,
        };
        let made = self.store.create_user(user).await?;
        tracing::info!(user = %made.id, by = %self.by.id, "user created");
        Ok((made, secret))
    }

    /// Give a user a fresh secret: anybody himself, administrators those of their organization.
    pub async fn rotate_user(&self, id: UserId) -> Result<(User, Secret)> {
        self.outranked(&self.user(id).await?)?;
        let secret = user_secret()?;
        let change = SecretChange::Rotate(self.digest(&secret));
        let changed = self.store.change_user_secret(id, change).await?;
        tracing::info!(user = %id, by = %self.by.id, "user's secret rotated");
        Ok((changed, secret))
    }

    /// Refuse a user's secret until it is rotated. What the user made stays.
    pub async fn revoke_user(&self, id: UserId) -> Result<User> {
        self.outranked(&self.user(id).await?)?;
        if id == self.by.id {
            return Err(TenantError::LocksOut(
                "this is you: nobody might be left to undo it; rotate your secret instead, or let another \
                 administrator revoke it",
            ));
        }
        let change = SecretChange::Revoke(self.now);
        let changed = self.store.change_user_secret(id, change).await?;
        tracing::info!(user = %id, by = %self.by.id, "user's secret revoked");
        Ok(changed)
    }

    /// Remove a user of whose making no instance is.
    pub async fn delete_user(&self, id: UserId) -> Result<()> {
        self.outranked(&self.user(id).await?)?;
        if self.by.role == Role::Member {
            return Err(TenantError::Forbidden("only administrators remove users"));
        }
        if id == self.by.id {
            return Err(TenantError::LocksOut(
                "this is you: nobody might be left to undo it; let another administrator remove you",
            ));
        }
        if !self.store.delete_user(id).await? {
            return Err(TenantError::LocksOut(
                "the user made instances, which would be nobody's; remove them, or revoke the user's secret instead",
            ));
        }
        tracing::info!(user = %id, by = %self.by.id, "user removed");
        Ok(())
    }

    fn sees(&self, organization: OrganizationId) -> bool {
        self.by.role == Role::Operator || organization == self.by.organization
    }

    fn administers(&self, organization: OrganizationId) -> Result<()> {
        if self.by.role >= Role::Administrator && self.sees(organization) {
            Ok(())
        } else {
            Err(TenantError::Forbidden("only administrators do this"))
        }
    }

    /// Whoever has an operator's secret is an operator: no administrator gets it.
    fn outranked(&self, other: &User) -> Result<()> {
        if other.role > self.by.role {
            return Err(TenantError::Forbidden("only operators manage operators"));
        }
        Ok(())
    }

    fn digest(&self, secret: &Secret) -> crate::store::Digest {
        self.vault.digest(secret.expose())
    }
}

#[cfg(test)]
mod tests;
