//! Common objects: definitions and transformations as they are kept. What their bodies say is the business of
//! [`crate::transform`].

use async_trait::async_trait;

use super::{AccountId, InstanceId, OrganizationId, Result};
use crate::clock::Millis;

/// Whom a definition or a transformation belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Owner {
    /// An organization: it holds for all of its accounts.
    Organization(OrganizationId),
    /// An account: it holds for all of its instances.
    Account(AccountId),
    /// An instance.
    Instance(InstanceId),
}

/// A definition, or a transformation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommonObject {
    /// Whom it belongs to.
    pub owner: Owner,
    /// The element of a transformation; none for a definition.
    pub element: Option<String>,
    /// The common object.
    pub name: String,
    /// What it says, as JSON.
    pub body: String,
    /// When it was last changed.
    pub changed: Millis,
}

/// The part of the store that is about common objects.
#[async_trait]
pub trait ObjectStore {
    /// What these owners have, by owner, element and name: all, or definitions and the transformations of one element.
    async fn common_objects(&self, owners: &[Owner], element: Option<&str>) -> Result<Vec<CommonObject>>;

    /// Add definitions and transformations, all or none: [`super::StoreError::Taken`] when one is there already. False,
    /// and nothing is added, when an owner would have more than `most`.
    async fn create_common_objects(&self, objects: Vec<CommonObject>, most: usize) -> Result<bool>;

    /// Replace a definition or a transformation.
    async fn replace_common_object(&self, object: CommonObject) -> Result<()>;

    /// Remove an owner's definitions, or its transformations of an element: the one of this name, or all. Says how many.
    async fn delete_common_objects(
        &self,
        owner: Owner,
        element: Option<&str>,
        name: Option<&str>,
    ) -> Result<usize>;

    /// Give what an owner has under a name another. [`super::StoreError::Taken`] when it has something under that.
    async fn rename_common_object(&self, owner: Owner, name: &str, to: &str, now: Millis) -> Result<()>;
}
