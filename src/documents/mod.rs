//! Documents: files that prove what people say (a bank's slip, a consent form, a partner's report), kept as they came.
//!
//! They are private: no route of their own serves them. The noun that a document belongs to asks who may see it, and then
//! answers with [`download`], which never lets a browser open it on this site. A file is one of a few kinds, told by its
//! first bytes and not by its name ([`Format`]); it lies under `media.dir/documents` by the digest of its bytes, so a file
//! that was changed on the disk is found out when it is asked for.
//!
//! Files come before their row, as with photographs: [`take`] writes the file and answers a [`NewDocument`], which the noun
//! inserts in its own transaction.

mod format;
mod model;
mod store;

pub use format::Format;
pub use model::{Document, DocumentId, NewDocument, find, insert, of_owner, remove};
pub use store::{BYTES_MAX, download, take};

#[cfg(test)]
mod tests;
