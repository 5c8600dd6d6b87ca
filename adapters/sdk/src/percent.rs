//! Percent-encoding (RFC 3986).

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What stays as it is: the unreserved characters (section 2.3).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Encode a text so that it is one segment of a path, or one name or value of a query. A segment of dots only still leads
/// elsewhere: refuse such an id.
pub fn encode(text: &str) -> Cow<'_, str> {
    utf8_percent_encode(text, ENCODED).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_unreserved_stay() {
        let cases = [
            ("", ""),
            ("aZ09-._~", "aZ09-._~"),
            ("2025-01-01T00:00:00+02:00", "2025-01-01T00%3A00%3A00%2B02%3A00"),
            ("a b&c=d/e?f#g%h", "a%20b%26c%3Dd%2Fe%3Ff%23g%25h"),
            ("é", "%C3%A9"),
        ];
        for (text, expected) in cases {
            assert_eq!(encode(text), expected);
        }
    }
}
