//! Black-box tests: the real binary, real sockets, real files.
//!
//! One program, because each program more is built and linked with everything that a client needs.

mod adapter_cases;
mod adapter_new;
mod adapter_tools;
mod adapters_folder;
mod bulk;
mod changes;
mod clocks;
mod commands;
mod common_objects;
mod compile_bombs;
mod crash;
mod declarative;
mod delivery;
mod elements;
mod evil_calls;
mod evil_files;
mod evil_walks;
mod foreign;
mod foreign_files;
mod guides;
mod hostile;
mod hub;
mod inbound;
mod instances_api;
mod instances_create;
mod listen;
mod negotiation;
mod notification;
mod notifications_api;
mod oauth1;
mod packages;
mod paging;
mod polling;
mod polls;
mod published;
mod refusals;
mod secrets;
mod settings;
mod signatures;
mod stream;
mod tenants;
mod trouble;
mod woocommerce;
