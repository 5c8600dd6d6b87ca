//! The shim between an adapter's plain Rust and its generated bindings.

mod capabilities;
mod types;

/// Export an adapter: implement the bindings' guest traits by the capabilities of [`crate::contract`].
///
/// It stands in a module that is compiled for WebAssembly only, after `wit_bindgen::generate!` with a world that
/// includes `base` and the worlds of the capabilities:
///
/// ```text
/// wit_bindgen::generate!({
///     path: "periodic-wit/v1",
///     inline: "package acme:adapter;
///              world adapter {
///                  include periodic:element/base@1.0.0;
///                  include periodic:element/poller-capability@1.0.0;
///              }",
///     generate_all,
/// });
/// periodic_sdk::export!(crate::Acme: element, poller);
/// ```
#[macro_export]
macro_rules! export {
    ($adapter:ty: $($capability:ident),+ $(,)?) => {
        $crate::__export_types!();

        /// The adapter as the bindings see it.
        #[derive(Debug)]
        struct Exported;

        $($crate::__export_capability!($capability, $adapter);)+

        export!(Exported);
    };
}

/// One capability.
#[doc(hidden)]
#[macro_export]
macro_rules! __export_capability {
    (element, $adapter:ty) => {
        $crate::__export_element!($adapter);
    };
    (oauth2, $adapter:ty) => {
        $crate::__export_oauth2!($adapter);
    };
    (oauth1, $adapter:ty) => {
        $crate::__export_oauth1!($adapter);
    };
    (hub, $adapter:ty) => {
        $crate::__export_hub!($adapter);
    };
    (poller, $adapter:ty) => {
        $crate::__export_poller!($adapter);
    };
    (webhook, $adapter:ty) => {
        $crate::__export_webhook!($adapter);
    };
}
