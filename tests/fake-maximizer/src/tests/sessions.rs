//! Who may call the data service.

use serde_json::{Value, json};

use super::{Bench, read};
use crate::Options;

fn names() -> Value {
    read(&["CompanyName"], json!({}))
}

fn advance(bench: &Bench, seconds: i64) {
    bench.world().clock().advance(chrono::TimeDelta::seconds(seconds));
}

#[test]
fn a_token_that_was_idle_for_ten_minutes_is_told_in_a_message_or_by_401() {
    let bench = Bench::new();
    advance(&bench, 599);
    bench.ok("Read", &names());
    advance(&bench, 600);
    let refused = bench.call("Read", &names());
    assert_eq!(
        (refused.status, refused.json()),
        (200, json!({"Code": -1, "Msg": ["Token is invalid"]}))
    );
    bench.fault("token-error", json!({}));
    let refused = bench.call("Read", &names());
    assert_eq!(
        (refused.status, refused.header("www-authenticate")),
        (401, Some("Bearer"))
    );
    assert_eq!(refused.text, "");
    // What tells about tokens does so in its own way.
    assert_eq!(bench.call("TokenValid", &json!({})).json()["Code"], -1);
    assert_eq!(bench.get("/octopus/VerifyToken").status, 401);
    assert_eq!(bench.call("GetSystemInfo", &json!({})).json()["Code"], 0);
}

#[test]
fn tokens_die_by_control_or_before_a_call() {
    let bench = Bench::new();
    assert_eq!(
        bench.control("POST", "/tokens/expire", "").json()["access_tokens"],
        1
    );
    assert_eq!(bench.call("Read", &names()).json()["Code"], -1);
    let issued = bench.control("POST", "/tokens", "");
    assert_eq!(issued.status, 201);
    let bench = Bench {
        token: issued.json()["access_token"].as_str().unwrap().to_owned(),
        ..bench
    };
    bench.fault(
        "expire-tokens",
        json!({"when": {"methods": ["Read"], "skip": 1, "times": 1}}),
    );
    bench.ok("Read", &names());
    assert_eq!(bench.call("Read", &names()).json()["Code"], -1);
}

#[test]
fn a_token_comes_in_the_header_or_in_the_body_under_every_path() {
    let bench = Bench::with(Options {
        access_tokens: vec!["personal".to_owned()],
        ..Options::default()
    });
    let mut with_token = names();
    for token in [bench.token.as_str(), "personal"] {
        with_token["token"] = json!(token);
        for base in [
            "/octopus",
            "/api160/Data.svc/json",
            "/API45/data.svc/JSON",
            "/MaximizerWebData/Data.svc/json",
        ] {
            let reply = bench.send("POST", &format!("{base}/read"), &[], &with_token.to_string());
            assert_eq!(reply.json()["Code"], 0, "{base}: {reply:?}");
            let valid = bench.send(
                "POST",
                &format!("{base}/TokenValid"),
                &[],
                &json!({"Token": token}).to_string(),
            );
            assert_eq!(valid.json(), json!({"Code": 0}), "{base}");
        }
    }
    advance(&bench, 86_400);
    with_token["token"] = json!("personal");
    assert_eq!(
        bench
            .send("POST", "/octopus/Read", &[], &with_token.to_string())
            .json()["Code"],
        0
    );
}

#[test]
fn users_authenticate_by_password() {
    let bench = Bench::new();
    let database = bench.get("/CloudElements?request=ab").text;
    let authenticate = |database: &str, uid: &str, password: &str| {
        let body =
            json!({"Database": database, "UID": uid, "Password": password, "VendorId": "v", "AppKey": "k"});
        bench
            .send("POST", "/octopus/Authenticate", &[], &body.to_string())
            .json()
    };
    for (database, uid, password) in [
        ("x", "MASTER", "maximizer"),
        (&database, "x", "maximizer"),
        (&database, "MASTER", "x"),
    ] {
        assert_eq!(authenticate(database, uid, password)["Code"], -1);
    }
    let answer = authenticate(&database, "MASTER", "maximizer");
    let token = answer["Data"]["Token"].as_str().unwrap().to_owned();
    let bench = Bench { token, ..bench };
    let session = bench.ok("GetSessionInfo", &json!({}));
    assert_eq!(session["Data"]["User"]["UID"], "MASTER");
}

/// Each access token is a session, and keys are spelled anew in each.
#[test]
fn keys_change_their_prefix_between_sessions() {
    let bench = Bench::new();
    bench.fault("key-prefix", json!({}));
    let fields = json!({"Key": {"Value": 1, "ID": 1, "Number": 1, "EntityType": 1}});
    let request = json!({"AbEntry": {"Scope": {"Fields": fields}, "Criteria": {"Top": 1}}});
    let first = bench.ok("Read", &request)["AbEntry"]["Data"][0]["Key"].clone();
    let token = bench.world().issue_tokens().access_token;
    let bench = Bench { token, ..bench };
    let second = bench.ok("Read", &request)["AbEntry"]["Data"][0]["Key"].clone();
    assert_ne!(first["Value"], second["Value"]);
    for part in ["ID", "Number", "EntityType"] {
        assert_eq!(first[part], second[part]);
    }
    // Either spelling is understood.
    for key in [&first, &second] {
        let found = bench.ok(
            "Read",
            &read(&["CompanyName"], json!({"Key": {"$EQ": key["Value"]}})),
        );
        assert_eq!(found["AbEntry"]["Data"][0]["CompanyName"], "ABC Wine Shop");
    }
}
