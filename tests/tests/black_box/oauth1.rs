//! An element whose provider wants every request signed by OAuth 1.0a.

use anyhow::Context as _;
use periodic_tests::{
    Answer, Api, CONSUMER_KEY, CONSUMER_SECRET, Chancery, Home, Host, Needle, Odd, Receiver, eventually,
    test_adapters,
};
use reqwest::{Method, Url};
use serde_json::{Value, json};

/// A provider, a receiver and a host.
struct Court {
    chancery: Chancery,
    receiver: Receiver,
    api: Api,
    host: Host,
    home: Home,
}

impl Court {
    async fn set() -> anyhow::Result<Self> {
        Self::with(|home| home).await
    }

    async fn with(settings: impl FnOnce(Home) -> Home) -> anyhow::Result<Self> {
        let home = settings(Home::new()?.serving_test("signet.wasm")?);
        let host = home.start().await?;
        Ok(Self {
            chancery: Chancery::start().await?,
            receiver: Receiver::start().await?,
            api: Api::new(host.url())?,
            host,
            home,
        })
    }

    /// A call of the grant with these parameters, as somebody who does not say who he is.
    async fn ask(&self, what: &str, parameters: &[(&str, &str)]) -> anyhow::Result<Answer> {
        let mut url = Url::parse("http://h/")?;
        // Spaces and pluses as `GET` parameters have them here: percent-encoded.
        let query: Vec<String> = parameters
            .iter()
            .map(|(name, value)| {
                url.set_query(None);
                url.query_pairs_mut().append_pair(name, value);
                url.query().unwrap_or_default().replace('+', "%20")
            })
            .collect();
        let path = format!("/elements/signet/oauth/{what}?{}", query.join("&"));
        self.api.authorized(None).get(&path).await
    }

    async fn token(&self, method: &str, secret: &str) -> anyhow::Result<Answer> {
        let parameters = [
            ("apiKey", CONSUMER_KEY),
            ("apiSecret", secret),
            ("callbackUrl", "https://app.example/back?of=1"),
            ("signet.url", self.chancery.url()),
            ("signet.method", method),
        ];
        self.ask("token", &parameters).await
    }

    /// All three legs but the last: `providerData`.
    async fn consent(&self, method: &str) -> anyhow::Result<Value> {
        let temporary = self.token(method, CONSUMER_SECRET).await?.ok()?;
        let (token, secret) = (&temporary["token"], &temporary["secret"]);
        let token = token.as_str().context("no token")?;
        let parameters = [("requestToken", token), ("signet.url", self.chancery.url())];
        let answer = self.ask("url", &parameters).await?.ok()?;
        assert_eq!(answer["element"], "signet");
        let url = answer["oauthUrl"].as_str().context("no URL")?;
        let (back, verifier) = self.chancery.consent(url).await?;
        assert_eq!(back, token);
        Ok(json!({ "oauth_token": token, "oauth_verifier": verifier, "secret": secret }))
    }

    fn request(&self, method: &str, provider_data: Value) -> Value {
        json!({
            "element": { "key": "signet" }, "name": "A seal", "providerData": provider_data,
            "configuration": {
                "signet.url": self.chancery.url(), "signet.method": method,
                "oauth.api.key": CONSUMER_KEY, "oauth.api.secret": CONSUMER_SECRET,
                "event.notification.enabled": true, "event.notification.callback.url": self.receiver.url(),
                "event.poller.refresh_interval": "0.01",
            },
        })
    }

    async fn create(&self, method: &str) -> anyhow::Result<Value> {
        let request = self.request(method, self.consent(method).await?);
        self.api.post("/instances", &request).await?.ok()
    }

    async fn count(&self) -> anyhow::Result<usize> {
        let instances = self.api.get("/instances").await?.ok()?;
        Ok(instances.as_array().map_or(0, Vec::len))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_request_is_signed() -> anyhow::Result<()> {
    let taps = tempfile::tempdir()?;
    let tap = taps.path().join("guest.tap");
    let file = tap.to_string_lossy().into_owned();
    let court = Court::with(|home| home.argument("--guest-tap").argument(&file).set("log", "debug")).await?;
    let odd = "it's 1+1=2 & 50%/é~*()!";
    for method in ["HMAC-SHA1", "HMAC-SHA256", "PLAINTEXT"] {
        let instance = court.create(method).await?;
        assert_eq!(instance["state"], "connected");
        assert_eq!(instance["providerData"]["oauth_verifier"], "********");
        assert_eq!(instance["configuration"]["oauth.api.secret"], "********");
        let text = instance["configuration"].to_string();
        assert!(
            !text.contains("oauth.user") && !text.contains("oauth.request"),
            "{text}"
        );
        let element = court.api.element(instance["token"].as_str().context("no token")?);
        let made = element
            .post("/notes", &json!({ "text": odd, "ä b": "c+d" }))
            .await?
            .ok()?;
        assert_eq!(made["text"], odd);
        let query = "where=text%3D%27it%20is%201%2B1%20%26%20%C3%A9~%2A%27";
        let listed = element.get(&format!("/hubs/general/notes?{query}")).await?.ok()?;
        assert_eq!(listed[0]["text"], odd);
        let id = made["id"].as_str().context("no id")?;
        court.receiver.expect("CREATED", id).await?;
        let note = court.chancery.note("told by a poll");
        court.receiver.expect("CREATED", &note).await?;
        let path = format!("/instances/{}", instance["id"]);
        court.api.delete(&path).await?.ok()?;
    }
    let polls = court.chancery.all_signed("GET /api/notes")?;
    assert!(
        polls >= 9,
        "connected, listed and polled by three instances: {polls}"
    );
    assert_eq!(court.chancery.all_signed("POST /api/notes")?, 3);

    // Secrets stay with the host; that of a request token is its caller's for the time of the grant.
    let mut needles = vec![Needle::new("the consumer secret", CONSUMER_SECRET)];
    for (number, secret) in court.chancery.office().secrets.iter().enumerate() {
        needles.push(Needle::new(&format!("secret {number}"), secret));
    }
    let tapped = std::fs::read(&tap)?;
    let log = court.host.log();
    assert!(tapped.len() > 10_000 && log.len() > 1_000, "nothing was recorded");
    for needle in &needles {
        assert_eq!(needle.find("what guests see", &tapped), Vec::<String>::new());
        assert_eq!(needle.find("the log", log.as_bytes()), Vec::<String>::new());
        for answer in court.api.answers() {
            if !answer.asked.contains("/oauth/token?") {
                let found = needle.find(&answer.asked, answer.text.as_bytes());
                assert_eq!(found, Vec::<String>::new());
            }
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_provider_refuses_is_a_bad_request_with_its_words() -> anyhow::Result<()> {
    let court = Court::set().await?;
    let method = "HMAC-SHA1";
    let says = |answer: &Answer, words: &str| {
        let said = answer.body["providerMessage"].as_str().unwrap_or_default();
        assert!(
            answer.status == 400 && said.contains(words),
            "{words}: {} {}",
            answer.status,
            answer.text
        );
    };
    says(
        &court.token(method, "wrong").await?,
        "oauth_problem=signature_invalid",
    );

    let create = async |data: &Value| {
        court
            .api
            .post("/instances", &court.request(method, data.clone()))
            .await
    };
    let mut wrong = court.consent(method).await?;
    wrong["oauth_verifier"] = json!("guessed");
    says(&create(&wrong).await?, "verifier_invalid");
    // A wrong guess has used the token up.
    says(&create(&wrong).await?, "token_rejected");
    let mut forged = court.consent(method).await?;
    forged["secret"] = json!("forged");
    says(&create(&forged).await?, "signature_invalid");
    let good = court.consent(method).await?;
    create(&good).await?.ok()?;
    says(&create(&good).await?, "token_rejected");
    assert_eq!(court.count().await?, 1, "refused grants leave nothing behind");

    // What is missing is said by its name, before the provider is asked.
    let asked = court.chancery.office().requests.len();
    create(&json!({}))
        .await?
        .refused(400, &["providerData.oauth_verifier", "oauth/token"])?;
    for missing in ["oauth_token", "oauth_verifier", "secret"] {
        let mut data = json!({ "oauth_token": "t", "oauth_verifier": "v", "secret": "s" });
        data[missing] = Value::Null;
        create(&data)
            .await?
            .refused(400, &[&format!("providerData.{missing}: is missing")])?;
    }
    court
        .ask("url", &[("signet.url", court.chancery.url())])
        .await?
        .refused(400, &["requestToken", "oauth/token"])?;
    let url = [("callbackUrl", "https://a"), ("signet.url", court.chancery.url())];
    court
        .ask("token", &url)
        .await?
        .refused(400, &["apiKey: is missing"])?;
    let known: Vec<_> = url.iter().copied().chain([("apiKey", CONSUMER_KEY)]).collect();
    court
        .ask("token", &known)
        .await?
        .refused(400, &["apiSecret: is missing"])?;
    assert_eq!(court.chancery.office().requests.len(), asked);
    // A provider that is not there is another matter.
    let nowhere = [
        ("apiKey", "k"),
        ("apiSecret", "s"),
        ("signet.url", "http://127.0.0.1:9"),
    ];
    court
        .ask("token", &nowhere)
        .await?
        .refused(502, &["could not be asked"])?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_keeps_no_credentials_is_reported() -> anyhow::Result<()> {
    let good = test_adapters()?.join("signet.wasm");
    for (name, other, function) in [
        (
            "oauth.request.token.secret",
            "oauth.request.token.sacred",
            "oauth1.request-token",
        ),
        (
            "oauth.user.token.secret",
            "oauth.user.token.sacred",
            "oauth1.access-token",
        ),
    ] {
        let folder = tempfile::tempdir()?;
        let bad = folder.path().join("signet.wasm");
        std::fs::write(&bad, Odd::of(&std::fs::read(&good)?).renamed(name, other).bytes())?;
        let path = folder.path().to_string_lossy().into_owned();
        let court = Court::with(|home| home.set("adapters", &path)).await?;
        let told = format!("its request for credentials captures no {name}");
        let method = "HMAC-SHA1";
        let refused = match function {
            "oauth1.request-token" => court.token(method, CONSUMER_SECRET).await?,
            _ => {
                let request = court.request(method, court.consent(method).await?);
                court.api.post("/instances", &request).await?
            }
        };
        refused.refused(502, &[&told])?;
        let report = court.home.report(function).await?;
        let again = court.home.replay(&report, &bad, None).await?;
        assert_eq!(again.code, Some(1), "{}", again.stdout);
        assert!(again.stdout.contains(&told), "{}", again.stdout);
        let repaired = court.home.replay(&report, &good, None).await?;
        assert_eq!(repaired.code, Some(0), "{}", repaired.stdout);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_operator_presets_signs_for_nobody_unknown() -> anyhow::Result<()> {
    let court = Court::with(|home| {
        home.add("element-default", &format!("signet.oauth.api.key={CONSUMER_KEY}"))
            .add(
                "element-default",
                &format!("signet.oauth.api.secret={CONSUMER_SECRET}"),
            )
    })
    .await?;
    let url = [
        ("signet.url", court.chancery.url()),
        ("callbackUrl", "https://a/b"),
    ];
    court
        .ask("token", &url)
        .await?
        .refused(400, &["say who you are"])?;
    assert!(court.chancery.office().requests.is_empty());
    let body = json!({ "signet.url": court.chancery.url(), "callbackUrl": "https://a/b" });
    let answer = court
        .api
        .post("/elements/signet/oauth/token", &body)
        .await?
        .ok()?;
    assert!(
        answer["token"].is_string() && answer["secret"].is_string(),
        "{answer}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_consent_authenticates_the_same_instance() -> anyhow::Result<()> {
    let court = Court::set().await?;
    let method = "HMAC-SHA1";
    let instance = court.create(method).await?;
    let path = format!("/instances/{}", instance["id"]);
    let element = court.api.element(instance["token"].as_str().context("no token")?);
    let first = court.chancery.note("first");
    court.receiver.expect("CREATED", &first).await?;
    court.chancery.office().revoke();
    element.get("/notes").await?.refused(403, &["authenticate"])?;
    let shown = court.api.get(&path).await?.ok()?;
    assert_eq!(
        (&shown["valid"], &shown["state"]),
        (&json!(false), &json!("needs-authentication"))
    );
    // What is not seen meanwhile is not lost.
    let second = court.chancery.note("second");
    let mut wrong = court.consent(method).await?;
    wrong["oauth_verifier"] = json!("guessed");
    court
        .api
        .patch(&path, &json!({ "providerData": wrong }))
        .await?
        .refused(400, &["refuses"])?;
    let data = json!({ "providerData": court.consent(method).await? });
    let changed = court.api.patch(&path, &data).await?.ok()?;
    assert_eq!(
        (&changed["id"], &changed["state"]),
        (&instance["id"], &json!("connected"))
    );
    assert!(changed["providerData"].is_null());
    element.get("/notes").await?.ok()?;
    court.receiver.expect("CREATED", &second).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_sends_a_browser_and_waits_for_the_verifier() -> anyhow::Result<()> {
    let court = Court::set().await?;
    let setup = court.api.get("/elements/signet/setup").await?.ok()?;
    assert_eq!(
        (&setup["authentication"], &setup["consent"]),
        (&json!("oauth1"), &json!(true))
    );
    let mut user = Home::new()?;
    for (name, value) in [
        ("PERIODIC_HOST", court.host.url()),
        ("KEY", CONSUMER_KEY),
        ("SECRET", CONSUMER_SECRET),
    ] {
        user = user.variable(name, value);
    }
    let url = format!("signet.url={}", court.chancery.url());
    let words = [
        "instances",
        "create",
        "signet",
        "--json",
        "--redirect-port",
        "0",
        "--set",
        &url,
        "--set-from",
        "oauth.api.key=KEY",
        "--set-from",
        "oauth.api.secret=SECRET",
    ];
    let mut command = user.begin(&words)?;
    let page = eventually("the command names the consent page", async || {
        let said = command.log();
        let mut words = said.split_whitespace();
        Ok(words.find(|word| word.contains("/authorize?")).map(str::to_owned))
    })
    .await?;
    let back = court.chancery.visit(&page).await?;
    let client = periodic_tests::client()?;
    let mut foreign = back.clone();
    foreign.set_query(Some("oauth_token=another&oauth_verifier=forged"));
    client.get(foreign).send().await?;
    let thanks = client.get(back).send().await?.text().await?;
    assert!(thanks.contains("close this page"), "{thanks}");
    assert!(command.ended().await?.success(), "{}", command.log());
    let instance: Value = serde_json::from_str(&command.output())?;
    assert_eq!(instance["state"], "connected");

    // Somebody who says no.
    let mut command = user.begin(&words)?;
    let page = eventually("the command names the consent page", async || {
        let said = command.log();
        let mut words = said.split_whitespace();
        Ok(words.find(|word| word.contains("/authorize?")).map(str::to_owned))
    })
    .await?;
    let back = court.chancery.visit(&page).await?;
    let token = Url::parse(&page)?;
    let (_, token) = token.query_pairs().next().context("no token")?;
    let mut no = back;
    no.set_query(None);
    no.query_pairs_mut().append_pair("denied", &token);
    client.get(no).send().await?;
    assert!(!command.ended().await?.success());
    assert!(
        command.log().contains("the provider refuses"),
        "{}",
        command.log()
    );
    assert_eq!(court.count().await?, 1);

    // A redirect URI of one's own needs somebody who pastes.
    let own = [&words[..], &["--set", "oauth.callback.url=https://app.example"]].concat();
    let output = user.run_bare(&own).await?;
    assert!(
        output.code != Some(0) && output.stderr.contains("oauth.callback.url"),
        "{}",
        output.stderr
    );
    let output = user.run_bare(&[&words[..], &["--code", "c"]].concat()).await?;
    assert!(output.stderr.contains("without codes"), "{}", output.stderr);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_may_stand_in_a_body() -> anyhow::Result<()> {
    let court = Court::set().await?;
    let open = court.api.authorized(None);
    let body = json!({
        "apiKey": CONSUMER_KEY, "apiSecret": CONSUMER_SECRET, "callbackUrl": "oob", "signet.url": court.chancery.url(),
    });
    let temporary = open.post("/elements/signet/oauth/token", &body).await?.ok()?;
    let body = json!({ "requestToken": temporary["token"], "signet.url": court.chancery.url() });
    let answer = open.post("/elements/signet/oauth/url", &body).await?.ok()?;
    let url = Url::parse(answer["oauthUrl"].as_str().context("no URL")?)?;
    let (name, token) = url.query_pairs().next().context("no token")?;
    assert_eq!(
        (&*name, &*token),
        ("oauth_token", temporary["token"].as_str().unwrap_or_default())
    );
    for body in ["[]", "{\"apiKey\":{}}", "{"] {
        let answer = open
            .call(
                Method::POST,
                "/elements/signet/oauth/token",
                Some(body.as_bytes().to_vec()),
            )
            .await?;
        answer.refused(400, &[])?;
    }
    Ok(())
}
