//! The switch `page-shift`: a record changes while a walk is under way.

use serde_json::{Map, Value};

use super::{Service, targets};
use crate::error::Refusal;
use crate::faults::{Board, Call, PageShift, ShiftAction};
use crate::read::Window;
use crate::write::Writer;

impl Service<'_> {
    /// Before a page is served: changes a record when the switch says so.
    ///
    /// # Errors
    /// A [`Refusal`] when the record of the switch is not there, or its data do not fit.
    pub(crate) fn shift(&mut self, board: &mut Board, call: &Call, request: &Value) -> Result<(), Refusal> {
        let Some(wanted) = board.faults().page_shift.clone() else {
            return Ok(());
        };
        let Some(request) = request.as_object() else {
            return Ok(());
        };
        // What is wrong with the request itself is told by the read that follows.
        let targets = targets(request).unwrap_or_default();
        for (_, _, part) in targets
            .into_iter()
            .filter(|(_, entity, _)| *entity == wanted.entity)
        {
            let cap = self.faults.page_cap.as_ref().map(|cap| cap.rows);
            let Ok(window) = Window::read(wanted.entity, part, cap) else {
                continue;
            };
            if window.page() != wanted.page {
                continue;
            }
            let Some(shift) = board.hit::<PageShift>(call) else {
                continue;
            };
            self.apply(&shift, request, part)?;
        }
        Ok(())
    }

    fn apply(
        &mut self,
        shift: &PageShift,
        request: &Map<String, Value>,
        part: &Map<String, Value>,
    ) -> Result<(), Refusal> {
        let entity = shift.entity;
        if shift.action == ShiftAction::Create {
            Writer::operator(self.store, self.now, self.user).create(entity, &shift.data)?;
            return Ok(());
        }
        let target = match &shift.key {
            Some(key) => Some(entity.identity(key)),
            None => self.reader(entity, request).first_of_page_before(entity, part)?,
        };
        let Some(target) = target else { return Ok(()) };
        let mut writer = Writer::operator(self.store, self.now, self.user);
        match shift.action {
            ShiftAction::Delete => writer.remove(entity, &target).map(drop),
            ShiftAction::Touch | ShiftAction::Create => writer.change(entity, &target, &shift.data),
        }
    }
}
