//! The same on the data folder of a stopped host.

use anyhow::{Context as _, bail};
use serde_json::Value;

use super::{super::init::DATABASE, Kind, Task};
use crate::{
    bootstrap,
    clock::Clock,
    config::{Flags, load},
    store::{OrganizationId, Role, Store as _, UserId, sqlite::Sqlite},
    tenant::{
        AccountRequest, AccountView, OrganizationRequest, OrganizationView, Tenants, UserRequest, UserView,
    },
    vault::Vault,
};

pub(super) async fn run(flags: &Flags, task: Task) -> anyhow::Result<Value> {
    let settings = load(flags)?.settings;
    let database = settings.data.join(DATABASE);
    if !database.exists() {
        bail!(
            "there is no data folder at {}: name it with --data, or make it with periodic init",
            settings.data.display()
        );
    }
    let vault = bootstrap::vault(&bootstrap::data_folder(&settings.data)?)?;
    let store = Sqlite::open(&database)?;
    let answer = perform(&store, &vault, task).await;
    store.close().await;
    answer
}

async fn perform(store: &Sqlite, vault: &Vault, task: Task) -> anyhow::Result<Value> {
    let mut operator = None;
    for organization in store.organizations().await? {
        let users = store.users(organization.id).await?;
        operator = operator.or_else(|| users.into_iter().find(|user| user.role == Role::Operator));
    }
    let operator = operator.context("the data folder has no operator; make it with periodic init")?;
    let tenants = Tenants {
        store,
        vault,
        by: &operator,
        now: Clock::system().now(),
    };
    let bytes = |body: Value| body.to_string().into_bytes();
    Ok(match task {
        Task::List(Kind::Organizations) => {
            let found = tenants.organizations().await?.into_iter();
            serde_json::to_value(found.map(OrganizationView::from).collect::<Vec<_>>())?
        }
        Task::List(Kind::Accounts) => {
            let found = tenants.accounts().await?.into_iter();
            serde_json::to_value(found.map(AccountView::from).collect::<Vec<_>>())?
        }
        Task::List(Kind::Users) => {
            let found = tenants.users().await?.into_iter();
            serde_json::to_value(found.map(UserView::from).collect::<Vec<_>>())?
        }
        Task::Create(Kind::Organizations, body) => {
            let request = OrganizationRequest::parse(&bytes(body))?;
            let made = tenants.create_organization(request).await?;
            let mut shown =
                serde_json::to_value(OrganizationView::from(made.organization).with(&made.secret))?;
            if let Value::Object(members) = &mut shown {
                let user = UserView::from(made.user).with(&made.user_secret);
                members.insert("user".to_owned(), serde_json::to_value(user)?);
            }
            shown
        }
        Task::Create(Kind::Accounts, body) => {
            let request = AccountRequest::parse(&bytes(body))?;
            serde_json::to_value(AccountView::from(tenants.create_account(request).await?))?
        }
        Task::Create(Kind::Users, body) => {
            let (made, secret) = tenants.create_user(UserRequest::parse(&bytes(body))?).await?;
            serde_json::to_value(UserView::from(made).with(&secret))?
        }
        Task::Rotate(Kind::Organizations, id) => {
            let (changed, secret) = tenants.rotate_organization(OrganizationId(id)).await?;
            serde_json::to_value(OrganizationView::from(changed).with(&secret))?
        }
        Task::Rotate(_, id) => {
            let (changed, secret) = tenants.rotate_user(UserId(id)).await?;
            serde_json::to_value(UserView::from(changed).with(&secret))?
        }
        Task::Revoke(Kind::Organizations, id) => {
            tenants.revoke_organization(OrganizationId(id)).await?;
            Value::Null
        }
        Task::Delete(_, id) => {
            tenants.delete_user(UserId(id)).await?;
            Value::Null
        }
        Task::Revoke(_, id) => {
            tenants.revoke_user(UserId(id)).await?;
            Value::Null
        }
    })
}
