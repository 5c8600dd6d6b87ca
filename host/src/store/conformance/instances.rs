//! Instances: made, found, removed.

use std::collections::BTreeSet;

use super::world::{NOW, SECOND, World, identity, map, of, secret, token};
use crate::store::{
    AccountId, DeliveryFilter, Instance, InstanceFilter, InstanceId, InstanceState, NotificationFilter,
    Store, StoreError,
};

pub(in crate::store) async fn ids_are_never_given_twice(store: &dyn Store) {
    let world = World::new(store).await;
    let mut seen = BTreeSet::new();
    for _ in 0..3 {
        let id = world.instance().await;
        assert!(seen.insert(id));
        store.delete_instance(id).await.unwrap();
        assert!(seen.insert(store.reserve_instance().await.unwrap()));
    }
    assert!(seen.iter().all(|id| id.0 > 0));
}

pub(in crate::store) async fn an_instance_reads_as_it_was_made(store: &dyn Store) {
    let world = World::new(store).await;
    let new = world.new_instance().await;
    let made = store.create_instance(new.clone()).await.unwrap();
    let expected = Instance {
        id: new.id,
        account: new.account,
        user: new.user,
        element: new.element,
        external: new.external,
        name: new.name,
        tags: new.tags,
        configuration: new.configuration,
        derived: new.derived,
        created: NOW,
        updated: NOW,
        disabled: false,
        state: InstanceState::Connected,
        state_reason: None,
        state_since: NOW,
    };
    assert_eq!(made, expected);
    // Their order is part of what they are.
    assert!(made.configuration.keys().eq(["region", "alias"]));
    assert_eq!(store.instance(made.id).await.unwrap().as_ref(), Some(&expected));
    assert_eq!(
        store.instance_by_token(&token(made.id)).await.unwrap().as_ref(),
        Some(&expected)
    );
    assert_eq!(store.instance_by_token(&[0; 32]).await.unwrap(), None);
    assert_eq!(store.instance(InstanceId(-1)).await.unwrap(), None);
    assert_eq!(store.secrets(made.id).await.unwrap(), new.secrets);
    let resources: Vec<_> = store
        .pollers(made.id)
        .await
        .unwrap()
        .into_iter()
        .map(|poller| poller.resource)
        .collect();
    assert_eq!(resources, ["contacts", "notes"]);
    let poller = world.poller(made.id).await;
    assert_eq!((poller.start, poller.cursor), (NOW - SECOND, NOW - SECOND));
    assert_eq!(
        (poller.records, poller.events, poller.failures, poller.paused),
        (0, 0, 0, false)
    );
}

pub(in crate::store) async fn ids_and_tokens_are_taken_once(store: &dyn Store) {
    let world = World::new(store).await;
    let first = world.instance().await;
    let mut same_id = world.new_instance().await;
    same_id.id = first;
    assert!(matches!(
        store.create_instance(same_id).await,
        Err(StoreError::Taken(_))
    ));
    let mut same_token = world.new_instance().await;
    same_token.token = token(first);
    assert!(matches!(
        store.create_instance(same_token).await,
        Err(StoreError::Taken(_))
    ));
}

pub(in crate::store) async fn a_refused_instance_leaves_nothing(store: &dyn Store) {
    let world = World::new(store).await;
    let mut new = world.new_instance().await;
    let id = new.id;
    let pollers = &mut new.polling.as_mut().unwrap().pollers;
    pollers.clear();
    new.account = AccountId(-1);
    assert!(store.create_instance(new).await.is_err());
    assert_eq!(store.instance(id).await.unwrap(), None);
    assert_eq!(store.secrets(id).await.unwrap(), []);
    assert_eq!(store.schedule(id).await.unwrap(), None);
}

pub(in crate::store) async fn filters_and_pages(store: &dyn Store) {
    let world = World::new(store).await;
    let make = async |element: &str, name: &str, tags: &[&str]| {
        let mut new = world.new_instance().await;
        new.element = element.to_owned();
        new.name = name.to_owned();
        new.tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
        store.create_instance(new).await.unwrap().id
    };
    let a = make("crm", "Ägypten 100%", &["red", "shared"]).await;
    let b = make("crm", "beta_x", &["blue", "shared"]).await;
    let c = make("shop", "gamma", &["red", "GRÜN"]).await;
    let filter = |element: Option<&str>, tags: &[&str], search: Option<&str>| InstanceFilter {
        element: element.map(str::to_owned),
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        search: search.map(str::to_owned),
        ..InstanceFilter::default()
    };
    let cases = [
        (filter(None, &[], None), vec![a, b, c]),
        (filter(Some("crm"), &[], None), vec![a, b]),
        (filter(Some("CRM"), &[], None), vec![]),
        (filter(None, &["red"], None), vec![a, c]),
        (filter(None, &["red", "shared"], None), vec![a]),
        (filter(None, &["red", "red"], None), vec![a, c]),
        (filter(None, &["Red"], None), vec![]),
        (filter(None, &["re"], None), vec![]),
        (filter(None, &[], Some("ägypt")), vec![a]),
        (filter(None, &[], Some("grün")), vec![c]),
        (filter(None, &[], Some("SHARED")), vec![a, b]),
        // Neither is a wildcard.
        (filter(None, &[], Some("%")), vec![a]),
        (filter(None, &[], Some("_")), vec![b]),
        (filter(Some("shop"), &["red"], Some("gam")), vec![c]),
        (
            InstanceFilter {
                after: Some(a),
                ..InstanceFilter::default()
            },
            vec![b, c],
        ),
        (
            InstanceFilter {
                after: Some(a),
                limit: Some(1),
                ..InstanceFilter::default()
            },
            vec![b],
        ),
        (
            InstanceFilter {
                limit: Some(0),
                ..InstanceFilter::default()
            },
            vec![],
        ),
    ];
    for (filter, expected) in cases {
        let found = store.instances(world.account, &filter).await.unwrap();
        assert_eq!(
            found.iter().map(|instance| instance.id).collect::<Vec<_>>(),
            expected,
            "{filter:?}"
        );
    }
    assert_eq!(
        store
            .instances(AccountId(-1), &InstanceFilter::default())
            .await
            .unwrap(),
        []
    );
}

pub(in crate::store) async fn hostile_strings_survive(store: &dyn Store) {
    let world = World::new(store).await;
    let long = "x".repeat(100_000);
    let strings = [
        "",
        "'; DROP TABLE instances; --",
        "\"quoted\" \\ back",
        "line\nbreak\r\n\t",
        "\u{1}\u{1f}\u{7f}",
        "🦀 é e\u{301} \u{202e}rtl",
        "null",
        "{\"a\":[1]}",
        "%_?:1$1@p",
        long.as_str(),
    ];
    for text in strings {
        let mut new = world.new_instance().await;
        new.name = text.to_owned();
        new.tags = vec![text.to_owned()];
        new.configuration = map(&[(text, text)]);
        new.secrets = vec![secret(text, text.as_bytes())];
        let made = store.create_instance(new.clone()).await.unwrap();
        assert_eq!(
            (&made.name, &made.tags, &made.configuration),
            (&new.name, &new.tags, &new.configuration)
        );
        assert_eq!(store.secrets(made.id).await.unwrap(), new.secrets);
        let filter = InstanceFilter {
            tags: new.tags.clone(),
            search: Some(text.to_owned()),
            ..InstanceFilter::default()
        };
        let found = store.instances(world.account, &filter).await.unwrap();
        assert_eq!(
            found.iter().map(|instance| instance.id).collect::<Vec<_>>(),
            [made.id],
            "{text:?}"
        );

        let mut notification = world.notification(made.id, &[]);
        notification.event_id = text.to_owned();
        notification.events = vec![super::world::event("o")];
        notification.events[0].object_id = text.to_owned();
        let lease = world.lease(made.id).await;
        let page = world.page(lease, vec![notification.clone()]).await;
        store.commit_page(page).await.unwrap();
        let filter = NotificationFilter {
            instance: Some(made.id),
            event_id: Some(text.to_owned()),
            object_id: Some(text.to_owned()),
            ..NotificationFilter::default()
        };
        let found = store.notifications(world.account, &filter).await.unwrap();
        assert_eq!(
            found.iter().map(|found| found.id).collect::<Vec<_>>(),
            [notification.id],
            "{text:?}"
        );
    }
}

pub(in crate::store) async fn deletion_takes_all_and_only_its_own(store: &dyn Store) {
    let world = World::new(store).await;
    let (gone, stays) = (world.instance().await, world.instance().await);
    world.notify(gone, &[&["a"], &["a"]]).await;
    world.notify(stays, &[&["a"]]).await;
    let claimed = world.claim_at(NOW, 10, 1).await;
    world.settle(&claimed[0], super::world::deactivate()).await;
    let poller = world.poller(gone).await.id;
    store.delete_instance(gone).await.unwrap();

    assert_eq!(store.instance(gone).await.unwrap(), None);
    assert_eq!(store.instance_by_token(&token(gone)).await.unwrap(), None);
    assert_eq!(store.secrets(gone).await.unwrap(), []);
    assert_eq!(store.pollers(gone).await.unwrap(), []);
    assert_eq!(store.schedule(gone).await.unwrap(), None);
    assert_eq!(store.fingerprints(poller, vec![identity("a")]).await.unwrap(), []);
    assert_eq!(store.subscriptions(world.account, &of(gone)).await.unwrap(), []);
    let notifications = NotificationFilter {
        instance: Some(gone),
        ..NotificationFilter::default()
    };
    assert_eq!(
        store.notifications(world.account, &notifications).await.unwrap(),
        []
    );
    let deliveries = DeliveryFilter {
        instance: Some(gone),
        ..DeliveryFilter::default()
    };
    assert_eq!(store.deliveries(world.account, &deliveries).await.unwrap(), []);

    assert!(store.instance(stays).await.unwrap().is_some());
    assert_eq!(store.pollers(stays).await.unwrap().len(), 2);
    assert_eq!(world.deliveries().await.len(), 1);
    let later = NOW + 1000 * SECOND;
    assert_eq!(world.claim(later).await.len(), 1);
}

pub(in crate::store) async fn deletion_of_nothing_is_told(store: &dyn Store) {
    World::new(store).await;
    assert!(matches!(
        store.delete_instance(InstanceId(77)).await,
        Err(StoreError::Missing("instance"))
    ));
}
