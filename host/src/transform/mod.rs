//! Common objects: one shape for what providers tell in many.
//!
//! A *definition* says which fields a common object has, a *transformation* how a resource of an element becomes it. Both
//! stand at a level (an organization, an account, an instance) and hold for what is below it. What is in force for an
//! instance is a set of [`Mapping`]s, which records pass on their way through the hub and back. Events are not touched.

mod body;
mod cache;
mod kind;
mod layers;
mod mapping;
mod objects;
mod path;
mod query;
mod room;
mod source;

pub use self::{
    body::{Definition, Level, MappedField, Rule, Transformation, Unfit, check_name},
    cache::Cache,
    kind::Kind,
    layers::{InForce, Types},
    mapping::{Mapping, Selection, Sent},
    objects::Objects,
    query::{Asked, Unaskable},
    room::{Room, TooMuch},
};
