//! Lists with filters.

use rusqlite::{Connection, Row, params_from_iter, types::Value};

use super::columns;
use crate::store::Result;

/// A SELECT whose conditions depend on a filter. Conditions that are not asked for are left out instead of being
/// made true, because that decides which index serves.
#[derive(Debug)]
pub(super) struct Query {
    sql: String,
    values: Vec<Value>,
}

impl Query {
    /// A query that ends in a condition with one parameter.
    pub(super) fn new(sql: &'static str, value: impl Into<Value>) -> Self {
        Self {
            sql: sql.to_owned(),
            values: vec![value.into()],
        }
    }

    /// Only rows for which this condition on a parameter holds.
    pub(super) fn and(mut self, condition: &'static str, value: impl Into<Value>) -> Self {
        self.sql.push_str(" AND ");
        self.sql.push_str(condition);
        self.values.push(value.into());
        self
    }

    /// Only rows for which this condition holds, where there is something to compare with.
    pub(super) fn and_some<V: Into<Value>>(self, condition: &'static str, value: Option<V>) -> Self {
        match value {
            Some(value) => self.and(condition, value),
            None => self,
        }
    }

    /// Only rows for which this condition without a parameter holds.
    pub(super) fn and_always(mut self, condition: &'static str) -> Self {
        self.sql.push_str(" AND ");
        self.sql.push_str(condition);
        self
    }

    /// The rows in this order, so many at most.
    pub(super) fn rows<T>(
        mut self,
        connection: &Connection,
        order: &'static str,
        limit: Option<usize>,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        self.sql.push_str(" ORDER BY ");
        self.sql.push_str(order);
        self.sql.push_str(" LIMIT ?");
        self.values.push(columns::limit(limit).into());
        let mut select = connection.prepare_cached(&self.sql)?;
        let rows = select.query_map(params_from_iter(self.values), read)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}
