//! What was probably meant by a name that nobody knows.

/// The one of these that was probably meant: a slip or two of the pen away, one in a short word.
pub(super) fn nearest<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let slips = known
        .into_iter()
        .map(|known| (strsim::osa_distance(name, known), known));
    let (slips, nearest) = slips.min_by_key(|(slips, _)| *slips)?;
    let most = if nearest.len() < 6 { 1 } else { 2 };
    (slips <= most).then_some(nearest)
}

/// What to say of the nearest.
pub(super) fn guess(near: Option<&str>) -> String {
    near.map_or_else(String::new, |near| format!("; did you mean {near}?"))
}
