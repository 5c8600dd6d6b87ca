//! `GET /openapi.json`: the interface described, from what each of its modules says of its endpoints.

mod endpoint;
mod parameters;
mod responses;

use axum::{Json, extract::State};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        Components, Info, OpenApi, PathItem, Paths, RefOr, Required, Schema, Server, Tag,
        content::Content,
        path::{Operation, PathsMap},
        request_body::RequestBody,
        schema::Object,
        security::{ApiKey, ApiKeyValue, SecurityRequirement, SecurityScheme},
    },
};

use self::endpoint::{Shape, Shapes, Who};
pub(super) use self::{endpoint::Endpoint, parameters::*};
use super::{
    Api, BASE, adapters, analytics, bulk, common, deliveries, elements, error, events, hub, inbound,
    instances, notifications, pollers, polls, settings, stream, subscriptions, tenants,
};

/// What says who asks.
const SECRETS: &str = "secrets";
const SECRETS_MEANING: &str = "User <secret>, Organization <secret>; or User <secret>, Element <token>, where an instance \
                               is addressed by its token";
const DESCRIPTION: &str = "Instances, their resources and their events, compatible with the Cloud Elements API.\n\n\
    A hub before a path that needs an Element token (`/hubs/crm/ping`) changes nothing, and resources are there without \
    one as well (`/contacts`). With an Element token `/organizations`, `/accounts` and `/users` are the element's \
    resources of these names.";

/// `GET /openapi.json`. Nobody has to say who he is for it.
pub(super) async fn get(State(api): State<Api>) -> Json<OpenApi> {
    Json(document(api.host.public_url.as_deref()))
}

/// An object whose members only the provider, or whoever wrote it, knows.
#[derive(Debug)]
pub(super) enum FreeObject {}

impl PartialSchema for FreeObject {
    fn schema() -> RefOr<Schema> {
        let meaning = "An object whose members only the provider, or whoever wrote it, knows";
        Schema::Object(Object::builder().description(Some(meaning)).build()).into()
    }
}

impl ToSchema for FreeObject {}

/// Endpoints that belong together: a name, what it means, and which they are.
type Group = (&'static str, &'static str, Vec<Endpoint>);

fn groups() -> [Group; 17] {
    [
        ("instances", "Connections of customers", instances::endpoints()),
        ("events", "What changed", events::endpoints()),
        (
            "event streams",
            "What changes, as it happens",
            stream::endpoints(),
        ),
        (
            "analytics",
            "How many events, and what became of them",
            analytics::endpoints(),
        ),
        (
            "pollers",
            "How polling goes, and what can be done about it",
            pollers::endpoints(),
        ),
        ("polls", "What polls did", polls::endpoints()),
        (
            "webhooks",
            "Where providers call, and how that goes",
            inbound::endpoints(),
        ),
        ("notifications", "Messages to topics", notifications::endpoints()),
        ("subscriptions", "Topics to URLs", subscriptions::endpoints()),
        (
            "deliveries",
            "Notifications on their way",
            deliveries::endpoints(),
        ),
        (
            "settings",
            "What an account says of itself",
            settings::endpoints(),
        ),
        ("elements", "What can be connected", elements::endpoints()),
        ("adapters", "What serves the elements", adapters::endpoints()),
        (
            "tenants",
            "Organizations, accounts and users",
            tenants::endpoints(),
        ),
        (
            "common objects",
            "Own names for what providers call differently",
            common::endpoints(),
        ),
        ("bulk", "Exports of whole resources", bulk::endpoints()),
        ("resources", "What the provider has", hub::endpoints()),
    ]
}

fn document(public_url: Option<&str>) -> OpenApi {
    let groups = groups();
    let mut paths = PathsMap::<String, PathItem>::default();
    for (tag, _, endpoints) in &groups {
        for endpoint in endpoints {
            let item = PathItem::new(endpoint.method.clone(), operation(tag, endpoint));
            paths
                .entry(endpoint.path.clone())
                .or_default()
                .merge_operations(item);
        }
    }
    let mut described = Paths::new();
    described.paths = paths;
    let shapes = shapes(groups.iter().flat_map(|(_, _, endpoints)| endpoints));
    let info = Info::builder()
        .title("Periodic")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(DESCRIPTION));
    let tags = groups.iter().map(|(name, meaning, _)| {
        let tag = Tag::builder().name(*name).description(Some(*meaning));
        tag.build()
    });
    OpenApi::builder()
        .info(info)
        .servers(Some([Server::new(server(public_url))]))
        .paths(described)
        .components(Some(components(shapes)))
        .tags(Some(tags))
        .build()
}

/// Where the interface stands: beneath the public address, or beneath whatever address it was asked at.
fn server(public_url: Option<&str>) -> String {
    format!("{}{BASE}", public_url.unwrap_or_default().trim_end_matches('/'))
}

/// All shapes that endpoints name, and that of refusals.
fn shapes<'e>(endpoints: impl Iterator<Item = &'e Endpoint>) -> Shapes {
    let mut shapes = Shapes::new();
    refusal().collect(&mut shapes);
    let named = endpoints.flat_map(|endpoint| [endpoint.body, endpoint.answer.shape()]);
    for shape in named.flatten() {
        shape.collect(&mut shapes);
    }
    shapes
}

fn refusal() -> Shape {
    Shape::of::<error::Body>()
}

fn components(shapes: Shapes) -> Components {
    let secrets = ApiKeyValue::with_description("Authorization", SECRETS_MEANING);
    let mut components = Components::builder()
        .schemas_from_iter(shapes)
        .security_scheme(SECRETS, SecurityScheme::ApiKey(ApiKey::Header(secrets)));
    for (name, refusal) in responses::refusals(refusal()) {
        components = components.response(name, refusal);
    }
    for (name, header) in responses::headers() {
        components = components.header(name, header);
    }
    components.build()
}

fn operation(tag: &str, endpoint: &Endpoint) -> Operation {
    let in_query = endpoint.query.iter().map(|parameter| parameter.described());
    let operation = Operation::builder()
        .tag(tag)
        .operation_id(Some(operation_id(endpoint)))
        .summary(Some(endpoint.summary))
        .parameters(Some(parameters::in_path(&endpoint.path).chain(in_query)))
        .request_body(endpoint.body.map(|body| taken(body, endpoint)))
        .responses(responses::of(endpoint));
    match endpoint.who {
        Who::User | Who::Token => {
            operation.security(SecurityRequirement::new::<_, [&str; 0], &str>(SECRETS, []))
        }
        Who::Anybody | Who::Provider => operation,
    }
    .build()
}

/// A body may stay away when nothing in it is required.
fn taken(body: Shape, endpoint: &Endpoint) -> RequestBody {
    let required = match body.itself() {
        RefOr::T(Schema::Object(object)) if object.required.is_empty() => Required::False,
        _ => Required::True,
    };
    let content = Content::builder()
        .schema(Some(body.reference()))
        .example(endpoint.example.clone());
    RequestBody::builder()
        .content("application/json", content.build())
        .required(Some(required))
        .build()
}

/// `get /instances/{id}/events` is `get_instances_id_events`.
fn operation_id(endpoint: &Endpoint) -> String {
    let words = endpoint.path.split(|c: char| !c.is_ascii_alphanumeric());
    let words = words.filter(|word| !word.is_empty());
    let words: Vec<&str> = std::iter::once(endpoint.method_name).chain(words).collect();
    words.join("_")
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use serde_json::Value;

    use super::*;

    fn endpoints() -> Vec<Endpoint> {
        groups()
            .into_iter()
            .flat_map(|(_, _, endpoints)| endpoints)
            .collect()
    }

    /// The router's routes, as `get /path`. It tells them only by how it is printed.
    fn routes() -> BTreeSet<String> {
        let text = format!("{:?}", super::super::compatible(super::super::tenants::table()));
        let (routes, paths) = text.split_once("paths: {").unwrap();
        let (paths, _) = paths
            .split_once('}')
            .map_or((paths, ""), |_| paths.split_once("\"}").unwrap());
        let mut found = BTreeSet::new();
        for entry in paths.split("RouteId(").skip(1) {
            let (id, path) = entry.split_once("): \"").unwrap();
            let path = path.trim_end_matches([',', ' ', '"']);
            let at = routes.find(&format!("RouteId({id}): ")).unwrap();
            let methods = routes[at..].split("RouteId(").nth(1).unwrap();
            for method in ["get", "post", "put", "patch", "delete"] {
                let (_, state) = methods.split_once(&format!(" {method}: ")).unwrap();
                if !state.starts_with("None") {
                    found.insert(format!("{method} {path}"));
                }
            }
        }
        found
    }

    #[test]
    fn every_route_is_described_and_nothing_else() {
        // A hub before a path means the same path, and without one before a resource it would hide all others.
        let nameless = |route: &String| route.contains(" /hubs/{hub}/") && !route.contains("/{resource}");
        let bare = |route: &String| route.contains(" /{resource}");
        // What a parameter is called says nothing.
        let plain = |route: &str| {
            let names = route
                .split('/')
                .map(|part| if part.starts_with('{') { "{}" } else { part });
            names.collect::<Vec<_>>().join("/")
        };
        let routed: BTreeSet<String> = routes().into_iter().filter(|route| !bare(route)).collect();
        assert!(routed.len() > 100, "{routed:?}");
        let described: BTreeSet<String> = endpoints()
            .iter()
            .map(|endpoint| format!("{} {}", endpoint.method_name, endpoint.path))
            .collect();
        let known: BTreeSet<String> = described.iter().map(|route| plain(route)).collect();
        let served: BTreeSet<String> = routed.iter().map(|route| plain(route)).collect();
        let missing: Vec<_> = routed
            .iter()
            .filter(|route| !known.contains(&plain(route)))
            .filter(|route| !nameless(route) || !known.contains(&plain(&route.replace("/hubs/{hub}", ""))))
            .collect();
        let dead: Vec<_> = described
            .iter()
            .filter(|route| !served.contains(&plain(route)))
            .collect();
        assert!(
            missing.is_empty() && dead.is_empty(),
            "missing: {missing:#?}\ndead: {dead:#?}"
        );
    }

    #[test]
    fn operations_have_ids_of_their_own() {
        let endpoints = endpoints();
        let ids: BTreeSet<String> = endpoints.iter().map(operation_id).collect();
        assert_eq!(ids.len(), endpoints.len());
    }

    #[test]
    fn shapes_have_names_of_their_own() {
        let mut known: BTreeMap<String, RefOr<Schema>> = BTreeMap::new();
        for (name, shape) in shapes(endpoints().iter()) {
            let other = known.insert(name.clone(), shape.clone());
            assert!(
                other.is_none_or(|other| other == shape),
                "two shapes are called {name}"
            );
        }
    }

    #[test]
    fn the_public_address_leads_to_the_interface() {
        assert_eq!(server(None), "/elements/api-v2");
        for address in ["https://periodic.example.com", "https://periodic.example.com/"] {
            assert_eq!(
                server(Some(address)),
                "https://periodic.example.com/elements/api-v2"
            );
        }
    }

    #[test]
    fn whatever_is_named_is_there() {
        let document = serde_json::to_value(document(None)).unwrap();
        let text = document.to_string();
        let named: BTreeSet<&str> = text
            .match_indices("\"#/components/")
            .map(|(at, _)| text[at + 2..].split('"').next().unwrap())
            .collect();
        assert!(named.len() > 100, "{named:?}");
        for name in named {
            assert!(document.pointer(name).is_some(), "{name} is not there");
        }
    }

    #[test]
    fn everything_has_a_description() {
        let document = serde_json::to_value(document(None)).unwrap();
        let methods = document["paths"].as_object().unwrap().values();
        let operations = methods.flat_map(|methods| methods.as_object().unwrap().values());
        let texts = |of: &Value| of["description"].as_str().is_some_and(|text| !text.is_empty());
        for operation in operations {
            assert!(
                operation["summary"].is_string() && operation["tags"][0].is_string(),
                "{operation}"
            );
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            for parameter in parameters {
                assert!(
                    texts(parameter) && parameter["description"] != "What is addressed",
                    "{operation}"
                );
            }
        }
    }
}
