//! The export shim: the only code that knows of WebAssembly.

wit_bindgen::generate!({
    path: "periodic-wit/v1",
    inline: "
        package acme-shop:adapter;
        world adapter {
            include periodic:element/base@1.0.0;
            include periodic:element/hub-capability@1.0.0;
            include periodic:element/poller-capability@1.0.0;
        }
    ",
    generate_all,
});

periodic_sdk::export!(crate::AcmeShop: element, hub, poller);
