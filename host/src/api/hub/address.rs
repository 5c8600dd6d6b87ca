//! Resources in paths, with or without a hub before them, on their own or of an object: `/contacts` and
//! `/accounts/42/contacts`.

use periodic_sdk::child::{self, Child};
use serde::Deserialize;

/// `/{resource}`, or `/{resource}/{id}/{child}`.
#[derive(Debug, Deserialize)]
pub(super) struct CollectionPath {
    resource: String,
    id: Option<String>,
    child: Option<String>,
}

/// `/{resource}/{id}`, or `/{resource}/{id}/{child}/{object}`.
#[derive(Debug, Deserialize)]
pub(super) struct ObjectPath {
    resource: String,
    id: String,
    child: Option<String>,
    object: Option<String>,
}

/// A resource that somebody asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Addressed {
    /// As the element declares it: `accounts/contacts`.
    pub(super) declared: String,
    /// As a call names it: `accounts/42/contacts`.
    pub(super) called: String,
    /// Whether it is of an object.
    pub(super) is_child: bool,
}

impl CollectionPath {
    pub(super) fn resource(self) -> Addressed {
        match (self.id, self.child) {
            (Some(id), Some(child)) => Addressed::child(&self.resource, &id, &child),
            _ => Addressed::plain(self.resource),
        }
    }
}

impl ObjectPath {
    /// The resource and the object's id.
    pub(super) fn object(self) -> (Addressed, String) {
        match (self.child, self.object) {
            (Some(child), Some(object)) => (Addressed::child(&self.resource, &self.id, &child), object),
            _ => (Addressed::plain(self.resource), self.id),
        }
    }
}

impl Addressed {
    /// A resource that no parent stands before.
    pub(super) fn plain(name: String) -> Self {
        Self {
            declared: name.clone(),
            called: name,
            is_child: false,
        }
    }

    fn child(parent: &str, id: &str, name: &str) -> Self {
        Self {
            declared: child::declared(parent, name),
            called: Child { parent, id, name }.called(),
            is_child: true,
        }
    }
}
