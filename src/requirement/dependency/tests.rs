//! Cases of [`Dependency`], each on a short file.

use super::testing::{Question, add_and_retract, apply, check, missing, path, project, removed, show};
use super::*;
use crate::finding::NO_DEPENDENCY_FILE;
use crate::requirement::{Change, Recorded, Retraction};

const REDIS: Dependency = Dependency {
    requirement: "redis[hiredis]>=5.0.1",
    development: false,
    pin: Some("5.2.1"),
    held_by: &[],
    newest: None,
    list: None,
};
const ARQ: Dependency = Dependency::of("arq>=0.26.3");
const TYPES: Dependency = Dependency {
    requirement: "types-aioboto3[s3]",
    development: true,
    pin: None,
    held_by: &[],
    newest: None,
    list: None,
};
const AIOFILES: Dependency =
    Dependency { requirement: "types-aiofiles", development: true, pin: None, held_by: &[], newest: None, list: None };

fn dependencies(format: DependencyFormat, file: &str, development: Option<&str>, includes: &[&str]) -> Dependencies {
    Dependencies {
        format,
        path: path(file),
        development: development.map(path),
        includes: includes.iter().map(|file| path(file)).collect(),
        constraints: Vec::new(),
        copy: None,
        also: Vec::new(),
        compiled: None,
    }
}

fn pyproject(text: &str, format: DependencyFormat) -> Project {
    let file = "pyproject.toml";
    project(&[(file, text)], Ok(dependencies(format, file, Some(file), &[])))
}

fn pep621(text: &str) -> Project {
    pyproject(text, DependencyFormat::Pep621)
}

fn poetry(text: &str) -> Project {
    pyproject(text, DependencyFormat::Poetry)
}

fn pip(files: &[(&str, &str)]) -> Project {
    let includes: Vec<&str> =
        files[1..].iter().map(|(name, _)| *name).filter(|name| !name.ends_with("dev.txt")).collect();
    let development = files.iter().map(|(name, _)| *name).find(|name| name.ends_with("dev.txt"));
    project(files, Ok(dependencies(DependencyFormat::Requirements, files[0].0, development, &includes)))
}

/// `before` with `wanted`, which leaves no trace when it goes again.
fn with(before: &Project, wanted: &Dependency) -> Project {
    let assess = |project: &Project| wanted.assess(project);
    let retract = |project: &Project, recorded: &Recorded| wanted.retract(project, recorded);
    add_and_retract(before, &[Question { assess: &assess, retract: &retract }])
}

/// `wanted` is added to `before`; the first file is `after` then, and every law holds.
fn check_add(before: &Project, wanted: &[&Dependency], after: &str) {
    let asks: Vec<_> = wanted
        .iter()
        .map(|wanted| {
            (
                |project: &Project| wanted.assess(project),
                |project: &Project, recorded: &Recorded| wanted.retract(project, recorded),
            )
        })
        .collect();
    let questions: Vec<Question> = asks.iter().map(|(assess, retract)| Question { assess, retract }).collect();
    let result = check(before, &questions);
    for (file, content) in result.files() {
        if is_toml(file) {
            Source::parse(content.text().expect("text")).expect("still TOML");
        }
    }
    let file = wanted[0].file(&result).expect("a file");
    assert_eq!(result.text(file), Some(after));
    // The same without a final newline, and with a byte order mark.
    let text = before.text(file).expect("text");
    if let Some(trimmed) = text.strip_suffix('\n') {
        let mut cut = before.clone();
        cut.set(file.clone(), Some(crate::project::File::new(trimmed.as_bytes())));
        super::testing::add_and_retract(&cut, &questions);
    }
    if !text.starts_with('\u{feff}') {
        let mut marked = before.clone();
        marked.set(file.clone(), Some(crate::project::File::new(format!("\u{feff}{text}").into_bytes())));
        let result = super::testing::add_and_retract(&marked, &questions);
        assert_eq!(result.text(file), Some(&*format!("\u{feff}{after}")));
    }
}

fn check_met(project: &Project, wanted: &Dependency) {
    let assessment = wanted.assess(project);
    assert!(matches!(assessment, Assessment::Met { at: Some(_) }), "{assessment:?}\n{}", show(project));
}

fn check_blocked(project: &Project, wanted: &Dependency, code: &str, place: &str) {
    let Assessment::Blocked { problem } = wanted.assess(project) else { panic!("not blocked:\n{}", show(project)) };
    assert_eq!(problem.rule.code, code);
    assert_eq!(problem.manual.as_deref(), Some(wanted.requirement));
    let at = problem.at.expect("a place");
    let text = project.text(&at.path).expect("text");
    assert!(text[at.range.clone()].contains(place), "{:?} is {:?}", at.range, &text[at.range.clone()]);
}

fn project_list(list: &str) -> Project {
    pep621(&format!("[project]\nname = \"x\"\ndependencies = {list}\n\n[tool.x]\ny = 1\n"))
}

fn check_list(before: &str, wanted: &[&Dependency], after: &str) {
    let after = format!("[project]\nname = \"x\"\ndependencies = {after}\n\n[tool.x]\ny = 1\n");
    check_add(&project_list(before), wanted, &after);
}

#[test]
fn a_list_over_many_lines() {
    check_list(
        "[\n    \"uvicorn\",\n    \"fastapi\",\n]",
        &[&REDIS, &ARQ],
        "[\n    \"uvicorn\",\n    \"fastapi\",\n    \"redis[hiredis]>=5.0.1\",\n    \"arq>=0.26.3\",\n]",
    );
}

#[test]
fn no_trailing_comma() {
    check_list(
        "[\n  'uvicorn',\n  'fastapi'\n]",
        &[&REDIS, &ARQ],
        "[\n  'uvicorn',\n  'fastapi',\n  'redis[hiredis]>=5.0.1',\n  'arq>=0.26.3'\n]",
    );
}

#[test]
fn a_comma_goes_before_the_comment() {
    check_list(
        "[\n\t\"uvicorn\", # a\n\t\"fastapi\" # the last, or so\n\t# end, [\n]",
        &[&REDIS, &ARQ],
        "[\n\t\"uvicorn\", # a\n\t\"fastapi\", # the last, or so\n\t\"redis[hiredis]>=5.0.1\",\n\t\"arq>=0.26.3\"\n\t# end, [\n]",
    );
}

#[test]
fn comments_between_items_stay_with_the_item_below() {
    check_list(
        "[  # runtime\n    # web\n    \"fastapi\",  # see \"redis\"\n\n    # server\n    \"uvicorn\",\n]",
        &[&REDIS, &ARQ],
        "[  # runtime\n    \"arq>=0.26.3\",\n    # web\n    \"fastapi\",  # see \"redis\"\n    \"redis[hiredis]>=5.0.1\",\n\n    # server\n    \"uvicorn\",\n]",
    );
}

#[test]
fn one_line() {
    check_list(
        "[\"uvicorn\", \"fastapi\"]",
        &[&REDIS, &ARQ],
        "[\"uvicorn\", \"fastapi\", \"redis[hiredis]>=5.0.1\", \"arq>=0.26.3\"]",
    );
    check_list(
        "[\"fastapi\",\"uvicorn\",]  # x",
        &[&REDIS, &ARQ],
        "[\"arq>=0.26.3\", \"fastapi\", \"redis[hiredis]>=5.0.1\",\"uvicorn\",]  # x",
    );
    check_list("[ 'fastapi' ]", &[&REDIS], "[ 'fastapi', 'redis[hiredis]>=5.0.1' ]");
}

#[test]
fn an_empty_list_is_opened() {
    let after = "[\n    \"redis[hiredis]>=5.0.1\",\n    \"arq>=0.26.3\",\n]";
    for before in ["[]", "[ ]", "[\n]", "[\n\n]"] {
        let tail = if before == "[\n\n]" { after.replace("\n]", "\n\n]") } else { after.to_owned() };
        check_list(before, &[&REDIS, &ARQ], &tail);
    }
    check_list("[ # none\n  # yet\n]", &[&REDIS], "[ # none\n  \"redis[hiredis]>=5.0.1\",\n  # yet\n]");
}

#[test]
fn brackets_beside_items() {
    check_list(
        "[\"uvicorn\",\n        \"fastapi\"]",
        &[&REDIS, &ARQ],
        "[\"uvicorn\",\n        \"fastapi\",\n        \"redis[hiredis]>=5.0.1\",\n        \"arq>=0.26.3\"]",
    );
    check_list(
        "[\n    \"uvicorn\", \"fastapi\"]",
        &[&REDIS, &ARQ],
        "[\n    \"uvicorn\", \"fastapi\", \"redis[hiredis]>=5.0.1\", \"arq>=0.26.3\"]",
    );
    check_list(
        "[\n    \"b\", \"a\",\n    \"d\",\n]",
        &[&REDIS, &ARQ],
        "[\n    \"b\", \"a\",\n    \"d\",\n    \"redis[hiredis]>=5.0.1\",\n    \"arq>=0.26.3\",\n]",
    );
    check_list(
        "[\n    \"a\", \"s\",\n    \"t\",\n]",
        &[&REDIS, &ARQ],
        "[\n    \"a\", \"arq>=0.26.3\", \"redis[hiredis]>=5.0.1\", \"s\",\n    \"t\",\n]",
    );
}

#[test]
fn commas_that_lead() {
    check_list(
        "[\n    \"fastapi\"\n  , \"uvicorn\"\n]",
        &[&REDIS, &ARQ],
        "[\n    \"arq>=0.26.3\",\n    \"fastapi\", \"redis[hiredis]>=5.0.1\"\n  , \"uvicorn\"\n]",
    );
    check_list(
        "[\n    \"uvicorn\"\n  , \"fastapi\"\n]",
        &[&REDIS, &ARQ],
        "[\n    \"uvicorn\"\n  , \"fastapi\",\n  \"redis[hiredis]>=5.0.1\",\n  \"arq>=0.26.3\"\n]",
    );
}

#[test]
fn a_comma_on_a_line_of_its_own() {
    // The comment stays with its item, wherever the comma is.
    check_list(
        "[\n  'a' # one\n  # two\n, ]",
        &[&REDIS, &ARQ],
        "[\n  'a' # one\n  # two\n, 'arq>=0.26.3', 'redis[hiredis]>=5.0.1', ]",
    );
    check_list("[\n  'a'\n  , ]", &[&REDIS], "[\n  'a',\n  'redis[hiredis]>=5.0.1'\n  , ]");
}

#[test]
fn a_project_without_a_list_gets_one() {
    let before = pep621(
        "[project]\nname = \"x\"\nauthors = [\n  {name = \"a\"},\n]  # all\n\n# urls\n[project.urls]\na = \"b\"\n",
    );
    let list = "dependencies = [\n    \"redis[hiredis]>=5.0.1\",\n    \"arq>=0.26.3\",\n]";
    let after = format!(
        "[project]\nname = \"x\"\nauthors = [\n  {{name = \"a\"}},\n]  # all\n{list}\n\n# urls\n[project.urls]\na = \"b\"\n"
    );
    check_add(&before, &[&REDIS, &ARQ], &after);
    check_add(&pep621("[project]\n"), &[&REDIS, &ARQ], &format!("[project]\n{list}\n"));
}

#[test]
fn lists_that_are_not_edited() {
    check_blocked(&pep621("[project]\ndependencies = \"redis\"\n"), &REDIS, "PX204", "");
    check_blocked(&pep621("project = {name = \"x\"}\n"), &REDIS, "PX204", "");
    check_blocked(&pep621("[tool]\n"), &REDIS, "PX204", "");
    check_blocked(&pep621("[project]\nname = \n"), &REDIS, "PX005", "");
}

#[test]
fn it_is_there_under_any_spelling() {
    for item in
        ["redis", "Redis>=4", "REDIS[hiredis]", "redis~=5.0", "redis @ git+https://x", "redis==5.*", "redis>=4,<6"]
    {
        check_met(&project_list(&format!("[\"{item}\"]")), &REDIS);
    }
    check_met(&pep621("[project]\ndependencies = []\n[dependency-groups]\ndev = [\"types_AIOBOTO3\"]\n"), &TYPES);
    check_met(&pep621("[project]\ndependencies = [\"types-aiofiles\"]\n"), &AIOFILES);
    check_met(
        &pep621("[project]\ndependencies = []\n[project.optional-dependencies]\ntyping = [\"types-aiofiles\"]\n"),
        &AIOFILES,
    );
}

#[test]
fn something_else_is_not_it() {
    check_list(
        "[\n    \"redis-py-cluster\",\n    \"fastapi-redis\",\n    \"types-redis\",\n]",
        &[&REDIS],
        "[\n    \"redis-py-cluster\",\n    \"fastapi-redis\",\n    \"types-redis\",\n    \"redis[hiredis]>=5.0.1\",\n]",
    );
}

#[test]
fn a_bound_that_excludes_ours_is_kept_and_named() {
    for item in ["redis>=4,<5", "Redis==4.5.1", "redis~=4.5", "redis<5"] {
        check_blocked(&project_list(&format!("[\n    \"fastapi\",\n    \"{item}\",  # old\n]")), &REDIS, "PX202", item);
    }
    // One of two entries with markers leaves room.
    check_met(&project_list("[\"redis<5; python_version<'3.9'\", \"redis>=5; python_version>='3.9'\"]"), &REDIS);
    check_blocked(
        &pep621("[project]\ndependencies = []\n[dependency-groups]\ntest = [\"redis==4.1\"]\n"),
        &REDIS,
        "PX202",
        "redis==4.1",
    );
    check_blocked(
        &pep621("[project]\ndependencies = [\"redis\"]\n[tool.uv]\nconstraint-dependencies = [\"redis<5\"]\n"),
        &REDIS,
        "PX202",
        "redis<5",
    );
}

#[test]
fn a_group_does_not_count_for_the_application() {
    let before = "[project]\ndependencies = [\"b\", \"a\"]\n[dependency-groups]\ndev = [\"redis>=5\"]\n";
    check_add(&pep621(before), &[&REDIS], &before.replace("\"a\"]", "\"a\", \"redis[hiredis]>=5.0.1\"]"));
}

#[test]
fn development_lists_in_their_order() {
    let before = "[project]\ndependencies = []\noptional-dependencies.dev = [\"b\"]\n[dependency-groups]\nlint = []\ndev = [{include-group = \"lint\"}, \"pytest\"]\n";
    check_add(
        &pep621(before),
        &[&TYPES, &AIOFILES],
        &before.replace("\"pytest\"]", "\"pytest\", \"types-aioboto3[s3]\", \"types-aiofiles\"]"),
    );
    let before = "[project]\ndependencies = []\n[project.optional-dependencies]\ndev = []\n";
    check_add(&pep621(before), &[&TYPES], &before.replace("dev = []", "dev = [\n    \"types-aioboto3[s3]\",\n]"));
    let before =
        "[tool.poetry.dependencies]\npython = \"^3.12\"\n[tool.poetry.group.dev.dependencies]\npytest = \"*\"\n";
    check_add(
        &poetry(before),
        &[&TYPES, &AIOFILES],
        &format!("{before}types-aioboto3 = {{version = \"*\", extras = [\"s3\"]}}\ntypes-aiofiles = \"*\"\n"),
    );
    let before = "[project]\ndependencies = []\n[tool.uv]\ndev-dependencies = [\n  \"b\",\n]\n";
    check_add(&pep621(before), &[&AIOFILES], &before.replace("\"b\",\n", "\"b\",\n  \"types-aiofiles\",\n"));
    assert!(matches!(TYPES.assess(&pep621("[project]\ndependencies = []\n")), Assessment::NotApplicable { .. }));
}

#[test]
fn poetry_takes_a_table_for_extras() {
    check_add(
        &poetry(
            "[tool.poetry.dependencies]\npython = \"^3.12\"\nuvicorn = \"^0.30\"\nfastapi = \"^0.110\"  # web\n# end\n\n[tool.x]\n",
        ),
        &[&REDIS, &ARQ],
        "[tool.poetry.dependencies]\npython = \"^3.12\"\nuvicorn = \"^0.30\"\nfastapi = \"^0.110\"  # web\nredis = {version = \">=5.0.1\", extras = [\"hiredis\"]}\narq = \">=0.26.3\"\n# end\n\n[tool.x]\n",
    );
}

#[test]
fn poetry_sorted_after_python() {
    check_add(
        &poetry(
            "[tool.poetry.dependencies]\npython='^3.12'\nfastapi='^0.110'\nuvicorn={version='^0.30', extras=['standard']}\n",
        ),
        &[&REDIS, &ARQ],
        "[tool.poetry.dependencies]\npython='^3.12'\narq='>=0.26.3'\nfastapi='^0.110'\nredis={version = '>=5.0.1', extras = ['hiredis']}\nuvicorn={version='^0.30', extras=['standard']}\n",
    );
}

#[test]
fn poetry_aligned() {
    check_add(
        &poetry("[tool.poetry.dependencies]\n  python   = \"^3.12\"\n  uvicorn  = \"1\"\n  fastapi  = \"2\"\n"),
        &[&REDIS, &ARQ],
        "[tool.poetry.dependencies]\n  python   = \"^3.12\"\n  uvicorn  = \"1\"\n  fastapi  = \"2\"\n  redis    = {version = \">=5.0.1\", extras = [\"hiredis\"]}\n  arq      = \">=0.26.3\"\n",
    );
}

#[test]
fn poetry_in_other_forms() {
    check_add(
        &poetry("[tool.poetry]\nname = \"x\"\ndependencies = {python = \"^3.12\", fastapi = \"*\"}\n"),
        &[&REDIS, &ARQ],
        "[tool.poetry]\nname = \"x\"\ndependencies = {python = \"^3.12\", fastapi = \"*\", redis = {version = \">=5.0.1\", extras = [\"hiredis\"]}, arq = \">=0.26.3\"}\n",
    );
    check_add(
        &poetry("[tool.poetry]\ndependencies.python = \"^3.12\"\ndependencies.fastapi = \"*\"\nversion = \"1\"\n"),
        &[&REDIS, &ARQ],
        "[tool.poetry]\ndependencies.python = \"^3.12\"\ndependencies.arq = \">=0.26.3\"\ndependencies.fastapi = \"*\"\ndependencies.redis = {version = \">=5.0.1\", extras = [\"hiredis\"]}\nversion = \"1\"\n",
    );
    check_add(
        &poetry(
            "[tool.poetry.dependencies]\npython = \"^3.12\"\nuvicorn.version = \"1\"\nuvicorn.extras = [\"standard\"]\n\n[tool.poetry.dependencies.fastapi]\nversion = \"*\"\n",
        ),
        &[&REDIS],
        "[tool.poetry.dependencies]\npython = \"^3.12\"\nuvicorn.version = \"1\"\nuvicorn.extras = [\"standard\"]\nredis = {version = \">=5.0.1\", extras = [\"hiredis\"]}\n\n[tool.poetry.dependencies.fastapi]\nversion = \"*\"\n",
    );
    check_add(&poetry("[tool.poetry.dependencies]\n"), &[&ARQ], "[tool.poetry.dependencies]\narq = \">=0.26.3\"\n");
    check_blocked(&poetry("[tool.poetry.dependencies.fastapi]\nversion = \"*\"\n"), &REDIS, "PX204", "");
}

#[test]
fn poetry_has_it() {
    for entry in [
        "redis = \"^5\"",
        "Redis = \"*\"",
        "redis = {version = \"^4 || ^5\", extras = [\"hiredis\"]}",
        "redis = {git = \"https://x\"}",
        "redis = [{version = \"^4\", python = \"<3.9\"}, {version = \"^5\", python = \">=3.9\"}]",
        "redis.version = \"^5\"",
        "\"redis\" = \">=4\"",
        "\n[tool.poetry.dependencies.redis]\nversion = \"^5\"",
        "\n[tool.poetry.group.main.dependencies]\nredis = \"^5\"",
    ] {
        check_met(&poetry(&format!("[tool.poetry.dependencies]\npython = \"^3.12\"\n{entry}\n")), &REDIS);
    }
    for entry in [
        "redis = \"^4\"",
        "redis = {version = \"4.*\"}",
        "redis = \"4.5.1\"",
        "redis = \"~4\"",
        "[tool.poetry.dependencies.redis]\nversion = \"^4\"",
    ] {
        check_blocked(
            &poetry(&format!("[tool.poetry.dependencies]\npython = \"^3.12\"\n{entry}\n")),
            &REDIS,
            "PX202",
            "redis",
        );
    }
    check_blocked(
        &poetry("[tool.poetry.dependencies]\nredis = {version = \"^5\", optional = true}\n"),
        &REDIS,
        "PX204",
        "redis",
    );
    let before = "[tool.poetry.dependencies]\npython = \"^3.12\"\n[tool.poetry.group.cache]\noptional = true\n[tool.poetry.group.cache.dependencies]\nredis = \"^5\"\n";
    check_add(
        &poetry(before),
        &[&REDIS],
        &before.replace("\"^3.12\"\n", "\"^3.12\"\nredis = {version = \">=5.0.1\", extras = [\"hiredis\"]}\n"),
    );
}

fn check_pip(before: &str, wanted: &[&Dependency], after: &str) {
    check_add(&pip(&[("requirements.txt", before)]), wanted, after);
}

#[test]
fn a_line_for_pip() {
    check_pip("uvicorn\nfastapi\n", &[&REDIS, &ARQ], "uvicorn\nfastapi\nredis[hiredis]>=5.0.1\narq>=0.26.3\n");
    check_pip("fastapi\nuvicorn\n", &[&REDIS, &ARQ], "arq>=0.26.3\nfastapi\nredis[hiredis]>=5.0.1\nuvicorn\n");
    check_pip("-i https://x\n\nfastapi\nuvicorn\n", &[&ARQ], "-i https://x\n\narq>=0.26.3\nfastapi\nuvicorn\n");
    check_pip(
        "# web, pinned\nfastapi==1\nuvicorn\n\n\n",
        &[&ARQ, &REDIS],
        "# web, pinned\nfastapi==1\nuvicorn\narq>=0.26.3\nredis[hiredis]>=5.0.1\n\n\n",
    );
    check_pip("", &[&REDIS, &ARQ], "redis[hiredis]>=5.0.1\narq>=0.26.3\n");
    check_pip("\n\n", &[&REDIS, &ARQ], "redis[hiredis]>=5.0.1\narq>=0.26.3\n\n\n");
    check_pip("# none\n", &[&REDIS], "# none\nredis[hiredis]>=5.0.1\n");
    check_pip(
        "-r base.txt\n-e .\n--index-url https://x\n",
        &[&REDIS],
        "-r base.txt\n-e .\n--index-url https://x\nredis[hiredis]>=5.0.1\n",
    );
    check_pip(
        "fastapi\n    # via x\nuvicorn\n    # via x\n",
        &[&REDIS],
        "fastapi\n    # via x\nredis[hiredis]>=5.0.1\nuvicorn\n    # via x\n",
    );
    check_pip(
        "uvicorn ; \\\n  python_version > '3'\nfastapi \\\n  >=1\n",
        &[&REDIS],
        "uvicorn ; \\\n  python_version > '3'\nfastapi \\\n  >=1\nredis[hiredis]>=5.0.1\n",
    );
}

#[test]
fn a_final_newline_is_neither_added_nor_taken() {
    check_pip("uvicorn\nfastapi", &[&REDIS, &ARQ], "uvicorn\nfastapi\nredis[hiredis]>=5.0.1\narq>=0.26.3");
}

#[test]
fn pip_has_it() {
    for line in
        ["redis", "Redis[hiredis]==5.0.4 ; python_version>'3' # x", "-e git+https://x#egg=redis", "redis>=4,\\\n  <6"]
    {
        check_met(&pip(&[("requirements.txt", &format!("fastapi\n{line}\n"))]), &REDIS);
    }
    check_met(&pip(&[("requirements.txt", "-r base.txt\n"), ("base.txt", "redis\n")]), &REDIS);
    check_blocked(
        &pip(&[("requirements.txt", "-r base.txt\n"), ("base.txt", "redis<5\n")]),
        &REDIS,
        "PX202",
        "redis<5",
    );
    check_blocked(
        &pip(&[("requirements.txt", "redis\n-c c.txt\n"), ("c.txt", "redis==4.6\n")]),
        &REDIS,
        "PX202",
        "redis==4.6",
    );
    let before = "fastapi\n-c c.txt\n";
    check_add(
        &pip(&[("requirements.txt", before), ("c.txt", "redis==5.6\n")]),
        &[&REDIS],
        "fastapi\n-c c.txt\nredis[hiredis]>=5.0.1\n",
    );
    check_blocked(&pip(&[("requirements.txt", "fastapi\nredis==4.6.0  # old\n")]), &REDIS, "PX202", "redis==4.6.0");
    check_blocked(&pip(&[("requirements.txt", "fastapi==1 \\\n --hash=sha256:00\n")]), &REDIS, "PX204", "fastapi==1");
    check_blocked(&pip(&[("requirements.txt", "fastapi==1 \\")]), &REDIS, "PX204", "");
    let mut commented = pip(&[("requirements.txt", "# redis\n")]);
    commented = apply(&commented, &missing(REDIS.assess(&commented)));
    check_met(&commented, &REDIS);
}

#[test]
fn development_requirements() {
    let before =
        pip(&[("requirements.txt", "fastapi\n"), ("requirements-dev.txt", "-r requirements.txt\nruff\npytest\n")]);
    check_add(&before, &[&TYPES], "-r requirements.txt\nruff\npytest\ntypes-aioboto3[s3]\n");
    assert!(matches!(TYPES.assess(&pip(&[("requirements.txt", "fastapi\n")])), Assessment::NotApplicable { .. }));
}

#[test]
fn no_file_blocks_and_says_what_to_paste() {
    let before = project(&[], Err(Problem::new(&NO_DEPENDENCY_FILE, "none")));
    let Assessment::Blocked { problem } = REDIS.assess(&before) else { panic!("not blocked") };
    assert_eq!(problem.manual.as_deref(), Some("redis[hiredis]>=5.0.1"));
}

#[test]
fn what_the_user_changed_stays() {
    let recorded = Recorded::default();
    let keeps = |project: &Project| matches!(REDIS.retract(project, &recorded), Retraction::Keep { at: Some(_), .. });
    assert!(keeps(&project_list("[\n    \"redis>=6\",\n]")));
    assert!(keeps(&project_list("[\n    \"redis[hiredis]>=5.0.1\",  # why\n]")));
    assert!(keeps(&pip(&[("requirements.txt", "redis==5.0.4\n")])));
    assert!(keeps(&pip(&[("requirements.txt", "redis[hiredis]>=5.0.1  # why\n")])));
    assert!(matches!(REDIS.retract(&project_list("[]"), &recorded), Retraction::Gone));
}

#[test]
fn a_formatter_may_have_run() {
    let recorded = Recorded::default();
    let left = |list: &str| {
        let before = project_list(list);
        let after = apply(&before, &removed(REDIS.retract(&before, &recorded)));
        let text = after.text(&path("pyproject.toml")).expect("text").to_owned();
        Source::parse(&text).expect("still TOML").strings(&["project", "dependencies"])
    };
    assert_eq!(left("[ 'a', # x\n 'redis[hiredis] >= 5.0.1' ,\n 'b' ]"), ["a", "b"]);
    assert_eq!(left("[\"redis[hiredis]>=5.0.1\", # x\n \"b\"]"), ["b"]);
    assert_eq!(left("[\"a\", # x\n \"redis[hiredis]>=5.0.1\"]"), ["a"]);
    assert_eq!(left("[\n\"a\",\n \"redis[hiredis]>=5.0.1\"\n, 'b']"), ["a", "b"]);
    assert!(left("[\"redis[hiredis]>=5.0.1\",]").is_empty());
}

#[test]
fn an_entry_counts_where_its_marker_holds() {
    check_list(
        "[\n    \"redis>=5.0.1; sys_platform == 'win32'\",\n]",
        &[&REDIS],
        "[\n    \"redis>=5.0.1; sys_platform == 'win32'\",\n    \"redis[hiredis]>=5.0.1\",\n]",
    );
    check_list(
        "[\"redis>=5; python_version < '3.12'\"]",
        &[&REDIS],
        "[\"redis>=5; python_version < '3.12'\", \"redis[hiredis]>=5.0.1\"]",
    );
    check_blocked(
        &poetry("[tool.poetry.dependencies]\npython = '^3.11'\nredis = {version = '^5.0.1', platform = 'win32'}\n"),
        &REDIS,
        "PX204",
        "redis = {version = '^5.0.1', platform = 'win32'}",
    );
    check_add(
        &pip(&[("requirements.txt", "fastapi\nredis<4; python_version < '3.8'\n")]),
        &[&REDIS],
        "fastapi\nredis<4; python_version < '3.8'\nredis[hiredis]>=5.0.1\n",
    );
    check_met(&project_list("[\"redis>=5; sys_platform != 'win32'\"]"), &REDIS);
    check_met(
        &project_list("[\"redis<4; python_version < '3.8'\", \"redis>=5.0.1; python_version >= '3.8'\"]"),
        &REDIS,
    );
    check_met(
        &project_list("[\"redis>=5.0.1; python_version < '3.12'\", \"redis>=6; python_version >= '3.12'\"]"),
        &REDIS,
    );
    check_blocked(
        &project_list("[\"redis<5; python_version < '3.12'\", \"redis>=6; python_version >= '3.12'\"]"),
        &REDIS,
        "PX202",
        "\"redis<5; python_version < '3.12'\"",
    );
}

/// Raises the bound that excludes `wanted`, and takes it back: the text between.
fn raised(before: &Project, wanted: &Dependency) -> String {
    let Assessment::Blocked { problem } = wanted.assess(before) else { panic!("not blocked") };
    let at = problem.at.expect("a place");
    let raise = wanted.raise(before, &at).expect("it can be raised");
    let fix = wanted.raise_bound(before, &raise);
    let after = apply(before, &fix);
    assert!(matches!(wanted.assess(&after), Assessment::Met { .. }), "{}", show(&after));
    let recorded = Recorded { record: crate::lock::Record::default(), scaffolding: fix.record.scaffolding };
    let left = apply(&after, &removed(wanted.retract(&after, &recorded)));
    assert_eq!(show(&left), show(before));
    show(&after)
}

#[test]
fn a_bound_is_raised_in_its_own_style_and_comes_back() {
    for (text, expected) in [
        ("fastapi==0.115.0\nredis==4.4.4  # cache\n", "redis==5.2.1  # cache\n"),
        ("Redis[hiredis]>=4.2,<5; python_version > \"3.8\"\n", "Redis[hiredis]>=5.0.1,<6; python_version > \"3.8\"\n"),
        ("redis ~= 4.5\r\n", "redis ~= 5.0\r\n"),
    ] {
        let after = raised(&pip(&[("requirements.txt", text)]), &REDIS);
        assert!(after.contains(expected), "{after}");
    }
    let entries =
        "[tool.poetry.dependencies]\npython = \"^3.11\"\nredis = {version = \"^4.6\", extras = [\"hiredis\"]}\n";
    assert!(raised(&poetry(entries), &REDIS).contains("redis = {version = \"^5.0.1\", extras = [\"hiredis\"]}"));
}

#[test]
fn a_bound_that_the_user_changed_after_it_was_raised_stays() {
    let before = pip(&[("requirements.txt", "redis==4.4.4\n")]);
    let Assessment::Blocked { problem } = REDIS.assess(&before) else { panic!("not blocked") };
    assert!(problem.help.as_ref().is_some_and(|help| help.contains("`--raise-bounds` makes it `redis==5.2.1`")));
    let raise = REDIS.raise(&before, &problem.at.expect("a place")).expect("it can be raised");
    let fix = REDIS.raise_bound(&before, &raise);
    let recorded = Recorded { record: crate::lock::Record::default(), scaffolding: fix.record.scaffolding };
    let changed = pip(&[("requirements.txt", "redis==5.3.0\n")]);
    assert!(matches!(REDIS.retract(&changed, &recorded), Retraction::Keep { .. }));
    // What needs an older one is not raised.
    let newer = pip(&[("requirements.txt", "redis==6.2.0\n")]);
    let older = Dependency { newest: Some("ask `arq`"), ..Dependency::of("redis>=4.2,<6") };
    let Assessment::Blocked { problem } = older.assess(&newer) else { panic!("not blocked") };
    assert_eq!(problem.help.as_deref(), Some("ask `arq`"));
}

fn other(file: &str, text: &str, format: DependencyFormat) -> Project {
    project(&[(file, text)], Ok(dependencies(format, file, None, &[])))
}

#[test]
fn lists_of_setup_cfg() {
    check_add(
        &other(
            "setup.cfg",
            "[options]\ninstall_requires =\n    fastapi\n    uvicorn\nzip_safe = no\n",
            DependencyFormat::Other,
        ),
        &[&REDIS, &ARQ],
        "[options]\ninstall_requires =\n    arq>=0.26.3\n    fastapi\n    redis[hiredis]>=5.0.1\n    uvicorn\nzip_safe = no\n",
    );
}

#[test]
fn lists_of_setup_py() {
    check_add(
        &other(
            "setup.py",
            "from setuptools import setup\n\nsetup(\n    install_requires=[\n        'uvicorn',  # server\n        'fastapi'\n    ],\n)\n",
            DependencyFormat::Other,
        ),
        &[&REDIS],
        "from setuptools import setup\n\nsetup(\n    install_requires=[\n        'uvicorn',  # server\n        'fastapi',\n        'redis[hiredis]>=5.0.1'\n    ],\n)\n",
    );
}

#[test]
fn an_empty_list_of_setup_py() {
    let text = "from setuptools import setup\n\nREQUIRES = []\n\nsetup(install_requires=REQUIRES)\n";
    let expected = "from setuptools import setup\n\nREQUIRES = [\n    \"redis[hiredis]>=5.0.1\",\n]\n\nsetup(install_requires=REQUIRES)\n";
    check_add(&other("setup.py", text, DependencyFormat::Other), &[&REDIS], expected);
}

#[test]
fn the_table_of_pixi() {
    let text = "[dependencies]\npython = \"3.12.*\"\n\n[pypi-dependencies]\nfastapi = \"*\"\nuvicorn = { version = \">=0.30\", extras = [\"standard\"] }\n";
    let expected = text.replace("uvicorn =", "redis = {version = \">=5.0.1\", extras = [\"hiredis\"]}\nuvicorn =");
    check_add(&other("pixi.toml", text, DependencyFormat::Other), &[&REDIS], &expected);
}

#[test]
fn the_pip_part_of_an_environment() {
    check_add(
        &other(
            "environment.yml",
            "dependencies:\n  - python=3.11\n  - pip:\n      - uvicorn\n      - fastapi\nprefix: /x\n",
            DependencyFormat::Other,
        ),
        &[&REDIS],
        "dependencies:\n  - python=3.11\n  - pip:\n      - uvicorn\n      - fastapi\n      - redis[hiredis]>=5.0.1\nprefix: /x\n",
    );
}

#[test]
fn the_packages_of_a_pipfile() {
    check_add(
        &other("Pipfile", "[packages]\nuvicorn = \"*\"\nfastapi = \"*\"\n\n[dev-packages]\n", DependencyFormat::Other),
        &[&REDIS],
        "[packages]\nuvicorn = \"*\"\nfastapi = \"*\"\nredis = {version = \">=5.0.1\", extras = [\"hiredis\"]}\n\n[dev-packages]\n",
    );
    for (file, text, format) in [
        ("Pipfile", "[packages]\nRedis = \">=4\"\n", DependencyFormat::Other),
        ("setup.cfg", "[options]\ninstall_requires =\n    Redis>=4\n", DependencyFormat::Other),
        ("setup.py", "setup(install_requires=['Redis>=4'])\n", DependencyFormat::Other),
        ("conda.yml", "dependencies:\n- pip:\n  - Redis>=4\n", DependencyFormat::Other),
    ] {
        check_met(&other(file, text, format), &REDIS);
    }
    for (file, text, format, expected) in [
        ("Pipfile", "[packages]\nredis = \"==4.4.4\"\n", DependencyFormat::Other, "redis = \"==5.2.1\""),
        ("setup.cfg", "[options]\ninstall_requires =\n    redis<5\n", DependencyFormat::Other, "    redis<6\n"),
        ("setup.py", "setup(install_requires=['redis~=4.5'])\n", DependencyFormat::Other, "['redis~=5.0']"),
    ] {
        let after = raised(&other(file, text, format), &REDIS);
        assert!(after.contains(expected), "{after}");
    }
}

#[test]
fn a_list_that_is_installed_by_itself_has_the_package_too() {
    let mut main = dependencies(DependencyFormat::Requirements, "requirements.txt", None, &[]);
    main.also = vec![dependencies(DependencyFormat::Requirements, "pg.txt", None, &[])];
    let before = project(&[("requirements.txt", "redis>=5\n"), ("pg.txt", "fastapi==0.100.0\nuvicorn\n")], Ok(main));
    check_met(&before, &REDIS);
    let other = Dependency { list: Some(path("pg.txt")), ..REDIS };
    assert_eq!(other.id(), "dependency:redis:pg.txt");
    let after = with(&before, &other);
    assert_eq!(after.text(&path("pg.txt")), Some("fastapi==0.100.0\nredis[hiredis]>=5.0.1\nuvicorn\n"));
    assert_eq!(after.text(&path("requirements.txt")), Some("redis>=5\n"));
}

#[test]
fn a_list_in_utf_16_stays_one() {
    let bytes = crate::source::utf16::encode("\u{feff}fastapi==0.100.0\r\nuvicorn==0.30.0\r\n", b"\xff\xfe");
    let mut before = pip(&[("requirements.txt", "")]);
    before.set(path("requirements.txt"), Some(crate::project::File::named("requirements.txt", bytes)));
    let after = with(&before, &REDIS);
    let file = after.file(&path("requirements.txt")).expect("there");
    assert_eq!(file.encoding(), Some("utf-16-le"));
    assert_eq!(crate::source::utf16::decode(file.bytes()).as_deref(), file.text());
    assert!(file.text().is_some_and(|text| text.contains("\r\nredis[hiredis]")), "{:?}", file.text());
}

#[test]
fn a_project_without_any_list_gains_one() {
    let before = project(&[], Ok(dependencies(DependencyFormat::Requirements, "requirements.txt", None, &[])));
    let fix = missing(REDIS.assess(&before));
    assert!(matches!(&fix.changes[..], [Change::Write { text, .. }] if text == "redis[hiredis]>=5.0.1\n"));
    let recorded = Recorded { record: fix.record.clone(), scaffolding: fix.record.scaffolding };
    let after = pip(&[("requirements.txt", "redis[hiredis]>=5.0.1\n")]);
    assert!(matches!(&removed(REDIS.retract(&after, &recorded)).changes[..], [Change::Delete { .. }]));
    let with_more = pip(&[("requirements.txt", "fastapi\nredis[hiredis]>=5.0.1\n")]);
    assert!(matches!(&removed(REDIS.retract(&with_more, &recorded)).changes[..], [Change::Edit { .. }]));
}
