//! The element's resources and what Maximizer calls them.

use periodic_sdk::contract::Failure;

/// A resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Resource {
    /// As in the API of the host.
    pub(crate) name: &'static str,
    /// As Maximizer calls it.
    pub(crate) entity: &'static str,
    /// The number of the entity type, part of a record's identity.
    pub(crate) entity_type: u32,
    /// The `Type` of its records, where the entity has several.
    pub(crate) kind: Option<&'static str>,
    /// The fields that are read when nobody says which.
    pub(crate) fields: &'static [Field],
    /// What can be done with it.
    pub(crate) access: Access,
    /// Member of `Compatibility`, where the entity has one.
    compatibility: Option<(&'static str, &'static str)>,
    /// The SQL driver, which orders and filters by dates.
    driver: Option<(&'static str, &'static str)>,
}

/// What can be done with a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Read and written.
    Full,
    /// Read only.
    Read,
}

/// A field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Field {
    /// Its name.
    pub(crate) name: &'static str,
    /// Its type.
    pub(crate) kind: FieldKind,
}

/// The type of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FieldKind {
    Text,
    Number,
    Truth,
    Date,
    Object,
}

const fn field(name: &'static str, kind: FieldKind) -> Field {
    Field { name, kind }
}

use FieldKind::{Date, Number, Object, Text, Truth};

const ADDRESS_BOOK: &[Field] = &[
    field("Key", Text),
    field("Type", Text),
    field("CompanyName", Text),
    field("MrMs", Text),
    field("FirstName", Text),
    field("MiddleName", Text),
    field("LastName", Text),
    field("FullName", Text),
    field("Position", Text),
    field("Salutation", Text),
    field("Department", Text),
    field("Division", Text),
    field("Phone", Text),
    field("Email", Text),
    field("ParentKey", Text),
    field("Address", Object),
    field("AccountManager", Object),
    field("WebSite", Text),
    field("Category", Object),
    field("Lead", Truth),
    field("Creator", Object),
    field("CreationDate", Date),
    field("ModifiedBy", Object),
    field("LastModifyDate", Date),
];

const OPPORTUNITIES: &[Field] = &[
    field("Key", Text),
    field("AbEntryKey", Text),
    field("ContactKey", Text),
    field("Objective", Text),
    field("Description", Text),
    field("Status", Number),
    field("Cost", Number),
    field("ActualRevenue", Number),
    field("ForecastRevenue", Number),
    field("CorporateRevenue", Number),
    field("StartDate", Date),
    field("CloseDate", Date),
    field("Leader", Object),
    field("NextAction", Text),
    field("Comment", Text),
    field("Creator", Object),
    field("CreationDate", Date),
    field("ModifiedBy", Object),
    field("LastModifyDate", Date),
];

const LEADS: &[Field] = &[
    field("Key", Text),
    field("CompanyName", Text),
    field("MrMs", Text),
    field("FirstName", Text),
    field("LastName", Text),
    field("FullName", Text),
    field("Position", Text),
    field("Email", Text),
    field("WebSite", Text),
    field("Status", Object),
    field("AbEntryKey", Text),
    field("OpportunityKey", Text),
    field("Creator", Object),
    field("CreationDate", Date),
    field("ModifiedBy", Object),
    field("LastModifyDate", Date),
];

const CASES: &[Field] = &[
    field("Key", Text),
    field("CaseNumber", Text),
    field("Subject", Text),
    field("Description", Text),
    field("AbEntryKey", Text),
    field("ContactKey", Text),
    field("Priority", Number),
    field("Severity", Number),
    field("Status", Text),
    field("FollowUpDate", Date),
    field("ResolvedDate", Date),
    field("Creator", Object),
    field("CreationDate", Date),
    field("ModifiedBy", Object),
    field("LastModifyDate", Date),
];

const NOTES: &[Field] = &[
    field("Key", Text),
    field("ParentKey", Text),
    field("Text", Text),
    field("Type", Number),
    field("Category", Text),
    field("Important", Truth),
    field("DateTime", Date),
    field("Creator", Object),
];

const TASKS: &[Field] = &[
    field("Key", Text),
    field("Activity", Text),
    field("DateTime", Date),
    field("Priority", Text),
    field("Completed", Truth),
    field("AssignedTo", Object),
    field("AbEntryKey", Text),
];

const APPOINTMENTS: &[Field] = &[
    field("Key", Text),
    field("Subject", Text),
    field("StartDate", Date),
    field("EndDate", Date),
    field("Description", Text),
    field("Private", Truth),
    field("Priority", Text),
    field("Organizer", Object),
    field("CreationDate", Date),
    field("LastModifyDate", Date),
];

const ADDRESSES: &[Field] = &[
    field("Key", Text),
    field("ParentKey", Text),
    field("Description", Text),
    field("AddressLine1", Text),
    field("AddressLine2", Text),
    field("City", Text),
    field("StateProvince", Text),
    field("ZipCode", Text),
    field("Country", Text),
    field("Default", Truth),
];

// Of these two the provider publishes no list of fields; what its users were seen to read is asked for.
const DOCUMENTS: &[Field] = &[
    field("Key", Text),
    field("Name", Text),
    field("Type", Text),
    field("Description", Text),
];

const CUSTOM_RECORDS: &[Field] = &[
    field("Key", Text),
    field("ApplicationId", Text),
    field("Name", Text),
    field("Description", Text),
];

/// What the provider computes, and refuses to be told.
const COMPUTED: &[&str] = &[
    "Key",
    "FullName",
    "DisplayValue",
    "Creator",
    "CreationDate",
    "ModifiedBy",
    "LastModifyDate",
    "SecStatus",
];

const AB_ENTRY_KEY: Option<(&str, &str)> = Some(("AbEntryKey", "2.0"));
const AB_ENTRY_DRIVER: Option<(&str, &str)> =
    Some(("IAbEntrySearcher", "Maximizer.Model.Access.Sql.AbEntrySearcher"));

/// All of them. Individuals are address book entries, neither contacts nor companies.
pub(crate) const RESOURCES: [Resource; 12] = [
    Resource {
        name: "contacts",
        entity: "AbEntry",
        entity_type: 1,
        kind: Some("Contact"),
        fields: ADDRESS_BOOK,
        access: Access::Full,
        compatibility: AB_ENTRY_KEY,
        driver: AB_ENTRY_DRIVER,
    },
    Resource {
        name: "companies",
        entity: "AbEntry",
        entity_type: 1,
        kind: Some("Company"),
        fields: ADDRESS_BOOK,
        access: Access::Full,
        compatibility: AB_ENTRY_KEY,
        driver: AB_ENTRY_DRIVER,
    },
    Resource {
        name: "addressbook-entries",
        entity: "AbEntry",
        entity_type: 1,
        kind: None,
        fields: ADDRESS_BOOK,
        access: Access::Full,
        compatibility: AB_ENTRY_KEY,
        driver: AB_ENTRY_DRIVER,
    },
    Resource {
        name: "opportunities",
        entity: "Opportunity",
        entity_type: 2,
        kind: None,
        fields: OPPORTUNITIES,
        access: Access::Full,
        compatibility: None,
        driver: Some((
            "IOpportunitySearcher",
            "Maximizer.Model.Access.Sql.OpportunitySearcher",
        )),
    },
    Resource {
        name: "leads",
        entity: "Lead",
        entity_type: 19,
        kind: None,
        fields: LEADS,
        access: Access::Read,
        compatibility: Some(("LeadObject", "1.3")),
        driver: Some(("ILeadSearcher", "Maximizer.Model.Access.Sql.LeadSearcher")),
    },
    Resource {
        name: "cases",
        entity: "Case",
        entity_type: 5,
        kind: None,
        fields: CASES,
        access: Access::Read,
        compatibility: None,
        driver: Some(("ICaseSearcher", "Maximizer.Model.Access.Sql.CaseSearcher")),
    },
    Resource {
        name: "notes",
        entity: "Note",
        entity_type: 0,
        kind: None,
        fields: NOTES,
        access: Access::Full,
        compatibility: None,
        driver: None,
    },
    Resource {
        name: "tasks",
        entity: "Task",
        entity_type: 0,
        kind: None,
        fields: TASKS,
        access: Access::Full,
        compatibility: None,
        driver: None,
    },
    Resource {
        name: "appointments",
        entity: "Appointment",
        entity_type: 10,
        kind: None,
        fields: APPOINTMENTS,
        access: Access::Full,
        compatibility: None,
        driver: Some(("IApptSearcher", "Maximizer.Model.Access.Sql.ApptSearcher")),
    },
    Resource {
        name: "addresses",
        entity: "Address",
        entity_type: 0,
        kind: None,
        fields: ADDRESSES,
        access: Access::Full,
        compatibility: None,
        driver: Some(("IAddressSearcher", "Maximizer.Model.Access.Sql.AddressSearcher")),
    },
    Resource {
        name: "documents",
        entity: "Document",
        entity_type: 0,
        kind: None,
        fields: DOCUMENTS,
        access: Access::Full,
        compatibility: None,
        driver: Some(("IDocumentSearcher", "Maximizer.Model.Access.Sql.DocumentSearcher")),
    },
    Resource {
        name: "custom-records",
        entity: "Custom",
        entity_type: 100,
        kind: None,
        fields: CUSTOM_RECORDS,
        access: Access::Full,
        compatibility: None,
        driver: None,
    },
];

/// Those that `{ }` polls, as the provider's events page has it.
pub(crate) const POLLED: [&str; 4] = ["contacts", "companies", "addressbook-entries", "opportunities"];
/// When a record was last changed.
pub(crate) const MODIFIED: &str = "LastModifyDate";
/// When a record was made.
pub(crate) const CREATED: &str = "CreationDate";

/// Whether a member of a record is the provider's to fill: who read a record can write it back with such members in it.
pub(crate) fn is_computed(member: &str) -> bool {
    COMPUTED
        .iter()
        .any(|computed| computed.eq_ignore_ascii_case(member))
}

/// A resource by name; an error says which there are.
pub(crate) fn lookup(name: &str) -> Result<&'static Resource, String> {
    let missing = || {
        let names: Vec<&str> = RESOURCES.iter().map(|resource| resource.name).collect();
        format!("Maximizer has no resource {name:?}; it has {}", names.join(", "))
    };
    RESOURCES
        .iter()
        .find(|resource| resource.name == name)
        .ok_or_else(missing)
}

/// The same for a caller of the hub.
pub(crate) fn find(name: &str) -> Result<&'static Resource, Failure> {
    lookup(name).map_err(|missing| Failure::NotFound(missing.into()))
}

impl Resource {
    /// A field by name, whatever the case.
    pub(crate) fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields
            .iter()
            .find(|field| field.name.eq_ignore_ascii_case(name))
    }

    /// Whether its records tell when they were changed.
    pub(crate) fn is_dated(&self) -> bool {
        self.field(MODIFIED).is_some()
    }

    /// What goes beside the entity in every request.
    pub(crate) fn settings(&self, with_driver: bool) -> serde_json::Map<String, serde_json::Value> {
        let mut settings = serde_json::Map::new();
        if let Some((name, version)) = self.compatibility {
            settings.insert("Compatibility".to_owned(), serde_json::json!({ name: version }));
        }
        if let (true, Some((interface, driver))) = (with_driver, self.driver) {
            settings.insert(
                "Configuration".to_owned(),
                serde_json::json!({ "Drivers": { interface: driver } }),
            );
        }
        settings
    }
}
