//! Embeds the contract and the SDK's sources, so that the binary can hand them to authors of adapters.

use std::{
    env, fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

fn main() -> io::Result<()> {
    let root = PathBuf::from(variable("CARGO_MANIFEST_DIR")?).join("..");
    let mut files = Vec::new();
    // NOTE: not `wit`, which cargo-component takes for a package of the adapter's own.
    collect(&root.join("wit/v1"), Path::new("periodic-wit/v1"), &mut files)?;
    collect(
        &root.join("adapters/sdk/src"),
        Path::new("periodic-sdk/src"),
        &mut files,
    )?;
    files.sort();
    let out = PathBuf::from(variable("OUT_DIR")?);
    let manifest = out.join("sdk-manifest.toml");
    fs::write(&manifest, sdk_manifest(&root)?)?;
    files.push(("periodic-sdk/Cargo.toml".into(), manifest));
    list(&out.join("vendored.rs"), &files)?;

    let mut template = Vec::new();
    collect_all(&root.join("adapters/template"), Path::new(""), &mut template)?;
    template.sort();
    list(&out.join("template.rs"), &template)
}

/// Write the files' names and texts as an expression.
fn list(to: &Path, files: &[(String, PathBuf)]) -> io::Result<()> {
    let mut list = fs::File::create(to)?;
    writeln!(list, "&[")?;
    for (name, path) in files {
        writeln!(list, "    ({name:?}, include_str!({:?})),", path.canonicalize()?)?;
    }
    writeln!(list, "]")
}

fn variable(name: &str) -> io::Result<String> {
    env::var(name).map_err(io::Error::other)
}

fn collect(folder: &Path, name: &Path, files: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    println!("cargo::rerun-if-changed={}", folder.display());
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = name.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name != "snapshots") {
                collect(&path, &name, files)?;
            }
        } else if path.file_stem().is_some_and(|stem| stem != "tests") {
            files.push((name.to_string_lossy().into_owned(), path));
        }
    }
    Ok(())
}

/// The same with tests, for what is handed on whole.
fn collect_all(folder: &Path, name: &Path, files: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    println!("cargo::rerun-if-changed={}", folder.display());
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = name.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            collect_all(&path, &name, files)?;
        } else {
            files.push((name.to_string_lossy().into_owned(), path));
        }
    }
    Ok(())
}

/// The SDK's manifest without its workspace: versions written out, tests left behind.
fn sdk_manifest(root: &Path) -> io::Result<String> {
    let (workspace, sdk) = (root.join("Cargo.toml"), root.join("adapters/sdk/Cargo.toml"));
    println!("cargo::rerun-if-changed={}", workspace.display());
    println!("cargo::rerun-if-changed={}", sdk.display());
    let (workspace, sdk) = (fs::read_to_string(workspace)?, fs::read_to_string(sdk)?);
    let version = |name: &str| {
        let line = workspace
            .lines()
            .find(|line| line.starts_with(&format!("{name} = ")));
        line.map(str::to_owned)
            .ok_or_else(|| io::Error::other(format!("{name} is not in the workspace's table")))
    };
    let mut manifest = String::from(
        "[package]\nname = \"periodic-sdk\"\nversion = \"0.1.0\"\nedition = \"2024\"\nlicense = \"Apache-2.0\"\npublish = \
         false\n\n[dependencies]\n",
    );
    let dependencies = sdk.lines().skip_while(|line| *line != "[dependencies]").skip(1);
    for line in dependencies
        .take_while(|line| !line.starts_with('['))
        .filter(|line| !line.trim().is_empty())
    {
        let line = match line.strip_suffix(".workspace = true") {
            Some(name) => version(name)?,
            None => line.to_owned(),
        };
        manifest.push_str(&line);
        manifest.push('\n');
    }
    Ok(manifest)
}
