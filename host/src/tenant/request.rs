//! What requests for organizations, accounts and users say.

use serde::Deserialize;
use utoipa::ToSchema;

use super::{Result, TenantError};
use crate::{
    body::{BodyError, read},
    store::{AccountId, OrganizationId, Role},
};

/// The longest name or address, in characters.
const LONGEST: usize = 320;

/// `POST /organizations`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrganizationRequest {
    /// Its name.
    pub name: String,
    /// Its first user, an administrator.
    pub user: UserRequest,
}

/// `POST /accounts`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountRequest {
    /// Its name.
    pub name: String,
    /// Its organization; the caller's unless named.
    #[serde(default, rename = "organizationId")]
    pub organization: Option<OrganizationId>,
}

/// `POST /users`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserRequest {
    /// Its address.
    pub email: String,
    /// Its first name.
    #[serde(default)]
    pub first_name: String,
    /// Its last name.
    #[serde(default)]
    pub last_name: String,
    /// Its account; the caller's unless named.
    #[serde(default, rename = "accountId")]
    pub account: Option<AccountId>,
    /// What it may do.
    #[serde(default)]
    pub role: Role,
}

impl OrganizationRequest {
    /// Read a body.
    pub fn parse(body: &[u8]) -> Result<Self> {
        let request: Self = read(body).map_err(what_a_user_is)?;
        present("name", &request.name)?;
        request.user.check()?;
        Ok(request)
    }
}

impl AccountRequest {
    /// Read a body.
    pub fn parse(body: &[u8]) -> Result<Self> {
        let request: Self = read(body)?;
        present("name", &request.name)?;
        Ok(request)
    }
}

impl UserRequest {
    /// Read a body.
    pub fn parse(body: &[u8]) -> Result<Self> {
        let request: Self = read(body)?;
        request.check()?;
        Ok(request)
    }

    /// Refuse what is no user.
    pub fn check(&self) -> Result<()> {
        present("email", &self.email)?;
        if !self.email.contains('@') || self.email.contains(|c: char| c.is_whitespace() || c.is_control()) {
            let what = format!(
                "{:?} is no address; it should be like name@example.com",
                self.email
            );
            return Err(TenantError::Field { field: "email", what });
        }
        short("firstName", &self.first_name)?;
        short("lastName", &self.last_name)
    }
}

/// Say what belongs there where an organization's first user is missing.
fn what_a_user_is(mut error: BodyError) -> BodyError {
    if error.place == "user" {
        error
            .what
            .push_str("; it is the first user, who will be an administrator, for instance {\"email\": \"bob@example.com\"}");
    }
    error
}

fn present(field: &'static str, text: &str) -> Result<()> {
    if text.trim().is_empty() {
        let what = "is empty; say what it is".to_owned();
        return Err(TenantError::Field { field, what });
    }
    short(field, text)
}

fn short(field: &'static str, text: &str) -> Result<()> {
    let length = text.chars().count();
    if length > LONGEST {
        let what = format!("has {length} characters, more than the {LONGEST} that are kept");
        return Err(TenantError::Field { field, what });
    }
    Ok(())
}
