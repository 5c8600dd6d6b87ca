//! Case files: reading, making, and renewing what they expect while everything else stays as its author wrote it.

use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use serde::Deserialize;
use toml_edit::{ArrayOfTables, Datetime, DocumentMut, Item, Table, Value};

use super::{
    Call, Case, Observed, Resumed, Scripted,
    arguments::{Arguments, Bytes, Reply, answer_texts, datetime, millis_of},
    webhook::{put_change, put_delivery},
};
use crate::{
    adapter::{
        Course,
        contract::{hub, oauth2, types},
    },
    clock::Millis,
};

/// Why a case file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {what}", .file.display())]
pub struct CaseError {
    /// The file.
    pub file: PathBuf,
    /// What is wrong.
    pub what: String,
}

/// A case file: the case, and its text.
#[derive(Debug, Clone)]
pub struct CaseFile {
    path: PathBuf,
    case: Case,
    document: DocumentMut,
}

/// The file as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Raw {
    call: String,
    #[serde(default)]
    single: bool,
    #[serde(default)]
    handed: bool,
    #[serde(default)]
    course: RawCourse,
    now: Option<Datetime>,
    #[serde(default)]
    secrets: Vec<String>,
    #[serde(default)]
    configuration: IndexMap<String, String>,
    #[serde(default)]
    arguments: Arguments,
    state: Option<Bytes>,
    #[serde(default)]
    answer: Vec<Reply>,
    #[serde(default)]
    exchange: Vec<Reply>,
    #[serde(default)]
    expected: Expected,
    /// For people.
    #[serde(default, rename = "crash")]
    _crash: IndexMap<String, serde::de::IgnoredAny>,
}

/// Where in its operation a single call stands.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawCourse {
    exchanges: usize,
    pages: usize,
    answered: Option<usize>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    result: Option<String>,
}

/// Where a case does not say when it happens.
const NOW: Millis = 1_735_689_600_000;

impl CaseFile {
    /// Read a file.
    pub fn read(path: &Path) -> Result<Self, CaseError> {
        let wrong = |what: String| CaseError {
            file: path.to_owned(),
            what,
        };
        let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
        Self::parse(path, &text).map_err(wrong)
    }

    /// Of this text.
    pub fn parse(path: &Path, text: &str) -> Result<Self, String> {
        let document: DocumentMut = text
            .parse()
            .map_err(|error: toml_edit::TomlError| error.to_string())?;
        let raw: Raw = toml_edit::de::from_document(document.clone()).map_err(|error| error.to_string())?;
        Ok(Self {
            path: path.to_owned(),
            case: raw.case()?,
            document,
        })
    }

    /// A new file of a case; `head` is what stands above it.
    pub fn make(path: &Path, case: Case, head: &str) -> Self {
        let mut document = document_of(&case);
        document.decor_mut().set_prefix(head);
        Self {
            path: path.to_owned(),
            case,
            document,
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its name without folder and ending.
    pub fn name(&self) -> String {
        let stem = self.path.file_stem().unwrap_or_default();
        stem.to_string_lossy().into_owned()
    }

    /// The case.
    pub fn case(&self) -> &Case {
        &self.case
    }

    /// Its text.
    pub fn text(&self) -> String {
        self.document.to_string()
    }

    /// For the one who writes more than a case into it.
    pub fn document_mut(&mut self) -> &mut DocumentMut {
        &mut self.document
    }

    /// Expect what was observed. Answers that the file has stay as they are; exchanges that did not come about go. Those
    /// that the adapter did not come to are returned: the number of each, and the first line of its request. A result
    /// that follows from an answer that the file lacks is nobody's: that which is expected stays.
    pub fn expect(&mut self, observed: &Observed) -> Vec<(usize, String)> {
        let due = observed.due(&self.case);
        let first_line = |scripted: &Scripted| scripted.request.lines().next().unwrap_or_default().to_owned();
        let unasked = due.iter().skip(observed.exchanges.len());
        let unasked = unasked.map(|(at, scripted)| (at + 1, first_line(scripted)));
        let unasked: Vec<_> = unasked.collect();
        let due: Vec<usize> = due.into_iter().map(|(at, _)| at).collect();
        let mut tables = match self.document.remove("exchange") {
            Some(Item::ArrayOfTables(tables)) => tables,
            _ => ArrayOfTables::new(),
        };
        for at in (0..tables.len()).rev() {
            let place = due.iter().position(|known| *known == at);
            if place.is_none_or(|place| place >= observed.exchanges.len()) {
                tables.remove(at);
            }
        }
        for (index, scripted) in observed.exchanges.iter().enumerate() {
            match tables.get_mut(index) {
                Some(table) => put_request(table, &scripted.request),
                None => tables.push(exchange(scripted, true)),
            }
        }
        match observed.unanswered.is_empty() {
            true => self.put_expectation(tables, expected(&observed.result)),
            false => match self.document.remove("expected") {
                Some(Item::Table(before)) => self.put_expectation(tables, before),
                _ => self.put_exchanges(tables),
            },
        }
        unasked
    }

    /// Take over what a live provider was asked and answered.
    pub fn record(
        &mut self,
        observed: &Observed,
        now: Millis,
        configuration: &IndexMap<String, String>,
        secrets: &[String],
    ) {
        let mut tables = ArrayOfTables::new();
        for scripted in &observed.exchanges {
            tables.push(exchange(scripted, true));
        }
        self.document.insert("now", instant(now));
        let names: toml_edit::Array = secrets.iter().map(String::as_str).collect();
        self.document.insert("secrets", toml_edit::value(names));
        if !configuration.is_empty() {
            let given = self
                .document
                .entry("configuration")
                .or_insert(Item::Table(Table::new()));
            for (key, value) in configuration {
                if let Some(table) = given.as_table_like_mut() {
                    table.insert(key, text(value));
                }
            }
        }
        self.put_expectation(tables, expected(&observed.result));
    }

    /// The expectation stands beneath the exchanges.
    fn put_expectation(&mut self, tables: ArrayOfTables, expected: Table) {
        self.document.remove("expected");
        self.put_exchanges(tables);
        self.document.insert("expected", Item::Table(expected));
    }

    fn put_exchanges(&mut self, tables: ArrayOfTables) {
        if !tables.is_empty() {
            self.document.insert("exchange", Item::ArrayOfTables(tables));
        }
    }

    /// Write it.
    pub fn write(&self) -> Result<(), CaseError> {
        std::fs::write(&self.path, self.text()).map_err(|error| CaseError {
            file: self.path.clone(),
            what: error.to_string(),
        })
    }
}

impl Raw {
    fn case(self) -> Result<Case, String> {
        let now = self.now.as_ref().map_or(Ok(NOW), millis_of)?;
        let mut answers = Vec::with_capacity(self.answer.len());
        for (index, reply) in self.answer.into_iter().enumerate() {
            let answer = reply
                .answer()
                .map_err(|error| format!("answer {}: {error}", index + 1))?;
            answers
                .push(answer.ok_or_else(|| format!("answer {}: has neither response nor error", index + 1))?);
        }
        let goes_on = self.state.is_some() || !answers.is_empty();
        let state = self.state.map(Bytes::decode).transpose()?.unwrap_or_default();
        let resumed = goes_on.then_some(Resumed {
            state,
            answers: answers.into(),
        });
        let mut exchanges = Vec::with_capacity(self.exchange.len());
        for (index, mut reply) in self.exchange.into_iter().enumerate() {
            let request = reply.request.take().unwrap_or_default();
            let now = reply.now.take().as_ref().map(millis_of).transpose()?;
            let answer = reply
                .answer()
                .map_err(|error| format!("exchange {}: {error}", index + 1))?;
            exchanges.push(Scripted { request, answer, now });
        }
        Ok(Case {
            call: self.arguments.call(&self.call, now, resumed)?,
            single: self.single,
            handed: self.handed,
            course: Course {
                exchanges: self.course.exchanges,
                pages: self.course.pages,
                answered: self.course.answered,
            },
            now,
            configuration: self.configuration,
            secrets: self.secrets,
            exchanges,
            result: self.expected.result.map(|result| result.trim_end().to_owned()),
        })
    }
}

// --- Writing ------------------------------------------------------------------------------------------------------

fn document_of(case: &Case) -> DocumentMut {
    let mut document = DocumentMut::new();
    document.insert("call", text(case.call.function()));
    if case.single {
        document.insert("single", toml_edit::value(true));
    }
    if case.handed {
        document.insert("handed", toml_edit::value(true));
    }
    document.insert("now", instant(case.now));
    if !case.secrets.is_empty() {
        let secrets: toml_edit::Array = case.secrets.iter().map(String::as_str).collect();
        document.insert("secrets", toml_edit::value(secrets));
    }
    if let Some(Resumed { state, .. }) = case.call.resumed() {
        document.insert("state", bytes(state));
    }
    if !case.configuration.is_empty() {
        let mut table = Table::new();
        for (key, value) in &case.configuration {
            table.insert(key, text(value));
        }
        document.insert("configuration", Item::Table(table));
    }
    let course = course_of(case.course);
    if !course.is_empty() {
        document.insert("course", Item::Table(course));
    }
    let arguments = arguments_of(&case.call);
    if !arguments.is_empty() {
        document.insert("arguments", Item::Table(arguments));
    }
    let mut answers = ArrayOfTables::new();
    for answer in case.call.resumed().map_or(&[][..], |resumed| &resumed.answers) {
        let mut table = Table::new();
        for (key, value) in answer_texts(answer, false) {
            table.insert(key, text(&value));
        }
        answers.push(table);
    }
    if !answers.is_empty() {
        document.insert("answer", Item::ArrayOfTables(answers));
    }
    let mut exchanges = ArrayOfTables::new();
    for scripted in &case.exchanges {
        exchanges.push(exchange(scripted, false));
    }
    if !exchanges.is_empty() {
        document.insert("exchange", Item::ArrayOfTables(exchanges));
    }
    if let Some(result) = &case.result {
        document.insert("expected", Item::Table(expected(result)));
    }
    document
}

fn course_of(course: Course) -> Table {
    let Course {
        exchanges,
        pages,
        answered,
    } = course;
    let mut table = Table::new();
    for (key, count) in [
        ("exchanges", exchanges),
        ("pages", pages),
        ("answered", answered.unwrap_or_default()),
    ] {
        if count > 0 {
            table.insert(key, number(count));
        }
    }
    table
}

fn expected(result: &str) -> Table {
    let mut expected = Table::new();
    expected.decor_mut().set_prefix("\n");
    expected.insert("result", text(&format!("{result}\n")));
    expected
}

/// The request stands before its answer, also where an author has written the answer only.
fn put_request(table: &mut Table, request: &str) {
    if table.contains_key("request") {
        table.insert("request", text(request));
        return;
    }
    let keys: Vec<String> = table.iter().map(|(key, _)| key.to_owned()).collect();
    let others: Vec<_> = keys.iter().filter_map(|key| table.remove_entry(key)).collect();
    table.insert("request", text(request));
    for (key, item) in others {
        table.insert_formatted(&key, item);
    }
}

fn exchange(scripted: &Scripted, laid_out: bool) -> Table {
    let mut table = Table::new();
    table.decor_mut().set_prefix("\n");
    table.insert("request", text(&scripted.request));
    for (key, value) in scripted
        .answer
        .iter()
        .flat_map(|answer| answer_texts(answer, laid_out))
    {
        table.insert(key, text(&value));
    }
    if let Some(now) = scripted.now {
        table.insert("now", instant(now));
    }
    table
}

fn arguments_of(call: &Call) -> Table {
    let mut table = Table::new();
    match call {
        Call::Describe | Call::Connect(_) | Call::Check(_) | Call::AccessToken => {}
        Call::RequestToken(callback) | Call::AuthorizeTemporary(callback) => {
            table.insert("callback", text(callback));
        }
        Call::Authorize(authorization) => {
            table.insert("redirectUri", text(&authorization.redirect_uri));
            table.insert("state", text(&authorization.state));
            put(&mut table, "scope", authorization.scope.as_deref());
            put(
                &mut table,
                "codeChallenge",
                authorization.code_challenge.as_deref(),
            );
        }
        Call::Token(grant) => put_grant(&mut table, grant),
        Call::Granted(grant, response) => {
            put_grant(&mut table, grant);
            for (key, value) in answer_texts(&Ok(response.clone()), false) {
                table.insert(key, text(&value));
            }
        }
        Call::Operate(operation, _) => put_operation(&mut table, operation),
        Call::Plan {
            resource,
            configuration,
        } => {
            table.insert("resource", text(resource));
            table.insert("configuration", text(configuration));
        }
        Call::Register(change, _) => put_change(&mut table, change),
        Call::Greet(delivery) | Call::Verify(delivery) | Call::Receive(delivery, _) => {
            put_delivery(&mut table, delivery);
        }
        Call::Poll(job, pages, _) => {
            table.insert("resource", text(&job.resource));
            table.insert("configuration", text(&job.configuration));
            table.insert("since", instant(job.since));
            table.insert("until", instant(job.until));
            if let Some(checkpoint) = &job.checkpoint {
                table.insert("checkpoint", bytes(checkpoint));
            }
            if let Some(pages) = pages {
                table.insert("pages", number(*pages));
            }
        }
    }
    table
}

fn put(table: &mut Table, key: &str, value: Option<&str>) {
    if let Some(value) = value {
        table.insert(key, text(value));
    }
}

fn put_grant(table: &mut Table, grant: &oauth2::Grant) {
    let (name, redirect_uri) = match grant {
        oauth2::Grant::AuthorizationCode(redirect_uri) => ("authorizationCode", Some(redirect_uri)),
        oauth2::Grant::RefreshToken(redirect_uri) => ("refreshToken", Some(redirect_uri)),
        oauth2::Grant::ClientCredentials => ("clientCredentials", None),
    };
    table.insert("grant", text(name));
    put(table, "redirectUri", redirect_uri.map(String::as_str));
}

fn put_operation(table: &mut Table, operation: &hub::Operation) {
    let mut inner = Table::new();
    let name = match operation {
        hub::Operation::List(listing) => {
            put_listing(&mut inner, listing);
            "list"
        }
        hub::Operation::Get(hub::Single { resource, id, fields }) => {
            inner.insert("resource", text(resource));
            inner.insert("id", text(id));
            inner.insert("fields", array(fields));
            "get"
        }
        hub::Operation::Create(hub::Creation { resource, body }) => {
            inner.insert("resource", text(resource));
            inner.insert("body", text(body));
            "create"
        }
        hub::Operation::Update(alteration) | hub::Operation::Replace(alteration) => {
            inner.insert("resource", text(&alteration.resource));
            inner.insert("id", text(&alteration.id));
            inner.insert("body", text(&alteration.body));
            match operation {
                hub::Operation::Update(_) => "update",
                _ => "replace",
            }
        }
        hub::Operation::Delete(hub::Removal { resource, id }) => {
            inner.insert("resource", text(resource));
            inner.insert("id", text(id));
            "delete"
        }
        hub::Operation::Fields(resource) => {
            table.insert("fields", text(resource));
            return;
        }
    };
    table.set_implicit(true);
    table.insert(name, Item::Table(inner));
}

fn put_listing(table: &mut Table, listing: &hub::Listing) {
    table.insert("resource", text(&listing.resource));
    put(table, "where", listing.where_.as_deref());
    if !listing.fields.is_empty() {
        table.insert("fields", array(&listing.fields));
    }
    put(table, "orderBy", listing.order_by.as_deref());
    match &listing.start {
        hub::Position::Page(page) => table.insert("page", toml_edit::value(i64::from(*page))),
        hub::Position::Cursor(cursor) => table.insert("cursor", text(cursor)),
    };
    table.insert("pageSize", toml_edit::value(i64::from(listing.page_size)));
    if listing.total {
        table.insert("total", toml_edit::value(true));
    }
    if !listing.parameters.is_empty() {
        let mut parameters = toml_edit::InlineTable::new();
        for types::Field { name, value } in &listing.parameters {
            parameters.insert(name, value.as_str().into());
        }
        table.insert("parameters", toml_edit::value(parameters));
    }
}

fn number(number: usize) -> Item {
    toml_edit::value(i64::try_from(number).unwrap_or(i64::MAX))
}

pub(super) fn array(texts: &[String]) -> Item {
    toml_edit::value(texts.iter().map(String::as_str).collect::<toml_edit::Array>())
}

pub(super) fn bytes(bytes: &[u8]) -> Item {
    match Bytes::of(bytes) {
        Bytes::Text(plain) => text(&plain),
        Bytes::Base64 { base64 } => {
            let mut table = toml_edit::InlineTable::new();
            table.insert("base64", base64.into());
            toml_edit::value(table)
        }
    }
}

pub(super) fn instant(instant: Millis) -> Item {
    let parsed: Result<Datetime, _> = datetime(instant).parse();
    parsed.map_or_else(|_| text(&datetime(instant)), toml_edit::value)
}

/// A string: over several lines and without escapes where that is possible.
pub(super) fn text(text: &str) -> Item {
    let plain = |letter: char| letter == '\n' || letter == '\t' || !letter.is_control();
    if text.contains('\n') && !text.contains("'''") && !text.ends_with('\'') && text.chars().all(plain) {
        let literal: Result<Value, _> = format!("'''\n{text}'''").parse();
        if let Ok(value) = literal {
            return Item::Value(value);
        }
    }
    toml_edit::value(text)
}
