//! What most adapters make of answers: failures as the contract prescribes.

use super::{Answer, Detail, Failure, Response, TransportError};

/// The only answer of an exchange of one request, whatever its status.
///
/// # Errors
///
/// A [`Failure`] when there is no response: permanent where the host refused, transient otherwise.
pub fn only(answers: &[Answer]) -> Result<&Response, Failure> {
    match answers.first() {
        Some(Ok(response)) => Ok(response),
        Some(Err(error)) => Err(error.clone().into()),
        None => Err(Failure::Other("the host came back without an answer".into())),
    }
}

/// [`only`], where the provider says no by HTTP statuses.
///
/// # Errors
///
/// See [`Response::succeeded`].
pub fn succeeded(answers: &[Answer]) -> Result<&Response, Failure> {
    only(answers)?.succeeded()
}

impl Response {
    /// This response, where its status is 200 to 299.
    ///
    /// # Errors
    ///
    /// What the status prescribes, quoting the body: 401 is a bad token, 404 a missing object, 429 a pause, 403 permanent,
    /// 408 and 500 to 599 transient (a 503 that says for how long is the host's), any other of 400 to 499 a bad request.
    pub fn succeeded(&self) -> Result<&Self, Failure> {
        if self.is_success() {
            return Ok(self);
        }
        let words: String = String::from_utf8_lossy(&self.body).chars().take(300).collect();
        let mut detail = Detail::from(format!("the provider answered {}", self.status));
        if !words.trim().is_empty() {
            detail = detail.quoting(words.trim());
        }
        Err(match self.status {
            401 => Failure::TokenInvalid(detail),
            403 => Failure::Permanent(detail),
            404 | 410 => Failure::NotFound(detail),
            429 => Failure::RateLimited(detail, self.retry_after()),
            408 => Failure::Transient(detail),
            400..=499 => Failure::InvalidRequest(detail),
            _ => Failure::Transient(detail),
        })
    }

    /// `Retry-After` in milliseconds, where it is told in seconds.
    pub fn retry_after(&self) -> Option<u64> {
        let seconds: u64 = self.header("Retry-After")?.trim().parse().ok()?;
        Some(seconds.saturating_mul(1000))
    }
}

impl From<TransportError> for Failure {
    fn from(error: TransportError) -> Self {
        match error {
            TransportError::Refused(why) => Self::Permanent(why.into()),
            TransportError::TooLarge(bytes) => Self::Permanent(
                format!(
                    "the answer has more than the {bytes} bytes that the host takes; a smaller pageSize helps"
                )
                .into(),
            ),
            TransportError::Unreachable(why)
            | TransportError::Tls(why)
            | TransportError::Timeout(why)
            | TransportError::Other(why) => Self::Transient(why.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Header;

    #[test]
    fn statuses_prescribe_failures() {
        let response = |status| Response {
            status,
            headers: vec![Header {
                name: "retry-after".to_owned(),
                value: "7".to_owned(),
            }],
            body: b" no ".to_vec(),
        };
        let detail = |status| Detail::from(format!("the provider answered {status}")).quoting("no");
        assert!(response(204).succeeded().is_ok());
        let cases = [
            (401, Failure::TokenInvalid(detail(401))),
            (404, Failure::NotFound(detail(404))),
            (429, Failure::RateLimited(detail(429), Some(7000))),
            (422, Failure::InvalidRequest(detail(422))),
            (502, Failure::Transient(detail(502))),
            (503, Failure::Transient(detail(503))),
        ];
        for (status, expected) in cases {
            assert_eq!(succeeded(&[Ok(response(status))]), Err(expected));
        }
        let timeout = TransportError::Timeout("no complete answer".to_owned());
        assert_eq!(
            only(&[Err(timeout)]),
            Err(Failure::Transient("no complete answer".into()))
        );
    }
}
