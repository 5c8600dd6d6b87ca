//! What callers write: definitions of common objects, and transformations of resources into them.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    kind::Kind,
    path::{Path, Unreadable},
    source::{NoSource, Source},
};
use crate::store::Owner;

/// The most fields of a definition or of a transformation.
const FIELDS: usize = 500;
/// The most fields that look through lists: each is a pass over every record.
const SEARCHES: usize = 50;
/// The longest name, and the longest name of a type, in bytes.
const LONGEST: usize = 128;
/// The largest definition or transformation as it is kept, in bytes.
const LARGEST: usize = 128 << 10;
/// What the paths of an instance's objects mean already.
const RESERVED: [&str; 5] = ["objects", "ping", "query", "bulk", "definitions"];

/// Why a definition or a transformation is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// No fields, and nothing else that says something.
    #[error("{0}: is missing; {1}")]
    Missing(&'static str, &'static str),
    /// Too many fields.
    #[error("fields: there are {0}; the most are {FIELDS}")]
    TooManyFields(usize),
    /// Too much work for each record.
    #[error("fields: {0} have a vendorPath that looks through lists; the most are {SEARCHES}")]
    TooManySearches(usize),
    /// Too large altogether.
    #[error("the body is kept in {0} bytes; the most are {LARGEST}")]
    TooLarge(usize),
    /// A name that paths cannot have.
    #[error(
        "the object's name {0:?} does not fit: it has 1 to {LONGEST} bytes, none of them a slash or invisible, and is \
         none of objects, ping, query, bulk, definitions"
    )]
    Name(String),
    /// A path of the common object.
    #[error("fields[{0}].path: {1}")]
    Path(usize, Unreadable),
    /// A path that another field has.
    #[error("fields[{0}].path: another field has {1} already")]
    Twice(usize, String),
    /// A type's name.
    #[error(
        "fields[{0}].{1}: a type has a name of 1 to {LONGEST} bytes, for instance string, number, boolean, date"
    )]
    Type(usize, &'static str),
    /// A path of the provider's record.
    #[error("fields[{0}].vendorPath: {1}")]
    Source(usize, NoSource),
    /// Lists that do not fit each other.
    #[error(
        "fields[{0}].path: goes into lists ([*]) otherwise than vendorPath does: both go into as many, or only \
         vendorPath does, whose values make one list then"
    )]
    Lists(usize),
    /// JavaScript.
    #[error(
        "script: this host runs no JavaScript; leave script out, map what can be mapped with fields, and compute the rest \
         where the object is used"
    )]
    Script,
}

/// A definition of a common object: its fields and their types.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = DefinitionRequest)]
pub struct Definition {
    /// The fields.
    #[serde(default, deserialize_with = "or_default")]
    pub fields: Vec<DefinedField>,
}

/// A field of a definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = DefinitionRequestField)]
pub struct DefinedField {
    /// Its type.
    #[serde(rename = "type", default = "text")]
    pub kind: String,
    /// Where it stands.
    pub path: String,
}

/// How a resource of the provider becomes a common object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TransformationRequest)]
pub struct Transformation {
    /// The resource; the one of the object's own name where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor_name: Option<String>,
    /// The fields.
    #[serde(default, deserialize_with = "or_default")]
    pub fields: Vec<MappedField>,
    /// What holds for all fields, and for those that are not mapped.
    #[serde(default, deserialize_with = "or_default")]
    pub configuration: Vec<Rule>,
    /// JavaScript, which is refused.
    #[serde(default, skip_serializing)]
    #[schema(ignore)]
    script: Option<Script>,
}

/// A field of a transformation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TransformationRequestField)]
pub struct MappedField {
    /// Its type; that of the definition where nothing is said.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Where it stands in the common object.
    pub path: String,
    /// Where the provider's value is found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor_path: Option<String>,
    /// The type that the provider wants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor_type: Option<String>,
    /// The level whose definition has the field, as the caller says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub associated_level: Option<Level>,
    /// The level at which it is mapped, which answers say and nobody has to.
    #[serde(default, skip_serializing)]
    pub level: Option<Level>,
    /// In which directions it goes.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub configuration: Vec<Rule>,
}

/// A level of definitions and transformations, the widest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CommonObjectLevel)]
pub enum Level {
    /// All accounts of an organization.
    Organization,
    /// All instances of an account.
    Account,
    /// One instance.
    Instance,
}

impl Level {
    /// The level of what belongs to this owner.
    pub fn of(owner: Owner) -> Self {
        match owner {
            Owner::Organization(_) => Self::Organization,
            Owner::Account(_) => Self::Account,
            Owner::Instance(_) => Self::Instance,
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Organization => "organization",
            Self::Account => "account",
            Self::Instance => "instance",
        })
    }
}

/// An entry of a configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = TransformationRule)]
pub struct Rule {
    /// What it is about.
    #[serde(rename = "type")]
    pub about: About,
    /// For which directions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub properties: Option<Directions>,
}

/// What an entry of a configuration is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TransformationRuleKind)]
pub enum About {
    /// What is not mapped goes through, unless it is false; of a field, whether it goes at all.
    PassThrough,
    /// Fields of the level above count where this one has none.
    Inherit,
    /// The field, or all that is not mapped, is left out.
    Remove,
    /// The object is documented: it always is.
    AddToDocumentation,
}

/// For which directions an entry holds; for both where nothing is said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TransformationDirections)]
pub struct Directions {
    /// From the provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from_vendor: Option<bool>,
    /// To the provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to_vendor: Option<bool>,
}

/// A way between provider and caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From the provider.
    In,
    /// To the provider.
    Out,
}

/// A script: only whether there is one matters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
struct Script {
    #[serde(default)]
    body: Option<Value>,
}

fn text() -> String {
    "string".to_owned()
}

/// JSON null is the same as nothing.
fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(from: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// A name that an object can have.
pub fn check_name(name: &str) -> Result<(), Unfit> {
    let visible = |letter: char| !letter.is_control() && letter != '/';
    let fits = !name.is_empty()
        && name.len() <= LONGEST
        && name.trim() == name
        && name.chars().all(visible)
        && !RESERVED.contains(&name);
    fits.then_some(()).ok_or_else(|| Unfit::Name(name.to_owned()))
}

impl Definition {
    /// Refuse what cannot be kept or used.
    pub fn check(&self) -> Result<(), Unfit> {
        if self.fields.is_empty() {
            let like = "it is a list like [{\"path\": \"id\", \"type\": \"string\"}]";
            return Err(Unfit::Missing("fields", like));
        }
        let paths = self.fields.iter().map(|field| field.path.as_str());
        check_paths(paths)?;
        for (position, field) in self.fields.iter().enumerate() {
            check_type(position, "type", Some(&field.kind))?;
        }
        check_size(self)
    }
}

impl Transformation {
    /// Refuse what cannot be kept or used.
    pub fn check(&self) -> Result<(), Unfit> {
        let scripted = |script: &Script| match &script.body {
            None | Some(Value::Null) => false,
            Some(Value::String(body)) => !body.trim().is_empty(),
            Some(_) => true,
        };
        if self.script.as_ref().is_some_and(scripted) {
            return Err(Unfit::Script);
        }
        if self.fields.is_empty() && self.vendor_name.is_none() {
            let like = "a transformation names the resource, as in \"contacts\", and maps fields";
            return Err(Unfit::Missing("vendorName", like));
        }
        if let Some(vendor) = &self.vendor_name {
            check_name(vendor)?;
        }
        check_paths(self.fields.iter().map(|field| field.path.as_str()))?;
        for (position, field) in self.fields.iter().enumerate() {
            check_type(position, "type", field.kind.as_deref())?;
            check_type(position, "vendorType", field.vendor_type.as_deref())?;
            field.check_source(position)?;
        }
        let searches = self.fields.iter().filter(|field| field.searches()).count();
        if searches > SEARCHES {
            return Err(Unfit::TooManySearches(searches));
        }
        check_size(self)
    }

    /// Whether fields of the level above count.
    pub fn inherits(&self) -> bool {
        self.configuration.iter().any(|rule| rule.about == About::Inherit)
    }

    /// Whether what is not mapped goes through; none where nothing is said.
    pub fn passes(&self, way: Way) -> Option<bool> {
        passes(&self.configuration, way)
    }
}

impl MappedField {
    /// Where the provider's value is found, as it was checked.
    pub fn source(&self) -> Option<Source> {
        self.written_source().and_then(|path| Source::parse(path).ok())
    }

    /// The kind that the provider wants, where it is said.
    pub fn vendor_kind(&self) -> Option<Kind> {
        self.vendor_type.as_deref().and_then(Kind::of)
    }

    /// Whether it goes this way.
    pub fn goes(&self, way: Way) -> bool {
        passes(&self.configuration, way).unwrap_or(true)
    }

    /// Whether another field maps the same in the same way, whatever its type.
    pub fn maps_like(&self, other: &Self) -> bool {
        (&self.path, &self.vendor_path, &self.vendor_type)
            == (&other.path, &other.vendor_path, &other.vendor_type)
            && self.configuration == other.configuration
    }

    /// Whether its value is looked for in a list.
    fn searches(&self) -> bool {
        self.source()
            .is_some_and(|source| source.plain().is_none_or(|plain| plain.lists() > 0))
    }

    fn written_source(&self) -> Option<&str> {
        self.vendor_path.as_deref().filter(|path| !path.trim().is_empty())
    }

    fn check_source(&self, position: usize) -> Result<(), Unfit> {
        let Some(written) = self.written_source() else {
            return Ok(());
        };
        let source = Source::parse(written).map_err(|error| Unfit::Source(position, error))?;
        let path = Path::parse(&self.path).map_err(|error| Unfit::Path(position, error))?;
        let into = path.lists();
        let from = source.plain().map_or(0, Path::lists);
        (into == 0 || into == from)
            .then_some(())
            .ok_or(Unfit::Lists(position))
    }
}

/// Whether something goes this way: `passThrough` that is true, or `remove` that is not.
fn passes(configuration: &[Rule], way: Way) -> Option<bool> {
    configuration.iter().find_map(|rule| {
        let said = rule.properties.unwrap_or_default();
        let said = match way {
            Way::In => said.from_vendor,
            Way::Out => said.to_vendor,
        };
        let holds = said.unwrap_or(true);
        match rule.about {
            About::PassThrough => Some(holds),
            About::Remove => Some(!holds),
            About::Inherit | About::AddToDocumentation => None,
        }
    })
}

fn check_paths<'p>(paths: impl Iterator<Item = &'p str>) -> Result<(), Unfit> {
    let mut known = std::collections::BTreeSet::new();
    for (position, text) in paths.enumerate() {
        if position == FIELDS {
            return Err(Unfit::TooManyFields(position + 1));
        }
        Path::parse(text).map_err(|error| Unfit::Path(position, error))?;
        if !known.insert(text.trim()) {
            return Err(Unfit::Twice(position, text.to_owned()));
        }
    }
    Ok(())
}

fn check_type(position: usize, member: &'static str, name: Option<&str>) -> Result<(), Unfit> {
    let fits = name.is_none_or(|name| !name.trim().is_empty() && name.len() <= LONGEST);
    fits.then_some(()).ok_or(Unfit::Type(position, member))
}

fn check_size(kept: &impl Serialize) -> Result<(), Unfit> {
    let size = serde_json::to_vec(kept).map_or(usize::MAX, |text| text.len());
    (size <= LARGEST).then_some(()).ok_or(Unfit::TooLarge(size))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn transformation(body: Value) -> Transformation {
        serde_json::from_value(body).unwrap()
    }

    #[track_caller]
    fn refuse(body: Value, with: &str) {
        let refused = transformation(body).check().unwrap_err().to_string();
        assert!(refused.contains(with), "{refused}");
    }

    #[test]
    fn the_published_transformation_is_kept() {
        let body = json!({
            "fields": [{
                "type": "string", "path": "accId", "vendorPath": "oneId", "associatedLevel": "account",
            }],
            "level": "instance", "objectName": "", "vendorName": "companies",
            "configuration": [
                { "type": "passThrough", "properties": { "fromVendor": false, "toVendor": false } },
                { "type": "inherit" },
            ],
        });
        let read = transformation(body.clone());
        read.check().unwrap();
        assert!(read.inherits());
        assert_eq!(
            (read.passes(Way::In), read.passes(Way::Out)),
            (Some(false), Some(false))
        );
        let kept = serde_json::to_value(&read).unwrap();
        for member in ["fields", "vendorName", "configuration"] {
            assert_eq!(kept[member], body[member]);
        }
    }

    #[test]
    fn nothing_said_is_nothing_said() {
        let read = transformation(
            json!({ "vendorName": "a", "configuration": null, "fields": null, "script": null }),
        );
        read.check().unwrap();
        assert_eq!((read.inherits(), read.passes(Way::In)), (false, None));
        let whole = |rule: Value| transformation(json!({ "configuration": [rule] })).passes(Way::Out);
        assert_eq!(whole(json!({ "type": "passThrough" })), Some(true));
        assert_eq!(
            whole(json!({ "type": "passThrough", "properties": null })),
            Some(true)
        );
        assert_eq!(
            whole(json!({ "type": "remove", "properties": { "fromVendor": true } })),
            Some(false)
        );
        assert_eq!(
            whole(json!({ "type": "remove", "properties": { "toVendor": false } })),
            Some(true)
        );
        assert_eq!(whole(json!({ "type": "addToDocumentation" })), None);
    }

    #[test]
    fn what_does_not_fit_is_refused_with_its_place() {
        refuse(json!({}), "vendorName: is missing");
        refuse(json!({ "fields": [{ "path": "" }] }), "fields[0].path");
        refuse(
            json!({ "fields": [{ "path": "a" }, { "path": " a" }] }),
            "fields[1].path",
        );
        refuse(
            json!({ "fields": [{ "path": "a", "vendorPath": "b..c" }] }),
            "fields[0].vendorPath",
        );
        refuse(
            json!({ "fields": [{ "path": "a", "vendorPath": "$..c" }] }),
            "fields[0].vendorPath",
        );
        refuse(
            json!({ "fields": [{ "path": "a[*]", "vendorPath": "b" }] }),
            "fields[0].path",
        );
        refuse(
            json!({ "fields": [{ "path": "a[*].b", "vendorPath": "c[*].size()" }] }),
            "lists",
        );
        refuse(
            json!({ "fields": [{ "path": "a", "type": " " }] }),
            "fields[0].type",
        );
        refuse(json!({ "vendorName": "a/b" }), "a/b");
        refuse(
            json!({ "vendorName": "a", "script": { "body": "done(1)", "mimeType": "x" } }),
            "JavaScript",
        );
        let many: Vec<Value> = (0..=FIELDS).map(|n| json!({ "path": format!("f{n}") })).collect();
        refuse(json!({ "fields": many }), "501");
        let searching: Vec<Value> = (0..=SEARCHES)
            .map(|n| json!({ "path": format!("f{n}"), "vendorPath": "a[*].b" }))
            .collect();
        refuse(json!({ "fields": searching }), "51");
        let large: Vec<Value> = (0..FIELDS)
            .map(|n| json!({ "path": format!("f{n}"), "vendorPath": "x".repeat(400) }))
            .collect();
        refuse(json!({ "fields": large }), "bytes");
        for name in ["", " a", "a/b", "a\nb", "ping", &"x".repeat(129)] {
            assert!(check_name(name).is_err(), "{name:?}");
        }
        check_name("My contact é").unwrap();
    }

    #[test]
    fn definitions_have_fields() {
        let definition = |body: Value| serde_json::from_value::<Definition>(body).unwrap().check();
        definition(json!({ "fields": [{ "path": "a.b" }, { "path": "c[*].d", "type": "number" }] })).unwrap();
        for bad in [
            json!({}),
            json!({ "fields": [] }),
            json!({ "fields": [{ "path": "a", "type": "" }] }),
        ] {
            assert!(definition(bad.clone()).is_err(), "{bad}");
        }
    }
}
