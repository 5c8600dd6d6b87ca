//! What hostile adapters cost the healthy one beside them: from the order to poll to everything stored, on the real
//! binary.
//!
//! Undisturbed and disturbed stretches follow each other, so that whatever else the machine does happens to both.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use anyhow::{Context as _, ensure};
use periodic_benches::{Samples, head};
use periodic_tests::{Answer, Api, Siege, eventually};
use serde_json::json;
use tokio::runtime::Runtime;

/// Stretches of each kind.
const STRETCHES: usize = 3;
/// Polls of a stretch.
const POLLS: usize = 300;
/// Hostile elements of a stretch; each is left alone after three strikes.
const HOSTILE: usize = 24;
/// Calls of hostile elements at the same time, one kind of stretch for each.
const AT_ONCE: [usize; 2] = [1, 3];
/// What they do, in turns.
const ATTACKS: [&str; 3] = ["spin", "grow", "recurse"];

fn main() -> anyhow::Result<()> {
    let executor = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let siege = executor.block_on(Siege::lay(|home| home))?;
    let poll = executor.block_on(healthy(&siege))?;
    let mut alone = Samples::default();
    let mut beside = AT_ONCE.map(|_| Samples::default());
    measure(&executor, &siege.api, &poll, &mut Samples::default())?;
    for _stretch in 0..STRETCHES {
        measure(&executor, &siege.api, &poll, &mut alone)?;
        for (at_once, samples) in AT_ONCE.into_iter().zip(&mut beside) {
            let hostile = executor.block_on(hostile(&siege))?;
            let over = Arc::new(AtomicBool::new(false));
            let attacks = (0..at_once).map(|first| {
                let mine = hostile.iter().skip(first).step_by(at_once).cloned().collect();
                executor.spawn(attack(mine, Arc::clone(&over)))
            });
            let attacks: Vec<_> = attacks.collect();
            measure(&executor, &siege.api, &poll, samples)?;
            over.store(true, Ordering::Relaxed);
            for attack in attacks {
                ensure!(executor.block_on(attack)?? > 0, "nobody attacked");
            }
        }
    }
    head("from the order to poll to everything stored");
    alone.row("undisturbed", None);
    for (at_once, samples) in AT_ONCE.into_iter().zip(&beside) {
        samples.row(
            &format!("beside {at_once} that spin, grow and recurse"),
            Some(&alone),
        );
    }
    let bound = alone.percentile(99) * 2 + TICKS;
    println!("\nTwice the undisturbed p99 and two ticks are {bound:.1?}.");
    Ok(())
}

/// Two epochs of the engine.
const TICKS: std::time::Duration = std::time::Duration::from_millis(4);

/// An instance of an element that behaves, with one event at every poll; the path that polls it.
async fn healthy(siege: &Siege) -> anyhow::Result<String> {
    let file = siege.plan("poller.resume", "the number of the answer")?;
    let polled = json!({ "event.notification.enabled": true, "event.poller.refresh_interval": "999" });
    let made = siege.instance_of(&file, polled).await?.ok()?;
    let poll = format!("/instances/{}/polls", made["id"]);
    // The first poll is the schedule's.
    eventually("a poll by order", async || {
        let answer = siege.api.post(&poll, &json!({})).await?;
        Ok((answer.status != 409).then_some(()))
    })
    .await?;
    Ok(poll)
}

/// Instances of elements that do not.
async fn hostile(siege: &Siege) -> anyhow::Result<Vec<Api>> {
    let mut hostile = Vec::new();
    for attack in ATTACKS.iter().cycle().take(HOSTILE) {
        let made = siege.instance("hub.begin", attack).await?.ok()?;
        let token = made["token"].as_str().context("no token")?;
        hostile.push(siege.api.element(token));
    }
    Ok(hostile)
}

/// Call one after the other until it is in quarantine; how many calls there were.
async fn attack(hostile: Vec<Api>, over: Arc<AtomicBool>) -> anyhow::Result<usize> {
    let mut calls = 0;
    for api in hostile {
        while !over.load(Ordering::Relaxed) && api.get("/things").await?.status != 503 {
            calls += 1;
        }
    }
    Ok(calls)
}

fn measure(executor: &Runtime, api: &Api, poll: &str, samples: &mut Samples) -> anyhow::Result<()> {
    for _poll in 0..POLLS {
        let answer: Answer = samples.time(|| executor.block_on(api.post(poll, &json!({}))))?;
        answer.ok()?;
    }
    Ok(())
}
