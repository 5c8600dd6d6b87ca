//! Date formats of poller configurations.

use crate::java_date::{DateError, Pattern, PatternError, Zone};

/// A date format: the word `milliseconds` or a Java date pattern.
#[derive(Debug, Clone)]
pub enum DateFormat {
    /// Milliseconds since 1970.
    Milliseconds,
    /// A pattern of `SimpleDateFormat`.
    Pattern(Pattern),
}

impl DateFormat {
    /// Read a format.
    ///
    /// One stray quote at the end is dropped: Java refuses `yyyy-MM-dd'T'HH:mm:ssXXX'`, but published configurations
    /// have it (WooCommerce, the events guide), and there is only one thing that it can mean.
    pub fn new(text: &str) -> Result<Self, PatternError> {
        if text.trim().eq_ignore_ascii_case("milliseconds") {
            return Ok(Self::Milliseconds);
        }
        Pattern::new(text)
            .or_else(|error| match text.strip_suffix('\'') {
                Some(trimmed) => Pattern::new(trimmed).map_err(|_| error),
                None => Err(error),
            })
            .map(Self::Pattern)
    }

    /// Render an instant, in milliseconds since 1970.
    pub fn format(&self, unix_ms: i64, zone: &Zone) -> String {
        match self {
            Self::Milliseconds => unix_ms.to_string(),
            Self::Pattern(pattern) => pattern.format(unix_ms, zone),
        }
    }

    /// Read an instant, in milliseconds since 1970. `zone` holds where the text names none; `now_ms` decides the
    /// century of years with two digits.
    pub fn parse(&self, text: &str, zone: &Zone, now_ms: i64) -> Result<i64, DateFault> {
        match self {
            Self::Milliseconds => {
                milliseconds(text).ok_or_else(|| DateFault::Milliseconds { text: excerpt(text) })
            }
            Self::Pattern(pattern) => Ok(pattern.parse(text, zone, now_ms)?),
        }
    }
}

/// A date that does not read as its format says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DateFault {
    /// Not a number of milliseconds.
    #[error("{text:?} is no number of milliseconds")]
    Milliseconds {
        /// The text, shortened.
        text: String,
    },
    /// Not the pattern's.
    #[error(transparent)]
    Pattern(#[from] DateError),
}

/// A whole number; JSON writers may show it as `1517472307089.0` or `1.517472307089E12`.
fn milliseconds(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    // Java's long milliseconds of any plausible year are exact in 53 bits.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let plain = text
        .bytes()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'+' | b'-' | b'e' | b'E'));
    let number: f64 = text.parse().ok().filter(|_| plain)?;
    (number.fract() == 0.0 && number.abs() < EXACT).then_some(number as i64)
}

fn excerpt(text: &str) -> String {
    text.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::DateFormat;
    use crate::java_date::Zone;

    #[track_caller]
    fn check(format: &str, text: &str, expect: Result<i64, &str>) {
        let read = DateFormat::new(format).unwrap().parse(text, &Zone::UTC, 0);
        assert_eq!(
            read.map_err(|fault| fault.to_string()),
            expect.map_err(str::to_owned),
            "{text}"
        );
    }

    #[test]
    fn reads_milliseconds() {
        check("milliseconds", "1517472307089", Ok(1_517_472_307_089));
        check("Milliseconds", " -1 ", Ok(-1));
        check("milliseconds", "1517472307089.0", Ok(1_517_472_307_089));
        check("milliseconds", "1.517472307089E12", Ok(1_517_472_307_089));
        check("milliseconds", "1.5", Err("\"1.5\" is no number of milliseconds"));
        check(
            "milliseconds",
            "1e400",
            Err("\"1e400\" is no number of milliseconds"),
        );
        check("milliseconds", "inf", Err("\"inf\" is no number of milliseconds"));
        check("milliseconds", "", Err("\"\" is no number of milliseconds"));
        check(
            "milliseconds",
            "2018-02-01",
            Err("\"2018-02-01\" is no number of milliseconds"),
        );
    }

    #[test]
    fn drops_one_stray_quote() {
        check(
            "yyyy-MM-dd'T'HH:mm:ssXXX'",
            "2018-02-01T08:05:07Z",
            Ok(1_517_472_307_000),
        );
        check(
            "yyyy-MM-dd'T'HH:mm:ss'",
            "2018-02-01T08:05:07",
            Ok(1_517_472_307_000),
        );
        check("yyyy'T''", "2018T", Ok(1_514_764_800_000));
        for format in ["yyyy'T", "i'"] {
            assert!(DateFormat::new(format).is_err(), "{format}");
        }
    }
}
