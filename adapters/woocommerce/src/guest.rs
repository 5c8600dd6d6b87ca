//! The export shim.

#![expect(unsafe_code, reason = "generated bindings of the component's exports")]

wit_bindgen::generate!({
    path: "../../wit/v1",
    inline: "
        package periodic:woocommerce;
        world adapter {
            include periodic:element/base@1.0.0;
            include periodic:element/hub-capability@1.0.0;
            include periodic:element/poller-capability@1.0.0;
            include periodic:element/webhook-capability@1.0.0;
        }
    ",
    generate_all,
});

periodic_sdk::export!(crate::WooCommerce: element, hub, poller, webhook);
