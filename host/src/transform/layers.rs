//! Inheritance: what levels come to together. The nearest transformation of an object counts; the one above adds the
//! fields that it lacks where it says `inherit`.

use std::collections::BTreeMap;

use super::body::{Definition, Level, MappedField, Transformation, Way};

/// A transformation together with what it inherits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InForce {
    /// The resource, where a level says it.
    pub vendor: Option<String>,
    /// The fields with the levels that map them: the nearest level's own first.
    pub fields: Vec<(Level, MappedField)>,
    /// Whether what is not mapped goes in.
    pub passes_in: bool,
    /// Whether what is not mapped goes out.
    pub passes_out: bool,
}

impl InForce {
    /// Of these levels, the nearest first; none when there are none.
    pub fn of(layers: &[(Level, &Transformation)]) -> Option<Self> {
        let mut counting = Vec::new();
        for layer in layers {
            counting.push(layer);
            if !layer.1.inherits() {
                break;
            }
        }
        let said = |way| counting.iter().find_map(|(_, layer)| layer.passes(way));
        let mut fields: Vec<(Level, MappedField)> = Vec::new();
        for (level, layer) in &counting {
            for field in &layer.fields {
                if !fields.iter().any(|(_, known)| known.path == field.path) {
                    fields.push((*level, field.clone()));
                }
            }
        }
        let vendor = counting.iter().find_map(|(_, layer)| layer.vendor_name.clone());
        (!counting.is_empty()).then(|| Self {
            vendor,
            fields,
            passes_in: said(Way::In).unwrap_or(true),
            passes_out: said(Way::Out).unwrap_or(true),
        })
    }
}

/// The types of an object's fields and the levels that define them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Types(BTreeMap<String, (Level, String)>);

impl Types {
    /// Of these levels, the nearest first.
    pub fn of<'d>(layers: impl IntoIterator<Item = (Level, &'d Definition)>) -> Self {
        let mut types = BTreeMap::new();
        for (level, definition) in layers {
            for field in &definition.fields {
                types
                    .entry(field.path.trim().to_owned())
                    .or_insert_with(|| (level, field.kind.clone()));
            }
        }
        Self(types)
    }

    /// The type of a field.
    pub fn kind(&self, path: &str) -> Option<&str> {
        self.0.get(path.trim()).map(|(_, kind)| kind.as_str())
    }

    /// The level that defines a field.
    pub fn level(&self, path: &str) -> Option<Level> {
        self.0.get(path.trim()).map(|(level, _)| *level)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn layer(
        vendor: Option<&str>,
        fields: &[(&str, &str)],
        configuration: &serde_json::Value,
    ) -> Transformation {
        let fields: Vec<_> = fields
            .iter()
            .map(|(path, source)| json!({ "path": path, "vendorPath": source }))
            .collect();
        let body = json!({ "vendorName": vendor, "fields": fields, "configuration": configuration });
        serde_json::from_value(body).unwrap()
    }

    fn shown(in_force: &InForce) -> Vec<String> {
        let fields = in_force.fields.iter();
        fields
            .map(|(level, field)| {
                let source = field.vendor_path.as_deref().unwrap_or_default();
                format!("{level:?} {} {source}", field.path)
            })
            .collect()
    }

    #[test]
    fn the_nearest_level_counts_and_inherits_when_it_says_so() {
        let inherit = json!([{ "type": "inherit" }]);
        let closed = json!([{ "type": "passThrough", "properties": { "fromVendor": false } }]);
        let organization = layer(Some("Account"), &[("id", "Id"), ("name", "Name")], &closed);
        let account = layer(None, &[("name", "Title")], &inherit);
        let instance = layer(Some("Contact"), &[("mail", "Email")], &inherit);
        let own = layer(Some("Lead"), &[("mail", "Mail")], &json!(null));

        let all = InForce::of(&[
            (Level::Instance, &instance),
            (Level::Account, &account),
            (Level::Organization, &organization),
        ])
        .unwrap();
        assert_eq!(
            shown(&all),
            ["Instance mail Email", "Account name Title", "Organization id Id"]
        );
        assert_eq!(all.vendor.as_deref(), Some("Contact"));
        assert_eq!((all.passes_in, all.passes_out), (false, true));

        let closed_off =
            InForce::of(&[(Level::Instance, &own), (Level::Organization, &organization)]).unwrap();
        assert_eq!(shown(&closed_off), ["Instance mail Mail"]);
        assert!(closed_off.passes_in);

        let above = InForce::of(&[(Level::Account, &account), (Level::Organization, &organization)]).unwrap();
        assert_eq!(above.vendor.as_deref(), Some("Account"));
        assert_eq!(InForce::of(&[]), None);
    }

    #[test]
    fn the_nearest_definition_types_a_field() {
        let definition = |fields: serde_json::Value| -> Definition {
            serde_json::from_value(json!({ "fields": fields })).unwrap()
        };
        let near = definition(json!([{ "path": "id", "type": "number" }]));
        let far = definition(json!([{ "path": "id" }, { "path": "name", "type": "string" }]));
        let types = Types::of([(Level::Instance, &near), (Level::Organization, &far)]);
        assert_eq!(
            (types.kind("id"), types.level("id")),
            (Some("number"), Some(Level::Instance))
        );
        assert_eq!(types.level("name"), Some(Level::Organization));
        assert_eq!(types.kind("other"), None);
    }
}
