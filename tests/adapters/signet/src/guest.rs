//! The export shim.

#![expect(unsafe_code, reason = "generated bindings of the component's exports")]

wit_bindgen::generate!({
    path: "../../../wit/v1",
    inline: "
        package periodic:signet;
        world adapter {
            include periodic:element/base@1.0.0;
            include periodic:element/oauth1-capability@1.0.0;
            include periodic:element/hub-capability@1.0.0;
            include periodic:element/poller-capability@1.0.0;
        }
    ",
    generate_all,
});

periodic_sdk::export!(crate::Signet: element, oauth1, hub, poller);
