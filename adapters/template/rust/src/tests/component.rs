//! An empty world, by which cargo-component knows that the test program is to be a component.

wit_bindgen::generate!({
    inline: "
        package acme-shop:tests;
        world tests {}
    ",
});
