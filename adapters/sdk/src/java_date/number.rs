//! Whole numbers as Java's `NumberFormat.getIntegerInstance(Locale.US)` reads them, without grouping.

/// Where the digits of Unicode's basic plane begin, beside the ASCII ones: Java reads them all.
const ZEROS: [u32; 36] = [
    0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0DE6,
    0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0,
    0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10,
];

/// The value of a decimal digit of any script.
pub(super) fn digit(character: char) -> Option<u8> {
    let code = u32::from(character);
    let value = if character.is_ascii_digit() {
        code - u32::from('0')
    } else {
        code - ZEROS.iter().rev().find(|zero| **zero <= code)?
    };
    u8::try_from(value).ok().filter(|value| *value < 10)
}

/// Read a number at the start of a text: its value as Java's `int`, and how many bytes it takes.
pub(super) fn read(text: &str) -> Option<(i32, usize)> {
    const NOT_A_NUMBER: &str = "NaN";
    const INFINITY: &str = "\u{221e}";
    if text.starts_with(NOT_A_NUMBER) {
        return Some((0, NOT_A_NUMBER.len()));
    }
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(unsigned) => (true, unsigned),
        None => (false, text),
    };
    let sign = text.len() - unsigned.len();
    if unsigned.starts_with(INFINITY) {
        return Some((saturated(negative), sign + INFINITY.len()));
    }
    let (digits, length) = digits(unsigned);
    if digits.is_empty() {
        return None;
    }
    // A number may have an exponent, whatever the pattern.
    let (exponent, tail) = exponent(unsigned.get(length..).unwrap_or_default());
    Some((value(&digits, exponent, negative), sign + length + tail))
}

fn saturated(negative: bool) -> i32 {
    if negative { i32::MIN } else { i32::MAX }
}

/// The digits that a text begins with, in ASCII, and how many bytes they take there.
fn digits(text: &str) -> (String, usize) {
    let mut length = 0;
    let mut digits = String::new();
    for character in text.chars() {
        let Some(digit) = digit(character) else { break };
        digits.push(char::from(b'0' + digit));
        length += character.len_utf8();
    }
    (digits, length)
}

fn exponent(text: &str) -> (i32, usize) {
    let Some(after) = text.strip_prefix('E') else {
        return (0, 0);
    };
    let (negative, unsigned) = match after.strip_prefix('-') {
        Some(unsigned) => (true, unsigned),
        None => (false, after),
    };
    let (digits, length) = digits(unsigned);
    let Ok(exponent) = digits.parse::<i64>() else {
        return (0, 0);
    };
    let exponent = if negative { -exponent } else { exponent };
    // Java narrows to an int.
    #[expect(clippy::cast_possible_truncation, reason = "as Java does")]
    (exponent as i32, text.len() - unsigned.len() + length)
}

/// The value as an `int`: what fits into 64 bits is cut to 32, what does not is as large as possible.
fn value(digits: &str, exponent: i32, negative: bool) -> i32 {
    let significant = digits.trim_start_matches('0');
    let magnitude = i64::from(exponent).saturating_add(i64::try_from(significant.len()).unwrap_or(i64::MAX));
    if significant.is_empty() || magnitude <= 0 {
        return 0;
    }
    if magnitude > 19 {
        return saturated(negative);
    }
    let Ok(zeros) = usize::try_from(exponent) else {
        // Digits behind the point are dropped, and what had some is a floating point number.
        let (integral, dropped) = significant.split_at(usize::try_from(magnitude).unwrap_or(0));
        if dropped.bytes().any(|digit| digit != b'0') {
            let whole = integral.parse::<i32>().unwrap_or(i32::MAX);
            return if negative && whole == i32::MAX {
                i32::MIN
            } else if negative {
                -whole
            } else {
                whole
            };
        }
        return narrowed(integral, negative);
    };
    narrowed(&format!("{significant}{}", "0".repeat(zeros)), negative)
}

/// A whole number, cut to 32 bits where it fits into 64.
fn narrowed(integral: &str, negative: bool) -> i32 {
    let sign = if negative { "-" } else { "" };
    #[expect(clippy::cast_possible_truncation, reason = "as Java does")]
    format!("{sign}{integral}")
        .parse::<i64>()
        .map_or(saturated(negative), |value| value as i32)
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
            ("NaN", Some((0, 3))),
            ("-\u{221e}7", Some((i32::MIN, 4))),
            ("\u{661}\u{662}3", Some((123, 5))),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text), expected, "{text}");
        }
    }
}
