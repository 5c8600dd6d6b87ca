//! Compiled code, kept between starts.
//!
//! Compiling an adapter takes most of a second, loading what was compiled a few milliseconds. The folder belongs to the
//! host. Machine code is believed only under an authentication code that nobody else can make: BLAKE3, keyed by the
//! vault, over the name and every byte. A file that was changed is compiled anew, never run.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    io::{self, Write as _},
};

use cap_std::fs::Dir;
use wasmtime::{Engine, component::Component};

use super::precompiled;

/// Files that are kept at most: a development host sees many versions of an adapter.
const KEPT: usize = 64;
/// Bytes of the authentication code, in front of the code.
const CODE: usize = blake3::OUT_LEN;
const SUFFIX: &str = ".code";

/// A folder of compiled code.
#[derive(Debug)]
pub struct Cache {
    folder: Dir,
    key: [u8; 32],
}

impl Cache {
    /// Keep compiled code in this folder, authenticated by this key.
    pub fn new(folder: Dir, key: [u8; 32]) -> Self {
        Self { folder, key }
    }

    /// What was compiled of a file with this digest by this very engine.
    pub(super) fn get(&self, engine: &Engine, digest: &str) -> Option<Component> {
        let name = name(engine, digest);
        let stored = self.folder.read(&name).ok()?;
        let (code, compiled) = stored.split_first_chunk::<CODE>()?;
        // The comparison takes the same time wherever it fails.
        if self.authenticate(&name, compiled) != blake3::Hash::from_bytes(*code) {
            tracing::warn!(
                file = name,
                "compiled code was changed by somebody else; it is compiled anew"
            );
            return None;
        }
        precompiled::load(engine, compiled)
            .inspect_err(|error| tracing::warn!(file = name, %error, "compiled code is of no use; it is compiled anew"))
            .ok()
    }

    /// Keep what was compiled. A failure costs time at the next start, nothing else.
    pub(super) fn put(&self, engine: &Engine, digest: &str, compiled: &[u8]) {
        let name = name(engine, digest);
        let kept = self.write(&name, compiled).and_then(|()| self.sweep());
        if let Err(error) = kept {
            tracing::warn!(file = name, %error, "compiled code could not be kept; it is compiled anew at the next start");
        }
    }

    /// Whole or not at all.
    fn write(&self, name: &str, compiled: &[u8]) -> io::Result<()> {
        let half_written = format!("{name}.new");
        let mut file = self.folder.create(&half_written)?;
        file.write_all(self.authenticate(name, compiled).as_bytes())?;
        file.write_all(compiled)?;
        drop(file);
        self.folder.rename(&half_written, &self.folder, name)
    }

    /// Remove the oldest beyond the number that is kept.
    fn sweep(&self) -> io::Result<()> {
        let mut files = Vec::new();
        for entry in self.folder.entries()? {
            let entry = entry?;
            let modified = entry.metadata()?.modified()?;
            if let Ok(name) = entry.file_name().into_string()
                && name.ends_with(SUFFIX)
            {
                files.push((modified, name));
            }
        }
        files.sort_unstable_by(|one, other| other.cmp(one));
        files
            .iter()
            .skip(KEPT)
            .try_for_each(|(_, name)| self.folder.remove_file(name))
    }

    fn authenticate(&self, name: &str, compiled: &[u8]) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(&(name.len() as u64).to_le_bytes());
        hasher.update(name.as_bytes());
        hasher.update(compiled);
        hasher.finalize()
    }
}

/// Another version or setting of the engine makes another name.
fn name(engine: &Engine, digest: &str) -> String {
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    format!("{digest}-{:016x}{SUFFIX}", hasher.finish())
}

#[cfg(test)]
mod tests {
    use cap_std::ambient_authority;

    use super::*;

    const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

    fn cache(folder: &tempfile::TempDir, key: u8) -> Cache {
        let folder = Dir::open_ambient_dir(folder.path(), ambient_authority()).unwrap();
        Cache::new(folder, [key; 32])
    }

    fn stored(folder: &tempfile::TempDir) -> Vec<std::path::PathBuf> {
        std::fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect()
    }

    #[test]
    fn what_was_kept_is_found_by_digest_and_key() {
        let (engine, folder) = (Engine::default(), tempfile::tempdir().unwrap());
        let compiled = engine.precompile_component(EMPTY).unwrap();
        let own = cache(&folder, 1);
        assert!(own.get(&engine, "d1").is_none());
        own.put(&engine, "d1", &compiled);
        assert!(own.get(&engine, "d1").is_some());
        assert!(own.get(&engine, "d2").is_none());
        assert!(
            cache(&folder, 2).get(&engine, "d1").is_none(),
            "another host's code"
        );
    }

    #[test]
    fn a_changed_byte_anywhere_is_not_run() {
        let (engine, folder) = (Engine::default(), tempfile::tempdir().unwrap());
        let own = cache(&folder, 1);
        own.put(&engine, "d1", &engine.precompile_component(EMPTY).unwrap());
        let [path] = stored(&folder).try_into().unwrap();
        let good = std::fs::read(&path).unwrap();
        let places = (0..good.len()).step_by(1 + good.len() / 200);
        for place in places {
            let mut changed = good.clone();
            changed[place] ^= 1;
            std::fs::write(&path, changed).unwrap();
            assert!(own.get(&engine, "d1").is_none(), "byte {place}");
        }
        for length in [0, 1, CODE, good.len() - 1] {
            std::fs::write(&path, &good[..length]).unwrap();
            assert!(own.get(&engine, "d1").is_none(), "{length} bytes");
        }
        // Another file's code under this name.
        std::fs::write(&path, &good).unwrap();
        std::fs::rename(&path, path.with_file_name(name(&engine, "d2"))).unwrap();
        assert!(own.get(&engine, "d2").is_none());
    }

    #[test]
    fn the_oldest_go() {
        let (engine, folder) = (Engine::default(), tempfile::tempdir().unwrap());
        let own = cache(&folder, 1);
        let compiled = engine.precompile_component(EMPTY).unwrap();
        for number in 0..KEPT + 5 {
            own.put(&engine, &format!("d{number}"), &compiled);
        }
        assert_eq!(stored(&folder).len(), KEPT);
    }
}
