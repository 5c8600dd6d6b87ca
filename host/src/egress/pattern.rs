//! URL patterns: where an element's requests may go.
//!
//! `scheme://host[:port]/path`, with `*` at the end of the path for anything that follows, and `*.` before the host for
//! any number of labels. `{key}` stands for a configuration value: at the start of a pattern for a URL whose scheme,
//! host, port and path are the beginning (`{key|origin}`: whose scheme, host and port are), anywhere else for one label
//! of the host or one segment of the path. A value that is none of that makes the pattern match nothing, so that no
//! configuration widens a pattern.

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

/// A set of patterns, with the configuration put in.
#[derive(Debug, Clone, Default)]
pub struct UrlPatterns(Vec<Pattern>);

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

impl UrlPatterns {
    /// Compile patterns; `lookup` gives the configuration. A pattern whose key has no value is left out.
    pub fn compile(
        patterns: &[String],
        lookup: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, PatternError> {
        let compiled = patterns.iter().map(|pattern| Pattern::compile(pattern, lookup));
        Ok(Self(
            compiled
                .collect::<Result<Vec<_>, _>>()?
                .into_iter()
                .flatten()
                .collect(),
        ))
    }

    /// Whether a URL matches one of them.
    pub fn allows(&self, url: &Url) -> bool {
        self.0.iter().any(|pattern| pattern.allows(url))
    }
}

impl Pattern {
    fn compile(text: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Result<Option<Self>, PatternError> {
        let error = |why| PatternError {
            pattern: text.to_owned(),
            why,
        };
        let (filled, from_key) = match fill(text, lookup).map_err(error)? {
            Filled::Text {
                text,
                starts_with_value,
            } => (text, starts_with_value),
            Filled::NoValue => return Ok(None),
        };
        let (body, open) = match filled.strip_suffix('*') {
            Some(body) => (body, true),
            None => (filled.as_str(), false),
        };
        let body = body.replacen("://*.", &format!("://{WILDCARD_LABEL}"), 1);
        let Ok(url) = Url::parse(&body) else {
            // A configuration value that is no URL allows nothing; a pattern of the element that is none is a fault.
            return if from_key {
                Ok(None)
            } else {
                Err(error("is no URL"))
            };
        };
        let Some(host) = url.host_str() else {
            return Err(error("names no host"));
        };
        let host = match host.strip_prefix(WILDCARD_LABEL) {
            Some(rest) => HostPattern::Under(rest.to_owned()),
            None => HostPattern::Exactly(host.to_owned()),
        };
        let (scheme, port) = (url.scheme().to_owned(), url.port_or_known_default());
        Ok(Some(Self {
            scheme,
            host,
            port,
            path: url.path().to_owned(),
            open,
        }))
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

enum Filled {
    Text { text: String, starts_with_value: bool },
    NoValue,
}

/// Put configuration values into a pattern.
fn fill(pattern: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Result<Filled, &'static str> {
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
        let Some(value) = lookup(key).filter(|value| !value.trim().is_empty()) else {
            return Ok(Filled::NoValue);
        };
        let value = value.trim();
        if !text.is_empty() {
            if !is_label(value) {
                return Ok(Filled::NoValue);
            }
            text.push_str(value);
        } else {
            let Ok(mut url) = Url::parse(value) else {
                return Ok(Filled::NoValue);
            };
            url.set_query(None);
            url.set_fragment(None);
            if origin {
                url.set_path("");
            }
            text.push_str(url.as_str().trim_end_matches('/'));
        }
        rest = after;
    }
    text.push_str(rest);
    Ok(Filled::Text {
        text,
        starts_with_value: pattern.starts_with('{'),
    })
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
