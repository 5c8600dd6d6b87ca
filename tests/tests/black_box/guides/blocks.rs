//! What stands in a page between fences.

use anyhow::{Context as _, ensure};

/// A fenced block.
pub(crate) struct Block {
    /// What stands behind the first fence.
    pub(crate) language: String,
    /// What stands between the fences.
    pub(crate) text: String,
}

/// The blocks of a page, in order.
pub(crate) fn blocks(page: &str) -> anyhow::Result<Vec<Block>> {
    let text = std::fs::read_to_string(super::root().join(page)).with_context(|| page.to_owned())?;
    let mut blocks: Vec<Block> = Vec::new();
    let mut is_open = false;
    for line in text.lines() {
        match line.trim_start().strip_prefix("```") {
            Some(language) if !is_open => {
                is_open = true;
                blocks.push(Block {
                    language: language.to_owned(),
                    text: String::new(),
                });
            }
            Some(_) => is_open = false,
            None if is_open => {
                let block = blocks.last_mut().context("a block")?;
                block.text.push_str(line);
                block.text.push('\n');
            }
            None => {}
        }
    }
    ensure!(!is_open, "{page}: the last block has no end");
    Ok(blocks)
}
