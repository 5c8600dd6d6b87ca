//! The conformance suite, over both ways to run the store, and what is SQLite's own.

use std::path::PathBuf;

use super::Sqlite;
use crate::store::conformance::for_each_case;

/// A database file that is gone when this is dropped.
struct Scratch {
    folder: tempfile::TempDir,
}

impl Scratch {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("periodic.db")
    }
}

/// As the host runs it: a writer thread with group commit, and readers beside it.
mod on_threads {
    use super::{Scratch, Sqlite, for_each_case};
    use crate::store::conformance as suite;

    macro_rules! tests {
        ($($area:ident :: $case:ident),+ $(,)?) => {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let scratch = Scratch::new();
                let store = Sqlite::open(&scratch.path()).unwrap();
                suite::$area::$case(&store).await;
                store.close().await;
            }
        )+};
    }

    for_each_case!(tests);
}

/// As simulations run it.
mod in_task {
    use super::{Sqlite, for_each_case};
    use crate::store::conformance as suite;

    macro_rules! tests {
        ($($area:ident :: $case:ident),+ $(,)?) => {$(
            #[tokio::test(start_paused = true)]
            async fn $case() {
                suite::$area::$case(&Sqlite::in_memory().unwrap()).await;
            }
        )+};
    }

    for_each_case!(tests);
}

#[tokio::test]
async fn a_second_host_on_the_same_folder_is_refused() {
    let scratch = Scratch::new();
    let first = Sqlite::open(&scratch.path()).unwrap();
    assert!(Sqlite::open(&scratch.path()).is_err());
    first.close().await;
    drop(first);
    Sqlite::open(&scratch.path()).unwrap().close().await;
}
