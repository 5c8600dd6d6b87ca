//! The receiver that comes with the host.

use periodic_tests::{Home, Host, SIGNING_KEY, Stage, eventually};
use serde_json::{Value, json};

fn notifications(listener: &Host) -> Vec<Value> {
    let output = listener.output();
    output
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

/// Send a notification of nobody's.
async fn post(listener: &Host, body: &str, headers: &[(&'static str, &str)]) -> anyhow::Result<u16> {
    let mut request = reqwest::Client::builder()
        .no_proxy()
        .build()?
        .post(format!("{}/anywhere", listener.url()));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Ok(request.body(body.to_owned()).send().await?.status().as_u16())
}

#[tokio::test(flavor = "multi_thread")]
async fn it_verifies_and_prints_what_the_host_sends() -> anyhow::Result<()> {
    let home = Home::bare()?;
    let words = [
        "listen",
        "--port",
        "0",
        "--key",
        SIGNING_KEY,
        "--json",
        "--fail",
        "1",
    ];
    let listener = home.spawn(&words).await?;
    let stage = Stage::with(|home| home.variable("PERIODIC_DELIVERY_SCHEDULE", "1s,1s")).await?;
    let callback = format!("{}/events", listener.url());
    let configuration = json!({
        "event.notification.callback.url": callback, "event.notification.signature.key": SIGNING_KEY,
    });
    stage.instance_with(configuration).await?;
    let key = stage.provider.contact("Chung")?;
    let lines = eventually("the listener prints both attempts", async || {
        let lines = notifications(&listener);
        Ok((lines.len() == 2).then_some(lines))
    })
    .await?;
    for (line, (answered, repeated)) in lines.iter().zip([(503, false), (200, true)]) {
        assert_eq!(line["path"], "/events");
        assert_eq!(
            (&line["signature"], &line["standardWebhooks"]),
            (&json!("valid"), &json!("valid"))
        );
        assert_eq!(
            (&line["answered"], &line["repeated"]),
            (&json!(answered), &json!(repeated))
        );
        assert_eq!(line["body"]["message"]["events"][0]["objectId"], json!(key));
        assert!(line["headers"]["elements-webhook-id"].is_string(), "{line}");
    }

    // The published vector, and what is wrong with others.
    let strict = home
        .spawn(&[
            "listen",
            "--port",
            "0",
            "--key",
            "MySecretEventSignatureKey",
            "--json",
        ])
        .await?;
    let body = "<INSERT_EVENT_NOTIFICATION_RESPONSE_BODY>";
    let signature = "sha256=jHdbRx5EZAsOfTwAPJOGkNUzQMVVdu5VJlxcsk+G6jQ=";
    let name = "elements-webhook-signature";
    post(&strict, body, &[(name, signature)]).await?;
    post(&strict, "something else", &[(name, signature)]).await?;
    post(&strict, body, &[(name, "sha256=AAAA")]).await?;
    post(&strict, body, &[]).await?;
    let verdicts = eventually("four verdicts", async || {
        let lines = notifications(&strict);
        let verdicts = lines
            .iter()
            .filter_map(|line| line["signature"].as_str().map(str::to_owned));
        let verdicts: Vec<_> = verdicts.collect();
        Ok((verdicts.len() == 4).then_some(verdicts))
    })
    .await?;
    assert_eq!(verdicts, ["valid", "invalid", "invalid", "missing"]);

    // For people, without a key, with another status.
    let plain = home.spawn(&["listen", "--port", "0", "--status", "418"]).await?;
    let body = json!({ "message": { "instanceName": "Mine", "events": [
        { "eventType": "CREATED", "objectType": "contacts", "objectId": "k1", "date": "2018-08-20T15:29:06Z" },
    ] } });
    assert_eq!(post(&plain, &body.to_string(), &[(name, signature)]).await?, 418);
    eventually("the event is printed", async || {
        let output = plain.output();
        let shown = [
            "Mine",
            "not checked",
            "418",
            "CREATED contacts k1 at 2018-08-20T15:29:06Z",
        ];
        Ok(shown.iter().all(|text| output.contains(text)).then_some(()))
    })
    .await?;
    Ok(())
}
