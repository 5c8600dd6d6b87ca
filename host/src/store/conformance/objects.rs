//! Common objects.

use super::world::{NOW, SECOND, World};
use crate::store::{CommonObject, InstanceFilter, InstanceId, OrganizationId, Owner, Store, StoreError};

fn object(owner: Owner, element: Option<&str>, name: &str) -> CommonObject {
    CommonObject {
        owner,
        element: element.map(str::to_owned),
        name: name.to_owned(),
        body: format!("{{\"of\":\"{name}\"}}"),
        changed: NOW,
    }
}

async fn names(store: &dyn Store, owners: &[Owner], element: Option<&str>) -> Vec<String> {
    let found = store.common_objects(owners, element).await.unwrap();
    let shown =
        |object: &CommonObject| format!("{}/{}", object.element.as_deref().unwrap_or("-"), object.name);
    found.iter().map(shown).collect()
}

/// The three owners of an instance of the world.
async fn owners(world: &World<'_>) -> [Owner; 3] {
    let instance = world.instance().await;
    [
        Owner::Organization(OrganizationId(1)),
        Owner::Account(world.account),
        Owner::Instance(instance),
    ]
}

pub(in crate::store) async fn each_owner_has_its_own_objects(store: &dyn Store) {
    let world = World::new(store).await;
    let [organization, account, instance] = owners(&world).await;
    let made = vec![
        object(organization, None, "people"),
        object(organization, Some("acme"), "people"),
        object(organization, Some("other"), "people"),
        object(account, None, "people"),
        object(instance, Some("acme"), "houses"),
    ];
    assert!(store.create_common_objects(made.clone(), 10).await.unwrap());
    assert_eq!(
        names(store, &[organization], None).await,
        ["-/people", "acme/people", "other/people"]
    );
    assert_eq!(
        names(store, &[organization], Some("acme")).await,
        ["-/people", "acme/people"]
    );
    let all = [instance, account, organization];
    assert_eq!(
        names(store, &all, Some("acme")).await,
        ["acme/houses", "-/people", "-/people", "acme/people"]
    );
    assert_eq!(store.common_objects(&[instance], None).await.unwrap(), made[4..]);
    assert_eq!(
        names(store, &[Owner::Instance(InstanceId(-1))], None).await,
        [""; 0]
    );
}

pub(in crate::store) async fn objects_are_made_all_or_none(store: &dyn Store) {
    let world = World::new(store).await;
    let [organization, account, _] = owners(&world).await;
    let first = vec![object(account, None, "a")];
    assert!(store.create_common_objects(first.clone(), 2).await.unwrap());
    let taken = vec![object(account, None, "b"), object(account, None, "a")];
    let refused = store.create_common_objects(taken, 10).await;
    assert!(matches!(refused, Err(StoreError::Taken(_))), "{refused:?}");
    let many = vec![object(account, None, "b"), object(account, Some("acme"), "b")];
    assert!(!store.create_common_objects(many, 2).await.unwrap());
    assert_eq!(names(store, &[account], None).await, ["-/a"]);
    // Another owner has room of its own, and another element a name of its own.
    assert!(
        store
            .create_common_objects(vec![object(organization, None, "a")], 1)
            .await
            .unwrap()
    );
    assert!(
        store
            .create_common_objects(vec![object(account, Some("acme"), "a")], 2)
            .await
            .unwrap()
    );
    let nobodys = vec![object(Owner::Instance(InstanceId(-1)), None, "a")];
    let refused = store.create_common_objects(nobodys, 10).await;
    assert!(
        matches!(refused, Err(StoreError::Missing("instance"))),
        "{refused:?}"
    );
}

pub(in crate::store) async fn objects_are_replaced_renamed_and_removed(store: &dyn Store) {
    let world = World::new(store).await;
    let [organization, account, instance] = owners(&world).await;
    let made = vec![
        object(account, None, "a"),
        object(instance, None, "a"),
        object(instance, Some("acme"), "a"),
        object(instance, None, "b"),
    ];
    assert!(store.create_common_objects(made, 10).await.unwrap());
    let replaced = CommonObject {
        body: "{}".to_owned(),
        changed: NOW + SECOND,
        ..object(account, None, "a")
    };
    store.replace_common_object(replaced.clone()).await.unwrap();
    assert_eq!(store.common_objects(&[account], None).await.unwrap(), [replaced]);
    for nothing in [
        object(organization, None, "a"),
        object(account, Some("acme"), "a"),
    ] {
        let refused = store.replace_common_object(nothing).await;
        assert!(matches!(refused, Err(StoreError::Missing(_))), "{refused:?}");
    }
    let taken = store.rename_common_object(instance, "a", "b", NOW).await;
    assert!(matches!(taken, Err(StoreError::Taken(_))), "{taken:?}");
    let missing = store.rename_common_object(instance, "c", "b", NOW).await;
    assert!(matches!(missing, Err(StoreError::Missing(_))), "{missing:?}");
    store
        .rename_common_object(instance, "a", "c", NOW + SECOND)
        .await
        .unwrap();
    assert_eq!(names(store, &[instance], None).await, ["-/b", "-/c", "acme/c"]);
    assert_eq!(
        names(store, &[account], None).await,
        ["-/a"],
        "another level's stay"
    );

    assert_eq!(
        store
            .delete_common_objects(instance, None, Some("c"))
            .await
            .unwrap(),
        1
    );
    assert_eq!(
        store
            .delete_common_objects(instance, None, Some("c"))
            .await
            .unwrap(),
        0
    );
    assert_eq!(names(store, &[instance], None).await, ["-/b", "acme/c"]);
    assert_eq!(
        store
            .delete_common_objects(instance, Some("acme"), None)
            .await
            .unwrap(),
        1
    );
    assert_eq!(
        store.delete_common_objects(instance, None, None).await.unwrap(),
        1
    );
    assert_eq!(names(store, &[instance, account], None).await, ["-/a"]);
}

pub(in crate::store) async fn objects_of_an_instance_go_with_it(store: &dyn Store) {
    let world = World::new(store).await;
    let [_, account, instance] = owners(&world).await;
    let made = vec![object(account, None, "a"), object(instance, None, "a")];
    assert!(store.create_common_objects(made, 10).await.unwrap());
    for made in store
        .instances(world.account, &InstanceFilter::default())
        .await
        .unwrap()
    {
        store.delete_instance(made.id).await.unwrap();
    }
    assert_eq!(names(store, &[account, instance], None).await, ["-/a"]);
}
