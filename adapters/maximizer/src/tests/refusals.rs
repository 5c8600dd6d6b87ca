//! Every way in which the provider says no.

use periodic_sdk::contract::{Failure, Header, Response, TransportError, only};

use super::response;
use crate::reply::Reply;

fn refused(response: &Response) -> (&'static str, Option<String>) {
    match Reply::read(response, "AbEntry") {
        Ok(_) => ("none", None),
        Err(failure) => kind(failure),
    }
}

fn kind(failure: Failure) -> (&'static str, Option<String>) {
    let (kind, detail) = match failure {
        Failure::TokenInvalid(detail) => ("token-invalid", detail),
        Failure::RateLimited(detail, _) => ("rate-limited", detail),
        Failure::Transient(detail) => ("transient", detail),
        Failure::Permanent(detail) => ("permanent", detail),
        Failure::NotFound(detail) => ("not-found", detail),
        Failure::InvalidRequest(detail) => ("invalid-request", detail),
        Failure::Unsupported(detail) => ("unsupported", detail),
        Failure::Other(detail) => ("other", detail),
    };
    (kind, detail.provider_message)
}

#[test]
fn codes_come_with_messages_of_many_shapes() {
    let cases = [
        (r#"{"Code":0}"#, "none", ""),
        (r#"{"Code":0,"Msg":["Lead is in beta"]}"#, "none", ""),
        (r#"{"Code":"0"}"#, "none", ""),
        (
            r#"{"Code":-1,"Msg":"Token is invalid"}"#,
            "token-invalid",
            "Token is invalid",
        ),
        (
            r#"{"Code":-1,"Msg":["Token is invalid"]}"#,
            "token-invalid",
            "Token is invalid",
        ),
        (
            r#"{"Code":-1,"Msg":[{"Message":"The TOKEN has expired","ErrorCode":1}]}"#,
            "token-invalid",
            "The TOKEN has expired",
        ),
        (
            r#"{"Code":-1,"Msg":{"Message":"invalid token"}}"#,
            "token-invalid",
            "invalid token",
        ),
        (
            r#"{"code":-1,"msg":[{"message":"Workflow/Result is mandatory","errorcode":-10003},"and more"]}"#,
            "invalid-request",
            "Workflow/Result is mandatory; and more",
        ),
        (
            r#"{"Code":-1,"Msg":["Access Denied"]}"#,
            "permanent",
            "Access Denied",
        ),
        (
            r#"{"Code":-1,"Msg":["The record does not exist"]}"#,
            "not-found",
            "The record does not exist",
        ),
        (
            r#"{"Code":-1024,"Msg":[{"Text":7}]}"#,
            "invalid-request",
            r#"{"Text":7}"#,
        ),
        (r#"{"Code":-1}"#, "invalid-request", ""),
        (r#"{"AbEntry":{}}"#, "transient", r#"{"AbEntry":{}}"#),
        ("<html>busy</html>", "transient", "<html>busy</html>"),
        ("", "transient", ""),
    ];
    for (body, expected, words) in cases {
        let (kind, said) = refused(&response(200, body));
        assert_eq!(
            (kind, said.unwrap_or_default().as_str()),
            (expected, words),
            "{body}"
        );
    }
}

#[test]
fn statuses_prescribe_what_the_host_does() {
    let cases = [
        (401, "token-invalid"),
        (403, "permanent"),
        (404, "permanent"),
        (408, "transient"),
        (429, "rate-limited"),
        (503, "transient"),
        (400, "invalid-request"),
        (500, "transient"),
        (302, "transient"),
    ];
    for (status, expected) in cases {
        assert_eq!(
            refused(&response(status, "no")),
            (expected, Some("no".to_owned())),
            "{status}"
        );
    }
}

#[test]
fn a_pause_is_told_in_milliseconds() {
    let mut limited = response(429, "");
    limited.headers.push(Header {
        name: "retry-after".to_owned(),
        value: " 7 ".to_owned(),
    });
    assert!(matches!(
        Reply::read(&limited, "AbEntry"),
        Err(Failure::RateLimited(_, Some(7000)))
    ));
}

#[test]
fn lost_answers_are_tried_again_unless_they_are_refused() {
    let cases = [
        (TransportError::Refused("private address".to_owned()), "permanent"),
        (TransportError::TooLarge(9), "permanent"),
        (TransportError::Timeout("60 s".to_owned()), "transient"),
        (TransportError::Unreachable("dns".to_owned()), "transient"),
    ];
    for (error, expected) in cases {
        assert_eq!(kind(only(&[Err(error)]).unwrap_err()).0, expected);
    }
    assert_eq!(kind(only(&[]).unwrap_err()).0, "other");
}

#[test]
fn the_entity_is_found_in_any_casing_and_the_page_key_anywhere() {
    let cases = [
        (
            r#"{"code":0,"abEntry":{"data":[{"key":1}],"orderBy":{"pageKey":"MTA="}}}"#,
            Some("MTA="),
            1,
        ),
        (
            r#"{"Code":0,"ABENTRY":{"NextPageKey":"MTA=","Data":[1,2]}}"#,
            Some("MTA="),
            2,
        ),
        (
            r#"{"Code":0,"AbEntry":{"Page":{"PageKey":"MTA="},"Data":[]}}"#,
            Some("MTA="),
            0,
        ),
        (
            r#"{"Code":0,"AbEntry":{"Data":{"Key":"x"},"NextPageKey":null}}"#,
            None,
            1,
        ),
        (r#"{"Code":0,"AbEntry.Contacts":{"Data":[1]}}"#, None, 1),
        (r#"{"Code":0,"AbEntry":{"Data":null}}"#, None, 0),
        ("\u{feff}{\"Code\":0,\"AbEntry\":{\"Data\":[1]}}\r\n", None, 1),
    ];
    for (body, next, records) in cases {
        let reply = Reply::read(&response(200, body), "AbEntry").unwrap();
        assert_eq!(reply.next.as_deref(), next, "{body}");
        assert_eq!(reply.records(body.as_bytes()).unwrap().len(), records, "{body}");
    }
}
