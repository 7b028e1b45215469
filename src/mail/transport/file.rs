//! Mail to files: one `.eml` a mail, whole or not there.

use std::path::PathBuf;

use super::{Letter, Outcome};

/// A folder of messages.
pub struct Files {
    folder: PathBuf,
}

impl Files {
    /// Writes into `folder`, which is made when the first mail comes.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    pub(super) async fn deliver(&self, letter: &Letter) -> Outcome {
        match self.write(letter).await {
            Ok(()) => Outcome::Sent,
            Err(cause) => Outcome::Down(cause.to_string().into()),
        }
    }

    /// Under the mail's id, so that one sent again replaces itself; renamed when whole.
    async fn write(&self, letter: &Letter) -> std::io::Result<()> {
        tokio::fs::create_dir_all(&self.folder).await?;
        let name = letter.draft.id.to_string();
        let (half, whole) = (
            self.folder.join(format!(".{name}.part")),
            self.folder.join(format!("{name}.eml")),
        );
        tokio::fs::write(&half, &letter.source).await?;
        tokio::fs::File::open(&half).await?.sync_all().await?;
        tokio::fs::rename(&half, &whole).await
    }
}
