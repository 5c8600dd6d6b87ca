//! The adapters folder: what lies in it, and the reading of one file. The folder is a capability: nothing outside of it
//! can be reached, whatever a link says, and nothing that is no plain file is opened.

use std::{
    collections::BTreeMap,
    io::{self, Read as _},
    time::SystemTime,
};

use cap_std::fs::{Dir, File, FileType, Metadata, OpenOptions, OpenOptionsExt as _};

use super::{
    Limits, Rejection, package,
    signature::{self, Subject},
};

const COMPONENT: &str = ".wasm";
const COMPILED: &str = ".cwasm";

/// What a file is for, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// A component.
    Component,
    /// A description file.
    Package,
    /// The signature of one of the two.
    Signature(Subject),
}

/// What a look tells of a file. Two that differ may mean a changed file; two that agree mean the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Glance {
    pub(super) kind: Kind,
    state: Result<Plain, Unusable>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Plain {
    size: u64,
    modified: Option<SystemTime>,
}

/// Why something with the name of a file is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unusable {
    Directory,
    Link,
    Special,
    Compiled,
}

/// What lies in the folder, by name.
pub(super) type Listing = BTreeMap<String, Glance>;

/// Look at the folder.
pub(super) fn list(folder: &Dir) -> io::Result<Listing> {
    let mut files = BTreeMap::new();
    for entry in folder.entries()? {
        let Ok(name) = entry?.file_name().into_string() else {
            continue;
        };
        if let Some(kind) = kind(&name)
            && let Some(state) = look(folder, &name)
        {
            files.insert(name, Glance { kind, state });
        }
    }
    Ok(files)
}

/// What a file of this name is for. Names that begin with a dot belong to whoever copies files.
fn kind(name: &str) -> Option<Kind> {
    match name {
        _ if name.starts_with('.') => None,
        _ if name.ends_with(COMPONENT) || name.ends_with(COMPILED) => Some(Kind::Component),
        _ if name.ends_with(package::SUFFIX) => Some(Kind::Package),
        _ => Subject::of(name.strip_suffix(signature::SUFFIX)?).map(Kind::Signature),
    }
}

/// None for what vanishes while it is looked at.
fn look(folder: &Dir, name: &str) -> Option<Result<Plain, Unusable>> {
    if name.ends_with(COMPILED) {
        return Some(Err(Unusable::Compiled));
    }
    let itself = folder.symlink_metadata(name).ok()?;
    if !itself.is_symlink() {
        return Some(plain(&itself));
    }
    // A link within the folder is as good as a file; the way out of it is barred.
    match folder.metadata(name) {
        Ok(target) => Some(plain(&target)),
        Err(_out_of_reach) => Some(Err(Unusable::Link)),
    }
}

fn plain(metadata: &Metadata) -> Result<Plain, Unusable> {
    match metadata.file_type() {
        kind if kind == FileType::file() => Ok(Plain {
            size: metadata.len(),
            modified: metadata.modified().ok().map(cap_std::time::SystemTime::into_std),
        }),
        kind if kind == FileType::dir() => Err(Unusable::Directory),
        _ => Err(Unusable::Special),
    }
}

/// A limit of size and the setting that it comes from.
#[derive(Debug, Clone)]
pub(super) struct SizeLimit {
    pub(super) bytes: u64,
    pub(super) setting: String,
}

impl SizeLimit {
    /// Of a component's file.
    pub(super) fn file(limits: &Limits) -> Self {
        Self {
            bytes: limits.file_size,
            setting: limits.setting("file_size"),
        }
    }

    /// Of a description file.
    pub(super) fn package(limits: &Limits) -> Self {
        Self {
            bytes: limits.package_size,
            setting: limits.setting("package_size"),
        }
    }
}

/// Read a file whole.
pub(super) fn read(folder: &Dir, name: &str, limit: SizeLimit) -> Result<Vec<u8>, Rejection> {
    let (file, size) = open(folder, name)?;
    let SizeLimit {
        bytes: limit,
        setting,
    } = limit;
    if size > limit {
        return Err(Rejection::TooLarge { size, limit, setting });
    }
    let bytes = read_up_to(limit, file)?;
    if bytes.starts_with(b"\x7fELF") {
        return Err(Rejection::Precompiled);
    }
    Ok(bytes)
}

/// Read the signature of a file; None where there is none. What is too long for one is cut, and is none then.
pub(super) fn read_signature(folder: &Dir, signed: &str) -> Result<Option<Vec<u8>>, Rejection> {
    match open(folder, &format!("{signed}{}", signature::SUFFIX)) {
        Ok((file, _)) => read_up_to(signature::LARGEST, file).map(Some),
        Err(Rejection::Unreadable(error)) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(rejection) => Err(rejection),
    }
}

/// Open a plain file; its size.
fn open(folder: &Dir, name: &str) -> Result<(File, u64), Rejection> {
    // None: it vanished, and opening it says so.
    if let Some(Err(unusable)) = look(folder, name) {
        return Err(unusable.into());
    }
    // NOTE: what was looked at may have been replaced by a pipe since; opening one must not wait for its other end.
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(libc::O_NONBLOCK);
    let file = folder.open_with(name, &options).map_err(Rejection::Unreadable)?;
    let metadata = file.metadata().map_err(Rejection::Unreadable)?;
    let Plain { size, .. } = plain(&metadata)?;
    Ok((file, size))
}

/// A file may grow while it is read.
fn read_up_to(limit: u64, file: File) -> Result<Vec<u8>, Rejection> {
    let mut bytes = Vec::new();
    let read = file.take(limit).read_to_end(&mut bytes);
    read.map_err(Rejection::Unreadable)?;
    Ok(bytes)
}

impl From<Unusable> for Rejection {
    fn from(unusable: Unusable) -> Self {
        match unusable {
            Unusable::Directory => Self::Irregular("a directory"),
            Unusable::Link => Self::Irregular("a link that leads nowhere or out of the adapters folder"),
            Unusable::Special => Self::Irregular("a pipe, a socket or a device"),
            Unusable::Compiled => Self::Precompiled,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{os::unix::fs::symlink, process::Command};

    use cap_std::ambient_authority;

    use super::*;

    fn limit() -> SizeLimit {
        SizeLimit {
            bytes: 10,
            setting: "adapters.file_size".to_owned(),
        }
    }

    fn check(folder: &Dir, name: &str, expected: Result<&str, &str>) {
        match (read(folder, name, limit()), expected) {
            (Ok(bytes), Ok(text)) => assert_eq!(bytes, text.as_bytes(), "{name}"),
            (Err(rejection), Err(why)) => {
                assert!(rejection.to_string().contains(why), "{name}: {rejection}")
            }
            (read, _) => panic!("{name}: {read:?}"),
        }
    }

    #[test]
    fn only_plain_files_of_the_folder_are_read() {
        let (outside, inside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let at = |name: &str| inside.path().join(name);
        std::fs::write(outside.path().join("secret.wasm"), "secret").unwrap();
        std::fs::write(at("plain.wasm"), "plain").unwrap();
        std::fs::write(at("long.wasm"), "0123456789x").unwrap();
        std::fs::write(at("code.wasm"), "\x7fELF").unwrap();
        std::fs::write(at("x.cwasm"), "x").unwrap();
        std::fs::write(at(".hidden.wasm"), "x").unwrap();
        std::fs::write(at("acme.element.toml"), "x").unwrap();
        std::fs::write(at("notes.toml"), "x").unwrap();
        std::fs::write(at("notes.toml.sig"), "x").unwrap();
        std::fs::write(at("acme.element.toml.sig"), "x").unwrap();
        std::fs::write(at("plain.wasm.sig"), "s".repeat(2000)).unwrap();
        symlink("/etc/hostname", at("link.wasm.sig")).unwrap();
        std::fs::create_dir(at("dir.wasm")).unwrap();
        symlink("plain.wasm", at("link.wasm")).unwrap();
        symlink("nowhere", at("dangling.wasm")).unwrap();
        symlink("loop.wasm", at("loop.wasm")).unwrap();
        symlink(outside.path().join("secret.wasm"), at("out.wasm")).unwrap();
        symlink("/dev/zero", at("zero.wasm")).unwrap();
        assert!(
            Command::new("mkfifo")
                .arg(at("pipe.wasm"))
                .status()
                .unwrap()
                .success()
        );

        let folder = Dir::open_ambient_dir(inside.path(), ambient_authority()).unwrap();
        let listing = list(&folder).unwrap();
        let names: Vec<_> = listing.keys().map(String::as_str).collect();
        let expected = [
            "acme.element.toml",
            "acme.element.toml.sig",
            "code.wasm",
            "dangling.wasm",
            "dir.wasm",
            "link.wasm",
            "link.wasm.sig",
            "long.wasm",
            "loop.wasm",
            "out.wasm",
            "pipe.wasm",
            "plain.wasm",
            "plain.wasm.sig",
            "x.cwasm",
            "zero.wasm",
        ];
        assert_eq!(names, expected);
        check(&folder, "plain.wasm", Ok("plain"));
        check(&folder, "link.wasm", Ok("plain"));
        check(
            &folder,
            "long.wasm",
            Err("11 bytes, more than the 10 that setting adapters.file_size"),
        );
        check(&folder, "code.wasm", Err("compiled code"));
        check(&folder, "x.cwasm", Err("compiled code"));
        check(&folder, "dir.wasm", Err("a directory"));
        check(&folder, "dangling.wasm", Err("a link that leads nowhere"));
        check(&folder, "loop.wasm", Err("a link that leads nowhere"));
        check(&folder, "out.wasm", Err("out of the adapters folder"));
        check(&folder, "zero.wasm", Err("out of the adapters folder"));
        check(&folder, "pipe.wasm", Err("a pipe"));
        check(&folder, "gone.wasm", Err("cannot be read"));
        let signature = |signed| read_signature(&folder, signed);
        assert!(matches!(signature("plain.wasm"), Ok(Some(bytes)) if bytes.len() == 1024));
        assert!(matches!(signature("long.wasm"), Ok(None)));
        assert!(matches!(signature("link.wasm"), Err(Rejection::Irregular(_))));
    }
}
