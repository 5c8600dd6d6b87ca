//! `periodic run`: everything put together.

use std::{
    collections::BTreeMap,
    io::Write as _,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::Context as _;
use cap_std::{ambient_authority, fs::Dir};
use tokio::{
    net::TcpListener,
    sync::{Notify, watch},
    task::JoinSet,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::init::{DATABASE, print_secrets};
use crate::{
    adapter::{Cache, Catalog, Compiler, LimitTable, Tap, Trust, Watch},
    api::{self, Api, Limiter, RateLimit},
    bootstrap::{self, FirstSecrets},
    bulk,
    case::Crashes,
    clock::{Clock, millis},
    config::{Flags, Settings, load},
    delivery::{self, Worker},
    egress::{self, Budgets, Egress, UrlPatterns},
    host::{ElementDefaults, Host, LiveInstances},
    ids::Sequence,
    inbound::{Expected, Processor, Registrar},
    instance::Rules,
    poll::{self, Scheduler},
    session::Verifiers,
    store::{Store, sqlite::Sqlite},
    telemetry,
};

/// The folder of compiled adapters, in the data folder.
const CACHE: &str = "compiled";
/// The folder of crash reports, in the data folder.
const CRASHES: &str = "crashes";
/// A stopping host waits so long for its parts.
const STOP: Duration = Duration::from_secs(8);
/// So often old events are removed.
const HOUSEKEEPING: Duration = Duration::from_secs(15 * 60);

pub(super) async fn run(flags: &Flags, guest_tap: Option<&Path>) -> anyhow::Result<()> {
    let settings = load(flags)?.settings;
    telemetry::start(&settings.log)?;
    let clock = Clock::system();

    let data = bootstrap::data_folder(&settings.data)?;
    let vault = bootstrap::vault(&data)?;
    let store = Arc::new(Sqlite::open(&settings.data.join(DATABASE))?);
    let preset = FirstSecrets::from_environment()?;
    // Who presets them has them: they need not stand in what becomes a log.
    let told = preset.is_none();
    if let Some(secrets) = bootstrap::tenant(&*store, &vault, clock, preset)
        .await?
        .filter(|_| told)
    {
        print_secrets(&secrets);
    }
    // The store is this process's alone: whoever held a lease is gone.
    store.recover().await?;

    let adapters = open_adapters(&settings.adapters.folder)?;
    let cache = data.create_dir_all(CACHE).and_then(|()| data.open_dir(CACHE));
    let cache = cache.with_context(|| format!("the folder {CACHE} of compiled adapters cannot be made"))?;
    let cache = Cache::new(cache, vault.cache_key());
    let crashes = open_crashes(&data, &settings, clock)?;
    let tap = Tap::new(guest_tap, crashes.map(|crashes| Arc::new(crashes) as _));
    let tap = tap.context("the guest tap cannot be written")?;
    let (limits, trust) = (LimitTable::of(&settings), Trust::of(&settings.adapters)?);
    let compiler = Compiler::of_this_program().context("no adapter can be compiled")?;
    let catalog = Catalog::new(limits, trust, compiler, Some(cache), Some(Arc::new(tap)), clock)?;
    let host = Arc::new(Host {
        store: Arc::clone(&store) as Arc<dyn Store>,
        vault,
        adapters: Arc::clone(&catalog),
        egress: Egress::new(egress_options(&settings), clock)?,
        budgets: Budgets::default(),
        objects: Default::default(),
        clock,
        sequence: Sequence::default(),
        element_defaults: element_defaults(&settings),
        element_egress: element_egress(&settings)?,
        verifiers: Verifiers::default(),
        public_url: settings.public_url.clone(),
        expected: Expected::default(),
        inbound_due: Notify::new(),
        registrations_due: Notify::new(),
        polls_due: Notify::new(),
        deliveries_due: Arc::new(Notify::new()),
        bulk_due: Notify::new(),
        events_stored: watch::Sender::new(()),
        live: LiveInstances::default(),
    });
    let poll = poll::Options {
        overlap: settings.poll.overlap.0,
        concurrency: settings.poll.concurrency.max(1),
        records: settings.poll.records,
        tape: settings.poll.tape_size,
        ..poll::Options::default()
    };
    let (shutdown, carried) = (CancellationToken::new(), TaskTracker::new());
    let api = Api::new(api::Shared {
        host: Arc::clone(&host),
        scheduler: Arc::new(Scheduler::new(Arc::clone(&host), poll)),
        rules: Rules {
            min_poll_interval: settings.min_poll_interval.0,
        },
        limiter: Limiter::new(Some(RateLimit {
            requests: settings.api.rate_limit,
            per: settings.api.rate_limit_per.0,
        })),
        ready: AtomicBool::new(false),
        streams: api::streams(),
        carried: carried.clone(),
        shutdown: shutdown.clone(),
    });

    let listener = TcpListener::bind(settings.listen).await;
    let listener =
        listener.with_context(|| format!("cannot listen on {} (setting listen)", settings.listen))?;
    let address = listener.local_addr()?;

    let mut parts = JoinSet::new();
    let stopping = shutdown.clone();
    parts.spawn(api::serve(listener, api.clone().router(), stopping));
    parts.spawn(Worker::of(&host, delivery_options(&settings)?).run(shutdown.clone()));
    parts.spawn(keep_house(
        Arc::clone(&host),
        settings.retention.0,
        settings.bulk.retention.0,
        shutdown.clone(),
    ));

    let mut watch = Watch::new(catalog, adapters);
    let (scheduler, stopping) = (Scheduler::new(Arc::clone(&host), poll), shutdown.clone());
    let (processor, registrar) = (
        Processor::new(Arc::clone(&host)),
        Registrar::new(Arc::clone(&host)),
    );
    let exports = bulk::Runner::new(Arc::clone(&host), bulk_options(&settings));
    parts.spawn(async move {
        tokio::select! {
            () = watch.load() => {}
            // What is being compiled then is not waited for.
            () = stopping.cancelled() => return,
        }
        api.ready.store(true, Ordering::Relaxed);
        // Nobody has to read it.
        let _unread = writeln!(std::io::stdout(), "listening on http://{address}");
        // Nobody is polled before his adapter had its chance to load.
        tokio::join!(
            watch.run(stopping.clone()),
            scheduler.run(stopping.clone()),
            processor.run(stopping.clone()),
            registrar.run(stopping.clone()),
            exports.run(stopping),
        );
    });

    wait_for_signal().await?;
    tracing::info!("stopping");
    shutdown.cancel();
    let stopped = async {
        while parts.join_next().await.is_some() {}
        carried.close();
        carried.wait().await;
    };
    if tokio::time::timeout(STOP, stopped).await.is_err() {
        tracing::warn!("some work did not end in time; it is taken up again at the next start");
    }
    drop(host);
    store.close().await;
    Ok(())
}

/// Where crashes of adapters are reported to; none where the operator wants no reports.
fn open_crashes(data: &Dir, settings: &Settings, clock: Clock) -> anyhow::Result<Option<Crashes>> {
    let kept = settings.adapters.crashes;
    if kept == 0 {
        return Ok(None);
    }
    let folder = data.create_dir_all(CRASHES).and_then(|()| data.open_dir(CRASHES));
    let folder = folder.with_context(|| format!("the folder {CRASHES} of crash reports cannot be made"))?;
    let shown = settings.data.join(CRASHES).display().to_string();
    Ok(Some(Crashes::new(folder, shown, kept, clock)))
}

fn open_adapters(folder: &Path) -> anyhow::Result<Dir> {
    std::fs::create_dir_all(folder)
        .and_then(|()| Dir::open_ambient_dir(folder, ambient_authority()))
        .with_context(|| {
            format!(
                "the adapters folder {} cannot be opened (setting adapters.folder)",
                folder.display()
            )
        })
}

pub(super) fn egress_options(settings: &Settings) -> egress::Options {
    egress::Options {
        allow: settings.egress.allow.clone(),
        request_timeout: settings.egress.timeout.0,
        ..egress::Options::default()
    }
}

fn delivery_options(settings: &Settings) -> anyhow::Result<delivery::Options> {
    let schedule = settings
        .delivery
        .schedule
        .parse()
        .context("setting delivery.schedule")?;
    Ok(delivery::Options {
        schedule,
        timeout: settings.delivery.timeout.0,
        in_flight: settings.delivery.concurrency.max(1),
        per_subscription: settings.delivery.per_callback.max(1),
        ..delivery::Options::default()
    })
}

fn bulk_options(settings: &Settings) -> bulk::Options {
    bulk::Options {
        concurrency: settings.bulk.concurrency.max(1),
        max_size: settings.bulk.max_size,
    }
}

fn element_defaults(settings: &Settings) -> ElementDefaults {
    settings
        .elements
        .iter()
        .map(|(element, preset)| (element.clone(), preset.configuration.clone()))
        .collect()
}

/// What operators allow of the requests of elements; a pattern that cannot be understood stops the start.
fn element_egress(settings: &Settings) -> anyhow::Result<BTreeMap<String, Vec<String>>> {
    let mut narrowed = BTreeMap::new();
    for (element, settings) in &settings.elements {
        if let Some(patterns) = &settings.egress {
            let understood = UrlPatterns::compile(patterns, &|_key| None);
            understood.with_context(|| format!("setting elements.{element}.egress"))?;
            narrowed.insert(element.clone(), patterns.clone());
        }
    }
    Ok(narrowed)
}

/// Remove what is older than it has to be.
async fn keep_house(host: Arc<Host>, retention: Duration, exports: Duration, shutdown: CancellationToken) {
    loop {
        let ended = host.clock.now().saturating_sub(millis(exports));
        if let Err(error) = host.store.prune_bulk(ended).await {
            tracing::error!(%error, "old exports could not be removed");
        }
        let before = host.clock.now().saturating_sub(millis(retention));
        match host.store.prune(before).await {
            Ok(0) => {}
            Ok(removed) => tracing::info!(removed, "old notifications removed"),
            Err(error) => tracing::error!(%error, "old notifications could not be removed"),
        }
        if let Err(error) = host.store.prune_subscriptions(before).await {
            tracing::error!(%error, "subscriptions that are over could not be removed");
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(HOUSEKEEPING) => {}
        }
    }
}

/// Ctrl-C or SIGTERM.
async fn wait_for_signal() -> std::io::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminate.recv() => Ok(()),
    }
}
