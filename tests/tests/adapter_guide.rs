//! `docs/adapters.md`: its snippets are those that other tests compile and run, and its commands exist.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use periodic_tests::Home;

/// A fenced block.
struct Block {
    language: String,
    text: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn blocks() -> anyhow::Result<Vec<Block>> {
    let guide = std::fs::read_to_string(root().join("docs/adapters.md"))?;
    let mut blocks: Vec<Block> = Vec::new();
    let mut is_open = false;
    for line in guide.lines() {
        match line.strip_prefix("```") {
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
    Ok(blocks)
}

fn sources(folder: &Path, all: &mut String) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            sources(&path, all)?;
        } else {
            all.push_str(&std::fs::read_to_string(&path)?);
        }
    }
    Ok(())
}

/// Code, cases and configurations are pieces of the template and of the adapters, which other tests compile and run.
#[test]
fn snippets_are_what_is_compiled_and_run() -> anyhow::Result<()> {
    let mut known = String::new();
    for folder in [
        "adapters/template/rust/src",
        "tests/adapters/signet/src",
        "adapters/template/rust/cases",
        "adapters/maximizer/src",
    ] {
        sources(&root().join(folder), &mut known)?;
    }
    let mut seen = 0;
    for Block { language, text } in blocks()? {
        match language.as_str() {
            "rust" | "toml" | "json" => {
                assert!(
                    known.contains(text.trim_end()),
                    "this stands in no adapter:\n{text}"
                );
                seen += 1;
            }
            "sh" => {}
            other => panic!("nothing tests snippets of {other:?}:\n{text}"),
        }
    }
    assert!(seen >= 8, "{seen} snippets");
    Ok(())
}

/// Every command of the guide is one that the binary has, with these flags.
#[tokio::test(flavor = "multi_thread")]
async fn commands_exist() -> anyhow::Result<()> {
    let home = Home::bare()?;
    let all: Vec<Block> = blocks()?
        .into_iter()
        .filter(|block| block.language == "sh")
        .collect();
    let lines: Vec<&str> = all.iter().flat_map(|block| block.text.lines()).collect();
    let own: Vec<&str> = lines
        .iter()
        .copied()
        .filter(|line| line.starts_with("periodic "))
        .collect();
    assert!(own.len() >= 8, "{own:?}");
    for line in own {
        let words: Vec<&str> = line.split(' ').skip(1).collect();
        let (command, rest) = words.split_at(2);
        let help = home.run_bare(&[command, &["--help"]].concat()).await?;
        assert_eq!(help.code, Some(0), "{line}: {}", help.stderr);
        for flag in rest.iter().filter(|word| word.starts_with("--")) {
            assert!(help.stdout.contains(flag), "{line}: there is no {flag}");
        }
    }
    Ok(())
}
