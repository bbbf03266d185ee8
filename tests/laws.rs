//! The laws that every component keeps in every project, however it is written:
//!
//! - adding twice is adding once; adding, then removing in any order, gives the original bytes;
//! - any order of adding gives the same facts, and `check` is clean after each;
//! - CRLF in, CRLF out, and the same text otherwise;
//! - the edits that JSON reports make the result, and touch no byte outside of them;
//! - no file becomes invalid.
//!
//! Fixtures are found by walking, components by the registry. Of the long lists every third is tried, in turn, and all of them with
//! `PAXX_LONG=1`. `PROPTEST_CASES` sets how many mutated projects are tried.

#[path = "laws/journey.rs"]
mod journey;
#[path = "laws/mutation.rs"]
mod mutation;
#[path = "laws/tree.rs"]
mod tree;

use journey::{Journey, Verdict, add, travel};
use mutation::Mutation;
use paxx::component::{COMPONENTS, Component};
use proptest::prelude::*;
use tree::{Scene, Tree, difference, fixtures, map};

fn everything() -> Vec<&'static str> {
    COMPONENTS.iter().map(paxx::component::Component::id).collect()
}

/// All that can be in one project: of components that replace the same image by different ones, the first.
fn together() -> Vec<&'static str> {
    let mut replaced = std::collections::BTreeSet::new();
    let mut is_first =
        |component: &&Component| component.manifest.image.iter().all(|image| replaced.insert(image.replaces));
    COMPONENTS.iter().filter(|component| is_first(component)).map(Component::id).collect()
}

/// Projects that speak to `SQLite` alone, which `PostGIS` and pgvector have nothing to do with.
const SQLITE: &[&str] = &["environments", "factory", "imported-lifespan", "tabs"];

/// All that this project can have at once.
fn possible(fixture: &str) -> Vec<&'static str> {
    together().into_iter().filter(|id| *id != "postgis" || !SQLITE.contains(&fixture)).collect()
}

/// Every third of a long list, or all.
fn is_tried(number: usize) -> bool {
    number.is_multiple_of(3) || std::env::var_os("PAXX_LONG").is_some()
}

/// Says at once what is wrong, because the rest may take long.
fn fail(failures: &mut Vec<String>, what: String) {
    eprintln!("{what}\n");
    failures.push(what);
}

fn report(failures: &[String]) {
    assert!(failures.is_empty(), "{} failures:\n\n{}", failures.len(), failures.join("\n\n"));
}

#[test]
fn the_laws_hold_for_each_component_in_each_fixture() {
    let mut failures = Vec::new();
    for (fixture, (name, tree)) in fixtures().into_iter().enumerate() {
        let singles = everything().into_iter().enumerate().filter(|(number, _)| is_tried(fixture + number));
        let mut sets: Vec<Vec<&str>> = singles.map(|(_, id)| vec![id]).collect();
        sets.push(possible(&name));
        for components in sets {
            let journey = Journey { components, one_by_one: false, seed: 1 };
            match travel(&tree, &journey) {
                Ok(Verdict::Added(_)) => {}
                // There is no image of pgvector on Alpine.
                Ok(Verdict::Refused(codes)) if codes == ["PX308"] && journey.components == ["vector"] => {}
                Ok(Verdict::Refused(codes))
                    if codes == ["PX308"] && journey.components == ["postgis"] && SQLITE.contains(&name.as_str()) => {}
                Ok(Verdict::Refused(codes)) => fail(&mut failures, format!("{name} {journey:?}: refused by {codes:?}")),
                Err(why) => fail(&mut failures, format!("{name} {journey:?}: {why}")),
            }
        }
    }
    report(&failures);
}

#[test]
fn any_order_gives_the_same_facts() {
    let mut failures = Vec::new();
    for (name, tree) in fixtures() {
        let journey = |one_by_one, seed| Journey { components: possible(&name), one_by_one, seed };
        let at_once = travel(&tree, &journey(false, 1));
        for seed in (2_u64..5).filter(|seed| is_tried(usize::try_from(*seed).unwrap_or(0))) {
            match (&at_once, travel(&tree, &journey(true, seed))) {
                (Ok(Verdict::Added(left)), Ok(Verdict::Added(right))) if *left != right => {
                    fail(&mut failures, format!("{name}, seed {seed}: {left:?}\n{right:?}"));
                }
                (Ok(_), Err(why)) => fail(&mut failures, format!("{name}, seed {seed}: {why}")),
                _ => {}
            }
        }
    }
    report(&failures);
}

#[test]
fn crlf_in_is_crlf_out() {
    let to_lf = |tree: &Tree| map(tree, |_, text| text.replace("\r\n", "\n"));
    let to_crlf = |tree: &Tree| map(tree, |_, text| text.replace('\n', "\r\n"));
    let added = |name: &str, tree: &Tree| -> Result<Tree, String> {
        let mut scene = Scene::new(tree);
        let all: Vec<&'static Component> = possible(name).into_iter().filter_map(Component::find).collect();
        let (_, plan) = add(&scene, &all)?;
        scene.write(&plan);
        // What the lock remembers of replaced text has the ending of that text.
        let lock = scene.tree.iter_mut().find(|(path, _)| path.ends_with("paxx.lock"));
        let (_, lock) = lock.ok_or("no lock")?;
        *lock = String::from_utf8_lossy(lock).replace("\\r\\n", "\\n").into_bytes();
        Ok(scene.tree)
    };
    let mut failures = Vec::new();
    for (name, tree) in fixtures() {
        let tree = to_lf(&tree);
        match (added(&name, &tree), added(&name, &to_crlf(&tree))) {
            (Ok(left), Ok(right)) => {
                if let Some(words) = difference(&to_crlf(&left), &right) {
                    fail(&mut failures, format!("{name}:\n{words}"));
                }
            }
            (left, right) => fail(&mut failures, format!("{name}: {:?} {:?}", left.err(), right.err())),
        }
    }
    report(&failures);
}

fn mutated(tree: &Tree, mutations: &[(Mutation, u64)]) -> Tree {
    mutations.iter().fold(tree.clone(), |tree, (mutation, seed)| mutation::apply(&tree, *mutation, *seed))
}

/// The verdict must not depend on how a project is written.
fn the_same_verdict(tree: &Tree, mutations: &[(Mutation, u64)], journey: &Journey) -> Result<(), String> {
    let other = mutated(tree, mutations);
    match travel(&other, journey)? {
        Verdict::Added(_) => Ok(()),
        Verdict::Refused(codes) => match travel(tree, journey)? {
            Verdict::Refused(known) if known == codes => Ok(()),
            verdict => Err(format!("{verdict:?}, but the project in its other form is refused by {codes:?}")),
        },
    }
}

#[test]
fn no_way_to_write_a_project_changes_the_verdict() {
    let mut failures = Vec::new();
    for (fixture, (name, tree)) in fixtures().into_iter().enumerate() {
        for (_, mutation) in mutation::ALL.into_iter().enumerate().filter(|(number, _)| is_tried(fixture + number)) {
            let journey = Journey { components: possible(&name), one_by_one: false, seed: 5 };
            if let Err(why) = the_same_verdict(&tree, &[(mutation, 5)], &journey) {
                fail(&mut failures, format!("{name} {mutation:?}: {why}"));
            }
        }
    }
    report(&failures);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(24),
        max_shrink_iters: 24,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_laws_hold_for_mutated_projects(
        fixture in 0..fixtures().len(),
        components in proptest::sample::subsequence(everything(), 1..=COMPONENTS.len()),
        mutations in proptest::collection::vec((proptest::sample::select(&mutation::ALL[..]), any::<u64>()), 1..4),
        one_by_one in any::<bool>(),
        seed in any::<u64>(),
    ) {
        let (name, tree) = &fixtures()[fixture];
        let journey = Journey { components, one_by_one, seed };
        if let Err(why) = the_same_verdict(tree, &mutations, &journey) {
            return Err(TestCaseError::fail(format!("{name}: {why}")));
        }
    }
}
