//! The shapes on the wire: what a request says, rows, pages and errors. No decision about the tenant is made here.

pub(crate) mod columns;
pub(crate) mod errors;
pub(crate) mod paging;
pub(crate) mod reply;
pub(crate) mod request;
pub(crate) mod rows;
