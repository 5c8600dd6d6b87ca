//! Description files: `NAME.element.toml` beside the adapters makes another element of one of them.
//!
//! The host reads one key of such a file, `adapter`: the rest is between its author and the adapter, which is handed
//! the bytes in `describe` and in the context of every call.

use std::sync::Arc;

use serde::Deserialize;

use super::{
    error::Rejection,
    trust::{Verdict, Vetted},
};

/// How the name of a description file ends.
pub(super) const SUFFIX: &str = ".element.toml";

/// A description file that names its adapter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Package {
    /// Its name.
    pub(super) file: String,
    /// The file of the adapter that it belongs to.
    pub(super) adapter: String,
    /// Its content.
    pub(super) bytes: Arc<[u8]>,
    /// The BLAKE3 digest of its content.
    pub(super) digest: blake3::Hash,
    /// What its signature came to, where somebody asked.
    pub(super) verdict: Option<Verdict>,
}

/// What the host reads of it.
#[derive(Deserialize)]
struct Head {
    adapter: String,
}

impl Package {
    /// Read a file's content.
    pub(super) fn read(file: &str, Vetted { bytes, verdict }: Vetted) -> Result<Self, Rejection> {
        let text = std::str::from_utf8(&bytes).map_err(|error| Rejection::Package(error.to_string()))?;
        let head: Head =
            toml_edit::de::from_str(text).map_err(|error| Rejection::Package(lines(&error.to_string())))?;
        if !names_a_file(&head.adapter) {
            return Err(Rejection::Package(format!(
                "adapter = {:?} is not the name of a .wasm file beside it",
                head.adapter
            )));
        }
        Ok(Self {
            file: file.to_owned(),
            adapter: head.adapter,
            digest: blake3::hash(&bytes),
            bytes: bytes.into(),
            verdict,
        })
    }
}

/// Whether this is a name, and no path that leads elsewhere.
fn names_a_file(name: &str) -> bool {
    name.ends_with(".wasm") && !name.starts_with('.') && !name.contains(['/', '\\'])
}

/// The parser's messages are drawings of several lines.
fn lines(message: &str) -> String {
    let lines = message.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<&str, &str>) {
        let vetted = Vetted {
            bytes: text.into(),
            verdict: None,
        };
        match (Package::read("acme.element.toml", vetted), expected) {
            (Ok(package), Ok(adapter)) => assert_eq!(package.adapter, adapter),
            (Err(rejection), Err(why)) => assert!(rejection.to_string().contains(why), "{rejection}"),
            (read, _) => panic!("{text}: {read:?}"),
        }
    }

    #[test]
    fn a_description_file_names_its_adapter() {
        check("adapter = \"rest.wasm\"\n[resources]\nx = 1\n", Ok("rest.wasm"));
        check("adapter = ", Err("line 1, column 11"));
        check("name = \"x\"", Err("missing field `adapter`"));
        check("adapter = 7", Err("expected a string"));
        check(
            "adapter = \"rest\"",
            Err("\"rest\" is not the name of a .wasm file"),
        );
        check("adapter = \"../rest.wasm\"", Err("is not the name"));
        check("adapter = \".rest.wasm\"", Err("is not the name"));
    }
}
