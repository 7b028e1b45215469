//! Importing people from a CSV file, in four steps: sent, mapped, counted, applied.
//!
//! ```text
//! uploaded -> checking -> checked -> running -> done
//!     ^          |           |          \-> stopped (by a person; what was applied stays, and is counted)
//!     \----------/-----------/  (mapped anew)            any of the first three -> thrown away
//! ```
//!
//! A file is judged whole before anything of it is kept: its encoding, its quotes, its columns ([`read`]). What is kept are
//! *pieces* of some hundred rows. Counting ([`check`]) reads them and writes faults; applying ([`apply`]) takes piece by piece,
//! each in one transaction together with its mark and its counts. So an import that dies with its process goes on where it was:
//! no row twice, no row half, and what is done is told. It is not all or nothing: undoing the addresses of an hour ago would
//! take with it what these people have said since.
//!
//! An import confirms nobody against their word: whoever left, was erased or is suppressed stays so, and is counted.

pub mod apply;
pub mod check;
pub mod jobs;
pub mod model;
pub mod ops;
pub mod read;
pub mod row;

pub use model::{Import, ImportId, ImportState};
