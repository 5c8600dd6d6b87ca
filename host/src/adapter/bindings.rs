//! The host's side of the contract, generated from `wit/v1`.
//!
//! One world with every capability gives one set of types. A component need not export all of it: each capability's
//! indices are looked up on their own (see [`super::component`]).

#![expect(
    missing_docs,
    reason = "generated from wit/v1, where every item is documented"
)]

wasmtime::component::bindgen!({
    path: "../wit/v1",
    inline: "
        package periodic:host;
        world host {
            include periodic:element/base@1.0.0;
            include periodic:element/oauth2-capability@1.0.0;
            include periodic:element/oauth1-capability@1.0.0;
            include periodic:element/hub-capability@1.0.0;
            include periodic:element/poller-capability@1.0.0;
            include periodic:element/webhook-capability@1.0.0;
        }
    ",
    world: "periodic:host/host",
    exports: { default: async },
    additional_derives: [PartialEq, serde::Serialize, serde::Deserialize],
});
