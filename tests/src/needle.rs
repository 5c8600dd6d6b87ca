//! Looking for secrets in all the forms that they could hide in.

use std::path::Path;

use anyhow::Context as _;
use base64::{
    Engine as _, engine::general_purpose::STANDARD_NO_PAD, engine::general_purpose::URL_SAFE_NO_PAD,
};

/// A secret and its forms: plain, percent-encoded, base64 at each of the three alignments.
#[derive(Debug, Clone)]
pub struct Needle {
    name: String,
    forms: Vec<(String, Vec<u8>)>,
}

// === impl Needle ===

impl Needle {
    /// A secret under the name that findings are told with.
    #[must_use]
    pub fn new(name: &str, secret: &str) -> Self {
        let mut forms = vec![("plain".to_owned(), secret.as_bytes().to_vec())];
        for upper in [true, false] {
            forms.push((
                "percent-encoded".to_owned(),
                percent_encoded(secret, upper).into_bytes(),
            ));
        }
        for shift in 0..3 {
            for (kind, engine) in [("base64", STANDARD_NO_PAD), ("base64url", URL_SAFE_NO_PAD)] {
                let mut bytes = vec![0; shift];
                bytes.extend_from_slice(secret.as_bytes());
                let text = engine.encode(&bytes);
                // What the neighbours have a share in is left out, at both ends.
                let start = (shift * 8).div_ceil(6);
                let end = bytes.len() * 8 / 6;
                let form = text.as_bytes().get(start..end).unwrap_or_default();
                forms.push((format!("{kind} at {shift}"), form.to_vec()));
            }
        }
        forms.retain(|(_, form)| form.len() >= 6);
        Self {
            name: name.to_owned(),
            forms,
        }
    }

    /// What is found of it in a text, in words.
    #[must_use]
    pub fn find(&self, place: &str, haystack: &[u8]) -> Vec<String> {
        let found = self.forms.iter().filter_map(|(kind, form)| {
            let at = memchr::memmem::find(haystack, form)?;
            let around = haystack
                .get(at.saturating_sub(80)..(at + form.len() + 20).min(haystack.len()))
                .unwrap_or_default();
            let around = String::from_utf8_lossy(around);
            Some(format!("{} ({kind}) in {place}: …{around:?}…", self.name))
        });
        found.collect()
    }
}

/// What is found of secrets in the files of a folder and of those beneath it.
///
/// # Errors
/// It cannot be read.
pub fn search_folder(needles: &[Needle], folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("{} cannot be listed", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(search_folder(needles, &path)?);
        } else if let Ok(bytes) = std::fs::read(&path) {
            let place = path.display().to_string();
            found.extend(needles.iter().flat_map(|needle| needle.find(&place, &bytes)));
        }
    }
    Ok(found)
}

fn percent_encoded(text: &str, upper: bool) -> String {
    let encode = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        byte if upper => format!("%{byte:02X}"),
        byte => format!("%{byte:02x}"),
    };
    text.bytes().map(encode).collect()
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    #[test]
    fn every_form_is_found() {
        let needle = Needle::new("key", "s3cr+t/v=lue");
        for text in [
            "a s3cr+t/v=lue b".to_owned(),
            "x=s3cr%2Bt%2Fv%3Dlue&".to_owned(),
            "x=s3cr%2bt%2fv%3dlue&".to_owned(),
            STANDARD.encode("s3cr+t/v=lue"),
            STANDARD.encode("1s3cr+t/v=lue and more"),
            STANDARD.encode("12s3cr+t/v=lue"),
            STANDARD.encode("123s3cr+t/v=luexy"),
        ] {
            assert!(!needle.find("text", text.as_bytes()).is_empty(), "{text}");
        }
        assert!(needle.find("text", b"s3cr+t, v=lue").is_empty());
    }
}
