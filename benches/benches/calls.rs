//! What a call of an adapter costs: against bare wasmtime, and against the same code run natively.
//!
//! The rows of a table are measured in turns, so that whatever else the machine does happens to all of them.

use std::hint::black_box;

use anyhow::{anyhow, ensure};
use maximizer::Maximizer;
use periodic::adapter::{
    Adapter, Answers, Compiler, LimitTable, Limits, Sandbox,
    contract::{poller, types},
};
use periodic_benches::{Samples, head, path};
use periodic_sdk::contract as native;
use serde_json::json;
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store,
    component::{Component, InstancePre, Linker, ResourceTable},
};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

/// Calls of each kind.
const CALLS: usize = 5000;
const PAGES: usize = 1000;
/// Calls before the first that counts.
const WARM: usize = 200;
/// Records of a page.
const RECORDS: usize = 100;

const SINCE: i64 = 1_517_472_307_000;
const UNTIL: i64 = 1_517_475_907_000;

fn main() -> anyhow::Result<()> {
    // As the host calls: on a thread of an executor of many.
    let executor = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    executor.block_on(executor.spawn(measure()))?
}

async fn measure() -> anyhow::Result<()> {
    let file = path("PERIODIC_ADAPTERS")?.join("maximizer.wasm");
    let adapter = Sandbox::new(LimitTable::default(), Compiler::Here)?
        .load(&file, None)
        .await?;
    let bare = Bare::load(&file)?;
    let case = Case::new(&adapter).await?;

    let [mut host, mut raw] = [Samples::default(), Samples::default()];
    for turn in 0..WARM + CALLS {
        if turn == WARM {
            [host, raw] = [Samples::default(), Samples::default()];
        }
        raw.watch(bare.begin(&case)).await?;
        host.watch(adapter.poll(&case.context, &case.job))
            .await?
            .map_err(|failure| anyhow!("{failure:?}"))?;
    }
    head("a fresh instance and one small call, `poller.begin`");
    raw.row("bare wasmtime: pool, no limits, no deadline", None);
    host.row("the host: limits, deadlines, turns, supervision", Some(&raw));

    let [mut guest, mut raw, mut code] = [Samples::default(), Samples::default(), Samples::default()];
    for turn in 0..WARM + PAGES {
        if turn == WARM {
            [guest, raw, code] = [Samples::default(), Samples::default(), Samples::default()];
        }
        code.time(|| case.native())?;
        raw.watch(bare.resume(&case)).await?;
        let page = adapter.resume_poll(&case.context, &case.job, &case.state, &case.answers);
        let page = guest.watch(page).await?;
        ensure!(records(page)? == RECORDS, "the page is not whole");
    }
    head(&format!(
        "a page of {RECORDS} records ({} kB), `poller.resume`",
        case.size / 1000
    ));
    code.row("native code", None);
    raw.row("bare wasmtime", Some(&code));
    guest.row("the host", Some(&code));
    Ok(())
}

/// A poll of contacts, and the answer to its first request.
struct Case {
    context: types::Context,
    job: poller::Job,
    state: Vec<u8>,
    answers: Answers,
    native_context: native::Context,
    native_job: native::Job,
    native_answers: Vec<native::Answer>,
    size: usize,
}

impl Case {
    async fn new(adapter: &Adapter) -> anyhow::Result<Self> {
        let settings = [("maximizer.url", "https://ca1.maximizercrmlive.com/api45")];
        let context = types::Context {
            now: UNTIL,
            configuration: settings
                .iter()
                .map(|(key, value)| types::Setting {
                    key: (*key).to_owned(),
                    value: (*value).to_owned(),
                })
                .collect(),
            secrets: Vec::new(),
            package: None,
        };
        let native_context = native::Context {
            now: UNTIL,
            configuration: settings
                .iter()
                .map(|(key, value)| native::Setting::new(*key, *value))
                .collect(),
            ..native::Context::default()
        };
        let configuration = adapter.plan(&context, "contacts", "{}").await?;
        let mut configuration: serde_json::Value =
            serde_json::from_str(&configuration.map_err(|wrong| anyhow!(wrong))?)?;
        configuration["pageSize"] = RECORDS.into();
        let job = poller::Job {
            resource: "contacts".to_owned(),
            configuration: configuration.to_string(),
            since: SINCE,
            until: UNTIL,
            checkpoint: None,
        };
        let native_job = native::Job {
            resource: job.resource.clone(),
            configuration: job.configuration.clone(),
            since: SINCE,
            until: UNTIL,
            checkpoint: None,
        };
        let begun = adapter.poll(&context, &job).await?;
        let poller::Step::Send(exchange) = begun.map_err(|failure| anyhow!("{failure:?}"))? else {
            anyhow::bail!("the walk did not begin with a request")
        };
        let body = answer().to_string().into_bytes();
        Ok(Self {
            context,
            job,
            state: exchange.state,
            size: body.len(),
            answers: Answers::from(vec![Ok(types::Response {
                status: 200,
                headers: Vec::new(),
                body: body.clone(),
            })]),
            native_context,
            native_job,
            native_answers: vec![Ok(native::Response {
                status: 200,
                headers: Vec::new(),
                body,
            })],
        })
    }

    fn native(&self) -> anyhow::Result<()> {
        use native::Poller as _;
        let (job, answers) = (self.native_job.clone(), &self.native_answers);
        let page = Maximizer::resume(&self.native_context, job, &self.state, answers);
        black_box(page)
            .map(|_page| ())
            .map_err(|failure| anyhow!("{failure:?}"))
    }
}

/// What the provider answers: contacts as it has them.
fn answer() -> serde_json::Value {
    let contact = |number: usize| {
        json!({
            "Key": format!("Q29udGFjdAkyMDA5MjQyODA3NDIyNTU2ODAwMTZDCT{number:04}"),
            "CompanyName": "Acme Industrial Supplies Limited", "FirstName": "Maria", "LastName": format!("Doe {number}"),
            "MrMs": "Ms.", "Position": "Head of purchasing", "Department": "Purchasing", "Type": "Contact",
            "Email1": format!("maria.doe{number}@example.com"), "Email2": "", "Phone1": "+1 604 555 0100 x 17",
            "Phone2": "", "WebSite": "https://www.example.com/",
            "Address": { "AddressLine1": "1090 West Pender Street", "AddressLine2": "Suite 260", "City": "Vancouver",
                "StateProvince": "BC", "ZipCode": "V6E 2N7", "Country": "Canada" },
            "CreationDate": "2017-03-28T17:04:17Z",
            "LastModifyDate": format!("2018-02-01T08:{:02}:{:02}Z", 10 + number / 60, number % 60),
        })
    };
    json!({ "Code": 0, "AbEntry": { "Data": (0..RECORDS).map(contact).collect::<Vec<_>>() } })
}

fn records(page: Result<poller::Step, types::Failure>) -> anyhow::Result<usize> {
    match page.map_err(|failure| anyhow!("{failure:?}"))? {
        poller::Step::Page(page) => Ok(page.records.len()),
        poller::Step::Send(_) => Ok(0),
    }
}

/// The same component without anything around it.
struct Bare {
    component: InstancePre<World>,
    poller: poller::GuestIndices,
}

struct World {
    wasi: WasiCtx,
    table: ResourceTable,
}

impl WasiView for World {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl Bare {
    fn load(file: &std::path::Path) -> anyhow::Result<Self> {
        let mut config = Config::new();
        let mut pool = PoolingAllocationConfig::default();
        pool.max_memory_size(Limits::default().memory)
            .table_elements(Limits::default().table_elements)
            .linear_memory_keep_resident(256 << 10)
            .table_keep_resident(64 << 10)
            .pagemap_scan(Enabled::Auto)
            .total_component_instances(64)
            .total_stacks(64);
        config
            .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
            .concurrency_support(false);
        let engine = Engine::new(&config)?;
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        let component = Component::from_file(&engine, file)?;
        let component = linker.instantiate_pre(&component)?;
        let poller = poller::GuestIndices::new(&component)?;
        Ok(Self { component, poller })
    }

    async fn begin(&self, case: &Case) -> anyhow::Result<()> {
        let (mut store, guest) = self.instance().await?;
        let step = guest.call_begin(&mut store, &case.context, &case.job).await?;
        black_box(step)
            .map(|_step| ())
            .map_err(|failure| anyhow!("{failure:?}"))
    }

    async fn resume(&self, case: &Case) -> anyhow::Result<()> {
        let (mut store, guest) = self.instance().await?;
        let Case {
            context,
            job,
            state,
            answers,
            ..
        } = case;
        let page = guest
            .call_resume(&mut store, context, job, state, answers)
            .await?;
        black_box(page)
            .map(|_page| ())
            .map_err(|failure| anyhow!("{failure:?}"))
    }

    async fn instance(&self) -> anyhow::Result<(Store<World>, poller::Guest)> {
        let world = World {
            wasi: WasiCtx::builder().build(),
            table: ResourceTable::new(),
        };
        let mut store = Store::new(self.component.engine(), world);
        let instance = self.component.instantiate_async(&mut store).await?;
        let guest = self.poller.load(&mut store, &instance)?;
        Ok((store, guest))
    }
}
