//! What is in force for instances, read once: a call on a resource asks here first.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use super::objects::Objects;
use crate::store::{InstanceId, Owner, Result, Store};

/// So many bytes of definitions and transformations are kept, about; then it is begun anew.
const ROOM: usize = 64 << 20;
/// What an entry costs besides.
const ENTRY: usize = 256;

/// The common objects of instances.
#[derive(Debug, Default)]
pub struct Cache(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    /// Rises with every change.
    generation: u64,
    entries: HashMap<InstanceId, Arc<Objects>>,
    size: usize,
}

impl Cache {
    /// The common objects of an instance of an element, whose levels these are.
    pub async fn of(
        &self,
        store: &dyn Store,
        instance: InstanceId,
        element: &str,
        owners: &[Owner],
    ) -> Result<Arc<Objects>> {
        let generation = {
            let kept = self.lock();
            if let Some(known) = kept.entries.get(&instance) {
                return Ok(Arc::clone(known));
            }
            kept.generation
        };
        let rows = store.common_objects(owners, Some(element)).await?;
        let objects = Arc::new(Objects::of(&rows));
        self.lock().keep(generation, instance, &objects);
        Ok(objects)
    }

    /// Something was changed: what is kept is worth nothing.
    pub fn forget(&self) {
        let mut kept = self.lock();
        kept.generation += 1;
        kept.clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// Keep what was read, unless something was changed meanwhile.
    fn keep(&mut self, read_at: u64, instance: InstanceId, objects: &Arc<Objects>) {
        if read_at != self.generation {
            return;
        }
        let size = objects.size() + ENTRY;
        if self.size + size > ROOM {
            self.clear();
        }
        if self.entries.insert(instance, Arc::clone(objects)).is_none() {
            self.size += size;
        }
    }

    fn clear(&mut self) {
        self.entries.clear();
        self.size = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_before_a_change_is_not_kept() {
        let mut kept = Kept::default();
        let objects = Arc::new(Objects::default());
        kept.generation += 1;
        kept.keep(0, InstanceId(1), &objects);
        assert!(kept.entries.is_empty());
        kept.keep(1, InstanceId(1), &objects);
        assert_eq!((kept.entries.len(), kept.size), (1, ENTRY));
        kept.keep(1, InstanceId(1), &objects);
        assert_eq!(kept.size, ENTRY);
    }

    #[test]
    fn it_stays_within_its_room() {
        let mut kept = Kept::default();
        let objects = Arc::new(Objects::default());
        kept.size = ROOM - ENTRY;
        kept.keep(0, InstanceId(1), &objects);
        kept.keep(0, InstanceId(2), &objects);
        assert_eq!((kept.entries.len(), kept.size), (1, ENTRY));
    }
}
