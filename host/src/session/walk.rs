//! Walks over the changes of a resource, page by page.

use super::{
    Failure, Session,
    last::{LastCall, packed},
};
use crate::adapter::{
    Answers, Course,
    contract::{poller, types},
};

/// A walk over the changes of a resource.
#[derive(Debug)]
pub struct Walk {
    job: poller::Job,
    /// The adapter's last step, and the answers that its spans refer to.
    step: Option<(poller::Step, Answers)>,
    /// So far.
    pages: usize,
    /// Since the last page.
    exchanges: usize,
}

/// A page of a walk.
#[derive(Debug)]
pub struct WalkPage {
    /// What changed.
    pub records: Vec<types::Changed>,
    /// The answers that the records' spans refer to.
    pub answers: Answers,
    /// The new checkpoint.
    pub checkpoint: Option<Vec<u8>>,
}

impl Session<'_> {
    /// Start a walk. Unlike other operations its token is not refreshed in the middle: the caller starts again, and
    /// what is stored already is not told twice.
    pub async fn walk(&mut self, job: poller::Job) -> Result<Walk, Failure> {
        let context = self.context();
        self.reel.begun(&context, &job);
        let begun = self.adapter.poll(&context, &job).await?;
        self.last = Some(LastCall::new("poller.begin", context, packed(&job)));
        let step = self.said(begun)?;
        Ok(Walk {
            job,
            step: Some((step, Answers::default())),
            pages: 0,
            exchanges: 0,
        })
    }

    /// What a page may hold, and how many there may be.
    pub(crate) fn check_page(&self, page: &poller::Page, number: usize) -> Result<(), Failure> {
        self.count("pages", |limits| limits.pages, number)?;
        self.count("records", |limits| limits.records, page.records.len())?;
        let kept = page.checkpoint.as_ref().map_or(0, Vec::len);
        self.count("state", |limits| limits.state, kept)
    }
}

impl Walk {
    /// The next page; none when the window is complete.
    pub async fn next(&mut self, session: &mut Session<'_>) -> Result<Option<WalkPage>, Failure> {
        loop {
            let Some((step, answers)) = self.step.take() else {
                return Ok(None);
            };
            match step {
                poller::Step::Send(exchange) => self.go_on(session, exchange).await?,
                poller::Step::Page(page) => {
                    self.pages += 1;
                    self.exchanges = 0;
                    session.check_page(&page, self.pages)?;
                    let poller::Page {
                        records,
                        checkpoint,
                        next,
                    } = page;
                    session.reel.page(&records, &checkpoint);
                    // The next exchange waits until the caller has stored this page.
                    self.step = next.map(|exchange| (poller::Step::Send(exchange), Answers::default()));
                    return Ok(Some(WalkPage {
                        records,
                        answers,
                        checkpoint,
                    }));
                }
            }
        }
    }

    async fn go_on(&mut self, session: &mut Session<'_>, exchange: types::Exchange) -> Result<(), Failure> {
        self.exchanges += 1;
        let answers = session.exchange(&exchange, self.exchanges).await?;
        let context = session.context();
        session.reel.resumed(context.now);
        let resumed = session
            .adapter
            .resume_poll(&context, &self.job, &exchange.state, &answers)
            .await?;
        session.last = Some(LastCall {
            function: "poller.resume",
            context,
            subject: packed(&self.job),
            resumed: Some((exchange.state, answers.clone())),
            course: Course {
                exchanges: self.exchanges,
                pages: self.pages,
                answered: None,
            },
        });
        self.step = Some((session.said(resumed)?, answers));
        Ok(())
    }
}
