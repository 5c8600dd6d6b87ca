//! The common objects of an instance, from what its levels say.

use std::{collections::BTreeMap, sync::Arc};

use indexmap::IndexMap;
use periodic_sdk::description::{Description, Resource, ResourceField};

use super::{
    body::{Definition, Level, Transformation},
    layers::{InForce, Types},
    mapping::Mapping,
};
use crate::store::CommonObject;

/// The common objects of an instance, by name.
#[derive(Debug, Clone, Default)]
pub struct Objects {
    mappings: IndexMap<String, Arc<Mapping>>,
    /// What they are made of, in bytes.
    size: usize,
}

/// What the levels say of one object, the nearest first.
#[derive(Debug, Default)]
struct Said {
    definitions: Vec<(Level, Definition)>,
    transformations: Vec<(Level, Transformation)>,
}

impl Objects {
    /// From the rows of an instance's levels and of its element. What this release cannot read is left out and told in
    /// the log.
    pub fn of(rows: &[CommonObject]) -> Self {
        let mut objects: BTreeMap<&str, Said> = BTreeMap::new();
        for row in rows {
            let said = objects.entry(&row.name).or_default();
            let level = Level::of(row.owner);
            let read = match row.element {
                None => serde_json::from_str(&row.body).map(|body| said.definitions.push((level, body))),
                Some(_) => {
                    serde_json::from_str(&row.body).map(|body| said.transformations.push((level, body)))
                }
            };
            if let Err(error) = read {
                tracing::warn!(object = row.name, owner = ?row.owner, %error, "a common object cannot be read");
            }
        }
        let mappings = objects.into_iter().filter_map(|(name, mut said)| {
            said.definitions
                .sort_by_key(|(level, _)| std::cmp::Reverse(*level));
            said.transformations
                .sort_by_key(|(level, _)| std::cmp::Reverse(*level));
            let layers: Vec<_> = said
                .transformations
                .iter()
                .map(|(level, body)| (*level, body))
                .collect();
            let in_force = InForce::of(&layers)?;
            let types = Types::of(said.definitions.iter().map(|(level, body)| (*level, body)));
            Some((name.to_owned(), Arc::new(Mapping::new(name, &in_force, &types))))
        });
        Self {
            mappings: mappings.collect(),
            size: rows.iter().map(|row| row.name.len() + row.body.len()).sum(),
        }
    }

    /// The mapping of an object, if the name is a common object's.
    pub fn get(&self, name: &str) -> Option<&Arc<Mapping>> {
        self.mappings.get(name)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Mapping> {
        self.mappings.values().map(|mapping| &**mapping)
    }

    /// About so many bytes.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// An element's description with the common objects among its resources: they can what theirs can. Objects of
    /// resources that the element lacks are left out.
    pub fn describe(&self, description: &Description) -> Description {
        let mut whole = description.clone();
        for mapping in self.iter() {
            if let Some(resource) = description.resources.get(&mapping.resource) {
                whole
                    .resources
                    .insert(mapping.object.clone(), described(mapping, resource));
            }
        }
        whole
    }
}

fn described(mapping: &Mapping, resource: &Resource) -> Resource {
    let field = |(path, kind, _): (&str, &str, &str)| ResourceField {
        path: path.to_owned(),
        kind: kind.to_owned(),
    };
    Resource {
        operations: resource.operations.clone(),
        fields: mapping.shown_fields().map(field).collect(),
        ..Resource::default()
    }
}
