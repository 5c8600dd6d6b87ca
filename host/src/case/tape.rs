//! A poll's tape as a case: what the provider was asked and answered, and what the adapter made of it.

use indexmap::IndexMap;

use super::{
    Call, Case, Scripted,
    message::request_text,
    outcome::{Outcome, Page, Walked},
};
use crate::{
    adapter::{Answers, Course, contract::types},
    session::{WalkPage, unanswered},
    tape::{Beginning, Frame},
};

/// What was read of a tape so far.
struct Reading<'a> {
    adapter: &'a str,
    exchanges: Vec<Scripted>,
    /// Answers that the adapter was not resumed with yet.
    coming: Vec<types::Answer>,
    /// Answers that it was resumed with last, and how many exchanges and pages there were before it asked for them.
    answers: Answers,
    before: (usize, usize),
    walked: Walked,
    ended: bool,
}

/// The case of a tape; `adapter` is the key of its element. None of a tape that has nothing to replay.
pub(crate) fn case_of(adapter: &str, frames: Vec<Frame<'static>>) -> Option<Case> {
    let mut frames = frames.into_iter();
    let Some(Frame::Begun(beginning)) = frames.next() else {
        return None;
    };
    let Beginning {
        now,
        configuration,
        secrets,
        job,
    } = beginning.into_owned();
    let mut reading = Reading {
        adapter,
        exchanges: Vec::new(),
        coming: Vec::new(),
        answers: Answers::default(),
        before: (0, 0),
        walked: Walked::default(),
        ended: false,
    };
    frames.for_each(|frame| reading.take(frame));
    if !reading.ended && !reading.open_end() {
        return None;
    }
    let configuration = configuration.into_iter();
    let configuration: IndexMap<String, String> = configuration
        .map(|types::Setting { key, value }| (key, value))
        .collect();
    Some(Case {
        call: Call::Poll(job, None, None),
        single: false,
        handed: true,
        course: Course::default(),
        now,
        configuration,
        secrets,
        exchanges: reading.exchanges,
        result: Some(Outcome::from(reading.walked).text),
    })
}

impl Reading<'_> {
    fn take(&mut self, frame: Frame<'static>) {
        match frame {
            Frame::Begun(_) => {}
            Frame::Asked(request) => {
                if self.coming.is_empty() {
                    self.before = (self.exchanges.len(), self.walked.pages.len());
                }
                self.exchanges.push(Scripted {
                    request: request_text(&request),
                    answer: None,
                    now: None,
                });
            }
            Frame::Handed(answer) => {
                if let Some(last) = self.exchanges.last_mut() {
                    last.answer = Some(answer.clone().into_owned());
                }
                self.coming.push(answer.into_owned());
            }
            Frame::Resumed(now) => {
                if let Some(last) = self.exchanges.last_mut() {
                    last.now = Some(now);
                }
                self.answers = std::mem::take(&mut self.coming).into();
            }
            Frame::Page(records, checkpoint) => {
                let page = WalkPage {
                    records: records.into_owned(),
                    answers: self.answers.clone(),
                    checkpoint: checkpoint.into_owned(),
                };
                // What cannot be rendered ended the walk: the end of the tape says so.
                if let Ok(page) = Page::of(self.adapter, &page) {
                    self.walked.pages.push(page);
                }
            }
            Frame::Ended(failure) => {
                self.ended = true;
                if let Some(shown) = failure {
                    self.walked.failed_as(&shown);
                }
            }
        }
    }

    /// Let the case end where the tape does: with a request that has no answer. False when nothing was asked.
    fn open_end(&mut self) -> bool {
        let is_answered = |scripted: &Scripted| scripted.answer.is_some();
        if self.exchanges.last().is_some_and(is_answered) {
            // What the adapter returned to the last answers is not on the tape.
            let (exchanges, pages) = self.before;
            self.exchanges.truncate(exchanges + 1);
            self.walked.pages.truncate(pages);
            if let Some(last) = self.exchanges.last_mut() {
                (last.answer, last.now) = (None, None);
            }
        }
        self.walked.failed(&unanswered());
        !self.exchanges.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::{adapter::contract::poller, case::CaseFile};

    fn begun() -> Frame<'static> {
        Frame::Begun(Cow::Owned(Beginning {
            now: 1_735_689_600_123,
            configuration: Vec::new(),
            secrets: vec!["acme.key".to_owned()],
            job: poller::Job {
                resource: "things".to_owned(),
                configuration: "{}".to_owned(),
                since: 1_000,
                until: 2_500,
                checkpoint: Some(vec![0, 255]),
            },
        }))
    }

    fn asked(path: &str) -> Frame<'static> {
        Frame::Asked(Cow::Owned(types::Request {
            method: "GET".to_owned(),
            url: format!("https://acme.example/{path}"),
            headers: Vec::new(),
            body: types::Body::None,
            effect: types::Effect::Read,
            credentials: Vec::new(),
            captures: Vec::new(),
        }))
    }

    fn handed(body: &str) -> Frame<'static> {
        Frame::Handed(Cow::Owned(Ok(types::Response {
            status: 200,
            headers: Vec::new(),
            body: body.as_bytes().to_vec(),
        })))
    }

    /// A page of one record: the whole of the last answer.
    fn page(length: u32) -> Frame<'static> {
        let span = types::Span {
            answer: 0,
            offset: 0,
            length,
        };
        let changed = types::Changed {
            identity: "1".to_owned(),
            object_id: "1".to_owned(),
            change: types::Change::Created,
            updated: Some(3),
            created: None,
            raw: vec![types::Piece {
                text: types::SourceText::Span(span),
                content: true,
            }],
        };
        Frame::Page(Cow::Owned(vec![changed]), Cow::Owned(None))
    }

    /// Which of the requests have an answer, how many pages there are, and whether the tape has no end.
    fn check(frames: Vec<Frame<'static>>, answered: &[bool], pages: usize, is_open: bool) {
        let frames: Vec<_> = std::iter::once(begun()).chain(frames).collect();
        let case = case_of("acme", frames).unwrap();
        let found: Vec<bool> = case
            .exchanges
            .iter()
            .map(|scripted| scripted.answer.is_some())
            .collect();
        assert_eq!(found, answered);
        let result = case.result.clone().unwrap();
        let parsed: serde_json::Value = serde_json::from_str(&result).unwrap();
        assert_eq!(parsed["pages"].as_array().map(Vec::len), Some(pages), "{result}");
        assert_eq!(result.contains("no further answer is kept"), is_open, "{result}");

        // Nothing is lost in the file.
        let text = CaseFile::make("poll.toml".as_ref(), case.clone(), "# A poll.\n").text();
        let file =
            CaseFile::parse("poll.toml".as_ref(), &text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let read = file.case();
        assert_eq!(
            (&read.call, read.handed, read.now),
            (&case.call, true, case.now),
            "{text}"
        );
        assert_eq!(
            (&read.exchanges, &read.result),
            (&case.exchanges, &case.result),
            "{text}"
        );
    }

    #[test]
    fn a_tape_with_an_end_is_a_whole_case() {
        let walk = vec![
            asked("1"),
            handed(r#"{"id": 1}"#),
            Frame::Resumed(1_735_689_600_500),
            page(9),
            asked("2"),
            handed("[]"),
            Frame::Resumed(1_735_689_601_000),
        ];
        let end =
            |failure: Option<&str>| [walk.clone(), vec![Frame::Ended(failure.map(str::to_owned))]].concat();
        check(end(None), &[true, true], 1, false);
        check(end(Some(r#"{"failure":"crash"}"#)), &[true, true], 1, false);
    }

    #[test]
    fn a_tape_without_end_is_a_case_up_to_there() {
        let answered = vec![asked("1"), handed("[1]"), Frame::Resumed(1)];
        // The host gave up, or the answer was too large.
        check(vec![asked("1")], &[false], 0, true);
        let two = [answered.clone(), vec![page(3), asked("2")]].concat();
        check(two, &[true, false], 1, true);
        // Of an exchange of two.
        check(vec![asked("1"), handed("1"), asked("2")], &[true, false], 0, true);
        // What the adapter made of the last answers is missing: they are of no use.
        check(answered.clone(), &[false], 0, true);
        let three = [answered.clone(), vec![page(3)], answered].concat();
        check(three, &[true, false], 1, true);
        assert!(case_of("acme", vec![begun()]).is_none(), "nothing was asked");
        assert!(case_of("acme", vec![page(1)]).is_none());
        assert!(case_of("acme", Vec::new()).is_none());
    }
}
