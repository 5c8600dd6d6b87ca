//! Organizations and users.

use super::world::{NOW, World, tenant};
use crate::store::{
    AccountId, Digest, NewTenant, NewUser, OrganizationId, Role, SecretChange, Store, StoreError, User,
    UserId,
};

/// Another organization than the world's.
fn other() -> NewTenant {
    NewTenant {
        organization: "Other".to_owned(),
        organization_secret: [11; 32],
        email: "admin@other.example".to_owned(),
        user_secret: [12; 32],
        ..tenant()
    }
}

fn user(account: AccountId, email: &str, secret: Digest) -> NewUser {
    NewUser {
        account,
        email: email.to_owned(),
        first_name: "Given".to_owned(),
        last_name: "Family".to_owned(),
        secret,
        role: Role::Member,
        created: NOW,
    }
}

async fn organization_of(store: &dyn Store, user: UserId) -> OrganizationId {
    store.user_by_id(user).await.unwrap().unwrap().organization
}

pub(in crate::store) async fn bootstrap_makes_one_organization(store: &dyn Store) {
    assert!(store.bootstrap(tenant()).await.unwrap());
    let other = NewTenant {
        organization_secret: [3; 32],
        user_secret: [4; 32],
        ..tenant()
    };
    assert!(!store.bootstrap(other).await.unwrap());
    assert!(!store.bootstrap(tenant()).await.unwrap());
    assert_eq!(store.user_by_secret(&[4; 32]).await.unwrap(), None);
}

pub(in crate::store) async fn a_user_needs_both_secrets(store: &dyn Store) {
    World::new(store).await;
    let cases = [
        ([2; 32], [1; 32], true),
        ([2; 32], [2; 32], false),
        ([1; 32], [1; 32], false),
        ([1; 32], [2; 32], false),
    ];
    for (user, organization, found) in cases {
        assert_eq!(store.user(&user, &organization).await.unwrap().is_some(), found);
    }
}

pub(in crate::store) async fn users_are_found_by_secret_and_id(store: &dyn Store) {
    let world = World::new(store).await;
    let user = store.user_by_secret(&[2; 32]).await.unwrap().unwrap();
    assert_eq!((user.id, user.account), (world.user, world.account));
    assert_eq!(
        (
            user.email.as_str(),
            user.first_name.as_str(),
            user.last_name.as_str()
        ),
        ("owner@example.com", "Given", "Family")
    );
    assert_eq!(store.user_by_id(user.id).await.unwrap(), Some(user));
    assert_eq!(store.user_by_id(UserId(-1)).await.unwrap(), None);
}

pub(in crate::store) async fn the_first_user_operates_the_host(store: &dyn Store) {
    let world = World::new(store).await;
    let first = store.user_by_id(world.user).await.unwrap().unwrap();
    assert_eq!((first.role, first.revoked), (Role::Operator, None));
}

pub(in crate::store) async fn organizations_have_their_own(store: &dyn Store) {
    let world = World::new(store).await;
    let first = organization_of(store, world.user).await;
    let admin = store.create_tenant(other(), Role::Administrator).await.unwrap();
    assert_ne!(admin.organization, first);
    assert_ne!(admin.account, world.account);
    assert_eq!(admin.role, Role::Administrator);
    assert_eq!(
        store.user(&[12; 32], &[11; 32]).await.unwrap(),
        Some(admin.clone())
    );
    assert_eq!(store.user(&[12; 32], &[1; 32]).await.unwrap(), None);
    assert_eq!(store.user(&[2; 32], &[11; 32]).await.unwrap(), None);
    let names: Vec<_> = store
        .organizations()
        .await
        .unwrap()
        .into_iter()
        .map(|organization| (organization.id, organization.name))
        .collect();
    assert_eq!(
        names,
        [
            (first, tenant().organization),
            (admin.organization, "Other".to_owned())
        ]
    );
    let users = |organization| async move {
        let users = store.users(organization).await.unwrap();
        users.into_iter().map(|user: User| user.id).collect::<Vec<_>>()
    };
    assert_eq!(users(first).await, [world.user]);
    assert_eq!(users(admin.organization).await, [admin.id]);
    assert_eq!(users(OrganizationId(-1)).await, []);
}

pub(in crate::store) async fn accounts_are_made_in_their_organization(store: &dyn Store) {
    let world = World::new(store).await;
    let organization = organization_of(store, world.user).await;
    let made = store
        .create_account(organization, "Second".to_owned(), NOW)
        .await
        .unwrap();
    assert_eq!(
        (made.organization, made.name.as_str(), made.created),
        (organization, "Second", NOW)
    );
    let accounts = store.accounts(organization).await.unwrap();
    assert_eq!(
        accounts.iter().map(|account| account.id).collect::<Vec<_>>(),
        [world.account, made.id]
    );
    assert!(matches!(
        store
            .create_account(OrganizationId(-1), "None".to_owned(), NOW)
            .await,
        Err(StoreError::Missing("organization"))
    ));
}

pub(in crate::store) async fn users_have_addresses_of_their_own(store: &dyn Store) {
    let world = World::new(store).await;
    let made = store
        .create_user(user(world.account, "a@example.com", [21; 32]))
        .await
        .unwrap();
    assert_eq!((made.account, made.role), (world.account, Role::Member));
    assert_eq!(store.user_by_secret(&[21; 32]).await.unwrap(), Some(made.clone()));
    let same = [
        user(world.account, "A@Example.com", [22; 32]),
        user(world.account, "b@example.com", [21; 32]),
    ];
    for same in same {
        assert!(matches!(store.create_user(same).await, Err(StoreError::Taken(_))));
    }
    assert!(matches!(
        store
            .create_user(user(AccountId(-1), "c@example.com", [23; 32]))
            .await,
        Err(StoreError::Missing("account"))
    ));
    // Elsewhere the same address is another person's.
    let elsewhere = store.create_tenant(other(), Role::Administrator).await.unwrap();
    store
        .create_user(user(elsewhere.account, "a@example.com", [24; 32]))
        .await
        .unwrap();
}

pub(in crate::store) async fn secrets_are_rotated_and_revoked(store: &dyn Store) {
    let world = World::new(store).await;
    let organization = organization_of(store, world.user).await;
    let works = |user: Digest, organization: Digest| async move {
        let both = store.user(&user, &organization).await.unwrap().is_some();
        let alone = store.user_by_secret(&user).await.unwrap().is_some();
        (both, alone)
    };
    assert_eq!(works([2; 32], [1; 32]).await, (true, true));
    let rotate = SecretChange::Rotate([3; 32]);
    store.change_user_secret(world.user, rotate).await.unwrap();
    assert_eq!(works([2; 32], [1; 32]).await, (false, false));
    assert_eq!(works([3; 32], [1; 32]).await, (true, true));
    let revoked = store
        .change_user_secret(world.user, SecretChange::Revoke(NOW))
        .await
        .unwrap();
    assert_eq!(revoked.revoked, Some(NOW));
    assert_eq!(works([3; 32], [1; 32]).await, (false, false));
    let again = store.change_user_secret(world.user, rotate).await.unwrap();
    assert_eq!(again.revoked, None);
    assert_eq!(works([3; 32], [1; 32]).await, (true, true));

    let revoked = store
        .change_organization_secret(organization, SecretChange::Revoke(NOW))
        .await
        .unwrap();
    assert_eq!(revoked.revoked, Some(NOW));
    assert_eq!(works([3; 32], [1; 32]).await, (false, false));
    store
        .change_organization_secret(organization, SecretChange::Rotate([4; 32]))
        .await
        .unwrap();
    assert_eq!(works([3; 32], [1; 32]).await, (false, true));
    assert_eq!(works([3; 32], [4; 32]).await, (true, true));

    assert!(matches!(
        store.change_user_secret(UserId(-1), rotate).await,
        Err(StoreError::Missing("user"))
    ));
    assert!(matches!(
        store.change_organization_secret(OrganizationId(-1), rotate).await,
        Err(StoreError::Missing("organization"))
    ));
}
