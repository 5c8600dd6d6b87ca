//! What a component imports and exports, read before a byte of it is compiled.

use wasmparser::{Encoding, Parser, Payload};

use super::error::Rejection;

/// What this host speaks of the contract.
const SPOKEN: &str = "1.0";
const PACKAGE: &str = "periodic:element/";
/// What an adapter may import of it. `types` has no functions: a toolchain may import it for its types' sake.
const OWN: [&str; 2] = ["log", "types"];
/// What the world without anything in it answers (WASI 0.2, the `cli` world without `http`).
const WASI: [&str; 6] = [
    "wasi:cli",
    "wasi:clocks",
    "wasi:filesystem",
    "wasi:io",
    "wasi:random",
    "wasi:sockets",
];

/// Names of what a component imports and of what it exports of the contract.
#[derive(Debug)]
pub(super) struct Surface {
    pub(super) imports: Vec<String>,
    /// Interface and version.
    pub(super) exports: Vec<(String, String)>,
}

impl Surface {
    /// The version of the contract that it speaks.
    pub(super) fn contract(&self) -> &str {
        let element = self.exports.iter().find(|(interface, _)| interface == "element");
        element.map_or("", |(_, version)| version.as_str())
    }

    /// Read a file that is known to be well-formed.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Rejection> {
        let mut surface = Self {
            imports: Vec::new(),
            exports: Vec::new(),
        };
        let mut depth = 0_usize;
        let mut is_component = false;
        for payload in Parser::new(0).parse_all(bytes) {
            match payload.map_err(broken)? {
                Payload::Version { encoding, .. } if depth == 0 => {
                    is_component = encoding == Encoding::Component
                }
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
                Payload::End(_) => depth = depth.saturating_sub(1),
                Payload::ComponentImportSection(imports) if depth == 0 => {
                    for import in imports {
                        surface.imports.push(import.map_err(broken)?.name.name.to_owned());
                    }
                }
                Payload::ComponentExportSection(exports) if depth == 0 => {
                    for export in exports {
                        let name = export.map_err(broken)?.name.name;
                        let Some((interface, version)) =
                            name.strip_prefix(PACKAGE).and_then(|rest| rest.split_once('@'))
                        else {
                            continue;
                        };
                        surface.exports.push((interface.to_owned(), version.to_owned()));
                    }
                }
                _ => {}
            }
        }
        if !is_component {
            return Err(Rejection::NoComponent("it is a core module".to_owned()));
        }
        Ok(surface)
    }

    /// Whether the contract's version and all imports are known here.
    pub(super) fn check(&self) -> Result<(), Rejection> {
        if let Some((_, version)) = self.exports.iter().find(|(_, version)| major(version) != "1") {
            return Err(Rejection::Version {
                found: version.clone(),
                spoken: SPOKEN,
            });
        }
        if !self.exports.iter().any(|(interface, _)| interface == "element") {
            return Err(Rejection::NoAdapter);
        }
        let known = |name: &String| {
            let name = name.split_once('@').map_or(name.as_str(), |(name, _)| name);
            match name.split_once('/') {
                Some((package, _)) if WASI.contains(&package) => true,
                _ => OWN.iter().any(|own| name.strip_prefix(PACKAGE) == Some(own)),
            }
        };
        match self.imports.iter().find(|name| !known(name)) {
            None => Ok(()),
            Some(name) => Err(Rejection::Import(name.clone())),
        }
    }
}

/// Some of the reader's messages have many lines.
pub(super) fn broken(error: wasmparser::BinaryReaderError) -> Rejection {
    let text = error.to_string();
    Rejection::NoComponent(text.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn major(version: &str) -> &str {
    version.split_once('.').map_or(version, |(major, _)| major)
}
