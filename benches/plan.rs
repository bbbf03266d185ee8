//! What a dry run costs inside the process: finding the project, planning, and the diff.
//!
//! `cargo bench --bench plan`. Whole processes are measured by `benches/figures`.

use std::path::PathBuf;

use paxx::apply::{Contents, FileChange};
use paxx::check;
use paxx::component::Component;
use paxx::plan::{self, Allowances, Plan};
use paxx::project::discover::{Discovery, discover};
use paxx::project::options::Options;
use paxx::render::diff;

fn main() {
    divan::main();
}

fn bookshop() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/bootstrapped")
}

fn find() -> Discovery {
    discover(&bookshop(), &Options::default()).expect("a project")
}

fn add(discovery: &Discovery, name: &str) -> Plan {
    let component = Component::find(name).expect("a component");
    plan::add(discovery, discovery.lock.as_ref().expect("no lock"), &[component], &Allowances::default())
}

fn changes(plan: &Plan) -> Vec<FileChange> {
    let contents =
        |file: &std::rc::Rc<paxx::project::File>| Contents { bytes: file.bytes().clone(), executable: file.executable };
    plan.files
        .iter()
        .map(|file| FileChange {
            path: file.path.clone(),
            before: file.before.as_ref().map(contents),
            after: file.after.as_ref().map(contents),
        })
        .collect()
}

#[divan::bench]
fn discovering() -> Discovery {
    find()
}

#[divan::bench(args = ["redis", "metrics", "storage", "arq", "websocket", "postgis"])]
fn planning(bencher: divan::Bencher, name: &str) {
    bencher.with_inputs(find).bench_local_values(|discovery| add(&discovery, name).files.len());
}

#[divan::bench]
fn showing(bencher: divan::Bencher) {
    let plan = add(&find(), "metrics");
    let changes = changes(&plan);
    bencher.bench_local(|| diff::unified(&changes, false));
}

#[divan::bench]
fn dry_run(bencher: divan::Bencher) {
    bencher.bench_local(|| diff::unified(&changes(&add(&find(), "metrics")), false));
}

#[divan::bench]
fn checking(bencher: divan::Bencher) {
    let redis = Component::find("redis").expect("a component");
    let discovery = find();
    let lock = discovery.lock.clone().expect("no lock");
    bencher.bench_local(|| check::findings(&discovery.project, &lock, &[redis], false).len());
}
