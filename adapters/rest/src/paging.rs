//! How lists are paged: what to ask for, and where the next page is.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use periodic_sdk::{
    contract::{Failure, Response},
    raw,
};
use serde::{Deserialize, Serialize};

use crate::package::WrittenPath;

/// The paging of a list.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Paging {
    #[serde(default)]
    pub(crate) style: Style,
    /// The parameter of the page's number, offset or cursor.
    parameter: Option<String>,
    /// The number of the first page: 1 unless set.
    first: Option<u32>,
    /// The parameter of the page's size.
    size: Option<String>,
    /// The largest page: 100 unless set.
    largest: Option<u32>,
    /// Where the next cursor stands in an answer.
    next: Option<WrittenPath>,
    /// Where the total number stands in an answer.
    total: Option<WrittenPath>,
    /// The header that tells the total number.
    total_header: Option<String>,
}

/// The kinds of paging.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Style {
    /// One answer holds all.
    #[default]
    None,
    /// Pages have numbers.
    Page,
    /// Pages begin at an offset.
    Offset,
    /// An answer holds the cursor of the next page.
    Cursor,
    /// An answer's `Link` header names the next page (RFC 8288).
    Link,
}

/// Where a page is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Place {
    /// At the beginning.
    Start,
    /// So many pages after the first.
    Page(u32),
    /// After so many records.
    Offset(u64),
    /// At a cursor of the provider's.
    Cursor(String),
    /// At this address.
    Link(String),
}

impl Paging {
    /// The most records that a page may have.
    pub(crate) fn page_size(&self, wanted: u32) -> u32 {
        wanted.min(self.largest.unwrap_or(100)).max(1)
    }

    /// Whether records that change while pages are read move others to a page that was read already: so they do unless
    /// the provider hands out cursors.
    pub(crate) fn shifts(&self) -> bool {
        !matches!(self.style, Style::None | Style::Cursor)
    }

    /// What a request for this page says.
    pub(crate) fn parameters(&self, place: &Place, size: u32) -> Vec<(String, String)> {
        let mut parameters = Vec::new();
        if let Some(name) = &self.size {
            parameters.push((name.clone(), self.page_size(size).to_string()));
        }
        let value = match place {
            Place::Start | Place::Link(_) => None,
            Place::Page(after) => Some(self.first.unwrap_or(1).saturating_add(*after).to_string()),
            Place::Offset(offset) => Some(offset.to_string()),
            Place::Cursor(cursor) => Some(cursor.clone()),
        };
        parameters.extend(self.parameter.clone().zip(value));
        parameters
    }

    /// The page with this number, counted from 1.
    pub(crate) fn numbered(&self, page: u32, size: u32) -> Result<Place, Failure> {
        let after = page.saturating_sub(1);
        match self.style {
            _ if after == 0 => Ok(Place::Start),
            Style::Page => Ok(Place::Page(after)),
            Style::Offset => Ok(Place::Offset(
                u64::from(after).saturating_mul(u64::from(self.page_size(size))),
            )),
            Style::None | Style::Cursor | Style::Link => Err(Failure::InvalidRequest(
                "page: this provider's pages have no numbers; go on with nextPage".into(),
            )),
        }
    }

    /// Where the page after this one is, as far as the answer tells; `count` records were in it. Numbered pages go on
    /// until one is empty: providers may send shorter ones than they were asked for.
    pub(crate) fn next(
        &self,
        place: &Place,
        response: &Response,
        count: usize,
    ) -> Result<Option<Place>, Failure> {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        Ok(match self.style {
            Style::None => None,
            Style::Page | Style::Offset if count == 0 => None,
            Style::Page => Some(Place::Page(match place {
                Place::Page(after) => after.saturating_add(1),
                _ => 1,
            })),
            Style::Offset => Some(Place::Offset(match place {
                Place::Offset(offset) => offset.saturating_add(count),
                _ => count,
            })),
            Style::Cursor => self.cursor(response)?.map(Place::Cursor),
            Style::Link => response
                .header("Link")
                .and_then(next_link)
                .map(|link| Place::Link(link.to_owned())),
        })
    }

    /// Whether there may be a page after this one, of which `size` records were wanted and `count` came. Cursors and links say
    /// so themselves. Where pages are counted, one that is not full is the last, and so is the one that reaches the total.
    pub(crate) fn goes_on(&self, place: &Place, size: u32, count: usize, total: Option<u64>) -> bool {
        if matches!(self.style, Style::Cursor | Style::Link) {
            return true;
        }
        let (size, count) = (u64::from(self.page_size(size)), count as u64);
        let before = match place {
            Place::Page(after) => u64::from(*after).saturating_mul(size),
            Place::Offset(offset) => *offset,
            Place::Start | Place::Cursor(_) | Place::Link(_) => 0,
        };
        let reached = before.saturating_add(count);
        count >= size && total.is_none_or(|total| reached < total)
    }

    /// The total number, where the answer tells it.
    pub(crate) fn total(&self, response: &Response) -> Option<u64> {
        if let Some(name) = &self.total_header {
            return response.header(name)?.trim().parse().ok();
        }
        let span = raw::find(&response.body, &self.total.as_ref()?.0).ok()??;
        raw::scalar(&response.body, span).ok()??.parse().ok()
    }

    fn cursor(&self, response: &Response) -> Result<Option<String>, Failure> {
        let Some(path) = &self.next else { return Ok(None) };
        let malformed =
            |error: raw::RawError| Failure::Transient(format!("the answer is malformed: {error}").into());
        let Some(span) = raw::find(&response.body, &path.0).map_err(malformed)? else {
            return Ok(None);
        };
        let cursor = raw::scalar(&response.body, span).map_err(malformed)?;
        Ok(cursor
            .map(|cursor| cursor.into_owned())
            .filter(|cursor| !cursor.is_empty()))
    }

    /// What the types cannot say.
    pub(crate) fn check(&self) -> Result<(), String> {
        let named = matches!(self.style, Style::Page | Style::Offset | Style::Cursor);
        if named && self.parameter.is_none() {
            return Err(
                "parameter: is missing; it names the parameter of the page, offset or cursor".to_owned(),
            );
        }
        if self.style == Style::Cursor && self.next.is_none() {
            return Err("next: is missing; it is the path of the next cursor in an answer".to_owned());
        }
        if self.largest == Some(0) {
            return Err("largest: has to be 1 at least".to_owned());
        }
        Ok(())
    }
}

impl Place {
    /// As a token for callers, safe in headers and queries.
    pub(crate) fn token(&self) -> Result<String, Failure> {
        let json = serde_json::to_vec(self).map_err(|error| Failure::Other(error.to_string().into()))?;
        Ok(BASE64.encode(json))
    }

    /// The place of a token.
    pub(crate) fn read(token: &str) -> Result<Self, Failure> {
        let json = BASE64.decode(token).ok();
        let place = json.and_then(|json| serde_json::from_slice(&json).ok());
        place.ok_or_else(|| Failure::InvalidRequest("nextPage: is none of this resource's".into()))
    }
}

/// The target whose relation is `next` (RFC 8288, section 3).
fn next_link(header: &str) -> Option<&str> {
    let mut rest = header;
    while let Some((_, after)) = rest.split_once('<') {
        let (target, after) = after.split_once('>')?;
        let (parameters, following) = after.split_once('<').map_or((after, ""), |(before, _)| {
            (before, after.get(before.len()..).unwrap_or_default())
        });
        let is_next = parameters.split([';', ',']).any(|parameter| {
            let Some((name, value)) = parameter.split_once('=') else {
                return false;
            };
            let mut relations = value.trim().trim_matches('"').split_ascii_whitespace();
            name.trim().eq_ignore_ascii_case("rel")
                && relations.any(|relation| relation.eq_ignore_ascii_case("next"))
        });
        if is_next {
            return Some(target.trim());
        }
        rest = following;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Paging, Place, Style, next_link};

    #[test]
    fn counted_pages_end_where_the_total_does() {
        use Place::{Offset, Page, Start};
        let cases = [
            (Style::Page, Start, 2, None, true),
            (Style::Page, Start, 1, None, false),
            (Style::Page, Start, 2, Some(2), false),
            (Style::Page, Start, 2, Some(3), true),
            (Style::Page, Page(2), 2, Some(6), false),
            (Style::Page, Page(2), 2, Some(7), true),
            (Style::Offset, Offset(3), 2, Some(5), false),
            (Style::Offset, Offset(3), 2, Some(6), true),
            (Style::Offset, Offset(3), 2, Some(0), false),
            (Style::Cursor, Start, 1, Some(1), true),
            (Style::Link, Start, 1, Some(1), true),
        ];
        for (style, place, count, total, expected) in cases {
            let paging = Paging {
                style,
                ..Paging::default()
            };
            let goes_on = paging.goes_on(&place, 2, count, total);
            assert_eq!(goes_on, expected, "{style:?} {place:?} {count} of {total:?}");
        }
    }

    #[test]
    fn the_next_link_is_found() {
        let cases = [
            ("<https://a/x?page=2>; rel=\"next\"", Some("https://a/x?page=2")),
            ("</x?page=2>; rel=next", Some("/x?page=2")),
            (
                "<https://a/x?page=1>; rel=\"prev\", <https://a/x?a=1,2;3>; title=\"n\"; REL=\"last Next\"",
                Some("https://a/x?a=1,2;3"),
            ),
            ("<https://a/x?page=9>; rel=\"last\"", None),
            ("<https://a", None),
            ("", None),
            ("rel=next", None),
        ];
        for (header, expected) in cases {
            assert_eq!(next_link(header), expected, "{header}");
        }
    }
}
