//! Every endpoint, once.

/// An endpoint.
#[derive(Debug)]
pub(super) struct Endpoint {
    /// The method in lower case.
    pub(super) method: &'static str,
    /// The path beneath the base.
    pub(super) path: &'static str,
    /// What it does.
    pub(super) summary: &'static str,
    /// Who may ask.
    pub(super) who: Who,
    /// Its query parameters with their types.
    pub(super) query: &'static [(&'static str, &'static str)],
    /// The schema of its body.
    pub(super) body: Option<&'static str>,
    /// The schema of its answer; none when it is empty.
    pub(super) answer: Option<&'static str>,
}

/// Who may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    /// Anybody.
    Anybody,
    /// Whoever has a user's secret.
    User,
}

type Query = &'static [(&'static str, &'static str)];

const fn call(
    method: &'static str,
    path: &'static str,
    summary: &'static str,
    body: Option<&'static str>,
    answer: Option<&'static str>,
) -> Endpoint {
    Endpoint {
        method,
        path,
        summary,
        who: Who::User,
        query: &[],
        body,
        answer,
    }
}

const fn read(path: &'static str, summary: &'static str, answer: &'static str) -> Endpoint {
    call("get", path, summary, None, Some(answer))
}

const fn list(path: &'static str, summary: &'static str, query: Query, answer: &'static str) -> Endpoint {
    Endpoint {
        query,
        ..read(path, summary, answer)
    }
}

const fn open(endpoint: Endpoint) -> Endpoint {
    Endpoint {
        who: Who::Anybody,
        ..endpoint
    }
}

const INSTANCES: Query = &[
    ("tags[]", "array"),
    ("searchText", "string"),
    ("pageSize", "integer"),
    ("nextPage", "string"),
    ("hydrate", "boolean"),
];
const PAGES: Query = &[("pageSize", "integer"), ("nextPage", "string")];
const POLLS: Query = &[
    ("resource", "string"),
    ("result", "string"),
    ("pageSize", "integer"),
    ("nextPage", "string"),
];
const EVENTS: Query = &[
    ("pageSize", "integer"),
    ("nextPage", "string"),
    ("objectId", "string"),
    ("from", "string"),
    ("to", "string"),
];
const ANALYTICS: Query = &[
    ("from", "string"),
    ("to", "string"),
    ("interval", "string"),
    ("accountIds[]", "array"),
];
const SPAN: Query = &[
    ("from", "string"),
    ("to", "string"),
    ("pageSize", "integer"),
    ("nextPage", "string"),
];
const TOPICS: Query = &[
    ("topics[]", "array"),
    ("pageSize", "integer"),
    ("nextPage", "string"),
];
const DELIVERIES: Query = &[
    ("where", "string"),
    ("hydrate", "boolean"),
    ("pageSize", "integer"),
    ("nextPage", "string"),
];
const HYDRATE: Query = &[
    ("hydrate", "boolean"),
    ("pageSize", "integer"),
    ("nextPage", "string"),
];
const OAUTH: Query = &[
    ("apiKey", "string"),
    ("apiSecret", "string"),
    ("callbackUrl", "string"),
    ("scope", "string"),
    ("state", "string"),
    ("requestToken", "string"),
];
const RECORDS: Query = &[
    ("where", "string"),
    ("fields", "string"),
    ("orderBy", "string"),
    ("page", "integer"),
    ("pageSize", "integer"),
    ("nextPage", "string"),
    ("returnTotalCount", "boolean"),
];
const Q: Query = &[("q", "string")];
const QUERY: Query = &[
    ("q", "string"),
    ("page", "integer"),
    ("pageSize", "integer"),
    ("nextPage", "string"),
    ("returnTotalCount", "boolean"),
];
const FORMAT: Query = &[("format", "string")];
const FIELDS: Query = &[("fields", "string")];

/// All of them.
#[rustfmt::skip]
pub(super) const ENDPOINTS: &[Endpoint] = &[
    call("post", "/instances", "Make an instance", Some("InstanceRequest"), Some("Instance")),
    list("/instances", "The instances, or with an Element token that one", INSTANCES, "InstanceOrInstances"),
    call("put", "/instances", "Replace the token's instance", Some("InstanceRequest"), Some("Instance")),
    call("patch", "/instances", "Change the token's instance", Some("InstanceRequest"), Some("Instance")),
    call("delete", "/instances", "Remove the token's instance", None, None),
    read("/instances/count", "How many instances there are, and of which elements", "Object"),
    read("/jobs/polling-disabled", "The same as jobs, one an instance", "Object[]"),
    read("/instances/polling-disabled", "Instances that should be polled and are not", "Instance[]"),
    read("/instances/configuration", "The configuration of the token's instance", "Entry[]"),
    read("/instances/configuration/{entry}", "One entry of it", "Entry"),
    call("patch", "/instances/configuration/{entry}", "Change one entry of it", Some("EntryChange"), Some("Entry")),
    call("put", "/instances/enabled", "Enable the token's instance", None, Some("Instance")),
    call("delete", "/instances/enabled", "Disable the token's instance", None, None),
    call("put", "/instances/trace-logging", "Log the requests of the token's instance", None, Some("Instance")),
    call("delete", "/instances/trace-logging", "Log them no more", None, None),
    read("/instances/docs", "Swagger 2.0 of the token's instance", "Document"),
    read("/instances/docs/{operation}", "One operation of it", "Object"),
    read("/instances/docs/{operation}/definitions", "The shapes that the operation names", "Object"),
    read("/instances/{id}", "An instance", "Instance"),
    call("put", "/instances/{id}", "Replace an instance", Some("InstanceRequest"), Some("Instance")),
    call("patch", "/instances/{id}", "Change an instance", Some("InstanceRequest"), Some("Instance")),
    call("delete", "/instances/{id}", "Remove an instance", None, None),
    read("/instances/{id}/configuration", "The configuration", "Entry[]"),
    read("/instances/{id}/configuration/{entry}", "One entry", "Entry"),
    call("patch", "/instances/{id}/configuration/{entry}", "Change one entry", Some("EntryChange"), Some("Entry")),
    call("put", "/instances/{id}/enabled", "Enable", None, Some("Instance")),
    call("delete", "/instances/{id}/enabled", "Disable", None, None),
    call("put", "/instances/{id}/trace-logging", "Log its requests to the provider", None, Some("Instance")),
    call("delete", "/instances/{id}/trace-logging", "Log them no more", None, None),
    read("/instances/{id}/docs", "Swagger 2.0 of its resources", "Document"),
    read("/instances/{id}/docs/{operation}", "One operation of it", "Object"),
    read("/instances/{id}/docs/{operation}/definitions", "The shapes that the operation names", "Object"),
    list("/instances/events", "Events of all instances, or of the token's", EVENTS, "Object[]"),
    list("/instances/{id}/events", "Events of an instance", EVENTS, "Object[]"),
    read("/instances/{id}/events/{event}", "An event", "Object"),
    read("/instances/events/{event}", "An event of any instance", "Object"),
    list("/instances/events/analytics", "How many events there were, by time", ANALYTICS, "Object[]"),
    list("/instances/events/analytics/accounts", "The same by account", ANALYTICS, "Object[]"),
    list("/instances/events/analytics/instances", "The same by instance", ANALYTICS, "Object[]"),
    list("/instances/events/dispositions", "What became of events", SPAN, "Object[]"),
    read("/instances/events/stream", "Events as they happen, resumed by Last-Event-ID", "EventStream"),
    read("/instances/{id}/events/stream", "Events of an instance as they happen", "EventStream"),
    read("/instances/{id}/pollers", "How its pollers are", "Object[]"),
    read("/instances/{id}/pollers/{resource}", "How one of them is", "Object"),
    call("patch", "/instances/{id}/pollers/{resource}", "Pause it, resume it, or set its cursor back", Some("Object"), Some("Object")),
    call("post", "/instances/{id}/polls", "Poll now", None, Some("Object[]")),
    list("/instances/{id}/polls", "What its polls did", POLLS, "Object[]"),
    read("/instances/{id}/polls/{poll}", "A poll, with the requests that it became", "Object"),
    read("/instances/{id}/polls/{poll}/case", "Its tape as a case file of its adapter's tests", "Object"),
    call("post", "/instances/{id}/polls/{poll}/replay", "Run it again with the adapter that serves now, without the provider", None, Some("Object")),
    read("/instances/polls/{poll}", "A poll of any instance", "Object"),
    read("/instances/polls/{poll}/case", "Its tape as a case file", "Object"),
    call("post", "/instances/polls/{poll}/replay", "Run it again", None, Some("Object")),
    call("post", "/instances/{id}/polls/preview", "What a poll would ask for, read and tell; nothing is stored", Some("Object"), Some("Object[]")),
    list("/instances/{id}/deliveries", "Its deliveries", PAGES, "Object[]"),
    call("post", "/instances/{id}/deliveries/replay", "Make deliveries again: all that failed, or those of a range", Some("Object"), Some("Object")),
    open(call("post", "/events/{element}", "Where providers call; the instance is found by Element-Instances or by its finder", Some("Object"), Some("Object"))),
    open(read("/events/{element}", "The same by GET, for challenges", "Object")),
    open(call("post", "/events/{element}/{instance}", "Where the provider of an instance calls: its id in base64", Some("Object"), Some("Object"))),
    open(read("/events/{element}/{instance}", "The same by GET, for challenges", "Object")),
    read("/instances/{id}/webhook", "The registration at its provider, and calls that wait or failed", "Object"),
    call("post", "/instances/{id}/webhook/retry", "Process calls that wait or failed now", None, Some("Object")),
    list("/notifications", "Notifications of topics", TOPICS, "Object[]"),
    call("post", "/notifications", "Make one", Some("Object"), Some("Object")),
    call("post", "/notifications/emails", "Refused: no mail is sent", Some("Object"), None),
    read("/notifications/{id}", "A notification", "Object"),
    call("delete", "/notifications/{id}", "Remove it", None, None),
    call("put", "/notifications/{id}/acknowledge", "Acknowledge it", None, Some("Object")),
    list("/notifications/{id}/subscriptions/deliveries", "Its deliveries", HYDRATE, "Object[]"),
    list("/notifications/{id}/subscriptions/{subscription}/deliveries", "Its delivery to a subscription", HYDRATE, "Object"),
    list("/notifications/subscriptions", "The subscriptions", PAGES, "Object[]"),
    call("post", "/notifications/subscriptions", "Make one", Some("Object"), Some("Object")),
    read("/notifications/subscriptions/{id}", "A subscription", "Object"),
    call("delete", "/notifications/subscriptions/{id}", "End it", None, None),
    call("post", "/notifications/subscriptions/{id}/resume", "Activate it and deliver what is queued", None, Some("Object")),
    list("/notifications/subscriptions/deliveries", "Deliveries that match", DELIVERIES, "Object[]"),
    Endpoint { query: DELIVERIES, ..call("put", "/notifications/subscriptions/deliveries", "Deliver what is queued and matches", None, Some("Object[]")) },
    read("/notifications/subscriptions/deliveries/{id}", "A delivery with its attempts", "Object"),
    call("post", "/notifications/subscriptions/deliveries/{id}/replay", "Make it again", None, Some("Object")),
    call("post", "/notifications/subscriptions/deliveries/replay", "Make deliveries again: all that failed, or those of a range", Some("Object"), Some("Object")),
    read("/accounts/settings", "The settings of the caller's account", "Object"),
    call("patch", "/accounts/settings", "Change them", Some("Object"), Some("Object")),
    call("post", "/accounts/settings", "The same", Some("Object"), Some("Object")),
    read("/accounts/{id}/settings", "The settings of an account", "Object"),
    call("patch", "/accounts/{id}/settings", "Change them", Some("Object"), Some("Object")),
    call("post", "/accounts/{id}/settings", "The same", Some("Object"), Some("Object")),
    list("/elements/{key}/instances", "The instances of an element", INSTANCES, "Instance[]"),
    call("post", "/elements/{key}/instances", "Make an instance", Some("InstanceRequest"), Some("Instance")),
    read("/elements/{key}/instances/{id}", "An instance", "Instance"),
    call("put", "/elements/{key}/instances/{id}", "Replace an instance", Some("InstanceRequest"), Some("Instance")),
    call("patch", "/elements/{key}/instances/{id}", "Change an instance", Some("InstanceRequest"), Some("Instance")),
    call("delete", "/elements/{key}/instances/{id}", "Remove an instance", None, None),
    read("/elements", "The elements that are served", "Object[]"),
    read("/elements/keys", "Their keys", "Text[]"),
    read("/elements/metadata", "What events they tell", "Object[]"),
    read("/elements/{key}", "An element", "Object"),
    read("/elements/{key}/metadata", "What events it tells", "Object"),
    read("/elements/{key}/configuration", "What its instances are configured with", "Object[]"),
    read("/elements/{key}/configuration/{entry}", "One key of it", "Object"),
    read("/elements/{key}/setup", "What has to be known before an instance can be made", "Object"),
    read("/elements/{key}/docs", "Swagger 2.0 of its resources", "Document"),
    read("/elements/{key}/docs/{operation}", "One operation of it", "Object"),
    read("/elements/{key}/docs/{operation}/definitions", "The shapes that the operation names", "Object"),
    open(list("/elements/{key}/oauth/url", "The URL to send a browser to", OAUTH, "OauthUrl")),
    open(call("post", "/elements/{key}/oauth/url", "The same", Some("Object"), Some("OauthUrl"))),
    open(list("/elements/{key}/oauth/token", "The temporary credentials of OAuth 1.0a", OAUTH, "Temporary")),
    open(call("post", "/elements/{key}/oauth/token", "The same", Some("Object"), Some("Temporary"))),
    list("/hubs", "The hubs", &[("hydrate", "boolean")], "Object[]"),
    list("/hubs/{hub}", "A hub", &[("hydrate", "boolean")], "Object"),
    read("/hubs/{hub}/elements", "Its elements", "Object[]"),
    read("/adapters", "What is served, and what is not and why", "Object[]"),
    read("/adapters/{name}", "The same of one element, component or description file", "Object[]"),
    call("post", "/adapters/{name}/reload", "Load it anew, and end its quarantine", None, Some("Object[]")),
    read("/organizations", "The organizations that the caller sees", "Organization[]"),
    call("post", "/organizations", "Make one", Some("OrganizationRequest"), Some("Organization")),
    read("/organizations/{organization}", "An organization", "Organization"),
    call("put", "/organizations/{organization}/secret", "Rotate its secret", None, Some("Organization")),
    call("delete", "/organizations/{organization}/secret", "Revoke its secret", None, None),
    read("/accounts", "The accounts that the caller sees", "Account[]"),
    call("post", "/accounts", "Make one", Some("AccountRequest"), Some("Account")),
    read("/accounts/{account}", "An account", "Account"),
    read("/users", "The users that the caller sees", "User[]"),
    call("post", "/users", "Make one", Some("UserRequest"), Some("User")),
    read("/users/{user}", "A user", "User"),
    call("delete", "/users/{user}", "Remove a user who made no instances", None, None),
    call("put", "/users/{user}/secret", "Rotate its secret", None, Some("User")),
    call("delete", "/users/{user}/secret", "Revoke its secret", None, None),
    read("/organizations/objects/definitions", "The definitions of common objects of the caller's organization", "Object"),
    call("post", "/organizations/objects/definitions", "Define several, by name", Some("Object"), Some("Object")),
    call("delete", "/organizations/objects/definitions", "Remove them all", None, None),
    read("/organizations/objects/{name}/definitions", "A definition", "Definition"),
    call("post", "/organizations/objects/{name}/definitions", "Define a common object", Some("DefinitionRequest"), Some("Definition")),
    call("put", "/organizations/objects/{name}/definitions", "Define it otherwise", Some("DefinitionRequest"), Some("Definition")),
    call("delete", "/organizations/objects/{name}/definitions", "Remove a definition", None, None),
    read("/organizations/elements/{key}/transformations", "The transformations of the caller's organization", "Object"),
    call("post", "/organizations/elements/{key}/transformations", "Make several, by name", Some("Object"), Some("Object")),
    call("delete", "/organizations/elements/{key}/transformations", "Remove them all", None, None),
    read("/organizations/elements/{key}/transformations/{name}", "A transformation with what it inherits", "Transformation"),
    call("post", "/organizations/elements/{key}/transformations/{name}", "Make a transformation", Some("TransformationRequest"), Some("Transformation")),
    call("put", "/organizations/elements/{key}/transformations/{name}", "Replace a transformation", Some("TransformationRequest"), Some("Transformation")),
    call("delete", "/organizations/elements/{key}/transformations/{name}", "Remove a transformation", None, None),
    read("/accounts/objects/definitions", "The definitions of common objects of the caller's account", "Object"),
    call("post", "/accounts/objects/definitions", "Define several, by name", Some("Object"), Some("Object")),
    call("delete", "/accounts/objects/definitions", "Remove them all", None, None),
    read("/accounts/objects/{name}/definitions", "A definition", "Definition"),
    call("post", "/accounts/objects/{name}/definitions", "Define a common object", Some("DefinitionRequest"), Some("Definition")),
    call("put", "/accounts/objects/{name}/definitions", "Define it otherwise", Some("DefinitionRequest"), Some("Definition")),
    call("delete", "/accounts/objects/{name}/definitions", "Remove a definition", None, None),
    read("/accounts/elements/{key}/transformations", "The transformations of the caller's account", "Object"),
    call("post", "/accounts/elements/{key}/transformations", "Make several, by name", Some("Object"), Some("Object")),
    call("delete", "/accounts/elements/{key}/transformations", "Remove them all", None, None),
    read("/accounts/elements/{key}/transformations/{name}", "A transformation with what it inherits", "Transformation"),
    call("post", "/accounts/elements/{key}/transformations/{name}", "Make a transformation", Some("TransformationRequest"), Some("Transformation")),
    call("put", "/accounts/elements/{key}/transformations/{name}", "Replace a transformation", Some("TransformationRequest"), Some("Transformation")),
    call("delete", "/accounts/elements/{key}/transformations/{name}", "Remove a transformation", None, None),
    read("/accounts/{id}/objects/definitions", "The definitions of common objects of an account", "Object"),
    call("post", "/accounts/{id}/objects/definitions", "Define several, by name", Some("Object"), Some("Object")),
    call("delete", "/accounts/{id}/objects/definitions", "Remove them all", None, None),
    read("/accounts/{id}/objects/{name}/definitions", "A definition", "Definition"),
    call("post", "/accounts/{id}/objects/{name}/definitions", "Define a common object", Some("DefinitionRequest"), Some("Definition")),
    call("put", "/accounts/{id}/objects/{name}/definitions", "Define it otherwise", Some("DefinitionRequest"), Some("Definition")),
    call("delete", "/accounts/{id}/objects/{name}/definitions", "Remove a definition", None, None),
    read("/accounts/{id}/elements/{key}/transformations", "The transformations of an account", "Object"),
    call("post", "/accounts/{id}/elements/{key}/transformations", "Make several, by name", Some("Object"), Some("Object")),
    call("delete", "/accounts/{id}/elements/{key}/transformations", "Remove them all", None, None),
    read("/accounts/{id}/elements/{key}/transformations/{name}", "A transformation with what it inherits", "Transformation"),
    call("post", "/accounts/{id}/elements/{key}/transformations/{name}", "Make a transformation", Some("TransformationRequest"), Some("Transformation")),
    call("put", "/accounts/{id}/elements/{key}/transformations/{name}", "Replace a transformation", Some("TransformationRequest"), Some("Transformation")),
    call("delete", "/accounts/{id}/elements/{key}/transformations/{name}", "Remove a transformation", None, None),
    read("/instances/objects/definitions", "The definitions of common objects of the token's instance", "Object"),
    call("post", "/instances/objects/definitions", "Define several, by name", Some("Object"), Some("Object")),
    call("delete", "/instances/objects/definitions", "Remove them all", None, None),
    read("/instances/objects/{name}/definitions", "A definition", "Definition"),
    call("post", "/instances/objects/{name}/definitions", "Define a common object", Some("DefinitionRequest"), Some("Definition")),
    call("put", "/instances/objects/{name}/definitions", "Define it otherwise", Some("DefinitionRequest"), Some("Definition")),
    call("delete", "/instances/objects/{name}/definitions", "Remove a definition", None, None),
    read("/instances/transformations", "The transformations of the token's instance", "Object"),
    call("post", "/instances/transformations", "Make several, by name", Some("Object"), Some("Object")),
    call("delete", "/instances/transformations", "Remove them all", None, None),
    read("/instances/transformations/{name}", "A transformation with what it inherits", "Transformation"),
    call("post", "/instances/transformations/{name}", "Make a transformation", Some("TransformationRequest"), Some("Transformation")),
    call("put", "/instances/transformations/{name}", "Replace a transformation", Some("TransformationRequest"), Some("Transformation")),
    call("delete", "/instances/transformations/{name}", "Remove a transformation", None, None),
    read("/instances/{id}/objects/definitions", "The definitions of common objects of an instance", "Object"),
    call("post", "/instances/{id}/objects/definitions", "Define several, by name", Some("Object"), Some("Object")),
    call("delete", "/instances/{id}/objects/definitions", "Remove them all", None, None),
    read("/instances/{id}/objects/{name}/definitions", "A definition", "Definition"),
    call("post", "/instances/{id}/objects/{name}/definitions", "Define a common object", Some("DefinitionRequest"), Some("Definition")),
    call("put", "/instances/{id}/objects/{name}/definitions", "Define it otherwise", Some("DefinitionRequest"), Some("Definition")),
    call("delete", "/instances/{id}/objects/{name}/definitions", "Remove a definition", None, None),
    read("/instances/{id}/transformations", "The transformations of an instance", "Object"),
    call("post", "/instances/{id}/transformations", "Make several, by name", Some("Object"), Some("Object")),
    call("delete", "/instances/{id}/transformations", "Remove them all", None, None),
    read("/instances/{id}/transformations/{name}", "A transformation with what it inherits", "Transformation"),
    call("post", "/instances/{id}/transformations/{name}", "Make a transformation", Some("TransformationRequest"), Some("Transformation")),
    call("put", "/instances/{id}/transformations/{name}", "Replace a transformation", Some("TransformationRequest"), Some("Transformation")),
    call("delete", "/instances/{id}/transformations/{name}", "Remove a transformation", None, None),
    call("patch", "/instances/objects/{name}", "Rename a common object of the token's instance", Some("Object"), Some("Object")),
    call("patch", "/instances/{id}/objects/{name}", "Rename a common object of an instance", Some("Object"), Some("Object")),
    read("/common-resources", "The common objects of the caller's account and organization", "Definition[]"),
    read("/ping", "Whether the provider answers", "Object"),
    read("/objects", "The resources and common objects of the token's instance", "Names"),
    read("/objects/{name}/metadata", "The fields of a resource", "Object"),
    read("/objects/{name}/docs", "Swagger 2.0 of a resource", "Document"),
    list("/query", "Records of the token's instance by a query", QUERY, "Object[]"),
    Endpoint { query: Q, ..call("post", "/bulk/query", "Ask for an export of a resource of the token's instance", None, Some("Export")) },
    list("/bulk/jobs", "The exports of the token's instance", PAGES, "Export[]"),
    read("/bulk/{id}", "How far an export is", "Export"),
    call("post", "/bulk/{id}", "Refused: nothing is taken in in bulk", None, None),
    call("delete", "/bulk/{id}", "Give an export up, or remove a finished one", None, None),
    read("/bulk/{id}/status", "How far an export is", "Export"),
    list("/bulk/{id}/errors", "What went wrong with it", PAGES, "Object[]"),
    list("/bulk/{id}/{object}", "What was exported", FORMAT, "ExportFile"),
    list("/hubs/{hub}/{resource}", "Records of the token's instance", RECORDS, "Object[]"),
    call("post", "/hubs/{hub}/{resource}", "Make a record", Some("Object"), Some("Object")),
    list("/hubs/{hub}/{resource}/{id}", "A record", FIELDS, "Object"),
    call("patch", "/hubs/{hub}/{resource}/{id}", "Change a record", Some("Object"), Some("Object")),
    call("put", "/hubs/{hub}/{resource}/{id}", "Replace a record", Some("Object"), Some("Object")),
    call("delete", "/hubs/{hub}/{resource}/{id}", "Remove a record", None, None),
    list("/hubs/{hub}/{resource}/{id}/{child}", "Records of a record", RECORDS, "Object[]"),
    call("post", "/hubs/{hub}/{resource}/{id}/{child}", "Make one", Some("Object"), Some("Object")),
    list("/hubs/{hub}/{resource}/{id}/{child}/{object}", "One of them", FIELDS, "Object"),
    call("patch", "/hubs/{hub}/{resource}/{id}/{child}/{object}", "Change it", Some("Object"), Some("Object")),
    call("put", "/hubs/{hub}/{resource}/{id}/{child}/{object}", "Replace it", Some("Object"), Some("Object")),
    call("delete", "/hubs/{hub}/{resource}/{id}/{child}/{object}", "Remove it", None, None),
];
