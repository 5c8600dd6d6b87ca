//! `GET /control`: what there is, as text with commands to copy.

use crate::faults::CATALOG;
use crate::schema::Entity;

/// One endpoint: method and path, what it does, a body to send.
const ENDPOINTS: [(&str, &str, Option<&str>); 26] = [
    (
        "GET /control/faults",
        "the switches that are set, with how often each hit",
        None,
    ),
    (
        "PUT /control/faults",
        "replace all switches",
        Some(r#"{"slow":{"headers_ms":500},"page-cap":{"rows":10}}"#),
    ),
    ("DELETE /control/faults", "take all switches away", None),
    (
        "GET /control/faults/slow",
        "one switch: setting, hits, help, example",
        None,
    ),
    (
        "PUT /control/faults/slow",
        "set one switch; all members have defaults",
        Some(r#"{"headers_ms":500}"#),
    ),
    ("DELETE /control/faults/slow", "take one switch away", None),
    (
        "GET /control/requests",
        "what was asked of the fake, oldest first; ?call=Read picks one call",
        None,
    ),
    ("DELETE /control/requests", "forget it", None),
    ("GET /control/clock", "the fake's time", None),
    (
        "PUT /control/clock",
        "stop the clock at an instant",
        Some(r#"{"now":"2026-01-01T00:00:00Z"}"#),
    ),
    (
        "PUT /control/clock",
        "let it run from an instant",
        Some(r#"{"run_from":"2026-01-01T00:00:00Z"}"#),
    ),
    (
        "PUT /control/clock",
        "move it by seconds; negative ones go back",
        Some(r#"{"advance_s":90}"#),
    ),
    (
        "PUT /control/clock",
        "return to the machine's time",
        Some(r#"{"real":true}"#),
    ),
    ("GET /control/tokens", "all tokens that were handed out", None),
    (
        "POST /control/tokens",
        "hand out an access and a refresh token without a grant",
        None,
    ),
    (
        "POST /control/tokens/expire",
        "end all access tokens, and refresh tokens if asked",
        Some(r#"{"refresh":false}"#),
    ),
    ("GET /control/records", "how many records each object has", None),
    ("DELETE /control/records", "remove all records", None),
    ("GET /control/records/AbEntry", "all records of an object", None),
    (
        "POST /control/records/AbEntry",
        "create a record, or several from an array; dates and keys may be given",
        Some(r#"[{"Type":"Individual","FirstName":"Gail","LastName":"DuPont"}]"#),
    ),
    (
        "DELETE /control/records/AbEntry",
        "remove all records of an object",
        None,
    ),
    (
        "GET /control/records/AbEntry/DEMO_1C:1",
        "one record, by its Key or by ID:Number",
        None,
    ),
    (
        "PATCH /control/records/AbEntry/DEMO_1C:1",
        "change a record; without LastModifyDate it was modified now",
        Some(r#"{"Position":"Owner","LastModifyDate":"2026-01-01T00:00:00Z"}"#),
    ),
    (
        "DELETE /control/records/AbEntry/DEMO_1C:1",
        "delete a record",
        None,
    ),
    (
        "POST /control/service/Read",
        "a method of the data service without token and faults: Read, Create, Update, Delete",
        Some(r#"{"AbEntry":{"Scope":{"Fields":{"Key":1,"DisplayValue":1}},"Criteria":{"SearchQuery":{}}}}"#),
    ),
    (
        "POST /control/reset",
        "start anew: records, switches, clock, tokens, recorded requests",
        None,
    ),
];

/// The help text, with commands for the fake at `url`.
pub(super) fn text(url: &str) -> String {
    let mut text = format!(
        "The control interface of the fake Maximizer. Objects: {}.\n",
        Entity::names()
    );
    text.push_str("\nENDPOINTS\n");
    for (call, help, body) in ENDPOINTS {
        let (method, path) = call.split_once(' ').unwrap_or(("GET", call));
        text.push_str(&format!(
            "\n  {call}\n      {help}\n      {}\n",
            command(url, method, path, body)
        ));
    }
    text.push_str("\nSWITCHES\n");
    for entry in CATALOG {
        let path = format!("/control/faults/{}", entry.name);
        let command = command(url, "PUT", &path, Some(entry.example));
        text.push_str(&format!(
            "\n  {}\n      {}\n      {command}\n",
            entry.name, entry.help
        ));
    }
    text.push_str(
        "\nWHEN\n\n  Switches with a member 'when' hit calls of the data service; when is an object of\n  \
         methods  names of calls: Read, Create, Update, Delete, …, Token, Authorize, Discovery, Webhooks\n  \
         entities names of objects that the call mentions\n  \
         skip     so many matching calls pass first\n  \
         every    each so many-th is hit\n  \
         times    the switch goes away after so many hits\n",
    );
    text
}

fn command(url: &str, method: &str, path: &str, body: Option<&str>) -> String {
    let verb = if method == "GET" {
        String::new()
    } else {
        format!("-X {method} ")
    };
    let body = body.map(|body| format!("-d '{body}' ")).unwrap_or_default();
    format!("curl {verb}{body}{url}{path}")
}
