//! URL patterns: where an element's requests may go.
//!
//! `scheme://host[:port]/path`, with `*` at the end of the path for anything that follows, and `*.` before the host for
//! any number of labels. `{key}` stands for a configuration value: at the start of a pattern for a URL whose scheme,
//! host, port and path are the beginning (`{key|origin}`: whose scheme, host and port are), anywhere else for one label
//! of the host or one segment of the path. A value that is none of that makes the pattern match nothing, so that no
//! configuration widens a pattern.

use std::fmt;

use url::{Host, Url};

/// A pattern that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the URL pattern {pattern:?} {why}; a pattern is scheme://host[:port]/path, with * at the end")]
pub struct PatternError {
    /// The pattern.
    pub pattern: String,
    /// What is wrong.
    pub why: &'static str,
}

/// A set of patterns, with the configuration put in. `Display` shows both, and what of the configuration is at fault.
#[derive(Debug, Clone, Default)]
pub struct UrlPatterns(Vec<Declared>);

/// A pattern as it is written, and what the configuration makes of it.
#[derive(Debug, Clone)]
struct Declared {
    text: String,
    filled: Result<Filled, Unfilled>,
}

#[derive(Debug, Clone)]
struct Filled {
    text: String,
    pattern: Pattern,
}

/// Why a pattern matches nothing: what is wrong with a value of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum Unfilled {
    #[error("{0} has no value")]
    NoValue(String),
    #[error("{key} is {value:?}, which is no address such as https://api.acme.com")]
    NoAddress { key: String, value: String },
    #[error("{key} is {value:?}, which is neither one label of a host nor one segment of a path")]
    NoLabel { key: String, value: String },
    #[error("with the configuration put in it is {0:?}, which is no address")]
    Odd(String),
}

#[derive(Debug, Clone)]
struct Pattern {
    scheme: String,
    host: HostPattern,
    port: Option<u16>,
    path: String,
    /// Whether anything may follow the path.
    open: bool,
}

#[derive(Debug, Clone)]
enum HostPattern {
    Exactly(String),
    /// This, after one or more labels.
    Under(String),
}

/// Stands for `*.` while the pattern is parsed as a URL.
const WILDCARD_LABEL: &str = "wildcard--label.";
/// Bytes of a value that are shown.
const SHOWN: usize = 200;

impl UrlPatterns {
    /// Compile patterns; `lookup` gives the configuration. A pattern whose key has no value matches nothing.
    pub fn compile(
        patterns: &[String],
        lookup: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, PatternError> {
        let compiled = patterns.iter().map(|text| {
            let filled = Filled::of(text, lookup).map_err(|why| PatternError {
                pattern: text.clone(),
                why,
            });
            let text = text.clone();
            filled.map(|filled| Declared { text, filled })
        });
        compiled.collect::<Result<_, _>>().map(Self)
    }

    /// The configuration keys that a pattern names.
    pub fn keys(pattern: &str) -> impl Iterator<Item = &str> {
        let opened = pattern.split('{').skip(1);
        let named = opened.filter_map(|rest| rest.split_once('}'));
        named.map(|(key, _)| key.split('|').next().unwrap_or(key))
    }

    /// Whether a URL matches one of them.
    pub fn allows(&self, url: &Url) -> bool {
        let mut filled = self.0.iter().filter_map(|declared| declared.filled.as_ref().ok());
        filled.any(|filled| filled.pattern.allows(url))
    }

    /// What of the configuration keeps patterns from matching anything, each once.
    pub(super) fn unfilled(&self) -> Vec<String> {
        let unfilled = self
            .0
            .iter()
            .filter_map(|declared| declared.filled.as_ref().err());
        let mut told: Vec<String> = Vec::new();
        for why in unfilled.map(Unfilled::to_string) {
            if !told.contains(&why) {
                told.push(why);
            }
        }
        told
    }
}

impl fmt::Display for UrlPatterns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Declared { text, filled }) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            match filled {
                Ok(filled) if filled.text == *text => f.write_str(text)?,
                Ok(filled) => write!(f, "{text} = {}", filled.text)?,
                Err(why) => write!(f, "{text}: {why}")?,
            }
        }
        Ok(())
    }
}

impl Filled {
    /// A pattern of the element that is none is a fault; one that the configuration makes none is told to whoever
    /// looks.
    fn of(
        text: &str,
        lookup: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Result<Self, Unfilled>, &'static str> {
        let filled = match fill(text, lookup)? {
            Ok(filled) => filled,
            Err(unfilled) => return Ok(Err(unfilled)),
        };
        match Pattern::parse(&filled) {
            Ok(pattern) => Ok(Ok(Self {
                text: filled,
                pattern,
            })),
            Err(_no_url) if filled != text => Ok(Err(Unfilled::Odd(shown(&filled)))),
            Err(why) => Err(why),
        }
    }
}

impl Pattern {
    /// Read a pattern without keys.
    fn parse(text: &str) -> Result<Self, &'static str> {
        let (body, open) = match text.strip_suffix('*') {
            Some(body) => (body, true),
            None => (text, false),
        };
        let body = body.replacen("://*.", &format!("://{WILDCARD_LABEL}"), 1);
        let url = Url::parse(&body).map_err(|_no_url| "is no URL")?;
        let host = url.host_str().ok_or("names no host")?;
        let host = match host.strip_prefix(WILDCARD_LABEL) {
            Some(rest) => HostPattern::Under(rest.to_owned()),
            None => HostPattern::Exactly(host.to_owned()),
        };
        Ok(Self {
            scheme: url.scheme().to_owned(),
            host,
            port: url.port_or_known_default(),
            path: url.path().to_owned(),
            open,
        })
    }

    fn allows(&self, url: &Url) -> bool {
        let host = match (url.host(), &self.host) {
            (Some(Host::Domain(host)), HostPattern::Under(rest)) => host
                .strip_suffix(rest.as_str())
                .is_some_and(|labels| labels.len() > 1 && labels.ends_with('.')),
            (Some(host), HostPattern::Exactly(exactly)) => host.to_string() == *exactly,
            _ => false,
        };
        let path = match url.path().strip_prefix(self.path.as_str()) {
            None => false,
            Some("") => true,
            Some(rest) => self.open && (self.path.ends_with('/') || rest.starts_with('/')),
        };
        host && path && self.scheme == url.scheme() && self.port == url.port_or_known_default()
    }
}

/// Put configuration values into a pattern.
fn fill(
    pattern: &str,
    lookup: &dyn Fn(&str) -> Option<String>,
) -> Result<Result<String, Unfilled>, &'static str> {
    let mut text = String::new();
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let (key, after) = after.split_once('}').ok_or("has a { without }")?;
        let (key, origin) = match key.strip_suffix("|origin") {
            Some(key) => (key, true),
            None => (key, false),
        };
        if key.contains('|') || (origin && !text.is_empty()) {
            return Err("knows {key}, and {key|origin} at its start");
        }
        let value = lookup(key).unwrap_or_default();
        let value = value.trim();
        let key = || key.to_owned();
        if value.is_empty() {
            return Ok(Err(Unfilled::NoValue(key())));
        }
        if text.is_empty() {
            match address(value, origin) {
                Some(address) => text.push_str(&address),
                None => {
                    let (key, value) = (key(), shown(value));
                    return Ok(Err(Unfilled::NoAddress { key, value }));
                }
            }
        } else if is_label(value) {
            text.push_str(value);
        } else {
            let (key, value) = (key(), shown(value));
            return Ok(Err(Unfilled::NoLabel { key, value }));
        }
        rest = after;
    }
    text.push_str(rest);
    Ok(Ok(text))
}

/// The beginning of the URLs that a value stands for: scheme, host and port, and unless only these are meant, its path.
fn address(value: &str, origin: bool) -> Option<String> {
    let mut url = Url::parse(value).ok().filter(Url::has_host)?;
    url.set_query(None);
    url.set_fragment(None);
    if origin {
        url.set_path("");
    }
    Some(url.as_str().trim_end_matches('/').to_owned())
}

/// The beginning of a value, for messages.
fn shown(value: &str) -> String {
    value
        .get(..value.floor_char_boundary(SHOWN))
        .unwrap_or_default()
        .to_owned()
}

/// One label of a host, or one segment of a path, without any character that means something in a URL.
fn is_label(value: &str) -> bool {
    value.len() <= 63
        && value
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, value: &str, url: &str, expected: bool) {
        let lookup = |_: &str| Some(value.to_owned());
        let patterns = UrlPatterns::compile(&[pattern.to_owned()], &lookup).unwrap();
        assert_eq!(
            patterns.allows(&Url::parse(url).unwrap()),
            expected,
            "{pattern} {value} {url}"
        );
    }

    #[test]
    fn patterns_match_scheme_host_port_and_path() {
        check(
            "https://api.acme.com/v1/*",
            "",
            "https://api.acme.com/v1/a/b?c",
            true,
        );
        check(
            "https://api.acme.com/v1/*",
            "",
            "https://api.acme.com/v2/a",
            false,
        );
        check(
            "https://api.acme.com/v1/*",
            "",
            "https://api.acme.com/v1/../v2",
            false,
        );
        check("https://api.acme.com/v1/*", "", "http://api.acme.com/v1/a", false);
        check(
            "https://api.acme.com/v1/*",
            "",
            "https://api.acme.com:8443/v1/a",
            false,
        );
        check(
            "https://api.acme.com/*",
            "",
            "https://api.acme.com.evil.com/",
            false,
        );
        check("https://api.acme.com/v1", "", "https://api.acme.com/v1/x", false);
        check("https://api.acme.com/v1*", "", "https://api.acme.com/v10", false);
        check("https://api.acme.com/v1*", "", "https://api.acme.com/v1/x", true);
        check("https://*.acme.com/*", "", "https://ca1.acme.com/x", true);
        check("https://*.acme.com/*", "", "https://a.b.acme.com/x", true);
        check("https://*.acme.com/*", "", "https://acme.com/x", false);
        check("https://*.acme.com/*", "", "https://evilacme.com/x", false);
    }

    #[test]
    fn configuration_fills_in_and_widens_nothing() {
        check(
            "{site}*",
            "http://127.0.0.1:9/service",
            "http://127.0.0.1:9/service/Read",
            true,
        );
        check(
            "{site}*",
            "http://127.0.0.1:9/service/",
            "http://127.0.0.1:9/service/Read",
            true,
        );
        check(
            "{site}*",
            "http://127.0.0.1:9/service",
            "http://127.0.0.1:9/service2/Read",
            false,
        );
        check(
            "{site}*",
            "http://127.0.0.1:9/service",
            "http://127.0.0.1:8/service/Read",
            false,
        );
        let site = "https://acme.example:8443/deep/er?x=1";
        check(
            "{site|origin}/api/*",
            site,
            "https://acme.example:8443/api/x",
            true,
        );
        check("{site|origin}/api/*", site, "https://acme.example/api/x", false);
        check(
            "{site|origin}/api/*",
            site,
            "https://acme.example:8443/deep/er",
            false,
        );
        check("{site|origin}*", site, "https://acme.example:8443/x", true);
        check("{site|origin}/*", "nonsense", "https://nonsense/", false);
        check("{site}*", "*", "http://127.0.0.1:8/", false);
        check("{site}*", "nonsense", "http://nonsense/", false);
        check(
            "https://{region}.acme.com/*",
            "caw",
            "https://caw.acme.com/x",
            true,
        );
        check(
            "https://{region}.acme.com/*",
            "evil.com/",
            "https://evil.com/.acme.com/x",
            false,
        );
        check(
            "https://{region}.acme.com/*",
            "evil.com#",
            "https://evil.com/",
            false,
        );
        check("https://{region}.acme.com/*", "*", "https://x.acme.com/", false);
    }

    #[test]
    fn what_the_configuration_makes_of_patterns_is_shown() {
        let patterns = [
            "https://api.acme.com/*",
            "{site}*",
            "{site|origin}/x",
            "{path}/*",
            "{none}/*",
            "https://{site}.acme.com/",
            "{port}:x/*",
        ];
        let lookup = |key: &str| match key {
            "site" => Some("https://acme.example/v1/".to_owned()),
            "path" => Some("/v1".to_owned()),
            "port" => Some("https://acme.example".to_owned()),
            _ => None,
        };
        let compiled = UrlPatterns::compile(&patterns.map(str::to_owned), &lookup).unwrap();
        let shown = [
            "https://api.acme.com/*",
            "{site}* = https://acme.example/v1*",
            "{site|origin}/x = https://acme.example/x",
            "{path}/*: path is \"/v1\", which is no address such as https://api.acme.com",
            "{none}/*: none has no value",
            "https://{site}.acme.com/: site is \"https://acme.example/v1/\", which is neither one label of a host nor \
             one segment of a path",
            "{port}:x/*: with the configuration put in it is \"https://acme.example:x/*\", which is no address",
        ];
        assert_eq!(compiled.to_string(), shown.join(", "));
        assert_eq!(compiled.unfilled().len(), 4);
        // A value without a host is the configuration's fault.
        check(
            "{site}*",
            "mailto:ada@acme.example",
            "https://acme.example/",
            false,
        );
    }

    #[test]
    fn broken_patterns_are_told() {
        let error = UrlPatterns::compile(&["https://{x".to_owned()], &|_| None).unwrap_err();
        assert_eq!(error.why, "has a { without }");
        for pattern in ["nonsense", "{x|orgin}/*", "https://{x|origin}.acme.com/"] {
            assert!(
                UrlPatterns::compile(&[pattern.to_owned()], &|_| None).is_err(),
                "{pattern}"
            );
        }
    }
}
