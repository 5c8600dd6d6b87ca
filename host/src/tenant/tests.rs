//! Who may do what.

use super::*;
use crate::store::{AccountId, sqlite::Sqlite};

struct World {
    store: Sqlite,
    vault: Vault,
}

impl World {
    async fn new() -> (Self, User) {
        let world = Self {
            store: Sqlite::in_memory().unwrap(),
            vault: Vault::new([7; 32]),
        };
        let first = NewTenant {
            organization: "First".to_owned(),
            organization_secret: [1; 32],
            email: "operator@example.com".to_owned(),
            first_name: String::new(),
            last_name: String::new(),
            user_secret: [2; 32],
            created: 0,
        };
        assert!(world.store.bootstrap(first).await.unwrap());
        let operator = world.store.user_by_secret(&[2; 32]).await.unwrap().unwrap();
        (world, operator)
    }

    fn by<'a>(&'a self, by: &'a User) -> Tenants<'a> {
        Tenants {
            store: &self.store,
            vault: &self.vault,
            by,
            now: 5,
        }
    }
}

fn user(email: &str, role: Role, account: Option<AccountId>) -> UserRequest {
    UserRequest {
        email: email.to_owned(),
        first_name: String::new(),
        last_name: String::new(),
        account,
        role,
    }
}

#[tokio::test]
async fn administrators_stay_in_their_organization() {
    let (world, operator) = World::new().await;
    let request = OrganizationRequest {
        name: "Other".to_owned(),
        user: user("admin@other.example", Role::Member, None),
    };
    let made = world
        .by(&operator)
        .create_organization(request.clone())
        .await
        .unwrap();
    let admin = made.user;
    assert_eq!(admin.role, Role::Administrator);
    let secrets = (
        world.vault.digest(made.user_secret.expose()),
        world.vault.digest(made.secret.expose()),
    );
    assert_eq!(
        world.store.user(&secrets.0, &secrets.1).await.unwrap().as_ref(),
        Some(&admin)
    );

    let by = world.by(&admin);
    let organizations = by.organizations().await.unwrap();
    assert_eq!(
        organizations.iter().map(|seen| seen.id).collect::<Vec<_>>(),
        [admin.organization]
    );
    assert_eq!(by.users().await.unwrap(), std::slice::from_ref(&admin));
    assert!(matches!(
        by.create_organization(request).await,
        Err(TenantError::Forbidden(_))
    ));
    // What belongs to others does not exist.
    let missing = [
        by.organization(operator.organization).await.err(),
        by.rotate_organization(operator.organization).await.err(),
        by.revoke_organization(operator.organization).await.err(),
        by.user(operator.id).await.err(),
        by.rotate_user(operator.id).await.err(),
        by.revoke_user(operator.id).await.err(),
        by.create_user(user("x@example.com", Role::Member, Some(operator.account)))
            .await
            .err(),
        by.create_account(AccountRequest {
            name: "x".to_owned(),
            organization: Some(operator.organization),
        })
        .await
        .err(),
    ];
    for error in missing {
        assert!(matches!(error, Some(TenantError::Missing(_))), "{error:?}");
    }
    assert!(matches!(
        by.create_user(user("x@example.com", Role::Operator, None)).await,
        Err(TenantError::Forbidden(_))
    ));
    let account = AccountRequest {
        name: "Second".to_owned(),
        organization: None,
    };
    let account = by.create_account(account).await.unwrap();
    let (made, _) = by
        .create_user(user("x@example.com", Role::Member, Some(account.id)))
        .await
        .unwrap();
    assert_eq!(
        (made.account, made.organization),
        (account.id, admin.organization)
    );
    assert!(
        world.by(&operator).user(made.id).await.is_ok(),
        "operators see all"
    );
}

#[tokio::test]
async fn members_manage_themselves() {
    let (world, operator) = World::new().await;
    let (member, _) = world
        .by(&operator)
        .create_user(user("m@example.com", Role::Member, None))
        .await
        .unwrap();
    let by = world.by(&member);
    assert_eq!(by.users().await.unwrap(), std::slice::from_ref(&member));
    assert_eq!(by.accounts().await.unwrap().len(), 1);
    assert!(by.rotate_user(member.id).await.is_ok());
    assert!(matches!(by.user(operator.id).await, Err(TenantError::Missing(_))));
    assert!(matches!(
        by.create_user(user("n@example.com", Role::Member, None)).await,
        Err(TenantError::Forbidden(_))
    ));
    assert!(matches!(
        by.rotate_organization(member.organization).await,
        Err(TenantError::Forbidden(_))
    ));
}

#[tokio::test]
async fn nobody_locks_himself_out() {
    let (world, operator) = World::new().await;
    let by = world.by(&operator);
    assert!(matches!(
        by.revoke_user(operator.id).await,
        Err(TenantError::LocksOut(_))
    ));
    assert!(matches!(
        by.revoke_organization(operator.organization).await,
        Err(TenantError::LocksOut(_))
    ));
    // An administrator of the same organization is no operator.
    let (admin, _) = by
        .create_user(user("a@example.com", Role::Administrator, None))
        .await
        .unwrap();
    for error in [
        world.by(&admin).revoke_user(operator.id).await.err(),
        world.by(&admin).rotate_user(operator.id).await.err(),
    ] {
        assert!(matches!(error, Some(TenantError::Forbidden(_))), "{error:?}");
    }
}

#[test]
fn requests_name_what_is_wrong() {
    let cases = [
        (r#"{"email":""}"#, "email: is empty; say what it is"),
        (
            r#"{"email":"nobody"}"#,
            "email: \"nobody\" is no address; it should be like name@example.com",
        ),
        (r#"{}"#, "email: is missing"),
        (
            r#"{"email":"a@b","role":"king"}"#,
            "role: is \"king\"; it has to be member, administrator or operator",
        ),
    ];
    for (body, expected) in cases {
        let refused = UserRequest::parse(body.as_bytes()).unwrap_err().to_string();
        assert_eq!(refused, expected, "{body}");
    }
}
