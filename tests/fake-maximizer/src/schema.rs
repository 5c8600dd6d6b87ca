//! What the fake knows of Maximizer's objects: their fields, kinds and limits.

mod tables;

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::key::{Identity, Key};
use crate::query::Op;

/// An object of the data service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Entity {
    /// Companies, individuals and contacts.
    AbEntry,
    /// A sale in the making.
    Opportunity,
    /// A lead.
    Lead,
    /// A service case.
    Case,
    /// A note on another record.
    Note,
    /// A task ("hotlist" entry).
    Task,
    /// An appointment.
    Appointment,
    /// A postal address of an address book entry.
    Address,
    /// A document of another record, without what is in it.
    Document,
    /// A record of an application of the customer's own.
    Custom,
}

/// A property of an object.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Field {
    /// The vendor's spelling, or the path of a user-defined field as the caller wrote it.
    pub(crate) name: Cow<'static, str>,
    pub(crate) kind: Kind,
    pub(crate) source: Source,
    /// Operators that this field refuses although its kind would take them.
    pub(crate) without: &'static [Op],
}

/// The type of a property.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    /// The record's own key.
    Key,
    /// The key of another record, one of these objects.
    Reference(&'static [Entity]),
    /// The key of a user.
    User,
    Text,
    /// A text out of these options, in any casing.
    Choice(&'static str),
    Integer,
    Decimal,
    Flag,
    DateTime,
    /// A list of texts.
    List,
    /// A list of objects with these members.
    Items(&'static [&'static str]),
    /// An object with these members.
    Object(&'static [&'static str]),
    /// The record behind a reference, itself selectable.
    Linked(Entity),
    /// Anything: what the vendor's samples leave open, and user-defined fields.
    Any,
}

/// Where the value of a property comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Source {
    /// What was written.
    Stored,
    OwnKey,
    Created,
    Modified,
    Creator,
    Modifier,
    /// First and last name, or the company's name.
    FullName,
    /// How the record is shown in lists.
    DisplayValue,
    /// What was written, or the name of the parent.
    CompanyName,
    /// What was written, or the default one of the numbered fields with this member.
    DefaultOf(&'static [&'static str], &'static str),
    /// The record behind the reference in this field.
    Link(&'static str),
    /// The rights of the caller: all of them.
    Rights,
}

// === impl Entity ===

impl Entity {
    /// All objects.
    pub const ALL: [Self; 10] = [
        Self::AbEntry,
        Self::Opportunity,
        Self::Lead,
        Self::Case,
        Self::Note,
        Self::Task,
        Self::Appointment,
        Self::Address,
        Self::Document,
        Self::Custom,
    ];

    /// The object's name as the vendor spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AbEntry => "AbEntry",
            Self::Opportunity => "Opportunity",
            Self::Lead => "Lead",
            Self::Case => "Case",
            Self::Note => "Note",
            Self::Task => "Task",
            Self::Appointment => "Appointment",
            Self::Address => "Address",
            Self::Document => "Document",
            Self::Custom => "Custom",
        }
    }

    /// The object of this name, in any casing.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|entity| entity.name().eq_ignore_ascii_case(name))
    }

    /// All names, for messages.
    #[must_use]
    pub fn names() -> String {
        Self::ALL.map(Self::name).join(", ")
    }

    /// The number of the object in `Key.EntityType`, where the vendor publishes one.
    #[must_use]
    pub const fn number(self) -> Option<u32> {
        match self {
            Self::AbEntry => Some(1),
            Self::Opportunity => Some(2),
            Self::Case => Some(5),
            Self::Appointment => Some(10),
            Self::Lead => Some(19),
            Self::Custom => Some(100),
            Self::Note | Self::Task | Self::Address | Self::Document => None,
        }
    }

    /// The prefixes that a key of this object may carry, the generic one first.
    pub(crate) const fn prefixes(self) -> &'static [&'static str] {
        match self {
            Self::AbEntry => &["AbEntry", "Company", "Individual", "Contact"],
            Self::Opportunity => &["Opportunity"],
            Self::Lead => &["Lead"],
            Self::Case => &["CSCase", "Case"],
            Self::Note => &["Note"],
            Self::Task => &["Task"],
            Self::Appointment => &["Appointment"],
            Self::Address => &["Address"],
            Self::Document => &["Document"],
            Self::Custom => &["Custom"],
        }
    }

    /// The object that a key prefix belongs to.
    pub(crate) fn of_prefix(prefix: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|entity| {
            entity
                .prefixes()
                .iter()
                .any(|known| known.eq_ignore_ascii_case(prefix))
        })
    }

    /// The letters at the end of an ID; `None` for objects that are numbered plainly.
    pub(crate) const fn id_suffix(self) -> Option<&'static str> {
        match self {
            Self::AbEntry => Some("C"),
            Self::Opportunity => Some("O"),
            Self::Lead => Some("LE"),
            Self::Case => Some("S"),
            Self::Appointment => Some("P"),
            Self::Note | Self::Task | Self::Address | Self::Document | Self::Custom => None,
        }
    }

    /// The record that a text names: an encoded key, `ID:Number`, or an ID, whose number is 0 then.
    pub(crate) fn identity(self, text: &str) -> Identity {
        if let Ok(key) = Key::parse(text)
            && Self::of_prefix(&key.prefix) == Some(self)
        {
            return key.identity();
        }
        match text.rsplit_once(':').map(|(id, number)| (id, number.parse())) {
            Some((id, Ok(number))) => Identity::new(id, number),
            _ => Identity::new(text, 0),
        }
    }

    /// The properties that a new record must have; those of an address book entry depend on its type.
    pub(crate) const fn mandatory(self) -> &'static [&'static str] {
        match self {
            Self::Opportunity => &["AbEntryKey", "Objective"],
            Self::Note => &["ParentKey", "Text"],
            Self::Address => &["ParentKey"],
            Self::Case => &["AbEntryKey", "Subject"],
            Self::Task => &["Activity"],
            Self::Appointment => &["Subject", "StartDate", "EndDate"],
            Self::Document => &["ParentKey", "Name"],
            Self::Custom => &["ApplicationId", "Name"],
            Self::AbEntry | Self::Lead => &[],
        }
    }

    /// The known properties in the vendor's order.
    pub(crate) fn fields(self) -> &'static [Field] {
        tables::of(self)
    }

    /// A property by name in any casing, or a user-defined one (`Udf/…`).
    pub(crate) fn field(self, name: &str) -> Option<Field> {
        let is_udf = name
            .get(..4)
            .is_some_and(|head| head.eq_ignore_ascii_case("Udf/"));
        if is_udf {
            return Some(Field {
                name: Cow::Owned(name.to_owned()),
                kind: Kind::Any,
                source: Source::Stored,
                without: &[],
            });
        }
        self.fields()
            .iter()
            .find(|field| field.name.eq_ignore_ascii_case(name))
            .cloned()
    }
}

impl fmt::Display for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

// === impl Field ===

impl Field {
    /// Whether a caller may write it.
    pub(crate) fn is_assignable(&self) -> bool {
        matches!(
            self.source,
            Source::Stored | Source::CompanyName | Source::DefaultOf(..)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::{Entity, Kind, Source};

    #[test]
    fn names_are_unique_and_links_lead_to_references() {
        for entity in Entity::ALL {
            let fields = entity.fields();
            for (at, field) in fields.iter().enumerate() {
                let twin = fields[..at]
                    .iter()
                    .find(|other| other.name.eq_ignore_ascii_case(&field.name));
                assert!(twin.is_none(), "{entity}.{} stands twice", field.name);
                if let Source::Link(via) = field.source {
                    let via = entity.field(via).unwrap();
                    assert!(matches!(via.kind, Kind::Reference(_)), "{entity}.{}", field.name);
                }
            }
            for mandatory in entity.mandatory() {
                assert!(entity.field(mandatory).is_some(), "{entity}.{mandatory}");
            }
        }
    }

    #[test]
    fn every_prefix_leads_back() {
        for entity in Entity::ALL {
            assert_eq!(Entity::parse(&entity.name().to_lowercase()), Some(entity));
            for prefix in entity.prefixes() {
                assert_eq!(Entity::of_prefix(prefix), Some(entity));
            }
        }
        assert_eq!(Entity::of_prefix("User"), None);
    }

    #[test]
    fn texts_name_records() {
        let check = |text: &str, expect: &str| {
            assert_eq!(Entity::AbEntry.identity(text).to_string(), expect, "{text}");
        };
        check(
            "Q29udGFjdAkwMDEwMDIwMDA2MTMwNjM2NzExNTZDCTU=",
            "001002000613063671156C:5",
        );
        check("DEMO_5C:1", "DEMO_5C:1");
        check("DEMO_5C", "DEMO_5C:0");
        check("DEMO_5C:x", "DEMO_5C:x:0");
        check("", ":0");
        // The key of another object is no key here.
        check("VXNlcglNQVNURVI=", "VXNlcglNQVNURVI=:0");
    }

    #[test]
    fn notes_and_tasks_have_no_change_date() {
        for (entity, name) in [
            (Entity::Note, "CreationDate"),
            (Entity::Note, "LastModifyDate"),
            (Entity::Task, "LastModifyDate"),
            (Entity::Task, "Subject"),
        ] {
            assert!(entity.field(name).is_none(), "{entity}.{name}");
        }
    }
}
