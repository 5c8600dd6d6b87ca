//! The contract's types and capabilities as plain Rust: what `wit/v1` says, without bindings, so that an adapter's
//! logic is an ordinary library whose tests need neither a host nor WebAssembly. [`crate::export!`] translates.

mod answer;
mod capability;
mod context;
mod failure;
mod record;
mod request;

pub use answer::{only, succeeded};
pub use capability::{Element, Hub, OAuth1, OAuth2, PollStep, Poller, Receipt, Step, Webhook};
pub use context::{Context, Setting};
pub use failure::{Detail, Failure};
pub use record::{Change, Changed, DELIVERY, Document, Piece, PieceText};
pub use request::{
    Answer, Basic, Body, Capture, Content, Credential, Digest, Effect, Encoding, Exchange, Field, Header,
    Hmac, MadeHeader, OAuth1Credential, OAuth1Method, Parameter, Part, Placement, Request, Response, Source,
    Target, TransportError, Value,
};

pub use self::capability::{
    Authorization, BasicSecret, Delivery, Grant, Job, Listed, Listing, Operation, Outcome, Page, Position,
    Received, Registration, RegistrationChange, Reply, SharedSecret, Signature, Subscription, Verification,
};
