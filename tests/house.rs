//! The house rules that a program can read: which way arrows point, and what may not be said.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The storeys, from the ground up. A module may use those of storeys below its own, and its neighbours.
const STOREYS: &[&[&str]] = &[
    &["kernel"],
    &["error", "ids"],
    &["db"],
    &["config"],
    &[
        "jobs",
        "mail",
        "payments",
        "ledger",
        "auth",
        "audit",
        "web",
        "media",
        "documents",
    ],
    &[
        "campaigns",
        "pages",
        "teams",
        "membership",
        "partners",
        "impact",
        "desk",
        "funds",
        "grants",
        "totals",
        "walls",
        "donations",
        "findings",
        "matching",
        "payouts",
        "offline",
        "books",
        "diary",
        "coaching",
        "consent_vault",
        "stories",
        "subscribers",
        "segments",
        "newsletters",
        "analytics",
        "deliveries",
        "sequences",
        "bounces",
        "accounts",
        "console",
        "home",
        "demo",
        "openapi",
    ],
    &["app"],
    &["cli"],
];

/// Between neighbours: who may use whom.
const NEIGHBOURS: &[(&str, &[&str])] = &[
    ("mail", &["jobs", "web"]),
    ("auth", &["web"]),
    ("audit", &["auth"]),
    ("media", &["auth", "jobs", "web"]),
    ("documents", &["auth", "web"]),
    ("impact", &["partners"]),
    ("desk", &["partners", "impact"]),
    ("funds", &["partners"]),
    ("walls", &["totals"]),
    ("grants", &["campaigns", "funds", "partners"]),
    (
        "campaigns",
        &["funds", "partners", "impact", "totals", "walls"],
    ),
    ("teams", &["campaigns", "totals", "walls"]),
    (
        "pages",
        &[
            "campaigns",
            "teams",
            "totals",
            "walls",
            "impact",
            "partners",
            "offline",
        ],
    ),
    ("membership", &["campaigns", "pages", "teams", "totals"]),
    (
        "donations",
        &[
            "grants",
            "pages",
            "teams",
            "campaigns",
            "funds",
            "partners",
            "impact",
            "totals",
            "walls",
            "findings",
            "matching",
            "offline",
            "subscribers",
        ],
    ),
    ("offline", &[]),
    ("findings", &[]),
    ("matching", &[]),
    ("payouts", &["donations", "findings"]),
    ("consent_vault", &[]),
    (
        "stories",
        &["consent_vault", "campaigns", "partners", "impact"],
    ),
    ("subscribers", &["campaigns"]),
    ("segments", &["subscribers", "campaigns", "partners"]),
    (
        "newsletters",
        &[
            "subscribers",
            "segments",
            "campaigns",
            "partners",
            "impact",
            "stories",
            "grants",
            "donations",
            "pages",
            "funds",
            "totals",
            "books",
            "consent_vault",
        ],
    ),
    ("analytics", &["newsletters", "subscribers"]),
    (
        "deliveries",
        &[
            "newsletters",
            "analytics",
            "subscribers",
            "segments",
            "campaigns",
        ],
    ),
    (
        "sequences",
        &[
            "deliveries",
            "newsletters",
            "segments",
            "subscribers",
            "campaigns",
        ],
    ),
    ("bounces", &["deliveries", "newsletters", "subscribers"]),
    ("books", &["campaigns", "funds", "partners"]),
    (
        "diary",
        &["campaigns", "pages", "teams", "totals", "offline"],
    ),
    (
        "coaching",
        &[
            "campaigns",
            "pages",
            "teams",
            "totals",
            "walls",
            "donations",
            "offline",
            "diary",
        ],
    ),
    (
        "accounts",
        &[
            "campaigns",
            "pages",
            "teams",
            "partners",
            "impact",
            "funds",
            "totals",
            "walls",
            "donations",
            "offline",
            "diary",
            "coaching",
            "subscribers",
        ],
    ),
    (
        "console",
        &[
            "newsletters",
            "analytics",
            "bounces",
            "segments",
            "subscribers",
            "grants",
            "stories",
            "consent_vault",
            "campaigns",
            "pages",
            "teams",
            "partners",
            "impact",
            "funds",
            "totals",
            "walls",
            "donations",
            "offline",
            "findings",
            "matching",
            "payouts",
            "diary",
            "coaching",
            "accounts",
            "subscribers",
            "segments",
            "sequences",
            "newsletters",
            "newsletters",
            "deliveries",
        ],
    ),
    (
        "home",
        &[
            "books",
            "stories",
            "offline",
            "diary",
            "coaching",
            "campaigns",
            "pages",
            "teams",
            "partners",
            "impact",
            "funds",
            "totals",
            "walls",
        ],
    ),
    (
        "demo",
        &[
            "newsletters",
            "segments",
            "subscribers",
            "grants",
            "stories",
            "consent_vault",
            "campaigns",
            "pages",
            "teams",
            "partners",
            "impact",
            "funds",
            "totals",
            "donations",
            "offline",
            "matching",
            "payouts",
            "diary",
            "coaching",
            "subscribers",
            "segments",
            "newsletters",
            "sequences",
        ],
    ),
    (
        "openapi",
        &[
            "books",
            "grants",
            "stories",
            "membership",
            "diary",
            "campaigns",
            "pages",
            "teams",
            "partners",
            "impact",
            "funds",
            "donations",
            "accounts",
        ],
    ),
];

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            into.push(path);
        }
    }
}

fn all_sources() -> Vec<PathBuf> {
    let mut all = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut all);
    all.sort();
    all
}

fn module_of(path: &Path) -> String {
    let inner = path
        .strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))
        .unwrap();
    let first = inner.iter().next().unwrap().to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

/// The modules that a source names with `crate::`, outside comments.
fn named(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for line in text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
    {
        for part in line.split("crate::").skip(1) {
            let word: String = part
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                .collect();
            if word.is_empty() && part.starts_with('{') {
                let inner = part.trim_start_matches('{');
                names.extend(inner.split([',', '}']).map(|name| {
                    name.trim()
                        .chars()
                        .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                        .collect::<String>()
                }));
            } else {
                names.insert(word);
            }
        }
    }
    names
}

fn storey(module: &str) -> Option<usize> {
    STOREYS.iter().position(|storey| storey.contains(&module))
}

#[test]
fn arrows_point_down() {
    let mut wrong = Vec::new();
    for path in all_sources() {
        let module = module_of(&path);
        if ["lib", "main"].contains(&module.as_str()) {
            continue;
        }
        let own = storey(&module)
            .unwrap_or_else(|| panic!("{module} has no storey: say where it stands"));
        let text = std::fs::read_to_string(&path).unwrap();
        // Tests of a module may look around.
        let text = text.split("#[cfg(test)]").next().unwrap_or_default();
        if path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().contains("test"))
            || path
                .components()
                .any(|c| c.as_os_str() == "tests" || c.as_os_str() == "samples")
        {
            continue;
        }
        for used in named(text) {
            let Some(other) = storey(&used) else { continue };
            let neighbours = NEIGHBOURS
                .iter()
                .find(|(name, _)| *name == module)
                .map_or(&[][..], |(_, all)| all);
            let fine = used == module
                || other < own
                || (other == own && neighbours.contains(&used.as_str()));
            if !fine {
                wrong.push(format!("{} uses {used}", path.display()));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "arrows that point up or in a circle:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn neighbours_make_no_circle() {
    fn reach<'a>(from: &'a str, seen: &mut Vec<&'a str>) {
        for (_, uses) in NEIGHBOURS.iter().filter(|(name, _)| *name == from) {
            for used in uses.iter() {
                if !seen.contains(used) {
                    seen.push(used);
                    reach(used, seen);
                }
            }
        }
    }
    for (name, _) in NEIGHBOURS {
        let mut seen = Vec::new();
        reach(name, &mut seen);
        assert!(!seen.contains(name), "{name} leads back to itself");
    }
}

/// A noun may answer with another noun's shapes (types), never call its handlers (functions).
#[test]
fn no_handler_is_imported_by_another_noun() {
    for path in all_sources() {
        let module = module_of(&path);
        if ["openapi", "app"].contains(&module.as_str()) {
            continue;
        }
        let name = path.display().to_string();
        if name.contains("test") || name.contains("samples") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        for line in text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
        {
            for room in ["::html::", "::api::"] {
                let Some((before, after)) = line.split_once(room) else {
                    continue;
                };
                let noun = before.rsplit("crate::").next().unwrap_or_default();
                let names = after.trim_matches(|c| "{};".contains(c));
                let types = names
                    .split(',')
                    .all(|name| name.trim().starts_with(|c: char| c.is_ascii_uppercase()));
                assert!(
                    !before.contains("crate::") || noun == module || (room == "::api::" && types),
                    "{}: {line}",
                    path.display()
                );
            }
        }
    }
}

/// P1: no float near money.
#[test]
fn money_is_never_a_float() {
    let money = [
        "kernel/money",
        "kernel/apportion",
        "ledger/",
        "payments/",
        "donations/",
        "funds/",
        "src/grants/",
        "totals/",
    ];
    for path in all_sources() {
        let name = path.display().to_string();
        if !money.iter().any(|part| name.contains(part)) {
            continue;
        }
        for (number, line) in std::fs::read_to_string(&path).unwrap().lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            // Gauges of ages and counts speak Prometheus's floats; they are marked so.
            if code.contains(".set(")
                || code.contains("f64_seconds")
                || code.contains("seconds as f64")
            {
                continue;
            }
            let words: Vec<&str> = code
                .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .collect();
            assert!(
                !words.contains(&"f64") && !words.contains(&"f32"),
                "{name}:{}: {line}",
                number + 1
            );
        }
    }
}

/// P9: one version of async-stripe, and the one that is pinned.
#[test]
fn the_lock_file_holds_one_version_of_the_processor_library() {
    let lock =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.lock")).unwrap();
    let mut lines = lock.lines();
    let mut seen = 0;
    while let Some(line) = lines.next() {
        if line.starts_with("name = \"async-stripe") {
            assert_eq!(lines.next(), Some("version = \"1.0.0-rc.10\""), "{line}");
            seen += 1;
        }
    }
    assert!(seen >= 5);
}

#[test]
fn rooms_that_should_not_exist_do_not() {
    for path in all_sources() {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        assert!(
            !["utils", "util", "helpers", "helper", "common", "misc"].contains(&name.as_str()),
            "{}",
            path.display()
        );
    }
}
