//! A value on its way into a type. It compares what it is with what the type asks for, so that the words of a refusal
//! need not be serde's.

use std::fmt::{self, Display};

use serde::{
    Deserializer,
    de::{
        self, DeserializeSeed, Expected, IntoDeserializer as _, MapAccess, SeqAccess, Unexpected, Visitor,
        value::{MapAccessDeserializer, StrDeserializer},
    },
    forward_to_deserialize_any,
};
use serde_json::{Map, Number, Value, map};

use super::Kind;

/// So much of a text that is refused is shown, in characters.
const SHOWN: usize = 60;

/// A value of a body.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node<'v>(pub(super) &'v Value);

/// What is wrong with a value, and where it is.
#[derive(Debug)]
pub(super) struct Wrong {
    /// Outwards.
    steps: Vec<Step>,
    pub(super) what: String,
}

#[derive(Debug)]
enum Step {
    Member(String),
    Item(usize),
}

// === impl Wrong ===

impl Wrong {
    fn new(what: String) -> Self {
        Self {
            steps: Vec::new(),
            what,
        }
    }

    fn found(found: impl Display, wanted: impl Display) -> Self {
        Self::new(format!("is {found}; it has to be {wanted}"))
    }

    /// The same, of a value that a member holds.
    pub(super) fn within(self, member: &str) -> Self {
        self.at(Step::Member(member.to_owned()))
    }

    fn at(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// `fields[2].type`, and `body` for all of it.
    pub(super) fn place(&self) -> String {
        let mut place = String::new();
        for step in self.steps.iter().rev() {
            match step {
                Step::Item(index) => place = format!("{place}[{index}]"),
                Step::Member(name) if place.is_empty() => place.push_str(name),
                Step::Member(name) => place = format!("{place}.{name}"),
            }
        }
        if place.is_empty() {
            "body".to_owned()
        } else {
            place
        }
    }
}

impl Display for Wrong {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.place(), self.what)
    }
}

impl std::error::Error for Wrong {}

impl de::Error for Wrong {
    fn custom<T: Display>(message: T) -> Self {
        Self::new(message.to_string())
    }

    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::found(found(unexpected), expected)
    }

    fn invalid_value(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::found(found(unexpected), expected)
    }

    fn invalid_length(length: usize, expected: &dyn Expected) -> Self {
        Self::new(format!("has {length} entries; it has to be {expected}"))
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::found(quoted(variant), one_of(expected))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::new(format!("is not known; there may be {}", one_of(expected))).within(field)
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new("is missing".to_owned()).within(field)
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::new("is there twice".to_owned()).within(field)
    }
}

fn found(unexpected: Unexpected<'_>) -> String {
    match unexpected {
        Unexpected::Str(text) => quoted(text),
        Unexpected::Bool(truth) => truth.to_string(),
        Unexpected::Unsigned(number) => number.to_string(),
        Unexpected::Signed(number) => number.to_string(),
        Unexpected::Float(number) => number.to_string(),
        Unexpected::Unit | Unexpected::Option => Kind::Null.to_string(),
        Unexpected::Seq => Kind::List.to_string(),
        Unexpected::Map => Kind::Object.to_string(),
        other => other.to_string(),
    }
}

fn quoted(text: &str) -> String {
    let shown: String = text.chars().take(SHOWN).collect();
    let more = if shown.len() < text.len() { "…" } else { "" };
    format!("{shown:?}{more}")
}

/// `a, b or c`.
fn one_of(names: &[&str]) -> String {
    match names {
        [] => "nothing".to_owned(),
        [one] => (*one).to_owned(),
        [all @ .., last] => format!("{} or {last}", all.join(", ")),
    }
}

// === impl Node ===

impl<'v> Node<'v> {
    fn wrong(self, wanted: impl Display) -> Wrong {
        Wrong::found(Kind::of(self.0), wanted)
    }

    fn number(self, wanted: &str) -> Result<&'v Number, Wrong> {
        match self.0 {
            Value::Number(number) => Ok(number),
            _ => Err(self.wrong(wanted)),
        }
    }

    /// A whole number of a type that is no larger than these.
    fn whole<T: TryFrom<i128>>(self, least: i128, most: i128) -> Result<T, Wrong> {
        let number = self.number(WHOLE)?;
        let whole = number.as_i128().ok_or_else(|| Wrong::found(number, WHOLE))?;
        T::try_from(whole)
            .map_err(|_too_large| Wrong::found(number, format!("{WHOLE} from {least} to {most}")))
    }
}

const WHOLE: &str = "a whole number";

macro_rules! whole {
    ($($method:ident $visit:ident $type:ty)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
            visitor.$visit(self.whole::<$type>(<$type>::MIN.into(), <$type>::MAX.into())?)
        })*
    };
}

impl<'de> Deserializer<'de> for Node<'_> {
    type Error = Wrong;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(truth) => visitor.visit_bool(*truth),
            Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(number), ..) => visitor.visit_u64(number),
                (_, Some(number), _) => visitor.visit_i64(number),
                (.., Some(number)) => visitor.visit_f64(number),
                _ => Err(Wrong::found(number, "a smaller number")),
            },
            Value::String(text) => visitor.visit_str(text),
            Value::Array(items) => visitor.visit_seq(Items { items, next: 0 }),
            Value::Object(members) => visitor.visit_map(Members::of(members)),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self.0 {
            Value::Bool(truth) => visitor.visit_bool(*truth),
            _ => Err(self.wrong("true or false")),
        }
    }

    whole! {
        deserialize_u8 visit_u8 u8
        deserialize_u16 visit_u16 u16
        deserialize_u32 visit_u32 u32
        deserialize_u64 visit_u64 u64
        deserialize_i8 visit_i8 i8
        deserialize_i16 visit_i16 i16
        deserialize_i32 visit_i32 i32
        deserialize_i64 visit_i64 i64
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        self.number("a number")?;
        self.deserialize_any(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self.0 {
            Value::String(text) => visitor.visit_str(text),
            _ => Err(self.wrong(Kind::Text)),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self.0 {
            Value::Array(_) => self.deserialize_any(visitor),
            _ => Err(self.wrong(Kind::List)),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self.0 {
            Value::Object(_) => self.deserialize_any(visitor),
            _ => Err(self.wrong(Kind::Object)),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        match self.0 {
            Value::String(text) => visitor.visit_enum(text.as_str().into_deserializer()),
            Value::Object(members) => visitor.visit_enum(MapAccessDeserializer::new(Members::of(members))),
            _ => Err(self.wrong(one_of(variants))),
        }
    }

    forward_to_deserialize_any! {
        i128 u128 char bytes byte_buf unit unit_struct tuple tuple_struct identifier ignored_any
    }
}

/// The items of a list.
struct Items<'v> {
    items: &'v [Value],
    next: usize,
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Wrong;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Wrong> {
        let index = self.next;
        let Some(item) = self.items.get(index) else {
            return Ok(None);
        };
        self.next += 1;
        let read = seed.deserialize(Node(item));
        read.map(Some).map_err(|wrong| wrong.at(Step::Item(index)))
    }
}

/// The members of an object.
struct Members<'v> {
    left: map::Iter<'v>,
    /// The one whose name was read.
    current: Option<(&'v str, &'v Value)>,
}

impl<'v> Members<'v> {
    fn of(members: &'v Map<String, Value>) -> Self {
        Self {
            left: members.iter(),
            current: None,
        }
    }
}

impl<'de> MapAccess<'de> for Members<'_> {
    type Error = Wrong;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Wrong> {
        let Some((name, value)) = self.left.next() else {
            return Ok(None);
        };
        self.current = Some((name, value));
        let name: StrDeserializer<'_, Wrong> = name.as_str().into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Wrong> {
        match self.current.take() {
            Some((name, value)) => seed.deserialize(Node(value)).map_err(|wrong| wrong.within(name)),
            None => Err(Wrong::new("is read out of turn".to_owned())),
        }
    }
}
