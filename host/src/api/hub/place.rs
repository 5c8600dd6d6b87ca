//! Where an operation of a resource is asked for, and how.

use periodic_sdk::description::{Resource, ResourceOperation};

/// Where an operation is asked for, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::api) struct Place {
    /// Whether it is at the path of one object, rather than at that of all.
    pub(in crate::api) on_object: bool,
    /// The method.
    pub(in crate::api) method: &'static str,
    /// What people call it.
    pub(in crate::api) verb: &'static str,
}

impl Place {
    /// The place of an operation.
    pub(in crate::api) fn of(operation: ResourceOperation) -> Self {
        let (on_object, method, verb) = match operation {
            ResourceOperation::List => (false, "GET", "list"),
            ResourceOperation::Create => (false, "POST", "create"),
            ResourceOperation::Get => (true, "GET", "get"),
            ResourceOperation::Update => (true, "PATCH", "update"),
            ResourceOperation::Replace => (true, "PUT", "replace"),
            ResourceOperation::Delete => (true, "DELETE", "delete"),
        };
        Self {
            on_object,
            method,
            verb,
        }
    }
}

/// What `Allow` says at the path of an operation that cannot be done: the other methods that the element describes there.
pub(super) fn allowed(refused: ResourceOperation, resource: &Resource) -> String {
    let refused = Place::of(refused);
    methods(resource, |place| {
        place.on_object == refused.on_object && *place != refused
    })
}

/// What it says where a method is none of a resource's: those that the element describes there.
pub(super) fn described(on_object: bool, resource: &Resource) -> String {
    methods(resource, |place| place.on_object == on_object)
}

fn methods(resource: &Resource, is_meant: impl Fn(&Place) -> bool) -> String {
    let places = resource.operations.iter().map(|operation| Place::of(*operation));
    // Whoever may read may ask for the head alone.
    let methods = places.filter(is_meant).flat_map(|place| match place.method {
        "GET" => vec!["GET", "HEAD"],
        method => vec![method],
    });
    methods.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_at_a_path_is_allowed() {
        use ResourceOperation::{Create, Delete, Get, List, Replace, Update};
        let resource = |operations: &[ResourceOperation]| Resource {
            operations: operations.to_vec(),
            ..Resource::default()
        };
        let read_only = resource(&[List, Get]);
        assert_eq!(allowed(Delete, &read_only), "GET, HEAD");
        assert_eq!(allowed(Create, &read_only), "GET, HEAD");
        assert_eq!(
            allowed(Delete, &resource(&[List, Create])),
            "",
            "nothing is said of one object"
        );
        let all_but_one = resource(&[List, Create, Get, Update, Delete]);
        assert_eq!(allowed(Replace, &all_but_one), "GET, HEAD, PATCH, DELETE");
        assert_eq!(
            allowed(Get, &all_but_one),
            "PATCH, DELETE",
            "although it is described"
        );
        assert_eq!(described(false, &read_only), "GET, HEAD");
        assert_eq!(described(true, &all_but_one), "GET, HEAD, PATCH, DELETE");
        assert_eq!(described(true, &resource(&[List, Create])), "");
    }
}
