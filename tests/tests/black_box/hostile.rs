//! Clients that mean no good, and clients that are many: no answer is a 5xx, and every refusal has its form.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context as _, ensure};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use periodic_tests::{ORGANIZATION_SECRET, Stage, USER_SECRET, client};
use reqwest::{Client, Method, header::HeaderValue};
use serde_json::{Value, json};

/// The requests of one run.
const REQUESTS: u64 = 10_000;
/// So many at the same time.
const SIDE_BY_SIDE: usize = 32;
/// Another seed, other requests.
const SEED: u64 = 0x5eed_0fdd;

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[usize::try_from(self.roll() % from.len() as u64).unwrap_or(0)]
    }

    fn one_in(&mut self, sides: u64) -> bool {
        self.roll().is_multiple_of(sides)
    }
}

const IDS: [&str; 18] = [
    "0",
    "-1",
    "999999999",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551616",
    "1e9",
    "1.5",
    "abc",
    "%00",
    "%FF%FE",
    "..%2f..%2fetc%2fpasswd",
    "%27%20OR%201=1--",
    "null",
    "%F0%9F%92%A9",
    "maximizer",
    "%25s%25n",
    "a%0d%0aX-Injected:%201",
];
const QUERIES: [&str; 16] = [
    "",
    "pageSize=0",
    "pageSize=-5&page=99999999999",
    "pageSize=4294967295&page=4294967295",
    "nextPage=%00%FF",
    "nextPage=zzzz",
    "where=",
    "where=%27",
    "where=a=%27b%27%20AND",
    "where=((((((((((((((((((((((((((((((((((((((((a=1",
    "from=yesterday&to=%00&interval=eon",
    "from=2018-01-01T00:00:00Z&to=2017-01-01T00:00:00Z&interval=second",
    "tags[]=%FF&searchText=%25&hydrate=perhaps",
    "q=select%20*%20from%20%27;drop",
    "topics[]=&fields=,,,&orderBy=%00",
    "&&&===%%%&a[b][c]=d",
];
const BODIES: [&str; 20] = [
    "",
    "{",
    "null",
    "true",
    "[]",
    "{}",
    "\"text\"",
    "1e400",
    "{\"a\":1,\"a\":2}",
    "{\"element\":{\"key\":[]},\"name\":{},\"tags\":{\"a\":1},\"configuration\":\"x\",\"providerData\":7}",
    "{\"element\":{\"key\":\"maximizer\"},\"name\":\"x\",\"configuration\":{\"event.poller.configuration\":\"{\"}}",
    "{\"topics\":7,\"channel\":{},\"config\":[]}",
    "{\"topic\":null,\"message\":{},\"severity\":\"loud\"}",
    "{\"cursor\":\"the day before\",\"paused\":\"a little\"}",
    "{\"propertyValue\":{\"a\":[]}}",
    "{\"where\":\"'\",\"since\":-1,\"resource\":[]}",
    "{\"name\":\"\\u0000\\ud800\"}",
    "\u{feff}{\"name\":\"bom\"}",
    "{\"email\":\"x\",\"role\":\"emperor\",\"accountId\":-1}",
    "<xml>&entity;</xml>",
];

/// Everything that can be asked for: method and path.
async fn routes(stage: &Stage) -> anyhow::Result<Vec<(Method, String)>> {
    let document = stage.api.authorized(None).get("//openapi.json").await?.ok()?;
    let mut routes = Vec::new();
    for (path, methods) in document["paths"].as_object().context("paths")? {
        for method in periodic_tests::keys(methods) {
            routes.push((method.to_uppercase().parse()?, path.clone()));
        }
    }
    for path in [
        "/",
        "/nothing",
        "/instances/",
        "//instances",
        "/bulk",
        "/events/%00/x/y/z",
        "/ping/ping/ping",
    ] {
        routes.push((Method::GET, path.to_owned()));
    }
    Ok(routes)
}

/// What somebody says of himself.
fn authorization(dice: &mut Dice, token: &str) -> Option<HeaderValue> {
    let text = match dice.roll() % 10 {
        0 => return None,
        1 => return HeaderValue::from_bytes(b"User \xff\xfe, Organization \x80").ok(),
        2 => "User, Organization".to_owned(),
        3 => format!("User {USER_SECRET}, Organization wrong"),
        4 => format!("Bearer {USER_SECRET}, Basic ,,,, Element"),
        5 => format!("User {USER_SECRET}, Element {}", "x".repeat(4000)),
        6 | 7 => format!("User {USER_SECRET}, Element {token}"),
        _ => format!("User {USER_SECRET}, Organization {ORGANIZATION_SECRET}"),
    };
    HeaderValue::from_str(&text).ok()
}

/// One request, told by its number. None where a good answer would have no end or would end the test.
fn request(
    client: &Client,
    base: &str,
    routes: &[(Method, String)],
    token: &str,
    number: u64,
) -> anyhow::Result<Option<reqwest::Request>> {
    let mut dice = Dice(SEED ^ number.wrapping_mul(0x2545_f491_4f6c_dd1d));
    let index = usize::try_from(dice.roll() % routes.len() as u64)?;
    let (method, path) = &routes[index];
    let odd = [
        Method::PATCH,
        Method::TRACE,
        Method::OPTIONS,
        Method::from_bytes(b"BREW")?,
    ];
    let method = if dice.one_in(12) {
        dice.pick(&odd.each_ref()).clone()
    } else {
        method.clone()
    };
    let authorization = authorization(&mut dice, token);
    // Without an id it is the token's instance that goes.
    let ends = method == Method::DELETE && path == "/instances";
    if path.ends_with("/stream") || ends {
        return Ok(None);
    }
    let path: Vec<&str> = path
        .split('/')
        .map(|segment| {
            if segment.starts_with('{') {
                dice.pick(&IDS)
            } else {
                segment
            }
        })
        .collect();
    let mut url = format!("{base}{}?{}", path.join("/"), dice.pick(&QUERIES));
    if dice.one_in(50) {
        url.push_str(&"x".repeat(6000));
    }
    let Ok(url) = url.parse::<reqwest::Url>() else {
        return Ok(None);
    };
    let mut request = client.request(method, url);
    if let Some(authorization) = authorization {
        request = request.header("authorization", authorization);
    }
    let kinds = [
        "application/json",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        ";;;",
    ];
    if dice.one_in(2) {
        request = request.header("content-type", dice.pick(&kinds));
    }
    if dice.one_in(4) {
        request = request.header(
            "accept",
            dice.pick(&["text/html", "*/*;q=x", "application/xml, text/csv", ",,,"]),
        );
    }
    if dice.one_in(8) {
        request = request.header(
            "elements-async-callback-url",
            dice.pick(&["nowhere", "file:///etc/passwd", "http://[::1"]),
        );
    }
    let body: Vec<u8> = match dice.roll() % 8 {
        0 => vec![0xff, 0x00, 0xfe, b'{'],
        1 => "[".repeat(20_000).into_bytes(),
        _ => dice.pick(&BODIES).as_bytes().to_vec(),
    };
    Ok(Some(request.body(body).build()?))
}

/// No 5xx, and whoever is refused is told in the one form.
async fn check(client: &Client, request: reqwest::Request) -> anyhow::Result<u16> {
    let asked = format!("{} {} {:?}", request.method(), request.url(), request.headers());
    let answer = client.execute(request).await.with_context(|| asked.clone())?;
    let status = answer.status().as_u16();
    let id = answer.headers().get("elements-request-id").cloned();
    let text = answer.text().await.with_context(|| asked.clone())?;
    ensure!(status < 500, "{asked} answered {status}: {text}");
    if status >= 400 {
        let body: Value =
            serde_json::from_str(&text).with_context(|| format!("{asked} answered {status}: {text}"))?;
        let told = body["requestId"].as_str().unwrap_or_default();
        ensure!(
            told.len() == 24 && id.is_some_and(|id| id == told) && body["message"].is_string(),
            "{asked} answered {status}: {text}"
        );
    }
    Ok(status)
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_malformed_requests_break_nothing() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let instance = stage
        .instance_with(json!({ "event.notification.enabled": false }))
        .await?;
    let routes = routes(&stage).await?;
    let base = format!("{}/elements/api-v2", stage.host()?.url());
    let client = client()?;
    let statuses = stream::iter(0..REQUESTS)
        .map(|number| {
            let (client, base, routes, token) = (&client, &base, &routes, &instance.token);
            async move {
                match request(client, base, routes, token, number)? {
                    Some(request) => check(client, request)
                        .await
                        .with_context(|| format!("request {number}")),
                    None => Ok(0),
                }
            }
        })
        .buffer_unordered(SIDE_BY_SIDE)
        .try_fold(BTreeMap::<u16, u32>::new(), async |mut counts, status| {
            *counts.entry(status).or_default() += 1;
            Ok(counts)
        })
        .await?;
    eprintln!("answers by status: {statuses:?}");
    let refused: u32 = statuses.range(400..500).map(|(_, count)| count).sum();
    assert!(refused > 7000, "{statuses:?}");
    for status in [400, 401, 404, 405, 406, 415] {
        assert!(statuses.contains_key(&status), "no {status} among {statuses:?}");
    }
    assert!(!stage.host()?.log().contains("panicked"));
    // The instance is still there, whatever it is called by now.
    assert_eq!(stage.shown(&instance).await?["id"], instance.id);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_clients_are_served_side_by_side() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let instance = stage.instance().await?;
    let key = stage.provider.contact("Chung")?;
    stage.receiver.expect("CREATED", &key).await?;
    let base = stage.host()?.url().to_owned();
    let (id, token) = (instance.id, instance.token.clone());
    let clients = (0..200).map(|number| {
        let (base, token) = (base.clone(), token.clone());
        tokio::spawn(async move {
            // Each has connections of its own.
            let client = client()?;
            let user = format!("User {USER_SECRET}, Organization {ORGANIZATION_SECRET}");
            let element = format!("User {USER_SECRET}, Element {token}");
            let paths = [
                ("/instances".to_owned(), &user),
                (format!("/instances/{id}"), &user),
                ("/instances/configuration".to_owned(), &element),
                (format!("/instances/{id}/events?pageSize=5"), &user),
                (format!("/instances/{id}/pollers"), &user),
                (format!("/instances/{id}/deliveries"), &user),
                ("/objects".to_owned(), &element),
                ("/elements/maximizer/metadata".to_owned(), &user),
            ];
            for (path, authorization) in paths {
                let request = client
                    .get(format!("{base}/elements/api-v2{path}"))
                    .header("authorization", authorization)
                    .build()?;
                let status = check(&client, request).await?;
                ensure!(status == 200, "{path} answered client {number} with {status}");
            }
            let message = json!({ "topic": "load", "severity": "low", "message": format!("client {number}"), "from": "t" });
            let request = client
                .post(format!("{base}/elements/api-v2/notifications"))
                .header("authorization", &user)
                .json(&message)
                .build()?;
            ensure!(check(&client, request).await? == 200, "a message of client {number} is refused");
            anyhow::Ok(())
        })
    });
    let all = futures::future::try_join_all(clients);
    for done in tokio::time::timeout(Duration::from_secs(30), all).await?? {
        done?;
    }
    let mut kept = 0;
    let mut next = String::new();
    loop {
        let answer = stage
            .api
            .get(&format!("/notifications?topics[]=load&pageSize=200{next}"))
            .await?;
        let token = answer.header("elements-next-page-token").to_owned();
        kept += answer.ok()?.as_array().map_or(0, Vec::len);
        if token.is_empty() {
            break;
        }
        next = format!("&nextPage={token}");
    }
    assert_eq!(kept, 200, "every message is kept once");
    Ok(())
}
