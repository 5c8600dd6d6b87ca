//! Crash reports: what a guest trapped on, as a case file that `periodic adapter test` replays.
//!
//! Secrets are not in it, because none ever enters a guest. The provider's answers are, and with them customers' data.

use std::{io, io::Write as _, sync::Arc};

use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt as _};
use indexmap::IndexMap;
use serde::de::DeserializeOwned;
use toml_edit::{Item, Table};

use super::{Call, Case, CaseFile, Resumed, arguments::datetime, file::text};
use crate::{
    adapter::{
        Answers, Crash, Health, Witness,
        contract::{hub, oauth2, poller, types},
    },
    clock::{Clock, Millis},
};

/// A call whose arguments are larger is told without them: so much disk a crash may cost.
const LARGEST: usize = 8 << 20;

/// Writes crash reports into a folder, and keeps the newest.
#[derive(Debug)]
pub struct Crashes {
    folder: Arc<Dir>,
    /// What the folder is called in the log.
    shown: String,
    kept: usize,
    clock: Clock,
}

impl Crashes {
    /// Reports in this folder, so many at most.
    pub fn new(folder: Dir, shown: String, kept: usize, clock: Clock) -> Self {
        Self {
            folder: Arc::new(folder),
            shown,
            kept,
            clock,
        }
    }
}

impl Witness for Crashes {
    fn crashed(&self, crash: Crash) {
        let (folder, shown, kept, now) = (
            Arc::clone(&self.folder),
            self.shown.clone(),
            self.kept,
            self.clock.now(),
        );
        // The request that the call was made for is told with it.
        let of_request = tracing::Span::current();
        // The call's task goes on; a disk may be slow.
        tokio::task::spawn_blocking(move || {
            of_request.in_scope(|| match write(&folder, &crash, kept, now) {
            Ok(name) => tracing::error!(
                adapter = crash.element,
                function = crash.function,
                "the adapter failed; {shown}/{name} is the case: periodic adapter test {} --cases {shown}/{name}",
                crash.file
            ),
            Err(error) => {
                tracing::error!(adapter = crash.element, %error, "the report of a crash could not be written");
            }
        })
        });
    }
}

fn write(folder: &Dir, crash: &Crash, kept: usize, now: Millis) -> io::Result<String> {
    let (name, text) = report(crash, now);
    let half_written = format!("{name}.new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = folder.open_with(&half_written, &options)?;
    file.write_all(text.as_bytes())?;
    drop(file);
    folder.rename(&half_written, folder, &name)?;
    sweep(folder, kept)?;
    Ok(name)
}

/// Remove the oldest beyond the number that is kept.
fn sweep(folder: &Dir, kept: usize) -> io::Result<()> {
    let mut files = Vec::new();
    for entry in folder.entries()? {
        let entry = entry?;
        if let Ok(name) = entry.file_name().into_string() {
            files.push((entry.metadata()?.modified()?, name));
        }
    }
    files.sort_unstable_by(|one, other| other.cmp(one));
    files
        .iter()
        .skip(kept)
        .try_for_each(|(_, name)| folder.remove_file(name))
}

/// The report's name and text. The same crash of the same version has the same name: it does not fill the folder.
fn report(crash: &Crash, now: Millis) -> (String, String) {
    let mut hasher = blake3::Hasher::new();
    for part in [&crash.digest, crash.function, &crash.error] {
        hasher.update(part.as_bytes()).update(b"\n");
    }
    let hash = hasher.finalize().to_hex();
    let element: String = crash
        .element
        .chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() {
                letter
            } else {
                '-'
            }
        })
        .take(60)
        .collect();
    let stem = format!(
        "{element}-{}-{}",
        crash.function,
        hash.get(..8).unwrap_or_default()
    );
    match case(crash, now) {
        Some(case) => {
            let path = format!("{stem}.toml");
            let mut file = CaseFile::make(path.as_ref(), case, &head(crash));
            file.document_mut()
                .insert("crash", Item::Table(table(crash, now)));
            let text = file.text();
            (path, text)
        }
        None => (
            format!("{stem}.txt"),
            format!("{}\n{}", head(crash), table(crash, now)),
        ),
    }
}

fn head(crash: &Crash) -> String {
    let input = if crash.arguments.len() > LARGEST {
        "# Its input is too large to be kept.\n"
    } else {
        ""
    };
    format!(
        "# {} failed in {}. Replay: periodic adapter test {} --cases (this file)\n{input}",
        crash.element, crash.function, crash.file
    )
}

fn table(crash: &Crash, now: Millis) -> Table {
    let mut table = Table::new();
    table.decor_mut().set_prefix("\n");
    let next = match &crash.health {
        Health::Quarantined { until, .. } => {
            format!("the adapter is in quarantine until {}", datetime(*until))
        }
        _ => "the call failed; polls back off and try again".to_owned(),
    };
    for (key, value) in [
        ("at", datetime(now)),
        ("element", crash.element.clone()),
        ("file", crash.file.clone()),
        ("digest", crash.digest.clone()),
        ("function", crash.function.to_owned()),
        // The guest's words and its frames, each on a line of its own.
        ("what", legible(&crash.error)),
        ("limits", crash.limits.clone()),
        ("next", next),
    ] {
        table.insert(key, text(&value));
    }
    table
}

/// A trap in lines.
fn legible(error: &str) -> String {
    error.replace("; ", "\n").replace(" < ", "\n  called by ")
}

/// The call as a case; none where it cannot be kept.
fn case(crash: &Crash, now: Millis) -> Option<Case> {
    if crash.arguments.len() > LARGEST {
        return None;
    }
    let (context, call) = call(crash.function, &crash.arguments)?;
    let configuration = context.configuration.into_iter();
    let configuration: IndexMap<String, String> = configuration
        .map(|types::Setting { key, value }| (key, value))
        .collect();
    Some(Case {
        single: call.resumed().is_none(),
        handed: false,
        course: crash.course,
        now: if call == Call::Describe { now } else { context.now },
        call,
        configuration,
        secrets: context.secrets,
        exchanges: Vec::new(),
        result: None,
    })
}

/// From what crossed the boundary.
fn call(function: &str, arguments: &[u8]) -> Option<(types::Context, Call)> {
    let resumed = |state, answers| Some(Resumed { state, answers });
    Some(match function {
        "element.describe" => {
            let context = types::Context {
                now: 0,
                configuration: Vec::new(),
                secrets: Vec::new(),
                package: None,
            };
            (context, Call::Describe)
        }
        "element.connect" => (read::<(types::Context,)>(arguments)?.0, Call::Connect(None)),
        "element.check" => (read::<(types::Context,)>(arguments)?.0, Call::Check(None)),
        "element.resume-connect" => {
            let (context, state, answers): (_, _, Answers) = read(arguments)?;
            (context, Call::Connect(resumed(state, answers)))
        }
        "element.resume-check" => {
            let (context, state, answers): (_, _, Answers) = read(arguments)?;
            (context, Call::Check(resumed(state, answers)))
        }
        "oauth2.authorize" => {
            let (context, authorization) = read(arguments)?;
            (context, Call::Authorize(authorization))
        }
        "oauth2.token" => {
            let (context, grant): (_, oauth2::Grant) = read(arguments)?;
            (context, Call::Token(grant))
        }
        "oauth2.granted" => {
            let (context, grant, response) = read(arguments)?;
            (context, Call::Granted(grant, response))
        }
        "oauth1.request-token" => {
            let (context, callback) = read(arguments)?;
            (context, Call::RequestToken(callback))
        }
        "oauth1.authorize" => {
            let (context, callback) = read(arguments)?;
            (context, Call::AuthorizeTemporary(callback))
        }
        "oauth1.access-token" => (read::<(types::Context,)>(arguments)?.0, Call::AccessToken),
        "hub.begin" => {
            let (context, operation): (_, hub::Operation) = read(arguments)?;
            (context, Call::Operate(operation, None))
        }
        "hub.resume" => {
            let (context, operation, state, answers): (_, hub::Operation, _, Answers) = read(arguments)?;
            (context, Call::Operate(operation, resumed(state, answers)))
        }
        "poller.plan" => {
            let (context, resource, configuration) = read(arguments)?;
            (
                context,
                Call::Plan {
                    resource,
                    configuration,
                },
            )
        }
        "poller.begin" => {
            let (context, job): (_, poller::Job) = read(arguments)?;
            (context, Call::Poll(job, None, None))
        }
        "poller.resume" => {
            let (context, job, state, answers): (_, poller::Job, _, Answers) = read(arguments)?;
            (context, Call::Poll(job, None, resumed(state, answers)))
        }
        "webhook.register" => {
            let (context, change) = read(arguments)?;
            (context, Call::Register(change, None))
        }
        "webhook.resume-register" => {
            let (context, change, state, answers): (_, _, _, Answers) = read(arguments)?;
            (context, Call::Register(change, resumed(state, answers)))
        }
        "webhook.greet" => {
            let (context, delivery) = read(arguments)?;
            (context, Call::Greet(delivery))
        }
        "webhook.verify" => {
            let (context, delivery) = read(arguments)?;
            (context, Call::Verify(delivery))
        }
        "webhook.receive" => {
            let (context, delivery) = read(arguments)?;
            (context, Call::Receive(delivery, None))
        }
        "webhook.resume-receive" => {
            let (context, delivery, state, answers): (_, _, _, Answers) = read(arguments)?;
            (context, Call::Receive(delivery, resumed(state, answers)))
        }
        _ => return None,
    })
}

fn read<T: DeserializeOwned>(arguments: &[u8]) -> Option<T> {
    postcard::from_bytes(arguments).ok()
}

#[cfg(test)]
mod tests {
    use cap_std::ambient_authority;

    use crate::adapter::{Course, contract::webhook};

    use super::*;

    fn crash(arguments: Vec<u8>, error: &str) -> Crash {
        Crash {
            element: "acme".to_owned(),
            file: "acme.wasm".to_owned(),
            digest: "d1".to_owned(),
            function: "hub.resume",
            arguments,
            course: Course {
                exchanges: 3,
                pages: 2,
                answered: Some(7),
            },
            error: error.to_owned(),
            limits: "cpu 1s".to_owned(),
            health: Health::Ready,
        }
    }

    fn arguments(body: &[u8]) -> (types::Context, hub::Operation, Vec<u8>, Answers) {
        let context = types::Context {
            now: 1_735_689_600_123,
            configuration: vec![types::Setting {
                key: "acme.url".to_owned(),
                value: "https://acme.example\\'''\"".to_owned(),
            }],
            secrets: vec!["acme.key".to_owned()],
            package: None,
        };
        let operation = hub::Operation::List(hub::Listing {
            resource: "things".to_owned(),
            where_: Some("a = 'b'".to_owned()),
            fields: vec!["a".to_owned()],
            order_by: None,
            start: hub::Position::Cursor("c".to_owned()),
            page_size: 7,
            total: true,
            parameters: vec![types::Field {
                name: "x y".to_owned(),
                value: "z".to_owned(),
            }],
        });
        let response = types::Response {
            status: 200,
            headers: vec![types::Header {
                name: "content-type".to_owned(),
                value: "text/plain".to_owned(),
            }],
            body: body.to_vec(),
        };
        let timeout = types::TransportError::Timeout("30 s: too long".to_owned());
        (
            context,
            operation,
            vec![0, 255],
            vec![Ok(response), Err(timeout)].into(),
        )
    }

    #[test]
    fn a_report_is_the_call_that_crashed() {
        for body in [&b"{\"a\": 1}"[..], b"line\nline\n", b"", b"\r\n'''", &[0xff, 0]] {
            let given = arguments(body);
            let (name, text) = report(
                &crash(postcard::to_stdvec(&given).unwrap(), "a trap; it wrote: no"),
                0,
            );
            let file =
                CaseFile::parse(name.as_ref(), &text).unwrap_or_else(|error| panic!("{error}\n{text}"));
            let (context, operation, state, answers) = given;
            let expected = Call::Operate(operation, Some(Resumed { state, answers }));
            assert_eq!(file.case().call, expected, "{text}");
            assert_eq!(file.case().now, context.now);
            let course = Course {
                exchanges: 3,
                pages: 2,
                answered: Some(7),
            };
            assert_eq!(file.case().course, course, "{text}");
            assert_eq!(file.case().secrets, context.secrets);
            assert_eq!(
                file.case().configuration.get("acme.url"),
                Some(&context.configuration[0].value)
            );
            assert_eq!(file.case().result, None);
        }
    }

    #[test]
    fn calls_of_providers_are_kept_too() {
        let (context, ..) = arguments(b"");
        for body in [&b"{}"[..], b"", b"a\r\nb", &[0xff]] {
            let delivery = webhook::Delivery {
                method: "POST".to_owned(),
                query: "a=b&c".to_owned(),
                headers: vec![types::Header {
                    name: "X-Signature".to_owned(),
                    value: "sha256=00".to_owned(),
                }],
                body: body.to_vec(),
            };
            let given = postcard::to_stdvec(&(&context, &delivery)).unwrap();
            let crash = Crash {
                function: "webhook.receive",
                ..crash(given, "a trap")
            };
            let (name, text) = report(&crash, 0);
            let file =
                CaseFile::parse(name.as_ref(), &text).unwrap_or_else(|error| panic!("{error}\n{text}"));
            assert_eq!(file.case().call, Call::Receive(delivery, None), "{text}");
        }
    }

    #[test]
    fn a_trap_is_legible() {
        let trap = "it trapped; it wrote: no luck; in abort < acme::hub::list";
        assert_eq!(
            legible(trap),
            "it trapped\nit wrote: no luck\nin abort\n  called by acme::hub::list"
        );
    }

    #[test]
    fn the_newest_are_kept_and_only_their_owner_reads_them() {
        use cap_std::fs::MetadataExt as _;
        let folder = tempfile::tempdir().unwrap();
        let dir = Dir::open_ambient_dir(folder.path(), ambient_authority()).unwrap();
        let given = postcard::to_stdvec(&arguments(b"{}")).unwrap();
        for number in 0..5 {
            write(&dir, &crash(given.clone(), &format!("trap {number}")), 3, 0).unwrap();
        }
        write(&dir, &crash(given, "trap 4"), 3, 0).unwrap();
        let names: Vec<_> = dir
            .entries()
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(names.len(), 3, "{names:?}");
        assert_eq!(dir.metadata(&names[0]).unwrap().mode() & 0o777, 0o600);

        let (name, text) = report(&crash(vec![0; LARGEST + 1], "a trap"), 0);
        assert!(
            name.ends_with(".txt") && text.contains("too large") && text.len() < 2000,
            "{text}"
        );
    }
}
