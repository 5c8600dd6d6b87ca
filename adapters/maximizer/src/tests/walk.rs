//! Walks over a provider that changes.

use std::collections::BTreeSet;

use periodic_sdk::contract::{Change, Failure};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    SINCE, key,
    provider::{Event, Habits, Provider},
};

/// Walk, and compare what came with all that is in the window; returns the number of requests.
#[track_caller]
fn check(mut provider: Provider, page_size: u32) -> usize {
    let walked = provider.walk(page_size).unwrap();
    let found: BTreeSet<u64> = walked.ids().into_iter().collect();
    let expected: BTreeSet<u64> = provider
        .rows
        .iter()
        .filter(|row| row.changed >= 0)
        .map(|row| row.id)
        .collect();
    assert_eq!(found, expected);
    provider.requests.len()
}

fn capped(cap: usize) -> Habits {
    Habits {
        cap: Some(cap),
        ..Habits::default()
    }
}

fn telling() -> Habits {
    Habits {
        tells_key: true,
        ..Habits::default()
    }
}

#[test]
fn a_quiet_poll_costs_one_request_and_a_normal_one_two() {
    assert_eq!(check(Provider::new(&[]), 50), 1);
    assert_eq!(check(Provider::new(&[-1, -2]), 50), 1);
    assert_eq!(check(Provider::new(&[0]), 50), 2);
    assert_eq!(check(Provider::new(&[1, 2, 3, 3, 3]), 50), 2);
    assert_eq!(check(Provider::new(&[3, 3, 3]), 50), 2);
    assert_eq!(check(Provider::new(&[1, 2, 3, 3, 3]).with(telling()), 50), 2);
}

#[test]
fn the_last_record_is_asked_for_once_more() {
    let mut provider = Provider::new(&[1, 3, 3]);
    provider.walk(50).unwrap();
    let confirm = &provider.requests[1]["AbEntry"];
    assert_eq!(
        confirm["Criteria"]["SearchQuery"]["$AND"][1],
        json!({ "LastModifyDate": { "$GE": "2018-02-01T08:05:10Z" } })
    );
    // The second of that second.
    assert_eq!(confirm["OrderBy"]["PageKey"], "MQ==");
}

#[test]
fn many_pages_go_by_date() {
    let changed: Vec<i64> = (0..137).collect();
    assert_eq!(check(Provider::new(&changed), 50), 4);
    assert_eq!(check(Provider::new(&changed).with(telling()), 50), 4);
    check(Provider::new(&changed), 2);
    let pairs: Vec<i64> = (0..60).map(|n| n / 2).collect();
    check(Provider::new(&pairs), 3);
    check(Provider::new(&pairs), 2);
    check(Provider::new(&pairs), 1);
}

#[test]
fn the_provider_s_own_limit_is_not_the_end() {
    let changed: Vec<i64> = (0..40).collect();
    for cap in [2, 3, 7, 39, 40, 41] {
        check(Provider::new(&changed).with(capped(cap)), 50);
        let told = Habits {
            tells_key: true,
            ..capped(cap)
        };
        check(Provider::new(&changed).with(told), 50);
    }
}

#[test]
fn a_crowded_second_is_drained() {
    for crowd in [2, 3, 4, 5, 11, 49, 50, 51, 120] {
        let mut changed = vec![10_i64; crowd];
        changed.extend([3, 9, 11, 11, 800]);
        for habits in [Habits::default(), telling(), capped(2), capped(3), capped(50)] {
            for page_size in [2, 4, 50] {
                check(Provider::new(&changed).with(habits.clone()), page_size);
            }
        }
    }
}

#[test]
fn a_crowd_that_shifts_is_read_until_it_stands_still() {
    let mut provider = Provider::new(&[10; 9]);
    // An edit takes a record out of the second while it is read by offset.
    provider.script = vec![
        Event::Wait(1),
        Event::Edit(0),
        Event::Edit(1),
        Event::Wait(1),
        Event::Edit(2),
        Event::Delete(3),
    ];
    let walked = provider.walk(3).unwrap();
    let found: BTreeSet<u64> = walked.ids().into_iter().collect();
    for id in (1..=9).filter(|id| !provider.touched.contains(id)) {
        assert!(found.contains(&id), "{id} of {found:?}");
    }
}

#[test]
fn a_second_that_never_stands_still_is_left_to_the_next_poll() {
    let mut provider = Provider::new(&[10; 10]);
    provider.script = (0..200)
        .flat_map(|_| [Event::Wait(0), Event::Wait(0), Event::Late(10)])
        .collect();
    assert!(matches!(provider.walk(5), Err(Failure::Transient(_))));
}

#[test]
fn a_provider_that_never_rests_does_not_keep_the_walk() {
    let mut provider = Provider::new(&(0..50).collect::<Vec<_>>());
    provider.script = (0..4000)
        .flat_map(|n| [Event::Edit(n), Event::Edit(n + 1), Event::Wait(1)])
        .collect();
    provider.walk(3).unwrap();
    assert!(
        provider.requests.len() < 400,
        "{} requests",
        provider.requests.len()
    );
}

#[test]
fn a_slow_provider_is_asked_for_smaller_pages() {
    let mut provider = Provider::new(&(0..30).collect::<Vec<_>>());
    provider.script = vec![Event::Timeout, Event::Timeout, Event::Wait(1), Event::Timeout];
    let walked = provider.walk(50).unwrap();
    let sizes: Vec<u64> = provider
        .requests
        .iter()
        .take(5)
        .map(|request| request["AbEntry"]["OrderBy"]["PageSize"].as_u64().unwrap())
        .collect();
    assert_eq!(sizes, [50, 25, 12, 12, 6]);
    assert_eq!(walked.ids().into_iter().collect::<BTreeSet<_>>().len(), 30);
    let mut provider = Provider::new(&[1]);
    provider.script = vec![Event::Timeout; 9];
    assert!(matches!(provider.walk(50), Err(Failure::Transient(_))));
}

#[test]
fn dates_that_do_not_lead_are_not_followed() {
    let changed: Vec<i64> = (0..37).map(|n| n * 20).collect();
    let odd = [
        Habits {
            label: -25_200,
            ..Habits::default()
        },
        Habits {
            label: 7200,
            ..Habits::default()
        },
        Habits {
            descending: true,
            ..Habits::default()
        },
        Habits {
            undated: true,
            ..Habits::default()
        },
        Habits {
            fractions: true,
            ..Habits::default()
        },
        Habits {
            label: -25_200,
            ..capped(4)
        },
        Habits {
            descending: true,
            ..capped(4)
        },
        Habits {
            fractions: true,
            ..capped(2)
        },
    ];
    for habits in odd {
        for page_size in [5, 50] {
            check(Provider::new(&changed).with(habits.clone()), page_size);
        }
    }
}

#[test]
fn a_provider_that_does_not_page_is_told_on() {
    let deaf = Habits {
        deaf: true,
        ..Habits::default()
    };
    let Err(Failure::Permanent(detail)) = Provider::new(&[10; 60]).with(deaf).walk(50) else {
        panic!("it was walked")
    };
    assert!(detail.message.contains("page key"), "{}", detail.message);
}

fn configuration(more: &Value) -> Value {
    let mut configuration = json!({
        "url": "/contacts",
        "idField": "Key",
        "datesConfiguration": {
            "updatedDateField": "LastModifyDate",
            "updatedDateFormat": "yyyy-MM-dd'T'HH:mm:ssXXX",
        },
    });
    let members = configuration.as_object_mut().unwrap();
    members.extend(more.as_object().unwrap().clone());
    configuration
}

#[test]
fn a_record_is_told_created_or_updated_by_its_date_of_creation() {
    let mut provider = Provider::new(&[10, 20, 30]);
    provider.rows[0].created = 10;
    provider.rows[1].created = 18;
    let kinds = |provider: &mut Provider, more: Value| -> Vec<Change> {
        let walked = provider.walk_with(&configuration(&more)).unwrap();
        walked
            .changed
            .iter()
            .take(3)
            .map(|changed| changed.change)
            .collect()
    };
    use Change::{Created, Updated};
    // No field of creation is configured: CreationDate it is.
    assert_eq!(kinds(&mut provider, json!({})), [Created, Updated, Updated]);
    assert_eq!(
        kinds(&mut provider, json!({ "createdCheckTolerance": 2 })),
        [Created, Created, Updated]
    );
    let walked = provider.walk_with(&configuration(&json!({}))).unwrap();
    let dates: Vec<_> = walked
        .changed
        .iter()
        .take(2)
        .map(|it| (it.updated, it.created))
        .collect();
    assert_eq!(
        dates,
        [
            (Some(SINCE + 10_000), Some(SINCE + 10_000)),
            (Some(SINCE + 20_000), Some(SINCE + 18_000))
        ]
    );
}

#[test]
fn switches_of_the_configuration_hold() {
    let mut provider = Provider::new(&[10, 20]);
    provider.script = vec![Event::Wait(5), Event::Insert];
    let current = configuration(&json!({ "filterByCurrentDate": true }));
    let walked = provider.walk_with(&current).unwrap();
    assert!(
        !walked.ids().contains(&3),
        "what was changed after the poll's start is the next poll's"
    );
    let walked = provider
        .walk_with(&configuration(&json!({ "filterByUpdatedDate": false })))
        .unwrap();
    assert!(walked.ids().contains(&3));
}

#[test]
fn a_record_is_shown_with_its_key_and_known_by_id_and_number() {
    let mut provider = Provider::new(&[10]);
    let walked = provider.walk(50).unwrap();
    // The walk saw it twice, under two spellings of its key.
    let identities: BTreeSet<&str> = walked
        .changed
        .iter()
        .map(|changed| changed.identity.as_str())
        .collect();
    assert_eq!(identities, BTreeSet::from(["1|1|5"]));
    let ids: Vec<&str> = walked
        .changed
        .iter()
        .map(|changed| changed.object_id.as_str())
        .collect();
    assert_eq!(ids, [key("AbEntry\t1\t5"), key("Contact\t1\t5")]);
    let shown = format!(
        r#"{{"Key":"{}","CreationDate":"2018-02-01T08:05:02Z","LastModifyDate":"2018-02-01T08:05:17Z"}}"#,
        key("AbEntry\t1\t5")
    );
    assert_eq!(walked.raw[0], shown);
    // The key's spelling is no content: pieces aside are left out of the host's digest.
    let aside = walked.changed[0]
        .raw
        .iter()
        .filter(|piece| !piece.content)
        .count();
    assert_eq!(aside, 1);
}

fn habits() -> impl Strategy<Value = Habits> {
    let cap = prop::option::of(2_usize..8);
    (cap, any::<bool>(), any::<bool>(), 0..12_u8).prop_map(|(cap, tells_key, fractions, odd)| Habits {
        cap,
        tells_key,
        fractions,
        label: match odd {
            0 => -25_200,
            1 => 7200,
            _ => 0,
        },
        descending: false,
        undated: odd == 2,
        deaf: false,
    })
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => any::<prop::sample::Index>().prop_map(|index| Event::Edit(index.index(1000))),
        2 => Just(Event::Insert),
        1 => (0_i64..900).prop_map(Event::Late),
        2 => any::<prop::sample::Index>().prop_map(|index| Event::Delete(index.index(1000))),
        2 => (0_i64..3).prop_map(Event::Wait),
        1 => Just(Event::Timeout),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever happens on the way: what was in the window at the start and stands still is handed over, the walk
    /// ends, and its state stays small.
    #[test]
    fn nothing_that_stands_still_is_lost(
        changed in prop::collection::vec(prop_oneof![3 => -5_i64..20, 1 => 0_i64..900, 2 => Just(7_i64)], 0..60),
        habits in habits(),
        script in prop::collection::vec(event(), 0..12),
        page_size in 2_u32..12,
    ) {
        let mut provider = Provider::new(&changed).with(habits);
        provider.script = script;
        let before: Vec<u64> = provider.rows.iter().filter(|row| row.changed >= 0).map(|row| row.id).collect();
        match provider.walk(page_size) {
            Ok(walked) => {
                let found: BTreeSet<u64> = walked.ids().into_iter().collect();
                for id in before.into_iter().filter(|id| !provider.touched.contains(id)) {
                    prop_assert!(found.contains(&id), "{id} is lost; {} requests", provider.requests.len());
                }
                prop_assert!(walked.state < 400, "{} bytes of state", walked.state);
            }
            // A small page that takes too long is not made smaller.
            Err(Failure::Transient(_)) => prop_assert!(page_size < 12),
            Err(other) => prop_assert!(false, "{other:?}"),
        }
    }
}
