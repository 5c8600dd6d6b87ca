//! The program: how it announces itself and how it ends.

#![cfg(unix)]

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};

#[test]
fn it_prints_one_line_when_ready_and_ends_on_a_signal() {
    for signal in ["-INT", "-TERM"] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_fake-maximizer"))
            .args([
                "--port",
                "0",
                "--empty",
                "--access-token",
                "t",
                "--fault",
                r#"page-cap={"rows":3}"#,
            ])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let url = line.trim_end().strip_prefix("listening on ").unwrap();
        assert!(url.starts_with("http://127.0.0.1:"), "{line}");

        let get = |path: &str| {
            ureq::get(format!("{url}{path}"))
                .call()
                .unwrap()
                .body_mut()
                .read_to_string()
                .unwrap()
        };
        assert!(get("/control/records").contains("\"AbEntry\": 0"));
        assert!(get("/control/faults").contains("\"rows\": 3"));
        let verified = ureq::get(format!("{url}/octopus/VerifyToken"))
            .header("authorization", "Bearer t")
            .call();
        assert_eq!(verified.unwrap().status(), 200);

        let sent = Command::new("kill")
            .args([signal, &child.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
        assert!(child.wait().unwrap().success(), "{signal}");
        let mut rest = String::new();
        output.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "", "there is no second line");
    }
}

#[test]
fn it_says_what_is_wrong_with_its_arguments() {
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_fake-maximizer"))
            .args(arguments)
            .output()
            .unwrap();
        assert!(!output.status.success(), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(run(&["--fault", "nope"]).contains("rate-limit, call-budget"));
    assert!(run(&["--port", "http"]).contains("--port"));
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    assert!(run(&["--port", &port]).contains(&format!("127.0.0.1:{port} cannot be listened on")));
}
