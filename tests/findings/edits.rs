//! What people do to a project after `add`: what goes on working is no finding, and what is broken by it is named.

use std::fs;
use std::path::Path;

use super::common::{Sandbox, assert_same, fixture};
use super::projects::edit;

const CONFIG: &str = "app/core/config.py";

fn with(components: &[&str]) -> Sandbox {
    let sandbox = Sandbox::plain(fixture("package-upper"));
    sandbox.paxx(&[&["infra", "add"], components, &["--yes"]].concat()).expect(0);
    sandbox
}

/// Nothing is reported, nothing is mended, and nothing is added again.
#[track_caller]
fn stays_silent(sandbox: &Sandbox, components: &[&str]) {
    let output = sandbox.paxx(&["check", "--format", "concise"]).expect(0);
    assert_eq!(output.stdout, "");
    let mut before = sandbox.tree();
    sandbox.paxx(&["check", "--fix", "--yes"]).expect(0);
    sandbox.paxx(&[&["infra", "add"], components, &["--yes"]].concat()).expect(0);
    let mut after = sandbox.tree();
    // What was found where is noted anew.
    for tree in [&mut before, &mut after] {
        tree.remove(Path::new("paxx.lock"));
    }
    assert_same(&before, &after, "it is wired already");
}

#[track_caller]
fn finds(sandbox: &Sandbox, texts: &[&str]) {
    let found = sandbox.paxx(&["check", "--format", "concise"]).expect(1).stdout;
    for text in texts {
        assert!(found.contains(text), "`{text}` is not found:\n{found}");
    }
}

#[test]
fn settings_in_mixins() {
    let fields = "    CACHE_KEY_PREFIX: str = \"\"\n    CACHE_FAIL_OPEN: bool = False\n";
    for base in ["BaseSettings", "BaseModel", "object"] {
        let sandbox = with(&["redis"]);
        edit(&sandbox, CONFIG, fields, "");
        sandbox.write(
            "app/core/zz_mixins.py",
            format!("from pydantic import BaseModel\nfrom pydantic_settings import BaseSettings\n\n\nclass Cache({base}):\n{fields}"),
        );
        edit(&sandbox, CONFIG, "from pydantic_settings", "from app.core import zz_mixins\nfrom pydantic_settings");
        edit(&sandbox, CONFIG, "class Settings(BaseSettings)", "class Settings(zz_mixins.Cache, BaseSettings)");
        stays_silent(&sandbox, &["redis"]);
    }
}

#[test]
fn compose_in_several_files() {
    let sandbox = with(&["redis"]);
    let text = sandbox.read("compose.yml");
    let start = text.find("  redis:\n").expect("the service");
    let end = text.find("volumes:\n  parcels").expect("the volumes");
    let (service, rest) = (&text[start..end], format!("{}{}", &text[..start], &text[end..]));
    // An override has the service, and what the application needs of it.
    let bare = rest.replace("      - REDIS_URL=redis://redis:6379/0\n", "").replace("      - redis\n", "");
    let own = "  api:\n    environment:\n      REDIS_URL: redis://redis:6379/0\n    depends_on: [redis]\n";
    sandbox.write("compose.yml", &bare);
    sandbox.write("compose.override.yml", format!("services:\n{own}{service}"));
    stays_silent(&sandbox, &["redis"]);
    fs::remove_file(sandbox.project.join("compose.override.yml")).expect("removed");
    finds(&sandbox, &["PX301", "PX304"]);
    // Another file is included.
    sandbox.write("compose.yml", format!("include:\n  - path: deploy/infra.yml\n{rest}"));
    sandbox.write("deploy/infra.yml", format!("services:\n{service}"));
    stays_silent(&sandbox, &["redis"]);
    // Another file is extended.
    sandbox.write(
        "compose.yml",
        rest.replace(
            "volumes:\n  parcels",
            "  redis:\n    extends:\n      file: infra.yml\n      service: redis\n\nvolumes:\n  parcels",
        ),
    );
    stays_silent(&sandbox, &["redis"]);
}
