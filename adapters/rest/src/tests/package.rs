//! Reading description files.

use periodic_sdk::{
    contract::{Element as _, Step},
    description::{AuthenticationKind, Description},
};

use super::{HELPDESK, TRACKER, asked, helpdesk, tracker};
use crate::Rest;

fn described(file: &str) -> Description {
    Rest::describe(Some(file.as_bytes())).unwrap()
}

#[test]
fn a_description_becomes_an_element() {
    let desk = described(HELPDESK);
    assert_eq!(
        (desk.key.as_str(), desk.id, desk.hub.as_str()),
        ("acmedesk", 910_001, "helpdesk")
    );
    assert_eq!(desk.egress, ["{acmedesk.url}/api/v2/*"]);
    assert_eq!(desk.secrets[0].places, ["header:Authorization"]);
    assert_eq!(desk.secrets[0].urls, desk.egress);
    let keys: Vec<_> = desk
        .configuration
        .iter()
        .map(|key| (key.key.as_str(), key.required, key.secret))
        .collect();
    assert_eq!(
        keys[..2],
        [("acmedesk.url", true, false), ("acmedesk.key", true, true)]
    );
    assert_eq!(desk.resources["tickets"].poll_events, ["CREATED", "UPDATED"]);
    assert!(desk.resources["contacts"].poll_events.is_empty());

    let tracker = described(TRACKER);
    assert_eq!(tracker.authentication.kind, AuthenticationKind::Oauth2);
    assert!(tracker.authentication.pkce);
    assert_eq!(
        tracker.egress,
        [
            "{acmetracker.url}/v1/*",
            "{acmetracker.url}/oauth/authorize",
            "{acmetracker.url}/oauth/token"
        ]
    );
    let secret = tracker
        .configuration
        .iter()
        .find(|key| key.key == "oauth.api.secret")
        .unwrap();
    assert!(secret.secret && !secret.required, "public clients have none");
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    assert!(Rest::describe(None).unwrap_err().contains(".element.toml"));
    assert!(Rest::describe(Some(&[0xff])).unwrap_err().contains("no text"));
    let cases = [
        ("hub = \"helpdesk\"", "hubb = \"helpdesk\"", "hubb"),
        ("key = \"acmedesk\"", "key = \"Acme Desk\"", "element.key"),
        ("style = \"cursor\"", "style = \"cursors\"", "cursors"),
        ("parameter = \"cursor\"", "", "paging.parameter"),
        ("next = \"meta.next_cursor\"", "", "paging.next"),
        ("next = \"meta.next_cursor\"", "next = \"meta..x\"", "dot"),
        ("largest = 100", "largest = 0", "paging.largest"),
        (
            "path = \"/tickets\"",
            "path = \"tickets\"",
            "resources.tickets.path",
        ),
        ("\"status =\" =", "\"status ~\" =", "no condition"),
        ("type = \"apiKey\"", "type = \"magic\"", "magic"),
        ("header = \"Authorization\"", "", "header or a query"),
        ("[\"list\", \"get\"]", "[\"list\", \"got\"]", "got"),
        ("adapter = \"rest.wasm\"", "", "adapter"),
        // The types of the contract would pass over these.
        (
            "required = true",
            "requird = true",
            "configuration.0.requird: there is",
        ),
        (
            "type = \"date\"",
            "type = \"date\", kind = 1",
            "resources.tickets.fields.3.kind",
        ),
        ("account = [", "acount = [", "rateLimits.0.acount"),
        (
            "base = \"{acmedesk.url}",
            "base = \"{acmedesk.ulr}",
            "api.base: {acmedesk.ulr} is no configuration key: describe it under [[configuration]], where there are \
             acmedesk.url",
        ),
        (
            "probe = \"/me\"",
            "probe = \"/me/{acmedesk.key}\"",
            "api.probe: {acmedesk.key} is a secret",
        ),
        (
            "/tickets/{parent}/comments",
            "/{site}/tickets/{parent}/comments",
            "resources.tickets/comments.path: {site} is no",
        ),
    ];
    for (right, wrong, words) in cases {
        assert!(HELPDESK.contains(right), "{right}");
        let error = Rest::describe(Some(HELPDESK.replacen(right, wrong, 1).as_bytes())).unwrap_err();
        assert!(error.contains(words), "{wrong}: {error}");
    }
}

#[test]
fn an_instance_is_tried_when_it_is_made() {
    let Ok(Step::Send(exchange)) = Rest::connect(&helpdesk()) else {
        panic!()
    };
    assert_eq!(asked(&exchange), "GET https://acme.desk.example/api/v2/me");
    // Without a probe the first resource is read.
    let Ok(Step::Send(exchange)) = Rest::check(&tracker()) else {
        panic!()
    };
    assert_eq!(
        asked(&exchange),
        "GET https://tracker.example/v1/issues?per_page=1"
    );
}
