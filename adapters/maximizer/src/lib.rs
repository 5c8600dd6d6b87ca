//! maximizer
