//! What of a page is news: a pure function of its records and of the fingerprints that exist.

use std::collections::HashMap;

use serde_json::value::RawValue;

use crate::{
    adapter::contract::types,
    clock::Millis,
    session::Rendered,
    store::{EventKind, Fingerprint, IdentityHash},
};

/// A record of a page.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// Digest of its identity.
    pub(crate) identity: IdentityHash,
    /// What it is published as.
    pub(crate) object_id: String,
    /// What happened to it, by its dates.
    pub(crate) kind: EventKind,
    /// When it was last changed.
    pub(crate) updated: Option<Millis>,
    /// Digest of its updated instant and its content.
    pub(crate) content: [u8; 16],
    /// The record as fetched.
    pub(crate) raw: Box<RawValue>,
}

/// From when on what is unknown is told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Baseline {
    /// Unknown records that were changed before are remembered, not told.
    pub(crate) start: Millis,
    /// Whether a poll was completed before; until then, unknown records without a date are not told either.
    pub(crate) complete: bool,
}

/// What a page comes to.
#[derive(Debug, Default)]
pub(crate) struct Sifted {
    /// Added or replaced.
    pub(crate) fingerprints: Vec<Fingerprint>,
    /// What to tell, in the page's order.
    pub(crate) news: Vec<Seen>,
}

impl Seen {
    /// A record as the adapter hands it over.
    pub(crate) fn new(changed: types::Changed, rendered: Rendered) -> Self {
        let kind = match changed.change {
            types::Change::Created => EventKind::Created,
            types::Change::Updated => EventKind::Updated,
            types::Change::Deleted => EventKind::Deleted,
            types::Change::Unknown => EventKind::Unknown,
        };
        let mut content = blake3::Hasher::new();
        content.update(&changed.updated.unwrap_or(Millis::MIN).to_le_bytes());
        content.update(&[u8::from(kind == EventKind::Deleted)]);
        content.update(rendered.content.as_bytes());
        Self {
            identity: half(blake3::hash(changed.identity.as_bytes())),
            object_id: changed.object_id,
            kind,
            updated: changed.updated,
            content: half(content.finalize()),
            raw: rendered.json,
        }
    }
}

/// Half of a digest: two of a hundred million records agree by chance with a probability of 10^-23.
fn half(hash: blake3::Hash) -> [u8; 16] {
    let mut half = [0; 16];
    half.iter_mut()
        .zip(hash.as_bytes())
        .for_each(|(to, from)| *to = *from);
    half
}

/// Tell what is news from what is known.
pub(crate) fn sift(records: Vec<Seen>, known: Vec<Fingerprint>, baseline: Baseline) -> Sifted {
    let mut known: HashMap<IdentityHash, Fingerprint> = known
        .into_iter()
        .map(|fingerprint| (fingerprint.identity, fingerprint))
        .collect();
    let mut sifted = Sifted::default();
    for record in records {
        let fingerprint = Fingerprint {
            identity: record.identity,
            updated: record.updated,
            content: record.content,
        };
        let before = known.insert(record.identity, fingerprint);
        if before.is_some_and(|before| before.content == record.content) {
            continue;
        }
        sifted.fingerprints.push(fingerprint);
        let told = match (before, record.updated) {
            (Some(_), _) => true,
            (None, Some(updated)) => updated >= baseline.start,
            (None, None) => baseline.complete,
        };
        if told {
            // A created for an identity that was already seen is an updated.
            let kind = match record.kind {
                EventKind::Created if before.is_some() => EventKind::Updated,
                kind => kind,
            };
            sifted.news.push(Seen { kind, ..record });
        }
    }
    sifted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(identity: u8, kind: EventKind, updated: Option<Millis>, content: u8) -> Seen {
        Seen {
            identity: [identity; 16],
            object_id: identity.to_string(),
            kind,
            updated,
            content: [content; 16],
            raw: RawValue::NULL.to_owned(),
        }
    }

    fn fingerprint(identity: u8, content: u8) -> Fingerprint {
        Fingerprint {
            identity: [identity; 16],
            updated: Some(0),
            content: [content; 16],
        }
    }

    fn check(records: Vec<Seen>, known: &[Fingerprint], complete: bool, expected: &[(&str, EventKind)]) {
        let sifted = sift(records, known.to_vec(), Baseline { start: 100, complete });
        let told: Vec<_> = sifted
            .news
            .iter()
            .map(|seen| (seen.object_id.as_str(), seen.kind))
            .collect();
        assert_eq!(told, expected);
    }

    use EventKind::{Created, Deleted, Unknown, Updated};

    #[test]
    fn unknown_records_are_told_from_the_start_on() {
        let records = || vec![seen(1, Updated, Some(99), 1), seen(2, Created, Some(100), 1)];
        check(records(), &[], true, &[("2", Created)]);
    }

    #[test]
    fn what_is_known_is_told_when_it_differs() {
        let records = vec![
            seen(1, Updated, Some(50), 2),
            seen(2, Updated, Some(150), 1),
            seen(3, Deleted, None, 9),
        ];
        let known = [fingerprint(1, 1), fingerprint(2, 1), fingerprint(3, 1)];
        check(records, &known, true, &[("1", Updated), ("3", Deleted)]);
    }

    #[test]
    fn created_for_a_known_identity_is_updated() {
        check(
            vec![seen(1, Created, Some(150), 2)],
            &[fingerprint(1, 1)],
            true,
            &[("1", Updated)],
        );
    }

    #[test]
    fn a_record_that_comes_twice_in_a_page_is_told_once_unless_it_changed() {
        let records = vec![
            seen(1, Created, Some(150), 1),
            seen(1, Created, Some(150), 1),
            seen(1, Created, Some(151), 2),
        ];
        check(records, &[], true, &[("1", Created), ("1", Updated)]);
    }

    #[test]
    fn undated_records_of_the_first_poll_are_the_baseline() {
        check(vec![seen(1, Unknown, None, 1)], &[], false, &[]);
        check(vec![seen(1, Unknown, None, 1)], &[], true, &[("1", Unknown)]);
    }
}
