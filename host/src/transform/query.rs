//! Queries in the common object's names, told in the provider's.

use periodic_sdk::ceql::{self, CeqlError, Expression};

use super::{
    mapping::{Field, Mapping, Selection},
    path::Path,
    source::Source,
};

/// What a query asks for that the provider cannot be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unaskable {
    /// It is no CEQL.
    #[error("where: {0}")]
    Where(#[from] CeqlError),
    /// No such field.
    #[error("{parameter}: {object} has no field {name:?}; it has {known}")]
    Unknown {
        /// Which parameter.
        parameter: &'static str,
        /// The common object.
        object: String,
        /// The field.
        name: String,
        /// What there is.
        known: String,
    },
    /// A field that the provider does not have as such.
    #[error(
        "{parameter}: {name} of {object} is found at {source_name:?} in the provider's records, and providers are asked by \
         plain names only"
    )]
    Found {
        /// Which parameter.
        parameter: &'static str,
        /// The common object.
        object: String,
        /// The field.
        name: String,
        /// Where it is found.
        source_name: String,
    },
}

/// What is asked of the provider for a selection.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// These members; empty means all.
    pub members: Vec<String>,
    /// What of them is shown.
    pub selection: Selection,
}

impl Mapping {
    /// A `where` in the provider's names.
    pub fn filter(&self, clause: &str) -> Result<String, Unaskable> {
        let mut expression = ceql::parse(clause)?;
        self.rename(&mut expression)?;
        Ok(expression.to_string())
    }

    /// An `orderBy` in the provider's names: `name`, `name asc`, `!name`, several between commas.
    pub fn order(&self, text: &str) -> Result<String, Unaskable> {
        let part = |part: &str| {
            let (before, part) = match part.trim().strip_prefix('!') {
                Some(rest) => ("!", rest.trim()),
                None => ("", part.trim()),
            };
            let split = part
                .rsplit_once(char::is_whitespace)
                .filter(|(_, last)| ["asc", "desc"].iter().any(|word| word.eq_ignore_ascii_case(last)));
            let (name, behind) = split.unwrap_or((part, ""));
            let name = self.asked("orderBy", name.trim())?;
            Ok(format!("{before}{name} {behind}").trim_end().to_owned())
        };
        let parts: Result<Vec<String>, Unaskable> = text.split(',').map(part).collect();
        Ok(parts?.join(","))
    }

    /// The fields that are asked for by name; a name means the fields beneath it as well.
    pub fn select(&self, names: &[String]) -> Result<Asked, Unaskable> {
        if names.is_empty() {
            return Ok(Asked::default());
        }
        let (mut chosen, mut passed, mut members) = (Vec::new(), Vec::new(), Some(Vec::new()));
        for name in names {
            let path = Path::parse(name).ok();
            let of_name = |field: &Field| path.as_ref().is_some_and(|path| path.begins(&field.path));
            let found = self.fields.iter().enumerate();
            let found: Vec<_> = found
                .filter(|(_, field)| field.comes_in && of_name(field))
                .collect();
            let mut ask = |root: Option<&str>| match (&mut members, root) {
                (Some(known), Some(root)) if known.iter().any(|known| known == root) => {}
                (Some(known), Some(root)) => known.push(root.to_owned()),
                (members, _) => *members = None,
            };
            for (position, field) in &found {
                chosen.push(*position);
                if let Some(source) = &field.source {
                    ask(source.plain().and_then(Path::root));
                }
            }
            match path.filter(|_| found.is_empty()) {
                Some(path) if self.passes_in => {
                    ask(path.root());
                    passed.push(path);
                }
                None if !found.is_empty() => {}
                _ => return Err(self.unknown("fields", name)),
            }
        }
        Ok(Asked {
            members: members.unwrap_or_default(),
            selection: Selection {
                fields: Some(chosen),
                passed,
            },
        })
    }

    fn rename(&self, expression: &mut Expression) -> Result<(), Unaskable> {
        match expression {
            Expression::And(parts) | Expression::Or(parts) => {
                parts.iter_mut().try_for_each(|part| self.rename(part))
            }
            Expression::Not(inner) => self.rename(inner),
            Expression::Compare { field, .. }
            | Expression::Like { field, .. }
            | Expression::In { field, .. }
            | Expression::IsNull { field, .. } => {
                field.name = self.asked("where", &field.name)?;
                Ok(())
            }
        }
    }

    /// The provider's name of a field.
    fn asked(&self, parameter: &'static str, name: &str) -> Result<String, Unaskable> {
        let Some(field) = self
            .fields
            .iter()
            .find(|field| field.comes_in && field.name == name)
        else {
            return match self.passes_in && !name.is_empty() {
                true => Ok(name.to_owned()),
                false => Err(self.unknown(parameter, name)),
            };
        };
        let plain = field.source.as_ref().and_then(Source::plain);
        plain.and_then(Path::dotted).ok_or_else(|| Unaskable::Found {
            parameter,
            object: self.object.clone(),
            name: name.to_owned(),
            source_name: field.source_name.clone(),
        })
    }

    fn unknown(&self, parameter: &'static str, name: &str) -> Unaskable {
        let known: Vec<&str> = self.shown_fields().map(|(name, ..)| name).collect();
        Unaskable::Unknown {
            parameter,
            object: self.object.clone(),
            name: name.to_owned(),
            known: known.join(", "),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{
        super::{
            body::{Level, Transformation},
            layers::{InForce, Types},
            room::Room,
        },
        *,
    };

    fn mapping(passes: bool) -> Mapping {
        let body = json!({
            "fields": [
                { "path": "id", "vendorPath": "Key" },
                { "path": "name.last", "vendorPath": "Last Name" },
                { "path": "name.first", "vendorPath": "First" },
                { "path": "city", "vendorPath": "Address.City" },
                { "path": "phone", "vendorPath": "Phones[type=home].nr" },
                { "path": "secret", "vendorPath": "Secret", "configuration": [{ "type": "remove" }] },
            ],
            "configuration": [{ "type": "passThrough", "properties": { "fromVendor": passes } }],
        });
        let transformation: Transformation = serde_json::from_value(body).unwrap();
        transformation.check().unwrap();
        let in_force = InForce::of(&[(Level::Instance, &transformation)]).unwrap();
        Mapping::new("people", &in_force, &Types::default())
    }

    fn told(result: Result<String, Unaskable>) -> String {
        result.unwrap_or_else(|error| error.to_string())
    }

    #[test]
    fn filters_and_orders_are_told_in_the_providers_names() {
        let closed = mapping(false);
        assert_eq!(
            told(closed.filter("name.last='Li' and (city like 'B%' or NOT id IN (1,2)) and id is not null")),
            "`Last Name` = 'Li' AND (Address.City LIKE 'B%' OR NOT (Key IN (1, 2))) AND Key IS NOT NULL"
        );
        assert_eq!(
            told(closed.order("city desc, !id,name.first")),
            "Address.City desc,!Key,First"
        );
        for refused in [
            told(closed.filter("Position='x'")),
            told(closed.order("Key")),
            told(closed.filter("secret='x'")),
        ] {
            assert!(refused.contains("people has no field"), "{refused}");
            assert!(
                refused.contains("id, name.last, name.first, city, phone"),
                "{refused}"
            );
        }
        assert!(told(closed.filter("phone='1'")).contains("Phones[type=home].nr"));
        assert!(told(closed.filter("id=")).starts_with("where: "));
        let open = mapping(true);
        assert_eq!(told(open.filter("q='x' and id='1'")), "q = 'x' AND Key = '1'");
        assert_eq!(told(open.order("Position")), "Position");
    }

    fn selected(mapping: &Mapping, names: &[&str]) -> Result<(String, Value), Unaskable> {
        let record = json!({
            "Key": "k", "Last Name": "Li", "First": "A", "Address": { "City": "Bern", "Zip": 3 }, "More": 1,
            "Phones": [{ "type": "home", "nr": "1" }],
        });
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let Asked { members, selection } = mapping.select(&names)?;
        Ok((
            members.join(" "),
            mapping.shown(&record, &selection, &Room::default()),
        ))
    }

    #[test]
    fn exactly_the_fields_that_are_asked_for_are_shown() {
        let closed = mapping(false);
        assert_eq!(
            selected(&closed, &["id", "city"]).unwrap(),
            ("Key Address".to_owned(), json!({ "id": "k", "city": "Bern" }))
        );
        assert_eq!(
            selected(&closed, &["name"]).unwrap(),
            (
                "Last Name First".to_owned(),
                json!({ "name": { "last": "Li", "first": "A" } })
            )
        );
        // What is found has to be looked for in whole records.
        assert_eq!(
            selected(&closed, &["phone", "id"]).unwrap(),
            (String::new(), json!({ "id": "k", "phone": "1" }))
        );
        assert!(selected(&closed, &["More"]).is_err());
        assert!(selected(&closed, &["secret"]).is_err());
        assert_eq!(
            selected(&mapping(true), &["More", "Address.Zip", "id"]).unwrap(),
            (
                "More Address Key".to_owned(),
                json!({ "More": 1, "Address": { "Zip": 3 }, "id": "k" })
            )
        );
    }
}
