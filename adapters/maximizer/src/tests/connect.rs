//! Addresses: configured, discovered, on premise.

use periodic_sdk::contract::{Effect, Element as _, Failure, Setting, Step};
use serde_json::json;

use super::{API, answers, call, connected, context, only, response};
use crate::{Maximizer, address::service};

#[test]
fn the_data_service_is_found_beneath_every_kind_of_base() {
    let cases = [
        (
            "https://api.maximizer.com/octopus",
            "https://api.maximizer.com/octopus/Read",
        ),
        (
            "https://api.maximizer.com/Octopus/",
            "https://api.maximizer.com/Octopus/Read",
        ),
        (
            "http://127.0.0.1:8081/octopus",
            "http://127.0.0.1:8081/octopus/Read",
        ),
        (
            "https://ca1.maximizercrmlive.com/api45",
            "https://ca1.maximizercrmlive.com/api45/Data.svc/json/Read",
        ),
        (
            "https://ca1.maximizercrmlive.com/api160/",
            "https://ca1.maximizercrmlive.com/api160/Data.svc/json/Read",
        ),
        (
            " https://crm.example/MaximizerWebData/Data.svc/json ",
            "https://crm.example/MaximizerWebData/Data.svc/json/Read",
        ),
        (
            "https://crm.example/MaximizerWebData/Data.svc",
            "https://crm.example/MaximizerWebData/Data.svc/json/Read",
        ),
        (
            "https://crm.example/MaximizerWebData",
            "https://crm.example/MaximizerWebData/Data.svc/json/Read",
        ),
    ];
    for (base, expected) in cases {
        assert_eq!(
            service(&context(&[("maximizer.url", base)]), "Read").unwrap().url,
            expected
        );
    }
}

#[test]
fn an_instance_without_an_address_discovers_it() {
    let cases: [(&[(&str, &str)], &str); 4] = [
        (&[], "https://caw.maximizercrmlive.com/CloudElements?request=api"),
        (
            &[("maximizer.datacenter", "ukw"), ("maximizer.alias", "Acme Ltd")],
            "https://ukw.maximizercrmlive.com/Acme%20Ltd?request=api",
        ),
        (
            &[(
                "maximizer.oauth.url",
                "http://crm:81/MaximizerWebAuthentication/OAuth2/",
            )],
            "http://crm:81/CloudElements?request=api",
        ),
        (
            &[
                ("maximizer.oauth.url", "http://crm:81"),
                ("maximizer.alias", "Acme"),
            ],
            "http://crm:81/Acme?request=api",
        ),
    ];
    for (settings, expected) in cases {
        let context = context(settings);
        let Step::Send(exchange) = Maximizer::connect(&context).unwrap() else {
            panic!("{settings:?}")
        };
        let request = only(&exchange);
        assert_eq!((request.method.as_str(), request.url.as_str()), ("GET", expected));
        assert!(request.credentials.is_empty(), "the discovery needs no secret");
        let found = Maximizer::resume_connect(&context, &exchange.state, &answers(format!("{API}\r\n")));
        assert_eq!(
            found.unwrap(),
            Step::Done(vec![Setting::new("maximizer.api.url", API)])
        );
    }
}

#[test]
fn what_is_no_address_is_refused_with_the_keys_to_check() {
    let context = context(&[]);
    for (status, body) in [
        (404, "https://x.example"),
        (200, "<html>"),
        (200, ""),
        (200, "https://a b"),
    ] {
        let refused =
            Maximizer::resume_connect(&context, b"discovering", &[Ok(response(status, body))]).unwrap_err();
        let Failure::InvalidRequest(detail) = refused else {
            panic!("{refused:?}")
        };
        for key in ["maximizer.datacenter", "maximizer.alias", "maximizer.url"] {
            assert!(detail.message.contains(key), "{}", detail.message);
        }
    }
}

#[test]
fn wrong_addresses_name_their_key() {
    let cases = [
        ("maximizer.datacenter", "evil.example/"),
        ("maximizer.url", "crm.example/api45"),
        ("maximizer.url", "ftp://crm.example"),
        ("maximizer.url", "https://crm.example/api45?x=1"),
        ("maximizer.oauth.url", "https://"),
    ];
    for (key, value) in cases {
        match Maximizer::connect(&context(&[(key, value)])) {
            Err(Failure::InvalidRequest(detail)) => {
                assert!(
                    detail.message.starts_with(&format!("{key}: ")),
                    "{}",
                    detail.message
                );
            }
            other => panic!("{key}={value}: {other:?}"),
        }
    }
}

#[test]
fn a_known_address_is_tried_with_the_token() {
    for step in [
        Maximizer::connect(&connected()).map(|step| match step {
            Step::Send(exchange) => exchange,
            Step::Done(_) => panic!("done without a request"),
        }),
        Maximizer::check(&connected()).map(|step| match step {
            Step::Send(exchange) => exchange,
            Step::Done(()) => panic!("done without a request"),
        }),
    ] {
        let exchange = step.unwrap();
        assert_eq!(
            call(only(&exchange), "Read", Effect::Read),
            json!({
                "AbEntry": { "Scope": { "Fields": { "Key": 1 } }, "Criteria": { "SearchQuery": {}, "Top": 1 } },
                "Compatibility": { "AbEntryKey": "2.0" },
            })
        );
        let done = Maximizer::resume_connect(
            &connected(),
            &exchange.state,
            &answers(r#"{"Code":0,"AbEntry":{}}"#),
        );
        assert_eq!(done.unwrap(), Step::Done(Vec::new()));
        let refused = answers(r#"{"Code":-1,"Msg":["Token is invalid"]}"#);
        assert!(matches!(
            Maximizer::resume_check(&connected(), &exchange.state, &refused),
            Err(Failure::TokenInvalid(_))
        ));
    }
}

#[test]
fn an_unknown_address_is_told_with_the_way_out() {
    let Err(Failure::Permanent(detail)) = Maximizer::check(&context(&[])) else {
        panic!("there is no address")
    };
    assert!(detail.message.contains("maximizer.url"), "{}", detail.message);
}
