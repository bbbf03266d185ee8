//! Every component on every fixture, both found by walking: a new folder under `templates/` or `fixtures/` is tested without a
//! change here.
//!
//! A component is either refused, for a reason that is on the list below, and nothing is written; or it is added, and then all
//! that is promised of `add`, `check`, the dry run, `remove` and `undo` holds to the byte.
//!
//! Of the dry runs every third is tried, and of the pairs every seventh, each component and each fixture among them; all of them
//! with `PAXX_LONG=1`.

mod common;

use common::{Fixture, Output, Random, Sandbox, components, difference, fixtures, for_each, has_git, together};

/// What is refused: a fixture, a component, and the code of the reason. Closed: any other refusal fails.
const REFUSED: &[(&str, &str, &str)] = &[
    // There is no image of pgvector on Alpine.
    ("bootstrapped", "vector", "PX308"),
    ("no-lifespan", "vector", "PX308"),
    ("package-upper", "vector", "PX308"),
    ("sqlalchemy-alembic", "vector", "PX308"),
    // They speak to SQLite alone.
    ("environments", "postgis", "PX308"),
    ("environments", "vector", "PX308"),
    ("factory", "postgis", "PX308"),
    ("factory", "vector", "PX308"),
    ("imported-lifespan", "postgis", "PX308"),
    ("imported-lifespan", "vector", "PX308"),
    ("tabs", "postgis", "PX308"),
    ("tabs", "vector", "PX308"),
];

/// What is refused together only: no image that is published has both extensions.
const REFUSED_TOGETHER: &[(&str, [&str; 2], &str)] = &[("add-event-handler", ["postgis", "vector"], "PX308")];

/// A set of components on a fixture.
struct Case {
    fixture: &'static Fixture,
    names: Vec<&'static str>,
}

impl Case {
    fn wrong(&self, what: &str) -> String {
        format!("{} + {}: {what}", self.fixture.name, self.names.join(" "))
    }

    /// The codes that are expected, if it is refused.
    fn refusals(&self) -> Vec<&'static str> {
        let here =
            REFUSED.iter().filter(|(fixture, name, _)| *fixture == self.fixture.name && self.names.contains(name));
        let together = REFUSED_TOGETHER.iter().filter(|(fixture, names, _)| {
            *fixture == self.fixture.name && names.iter().all(|name| self.names.contains(name))
        });
        here.map(|(_, _, code)| *code).chain(together.map(|(_, _, code)| *code)).collect()
    }

    fn add<'a>(&'a self, more: &[&'a str]) -> Vec<&'a str> {
        ["infra", "add"].into_iter().chain(self.names.iter().copied()).chain(more.iter().copied()).collect()
    }

    /// Adds; `None` where that is refused, as it should.
    fn added(&self, sandbox: &Sandbox) -> Result<Option<Output>, String> {
        let before = sandbox.tree();
        let added = sandbox.paxx(&self.add(&["--yes"]));
        let refusals = self.refusals();
        if refusals.is_empty() {
            self.code(&added, 0, "add")?;
            if !added.stdout.is_empty() {
                return Err(self.wrong(&format!("`--yes` writes to standard output:\n{}", added.stdout)));
            }
            return Ok(Some(added));
        }
        self.code(&added, 2, "an add that is refused")?;
        if let Some(difference) = difference(&before, &sandbox.tree()) {
            return Err(self.wrong(&format!("it was refused, and something was written:\n{difference}")));
        }
        if !refusals.iter().any(|code| added.stderr.contains(code)) {
            return Err(self.wrong(&format!("another reason than {refusals:?}:\n{}", added.stderr)));
        }
        Ok(None)
    }

    fn code(&self, output: &Output, code: i32, what: &str) -> Result<(), String> {
        if output.code == code {
            return Ok(());
        }
        Err(self.wrong(&format!("{what} exits with {}, not {code}\n{}{}", output.code, output.stdout, output.stderr)))
    }

    fn same(&self, expected: &common::Tree, found: &common::Tree, when: &str) -> Result<(), String> {
        difference(expected, found).map_or(Ok(()), |difference| Err(self.wrong(&format!("{when}:\n{difference}"))))
    }

    /// `check` is clean.
    fn checked(&self, sandbox: &Sandbox, when: &str) -> Result<(), String> {
        let checked = sandbox.paxx(&["check", "--format", "concise"]);
        self.code(&checked, 0, &format!("check {when}"))
    }

    /// The dry run's diff, applied by git at the top of the repository, is what `--yes` writes.
    fn dry_run(&self, options: &[&str], code: i32, make: impl Fn() -> Sandbox) -> Result<(), String> {
        let (by_git, by_paxx) = (make(), make());
        let before = by_git.tree();
        let dry = by_git.paxx(&self.add(options));
        self.code(&dry, code, "a dry run")?;
        self.same(&before, &by_git.tree(), "a dry run writes")?;
        if by_git.project.join(".paxx").exists() || by_git.top.join(".paxx").exists() {
            return Err(self.wrong("a dry run makes `.paxx`"));
        }
        let patch = by_git.top.with_file_name("patch");
        std::fs::write(&patch, &dry.stdout).map_err(|error| error.to_string())?;
        let applied = common::output(common::git(&by_git.top).arg("apply").arg(&patch));
        self.code(&applied, 0, "git apply")?;
        self.code(&by_paxx.paxx(&self.add(&["--yes"])), 0, "add")?;
        self.same(&by_paxx.tree(), &by_git.tree(), "the diff of the dry run is not what `--yes` writes")
    }

    /// Removes what is installed, in the order that `random` gives, and tries what is refused later again.
    fn remove_one_by_one(&self, sandbox: &Sandbox, random: &mut Random) -> Result<(), String> {
        let mut installed = sandbox.installed();
        random.shuffle(&mut installed);
        let mut order = Vec::new();
        while !installed.is_empty() {
            let name = installed.remove(0);
            let before = sandbox.tree();
            let removed = sandbox.paxx(&["infra", "remove", &name, "--yes"]);
            order.push(name.clone());
            if removed.code == 2 && removed.stderr.contains("PX405") && !installed.is_empty() {
                self.same(&before, &sandbox.tree(), "a refused remove writes")?;
                installed.push(name);
                continue;
            }
            self.code(&removed, 0, &format!("remove {name}, in the order {order:?}"))?;
            self.checked(sandbox, &format!("after remove in the order {order:?}"))?;
        }
        Ok(())
    }
}

/// Every so many of these, or all.
fn one_of(every: usize, cases: Vec<Case>) -> Vec<Case> {
    let is_long = std::env::var_os("PAXX_LONG").is_some();
    let numbered = cases.into_iter().enumerate().filter(|(number, _)| is_long || number.is_multiple_of(every));
    numbered.map(|(_, case)| case).collect()
}

fn cases(names: &[Vec<&'static str>]) -> Vec<Case> {
    let of = |fixture: &'static Fixture| names.iter().map(move |names| Case { fixture, names: names.clone() });
    fixtures().into_iter().flat_map(of).collect()
}

fn all() -> Vec<&'static str> {
    components().iter().map(String::as_str).collect()
}

/// All that this project can have at once.
fn possible(fixture: &'static Fixture) -> Case {
    let is_refused = |name: &&str| REFUSED.iter().any(|(known, other, _)| *known == fixture.name && other == name);
    Case { fixture, names: together().into_iter().filter(|name| !is_refused(name)).collect() }
}

fn all_at_once() -> Vec<Case> {
    fixtures().into_iter().map(possible).collect()
}

/// Each component alone, and all at once.
fn singles_and_all() -> Vec<Case> {
    let names: Vec<Vec<&'static str>> = all().into_iter().map(|name| vec![name]).collect();
    cases(&names).into_iter().chain(all_at_once()).collect()
}

#[test]
fn adding_removing_and_undoing() {
    let cases = singles_and_all();
    println!("{} components on {} projects: {} cases", components().len(), fixtures().len(), cases.len());
    for_each(&cases, |case| {
        let sandbox = Sandbox::plain(case.fixture);
        let before = sandbox.tree();
        if case.added(&sandbox)?.is_none() {
            return Ok(());
        }
        let after = sandbox.tree();
        if difference(&before, &after).is_none() {
            return Err(case.wrong("add changes nothing"));
        }
        case.checked(&sandbox, "after add")?;

        let again = sandbox.paxx(&case.add(&["--yes"]));
        case.code(&again, 0, "a second add")?;
        case.same(&after, &sandbox.tree(), "a second add changes something")?;
        if !again.stderr.contains("nothing to do") {
            return Err(
                case.wrong(&format!("a second add does not say that there is nothing to do:\n{}", again.stderr))
            );
        }
        let nothing = sandbox.paxx(&case.add(&["--dry-run", "--exit-code"]));
        case.code(&nothing, 0, "a dry run after add")?;
        if !nothing.stdout.is_empty() {
            return Err(case.wrong("a dry run after add prints a diff"));
        }

        case.code(&sandbox.paxx(&["undo", "--yes"]), 0, "undo")?;
        case.same(&before, &sandbox.tree(), "undo does not give the original tree")?;

        case.code(&sandbox.paxx(&case.add(&["--yes"])), 0, "add after undo")?;
        case.same(&after, &sandbox.tree(), "add after undo gives another tree")?;

        // What came along as a requirement was added too.
        let installed = sandbox.installed();
        let arguments: Vec<&str> =
            ["infra", "remove"].into_iter().chain(installed.iter().map(String::as_str)).chain(["--yes"]).collect();
        case.code(&sandbox.paxx(&arguments), 0, "remove")?;
        case.same(&before, &sandbox.tree(), "remove does not give the original tree")?;
        case.code(&sandbox.paxx(&["undo", "--yes"]), 0, "undo of remove")?;
        case.same(&after, &sandbox.tree(), "undo of remove does not give the tree with the components")
    });
}

#[test]
fn the_dry_run_is_what_is_written() {
    if !has_git() {
        return;
    }
    for_each(&one_of(3, singles_and_all()), |case| {
        if !case.refusals().is_empty() {
            return Ok(());
        }
        let top = case.dry_run(&["--dry-run"], 0, || Sandbox::repository(case.fixture));
        top.map_err(|error| format!("at the top: {error}"))?;
        let below = case.dry_run(&["--dry-run", "--exit-code"], 1, || Sandbox::nested(case.fixture, "parts/ä project"));
        below.map_err(|error| format!("in a folder below: {error}"))
    });
}

#[test]
fn git_sees_nothing_after_add_and_remove() {
    if !has_git() {
        return;
    }
    for_each(&all_at_once(), |case| {
        let sandbox = Sandbox::repository(case.fixture);
        sandbox.commit();
        if case.added(&sandbox)?.is_none() {
            return Ok(());
        }
        let arguments: Vec<&str> =
            ["infra", "remove"].into_iter().chain(case.names.iter().copied()).chain(["--yes"]).collect();
        case.code(&sandbox.paxx(&arguments), 0, "remove")?;
        let status = sandbox.git(&["status", "--porcelain", "--ignored"]);
        let rest: Vec<&str> = status.lines().filter(|line| !line.ends_with(".paxx/")).collect();
        if rest.is_empty() { Ok(()) } else { Err(case.wrong(&format!("git status: {rest:?}"))) }
    });
}

#[test]
fn pairs() {
    let all = all();
    let pairs: Vec<Vec<&'static str>> = all
        .iter()
        .enumerate()
        .flat_map(|(index, first)| all[index + 1..].iter().map(|second| vec![*first, *second]))
        .collect();
    for_each(&one_of(7, cases(&pairs)), |case| {
        let sandbox = Sandbox::plain(case.fixture);
        let before = sandbox.tree();
        if case.added(&sandbox)?.is_none() {
            return Ok(());
        }
        case.checked(&sandbox, "after add")?;
        let installed = sandbox.installed();
        let arguments: Vec<&str> =
            ["infra", "remove"].into_iter().chain(installed.iter().map(String::as_str)).chain(["--yes"]).collect();
        case.code(&sandbox.paxx(&arguments), 0, "remove")?;
        case.same(&before, &sandbox.tree(), "remove does not give the original tree")
    });
}

#[test]
fn all_in_random_order() {
    let seed = Random::new("all_in_random_order").below(1 << 30) as u64;
    let cases = all_at_once();
    let numbered: Vec<(usize, &Case)> = cases.iter().enumerate().collect();
    for_each(&numbered, |(number, case)| {
        let mut random = Random::from(seed + *number as u64 + 1);
        let sandbox = Sandbox::plain(case.fixture);
        let before = sandbox.tree();
        if case.added(&sandbox)?.is_none() {
            return Ok(());
        }
        case.remove_one_by_one(&sandbox, &mut random)?;
        case.same(&before, &sandbox.tree(), "added at once and removed one by one: not the original tree")?;

        let mut order = case.names.clone();
        random.shuffle(&mut order);
        for name in &order {
            case.code(
                &sandbox.paxx(&["ext", "add", name, "--yes"]),
                0,
                &format!("add {name}, in the order {order:?}"),
            )?;
            case.checked(&sandbox, &format!("after add in the order {order:?}"))?;
        }
        case.remove_one_by_one(&sandbox, &mut random)?;
        case.same(
            &before,
            &sandbox.tree(),
            &format!("added in the order {order:?} and removed one by one: not the original tree"),
        )
    });
}
