//! Everything that can be made to go wrong, or differently.

mod board;
mod catalog;
mod check;
mod kinds;
mod when;

pub use board::FaultError;
pub(crate) use board::{Board, Gate};
pub use catalog::{CATALOG, Entry};
pub(crate) use kinds::PrefixStyle;
pub use kinds::{
    AuditNotes, AuthorizeDenial, CallBudget, ClockSkew, ContentType, DropConnection, EnvelopeCasing,
    ExpireTokens, FieldLimits, Format, HttpStatus, HugeBody, KeyPrefix, LateVisible, LocalTime, LogicalError,
    MessageForm, MessageStyle, NonJson, PageCap, PageKey, PageKeyPlace, PageShift, PrefixRule, RateLimit,
    RefreshMode, RefreshReuse, RefreshRotation, ShiftAction, SkewOn, Slow, TokenError, TokenErrorStyle,
    TokenRefusal, TokenResponse, TruncateJson, Warning,
};
pub(crate) use when::Call;
pub use when::When;

use serde::{Deserialize, Serialize};

/// The switches of the fake. Each is off while it is `None`; names on the wire are in kebab case.
///
/// The table in the crate documentation says what each one does.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Faults {
    /// 429 with `Retry-After`.
    pub rate_limit: Option<RateLimit>,
    /// A real budget of calls in a span of time.
    pub call_budget: Option<CallBudget>,
    /// 408, 500, 502, 503 or any other status.
    pub http_status: Option<HttpStatus>,
    /// A page instead of JSON.
    pub non_json: Option<NonJson>,
    /// A refusal in the envelope.
    pub logical_error: Option<LogicalError>,
    /// A notice beside `Code` 0.
    pub warning: Option<Warning>,
    /// The connection breaks in the middle of the body.
    pub drop_connection: Option<DropConnection>,
    /// The body ends early although HTTP says that it is whole.
    pub truncate_json: Option<TruncateJson>,
    /// Megabytes of white space after the answer.
    pub huge_body: Option<HugeBody>,
    /// The answer takes its time.
    pub slow: Option<Slow>,
    /// How a bad token is told.
    pub token_error: Option<TokenError>,
    /// Access tokens die between two calls.
    pub expire_tokens: Option<ExpireTokens>,
    /// The token endpoint refuses grants.
    pub token_refusal: Option<TokenRefusal>,
    /// The authorization endpoint answers with an error.
    pub authorize_denial: Option<AuthorizeDenial>,
    /// Optional members of the token response.
    pub token_response: Option<TokenResponse>,
    /// What becomes of a refresh token that was used.
    pub refresh_rotation: Option<RefreshRotation>,
    /// Whether items of `Msg` are texts or objects.
    pub message_form: Option<MessageForm>,
    /// The casing of `Code`, `Data`, `Msg`.
    pub casing: Option<EnvelopeCasing>,
    /// The content type of answers.
    pub content_type: Option<ContentType>,
    /// The prefix of address book keys.
    pub key_prefix: Option<KeyPrefix>,
    /// Where the key of the next page stands.
    pub page_key: Option<PageKey>,
    /// Pages are smaller than asked.
    pub page_cap: Option<PageCap>,
    /// A record changes while a walk is under way.
    pub page_shift: Option<PageShift>,
    /// Written rows show late.
    pub late_visible: Option<LateVisible>,
    /// Local time labelled `Z`.
    pub local_time: Option<LocalTime>,
    /// The provider's clock is ahead or behind.
    pub clock_skew: Option<ClockSkew>,
    /// Properties that cannot be searched or sorted.
    pub field_limits: Option<FieldLimits>,
    /// Updates leave notes on the record.
    pub audit_notes: Option<AuditNotes>,
}
