//! What each switch is called and does, for people.

use serde::Serialize;

/// A line of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The name in `/control/faults/{name}`.
    pub name: &'static str,
    /// What it does.
    pub help: &'static str,
    /// A setting, as JSON; every member may be left out.
    pub example: &'static str,
}

const fn entry(name: &'static str, help: &'static str, example: &'static str) -> Entry {
    Entry { name, help, example }
}

/// Every switch.
pub const CATALOG: &[Entry] = &[
    entry(
        "rate-limit",
        "429 with Retry-After; calls before the announced time is over are refused and counted as violations",
        r#"{"retry_after_s":5,"format":"seconds","when":{"times":3}}"#,
    ),
    entry(
        "call-budget",
        "a budget of calls per span, 429 beyond it",
        r#"{"calls":30,"per_s":10}"#,
    ),
    entry(
        "http-status",
        "a status such as 408, 500, 502, 503 instead of the answer",
        r#"{"status":503,"retry_after_s":2,"when":{"every":4}}"#,
    ),
    entry(
        "non-json",
        "an HTML page instead of JSON",
        r#"{"status":200,"when":{"times":1}}"#,
    ),
    entry(
        "logical-error",
        "HTTP 200 with Code -1 and this message",
        r#"{"message":"Access Denied","code":-1,"when":{"methods":["Read"],"times":1}}"#,
    ),
    entry(
        "warning",
        "a notice in Msg beside Code 0",
        r#"{"message":"This object is in BETA"}"#,
    ),
    entry(
        "drop-connection",
        "the connection breaks in the middle of the body",
        r#"{"after_bytes":20,"when":{"times":1}}"#,
    ),
    entry(
        "truncate-json",
        "the body ends early",
        r#"{"keep_bytes":30,"when":{"times":1}}"#,
    ),
    entry(
        "huge-body",
        "this many bytes of white space follow the answer",
        r#"{"bytes":67108864}"#,
    ),
    entry(
        "slow",
        "delays before headers and within the body, in real time",
        r#"{"headers_ms":2000,"body_ms":0}"#,
    ),
    entry(
        "token-error",
        "a bad token is told as 'message' (Msg on HTTP 200, as without the switch) or as 'http-401'",
        r#"{"style":"http-401"}"#,
    ),
    entry(
        "expire-tokens",
        "all access tokens die just before a call; see also POST /control/tokens/expire",
        r#"{"when":{"methods":["Read"],"skip":2,"times":1}}"#,
    ),
    entry(
        "token-refusal",
        "the token endpoint refuses grants; to make it fail, aim http-status at the method Token",
        r#"{"status":400,"error":"invalid_grant","grants":["refresh_token"]}"#,
    ),
    entry(
        "authorize-denial",
        "the authorization endpoint sends back an error instead of a code, as 'deny=1' in its query does for one",
        r#"{"error":"access_denied","when":{"times":1}}"#,
    ),
    entry(
        "token-response",
        "adds expires_in and token_type to the token response",
        r#"{"expires_in":600,"token_type":"Bearer"}"#,
    ),
    entry(
        "refresh-rotation",
        "'rotate' (as without the switch), 'keep' or 'omit'; a replaced token is met with 'refuse' or 'allow'",
        r#"{"mode":"keep","reuse":"refuse"}"#,
    ),
    entry(
        "message-form",
        "items of Msg: 'objects' (as without the switch), 'strings' or one 'text'",
        r#"{"style":"strings"}"#,
    ),
    entry(
        "casing",
        "Code, Data, Msg in 'pascal' (as without the switch), 'camel', 'lower' or 'upper'",
        r#"{"members":"camel"}"#,
    ),
    entry(
        "content-type",
        "instead of application/octet-stream",
        r#"{"value":"application/json; charset=utf-8"}"#,
    ),
    entry(
        "key-prefix",
        "keys of the address book: 'typed' (as without the switch), 'generic', or 'per-session' in turn",
        r#"{"rule":"per-session"}"#,
    ),
    entry(
        "page-key",
        "where the next page's key stands: 'order-by' (as without the switch), 'entity', 'next-page-key', 'absent'",
        r#"{"place":"absent"}"#,
    ),
    entry(
        "page-cap",
        "larger pages and tops are cut to this size",
        r#"{"rows":100}"#,
    ),
    entry(
        "page-shift",
        "before page n of a walk is served a record is touched, deleted for good or created",
        r#"{"entity":"AbEntry","key":"DEMO_5C:0","page":2,"action":"touch"}"#,
    ),
    entry(
        "late-visible",
        "a change shows in reads only this long after its LastModifyDate; until then the old state does",
        r#"{"seconds":30,"entities":["AbEntry"]}"#,
    ),
    entry(
        "local-time",
        "dates are shown in local time but labelled Z",
        r#"{"offset_minutes":-420,"fields":["LastModifyDate"]}"#,
    ),
    entry(
        "clock-skew",
        "the provider's clock is ahead or behind: 'both', 'date-header' or 'records'",
        r#"{"seconds":90,"on":"both"}"#,
    ),
    entry(
        "field-limits",
        "properties that cannot be searched or sorted",
        r#"{"not_searchable":["AbEntry.LastModifyDate"],"not_sortable":[]}"#,
    ),
    entry(
        "audit-notes",
        "updates of address book entries leave notes on them",
        r#"{"text":"Entry modified"}"#,
    ),
];
