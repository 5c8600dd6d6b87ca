//! What is refused before anything is done: methods, media types, sizes.

use anyhow::Context as _;
use periodic_tests::{ORGANIZATION_SECRET, Stage, USER_SECRET};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// Send raw bytes, and read all that comes back.
async fn raw(url: &str, head: &str, body: &[u8]) -> anyhow::Result<(u16, Value)> {
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
    let body = answer.split("\r\n\r\n").nth(1).unwrap_or_default();
    Ok((status, serde_json::from_str(body).unwrap_or_default()))
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_have_one_form() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let url = stage.host()?.url().to_owned();
    let base = "/elements/api-v2";
    let over = 8 * 1024 * 1024 + 1;
    let chunk = vec![b'x'; over];
    let chunked = [format!("{over:x}\r\n").as_bytes(), &chunk, b"\r\n0\r\n\r\n"].concat();
    let cases: [(String, &[u8], u16, &str); 8] = [
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
        let (answered, body) = raw(&url, &head, body).await?;
        assert_eq!(answered, status, "{head}: {body}");
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
