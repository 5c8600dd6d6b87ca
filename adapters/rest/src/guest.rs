//! The export shim.

#![expect(unsafe_code, reason = "generated bindings of the component's exports")]

wit_bindgen::generate!({
    path: "../../wit/v1",
    inline: "
        package periodic:rest;
        world adapter {
            include periodic:element/base@1.0.0;
            include periodic:element/oauth2-capability@1.0.0;
            include periodic:element/hub-capability@1.0.0;
            include periodic:element/poller-capability@1.0.0;
        }
    ",
    generate_all,
});

periodic_sdk::export!(crate::Rest: element, oauth2, hub, poller);
