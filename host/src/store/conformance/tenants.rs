//! Organizations and users.

use super::world::{World, tenant};
use crate::store::{NewTenant, Store, UserId};

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
