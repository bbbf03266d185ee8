//! Planning and checking of whole projects that are a map of texts: no disk is read, and none is written.

use std::collections::BTreeMap;

use crate::component::Component;
use crate::lock::Lock;
use crate::plan::{self, Allowances, Outcome, Plan};
use crate::project::discover::{Discovery, discover_in};
use crate::project::options::Options;
use crate::project::reader::Reader;

type Texts = BTreeMap<String, String>;

fn project() -> Texts {
    let main = "from fastapi import FastAPI\n\nfrom app.config import settings\n\napp = FastAPI(title=settings.name)\n";
    let config = "from pydantic_settings import BaseSettings\n\n\nclass Settings(BaseSettings):\n    name: str = \"shop\"\n\n\nsettings = Settings()\n";
    let compose = "services:\n  app:\n    build: .\n    command: uvicorn app.main:app\n";
    let list = "[project]\nname = \"shop\"\nrequires-python = \">=3.11\"\ndependencies = [\n    \"fastapi>=0.115\",\n    \"pydantic-settings>=2\",\n]\n";
    let files = [
        ("app/__init__.py", ""),
        ("app/main.py", main),
        ("app/config.py", config),
        ("compose.yml", compose),
        ("pyproject.toml", list),
        (".env.example", "NAME=shop\n"),
    ];
    files.into_iter().map(|(path, text)| (path.to_owned(), text.to_owned())).collect()
}

fn find(texts: &Texts) -> Discovery {
    let reader = Reader::of(texts.iter().map(|(path, text)| (path.as_str(), text.as_bytes())));
    let discovery = discover_in(reader, &Options::default()).expect("a project");
    assert_eq!(discovery.base, std::path::Path::new(""), "there is no disk beneath it");
    discovery
}

fn lock(discovery: &Discovery) -> &Lock {
    discovery.lock.as_ref().expect("a lock that is read")
}

fn component(name: &str) -> &'static Component {
    Component::find(name).expect("a component")
}

fn add(texts: &Texts, name: &str) -> Plan {
    let discovery = find(texts);
    let plan = plan::add(&discovery, lock(&discovery), &[component(name)], &Allowances::default());
    assert!(plan.refusals.is_empty(), "{:?}", plan.refusals);
    assert!(!plan.steps.iter().any(|step| matches!(step.outcome, Outcome::Refused(_))), "{:?}", plan.steps);
    plan
}

fn remove(texts: &Texts, name: &str) -> Plan {
    let discovery = find(texts);
    plan::remove(&discovery, lock(&discovery), &[name.to_owned()]).expect("it may be removed")
}

fn fix(texts: &Texts, names: &[&str]) -> Plan {
    let discovery = find(texts);
    let components: Vec<&'static Component> = names.iter().map(|name| component(name)).collect();
    plan::fix(&discovery, lock(&discovery), &components, &|_| false)
}

/// The texts as the plan leaves them.
fn applied(texts: &Texts, plan: &Plan) -> Texts {
    let mut texts = texts.clone();
    for file in &plan.files {
        match &file.after {
            Some(after) => texts.insert(file.path.as_str().to_owned(), after.text().expect("text").to_owned()),
            None => texts.remove(file.path.as_str()),
        };
    }
    texts
}

/// What a check finds, as codes.
fn check(texts: &Texts, names: &[&str]) -> Vec<&'static str> {
    let discovery = find(texts);
    let components: Vec<&'static Component> = names.iter().map(|name| component(name)).collect();
    let found = super::findings(&discovery.project, lock(&discovery), &components, false);
    found.iter().map(|finding| finding.problem.rule.code).collect()
}

#[test]
fn a_map_of_texts_is_planned_checked_and_given_back() {
    let before = project();
    let after = applied(&before, &add(&before, "redis"));
    assert!(after["app/main.py"].contains("lifespan"), "{}", after["app/main.py"]);
    assert!(after.contains_key("app/services/cache.py") && after.contains_key("paxx.lock"), "{:?}", after.keys());
    assert_eq!(check(&after, &["redis"]), [""; 0]);
    assert!(add(&after, "redis").is_empty(), "a second time changes nothing");

    let mut broken = after.clone();
    broken.insert("app/config.py".to_owned(), before["app/config.py"].clone());
    assert!(!check(&broken, &["redis"]).is_empty(), "the settings are gone");
    assert_eq!(applied(&broken, &fix(&broken, &["redis"])), after);

    assert_eq!(applied(&after, &remove(&after, "redis")), before);
}

/// What a later version of this program could have written: a version of a component, kinds of requirements and of scaffolding, and a
/// component that this one does not know.
const LATER: &[&str] = &[
    "version = 9",
    "{ id = \"hologram:beam\", state = \"created\", text = \"beam\", replaced = \"dark\", angle = 3, \"of.light\" = [\"red\", \"blue\"] }",
    "name = \"projector\"",
    "{ id = \"lens:wide\", state = \"created\", blob = \"563982fc5f913df9f60f986740b76e186cf6f98b\" }",
    "name = \"mount:ceiling\"",
    "replaced = \"a hook\"",
    "channel = \"beta\"",
    ", seen = 2026-11-22 }",
];

#[test]
fn a_lock_of_newer_components_loses_nothing() {
    let plain = project();
    let plain = applied(&plain, &add(&plain, "redis"));
    let mut texts = plain.clone();
    let newer = format!("name = \"redis\"\nversion = 9\n{}", LATER[6]);
    let text = plain["paxx.lock"].replacen("name = \"redis\"\nversion = 1", &newer, 1);
    // Of a requirement that this version knows, and brings again.
    let setting = text.lines().find(|line| line.contains("setting:REDIS_URL")).expect("recorded").to_owned();
    let text = text.replacen(&setting, &setting.replace(" },", &format!("{},", LATER[7])), 1);
    let text = text.replacen("requirements = [\n", &format!("requirements = [\n    {},\n", LATER[1]), 1);
    let projector = format!("[[component]]\n{}\nversion = 3\nrequirements = [\n    {},\n]\n\n", LATER[2], LATER[3]);
    let text = text.replacen("[[component]]\n", &format!("{projector}[[component]]\n"), 1);
    let text = format!("{text}\n[[scaffolding]]\n{}\ncomponents = [\"projector\"]\n{}\n", LATER[4], LATER[5]);
    texts.insert("paxx.lock".to_owned(), text);

    let with_metrics = applied(&texts, &add(&texts, "metrics"));
    let mut broken = with_metrics.clone();
    broken.insert("app/config.py".to_owned(), project()["app/config.py"].clone());
    let mended = applied(&broken, &fix(&broken, &["redis", "metrics"]));
    let without_metrics = applied(&mended, &remove(&mended, "metrics"));
    for (what, texts) in [("add", with_metrics), ("check --fix", mended), ("remove", without_metrics)] {
        let text = &texts["paxx.lock"];
        for line in LATER {
            assert!(text.contains(line), "{what} loses `{line}`:\n{text}");
        }
    }
}

#[test]
fn a_lock_of_the_first_version_is_read_and_rewritten_by_the_next_change() {
    let before = project();
    let now = applied(&before, &add(&before, "redis"));
    let mut old = now.clone();
    let module = &now["app/services/cache.py"];
    let digest = {
        use sha2::Digest as _;
        // As version 1 took it: without blanks, commas, parentheses and the kind of quotes.
        let code = module.chars().filter(|sign| !sign.is_whitespace() && !matches!(sign, ',' | '(' | ')'));
        let code: String = code.map(|sign| if sign == '\'' { '"' } else { sign }).collect();
        format!("sha256:{}", crate::lock::hexadecimal(&sha2::Sha256::digest(code.as_bytes())))
    };
    let blob = format!("blob = \"{}\"", crate::lock::blob_id(module));
    let text = now["paxx.lock"]
        .replacen("version = 2\n", "version = 1\n", 1)
        .replace(&blob, &format!("digest = \"{digest}\""));
    assert!(text.contains(&digest), "{text}");
    old.insert("paxx.lock".to_owned(), text);

    assert_eq!(check(&old, &["redis"]), [""; 0]);
    let next = applied(&old, &add(&old, "metrics"));
    assert!(next["paxx.lock"].contains("version = 2\n") && next["paxx.lock"].contains(&blob), "{}", next["paxx.lock"]);
    assert_eq!(applied(&old, &remove(&old, "redis")), before);
}
