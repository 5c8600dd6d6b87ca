//! The description file: which attack, and where.

/// What is planned.
#[derive(Debug, Clone, Default)]
pub(crate) struct Plot(Vec<(String, String)>);

impl Plot {
    /// Read a description file: lines of `name = "value"`, which is all of TOML that this adapter needs.
    pub(crate) fn read(package: Option<&[u8]>) -> Result<Self, String> {
        let package = package.ok_or("an attack has to be chosen: key, id, at, attack")?;
        let text = std::str::from_utf8(package).map_err(|error| error.to_string())?;
        let line = |line: &str| {
            let (name, value) = line.split_once('=')?;
            Some((name.trim().to_owned(), value.trim().trim_matches('"').to_owned()))
        };
        Ok(Self(text.lines().filter_map(line).collect()))
    }

    /// The value of a line; empty when there is none.
    pub(crate) fn get(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    /// The attack that this function makes; empty when it behaves.
    pub(crate) fn at(&self, function: &str) -> &str {
        if self.get("at") == function {
            self.get("attack")
        } else {
            ""
        }
    }
}
