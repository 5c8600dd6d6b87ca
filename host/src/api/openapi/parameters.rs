//! Parameters, with a line on each.

use utoipa::openapi::{
    Required, Schema,
    path::{Parameter as Described, ParameterIn},
    schema::{Array, Object, ObjectBuilder, Type},
};

/// A parameter of a query.
#[derive(Debug, Clone, Copy)]
pub(in crate::api) struct Parameter {
    name: &'static str,
    kind: Kind,
    description: &'static str,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Text,
    Texts,
    Truth(bool),
    /// A number above 0, and what holds without it.
    Number(u32),
    /// One of these; the first without it, if there is a first among equals.
    OneOf(&'static [&'static str], Option<&'static str>),
}

const fn text(name: &'static str, description: &'static str) -> Parameter {
    Parameter {
        name,
        kind: Kind::Text,
        description,
    }
}

const fn of(kind: Kind, name: &'static str, description: &'static str) -> Parameter {
    Parameter {
        name,
        kind,
        description,
    }
}

const PAGE_SIZE: Parameter = of(Kind::Number(200), "pageSize", "The most entries of a page");
const NEXT_PAGE: Parameter = text(
    "nextPage",
    "The value of the Elements-Next-Page-Token header of the page before, as it is",
);
const FROM: Parameter = text("from", "The earliest instant, such as 2026-01-31T12:00:00Z");
const TO: Parameter = text("to", "The latest instant, likewise");
const FIELDS_OF: Parameter = text(
    "fields",
    "The fields to tell, with commas between them; all without it",
);
const TOTAL: Parameter = of(
    Kind::Truth(false),
    "returnTotalCount",
    "Whether Elements-Total-Count is to say how many there are altogether",
);
const PAGE_NUMBER: Parameter = of(Kind::Number(1), "page", "Which page, where nextPage says nothing");

/// Of all lists that come a page at a time.
pub(super) const PAGES: &[Parameter] = &[PAGE_SIZE, NEXT_PAGE];
/// Of lists of instances.
pub(in crate::api) const INSTANCES: &[Parameter] = &[
    of(
        Kind::Texts,
        "tags[]",
        "A tag that instances have to have; it may stand several times",
    ),
    text("searchText", "A part of the instances' names or tags"),
    of(
        Kind::Truth(true),
        "hydrate",
        "Whether configuration and the element's particulars are told",
    ),
];
/// Of lists of polls.
pub(in crate::api) const POLLS: &[Parameter] = &[
    text("resource", "Only polls of this resource"),
    of(
        Kind::OneOf(&["idle", "told", "failed"], None),
        "result",
        "Only polls that came to this",
    ),
];
/// Of lists of events.
pub(in crate::api) const EVENTS: &[Parameter] = &[text("objectId", "Only events of this object"), FROM, TO];
/// Of streams of events.
pub(in crate::api) const STREAM: &[Parameter] = &[text(
    "lastEventId",
    "Where to go on, for clients that cannot send Last-Event-ID",
)];
/// Of spans of time.
pub(in crate::api) const SPAN: &[Parameter] = &[FROM, TO];
/// Of counts of events.
pub(in crate::api) const ANALYTICS: &[Parameter] = &[
    FROM,
    TO,
    of(
        Kind::OneOf(&["second", "minute", "hour", "day", "week"], Some("hour")),
        "interval",
        "How long each of the counted spans is",
    ),
    of(
        Kind::Texts,
        "accountIds[]",
        "The caller's own account, and no other",
    ),
];
/// Of lists of notifications.
pub(in crate::api) const TOPICS: &[Parameter] =
    &[of(Kind::Texts, "topics[]", "A topic; it may stand several times")];
/// Of deliveries.
pub(in crate::api) const HYDRATE: &[Parameter] = &[of(
    Kind::Truth(false),
    "hydrate",
    "Whether each is told with its notification and its subscription",
)];
/// Of deliveries that are searched.
pub(in crate::api) const DELIVERIES: &[Parameter] = &[text(
    "where",
    "Which deliveries: equations joined by AND, such as channel='webhook' and status='queued'",
)];
/// Of an instance's deliveries.
pub(in crate::api) const OF_STATUS: &[Parameter] = &[
    of(
        Kind::OneOf(&["created", "delivered", "retry", "queued"], None),
        "status",
        "Only deliveries that stand there",
    ),
    FROM,
    TO,
];
/// Of what OAuth needs.
pub(in crate::api) const OAUTH: &[Parameter] = &[
    text(
        "apiKey",
        "The client id, or the consumer key, that the provider gave you",
    ),
    text("apiSecret", "The secret that belongs to it"),
    text("callbackUrl", "Where the provider sends the browser back to"),
    text("scope", "What is asked for, instead of what the element asks for"),
    text("state", "What the browser brings back unchanged"),
    text("requestToken", "The token of OAuth 1.0a's temporary credentials"),
];
/// Of an element's metadata.
pub(in crate::api) const EXPAND: &[Parameter] = &[of(
    Kind::Truth(false),
    "expand",
    "Whether everything is told that it and its resources can",
)];
/// Of documents that name a host.
pub(in crate::api) const BASE_URL: &[Parameter] = &[text(
    "baseUrl",
    "Where readers of the document reach the interface, instead of where this host does",
)];
/// Of hubs.
pub(in crate::api) const RESOURCES: &[Parameter] = &[of(
    Kind::Truth(false),
    "hydrate",
    "Whether the resources of its elements are told",
)];
/// Of lists of records.
pub(in crate::api) const RECORDS: &[Parameter] = &[
    text("where", "Which records, in CEQL: LastName='Chung' AND Rating>3"),
    FIELDS_OF,
    text("orderBy", "The field to sort by, with asc or desc behind it"),
    PAGE_NUMBER,
    PAGE_SIZE,
    NEXT_PAGE,
    TOTAL,
];
/// Of records.
pub(in crate::api) const FIELDS: &[Parameter] = &[FIELDS_OF];
/// Of queries.
pub(in crate::api) const Q: &[Parameter] =
    &[text("q", "What to read: select FullName from contacts where …")];
/// Of queries that answer at once.
pub(in crate::api) const QUERY_PAGES: &[Parameter] = &[PAGE_NUMBER, PAGE_SIZE, NEXT_PAGE, TOTAL];
/// Of exports.
pub(in crate::api) const FORMAT: &[Parameter] = &[of(
    Kind::OneOf(&["jsonl", "ndjson", "json", "csv"], None),
    "format",
    "The form; without it what Accept says, and a record a line otherwise",
)];

// === impl Parameter ===

impl Parameter {
    pub(super) fn described(self) -> Described {
        let described = Described::builder()
            .name(self.name)
            .parameter_in(ParameterIn::Query)
            .required(Required::False)
            .description(Some(self.description));
        described.schema(Some(self.kind.schema())).build()
    }
}

impl Kind {
    fn schema(self) -> Schema {
        let object = |schema: ObjectBuilder| Schema::Object(schema.build());
        match self {
            Self::Text => object(of_type(Type::String)),
            Self::Texts => Schema::Array(Array::new(Object::with_type(Type::String))),
            Self::Truth(default) => object(of_type(Type::Boolean).default(Some(default.into()))),
            Self::Number(default) => object(
                of_type(Type::Integer)
                    .minimum(Some(1))
                    .default(Some(default.into())),
            ),
            Self::OneOf(values, default) => object(
                of_type(Type::String)
                    .enum_values(Some(values.iter().copied()))
                    .default(default.map(Into::into)),
            ),
        }
    }
}

fn of_type(kind: Type) -> ObjectBuilder {
    Object::builder().schema_type(kind)
}

/// The parameters in a path.
pub(super) fn in_path(path: &str) -> impl Iterator<Item = Described> {
    let before = std::iter::once("").chain(path.split('/'));
    path.split('/').zip(before).filter_map(|(segment, before)| {
        let name = segment.strip_prefix('{')?.strip_suffix('}')?;
        let parameter = Described::builder()
            .name(name)
            .parameter_in(ParameterIn::Path)
            .required(Required::True)
            .description(Some(meaning(before, name)));
        Some(parameter.schema(Some(Object::with_type(Type::String))).build())
    })
}

/// What a parameter of a path is, by the segment before it.
fn meaning(before: &str, name: &str) -> &'static str {
    match (before, name) {
        (_, "hub") => "A hub, such as crm",
        (_, "element") => "The element's key",
        ("elements", _) => "The element's key or numeric id",
        ("instances", _) => "The instance's id",
        ("configuration", _) => "The entry's key, or its id",
        ("docs", _) => "The operation, such as list:contacts",
        ("events", _) => "The event's id",
        ("pollers", _) => "The resource that is polled",
        ("polls", _) => "The poll's id",
        ("notifications", _) => "The notification's id",
        ("subscriptions", _) => "The subscription's id",
        ("deliveries", _) => "The delivery's id",
        ("organizations", _) => "The organization's id",
        ("accounts", _) => "The account's id",
        ("users", _) => "The user's id",
        ("adapters", _) => "An element, a .wasm file or a description file",
        ("bulk", _) => "The export's id",
        ("objects" | "transformations", _) => "The object's name",
        ("{resource}", "id") => "The record's id",
        (_, "instance") => "The instance's id in base64",
        (_, "resource") => "A resource of the element, or a common object",
        (_, "child") => "A resource of the record",
        ("{child}", _) => "The id of the record's record",
        (_, "object") => "The resource that was exported",
        _ => "What is addressed",
    }
}
