//! The threads on which guests run, and who runs next.
//!
//! Guests only live while they compute, so that nothing else of the host is kept waiting by one: they have threads of
//! their own, and fewer compute at once than there are processors. At every tick a guest hands its place on. Whoever
//! has computed least goes first, but nobody waits for ever: each tick that a guest has used moves it behind those who
//! come within another tick, up to a bound. So a guest that spins until its deadline delays a neighbour's millisecond
//! by the rest of a tick, however many of its kind there are.
//!
//! Two threads that wake each other cost as much as a small call. A call that finds a free place therefore begins at
//! once, on the thread that asks: the executor gives that thread away and goes on with another. What is not done after
//! a few ticks moves to the threads of guests.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::Duration,
};

use tokio::{
    runtime::{Handle, RuntimeFlavor},
    task::block_in_place,
    time::{Instant, error::Elapsed, timeout_at},
};
use tokio_util::context::TokioContext;
use tracing::Instrument as _;

use super::engine::TICK;

/// So many ticks at most put a guest behind those who come later.
const BEHIND: u32 = 16;
/// So many ticks at most a call stays on the thread that asked for it, whose task can do nothing else meanwhile.
const BRIEF: u32 = 4;

type Runnable = async_task::Runnable<Arc<Turn>>;

/// The threads of guests. They end when nobody can call a guest any more.
#[derive(Debug, Clone)]
pub(super) struct Threads(Arc<Owner>);

#[derive(Debug)]
struct Owner(Arc<Line>);

/// Those who wait for a thread.
#[derive(Debug)]
struct Line {
    waiting: Mutex<Waiting>,
    came: Condvar,
}

#[derive(Debug)]
struct Waiting {
    calls: BinaryHeap<Reverse<Entry>>,
    /// So many more guests may compute.
    free: usize,
    /// How many have come so far.
    came: u64,
    closed: bool,
}

/// The right to compute, until it is dropped.
#[derive(Debug)]
struct Place<'l>(&'l Line);

#[derive(Debug)]
struct Entry {
    /// When it is due, and its number among those who are due at the same time.
    place: (Instant, u64),
    runnable: Runnable,
}

/// One call's use of the threads.
#[derive(Debug, Default)]
pub(super) struct Turn {
    ticks: AtomicU32,
    waits: Mutex<Waits>,
}

/// The time in which a call could have run and had no thread: it is not the guest's.
#[derive(Debug, Default)]
struct Waits {
    past: Duration,
    /// The beginning of the present one.
    since: Option<Instant>,
}

/// What came of a call.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unfinished {
    /// It took too long, not counting the time in which it waited for a thread.
    #[error("{0}")]
    Elapsed(#[from] Elapsed),
    /// There are no threads any more.
    #[error("the host is shutting down")]
    Closed,
}

impl Threads {
    /// So many threads; so many guests compute at once.
    pub(super) fn new(threads: usize) -> std::io::Result<Self> {
        let line = Arc::new(Line::new(threads));
        let owner = Owner(Arc::clone(&line));
        for _thread in 0..threads {
            let line = Arc::clone(&line);
            thread::Builder::new()
                .name("guest".to_owned())
                .spawn(move || line.serve())?;
        }
        Ok(Self(Arc::new(owner)))
    }

    /// Run a call to its end, or give up on it after so long. Giving up, or no longer asking, drops the call where it
    /// hands its thread on next.
    pub(super) async fn run<F>(
        &self,
        turn: &Arc<Turn>,
        limit: Duration,
        call: F,
    ) -> Result<F::Output, Unfinished>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        // WASI's futures look for the executor that they are polled in.
        let call = TokioContext::new(call.in_current_span(), Handle::current());
        let line = &self.0.0;
        let (runnable, task) = async_task::Builder::new()
            .propagate_panic(true)
            .metadata(Arc::clone(turn))
            .spawn(|_turn| call, {
                let line = Arc::clone(line);
                move |runnable| line.enter(runnable)
            });
        let is_given_away = Handle::current().runtime_flavor() == RuntimeFlavor::MultiThread;
        match is_given_away.then(|| line.place()).flatten() {
            Some(place) => block_in_place(|| place.begin(turn, runnable)),
            None => runnable.schedule(),
        }
        let ended = turn.timeout(limit, task.fallible()).await?;
        ended.ok_or(Unfinished::Closed)
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.waiting().closed = true;
        self.0.came.notify_all();
    }
}

impl Line {
    fn new(places: usize) -> Self {
        Self {
            waiting: Mutex::new(Waiting {
                calls: BinaryHeap::new(),
                free: places,
                came: 0,
                closed: false,
            }),
            came: Condvar::new(),
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queue up. When the threads have ended, the call ends with this.
    fn enter(&self, runnable: Runnable) {
        let due = runnable.metadata().wait();
        self.put(due, runnable);
    }

    fn put(&self, due: Instant, runnable: Runnable) {
        let mut waiting = self.waiting();
        if waiting.closed {
            // NOTE: not under the lock, which dropping a call may ask for.
            drop(waiting);
            drop(runnable);
            return;
        }
        waiting.came += 1;
        let place = (due, waiting.came);
        waiting.calls.push(Reverse(Entry { place, runnable }));
        // Who holds the last place looks here when it is free again.
        if waiting.free > 0 {
            self.came.notify_one();
        }
    }

    /// A place, where one is free and nobody waits for it.
    fn place(&self) -> Option<Place<'_>> {
        let mut waiting = self.waiting();
        if waiting.closed || waiting.free == 0 || !waiting.calls.is_empty() {
            return None;
        }
        waiting.free -= 1;
        Some(Place(self))
    }

    /// Run whoever is next, until the end of the host.
    fn serve(&self) {
        while let Some((runnable, _place)) = self.next() {
            runnable.metadata().go();
            runnable.run();
        }
    }

    /// Wait for a call and a place.
    fn next(&self) -> Option<(Runnable, Place<'_>)> {
        let waiting = self.came.wait_while(self.waiting(), |waiting| {
            (waiting.calls.is_empty() || waiting.free == 0) && !waiting.closed
        });
        let mut waiting = waiting.unwrap_or_else(PoisonError::into_inner);
        let next = if waiting.closed { None } else { waiting.calls.pop() };
        // NOTE: what is left is dropped without the lock, because it may ask for it.
        let left = match next {
            Some(_) => BinaryHeap::new(),
            None => std::mem::take(&mut waiting.calls),
        };
        let next = next.map(|Reverse(entry)| {
            waiting.free -= 1;
            (entry.runnable, Place(self))
        });
        drop(waiting);
        drop(left);
        next
    }

    /// The call of this turn, if it waits and is next.
    fn next_of(&self, turn: &Arc<Turn>) -> Option<Runnable> {
        let mut waiting = self.waiting();
        let Reverse(first) = waiting.calls.peek()?;
        if waiting.closed || !Arc::ptr_eq(first.runnable.metadata(), turn) {
            return None;
        }
        waiting.calls.pop().map(|Reverse(entry)| entry.runnable)
    }
}

impl Place<'_> {
    /// Run a call as long as it is brief and nobody goes before it.
    fn begin(self, turn: &Arc<Turn>, runnable: Runnable) {
        let mut next = Some(runnable);
        while let Some(runnable) = next {
            turn.go();
            let hands_on = runnable.run();
            next = match hands_on && turn.ticks() < BRIEF {
                true => self.0.next_of(turn),
                false => None,
            };
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut waiting = self.0.waiting();
        waiting.free += 1;
        if !waiting.calls.is_empty() {
            self.0.came.notify_one();
        }
    }
}

impl Turn {
    /// One tick more; how many there were.
    pub(super) fn tick(&self) -> u32 {
        self.ticks.fetch_add(1, Ordering::Relaxed).saturating_add(1)
    }

    /// How many ticks it has used.
    pub(super) fn ticks(&self) -> u32 {
        self.ticks.load(Ordering::Relaxed)
    }

    fn waits(&self) -> MutexGuard<'_, Waits> {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begin to wait; when it is due.
    fn wait(&self) -> Instant {
        let now = Instant::now();
        self.waits().since = Some(now);
        self.due(now)
    }

    fn due(&self, now: Instant) -> Instant {
        now + TICK * self.ticks().min(BEHIND)
    }

    /// End to wait.
    fn go(&self) {
        let mut waits = self.waits();
        waits.past = waits.total();
        waits.since = None;
    }

    /// Give up after so long, not counting the time in which it waited for its turn.
    async fn timeout<F: Future>(&self, limit: Duration, call: F) -> Result<F::Output, Elapsed> {
        let mut call = std::pin::pin!(call);
        let begun = Instant::now();
        loop {
            let waited = self.waits().total();
            match timeout_at(begun + limit + waited, call.as_mut()).await {
                Err(_elapsed) if self.waits().total() > waited => {}
                ended => return ended,
            }
        }
    }
}

impl Waits {
    fn total(&self) -> Duration {
        self.past + self.since.map_or(Duration::ZERO, |since| since.elapsed())
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.place == other.place
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.place.cmp(&other.place)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    fn used(ticks: u32) -> Arc<Turn> {
        let turn = Arc::new(Turn::default());
        for _tick in 0..ticks {
            turn.tick();
        }
        turn
    }

    /// Hold the only thread until the sender is dropped.
    fn hold(threads: &Threads) -> mpsc::Sender<()> {
        let (release, released) = mpsc::channel::<()>();
        let threads = threads.clone();
        let (began, begun) = mpsc::channel();
        tokio::spawn(async move {
            let holding = async move {
                let _ = began.send(());
                let _ = released.recv();
            };
            threads.run(&Arc::default(), LONG, holding).await
        });
        tokio::task::block_in_place(|| begun.recv()).unwrap();
        release
    }

    #[test]
    fn who_has_computed_least_goes_first() {
        let line = Line::new(1);
        let now = Instant::now();
        for ticks in [9, 2, 5, 0, 2] {
            let turn = used(ticks);
            let (runnable, task) = async_task::Builder::new()
                .metadata(Arc::clone(&turn))
                .spawn(|_turn| async {}, |_runnable| {});
            task.detach();
            line.put(turn.due(now), runnable);
        }
        let order: [u32; 5] = std::array::from_fn(|_next| {
            let (runnable, _place) = line.next().unwrap();
            runnable.metadata().ticks()
        });
        assert_eq!(order, [0, 2, 2, 5, 9]);
    }

    #[test]
    fn nobody_waits_for_ever() {
        let now = Instant::now();
        let (old, late) = (used(1_000_000), used(0));
        assert!(late.due(now) < old.due(now));
        assert!(old.due(now) < late.due(now + TICK * (BEHIND + 1)));
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_for_a_thread_is_not_the_guests_time() {
        let limit = Duration::from_secs(1);
        let turn = Turn::default();
        let slow = turn.timeout(limit, tokio::time::sleep(2 * limit));
        assert!(slow.await.is_err(), "it did not wait for a thread");
        let waiting = async {
            turn.wait();
            tokio::time::sleep(5 * limit).await;
            turn.go();
        };
        turn.timeout(limit, waiting).await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_brief_call_runs_where_it_is_asked_for_and_a_long_one_moves() {
        let threads = Threads::new(1).unwrap();
        let run = |ticks: u32| {
            let turn = Arc::new(Turn::default());
            let threads = &threads;
            async move {
                let call = {
                    let turn = Arc::clone(&turn);
                    async move {
                        let begun = thread::current().id();
                        while turn.ticks() < ticks {
                            turn.tick();
                            tokio::task::yield_now().await;
                        }
                        (begun, thread::current().id())
                    }
                };
                let asked = thread::current().id();
                let (begun, ended) = threads.run(&turn, LONG, call).await.unwrap();
                (begun == asked, ended == asked)
            }
        };
        assert_eq!(run(BRIEF - 1).await, (true, true));
        assert_eq!(run(BRIEF).await, (true, false));
        // Every place is given back.
        eventually(|| threads.0.0.waiting().free == 1).await;
        let release = hold(&threads);
        let waits = tokio::spawn(async move { threads.run(&Arc::default(), LONG, async {}).await });
        tokio::task::yield_now().await;
        assert!(!waits.is_finished(), "the only place is taken");
        drop(release);
        waits.await.unwrap().unwrap();
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_call_that_nobody_asks_for_any_more_is_dropped() {
        let threads = Threads::new(1).unwrap();
        let release = hold(&threads);
        let (alive, dropped) = mpsc::channel::<()>();
        let asked = tokio::spawn({
            let threads = threads.clone();
            async move {
                let call = async move {
                    let _alive = alive;
                    std::future::pending::<()>().await;
                };
                threads.run(&Arc::default(), LONG, call).await
            }
        });
        eventually(|| threads.0.0.waiting().calls.len() == 1).await;
        asked.abort();
        drop(release);
        tokio::task::block_in_place(|| dropped.recv()).unwrap_err();
        threads.run(&Arc::default(), LONG, async {}).await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn calls_end_with_the_threads() {
        let threads = Threads::new(1).unwrap();
        let line = Arc::clone(&threads.0.0);
        let release = hold(&threads);
        line.waiting().closed = true;
        let late = threads.run(&Arc::default(), LONG, async {}).await;
        assert!(matches!(late, Err(Unfinished::Closed)));
        drop(release);
    }

    async fn eventually(is: impl Fn() -> bool) {
        while !is() {
            tokio::task::yield_now().await;
        }
    }
}
