//! Folders that were there and empty before a change put the first file into them, so that they stay when it goes.
//!
//! They are remembered in `.paxx/`, beside the undo: git knows no empty folders, so a clone has none to remember. Nothing but
//! "this folder stays" follows from what stands there.

use std::collections::BTreeSet;
use std::io;

use super::Site;
use super::journal::Record;
use super::tree::{Found, Limit, Properties};
use crate::project::FilePath;

const LIMIT: Limit = Limit(1 << 20, "a file of more than 1 MiB");

/// The folders that were empty before changes.
pub fn read(site: &Site<'_>) -> io::Result<BTreeSet<FilePath>> {
    let Found::File(file) = site.tree.look(&site.state(NAME), LIMIT)? else { return Ok(BTreeSet::new()) };
    let text = String::from_utf8_lossy(&file.bytes).into_owned();
    Ok(text.lines().filter_map(|line| site.home.join(line)).filter(|path| path.is_below(&site.home)).collect())
}

const NAME: &str = "empty-folders";

/// Remembers `found`, the empty folders that this change puts files into. Those that it makes itself were not there.
pub fn remember(site: &Site<'_>, record: &Record, found: &BTreeSet<FilePath>) -> io::Result<()> {
    let before = read(site)?;
    let mut after: BTreeSet<FilePath> = before.union(found).cloned().collect();
    after.retain(|folder| !record.folders.contains(folder) && !folder.as_str().contains('\n'));
    if after == before {
        return Ok(());
    }
    let (file, temporary) = (site.state(NAME), site.state("empty-folders.tmp"));
    let text: String = after.iter().map(|folder| folder.relative_to(&site.home) + "\n").collect();
    site.tree.remove(&temporary)?;
    site.tree.create(&temporary, text.as_bytes(), Properties::New { executable: false })?;
    site.tree.rename(&temporary, &file)
}
