//! Several paths of a record in one pass over its bytes.

use std::iter::FusedIterator;

use super::{
    Keys, RawError, Span,
    cursor::{Cursor, Text},
    scalar::unescape,
    walk::{Brackets, Steps},
};
use crate::path::{JsonPath, Segment};

/// Paths to read from each of many records: their common beginnings are walked once.
#[derive(Debug, Clone)]
pub struct Fields {
    /// A tree by position; the first is the record itself.
    nodes: Vec<Node>,
    paths: usize,
    keys: Keys,
}

/// The records of an array with their fields, in one pass over its bytes. After an error there are no more.
#[derive(Debug, Clone)]
pub struct Records<'b, 'f> {
    fields: &'f Fields,
    steps: Steps<'b>,
}

/// Where paths fork or end.
#[derive(Debug, Clone, Default)]
struct Node {
    /// Positions of the nodes below.
    members: Vec<(String, usize)>,
    elements: Vec<(usize, usize)>,
    /// The paths that end here.
    ends: Vec<usize>,
}

impl Fields {
    /// To read these paths, comparing keys exactly.
    pub fn new(paths: &[JsonPath]) -> Self {
        Self::with_keys(paths, Keys::Exact)
    }

    /// To read these paths, with a choice of how keys are compared.
    pub fn with_keys(paths: &[JsonPath], keys: Keys) -> Self {
        let mut fields = Self {
            nodes: vec![Node::default()],
            paths: paths.len(),
            keys,
        };
        for (path, segments) in paths.iter().enumerate() {
            if let Some(segments) = segments.segments() {
                let end = segments
                    .iter()
                    .fold(0, |node, segment| fields.grow(node, segment));
                fields.nodes[end].ends.push(path);
            }
        }
        fields
    }

    /// Where each path leads in the record at a span, in the order of the paths.
    pub fn read(&self, bytes: &[u8], record: Span) -> Result<Vec<Option<Span>>, RawError> {
        self.read_all(Cursor::within(bytes, record)?)
    }

    /// Where each path leads in a whole document.
    pub fn read_document(&self, bytes: &[u8]) -> Result<Vec<Option<Span>>, RawError> {
        self.read_all(Cursor::new(bytes)?)
    }

    /// Every element of the array at a span, with where each path leads in it.
    pub fn records<'b, 'f>(&'f self, bytes: &'b [u8], array: Span) -> Records<'b, 'f> {
        Records {
            fields: self,
            steps: Steps::new(bytes, array, Brackets::Square),
        }
    }

    fn read_all(&self, mut cursor: Cursor<'_>) -> Result<Vec<Option<Span>>, RawError> {
        let mut found = vec![None; self.paths];
        cursor.space();
        self.value(&mut cursor, 0, 0, &mut found)?;
        cursor.end()?;
        Ok(found)
    }

    /// The node one step below, made if need be.
    fn grow(&mut self, node: usize, segment: &Segment) -> usize {
        let next = self.nodes.len();
        let child = match segment {
            Segment::Key(key) => {
                let members = &mut self.nodes[node].members;
                let known = members
                    .iter()
                    .find(|(name, _)| self.keys.same(name.as_bytes(), key.as_bytes()));
                known.map(|(_, child)| *child).unwrap_or_else(|| {
                    members.push((key.clone(), next));
                    next
                })
            }
            Segment::Index(index) => {
                let elements = &mut self.nodes[node].elements;
                let known = elements.iter().find(|(position, _)| position == index);
                known.map(|(_, child)| *child).unwrap_or_else(|| {
                    elements.push((*index, next));
                    next
                })
            }
        };
        if child == next {
            self.nodes.push(Node::default());
        }
        child
    }

    /// Over one value. The recursion is as deep as the longest path, never as the document.
    fn value(
        &self,
        cursor: &mut Cursor<'_>,
        node: usize,
        depth: u32,
        found: &mut [Option<Span>],
    ) -> Result<(), RawError> {
        let node = &self.nodes[node];
        let start = cursor.at();
        match cursor.peek() {
            Some(b'{') if !node.members.is_empty() => self.object(cursor, node, depth, found)?,
            Some(b'[') if !node.elements.is_empty() => self.array(cursor, node, depth, found)?,
            _ => cursor.skip(depth)?,
        }
        for end in &node.ends {
            found[*end] = Some(Span::between(start, cursor.at()));
        }
        Ok(())
    }

    fn object(
        &self,
        cursor: &mut Cursor<'_>,
        node: &Node,
        depth: u32,
        found: &mut [Option<Span>],
    ) -> Result<(), RawError> {
        cursor.open(depth)?;
        if cursor.eat(b'}') {
            return Ok(());
        }
        loop {
            let key = cursor.key()?;
            match self.member(node, key) {
                Some(child) => {
                    // The same key once more: what the former value held does not count.
                    self.forget(child, found);
                    self.value(cursor, child, depth + 1, found)?;
                }
                None => cursor.skip(depth + 1)?,
            }
            if !cursor.goes_on(b'}')? {
                return Ok(());
            }
        }
    }

    fn array(
        &self,
        cursor: &mut Cursor<'_>,
        node: &Node,
        depth: u32,
        found: &mut [Option<Span>],
    ) -> Result<(), RawError> {
        cursor.open(depth)?;
        if cursor.eat(b']') {
            return Ok(());
        }
        let mut position = 0;
        loop {
            match node.elements.iter().find(|(index, _)| *index == position) {
                Some((_, child)) => self.value(cursor, *child, depth + 1, found)?,
                None => cursor.skip(depth + 1)?,
            }
            if !cursor.goes_on(b']')? {
                return Ok(());
            }
            position += 1;
        }
    }

    fn member(&self, node: &Node, key: Text<'_>) -> Option<usize> {
        let named = |bytes: &[u8]| {
            node.members
                .iter()
                .find(|(name, _)| self.keys.same(name.as_bytes(), bytes))
                .map(|(_, child)| *child)
        };
        if key.escaped {
            // A key that is no text is none of ours.
            unescape(key).ok().and_then(|key| named(key.as_bytes()))
        } else {
            named(key.written)
        }
    }

    fn forget(&self, node: usize, found: &mut [Option<Span>]) {
        let node = &self.nodes[node];
        for end in &node.ends {
            found[*end] = None;
        }
        let below = node
            .members
            .iter()
            .map(|(_, child)| child)
            .chain(node.elements.iter().map(|(_, child)| child));
        for child in below {
            self.forget(*child, found);
        }
    }
}

impl Keys {
    fn same(self, left: &[u8], right: &[u8]) -> bool {
        match self {
            Self::Exact => left == right,
            Self::AnyCase => left.eq_ignore_ascii_case(right),
        }
    }
}

impl Iterator for Records<'_, '_> {
    type Item = Result<(Span, Vec<Option<Span>>), RawError>;

    fn next(&mut self) -> Option<Self::Item> {
        let fields = self.fields;
        self.steps.next(|cursor| {
            let mut found = vec![None; fields.paths];
            let start = cursor.at();
            fields.value(cursor, 0, 1, &mut found)?;
            Ok((Span::between(start, cursor.at()), found))
        })
    }
}

impl FusedIterator for Records<'_, '_> {}
