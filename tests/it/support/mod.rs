//! Owns the ground that tests stand on: the program, servers, files. Asserts nothing of the
//! product.

pub(crate) mod browser;
pub(crate) mod cases;
pub(crate) mod cut_off;
pub(crate) mod files;
pub(crate) mod mounts;
pub(crate) mod nginx;
pub(crate) mod peers;
pub(crate) mod program;
pub(crate) mod proxy;
pub(crate) mod python;
pub(crate) mod raw;
pub(crate) mod secure_proxy;
pub(crate) mod serving;
pub(crate) mod site;
pub(crate) mod software;
pub(crate) mod stated;
pub(crate) mod strace;
pub(crate) mod versioned;
pub(crate) mod wait;
