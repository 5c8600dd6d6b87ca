//! An endpoint as it is described: who may ask, what it takes, what it answers and how it may refuse.
//!
//! Each module of the interface describes its endpoints beside their routes. Shapes of bodies are said by type: the very
//! types that handlers read and write.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use serde_json::Value;
use utoipa::{
    ToSchema,
    openapi::{
        HttpMethod, Ref, RefOr, Schema,
        schema::{AdditionalProperties, Array, Object},
    },
};

use super::{
    super::error::OF_PROVIDERS,
    parameters::{PAGES, Parameter},
};

/// An endpoint.
pub(in crate::api) struct Endpoint {
    pub(super) method: HttpMethod,
    /// The method in lower case.
    pub(super) method_name: &'static str,
    /// The path beneath the base.
    pub(super) path: String,
    pub(super) summary: &'static str,
    pub(super) who: Who,
    pub(super) query: Vec<Parameter>,
    pub(super) body: Option<Shape>,
    pub(super) example: Option<Value>,
    pub(super) answer: Answer,
    /// Whether its answer says which instance it is about.
    pub(super) tells_instance: bool,
    /// How it may refuse beside what follows from all the rest.
    refusals: BTreeSet<StatusCode>,
}

/// Who may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    /// Anybody.
    Anybody,
    /// Providers, which speak as they like.
    Provider,
    /// Whoever has a user's secret.
    User,
    /// A user who addresses an instance by its token.
    Token,
}

/// What an endpoint answers with when all is well.
#[derive(Debug, Clone, Copy)]
pub(super) enum Answer {
    /// An empty body.
    Nothing,
    /// One body.
    One(Shape),
    /// An array, all at once.
    All(Shape),
    /// An array, a page at a time.
    Page(Shape),
    /// An array of the provider, a page at a time.
    Records(Shape),
    /// An object of many by their names.
    ByName(Shape),
    /// One body, or an array of the same a page at a time.
    OneOrPage(Shape),
    /// Server-sent events.
    Stream,
    /// A file.
    Export,
    /// Whatever an adapter answers a provider.
    Reply,
    /// It refuses whatever is asked.
    Never,
}

/// The shapes that a document names.
pub(super) type Shapes = Vec<(String, RefOr<Schema>)>;

/// The shape of a body, of a type.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    reference: fn() -> RefOr<Schema>,
    itself: fn() -> RefOr<Schema>,
    collect: fn(&mut Shapes),
}

// === impl Shape ===

impl Shape {
    pub(super) fn of<T: ToSchema>() -> Self {
        Self {
            reference: || Ref::from_schema_name(T::name()).into(),
            itself: T::schema,
            collect: |shapes| {
                shapes.push((T::name().into_owned(), T::schema()));
                T::schemas(shapes);
            },
        }
    }

    /// The shape by its name.
    pub(super) fn reference(self) -> RefOr<Schema> {
        (self.reference)()
    }

    /// The shape itself.
    pub(super) fn itself(self) -> RefOr<Schema> {
        (self.itself)()
    }

    /// An array of it.
    pub(super) fn array(self) -> Array {
        Array::new(self.reference())
    }

    /// An object of many by their names.
    pub(super) fn by_name(self) -> Object {
        let many =
            Object::builder().additional_properties(Some(AdditionalProperties::RefOr(self.reference())));
        many.build()
    }

    /// Add it and all that it names.
    pub(super) fn collect(self, shapes: &mut Shapes) {
        (self.collect)(shapes);
    }
}

// === impl Answer ===

impl Answer {
    /// The shape that it names.
    pub(super) fn shape(self) -> Option<Shape> {
        match self {
            Self::One(shape)
            | Self::All(shape)
            | Self::Page(shape)
            | Self::Records(shape)
            | Self::ByName(shape)
            | Self::OneOrPage(shape) => Some(shape),
            Self::Nothing | Self::Stream | Self::Export | Self::Reply | Self::Never => None,
        }
    }
}

// === impl Endpoint ===

impl Endpoint {
    fn new(
        method: HttpMethod,
        method_name: &'static str,
        path: impl Into<String>,
        summary: &'static str,
    ) -> Self {
        Self {
            method,
            method_name,
            path: path.into(),
            summary,
            who: Who::User,
            query: Vec::new(),
            body: None,
            example: None,
            answer: Answer::Nothing,
            tells_instance: false,
            refusals: BTreeSet::new(),
        }
    }

    pub(in crate::api) fn get(path: impl Into<String>, summary: &'static str) -> Self {
        Self::new(HttpMethod::Get, "get", path, summary)
    }

    pub(in crate::api) fn post(path: impl Into<String>, summary: &'static str) -> Self {
        Self::new(HttpMethod::Post, "post", path, summary)
    }

    pub(in crate::api) fn put(path: impl Into<String>, summary: &'static str) -> Self {
        Self::new(HttpMethod::Put, "put", path, summary)
    }

    pub(in crate::api) fn patch(path: impl Into<String>, summary: &'static str) -> Self {
        Self::new(HttpMethod::Patch, "patch", path, summary)
    }

    pub(in crate::api) fn delete(path: impl Into<String>, summary: &'static str) -> Self {
        Self::new(HttpMethod::Delete, "delete", path, summary)
    }

    /// Nobody has to say who he is.
    pub(in crate::api) fn open(self) -> Self {
        Self {
            who: Who::Anybody,
            ..self
        }
    }

    /// Providers call it, and are answered as their adapter likes.
    pub(in crate::api) fn for_providers(self) -> Self {
        Self {
            who: Who::Provider,
            answer: Answer::Reply,
            ..self
        }
        .may(&[
            StatusCode::UNAUTHORIZED,
            StatusCode::FORBIDDEN,
            StatusCode::PAYLOAD_TOO_LARGE,
            StatusCode::TOO_MANY_REQUESTS,
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            StatusCode::BAD_GATEWAY,
        ])
    }

    /// It needs the token of an instance.
    pub(in crate::api) fn by_token(self) -> Self {
        Self {
            who: Who::Token,
            ..self
        }
    }

    /// Its answer says in a header which instance it is about.
    pub(in crate::api) fn tells_instance(self) -> Self {
        Self {
            tells_instance: true,
            ..self
        }
    }

    /// Its parameters in the query.
    pub(in crate::api) fn asks(mut self, parameters: &[Parameter]) -> Self {
        self.query.extend_from_slice(parameters);
        self
    }

    /// The body that it takes.
    pub(in crate::api) fn takes<T: ToSchema>(self) -> Self {
        Self {
            body: Some(Shape::of::<T>()),
            ..self
        }
    }

    /// A body that it takes.
    pub(in crate::api) fn example(self, example: Value) -> Self {
        Self {
            example: Some(example),
            ..self
        }
    }

    /// One of these.
    pub(in crate::api) fn answers<T: ToSchema>(self) -> Self {
        self.with(Answer::One(Shape::of::<T>()))
    }

    /// All of these, in an array.
    pub(in crate::api) fn lists<T: ToSchema>(self) -> Self {
        self.with(Answer::All(Shape::of::<T>()))
    }

    /// An array of these, a page at a time.
    pub(in crate::api) fn pages<T: ToSchema>(self) -> Self {
        self.asks(PAGES).with(Answer::Page(Shape::of::<T>()))
    }

    /// An array of the provider's, a page at a time.
    pub(in crate::api) fn records<T: ToSchema>(self) -> Self {
        self.with(Answer::Records(Shape::of::<T>()))
    }

    /// An object of these by their names.
    pub(in crate::api) fn by_name<T: ToSchema>(self) -> Self {
        self.with(Answer::ByName(Shape::of::<T>()))
    }

    /// One of these, or an array of them, a page at a time.
    pub(in crate::api) fn one_or_pages<T: ToSchema>(self) -> Self {
        self.asks(PAGES).with(Answer::OneOrPage(Shape::of::<T>()))
    }

    /// Server-sent events.
    pub(in crate::api) fn streams(self) -> Self {
        self.with(Answer::Stream)
    }

    /// A file.
    pub(in crate::api) fn exports(self) -> Self {
        self.with(Answer::Export)
    }

    /// It refuses whatever is asked.
    pub(in crate::api) fn refuses(self) -> Self {
        self.with(Answer::Never)
    }

    /// What it does ends at the provider, whose refusals are told.
    pub(in crate::api) fn at_provider(self) -> Self {
        self.may(&[
            StatusCode::BAD_REQUEST,
            StatusCode::FORBIDDEN,
            StatusCode::NOT_FOUND,
            StatusCode::METHOD_NOT_ALLOWED,
            StatusCode::TOO_MANY_REQUESTS,
            StatusCode::BAD_GATEWAY,
        ])
        .may(&OF_PROVIDERS)
    }

    /// Not every user may.
    pub(in crate::api) fn guarded(self) -> Self {
        self.may(&[StatusCode::FORBIDDEN])
    }

    /// What is there already, or is going on, may be in its way.
    pub(in crate::api) fn may_conflict(self) -> Self {
        self.may(&[StatusCode::CONFLICT])
    }

    /// There may be nothing, although no id is in the path.
    pub(in crate::api) fn may_miss(self) -> Self {
        self.may(&[StatusCode::NOT_FOUND])
    }

    fn with(self, answer: Answer) -> Self {
        Self { answer, ..self }
    }

    fn may(mut self, statuses: &[StatusCode]) -> Self {
        self.refusals.extend(statuses);
        self
    }

    /// All statuses with which it may refuse.
    pub(super) fn refusals(&self) -> BTreeSet<StatusCode> {
        let mut all = self.refusals.clone();
        // The adapters are being loaded, or the store fails.
        all.extend([StatusCode::SERVICE_UNAVAILABLE, StatusCode::INTERNAL_SERVER_ERROR]);
        if self.path.contains('{') {
            all.extend([StatusCode::BAD_REQUEST, StatusCode::NOT_FOUND]);
        }
        if !self.query.is_empty() || self.body.is_some() {
            all.insert(StatusCode::BAD_REQUEST);
        }
        if self.who == Who::Token {
            all.insert(StatusCode::NOT_FOUND);
        }
        if matches!(self.who, Who::User | Who::Token) {
            all.extend([StatusCode::UNAUTHORIZED, StatusCode::TOO_MANY_REQUESTS]);
        }
        if self.who != Who::Provider {
            all.insert(StatusCode::NOT_ACCEPTABLE);
            if matches!(
                self.method,
                HttpMethod::Post | HttpMethod::Put | HttpMethod::Patch
            ) {
                all.extend([StatusCode::PAYLOAD_TOO_LARGE, StatusCode::UNSUPPORTED_MEDIA_TYPE]);
            }
        }
        all
    }
}
