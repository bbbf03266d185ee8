//! What people do to a project after `add`: what goes on working is no finding, and what is broken by it is named.

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
