//! The properties of each object.

use std::borrow::Cow;

use super::{Entity, Field, Kind, Source};
use crate::query::Op;

const AB: &[Entity] = &[Entity::AbEntry];
const ADDRESS: &[&str] = &[
    "Key",
    "Description",
    "AddressLine1",
    "AddressLine2",
    "City",
    "StateProvince",
    "ZipCode",
    "Country",
    "Default",
    "ParentKey",
    "Location",
];
const PHONE: &[&str] = &["Default", "Description", "Number", "Extension"];
const EMAIL: &[&str] = &["Default", "Description", "Address"];
const RIGHTS: &[&str] = &["CanRead", "CanUpdate", "CanDelete"];
const ACCESS: &[&str] = &["Read", "Write"];
const PHONES: &[&str] = &["Phone1", "Phone2", "Phone3", "Phone4"];
const EMAILS: &[&str] = &["Email1", "Email2", "Email3"];

const fn field(name: &'static str, kind: Kind, source: Source) -> Field {
    Field {
        name: Cow::Borrowed(name),
        kind,
        source,
        without: &[],
    }
}

const fn stored(name: &'static str, kind: Kind) -> Field {
    field(name, kind, Source::Stored)
}

const fn text(name: &'static str) -> Field {
    stored(name, Kind::Text)
}

const KEY: Field = field("Key", Kind::Key, Source::OwnKey);
const DISPLAY: Field = field("DisplayValue", Kind::Text, Source::DisplayValue);
const CREATOR: Field = field("Creator", Kind::User, Source::Creator);
const CREATED: Field = field("CreationDate", Kind::DateTime, Source::Created);
const MODIFIER: Field = field("ModifiedBy", Kind::User, Source::Modifier);
const MODIFIED: Field = field("LastModifyDate", Kind::DateTime, Source::Modified);
const SEC_STATUS: Field = field("SecStatus", Kind::Object(RIGHTS), Source::Rights);
const SEC_ACCESS: Field = stored("SecAccess", Kind::Object(ACCESS));

const PARENT_KEY: Field = stored(
    "ParentKey",
    Kind::Reference(&[Entity::AbEntry, Entity::Opportunity, Entity::Lead, Entity::Case]),
);
const PARENT: Field = field("Parent", Kind::Linked(Entity::AbEntry), Source::Link("ParentKey"));

static AB_ENTRY: &[Field] = &[
    KEY,
    stored("Type", Kind::Choice("Company|Individual|Contact|Household")),
    field("CompanyName", Kind::Text, Source::CompanyName),
    text("MrMs"),
    text("FirstName"),
    text("MiddleName"),
    text("LastName"),
    field("FullName", Kind::Text, Source::FullName),
    DISPLAY,
    text("Position"),
    text("Salutation"),
    text("Department"),
    text("Division"),
    field("Phone", Kind::Text, Source::DefaultOf(PHONES, "Number")),
    stored("Phone1", Kind::Object(PHONE)),
    stored("Phone2", Kind::Object(PHONE)),
    stored("Phone3", Kind::Object(PHONE)),
    stored("Phone4", Kind::Object(PHONE)),
    field("Email", Kind::Text, Source::DefaultOf(EMAILS, "Address")),
    stored("Email1", Kind::Object(EMAIL)),
    stored("Email2", Kind::Object(EMAIL)),
    stored("Email3", Kind::Object(EMAIL)),
    stored("ParentKey", Kind::Reference(AB)),
    field("Parent", Kind::Linked(Entity::AbEntry), Source::Link("ParentKey")),
    stored("ReportsToKey", Kind::Reference(AB)),
    stored("Address", Kind::Object(ADDRESS)),
    stored("AccountManager", Kind::User),
    stored("Territory", Kind::Any),
    stored("TerritoryKey", Kind::Any),
    stored("TerritoryStatus", Kind::Any),
    stored("Lead", Kind::Flag),
    SEC_ACCESS,
    SEC_STATUS,
    stored("PartnerKey", Kind::Reference(AB)),
    field(
        "Partner",
        Kind::Linked(Entity::AbEntry),
        Source::Link("PartnerKey"),
    ),
    CREATOR,
    CREATED,
    MODIFIER,
    MODIFIED,
    text("WebSite"),
    stored("Category", Kind::List),
    stored("DoNotSolicitBy", Kind::List),
    stored("LastContactDate", Kind::DateTime),
    stored("Starred", Kind::Flag),
];

static OPPORTUNITY: &[Field] = &[
    KEY,
    stored("AbEntryKey", Kind::Reference(AB)),
    field(
        "AbEntry",
        Kind::Linked(Entity::AbEntry),
        Source::Link("AbEntryKey"),
    ),
    stored("ContactKey", Kind::Reference(AB)),
    field(
        "Contact",
        Kind::Linked(Entity::AbEntry),
        Source::Link("ContactKey"),
    ),
    text("Objective"),
    text("Description"),
    stored("Status", Kind::Integer),
    stored("Cost", Kind::Decimal),
    stored("ActualRevenue", Kind::Decimal),
    stored("ForecastRevenue", Kind::Decimal),
    stored("CorporateRevenue", Kind::Decimal),
    stored("StartDate", Kind::DateTime),
    stored("CloseDate", Kind::DateTime),
    CREATOR,
    CREATED,
    MODIFIER,
    MODIFIED,
    stored("Leader", Kind::User),
    stored("SalesTeam", Kind::Any),
    stored("ReadOnly", Kind::Flag),
    text("NextAction"),
    stored("SalesProcessSetupKey", Kind::Any),
    stored("SalesStageSetupKey", Kind::Any),
    stored("SalesProcess", Kind::Any),
    stored("CurrentSalesStage", Kind::Any),
    stored("CurrentSalesStageAge", Kind::Integer),
    text("Comment"),
    stored("Reason", Kind::Any),
    stored("Rating", Kind::List),
    stored("Category", Kind::List),
    stored("Product", Kind::List),
    stored("RevenueType", Kind::Any),
    stored("CampaignKey", Kind::Any),
    stored("PartnerKeys", Kind::List),
    stored("PartnerInfo", Kind::Any),
    stored("CompetitorInfo", Kind::Any),
    stored("Age", Kind::Integer),
    DISPLAY,
    SEC_ACCESS,
    SEC_STATUS,
];

static LEAD: &[Field] = &[
    KEY,
    text("CompanyName"),
    text("MrMs"),
    text("FirstName"),
    text("MiddleName"),
    text("LastName"),
    field("FullName", Kind::Text, Source::FullName),
    text("Salutation"),
    text("Position"),
    text("Email"),
    text("WebSite"),
    stored("Status", Kind::Any),
    stored("AssignedTo", Kind::User),
    stored("Address", Kind::Object(ADDRESS)),
    stored("Phone1", Kind::Object(PHONE)),
    stored("Phone2", Kind::Object(PHONE)),
    CREATOR,
    CREATED,
    MODIFIER,
    MODIFIED,
    stored("AbEntryKey", Kind::Reference(AB)),
    stored("OpportunityKey", Kind::Reference(&[Entity::Opportunity])),
    stored("Source", Kind::List),
    stored("NoEmployees", Kind::Integer),
    stored("Industry", Kind::List),
    text("SourceUrl"),
    stored("ArchivedDate", Kind::DateTime),
    stored("CloseDate", Kind::DateTime),
    stored("Age", Kind::Integer),
    stored("ProcessSetup", Kind::Any),
    stored("ProcessSetupKey", Kind::Any),
    stored("ProcessStageSetup", Kind::Any),
    stored("ProcessStageSetupKey", Kind::Any),
    SEC_STATUS,
    SEC_ACCESS,
    DISPLAY,
];

static CASE: &[Field] = &[
    KEY,
    text("CaseNumber"),
    text("Subject"),
    text("Description"),
    stored("AbEntryKey", Kind::Reference(AB)),
    field(
        "AbEntry",
        Kind::Linked(Entity::AbEntry),
        Source::Link("AbEntryKey"),
    ),
    stored("ContactKey", Kind::Reference(AB)),
    field(
        "Contact",
        Kind::Linked(Entity::AbEntry),
        Source::Link("ContactKey"),
    ),
    stored("AssignedTo", Kind::User),
    stored("Priority", Kind::Any),
    stored("Severity", Kind::Any),
    stored("Status", Kind::Any),
    stored("Owner", Kind::User),
    stored("FollowUpDate", Kind::DateTime),
    stored("Overdue", Kind::Flag),
    stored("Age", Kind::Integer),
    stored("Type", Kind::Any),
    stored("Reason", Kind::Any),
    stored("Origin", Kind::Any),
    stored("Queue", Kind::Any),
    stored("Category", Kind::List),
    stored("Product", Kind::List),
    stored("ResolvedDate", Kind::DateTime),
    stored("ResolvedBy", Kind::User),
    MODIFIED,
    MODIFIER,
    CREATED,
    CREATOR,
    DISPLAY,
];

static NOTE: &[Field] = &[
    KEY,
    PARENT_KEY,
    PARENT,
    text("Text"),
    text("RichText"),
    stored("Category", Kind::Any),
    stored("Important", Kind::Flag),
    stored("Type", Kind::Any),
    Field {
        name: Cow::Borrowed("DateTime"),
        kind: Kind::DateTime,
        source: Source::Stored,
        without: &[Op::Gt],
    },
    CREATOR,
    SEC_ACCESS,
    SEC_STATUS,
    DISPLAY,
];

static TASK: &[Field] = &[
    KEY,
    text("Activity"),
    stored("DateTime", Kind::DateTime),
    stored("Alarm", Kind::Any),
    stored("SnoozeUntil", Kind::DateTime),
    stored("Priority", Kind::Choice("Hi|Med|Low")),
    stored("Completed", Kind::Flag),
    stored("IconType", Kind::Any),
    stored("AssignedTo", Kind::User),
    stored("AbEntryKey", Kind::Reference(AB)),
    stored("LeadKey", Kind::Reference(&[Entity::Lead])),
    stored("WithKey", Kind::Any),
    stored("Category", Kind::List),
    stored("Result", Kind::List),
    stored("Status", Kind::Any),
    stored("CompletedBy", Kind::User),
    stored("ActionPlanKey", Kind::Any),
    CREATOR,
    CREATED,
    DISPLAY,
];

static APPOINTMENT: &[Field] = &[
    KEY,
    text("Subject"),
    stored("StartDate", Kind::DateTime),
    stored("EndDate", Kind::DateTime),
    stored("Private", Kind::Flag),
    stored("Priority", Kind::Any),
    stored("Organizer", Kind::User),
    stored(
        "Users",
        Kind::Items(&["Key", "DisplayName", "DisplayValue", "Alarm", "Rsvp", "Reminder"]),
    ),
    stored("AbEntries", Kind::Items(&["Key", "DisplayValue"])),
    stored("Leads", Kind::Items(&["Key", "DisplayValue"])),
    stored("With", Kind::Any),
    stored("WithKey", Kind::Any),
    text("Description"),
    stored("Location", Kind::Object(&["Key", "Name"])),
    stored("Resources", Kind::List),
    stored("RecurringPattern", Kind::Any),
    SEC_STATUS,
    MODIFIED,
    CREATED,
    CREATOR,
    MODIFIER,
    DISPLAY,
];

static ADDRESSES: &[Field] = &[
    KEY,
    stored("ParentKey", Kind::Reference(AB)),
    text("Description"),
    text("AddressLine1"),
    text("AddressLine2"),
    text("City"),
    text("StateProvince"),
    text("ZipCode"),
    text("Country"),
    stored("Default", Kind::Flag),
    stored("Location", Kind::Any),
    MODIFIED,
    CREATED,
    DISPLAY,
];

// No list of the fields of these two is published; these are read and written by the suite of Cloud Elements.
static DOCUMENT: &[Field] = &[
    KEY,
    PARENT_KEY,
    PARENT,
    text("Name"),
    text("Description"),
    text("Type"),
    CREATOR,
    CREATED,
    DISPLAY,
];

static CUSTOM: &[Field] = &[
    KEY,
    text("ApplicationId"),
    text("Name"),
    text("Description"),
    CREATOR,
    CREATED,
    MODIFIER,
    MODIFIED,
    DISPLAY,
];

/// The properties of `entity`.
pub(super) fn of(entity: Entity) -> &'static [Field] {
    match entity {
        Entity::AbEntry => AB_ENTRY,
        Entity::Opportunity => OPPORTUNITY,
        Entity::Lead => LEAD,
        Entity::Case => CASE,
        Entity::Note => NOTE,
        Entity::Task => TASK,
        Entity::Appointment => APPOINTMENT,
        Entity::Address => ADDRESSES,
        Entity::Document => DOCUMENT,
        Entity::Custom => CUSTOM,
    }
}
