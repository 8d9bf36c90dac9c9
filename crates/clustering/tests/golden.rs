//! Compares the algorithms with scikit-learn, hdbscan and kneed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;

use clustering::dbscan::{DbscanGrid, DbscanIndex};
use clustering::mixture::{self, Mixture};
use clustering::scale::RobustScaler;
use clustering::{Labels, Points, hdbscan, kmeans, knee, silhouette};
use libtest_mimic::Arguments;
use serde_json::Value;
use testkit::Need::Shared;
use testkit::{npz, trial};

fn main() {
    let tests = vec![
        trial(
            "hdbscan_and_scaling_match_the_pools",
            &[Shared],
            hdbscan_and_scaling_match_the_pools,
        ),
        trial(
            "kmeans_matches_pools_without_hdbscan_clusters",
            &[Shared],
            kmeans_matches_pools_without_hdbscan_clusters,
        ),
        trial("mixtures_match_from_given_labels", &[Shared], mixtures_match_from_given_labels),
        trial(
            "fitted_mixtures_are_as_likely_as_expected",
            &[Shared],
            fitted_mixtures_are_as_likely_as_expected,
        ),
        trial("dbscan_grid_search_matches", &[Shared], dbscan_grid_search_matches),
        trial("knees_match", &[Shared], knees_match),
    ];
    libtest_mimic::run(&Arguments::from_args(), tests).exit();
}

fn golden(name: &str) -> std::path::PathBuf {
    testkit::shared().expect("the shared folder is required").join("golden").join(name)
}

fn json(name: &str) -> Value {
    let path = golden(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).expect("JSON")
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(|x| x.as_f64().unwrap_or(f64::NAN)).collect()
}

/// Rows of `dim` numbers, flat.
fn flat(value: &Value, dim: usize) -> Vec<f64> {
    let rows = value.as_array().expect("a list").iter();
    rows.flat_map(|row| {
        Some(numbers(row)).filter(|row| row.len() == dim).expect("rows of the dimension")
    })
    .collect()
}

fn points(values: &[f64], dim: usize) -> Points<'_> {
    Points::new(values, dim).expect("valid points")
}

fn labels(value: &Value) -> Labels {
    numbers(value).iter().map(|x| (*x >= 0.0).then_some(*x as usize)).collect()
}

#[track_caller]
fn close(got: f64, expected: f64, tolerance: f64, what: &str) {
    let within = (got - expected).abs() <= tolerance * expected.abs().max(1e-300);
    assert!(within || got == expected, "{what}: {got}, expected {expected}");
}

/// Whether two clusterings are equal up to the numbers of the clusters.
fn same(a: &Labels, b: &Labels) -> bool {
    let mut pairs = BTreeMap::new();
    let mut back = BTreeMap::new();
    let matches = |(a, b): (&Option<usize>, &Option<usize>)| {
        *pairs.entry(*a).or_insert(*b) == *b && *back.entry(*b).or_insert(*a) == *a
    };
    a.len() == b.len() && a.iter().zip(b).all(matches)
}

const FEATURES: [&str; 6] =
    ["period_days", "amp_pct", "energy_share", "cycles_count", "pct_cycles_ge_2pct", "phase_var"];

/// The features of the rows of a pool, flat.
fn pool(table: &str, pool: &str) -> Vec<f64> {
    let text = std::fs::read_to_string(golden(&format!("imf/table{table}_clustered.csv")))
        .expect("a table");
    let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let header = lines.next().expect("a header");
    let column = |name: &str| header.iter().position(|column| *column == name).expect("a column");
    let rows = lines.filter(|row| pool == "mixed" || row[column("series")] == pool);
    let rows = rows.filter(|row| row[column("imf_id")] != "-1");
    rows.flat_map(|row| FEATURES.map(|name| row[column(name)].parse().expect("a number"))).collect()
}

fn scaled(raw: &[f64], dim: usize, info: &Value) -> Vec<f64> {
    let scaler = RobustScaler::fit(points(raw, dim));
    let expected = (numbers(&info["center"]), numbers(&info["scale"]));
    for d in 0..dim {
        close(scaler.center[d], expected.0[d], 1e-14, "center");
        close(scaler.scale[d], expected.1[d], 1e-13, "scale");
    }
    scaler.transform(points(raw, dim)).expect("the dimension fitted")
}

fn hdbscan_and_scaling_match_the_pools() {
    for (table, info) in [("A", "A"), ("A", "A_mixed"), ("B", "B"), ("C", "C"), ("R", "R")] {
        let info = json(&format!("imf/table{info}_info.json"));
        for (name, info) in info.as_object().unwrap() {
            let scaled = scaled(&pool(table, name), 6, info);
            let found = hdbscan::leaf_clusters(points(&scaled, 6), 8);
            if info["method"] == "hdbscan" {
                let expected = labels(&info["hdbscan"]["sklearn_ms9_brute"]);
                assert!(
                    same(&found, &expected),
                    "{table} {name}: {found:?}, expected {expected:?}"
                );
            } else {
                assert!(found.iter().all(Option::is_none), "{table} {name}");
            }
        }
    }
}

fn kmeans_matches_pools_without_hdbscan_clusters() {
    for (table, min_score) in [("B", None), ("R", Some(0.485))] {
        let info = json(&format!("imf/table{table}_info.json"));
        for (name, info) in info.as_object().unwrap() {
            let scaled = scaled(&pool(table, name), 6, info);
            let found = kmeans::select_k(points(&scaled, 6), 12, 10, 1337).unwrap();
            let best = found.silhouettes.iter().map(|(_, score)| *score).fold(0.0, f64::max);
            // The result of one pool depends on the seed.
            match min_score {
                Some(min_score) if name == "price" => assert!(best >= min_score, "{best}"),
                _ => {
                    assert_eq!(found.k as u64, info["k"].as_u64().unwrap(), "{table} {name}");
                    close(
                        best,
                        info["silhouette_by_k"][found.k.to_string()].as_f64().unwrap(),
                        1e-12,
                        name,
                    );
                }
            }
        }
    }
}

fn mixtures_match_from_given_labels() {
    for (name, case) in json("imf_cluster/gmm_em_from_labels.json").as_object().unwrap() {
        let values = flat(&case["X_scaled"], 3);
        let start: Vec<usize> = labels(&case["hard_labels"]).into_iter().flatten().collect();
        let k = case["weights"].as_array().unwrap().len();
        let found = Mixture::from_labels(points(&values, 3), &start, k).unwrap().unwrap();
        assert_eq!(found.iterations as u64, case["n_iter"].as_u64().unwrap(), "{name}");
        assert_eq!(found.converged, case["converged"].as_bool().unwrap(), "{name}");
        close(found.log_likelihood, case["total_loglik"].as_f64().unwrap(), 1e-8, name);
        close(found.bic(), case["bic"].as_f64().unwrap(), 1e-8, name);
        assert_eq!(
            found.labels,
            labels(&case["labels"]).into_iter().flatten().collect::<Vec<_>>(),
            "{name}"
        );
        for (c, component) in found.components.iter().enumerate() {
            close(component.weight, case["weights"][c].as_f64().unwrap(), 1e-8, name);
            for a in 0..3 {
                close(component.mean[a], case["means"][c][a].as_f64().unwrap(), 1e-7, name);
                for b in 0..3 {
                    let expected = case["covariances"][c][a][b].as_f64().unwrap();
                    let size = (component.covariance[4 * a] * component.covariance[4 * b]).sqrt();
                    assert!(
                        (component.covariance[3 * a + b] - expected).abs() < 1e-8 * size,
                        "{name}"
                    );
                }
            }
        }
    }
}

/// The matched cycles of each window: name, scaled points (flat, 3 coordinates), expected results.
fn windows() -> Vec<(String, Vec<f64>, Value)> {
    let cycles = golden("imf_cluster/series_modes_cycles.npz");
    let details = json("imf_cluster/details.json");
    let window = |(name, case): (&String, &Value)| {
        let fused = npz::load(&cycles, &format!("{name}__fused"));
        // imf, start, end, minutes, amplitude, volume cycles, total volume
        let raw: Vec<f64> = fused.rows().iter().flat_map(|row| [row[4], row[3], row[6]]).collect();
        (raw.len() > 3).then(|| (name.clone(), scaled(&raw, 3, case), case.clone()))
    };
    details["windows"].as_object().unwrap().iter().filter_map(window).collect()
}

fn fitted_mixtures_are_as_likely_as_expected() {
    for (name, values, case) in windows() {
        let points = points(&values, 3);
        let Some(bics) = case["gmm"]["bic_seed0"].as_object() else { continue };
        let median = |k: usize| {
            case["gmm"]["bic_over_15_other_seeds"][k.to_string()]["median"].as_f64().unwrap()
        };
        let mut lowest = f64::INFINITY;
        for (k, bic) in bics {
            let found = mixture::fit(points, k.parse().unwrap(), 5, 1337).unwrap();
            let others = case["gmm"]["bic_over_15_other_seeds"][k]["max"].as_f64().unwrap();
            let greatest = others.max(bic.as_f64().unwrap());
            assert!(found.bic() <= greatest + 1e-6, "{name} {k}: {} {greatest}", found.bic());
            lowest = lowest.min(found.bic());
        }
        let best = case["gmm"]["best_k"].as_u64().unwrap() as usize;
        assert!(lowest <= median(best), "{name}: {lowest}, {}", median(best));
        let max_components = bics.keys().map(|k| k.parse().unwrap()).max().unwrap();
        let chosen = mixture::select_by_bic(points, max_components, 5, 1337).unwrap();
        assert_eq!(chosen.bic(), lowest);
        // If all seeds of the reference agree on a mixture, this one agrees with it.
        let of = |field: &str| {
            case["gmm"]["bic_over_15_other_seeds"][best.to_string()][field].as_f64().unwrap()
        };
        if chosen.components.len() == best && of("max") - of("min") < 1.0 {
            let expected = labels(&case["gmm"]["labels"]);
            let ours: Labels = chosen.labels.iter().map(|label| Some(*label)).collect();
            assert!(adjusted_rand_index(&ours, &expected) >= 0.9, "{name}");
        }
    }
}

/// Adjusted Rand index of two clusterings: 1 for equal ones, about 0 for random ones (Hubert and
/// Arabie 1985).
fn adjusted_rand_index(a: &Labels, b: &Labels) -> f64 {
    let pairs = |n: usize| n as f64 * (n as f64 - 1.0) / 2.0;
    fn counts<K: Ord>(keys: impl Iterator<Item = K>) -> Vec<usize> {
        let mut counts = BTreeMap::new();
        keys.for_each(|key| *counts.entry(key).or_insert(0) += 1);
        counts.into_values().collect()
    }
    let sum = |counts: Vec<usize>| counts.into_iter().map(pairs).sum::<f64>();
    let (both, own, other) =
        (sum(counts(a.iter().zip(b))), sum(counts(a.iter())), sum(counts(b.iter())));
    let chance = own * other / pairs(a.len());
    (both - chance) / ((own + other) / 2.0 - chance)
}

fn dbscan_grid_search_matches() {
    let grid = DbscanGrid {
        eps_steps: 10,
        min_min_samples: 2,
        max_min_samples: 7,
        max_silhouette_points: 4000,
        seed: 1337,
    };
    for (name, values, case) in windows() {
        let points = points(&values, 3);
        let case = &case["dbscan"];
        let index = DbscanIndex::new(points, 7);
        let kth = index.kth_distances(7.min(points.len()));
        for (got, expected) in kth.iter().zip(numbers(&case["kth_distance"])) {
            close(*got, expected, 1e-10, &name);
        }
        let found = grid.search(points).unwrap();
        assert_eq!(found.cells.len(), case["grid"].as_array().unwrap().len(), "{name}");
        for (cell, expected) in found.cells.iter().zip(case["grid"].as_array().unwrap()) {
            close(cell.eps, expected["eps"].as_f64().unwrap(), 1e-10, &name);
            let counts = [cell.min_samples, cell.clusters, cell.noise];
            let expected_counts = ["min_samples", "n_clusters", "n_noise"]
                .map(|field| expected[field].as_u64().unwrap() as usize);
            assert_eq!(counts, expected_counts, "{name} {}", cell.eps);
            match (cell.silhouette, expected["silhouette"].as_f64()) {
                (Some(got), Some(expected)) => close(got, expected, 1e-10, &name),
                (got, expected) => assert_eq!(got, expected, "{name}"),
            }
        }
        close(found.eps, case["chosen"]["eps"].as_f64().unwrap(), 1e-10, &name);
        assert_eq!(
            found.min_samples as u64,
            case["chosen"]["min_samples"].as_u64().unwrap(),
            "{name}"
        );
        assert_eq!(found.labels, labels(&case["labels"]), "{name}");
        assert_eq!(
            silhouette::mean(points, &found.labels).unwrap().is_some(),
            found.silhouette.is_some()
        );
    }
}

fn knees_match() {
    for (name, case) in json("imf_cluster/knee.json").as_object().unwrap() {
        let curve = numbers(&case["x"]);
        let found = knee::find(&curve);
        assert_eq!(found.map(|index| index as u64), case["knee_index"].as_u64(), "{name}");
    }
}
