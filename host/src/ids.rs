//! Identifiers that the host makes.

use std::sync::atomic::{AtomicI64, Ordering};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::clock::Millis;

/// 2024-01-01T00:00:00Z, from where [`Sequence`] counts.
const EPOCH: Millis = 1_704_067_200_000;
/// Numbers for each millisecond.
const PER_MILLISECOND: i64 = 4096;

/// Rising numbers that JavaScript can hold (below 2^53 until the year 2093): milliseconds and a counter.
///
/// They sort by time, also between hosts as far as the hosts' clocks agree. Two hosts may make the same number;
/// the store refuses the second, and its transaction is tried again with fresh ones.
#[derive(Debug, Default)]
pub struct Sequence(AtomicI64);

impl Sequence {
    /// The next number.
    pub fn next(&self, now: Millis) -> i64 {
        let earliest = (now - EPOCH).max(0).saturating_mul(PER_MILLISECOND);
        let step = |last: i64| Some(earliest.max(last.saturating_add(1)));
        // The closure never refuses, so both arms hold the previous number.
        let (Ok(last) | Err(last)) = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, step);
        earliest.max(last.saturating_add(1))
    }
}

/// The system has no randomness to give.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gave no random bytes: {0}")]
pub struct NoRandomness(getrandom::Error);

/// Random bytes from the operating system.
pub fn random<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(NoRandomness)?;
    Ok(bytes)
}

/// An event id as Cloud Elements has them: 20 characters of the URL-safe base64 alphabet, time first.
pub fn event_id(now: Millis) -> Result<String, NoRandomness> {
    let mut bytes = random::<15>()?;
    if let Some(head) = bytes.first_chunk_mut::<6>() {
        let [_, _, time @ ..] = now.to_be_bytes();
        *head = time;
    }
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// The 24 hexadecimal digits of a request id: seconds, then randomness.
pub fn request_id(now: Millis) -> Result<String, NoRandomness> {
    let tail = random::<8>()?;
    let seconds = u32::try_from(now / 1000).unwrap_or(u32::MAX);
    Ok(format!("{seconds:08x}{:016x}", u64::from_be_bytes(tail)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_rise_even_when_the_clock_does_not() {
        let sequence = Sequence::default();
        let numbers = [EPOCH + 5, EPOCH + 5, EPOCH + 4, EPOCH + 9].map(|now| sequence.next(now));
        assert_eq!(numbers, [5 * 4096, 5 * 4096 + 1, 5 * 4096 + 2, 9 * 4096]);
    }

    #[test]
    fn ids_have_their_form() -> Result<(), NoRandomness> {
        assert_eq!(event_id(1_534_778_974_827)?.len(), 20);
        let request = request_id(1_534_778_974_827)?;
        assert_eq!(request.len(), 24);
        assert!(request.starts_with("5b7ade5e"), "{request}");
        Ok(())
    }
}
