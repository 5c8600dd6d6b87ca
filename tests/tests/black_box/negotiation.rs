//! What is refused before anything is done: methods, media types, sizes.

use anyhow::Context as _;
use periodic_tests::{ORGANIZATION_SECRET, Stage, USER_SECRET};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// Send raw bytes, and read all that comes back.
async fn raw(url: &str, head: &str, body: &[u8]) -> anyhow::Result<(u16, String, Value)> {
    let address = url.strip_prefix("http://").context("an address")?;
    let mut stream = TcpStream::connect(address).await?;
    let head = format!(
        "{head}\r\nHost: {address}\r\nConnection: close\r\nAuthorization: User {USER_SECRET}, Organization {ORGANIZATION_SECRET}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    // The host may refuse and close before it has read everything.
    let _sent = stream.write_all(body).await;
    let mut answer = Vec::new();
    let _closed = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.split(' ').nth(1).context("a status")?.parse()?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
    let head = head.to_ascii_lowercase();
    Ok((status, head, serde_json::from_str(body).unwrap_or_default()))
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_have_one_form() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let url = stage.host()?.url().to_owned();
    let base = "/elements/api-v2";
    let over = 8 * 1024 * 1024 + 1;
    let chunk = vec![b'x'; over];
    let chunked = [format!("{over:x}\r\n").as_bytes(), &chunk, b"\r\n0\r\n\r\n"].concat();
    let cases: [(String, &[u8], u16, &str); 10] = [
        (
            format!("GET {base}/nothing/at/all HTTP/1.1"),
            b"",
            404,
            "/nothing/at/all",
        ),
        (format!("PATCH {base}/elements HTTP/1.1"), b"", 405, "PATCH"),
        (
            format!("GET {base}/elements HTTP/1.1\r\nAccept: application/xml"),
            b"",
            406,
            "application/xml",
        ),
        (
            format!("POST {base}/instances HTTP/1.1\r\nContent-Type: text/plain\r\nContent-Length: 2"),
            b"{}",
            415,
            "text/plain",
        ),
        (
            format!("POST {base}/instances HTTP/1.1\r\nContent-Encoding: gzip\r\nContent-Length: 2"),
            b"{}",
            415,
            "uncompressed",
        ),
        (
            format!("GET {base}/elements HTTP/1.1\r\nAccept: application/json;q=0"),
            b"",
            406,
            "q=0",
        ),
        (
            format!("POST {base}/instances HTTP/1.1\r\nContent-Length: {over}"),
            b"",
            413,
            "8388609",
        ),
        (
            format!("POST {base}/instances HTTP/1.1\r\nTransfer-Encoding: chunked"),
            &chunked,
            413,
            "8388608",
        ),
        (
            format!("POST {base}/instances HTTP/1.1\r\nContent-Length: 0"),
            b"",
            400,
            "body",
        ),
        (format!("GET {base}/elements/%ff HTTP/1.1"), b"", 400, ""),
    ];
    for (head, body, status, needle) in cases {
        let (answered, headers, body) = raw(&url, &head, body).await?;
        assert_eq!(answered, status, "{head}: {body}");
        for shared in [
            "access-control-allow-origin: *",
            "access-control-expose-headers: ",
        ] {
            assert!(headers.contains(shared), "{head}: {headers}");
        }
        let message = body["message"].as_str().unwrap_or_default();
        assert!(!message.is_empty() && message.contains(needle), "{head}: {body}");
        assert_eq!(
            body["requestId"].as_str().map(str::len),
            Some(24),
            "{head}: {body}"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slash_at_the_end_of_a_path_means_nothing() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let off = json!({ "event.notification.enabled": false });
    let instance = stage.instance_with(off).await?;
    let token = stage.api.element(&instance.token);
    let id = instance.id;
    for (api, path, query) in [
        (&stage.api, "/instances".to_owned(), "?hydrate=false"),
        (&stage.api, format!("/instances/{id}"), ""),
        (&stage.api, "/elements/keys".to_owned(), ""),
        (&token, "/contacts".to_owned(), "?where=LastName='Chung'"),
        (&token, "/hubs/crm/contacts".to_owned(), ""),
        (&stage.api, "//healthz".to_owned(), ""),
    ] {
        let plain = api.get(&format!("{path}{query}")).await?.ok()?;
        let slashed = api.get(&format!("{path}/{query}")).await?.ok()?;
        assert_eq!(slashed, plain, "{path}");
    }
    // Nobody is called at either.
    for path in ["/events/maximizer", "/events/maximizer/MTI"] {
        for path in [path.to_owned(), format!("{path}/")] {
            let called = stage.api.post(&path, &json!({})).await?;
            called.refused(404, &["nobody is called here"])?;
        }
    }
    // One slash, and a path is named as it was sent.
    for path in ["/a/b/c/d/", "/instances//", "/contacts//"] {
        let named = format!("nothing is at /elements/api-v2{path};");
        stage.api.get(path).await?.refused(404, &[&named])?;
    }
    let wrong = stage.api.call(Method::PUT, "/elements/", None).await?;
    wrong.refused(405, &["/elements/api-v2/elements/"])?;
    let line = "path=\"/elements/api-v2/elements/\"";
    assert!(stage.host()?.log().contains(line), "{}", stage.host()?.log());
    Ok(())
}
