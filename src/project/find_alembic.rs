//! Finds the folder of Alembic's migrations.

use super::FilePath;
use super::imports::Files;
use super::reader::Reader;

pub(super) fn find_alembic(reader: &Reader, root: &FilePath) -> Option<FilePath> {
    let is_one = |folder: &FilePath| {
        reader
            .file(&folder.child("env.py"))
            .is_some_and(|file| file.text().is_some_and(|text| text.contains("alembic")))
    };
    let mut folders = Vec::new();
    for place in [root.clone(), root.child("src"), root.child("app"), root.child("backend")] {
        if let Some(text) = reader.text(&place.child("alembic.ini")) {
            let location =
                text.lines().filter_map(|line| line.split_once('=')).find(|(key, _)| key.trim() == "script_location");
            if let Some((_, location)) = location {
                let location = location.trim().replace("%(here)s/", "").replace(':', "/");
                folders.extend(place.join(&location));
                folders.extend(root.join(&location));
            }
        }
    }
    folders.extend(
        [
            "alembic",
            "migrations",
            "db/migrations",
            "app/alembic",
            "app/migrations",
            "src/alembic",
            "src/migrations",
            "app/db/migrations",
        ]
        .iter()
        .filter_map(|name| root.join(name)),
    );
    folders.into_iter().find(is_one)
}
