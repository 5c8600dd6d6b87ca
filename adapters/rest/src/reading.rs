//! Answers, read: the records of a page, and one record.

use periodic_sdk::{
    contract::{Document, Failure, Piece, Response},
    path::JsonPath,
    raw::{self, RawError, Span},
};

use crate::package::Resource;

/// The array of a page.
pub(crate) fn array(resource: &Resource, response: &Response) -> Result<Span, Failure> {
    let path = &resource.records.0;
    let found = raw::find(&response.body, path).map_err(malformed)?;
    found.ok_or_else(|| Failure::Permanent(format!("the answer has no records at {path}").into()))
}

/// The records of a page, with exactly these members where some are named.
pub(crate) fn documents(body: &[u8], array: Span, fields: &[String]) -> Result<Vec<Document>, Failure> {
    raw::elements(body, array)
        .map(|record| document(body, record.map_err(malformed)?, fields))
        .collect()
}

/// The record of an answer with one.
pub(crate) fn single(
    resource: &Resource,
    response: &Response,
    fields: &[String],
) -> Result<Document, Failure> {
    let body = &response.body;
    let record = match &resource.envelope {
        None => raw::whole(body),
        Some(member) => {
            let missing = || Failure::Permanent(format!("the answer has no member {member}").into());
            raw::find(body, &member_path(member)?)
                .map_err(malformed)?
                .ok_or_else(missing)?
        }
    };
    document(body, record, fields)
}

fn member_path(member: &str) -> Result<JsonPath, Failure> {
    JsonPath::parse(member).map_err(|error| Failure::Permanent(format!("envelope: {error}").into()))
}

fn document(body: &[u8], record: Span, fields: &[String]) -> Result<Document, Failure> {
    if fields.is_empty() {
        return Ok(vec![Piece::span(0, record)]);
    }
    let mut document = vec![Piece::text("{")];
    for member in raw::members(body, record) {
        let member = member.map_err(malformed)?;
        if fields.iter().any(|field| *field == member.key) {
            document.push(Piece::text(if document.len() > 1 { "," } else { "" }));
            document.push(Piece::span(0, member.key_span));
            document.push(Piece::text(":"));
            document.push(Piece::span(0, member.value));
        }
    }
    document.push(Piece::text("}"));
    Ok(document)
}

pub(crate) fn malformed(error: RawError) -> Failure {
    Failure::Transient(format!("the answer is malformed: {error}").into())
}
