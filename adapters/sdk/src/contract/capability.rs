//! The capabilities: one trait for each interface of the contract, with defaults for what few adapters need.
//!
//! The functions are associated functions: an adapter has no self to remember anything in.

use super::{
    Answer, Changed, Context, Digest, Document, Encoding, Exchange, Failure, Field, Header, Part, Request,
    Response, Setting,
};
use crate::description::Description;

/// Send and come back, or done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step<T> {
    /// Send these requests.
    Send(Exchange),
    /// The result.
    Done(T),
}

/// What the element is, and how an instance of it comes to life; see `element` in the contract.
pub trait Element {
    /// Describe the element.
    fn describe(package: Option<&[u8]>) -> Result<Description, String>;

    /// Validate and discover; the default has nothing to do.
    fn connect(context: &Context) -> Result<Step<Vec<Setting>>, Failure> {
        let _ = context;
        Ok(Step::Done(Vec::new()))
    }

    /// Continue [`Self::connect`].
    fn resume_connect(
        context: &Context,
        state: &[u8],
        answers: &[Answer],
    ) -> Result<Step<Vec<Setting>>, Failure> {
        let _ = (context, state, answers);
        Err(Failure::Other("connect sent nothing, yet was resumed".into()))
    }

    /// Is the provider there? The default does not ask it.
    fn check(context: &Context) -> Result<Step<()>, Failure> {
        let _ = context;
        Ok(Step::Done(()))
    }

    /// Continue [`Self::check`]; the default takes any answer of 200 to 299 for a yes.
    fn resume_check(context: &Context, state: &[u8], answers: &[Answer]) -> Result<Step<()>, Failure> {
        let _ = (context, state);
        super::succeeded(answers).map(|_alive| Step::Done(()))
    }
}

/// What the authorize URL is made from; see `oauth2.authorization` in the contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorization {
    /// Opaque text.
    pub redirect_uri: String,
    /// Comes back with the code.
    pub state: String,
    /// What to ask for.
    pub scope: Option<String>,
    /// The PKCE challenge.
    pub code_challenge: Option<String>,
}

/// What a token is asked for with; see `oauth2.grant` in the contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grant {
    /// The code in `oauth.code`, obtained with this redirect URI.
    AuthorizationCode(String),
    /// The token in `oauth.user.refresh_token`; the instance's redirect URI.
    RefreshToken(String),
    /// The client's own credentials.
    ClientCredentials,
}

/// OAuth 2.0; see `oauth2` in the contract.
pub trait OAuth2 {
    /// The authorize URL.
    fn authorize(context: &Context, authorization: Authorization) -> Result<Request, Failure>;

    /// The request to the token endpoint.
    fn token(context: &Context, grant: Grant) -> Result<Request, Failure>;

    /// Read the answer; the default takes 200 to 299 for yes, 400 and 401 for a refusal (RFC 6749, section 5.2).
    fn granted(context: &Context, grant: Grant, response: Response) -> Result<Vec<Setting>, Failure> {
        let _ = (context, grant);
        crate::oauth2::granted(&response).map(|()| Vec::new())
    }
}

/// OAuth 1.0a; see `oauth1` in the contract.
pub trait OAuth1 {
    /// The request for a temporary token.
    fn request_token(context: &Context, callback: String) -> Result<Request, Failure>;

    /// The authorize URL.
    fn authorize(context: &Context, callback: String) -> Result<Request, Failure>;

    /// The request that trades the verifier for the token.
    fn access_token(context: &Context) -> Result<Request, Failure>;
}

/// Where a list starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Position {
    /// At this page, counted from 1.
    Page(u32),
    /// At a cursor that an earlier listing returned.
    Cursor(String),
}

/// `GET /{resource}`; see `hub.listing` in the contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// The resource.
    pub resource: String,
    /// The filter in CEQL.
    pub filter: Option<String>,
    /// Exactly these members; empty means the default.
    pub fields: Vec<String>,
    /// For instance `LastName desc`.
    pub order_by: Option<String>,
    /// Where to start.
    pub start: Position,
    /// At most this many records.
    pub page_size: u32,
    /// Whether the total number is wanted.
    pub total: bool,
    /// Further query parameters.
    pub parameters: Vec<Field>,
}

/// An operation on a resource; see `hub.operation` in the contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// Read many.
    List(Listing),
    /// Read one.
    Get {
        /// The resource.
        resource: String,
        /// The id as the caller has it.
        id: String,
        /// Exactly these members; empty means the default.
        fields: Vec<String>,
    },
    /// Make one.
    Create {
        /// The resource.
        resource: String,
        /// The caller's JSON object.
        body: String,
    },
    /// Change the given members.
    Update {
        /// The resource.
        resource: String,
        /// The id as the caller has it.
        id: String,
        /// The caller's JSON object.
        body: String,
    },
    /// Replace all members.
    Replace {
        /// The resource.
        resource: String,
        /// The id as the caller has it.
        id: String,
        /// The caller's JSON object.
        body: String,
    },
    /// Remove one.
    Delete {
        /// The resource.
        resource: String,
        /// The id as the caller has it.
        id: String,
    },
    /// The fields of this resource.
    Fields(String),
}

/// A page of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listed {
    /// The records.
    pub records: Vec<Document>,
    /// Where the next page starts.
    pub next: Option<String>,
    /// The total number.
    pub total: Option<u64>,
}

/// What came of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Of a list.
    Listed(Listed),
    /// One record.
    One(Document),
    /// A JSON array of `{path, type}`.
    Fields(String),
    /// Nothing to show.
    Done,
}

/// The element's normalized resources; see `hub` in the contract.
pub trait Hub {
    /// Start an operation.
    fn begin(context: &Context, operation: Operation) -> Result<Step<Outcome>, Failure>;

    /// Continue it.
    fn resume(
        context: &Context,
        operation: Operation,
        state: &[u8],
        answers: &[Answer],
    ) -> Result<Step<Outcome>, Failure>;
}

/// One poll of one resource; see `poller.job` in the contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// The resource.
    pub resource: String,
    /// The configuration of this resource, a JSON object.
    pub configuration: String,
    /// Start of the window, inclusive, in milliseconds since 1970.
    pub since: i64,
    /// End of the window, in milliseconds since 1970.
    pub until: i64,
    /// The checkpoint of the last committed page.
    pub checkpoint: Option<Vec<u8>>,
}

/// A page of the walk; see `poller.page` in the contract.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// The records found, oldest first.
    pub records: Vec<Changed>,
    /// Replaces the job's checkpoint.
    pub checkpoint: Option<Vec<u8>>,
    /// How the walk goes on.
    pub next: Option<Exchange>,
}

/// The next step of a walk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PollStep {
    /// Send and come back.
    Send(Exchange),
    /// Store this and go on.
    Page(Page),
}

/// Finds out what changed; see `poller` in the contract.
pub trait Poller {
    /// Check a resource's configuration and fill in its defaults.
    fn plan(context: &Context, resource: &str, configuration: &str) -> Result<String, String>;

    /// Start a walk.
    fn begin(context: &Context, job: Job) -> Result<PollStep, Failure>;

    /// Continue it.
    fn resume(context: &Context, job: Job, state: &[u8], answers: &[Answer]) -> Result<PollStep, Failure>;
}

/// What the host wants to be told about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Where the provider shall call.
    pub callback_url: String,
    /// The resources of interest.
    pub resources: Vec<String>,
    /// The instance's event configuration, a JSON object.
    pub configuration: String,
}

/// What the provider registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// The adapter's own words.
    pub data: Vec<u8>,
    /// When it has to be renewed, in milliseconds since 1970.
    pub expires: Option<i64>,
}

/// What to do with a registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegistrationChange {
    /// Make one.
    Subscribe(Subscription),
    /// Prolong it.
    Renew(Registration),
    /// End it.
    Unsubscribe(Registration),
}

/// A call that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The method.
    pub method: String,
    /// The query, without `?`.
    pub query: String,
    /// The headers.
    pub headers: Vec<Header>,
    /// The body.
    pub body: Vec<u8>,
}

/// An immediate answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: Vec<Header>,
    /// The body.
    pub body: Vec<u8>,
}

/// An HMAC that the provider sends along; see `webhook.signature` in the contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// The header that carries it.
    pub header: String,
    /// Stripped from the header's value.
    pub prefix: String,
    /// The digest function.
    pub digest: Digest,
    /// How it is written.
    pub encoding: Encoding,
    /// The name of the key.
    pub key: String,
    /// What is signed.
    pub over: Vec<Part>,
}

/// A secret that the provider sends along as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedSecret {
    /// The header that carries it.
    pub header: String,
    /// Stripped from the header's value.
    pub prefix: String,
    /// The name of the secret.
    pub secret: String,
}

/// HTTP basic authentication; see `webhook.basic-secret` in the contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BasicSecret {
    /// The user name that the provider was told.
    pub user: String,
    /// The name of the password.
    pub secret: String,
}

/// How the host tells a real call from a forged one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verification {
    /// It cannot: whoever knows the instance's address can tell events.
    None,
    /// By a signature.
    Signature(Signature),
    /// By a shared secret.
    Secret(SharedSecret),
    /// By user and password.
    Basic(BasicSecret),
}

/// A changed record and its resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The resource.
    pub resource: String,
    /// What changed.
    pub changed: Changed,
}

/// The next step of receiving.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Receipt {
    /// Send and come back.
    Send(Exchange),
    /// What changed.
    Records(Vec<Received>),
}

/// Changes that the provider reports by itself; see `webhook` in the contract.
pub trait Webhook {
    /// Make, prolong or end a registration.
    fn register(context: &Context, change: RegistrationChange)
    -> Result<Step<Option<Registration>>, Failure>;

    /// Continue [`Self::register`].
    fn resume_register(
        context: &Context,
        change: RegistrationChange,
        state: &[u8],
        answers: &[Answer],
    ) -> Result<Step<Option<Registration>>, Failure>;

    /// An answer that must be given at once.
    fn greet(context: &Context, delivery: &Delivery) -> Option<Reply> {
        let _ = (context, delivery);
        None
    }

    /// How to verify this call.
    fn verify(context: &Context, delivery: &Delivery) -> Verification;

    /// What the call says.
    fn receive(context: &Context, delivery: Delivery) -> Result<Receipt, Failure>;

    /// Continue [`Self::receive`].
    fn resume_receive(
        context: &Context,
        delivery: Delivery,
        state: &[u8],
        answers: &[Answer],
    ) -> Result<Receipt, Failure> {
        let _ = (context, delivery, state, answers);
        Err(Failure::Other("receive sent nothing, yet was resumed".into()))
    }
}
