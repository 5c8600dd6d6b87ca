//! `periodic adapter new`: a project that builds, tests and loads.

use std::{
    io,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail, ensure};
use clap::ValueEnum;

use super::vendor;

/// `periodic adapter new`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// The element's key: lower-case letters and digits, in words joined by dashes, for instance acme-shop.
    name: String,
    /// What it is written in.
    #[arg(long, value_enum, default_value_t = Language::Rust)]
    lang: Language,
    /// Where to [default: a folder of that name].
    #[arg(long, value_name = "DIR")]
    path: Option<PathBuf>,
}

/// What an adapter is written in.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(in crate::cli) enum Language {
    /// Rust, with the SDK.
    Rust,
}

impl Language {
    /// The folder of its files in the binary.
    fn folder(self) -> &'static str {
        match self {
            Self::Rust => "rust/",
        }
    }
}

/// The files of all languages, as they were when this binary was built.
const TEMPLATE: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/template.rs"));
/// What the template's element is called.
const TEMPLATE_ID: &str = "900_001";
/// Longer names make unwieldy paths.
const LONGEST: usize = 40;

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let name = Name::parse(&arguments.name)?;
    let dir = arguments.path.clone().unwrap_or_else(|| PathBuf::from(&name.key));
    claim(&dir)?;
    let folder = arguments.lang.folder();
    for (file, text) in TEMPLATE {
        if let Some(file) = file.strip_prefix(folder) {
            vendor::write(&dir.join(file), &name.put_into(text))?;
        }
    }
    vendor::vendor(&dir)?;
    let file = format!("target/wasm32-wasip2/release/{}.wasm", name.identifier);
    println!("{} is in {}. What comes next:\n", name.title, dir.display());
    println!("  cd {}", dir.display());
    println!("  rustup target add wasm32-wasip2");
    println!("  cargo test");
    println!("  cargo build --release --target wasm32-wasip2");
    println!("  periodic adapter test {file} --cases cases");
    println!("  cp {file} ADAPTERS        # the adapters folder of a running host");
    Ok(())
}

/// Make the folder; one that is there already has to be empty.
fn claim(dir: &Path) -> anyhow::Result<()> {
    match std::fs::read_dir(dir) {
        Ok(mut entries) => {
            ensure!(
                entries.next().is_none(),
                "{} exists and is not empty; choose another place with --path",
                dir.display()
            );
            Ok(())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            std::fs::create_dir_all(dir).with_context(|| format!("{} cannot be made", dir.display()))
        }
        Err(error) => Err(error).with_context(|| format!("{} cannot be used", dir.display())),
    }
}

/// A name in its spellings.
#[derive(Debug, PartialEq, Eq)]
struct Name {
    /// `acme-shop`.
    key: String,
    /// `acme_shop`.
    identifier: String,
    /// `AcmeShop`.
    type_name: String,
    /// `Acme Shop`.
    title: String,
}

impl Name {
    fn parse(key: &str) -> anyhow::Result<Self> {
        let is_word = |word: &str| {
            word.starts_with(|first: char| first.is_ascii_lowercase())
                && word
                    .chars()
                    .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit())
        };
        ensure!(
            key.len() <= LONGEST && key.split('-').all(is_word),
            "{key:?} is no name for an adapter: it has to be made of lower-case letters and digits, in words that \
             begin with a letter and are joined by dashes, {LONGEST} characters at most; for instance acme-shop"
        );
        if RESERVED.contains(&key) {
            bail!("{key:?} means something to the compiler; choose another name, for instance {key}-crm");
        }
        let capital = |word: &str| {
            let mut letters = word.chars();
            let first = letters.next().map(|first| first.to_ascii_uppercase());
            first.into_iter().chain(letters).collect::<String>()
        };
        let capitals: Vec<String> = key.split('-').map(capital).collect();
        Ok(Self {
            key: key.to_owned(),
            identifier: key.replace('-', "_"),
            type_name: capitals.concat(),
            title: capitals.join(" "),
        })
    }

    fn put_into(&self, text: &str) -> String {
        text.replace("acme-shop", &self.key)
            .replace("acme_shop", &self.identifier)
            .replace("AcmeShop", &self.type_name)
            .replace("Acme Shop", &self.title)
            .replace("ACME_SHOP", &self.identifier.to_ascii_uppercase())
            .replace(TEMPLATE_ID, &self.id().to_string())
    }

    /// A numeric id that nobody else is likely to have: by the name, so that the same name has the same.
    fn id(&self) -> u64 {
        let digest = blake3::hash(self.key.as_bytes());
        let number = digest
            .as_bytes()
            .first_chunk()
            .map_or(0, |head| u32::from_le_bytes(*head));
        1_000_000 + u64::from(number) % 1_000_000_000
    }
}

/// Crates and words that a package cannot be called by.
const RESERVED: [&str; 66] = [
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "build",
    "const",
    "continue",
    "core",
    "crate",
    "deps",
    "do",
    "dyn",
    "else",
    "enum",
    "examples",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "incremental",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "periodic",
    "periodic-sdk",
    "priv",
    "proc-macro",
    "pub",
    "ref",
    "return",
    "self",
    "serde",
    "static",
    "std",
    "struct",
    "super",
    "test",
    "tests",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "union",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "wit-bindgen",
    "yield",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_their_spellings() {
        let name = Name::parse("blue-sky2").unwrap();
        let text = name.put_into("acme-shop acme_shop AcmeShop, Acme Shop ACME_SHOP");
        assert_eq!(text, "blue-sky2 blue_sky2 BlueSky2, Blue Sky2 BLUE_SKY2");
        assert!(name.id() >= 1_000_000);
    }

    #[test]
    fn bad_names_are_refused() {
        let long = "a".repeat(LONGEST + 1);
        for bad in [
            "",
            "-",
            "Acme",
            "acme_shop",
            "2acme",
            "acme-2",
            "a--b",
            "../x",
            "a/b",
            "äcme",
            "serde",
            "fn",
            &long,
        ] {
            assert!(Name::parse(bad).is_err(), "{bad}");
        }
        for good in ["a", "acme", "acme-shop", "crm4u"] {
            assert!(Name::parse(good).is_ok(), "{good}");
        }
    }
}
