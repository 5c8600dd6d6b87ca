//! The settings of each fault.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::When;
use crate::casing::Casing;
use crate::schema::Entity;

/// Declares the settings of faults: plain data with a default for every member, strict about unknown ones.
macro_rules! settings {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $kind:ty = $default:expr,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $kind,)*
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }
    )*};
}

/// Declares choices, spelled in kebab case on the wire; the first is the default.
macro_rules! choices {
    ($($(#[$doc:meta])* $name:ident {
        $(#[$first_doc:meta])* $first:ident, $($(#[$other_doc:meta])* $other:ident,)*
    })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum $name {
            $(#[$first_doc])* #[default] $first,
            $($(#[$other_doc])* $other,)*
        }
    )*};
}

settings! {
    /// 429; calls within the announced time are refused as well and counted as violations.
    RateLimit {
        /// Seconds announced in `Retry-After`, by the fake's clock.
        retry_after_s: u32 = 5,
        /// How `Retry-After` is written.
        format: Format = Format::Seconds,
        /// Which calls are hit.
        when: When = When::default(),
    }
    /// A real budget, as of the Core edition: 30 calls in 10 s.
    CallBudget {
        /// Calls of the data service within the span.
        calls: u32 = 30,
        /// The span in seconds, by the fake's clock.
        per_s: u32 = 10,
    }
    /// An HTTP failure of the gateway.
    HttpStatus {
        /// The status, 400 to 599.
        status: u16 = 503,
        /// Seconds in `Retry-After`; absent: no such header.
        retry_after_s: Option<u32> = None,
        /// The body, as plain text.
        body: String = String::new(),
        /// Which calls are hit.
        when: When = When::default(),
    }
    /// A page instead of JSON.
    NonJson {
        /// The status.
        status: u16 = 200,
        /// The content type.
        content_type: String = "text/html; charset=utf-8".to_owned(),
        /// The body.
        body: String = "<!DOCTYPE html><html><body><h1>Service is being updated</h1></body></html>".to_owned(),
        /// Which calls are hit.
        when: When = When::default(),
    }
    /// A refusal in the envelope: HTTP 200, `Code` -1.
    LogicalError {
        /// The text in `Msg`.
        message: String = "Access Denied".to_owned(),
        /// `ErrorCode`, shown when `Msg` holds objects.
        code: Option<i64> = None,
        /// Which calls are hit.
        when: When = When::default(),
    }
    /// A notice in `Msg` beside `Code` 0.
    Warning {
        /// The text.
        message: String = "This object is in BETA and may change".to_owned(),
        /// Which calls are hit.
        when: When = When::default(),
    }
    /// The connection breaks in the middle of the body.
    DropConnection {
        /// Bytes of the body that still arrive; absent: half of it.
        after_bytes: Option<usize> = None,
        /// Which calls are hit.
        when: When = When::default(),
    }
    /// The body ends early although HTTP says that it is whole.
    TruncateJson {
        /// Bytes of the body that are kept; absent: half of it.
        keep_bytes: Option<usize> = None,
        /// Which calls are hit.
        when: When = When::default(),
    }
    /// The answer is followed by white space, so that it stays valid JSON.
    HugeBody {
        /// Bytes of white space.
        bytes: u64 = 64 * 1024 * 1024,
        /// Which calls are hit.
        when: When = When::default(),
    }
    /// The answer takes its time, in real milliseconds.
    Slow {
        /// The delay before the headers.
        headers_ms: u64 = 5000,
        /// The delay between the two halves of the body.
        body_ms: u64 = 0,
        /// Which calls are hit.
        when: When = When::default(),
    }
    /// How a bad token is told.
    TokenError {
        /// The way.
        style: TokenErrorStyle = TokenErrorStyle::Http401,
    }
    /// All access tokens die just before a call is served.
    ExpireTokens {
        /// Before which calls.
        when: When = When::once(),
    }
    /// The token endpoint refuses.
    TokenRefusal {
        /// The status.
        status: u16 = 400,
        /// `error` of the answer.
        error: String = "invalid_grant".to_owned(),
        /// `error_description` of the answer.
        description: String = "the grant was refused".to_owned(),
        /// The grant types that are refused; empty: all.
        grants: Vec<String> = Vec::new(),
        /// Which of these grants are hit.
        when: When = When::default(),
    }
    /// The user says no: `error` instead of `code` goes to the redirect URI.
    AuthorizeDenial {
        /// `error` in the redirect.
        error: String = "access_denied".to_owned(),
        /// Which of the authorization requests are hit.
        when: When = When::default(),
    }
    /// Members of the token response that the vendor does not document.
    TokenResponse {
        /// Adds `expires_in`, in seconds.
        expires_in: Option<i64> = Some(600),
        /// Adds `token_type`.
        token_type: Option<String> = Some("Bearer".to_owned()),
    }
    /// What becomes of a refresh token that was used.
    RefreshRotation {
        /// Which refresh token is handed out.
        mode: RefreshMode = RefreshMode::Rotate,
        /// What a token that was replaced is answered with.
        reuse: RefreshReuse = RefreshReuse::Refuse,
    }
    /// The form of `Msg`.
    MessageForm {
        /// The form.
        style: MessageStyle = MessageStyle::Strings,
    }
    /// The casing of the members that the service itself names.
    EnvelopeCasing {
        /// The casing.
        members: Casing = Casing::Camel,
    }
    /// The content type of answers of the data service.
    ContentType {
        /// The header's value.
        value: String = "application/json; charset=utf-8".to_owned(),
    }
    /// The prefix of address book keys; ID and number stay.
    KeyPrefix {
        /// The rule.
        rule: PrefixRule = PrefixRule::PerSession,
    }
    /// Where the key of the next page stands in an answer.
    PageKey {
        /// The place.
        place: PageKeyPlace = PageKeyPlace::Absent,
    }
    /// Pages and tops are cut to this size without a word.
    PageCap {
        /// Rows of a page.
        rows: usize = 100,
    }
    /// A record changes while a walk is under way, just before a page is served.
    PageShift {
        /// The object that is walked.
        entity: Entity = Entity::AbEntry,
        /// The record that changes: its key, or `ID:Number`; absent: the first row of the page before.
        key: Option<String> = None,
        /// The page, from 1, before which it changes. Counted by `PageKey` and `PageSize`.
        page: usize = 2,
        /// What happens to the record.
        action: ShiftAction = ShiftAction::Touch,
        /// Properties that a touch sets, or of the record that is created.
        data: Map<String, Value> = Map::new(),
        /// Which of the reads of that page are hit.
        when: When = When::once(),
    }
    /// A written row, or its new state, shows in reads only this long after its change.
    LateVisible {
        /// Seconds, by the fake's clock.
        seconds: u32 = 30,
        /// The objects that lag; empty: all.
        entities: Vec<Entity> = Vec::new(),
    }
    /// Dates are shown in local time but labelled `Z`; searching still goes by the true instant.
    LocalTime {
        /// Minutes to add: -420 is Pacific daylight time.
        offset_minutes: i32 = -420,
        /// The properties that are wrong.
        fields: Vec<String> = vec!["LastModifyDate".to_owned()],
    }
    /// The provider's clock is ahead (positive) or behind.
    ClockSkew {
        /// Seconds.
        seconds: i64 = 90,
        /// Which of its clocks.
        on: SkewOn = SkewOn::Both,
    }
    /// Properties that cannot be searched or sorted.
    FieldLimits {
        /// `Object.Property`.
        not_searchable: Vec<String> = Vec::new(),
        /// `Object.Property`.
        not_sortable: Vec<String> = Vec::new(),
    }
    /// Every update of an address book entry by API leaves a note on it, as with auditing notes switched on.
    AuditNotes {
        /// The text of the note.
        text: String = "Entry modified by the API".to_owned(),
    }
}

choices! {
    /// How `Retry-After` is written.
    Format {
        /// A count of seconds.
        Seconds,
        /// An HTTP date.
        Date,
        /// Not at all.
        Absent,
    }
    /// How a bad token is told.
    TokenErrorStyle {
        /// HTTP 200 with `Code` -1 and `Msg` `["Token is invalid"]`.
        Message,
        /// HTTP 401 with `WWW-Authenticate: Bearer`.
        #[serde(rename = "http-401")]
        Http401,
    }
    /// Which refresh token a refresh hands out.
    RefreshMode {
        /// A new one; the old one dies.
        Rotate,
        /// The same one.
        Keep,
        /// None; the old one stays valid.
        Omit,
    }
    /// What a replaced refresh token is answered with.
    RefreshReuse {
        /// `invalid_grant`.
        Refuse,
        /// New tokens, as if it were still valid.
        Allow,
    }
    /// The form of `Msg`.
    MessageStyle {
        /// `[{"Message":"…","ErrorCode":-1023}]`
        Objects,
        /// `["…"]`
        Strings,
        /// `"…"`
        Text,
    }
    /// Which prefix address book keys carry.
    PrefixRule {
        /// `Company`, `Individual`, `Contact`.
        Typed,
        /// `AbEntry`.
        Generic,
        /// Typed and generic in turn, by the number of the session.
        PerSession,
    }
    /// Where the key of the next page stands in an answer.
    PageKeyPlace {
        /// `{Entity}.OrderBy.PageKey`
        OrderBy,
        /// `{Entity}.PageKey`
        Entity,
        /// `{Entity}.NextPageKey`
        NextPageKey,
        /// Nowhere: the caller must compute it.
        Absent,
    }
    /// What happens to a record during a walk.
    ShiftAction {
        /// It is modified now.
        Touch,
        /// It is deleted.
        Delete,
        /// A record is created.
        Create,
    }
    /// Which clocks of the provider are off.
    SkewOn {
        /// The `Date` header and the dates of records.
        Both,
        /// The `Date` header alone.
        DateHeader,
        /// The dates of records alone.
        Records,
    }
}

/// The prefix of address book keys in one session.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum PrefixStyle {
    #[default]
    Typed,
    Generic,
}

// === impl KeyPrefix ===

impl KeyPrefix {
    /// The prefix in the session of this number, from 1.
    pub(crate) fn style(&self, session: u64) -> PrefixStyle {
        match self.rule {
            PrefixRule::Typed => PrefixStyle::Typed,
            PrefixRule::Generic => PrefixStyle::Generic,
            PrefixRule::PerSession if session.is_multiple_of(2) => PrefixStyle::Generic,
            PrefixRule::PerSession => PrefixStyle::Typed,
        }
    }
}

// === impl LateVisible ===

impl LateVisible {
    pub(crate) fn covers(&self, entity: Entity) -> bool {
        self.entities.is_empty() || self.entities.contains(&entity)
    }
}

// === impl LocalTime ===

impl LocalTime {
    pub(crate) fn covers(&self, field: &str) -> bool {
        self.fields.iter().any(|name| name.eq_ignore_ascii_case(field))
    }
}

// === impl FieldLimits ===

impl FieldLimits {
    pub(crate) fn blocks_search(&self, entity: Entity, field: &str) -> bool {
        names(&self.not_searchable, entity, field)
    }

    pub(crate) fn blocks_sort(&self, entity: Entity, field: &str) -> bool {
        names(&self.not_sortable, entity, field)
    }
}

fn names(list: &[String], entity: Entity, field: &str) -> bool {
    list.iter()
        .filter_map(|name| name.split_once('.'))
        .any(|(object, property)| {
            object.eq_ignore_ascii_case(entity.name()) && property.eq_ignore_ascii_case(field)
        })
}
