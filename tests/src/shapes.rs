//! The shapes of the published answers.

/// The members of an instance in the order of the published answer.
pub const INSTANCE_MEMBERS: [&str; 19] = [
    "id",
    "name",
    "createdDate",
    "token",
    "element",
    "elementId",
    "tags",
    "provisionInteractions",
    "valid",
    "disabled",
    "maxCacheSize",
    "cacheTimeToLive",
    "providerData",
    "configuration",
    "eventsEnabled",
    "traceLoggingEnabled",
    "cachingEnabled",
    "externalAuthentication",
    "user",
];

/// The members of an element in the order of the published answer.
pub const ELEMENT_MEMBERS: [&str; 21] = [
    "id",
    "name",
    "key",
    "description",
    "image",
    "active",
    "deleted",
    "typeOauth",
    "trialAccount",
    "resources",
    "transformationsEnabled",
    "bulkDownloadEnabled",
    "bulkUploadEnabled",
    "cloneable",
    "extendable",
    "beta",
    "authentication",
    "extended",
    "hub",
    "protocolType",
    "parameters",
];
