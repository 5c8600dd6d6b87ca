//! How a fake is started.

use serde_json::{Map, Value};

use crate::clock::ClockStart;
use crate::faults::Faults;

/// How a fake is started; the defaults suit the published examples.
#[derive(Debug, Clone)]
pub struct Options {
    /// The port on 127.0.0.1; 0 takes any that is free.
    pub port: u16,
    /// The databases that it serves, by alias and in any casing.
    pub aliases: Vec<String>,
    /// The registered OAuth clients.
    pub clients: Vec<Client>,
    /// The user that everything is done as.
    pub uid: String,
    /// The password of that user, for `Authenticate`.
    pub password: String,
    /// The database name that `?request=ab` tells and `Authenticate` takes.
    pub database: String,
    /// Personal access tokens: bearer tokens that never end.
    pub access_tokens: Vec<String>,
    /// The records at the start and after a reset.
    pub seed: Seed,
    /// Where the clock stands at the start and after a reset.
    pub clock: ClockStart,
    /// The switches at the start and after a reset.
    pub faults: Faults,
}

/// A registered OAuth client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// `client_id`.
    pub id: String,
    /// `client_secret`.
    pub secret: String,
    /// The registered redirect URIs; empty: any, but the same one in all steps of a grant.
    pub redirect_uris: Vec<String>,
}

/// The records at the start.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Seed {
    /// A few sample records of every object.
    #[default]
    Samples,
    /// Nothing.
    Empty,
    /// These, by object: `{"AbEntry": [{"Type": "Company", "CompanyName": "ABC Wine Shop"}]}`.
    Records(Map<String, Value>),
}

// === impl Options ===

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            aliases: vec!["CloudElements".to_owned()],
            clients: vec![Client::default()],
            uid: "MASTER".to_owned(),
            password: "maximizer".to_owned(),
            database: "0123456789abcdef0123456789abcdef".to_owned(),
            access_tokens: Vec::new(),
            seed: Seed::default(),
            clock: ClockStart::default(),
            faults: Faults::default(),
        }
    }
}

impl Options {
    pub(crate) fn serves(&self, alias: &str) -> bool {
        self.aliases.iter().any(|known| known.eq_ignore_ascii_case(alias))
    }

    pub(crate) fn client(&self, id: &str) -> Option<&Client> {
        self.clients.iter().find(|client| client.id == id)
    }
}

// === impl Client ===

impl Default for Client {
    /// The client of the published instance example.
    fn default() -> Self {
        Self::new("Rand0MAP1-key", "fak3AP1-s3Cr3t")
    }
}

impl Client {
    /// A client that may be sent back to anywhere.
    #[must_use]
    pub fn new(id: impl Into<String>, secret: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            secret: secret.into(),
            redirect_uris: Vec::new(),
        }
    }

    pub(crate) fn may_return_to(&self, redirect_uri: &str) -> bool {
        self.redirect_uris.is_empty() || self.redirect_uris.iter().any(|known| known == redirect_uri)
    }
}
