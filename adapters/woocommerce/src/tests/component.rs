//! An empty world, by which cargo-component knows that the test program is to be a component.

#![expect(unsafe_code, reason = "generated bindings")]

wit_bindgen::generate!({
    inline: "
        package periodic:tests;
        world tests {}
    ",
});
