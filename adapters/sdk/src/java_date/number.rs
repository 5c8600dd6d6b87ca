//! Whole numbers as Java's `NumberFormat.getIntegerInstance(Locale.US)` reads them, without grouping.

/// Read a number at the start of a text: its value as Java's `int`, and how many bytes it takes.
pub(super) fn read(text: &str) -> Option<(i32, usize)> {
    let bytes = text.as_bytes();
    let (negative, start) = match bytes.first() {
        Some(b'-') => (true, 1),
        _ => (false, 0),
    };
    let digits = digits(bytes, start);
    if digits == start {
        return None;
    }
    // A number may have an exponent, whatever the pattern.
    let (exponent, end) = exponent(bytes, digits);
    Some((value(text.get(start..digits)?, exponent, negative), end))
}

fn digits(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    from + rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

fn exponent(bytes: &[u8], at: usize) -> (i32, usize) {
    if bytes.get(at) != Some(&b'E') {
        return (0, at);
    }
    let negative = bytes.get(at + 1) == Some(&b'-');
    let start = at + 1 + usize::from(negative);
    let end = digits(bytes, start);
    if end == start {
        return (0, at);
    }
    let mut exponent: i64 = 0;
    for digit in bytes.get(start..end).unwrap_or_default() {
        let Some(next) = exponent
            .checked_mul(10)
            .and_then(|sum| sum.checked_add(i64::from(digit - b'0')))
        else {
            return (0, at);
        };
        exponent = next;
    }
    let exponent = if negative { -exponent } else { exponent };
    // Java narrows to an int.
    #[expect(clippy::cast_possible_truncation, reason = "as Java does")]
    (exponent as i32, end)
}

/// The value as an `int`: what fits into 64 bits is cut to 32, what does not is as large as possible.
fn value(digits: &str, exponent: i32, negative: bool) -> i32 {
    let significant = digits.trim_start_matches('0');
    let magnitude = i64::from(exponent).saturating_add(i64::try_from(significant.len()).unwrap_or(i64::MAX));
    if significant.is_empty() || magnitude <= 0 {
        return 0;
    }
    let saturated = if negative { i32::MIN } else { i32::MAX };
    if magnitude > 19 {
        return saturated;
    }
    let integral = match usize::try_from(exponent) {
        Ok(zeros) => format!("{significant}{}", "0".repeat(zeros)),
        // Digits behind the point are dropped.
        Err(_negative) => significant
            .get(..usize::try_from(magnitude).unwrap_or(0))
            .unwrap_or_default()
            .to_owned(),
    };
    let signed = if negative {
        format!("-{integral}")
    } else {
        integral
    };
    #[expect(clippy::cast_possible_truncation, reason = "as Java does")]
    signed.parse::<i64>().map_or(saturated, |value| value as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_java_reads_them() {
        let cases = [
            ("12", Some((12, 2))),
            ("-7x", Some((-7, 2))),
            ("+7", None),
            ("", None),
            ("-", None),
            ("1E3", Some((1000, 3))),
            ("1Ex", Some((1, 1))),
            ("1234E-2", Some((12, 7))),
            ("4294967297", Some((1, 10))),
            ("99999999999999999999", Some((i32::MAX, 20))),
            ("-99999999999999999999", Some((i32::MIN, 21))),
            ("007", Some((7, 3))),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text), expected, "{text}");
        }
    }
}
