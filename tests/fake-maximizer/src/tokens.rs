//! Authorization codes, access tokens and refresh tokens.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};

use chrono::{DateTime, TimeDelta, Utc};
use indexmap::IndexMap;
use serde::Serialize;

use crate::dates;
use crate::faults::{RefreshMode, RefreshReuse, RefreshRotation};

/// An access token that is not used for so long is dead.
const SLIDING: TimeDelta = TimeDelta::minutes(10);
/// So long an access token lives at most.
const CAP: TimeDelta = TimeDelta::hours(24);
/// So long a code can be redeemed.
const CODE_LIFE: TimeDelta = TimeDelta::minutes(10);

/// What was handed out.
#[derive(Debug)]
pub(crate) struct Tokens {
    /// Makes the tokens of one run unlike those of another.
    salt: u64,
    issued: u64,
    sessions: u64,
    codes: IndexMap<String, Code>,
    access: IndexMap<String, Access>,
    refresh: IndexMap<String, Refresh>,
}

#[derive(Debug)]
struct Code {
    client: String,
    redirect_uri: String,
    until: DateTime<Utc>,
    spent: bool,
}

#[derive(Debug, Clone, Serialize)]
struct Access {
    /// Counted from 1: each access token is a session.
    session: u64,
    #[serde(serialize_with = "dates::serialize")]
    issued: DateTime<Utc>,
    #[serde(serialize_with = "dates::serialize")]
    used: DateTime<Utc>,
    expired: bool,
}

#[derive(Debug, Clone, Serialize)]
struct Refresh {
    client: Option<String>,
    redirect_uri: Option<String>,
    replaced: bool,
}

/// A pair of tokens, as the token endpoint hands it out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Issued {
    /// For `Authorization: Bearer`.
    pub access_token: String,
    /// For the grant `refresh_token`; absent when the switch `refresh-rotation` omits it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
}

/// Why a grant is refused: always `invalid_grant`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum GrantError {
    #[error("the code is unknown")]
    UnknownCode,
    #[error("the code was redeemed before; a code is good for one grant")]
    SpentCode,
    #[error("the code has expired")]
    ExpiredCode,
    #[error("the refresh token is unknown")]
    UnknownRefresh,
    #[error("the refresh token was replaced by a newer one")]
    ReplacedRefresh,
    #[error("the grant belongs to another client")]
    OtherClient,
    #[error("redirect_uri is not the one of the authorization request")]
    OtherRedirect,
}

// === impl Tokens ===

impl Default for Tokens {
    fn default() -> Self {
        Self {
            // The standard library's one source of randomness; nothing here has to withstand an attacker.
            salt: RandomState::new().build_hasher().finish(),
            issued: 0,
            sessions: 0,
            codes: IndexMap::new(),
            access: IndexMap::new(),
            refresh: IndexMap::new(),
        }
    }
}

impl Tokens {
    fn text(&mut self, kind: &str) -> String {
        self.issued += 1;
        format!("{kind}-{}-{:016x}", self.issued, self.salt)
    }

    /// A code for one grant.
    pub(crate) fn code(&mut self, client: &str, redirect_uri: &str, now: DateTime<Utc>) -> String {
        let code = self.text("code");
        let (client, redirect_uri) = (client.to_owned(), redirect_uri.to_owned());
        self.codes.insert(
            code.clone(),
            Code {
                client,
                redirect_uri,
                until: later(now, CODE_LIFE),
                spent: false,
            },
        );
        code
    }

    /// Redeems a code.
    pub(crate) fn redeem(
        &mut self,
        code: &str,
        client: &str,
        redirect_uri: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<Issued, GrantError> {
        let known = self.codes.get_mut(code).ok_or(GrantError::UnknownCode)?;
        match () {
            () if known.client != client => return Err(GrantError::OtherClient),
            () if redirect_uri != Some(known.redirect_uri.as_str()) => return Err(GrantError::OtherRedirect),
            () if known.spent => return Err(GrantError::SpentCode),
            () if now >= known.until => return Err(GrantError::ExpiredCode),
            () => known.spent = true,
        }
        Ok(self.issue(Some(client), redirect_uri, now))
    }

    /// Hands out a fresh pair. Without a client, any may refresh it.
    pub(crate) fn issue(
        &mut self,
        client: Option<&str>,
        redirect_uri: Option<&str>,
        now: DateTime<Utc>,
    ) -> Issued {
        let access_token = self.issue_access(now);
        let refresh_token = self.text("refresh");
        let (client, redirect_uri) = (client.map(str::to_owned), redirect_uri.map(str::to_owned));
        self.refresh.insert(
            refresh_token.clone(),
            Refresh {
                client,
                redirect_uri,
                replaced: false,
            },
        );
        Issued {
            access_token,
            refresh_token: Some(refresh_token),
        }
    }

    /// Hands out an access token alone.
    pub(crate) fn issue_access(&mut self, now: DateTime<Utc>) -> String {
        let token = self.text("access");
        self.sessions += 1;
        let access = Access {
            session: self.sessions,
            issued: now,
            used: now,
            expired: false,
        };
        self.access.insert(token.clone(), access);
        token
    }

    /// Exchanges a refresh token.
    pub(crate) fn refresh(
        &mut self,
        token: &str,
        client: &str,
        redirect_uri: Option<&str>,
        rotation: &RefreshRotation,
        now: DateTime<Utc>,
    ) -> Result<Issued, GrantError> {
        let known = self.refresh.get_mut(token).ok_or(GrantError::UnknownRefresh)?;
        let other_redirect = match (redirect_uri, known.redirect_uri.as_deref()) {
            (Some(sent), Some(own)) => sent != own,
            _ => false,
        };
        match () {
            () if known.client.as_deref().is_some_and(|own| own != client) => {
                return Err(GrantError::OtherClient);
            }
            () if other_redirect => return Err(GrantError::OtherRedirect),
            () if known.replaced && rotation.reuse == RefreshReuse::Refuse => {
                return Err(GrantError::ReplacedRefresh);
            }
            () => {}
        }
        match rotation.mode {
            RefreshMode::Rotate => {
                known.replaced = true;
                let (client, redirect_uri) = (known.client.clone(), known.redirect_uri.clone());
                Ok(self.issue(client.as_deref(), redirect_uri.as_deref(), now))
            }
            RefreshMode::Keep => Ok(Issued {
                access_token: self.issue_access(now),
                refresh_token: Some(token.to_owned()),
            }),
            RefreshMode::Omit => Ok(Issued {
                access_token: self.issue_access(now),
                refresh_token: None,
            }),
        }
    }

    /// The session of a live access token, whose life this use extends.
    pub(crate) fn touch(&mut self, token: &str, now: DateTime<Utc>) -> Option<u64> {
        let access = self.access.get_mut(token)?;
        let alive = !access.expired && now < later(access.used, SLIDING) && now < later(access.issued, CAP);
        if !alive {
            return None;
        }
        access.used = now;
        Some(access.session)
    }

    /// Ends all access tokens; answers how many there were.
    pub(crate) fn expire_access(&mut self) -> usize {
        let alive = self.access.values_mut().filter(|access| !access.expired);
        alive.map(|access| access.expired = true).count()
    }

    /// Ends all refresh tokens; answers how many there were.
    pub(crate) fn expire_refresh(&mut self) -> usize {
        let count = self.refresh.len();
        self.refresh.clear();
        count
    }

    /// Everything that was handed out, for people.
    pub(crate) fn show(&self) -> serde_json::Value {
        serde_json::json!({ "access": self.access, "refresh": self.refresh })
    }
}

fn later(at: DateTime<Utc>, by: TimeDelta) -> DateTime<Utc> {
    at.checked_add_signed(by).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

    use super::{GrantError, Tokens};
    use crate::faults::{RefreshMode, RefreshReuse, RefreshRotation};

    fn at(text: &str) -> DateTime<Utc> {
        format!("2026-01-01T{text}Z").parse().unwrap()
    }

    #[test]
    fn a_token_slides_for_ten_minutes_and_lives_for_a_day() {
        let mut tokens = Tokens::default();
        let idle = tokens.issue_access(at("00:00:00"));
        assert_eq!(tokens.touch(&idle, at("00:09:59")), Some(1));
        assert_eq!(tokens.touch(&idle, at("00:19:58")), Some(1));
        assert_eq!(tokens.touch(&idle, at("00:29:58")), None);
        assert_eq!(tokens.touch("unknown", at("00:00:00")), None);

        let busy = tokens.issue_access(at("00:00:00"));
        for hour in 0..24 {
            for minute in (0..60).step_by(5) {
                assert_eq!(
                    tokens.touch(&busy, at(&format!("{hour:02}:{minute:02}:00"))),
                    Some(2)
                );
            }
        }
        assert_eq!(tokens.touch(&busy, "2026-01-02T00:00:00Z".parse().unwrap()), None);
    }

    #[test]
    fn a_code_is_redeemed_once_by_whom_it_was_given_to() {
        let mut tokens = Tokens::default();
        let now = at("00:00:00");
        let code = tokens.code("client", "https://a", now);
        let mut check =
            |code: &str, client: &str, uri: Option<&str>, time: &str, expect: Option<GrantError>| {
                let found = tokens.redeem(code, client, uri, at(time));
                assert_eq!(found.err(), expect, "{code} {client} {uri:?} {time}");
            };
        let uri = Some("https://a");
        check("other", "client", uri, "00:00:00", Some(GrantError::UnknownCode));
        check(&code, "other", uri, "00:00:00", Some(GrantError::OtherClient));
        check(&code, "client", None, "00:00:00", Some(GrantError::OtherRedirect));
        check(
            &code,
            "client",
            Some("https://b"),
            "00:00:00",
            Some(GrantError::OtherRedirect),
        );
        check(&code, "client", uri, "00:10:00", Some(GrantError::ExpiredCode));
        check(&code, "client", uri, "00:09:59", None);
        check(&code, "client", uri, "00:09:59", Some(GrantError::SpentCode));
    }

    #[test]
    fn refresh_tokens_rotate_stay_or_are_omitted() {
        let check = |mode: RefreshMode, reuse: RefreshReuse, expect: (Option<bool>, Option<GrantError>)| {
            let mut tokens = Tokens::default();
            let now = at("00:00:00");
            let first = tokens
                .issue(Some("client"), Some("https://a"), now)
                .refresh_token
                .unwrap();
            let rotation = RefreshRotation { mode, reuse };
            let mut refresh =
                |token: &str| tokens.refresh(token, "client", Some("https://a"), &rotation, now);
            let second = refresh(&first).unwrap().refresh_token;
            let again = refresh(&first).err();
            assert_eq!(
                (second.map(|second| second == first), again),
                expect,
                "{rotation:?}"
            );
        };
        check(
            RefreshMode::Rotate,
            RefreshReuse::Refuse,
            (Some(false), Some(GrantError::ReplacedRefresh)),
        );
        check(RefreshMode::Rotate, RefreshReuse::Allow, (Some(false), None));
        check(RefreshMode::Keep, RefreshReuse::Refuse, (Some(true), None));
        check(RefreshMode::Omit, RefreshReuse::Refuse, (None, None));
    }
}
