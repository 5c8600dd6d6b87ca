//! periodic
fn main() {}
