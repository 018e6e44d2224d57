//! From what is and what should be to the smallest corrections. Pure: data in, data out.

mod correction;

pub use correction::{Correction, Object};
