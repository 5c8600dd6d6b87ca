//! Child resources. `describe` names one `accounts/contacts`; its calls carry the parent's id between the two, as it is:
//! `accounts/42/contacts`.

/// A child resource of one parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Child<'a> {
    /// The parent's resource.
    pub parent: &'a str,
    /// The parent's id, which may hold anything.
    pub id: &'a str,
    /// The child.
    pub name: &'a str,
}

impl<'a> Child<'a> {
    /// From the resource of a call; none where it is no child's.
    pub fn parse(resource: &'a str) -> Option<Self> {
        let (parent, rest) = resource.split_once('/')?;
        let (id, name) = rest.rsplit_once('/')?;
        Some(Self { parent, id, name })
    }

    /// As a call names it.
    pub fn called(&self) -> String {
        format!("{}/{}/{}", self.parent, self.id, self.name)
    }

    /// As the description names it.
    pub fn declared(&self) -> String {
        declared(self.parent, self.name)
    }
}

/// The name of a child resource in the description.
pub fn declared(parent: &str, child: &str) -> String {
    format!("{parent}/{child}")
}

/// Whether a description's name is that of a child resource: its parent and its own.
pub fn names(declared: &str) -> Option<(&str, &str)> {
    declared.split_once('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_id_stands_between_the_names() {
        for id in ["42", "a/b", "", "%2F", "c?d#e"] {
            let child = Child {
                parent: "accounts",
                id,
                name: "contacts",
            };
            assert_eq!(Child::parse(&child.called()), Some(child), "{id:?}");
            assert_eq!(child.declared(), "accounts/contacts");
        }
        assert_eq!(Child::parse("accounts"), None);
        assert_eq!(Child::parse("accounts/contacts"), None);
        assert_eq!(names("accounts/contacts"), Some(("accounts", "contacts")));
        assert_eq!(names("accounts"), None);
    }
}
