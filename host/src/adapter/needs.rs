//! What a component needs from the beginning: memories and tables that are larger than they may ever become are refused
//! with the limit, before anything is compiled.

use wasmparser::{Parser, Payload};

use super::{
    error::Rejection,
    limits::{LimitExceeded, Limits},
    surface::broken,
};

/// The size of a page of memory, unless a memory has its own.
const PAGE_LOG2: u32 = 16;

/// Look at the memories and tables of all modules of a component that is known to be well-formed.
pub(super) fn check(bytes: &[u8], limits: &Limits) -> Result<(), Rejection> {
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(broken)? {
            Payload::MemorySection(memories) => {
                for memory in memories {
                    let memory = memory.map_err(broken)?;
                    let page = 1_u64 << memory.page_size_log2.unwrap_or(PAGE_LOG2).min(PAGE_LOG2);
                    let size = memory.initial.saturating_mul(page);
                    one(limits, "memory", limits.memory, size)?;
                }
            }
            Payload::TableSection(tables) => {
                for table in tables {
                    let size = table.map_err(broken)?.ty.initial;
                    one(limits, "table_elements", limits.table_elements, size)?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn one(limits: &Limits, name: &'static str, limit: usize, asked: u64) -> Result<(), Rejection> {
    let requested = usize::try_from(asked).unwrap_or(usize::MAX);
    if requested <= limit {
        return Ok(());
    }
    let exceeded = LimitExceeded {
        name,
        limit,
        current: 0,
        requested,
    };
    Err(Rejection::Needs(Box::new(limits.refused(exceeded))))
}
