//! `event.poller.urls`, which `event.poller.configuration` came after: a line for each resource, its parts between bars.
//!
//! `accounts|/hubs/crm/accounts?where=…|FILTER|UPDATED|FORMAT|ZONE|CREATED|FORMAT|ZONE`; what is missing at the end is left
//! out, and a line of names alone means the element's own configuration of each.

use serde_json::{Map, Value, json};

/// A resource to be polled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// The resource.
    pub(super) resource: String,
    /// How, unless as the element does by default.
    how: Option<How>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct How {
    url: String,
    /// Members of `datesConfiguration` and their values.
    dates: Vec<(&'static str, String)>,
}

/// The parts of a line behind resource, URL and filter.
const DATES: [&str; 6] = [
    "updatedDateField",
    "updatedDateFormat",
    "updatedDateTimezone",
    "createdDateField",
    "createdDateFormat",
    "createdDateTimezone",
];

/// Read all lines.
pub(super) fn parse(text: &str) -> Result<Vec<Line>, String> {
    let mut all = Vec::new();
    let lines = text.lines().enumerate();
    for (index, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
        let read = parse_line(line.trim()).map_err(|what| format!("line {}: {what}", index + 1))?;
        all.extend(read);
    }
    Ok(all)
}

fn parse_line(line: &str) -> Result<Vec<Line>, String> {
    let parts: Vec<&str> = line.split('|').map(str::trim).collect();
    if !parts.iter().any(|part| part.starts_with('/')) {
        let names = parts.iter().map(|name| Line {
            resource: (*name).to_owned(),
            how: None,
        });
        return match parts.iter().all(|name| is_name(name)) {
            true => Ok(names.collect()),
            false => Err(format!(
                "{line:?} is neither names of resources nor a resource, a bar and a URL: \
                 \"contacts|/contacts?where=modified>='${{date}}'||modified|yyyy-MM-dd\""
            )),
        };
    }
    let (resource, url, filter, dates) = match parts.as_slice() {
        [resource, url] => (resource, url, "", &[][..]),
        [resource, url, filter, dates @ ..] if dates.len() <= DATES.len() => (resource, url, *filter, dates),
        _ => {
            return Err(format!(
                "it has {} parts; the most are {}",
                parts.len(),
                3 + DATES.len()
            ));
        }
    };
    if !is_name(resource) || !url.starts_with('/') {
        return Err(format!(
            "{resource:?} and {url:?} are no resource and its URL, which begins with /"
        ));
    }
    if !filter.is_empty() {
        return Err(format!(
            "the filter {filter:?} is not applied here; leave it empty, and put conditions into the URL's where"
        ));
    }
    let dates = DATES.into_iter().zip(dates);
    let dates = dates.filter(|(_, value)| !value.is_empty());
    let how = How {
        url: (*url).to_owned(),
        dates: dates.map(|(name, value)| (name, (*value).to_owned())).collect(),
    };
    Ok(vec![Line {
        resource: (*resource).to_owned(),
        how: Some(how),
    }])
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && !text.contains(|letter: char| letter.is_whitespace() || letter == '?')
}

impl Line {
    /// The same as `event.poller.configuration` says it. Lines do not say which member holds the id.
    pub(super) fn configuration(&self, id_field: Option<&str>) -> Value {
        let Some(How { url, dates }) = &self.how else {
            return json!({});
        };
        let dates: Map<String, Value> = dates
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.as_str().into()))
            .collect();
        let mut configuration = json!({ "url": url, "datesConfiguration": dates });
        if let Some(id_field) = id_field {
            configuration["idField"] = id_field.into();
        }
        configuration
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn configurations(text: &str) -> Vec<(String, Value)> {
        let lines = parse(text).unwrap();
        lines
            .iter()
            .map(|line| (line.resource.clone(), line.configuration(Some("id"))))
            .collect()
    }

    #[test]
    fn published_lines_are_read() {
        let text = "accounts|/hubs/crm/accounts?where=LastModifiedDate>=${date}||LastModifiedDate|yyyy-MM-dd'T'HH:mm:ssZ||\
                    CreatedDate|yyyy-MM-dd'T'HH:mm:ssZ\n\nAccount|/hubs/crm/Account?where=LastModifiedDate>='${date}'&orderBy=Id\
                    ||LastModifiedDate|yyyy-MM-dd'T'HH:mm:ss.SSSZ\r\ncontacts|leads\nincidents";
        let format = "yyyy-MM-dd'T'HH:mm:ssZ";
        let expected = [
            (
                "accounts",
                json!({
                    "url": "/hubs/crm/accounts?where=LastModifiedDate>=${date}",
                    "datesConfiguration": {
                        "updatedDateField": "LastModifiedDate", "updatedDateFormat": format,
                        "createdDateField": "CreatedDate", "createdDateFormat": format,
                    },
                    "idField": "id",
                }),
            ),
            (
                "Account",
                json!({
                    "url": "/hubs/crm/Account?where=LastModifiedDate>='${date}'&orderBy=Id",
                    "datesConfiguration": {
                        "updatedDateField": "LastModifiedDate", "updatedDateFormat": "yyyy-MM-dd'T'HH:mm:ss.SSSZ",
                    },
                    "idField": "id",
                }),
            ),
            ("contacts", json!({})),
            ("leads", json!({})),
            ("incidents", json!({})),
        ];
        let expected: Vec<_> = expected
            .into_iter()
            .map(|(resource, configuration)| (resource.to_owned(), configuration))
            .collect();
        assert_eq!(configurations(text), expected);
    }

    #[test]
    fn what_is_no_line_is_refused_with_its_number() {
        let cases = [
            ("a\nb|c d", "line 2: \"b|c d\" is neither names"),
            ("|/contacts", "line 1: \"\" and \"/contacts\" are no resource"),
            ("a|b|/contacts", "line 1: \"a\" and \"b\" are no resource"),
            ("a|/a|//b[1]", "line 1: the filter \"//b[1]\" is not applied"),
            ("a|/a||1|2|3|4|5|6|7", "line 1: it has 10 parts; the most are 9"),
        ];
        for (text, expected) in cases {
            let refused = parse(text).unwrap_err();
            assert!(refused.starts_with(expected), "{text}: {refused}");
        }
    }
}
