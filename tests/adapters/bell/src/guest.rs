//! The export shim.

#![expect(unsafe_code, reason = "generated bindings of the component's exports")]

wit_bindgen::generate!({
    path: "../../../wit/v1",
    inline: "
        package periodic:bell;
        world adapter {
            include periodic:element/base@1.0.0;
            include periodic:element/webhook-capability@1.0.0;
        }
    ",
    generate_all,
});

periodic_sdk::export!(crate::Bell: element, webhook);
