//! Dates as `java.text.SimpleDateFormat` writes and reads them (Java 17, `Locale.US`, lenient).
//!
//! Poller configurations hold Java's patterns and were tried against Java, with its corners: lenient fields that roll
//! over, `S` that is a number and no fraction, the Julian calendar before 15 October 1582. The rows of
//! `fixtures/java-dates.tsv` come from Java itself, and `cargo xtask java-vectors` compares with it afresh.

mod calendar;
mod fields;
mod format;
mod number;
mod parse;
mod pattern;
mod zone;

pub use self::{
    parse::DateError,
    pattern::{Pattern, PatternError},
    zone::Zone,
};

#[cfg(test)]
mod tests;
