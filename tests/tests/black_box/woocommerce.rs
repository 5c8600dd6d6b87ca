//! A store that is polled, and one that calls.

use anyhow::Context as _;
use fake_woocommerce::{CONSUMER_KEY, CONSUMER_SECRET, FakeWooCommerce};
use periodic_tests::{Api, Home, Host, Receiver, eventually};
use serde_json::{Value, json};

/// A store, a receiver and a host.
struct Street {
    store: FakeWooCommerce,
    receiver: Receiver,
    api: Api,
    host: Host,
    home: Home,
}

impl Street {
    async fn set() -> anyhow::Result<Self> {
        let home = Home::new()?
            .serving("woocommerce.wasm")?
            .variable("PERIODIC_PUBLIC_URL", "https://hooks.example.com");
        let host = home.start().await?;
        let store = FakeWooCommerce::start(0).await?;
        store.shop().deliver_to(host.url());
        Ok(Self {
            store,
            receiver: Receiver::start().await?,
            api: Api::new(host.url())?,
            host,
            home,
        })
    }

    fn request(&self, configuration: &Value) -> Value {
        let mut request = json!({
            "element": { "key": "woocommercerest" }, "name": "A store",
            "configuration": {
                "store.url": self.store.url(), "oauth.api.key": CONSUMER_KEY, "oauth.api.secret": CONSUMER_SECRET,
                "event.notification.enabled": true, "event.notification.callback.url": self.receiver.url(),
                "event.poller.refresh_interval": "0.01",
            },
        });
        for (key, value) in configuration.as_object().into_iter().flatten() {
            request["configuration"][key] = value.clone();
        }
        request
    }

    async fn instance(&self, configuration: Value) -> anyhow::Result<(i64, String)> {
        let body = self
            .api
            .post("/instances", &self.request(&configuration))
            .await?
            .ok()?;
        let token = body["token"].as_str().context("no token")?;
        Ok((body["id"].as_i64().context("no id")?, token.to_owned()))
    }

    async fn webhook(&self, id: i64) -> anyhow::Result<Value> {
        self.api.get(&format!("/instances/{id}/webhook")).await?.ok()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_a_store_are_found_by_polling() -> anyhow::Result<()> {
    let street = Street::set().await?;
    let shop = street.store.shop();
    let old = shop.create("customers", &json!({ "email": "old@example.com" }))?;
    street.instance(json!({ "event.vendor.type": "polling" })).await?;
    let order = shop
        .create("orders", &json!({ "status": "processing" }))?
        .to_string();
    let event = street.receiver.expect("CREATED", &order).await?;
    assert_eq!(event.resource, "orders");
    let customer = shop.create("customers", &json!({ "email": "new@example.com" }))?;
    street.receiver.expect("CREATED", &customer.to_string()).await?;
    shop.update("customers", old, &json!({ "first_name": "Ada" }))?;
    street.receiver.expect("UPDATED", &old.to_string()).await?;
    // More than a page within a second.
    let mut products = Vec::new();
    for number in 0..150 {
        products.push(shop.create(
            "products",
            &json!({ "name": format!("Product {number}"), "status": "draft" }),
        )?);
    }
    let coupon = shop.create("coupons", &json!({ "code": "may" }))?;
    street.receiver.expect("CREATED", &coupon.to_string()).await?;
    for product in products {
        street.receiver.expect("CREATED", &product.to_string()).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_says_where_notifications_go_gets_some_or_is_told_why_not() -> anyhow::Result<()> {
    let street = Street::set().await?;
    let set = [
        format!("store.url={}", street.store.url()),
        format!("oauth.api.key={CONSUMER_KEY}"),
        format!("oauth.api.secret={CONSUMER_SECRET}"),
    ];
    let create = async |more: &[&str]| {
        let mut words = vec![
            "instances",
            "create",
            "woocommercerest",
            "--host",
            street.host.url(),
        ];
        words.extend(set.iter().flat_map(|pair| ["--set", pair.as_str()]));
        words.extend(["--json", "--notify", street.receiver.url()]);
        words.extend(more);
        street.home.run_bare(&words).await
    };
    let made = create(&["--set", "event.vendor.type=webhook"]).await?;
    assert_eq!((made.code, made.stderr.as_str()), (Some(0), ""), "{made:?}");
    let instance: Value = serde_json::from_str(&made.stdout)?;
    let id = instance["id"].as_i64().context("no id")?;
    assert!(street.webhook(id).await?["callbackUrl"].is_string(), "{instance}");

    let silent = create(&[]).await?;
    assert_eq!(silent.code, Some(0), "{silent:?}");
    let told: Value = serde_json::from_str(&silent.stderr)?;
    let told = told["warning"].as_str().unwrap_or_default();
    assert!(
        told.contains("is without effect") && told.contains("--set event.vendor.type=webhook"),
        "{told}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_calls_and_its_calls_are_verified() -> anyhow::Result<()> {
    let street = Street::set().await?;
    let shop = street.store.shop();
    let (id, _) = street.instance(json!({ "event.vendor.type": "webhook" })).await?;
    let topics: Vec<String> = shop.hooks().into_iter().map(|hook| hook.topic).collect();
    assert_eq!(topics.len(), 15, "{topics:?}");
    eventually("every ping is answered", async || {
        let pings = shop.delivered();
        Ok((pings.len() == 15 && pings.iter().all(|ping| ping.status == 200)).then_some(()))
    })
    .await?;
    let order = shop.create("orders", &json!({ "status": "processing", "total": "12.50" }))?;
    street.receiver.expect("CREATED", &order.to_string()).await?;
    let came = street.receiver.received().remove(0);
    assert_eq!(came.body["message"]["raw"]["orders"][0]["total"], "12.50");
    assert_eq!(came.body["message"]["events"][0]["hubKey"], "ecommerce");
    shop.update("orders", order, &json!({ "status": "completed" }))?;
    street.receiver.expect("UPDATED", &order.to_string()).await?;
    shop.delete("orders", order)?;
    street.receiver.expect("DELETED", &order.to_string()).await?;

    // Nobody else knows the secret, and nobody is told it.
    let path = street.webhook(id).await?["callbackUrl"]
        .as_str()
        .context("no URL")?
        .to_owned();
    let path = path.trim_start_matches("https://hooks.example.com/elements/api-v2");
    let forged = [
        ("x-wc-webhook-topic", "order.created".to_owned()),
        ("x-wc-webhook-signature", "AAAA".to_owned()),
    ];
    let body = Some(br#"{"id":7}"#.to_vec());
    let forged = street
        .api
        .authorized(None)
        .call_with(reqwest::Method::POST, path, &forged, body)
        .await?;
    forged.refused(401, &["not signed"])?;
    let secret = shop.hooks().remove(0).secret;
    let shown = street.api.get(&format!("/instances/{id}")).await?;
    assert!(!shown.text.contains(&secret) && !street.host.log().contains(&secret));

    street.api.delete(&format!("/instances/{id}")).await?;
    assert_eq!(shop.hooks(), []);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_refuses_is_left_as_it_was() -> anyhow::Result<()> {
    let street = Street::set().await?;
    let shop = street.store.shop();
    let wrong = street.request(&json!({ "oauth.api.secret": "cs_wrong" }));
    let refused = street.api.post("/instances", &wrong).await?;
    refused.refused(400, &["refuses"])?;
    assert_eq!(refused.body["providerMessage"], "Consumer key is invalid.");
    shop.refuse(Some(("POST webhooks", 500)));
    let request = street.request(&json!({ "event.vendor.type": "webhook" }));
    let refused = street.api.post("/instances", &request).await?;
    assert_eq!(refused.status, 502, "{}", refused.text);
    assert_eq!(shop.hooks(), []);
    assert_eq!(street.api.get("/instances").await?.ok()?, json!([]));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn fresh_keys_end_the_need_for_authentication() -> anyhow::Result<()> {
    let street = Street::set().await?;
    let shop = street.store.shop();
    let (id, _) = street.instance(json!({ "event.vendor.type": "polling" })).await?;
    let path = format!("/instances/{id}");
    let state = async || {
        let shown = street.api.get(&path).await?.ok()?;
        anyhow::Ok(shown["state"].as_str().unwrap_or_default().to_owned())
    };
    shop.refuse(Some(("GET orders", 401)));
    eventually("the store refuses the keys", async || {
        Ok((state().await? == "needs-authentication").then_some(()))
    })
    .await?;
    shop.refuse(None);
    let order = shop.create("orders", &json!({ "status": "processing" }))?;
    // Keys that the store refuses mend nothing.
    let keys = |secret: &str| json!({ "configuration": { "oauth.api.secret": secret } });
    street
        .api
        .patch(&path, &keys("cs_wrong"))
        .await?
        .refused(400, &["refuses"])?;
    assert_eq!(state().await?, "needs-authentication");
    street.api.patch(&path, &keys(CONSUMER_SECRET)).await?.ok()?;
    assert_eq!(state().await?, "connected");
    street.receiver.expect("CREATED", &order.to_string()).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn records_are_read_and_written() -> anyhow::Result<()> {
    let street = Street::set().await?;
    let off = json!({ "event.notification.enabled": false });
    let (_, token) = street.instance(off).await?;
    let api = street.api.element(&token);
    let made = api
        .post("/hubs/ecommerce/products", &json!({ "name": "Tea", "sku": "T1" }))
        .await?
        .ok()?;
    let id = made["id"].as_u64().context("no id")?;
    for number in 0..5 {
        api.post("/products", &json!({ "name": format!("Cup {number}") }))
            .await?
            .ok()?;
    }
    let found = api.get("/products?where=sku%3D'T1'&fields=id,name").await?.ok()?;
    assert_eq!(found, json!([{ "id": id, "name": "Tea" }]));
    let first = api.get("/products?pageSize=2&returnTotalCount=true").await?;
    assert_eq!(first.header("elements-total-count"), "6");
    let next = first.header("elements-next-page-token").to_owned();
    let second = api
        .get(&format!("/products?pageSize=2&page=2&nextPage={next}"))
        .await?
        .ok()?;
    let whole = api.get("/products?pageSize=4").await?.ok()?;
    let pages: Vec<&Value> = first
        .body
        .as_array()
        .into_iter()
        .chain(second.as_array())
        .flatten()
        .collect();
    assert_eq!(
        pages,
        whole.as_array().context("no list")?.iter().collect::<Vec<_>>()
    );
    let changed = api
        .patch(&format!("/products/{id}"), &json!({ "name": "Green tea" }))
        .await?
        .ok()?;
    assert_eq!(changed["name"], "Green tea");
    assert_eq!(api.delete(&format!("/products/{id}")).await?.status, 200);
    api.get(&format!("/products/{id}")).await?.refused(404, &[])?;
    api.get("/ping").await?.ok()?;
    Ok(())
}
