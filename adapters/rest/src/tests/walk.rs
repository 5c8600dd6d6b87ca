//! Polling.

use periodic_sdk::contract::{Change, Context, Exchange, Job, Page, PollStep, Poller as _};

use super::{TRACKER, answer, asked, helpdesk, linked, tracker};
use crate::Rest;

fn job(context: &Context, resource: &str) -> Job {
    Job {
        resource: resource.to_owned(),
        configuration: Rest::plan(context, resource, "{}").unwrap(),
        since: 1_517_472_307_089,
        until: 1_517_472_400_000,
        checkpoint: None,
    }
}

fn begin(context: &Context, job: &Job) -> Exchange {
    match Rest::begin(context, job.clone()) {
        Ok(PollStep::Send(exchange)) => exchange,
        other => panic!("{other:?}"),
    }
}

fn page(context: &Context, job: &Job, state: &[u8], answers: &[periodic_sdk::contract::Answer]) -> Page {
    match Rest::resume(context, job.clone(), state, answers) {
        Ok(PollStep::Page(page)) => page,
        other => panic!("{other:?}"),
    }
}

#[test]
fn cursors_are_followed_to_their_end() {
    let (context, job) = (helpdesk(), job(&helpdesk(), "tickets"));
    let first = begin(&context, &job);
    let url = "GET https://acme.desk.example/api/v2/tickets?updated_since=2018-02-01T08%3A05%3A07Z&sort=updated_at\
               &limit=100";
    assert_eq!(asked(&first), url);
    let body = r#"{"tickets":[
        {"id":1,"updated_at":"2018-02-01T08:05:08Z","created_at":"2018-02-01T08:05:08Z"},
        {"id":2,"updated_at":"2018-02-01T09:05:09+01:00","created_at":"2017-01-01T00:00:00Z"},
        {"id":3,"updated_at":"2018-02-01T08:05:06Z","created_at":"2017-01-01T00:00:00Z"}
    ],"meta":{"next_cursor":"x"}}"#;
    let found = page(&context, &job, &first.state, &answer(body));
    let changes: Vec<_> = found
        .records
        .iter()
        .map(|it| (it.object_id.as_str(), it.change))
        .collect();
    assert_eq!(changes, [("1", Change::Created), ("2", Change::Updated)]);
    let next = found.next.unwrap();
    assert_eq!(asked(&next), format!("{url}&cursor=x"));
    let last = page(
        &context,
        &job,
        &next.state,
        &answer(r#"{"tickets":[],"meta":{}}"#),
    );
    assert_eq!(last.next, None);
    // A cursor that leads to itself has no end.
    let stuck = r#"{"tickets":[],"meta":{"next_cursor":"x"}}"#;
    assert!(Rest::resume(&context, job, &next.state, &answer(stuck)).is_err());
}

/// A page of issues from one id to another.
fn issues(ids: std::ops::Range<u32>) -> String {
    let issues: Vec<String> = ids
        .map(|id| format!(r#"{{"id":"i{id}","changed":1517472307100,"made":1517472307100}}"#))
        .collect();
    format!("[{}]", issues.join(","))
}

#[test]
fn pages_that_shift_are_walked_until_two_passes_agree() {
    let (context, job) = (tracker(), job(&tracker(), "issues"));
    let first = begin(&context, &job);
    assert_eq!(
        asked(&first),
        "GET https://tracker.example/v1/issues?state=all&since=1517472307089&sort=changed&direction=asc&per_page=50"
    );
    // One page that is not full: nothing can have moved.
    let only = page(&context, &job, &first.state, &linked(&issues(0..49), None));
    assert_eq!((only.records.len(), only.next), (49, None));

    let walk_through = |state: &[u8], first: &str, second: &str| {
        let one = page(&context, &job, state, &linked(first, Some("/v1/issues?page=2")))
            .next
            .unwrap();
        assert_eq!(asked(&one), "GET https://tracker.example/v1/issues?page=2");
        page(&context, &job, &one.state, &linked(second, None)).next
    };
    // A record left the first page while the second was on its way: the second pass finds what moved.
    let again = walk_through(&first.state, &issues(0..50), &issues(51..60)).unwrap();
    assert_eq!(asked(&again), asked(&first));
    let again = walk_through(&again.state, &issues(1..51), &issues(51..60)).unwrap();
    assert_eq!(walk_through(&again.state, &issues(1..51), &issues(51..60)), None);
}

#[test]
fn a_list_that_changes_all_the_time_is_left_to_the_next_poll() {
    let (context, job) = (tracker(), job(&tracker(), "issues"));
    let mut exchange = begin(&context, &job);
    for pass in 0..20 {
        match page(
            &context,
            &job,
            &exchange.state,
            &linked(&issues(pass..pass + 50), None),
        )
        .next
        {
            Some(next) => exchange = next,
            None => return assert_eq!(pass, 4),
        }
    }
    panic!("it does not end");
}

#[test]
fn configurations_are_checked() {
    let plan = |configuration: &str| Rest::plan(&tracker(), "issues", configuration);
    let right = r#"{"url":"/hubs/collaboration/issues?where=changed>='${epoch:ms}'","idField":"id"}"#;
    assert_eq!(plan(right).as_deref(), Ok(right));
    for (wrong, words) in [
        ("7", "JSON object"),
        ("{", ""),
        (r#"{"url":"/projects","idField":"id"}"#, "/issues"),
        (r#"{"url":"/issues","idField":""}"#, "idField"),
        (
            r#"{"url":"/issues?where=title='x'","idField":"id"}"#,
            "changed >=",
        ),
        (
            r#"{"url":"/issues?where=changed>='${what}'","idField":"id"}"#,
            "url",
        ),
    ] {
        let error = plan(wrong).unwrap_err();
        assert!(error.contains(words), "{wrong}: {error}");
    }
    assert!(
        Rest::plan(&helpdesk(), "contacts", "{}")
            .unwrap_err()
            .contains("contacts")
    );
    assert!(
        Rest::plan(&helpdesk(), "nothing", "{}")
            .unwrap_err()
            .contains("nothing")
    );
}

#[test]
fn numbered_pages_and_offsets_go_on_until_one_is_empty() {
    for (paging, second) in [
        ("style = \"page\"\nparameter = \"page\"", "page=2"),
        ("style = \"page\"\nparameter = \"p\"\nfirst = 0", "p=1"),
        ("style = \"offset\"\nparameter = \"skip\"", "skip=2"),
    ] {
        let file = TRACKER.replacen("style = \"link\"", paging, 1);
        let context = Context {
            package: Some(file.into_bytes()),
            ..tracker()
        };
        let job = job(&context, "issues");
        let next = page(
            &context,
            &job,
            &begin(&context, &job).state,
            &answer(&issues(0..2)),
        )
        .next
        .unwrap();
        assert!(
            asked(&next).ends_with(&format!("&per_page=50&{second}")),
            "{}",
            asked(&next)
        );
        assert_eq!(page(&context, &job, &next.state, &answer("[]")).next, None);
    }
}
