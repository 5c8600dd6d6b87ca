//! Events as they come: the stream, and the command that prints it.

use std::time::Duration;

use anyhow::Context as _;
use periodic_tests::{Api, Home, Instance, ORGANIZATION_SECRET, PATIENCE, Stage, USER_SECRET, client};
use reqwest::Response;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

/// A stream of server-sent events.
struct Stream {
    response: Response,
    text: String,
}

/// An event of it.
#[derive(Debug)]
struct Frame {
    id: String,
    kind: String,
    data: Value,
}

impl Stream {
    async fn open(stage: &Stage, path: &str, last: Option<&str>) -> anyhow::Result<Self> {
        let authorization = format!("User {USER_SECRET}, Organization {ORGANIZATION_SECRET}");
        Self::open_as(stage, path, last, &authorization).await
    }

    async fn open_as(
        stage: &Stage,
        path: &str,
        last: Option<&str>,
        authorization: &str,
    ) -> anyhow::Result<Self> {
        let url = format!("{}/elements/api-v2{path}", stage.host()?.url());
        let mut request = client()?
            .get(url)
            .header("authorization", authorization)
            .header("accept", "text/event-stream");
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = request.send().await?;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Ok(Self {
            response,
            text: String::new(),
        })
    }

    async fn next(&mut self) -> anyhow::Result<Frame> {
        loop {
            let frame = self.frame().await?;
            if !frame.data.is_null() {
                return Ok(frame);
            }
        }
    }

    /// Whatever comes next: an event, or what has no data.
    async fn frame(&mut self) -> anyhow::Result<Frame> {
        loop {
            if let Some((frame, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    let mut lines = frame.lines();
                    lines
                        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
                        .map(|value| value.trim_start().to_owned())
                };
                let found = Frame {
                    id: field("id").unwrap_or_default(),
                    kind: field("event").unwrap_or_default(),
                    data: serde_json::from_str(&field("data").unwrap_or_default()).unwrap_or_default(),
                };
                self.text = rest.to_owned();
                return Ok(found);
            }
            let piece = tokio::time::timeout(PATIENCE, self.response.chunk()).await??;
            let piece = piece.context("the stream ended")?;
            self.text.push_str(std::str::from_utf8(&piece)?);
        }
    }
}

fn objects(frame: &Frame) -> Vec<&str> {
    let events = frame.data["notifiedData"][0]["events"]
        .as_array()
        .into_iter()
        .flatten();
    events.filter_map(|event| event["objectId"].as_str()).collect()
}

async fn two_instances(stage: &Stage) -> anyhow::Result<(Instance, Instance)> {
    let first = stage.instance().await?;
    let second = stage
        .instance_with(json!({ "event.notification.enabled": false }))
        .await?;
    Ok((first, second))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_tells_events_as_they_come_and_goes_on_where_it_was_left() -> anyhow::Result<()> {
    let mut stage = Stage::set().await?;
    let (instance, silent) = two_instances(&stage).await?;
    let mut live = Stream::open(&stage, "/instances/events/stream", None).await?;
    let first = stage.provider.contact("First")?;
    let frame = live.next().await?;
    assert_eq!(
        (frame.kind.as_str(), objects(&frame)),
        ("event", vec![first.as_str()])
    );
    assert_eq!(
        frame.data["eventElementInstances"][0]["elementInstanceId"],
        instance.id
    );
    // What is stored is what `GET /instances/events/{id}` tells.
    let id = frame.data["id"].as_str().context("an id")?;
    let stored = stage.api.get(&format!("/instances/events/{id}")).await?.ok()?;
    assert_eq!(
        (&stored["notifiedData"], &stored["eventDate"]),
        (&frame.data["notifiedData"], &frame.data["eventDate"])
    );
    drop(live);

    // Missed while nobody listened and while the host was down: told on return, and only that.
    let second = stage.provider.contact("Second")?;
    stage.receiver.expect("CREATED", &second).await?;
    stage.stop().await?;
    stage.start().await?;
    let path = format!("/instances/{}/events/stream", instance.id);
    let mut resumed = Stream::open(&stage, &path, Some(&frame.id)).await?;
    assert_eq!(objects(&resumed.next().await?), [second.as_str()]);
    let third = stage.provider.contact("Third")?;
    assert_eq!(
        objects(&resumed.next().await?),
        [third.as_str()],
        "and then it is live"
    );
    // From the beginning, by the query, as browsers' EventSource without headers has it.
    let mut all = Stream::open(&stage, "/instances/events/stream?lastEventId=0", None).await?;
    for expected in [&first, &second, &third] {
        assert_eq!(objects(&all.next().await?), [expected.as_str()]);
    }
    // Another instance's stream has nothing of it.
    let path = format!("/instances/{}/events/stream?lastEventId=0", silent.id);
    let mut none = Stream::open(&stage, &path, None).await?;
    let waited = tokio::time::timeout(Duration::from_millis(500), none.next()).await;
    assert!(waited.is_err(), "{waited:?}");

    for bad in ["x", "-", "1e9", "99999999999999999999"] {
        let answer = stage
            .api
            .with("last-event-id", bad)
            .get("/instances/events/stream")
            .await?;
        answer.refused(400, &["Last-Event-ID"])?;
    }
    stage
        .api
        .authorized(None)
        .get("/instances/events/stream")
        .await?
        .refused(401, &[])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_breaks_before_its_first_event_loses_none() -> anyhow::Result<()> {
    let mut stage = Stage::set().await?;
    let instance = stage.instance().await?;
    let told = stage.provider.contact("Told")?;
    stage.receiver.expect("CREATED", &told).await?;
    let mut stream = Stream::open(&stage, "/instances/events/stream", None).await?;
    let begins = stream.frame().await?;
    assert!(
        begins.kind.is_empty() && begins.data.is_null() && begins.id != "0",
        "{begins:?}"
    );
    let missed = stage.provider.contact("Missed")?;
    stage.receiver.expect("CREATED", &missed).await?;
    stage.stop().await?;
    stage.start().await?;
    let path = format!("/instances/{}/events/stream", instance.id);
    let mut resumed = Stream::open(&stage, &path, Some(&begins.id)).await?;
    assert_eq!(
        resumed.frame().await?.id,
        begins.id,
        "it begins where it was asked to"
    );
    assert_eq!(objects(&resumed.next().await?), [missed.as_str()]);
    Ok(())
}

/// Answer one request with a stream that breaks off after this; the request's head.
async fn broken_stream(listener: &TcpListener, text: &str) -> anyhow::Result<String> {
    let (mut client, _peer) = listener.accept().await?;
    let (mut head, mut buffer) = (String::new(), [0; 4096]);
    while !head.contains("\r\n\r\n") {
        let read = client.read(&mut buffer).await?;
        anyhow::ensure!(read > 0, "no request came: {head}");
        head.push_str(&String::from_utf8_lossy(&buffer[..read]));
    }
    let answer =
        format!("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n{text}");
    client.write_all(answer.as_bytes()).await?;
    client.shutdown().await?;
    Ok(head.to_ascii_lowercase())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_goes_on_from_where_a_stream_began() -> anyhow::Result<()> {
    let home = Home::new()?;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let words = ["events", "tail", "--host", &url, "--limit", "1", "--json"];
    let host = async {
        let first = broken_stream(&listener, "id: 41\n\n").await?;
        let second = broken_stream(&listener, "id: 41\n\nid: 42\ndata: {\"id\":\"x\"}\n\n").await?;
        anyhow::Ok((first, second))
    };
    let (output, asked) = tokio::join!(home.run_bare(&words), host);
    let (output, (first, second)) = (output?, asked?);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert!(!first.contains("last-event-id"), "{first}");
    assert!(second.contains("last-event-id: 41"), "{second}");
    let event: Value = serde_json::from_str(&output.stdout)?;
    assert_eq!(event, json!({ "id": "x", "streamId": "42" }));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_end_with_their_places_and_with_the_host() -> anyhow::Result<()> {
    let mut stage = Stage::set().await?;
    let mut streams = Vec::new();
    for _place in 0..256 {
        streams.push(Stream::open(&stage, "/instances/events/stream", None).await?);
    }
    let full = stage.api.get("/instances/events/stream").await?;
    full.refused(429, &["streams"])?;
    // Everything else is served, and a place that is left is free again.
    stage.api.get("/instances").await?.ok()?;
    streams.pop();
    periodic_tests::eventually("a place is free", async || {
        let opened = Stream::open_if_free(&stage.api, stage.host()?.url()).await?;
        Ok(opened.then_some(()))
    })
    .await?;
    stage.stop().await?;
    for stream in &mut streams {
        let ended = tokio::time::timeout(PATIENCE, stream.next()).await?;
        assert!(ended.is_err(), "{ended:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_with_what_it_was_opened_with() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let instance = stage.instance().await?;
    let user = json!({ "email": "reader@example.com" });
    let made = stage.api.post("/users", &user).await?.ok()?;
    let secret = made["secret"].as_str().context("a secret")?;
    let all = "/instances/events/stream";
    let by_user = format!("User {secret}, Organization {ORGANIZATION_SECRET}");
    let by_token = format!("User {USER_SECRET}, Element {}", instance.token);
    let of_one = format!("/instances/{}/events/stream", instance.id);
    let mut revoked = Stream::open_as(&stage, all, None, &by_user).await?;
    let mut addressed = Stream::open_as(&stage, all, None, &by_token).await?;
    let mut of_deleted = Stream::open(&stage, &of_one, None).await?;
    let mut stays = Stream::open(&stage, all, None).await?;
    let key = stage.provider.contact("Seen")?;
    for stream in [&mut revoked, &mut addressed, &mut of_deleted, &mut stays] {
        assert_eq!(objects(&stream.next().await?), [key.as_str()]);
    }
    let path = format!("/users/{}/secret", made["id"]);
    stage.api.delete(&path).await?.ok()?;
    let key = stage.provider.contact("Not seen")?;
    assert_eq!(objects(&stays.next().await?), [key.as_str()]);
    let ended = revoked.next().await;
    assert!(ended.is_err(), "{ended:?}");
    for stream in [&mut addressed, &mut of_deleted] {
        assert_eq!(objects(&stream.next().await?), [key.as_str()]);
    }
    stage
        .api
        .delete(&format!("/instances/{}", instance.id))
        .await?
        .ok()?;
    for stream in [&mut addressed, &mut of_deleted] {
        let ended = stream.next().await;
        assert!(ended.is_err(), "{ended:?}");
    }
    Ok(())
}

impl Stream {
    async fn open_if_free(_: &Api, url: &str) -> anyhow::Result<bool> {
        let authorization = format!("User {USER_SECRET}, Organization {ORGANIZATION_SECRET}");
        let url = format!("{url}/elements/api-v2/instances/events/stream");
        let answer = client()?
            .get(url)
            .header("authorization", authorization)
            .send()
            .await?;
        Ok(answer.status() == 200)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_prints_events_and_goes_on_behind_one() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let instance = stage.instance().await?;
    let mut keys = Vec::new();
    for name in ["First", "Second"] {
        let key = stage.provider.contact(name)?;
        stage.receiver.expect("CREATED", &key).await?;
        keys.push(key);
    }
    let url = stage.host()?.url().to_owned();
    let id = instance.id.to_string();
    let tail = async |after: &str, more: &[&str]| {
        let words = [
            "events",
            "tail",
            "--host",
            &url,
            "--instance",
            &id,
            "--after",
            after,
            "--limit",
            "1",
        ];
        let output = stage.home.run_bare(&[&words, more].concat()).await?;
        assert_eq!(output.code, Some(0), "{}", output.stderr);
        anyhow::Ok(output.stdout)
    };
    let first: Value = serde_json::from_str(&tail("0", &["--json"]).await?)?;
    assert_eq!(first["notifiedData"][0]["events"][0]["objectId"], keys[0]);
    let position = first["streamId"].as_str().context("where it stands")?;
    let second = tail(position, &[]).await?;
    assert_eq!(second.lines().count(), 1, "{second}");
    assert!(
        second.contains("CREATED contacts") && second.contains(&keys[1]),
        "{second}"
    );
    // As somebody whom the host does not know.
    let words = [
        "events",
        "tail",
        "--host",
        &url,
        "--user-secret",
        "wrong",
        "--limit",
        "1",
    ];
    let refused = stage.home.run_bare(&words).await?;
    assert_eq!(refused.code, Some(1));
    assert!(
        refused.stderr.contains("Invalid Organization or User secret"),
        "{}",
        refused.stderr
    );
    Ok(())
}
