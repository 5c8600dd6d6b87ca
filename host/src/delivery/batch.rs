//! Which events share a notification.

use std::{collections::HashMap, hash::Hash, num::NonZeroUsize};

use crate::store::EventKind;

/// Events for each notification unless `event.notification.batch.size` says otherwise: what Cloud Elements sends
/// for a polled resource.
pub const DEFAULT_BATCH: NonZeroUsize = NonZeroUsize::new(10).unwrap();

/// Events of one kind, for one notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch<T> {
    /// What happened to all of them.
    pub kind: EventKind,
    /// At least one, in the page's order.
    pub changes: Vec<T>,
}

/// Group a page's changes by kind, at most `size` together, as few batches as that allows.
///
/// Changes of one object keep their order: a change never lands in a batch before that of an earlier change of its
/// object. `describe` tells a change's kind and its object.
pub fn batches<T, K: Eq + Hash>(
    changes: impl IntoIterator<Item = T>,
    size: NonZeroUsize,
    describe: impl Fn(&T) -> (EventKind, K),
) -> Vec<Batch<T>> {
    let mut batches: Vec<Batch<T>> = Vec::new();
    let mut open: HashMap<EventKind, usize> = HashMap::new();
    let mut latest: HashMap<K, usize> = HashMap::new();
    for change in changes {
        let (kind, object) = describe(&change);
        let earliest = latest.get(&object).copied().unwrap_or(0);
        let fitting = open
            .get(&kind)
            .copied()
            .filter(|&index| index >= earliest)
            .and_then(|index| Some((index, batches.get_mut(index)?)))
            .filter(|(_index, batch)| batch.changes.len() < size.get());
        let index = if let Some((index, batch)) = fitting {
            batch.changes.push(change);
            index
        } else {
            batches.push(Batch {
                kind,
                changes: vec![change],
            });
            batches.len() - 1
        };
        open.insert(kind, index);
        latest.insert(object, index);
    }
    batches
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    /// A change as two characters: `C` created, `U` updated, `D` deleted, `?` unknown; then its object.
    fn describe(change: &&str) -> (EventKind, char) {
        let mut letters = change.chars();
        let kind = match letters.next() {
            Some('C') => EventKind::Created,
            Some('U') => EventKind::Updated,
            Some('D') => EventKind::Deleted,
            _ => EventKind::Unknown,
        };
        (kind, letters.next().unwrap_or(' '))
    }

    fn check(size: usize, page: &str, expect: &[&str]) {
        let batches = batches(
            page.split_whitespace(),
            NonZeroUsize::new(size).unwrap(),
            describe,
        );
        let told: Vec<String> = batches.iter().map(|batch| batch.changes.join(" ")).collect();
        assert_eq!(told, expect, "{page} by {size}");
    }

    #[test]
    fn kinds_are_parted_and_chunks_are_full() {
        check(10, "", &[]);
        check(10, "Ca", &["Ca"]);
        check(10, "Ca Ub Cc Dd Ue", &["Ca Cc", "Ub Ue", "Dd"]);
        check(2, "Ca Cb Cc Cd Ce", &["Ca Cb", "Cc Cd", "Ce"]);
        check(2, "Ua Cb Uc Cd Ue Cf", &["Ua Uc", "Cb Cd", "Ue", "Cf"]);
        check(1, "Ca Ub", &["Ca", "Ub"]);
    }

    #[test]
    fn an_object_that_comes_twice_keeps_its_order() {
        check(10, "Ua Ua", &["Ua Ua"]);
        check(10, "Db Ua Da", &["Db", "Ua", "Da"]);
        check(10, "Db Ua Da Dc Uc", &["Db", "Ua", "Da Dc", "Uc"]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_objects_stay_ordered(
            size in 1usize..5,
            page in vec(("[CUD?]", "[a-d]").prop_map(|(kind, object)| kind + &object), 0..40),
        ) {
            let numbered: Vec<(usize, &str)> = page.iter().map(String::as_str).enumerate().collect();
            let size = NonZeroUsize::new(size).unwrap();
            let batches = batches(numbered, size, |(_number, change)| describe(change));
            let mut told: Vec<usize> = Vec::new();
            for batch in &batches {
                prop_assert!((1..=size.get()).contains(&batch.changes.len()));
                for (number, change) in &batch.changes {
                    prop_assert_eq!(describe(change).0, batch.kind);
                    told.push(*number);
                }
            }
            for object in 'a'..='d' {
                let of = |number: &&usize| page[**number].ends_with(object);
                prop_assert!(told.iter().filter(of).is_sorted());
            }
            told.sort_unstable();
            prop_assert_eq!(told, (0..page.len()).collect::<Vec<_>>());
        }
    }
}
