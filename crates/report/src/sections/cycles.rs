//! Section "Cycles": all cycles by period and depth.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::section::{Section, as_of};
use crate::format::{Fixed, Period};
use crate::model::{CyclePoint, Report};
use crate::table::{HtmlCell, HtmlColumn, table};
use crate::tabs::tabs;

pub const SECTION: Section = Section {
    id: "cycles",
    title: "Cycles",
    description: "Period and depth of every cycle of the leaders. Circle area grows with the energy share; colors are the largest clusters of similar cycles across symbols (GP: price, GV: volume, GM: both).",
    content,
    has_content: |report| !report.cycles.is_empty(),
    time: |report| as_of(report.cycle_window.map(|window| window.1)),
};

/// Size of the scatter plot and margins for its axes, in SVG units.
const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 380.0;
const LEFT: f64 = 56.0;
const BOTTOM: f64 = 34.0;
const TOP: f64 = 10.0;
const RIGHT: f64 = 24.0;

/// Classes of the clusters that have a color, largest cluster first; all others share one.
const CLUSTER_CLASSES: [&str; 6] = ["c0", "c1", "c2", "c3", "c4", "c5"];
const OTHER_CLUSTER_CLASS: &str = "cx";

const MAX_TABLE_ROWS: usize = 200;

fn content(report: &Report) -> Markup {
    let panel = |name: &'static str, is_volume: bool| {
        let cycles = report.cycles.iter().filter(|cycle| cycle.is_volume == is_volume);
        let mut cycles: Vec<&CyclePoint> = cycles.collect();
        // The plot draws large circles first, so that they do not hide small ones.
        cycles.sort_by(|a, b| b.energy_share.total_cmp(&a.energy_share));
        let content = || html! { (scatter_plot(name, &cycles)) (cycle_table(name, &cycles)) };
        (!cycles.is_empty()).then(|| (name.to_owned(), content()))
    };
    let panels: Vec<(String, Markup)> =
        [panel("price", false), panel("volume", true)].into_iter().flatten().collect();
    tabs("series", &panels, 0)
}

/// A logarithmic axis.
struct LogAxis {
    /// Logarithms of the lowest and highest value on the axis.
    low: f64,
    high: f64,
}

impl LogAxis {
    /// An axis that covers all positive values, with a margin.
    fn covering(values: impl Iterator<Item = f64>) -> LogAxis {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values.filter(|value| *value > 0.0) {
            low = low.min(value.ln());
            high = high.max(value.ln());
        }
        let margin = 0.05 * (high - low) + 0.2;
        LogAxis { low: low - margin, high: high + margin }
    }

    /// Position of a value along the axis, 0 to 1.
    fn position(&self, value: f64) -> f64 {
        ((value.max(1e-300).ln() - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }

    fn contains(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value.ln())
    }
}

fn scatter_plot(name: &str, cycles: &[&CyclePoint]) -> Markup {
    const PERIODS_MINUTES: [f64; 9] =
        [5.0, 15.0, 60.0, 240.0, 720.0, 1440.0, 4320.0, 10_080.0, 43_200.0];
    const DEPTHS_PCT: [f64; 9] = [0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0];
    let periods = LogAxis::covering(cycles.iter().map(|cycle| cycle.period_days));
    let depths = LogAxis::covering(cycles.iter().map(|cycle| cycle.amp_pct));
    let x = |period_days: f64| LEFT + periods.position(period_days) * (WIDTH - LEFT - RIGHT);
    let y = |depth_pct: f64| TOP + (1.0 - depths.position(depth_pct)) * (HEIGHT - TOP - BOTTOM);
    let clusters = largest_clusters(cycles);
    html! {
        div class="scroll" tabindex="0" role="region" aria-label={ "Cycles of " (name) } {
            svg class="scatter" viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img"
                aria-label={ (cycles.len()) " cycles of " (name) "; x: period, y: depth" } {
                @for days in PERIODS_MINUTES.map(|minutes| minutes / 1440.0) {
                    @if periods.contains(days) {
                        path class="grid" d={ "M" (Fixed(x(days), 0)) " 0v" (HEIGHT - BOTTOM) } {}
                        text x=(Fixed(x(days), 0)) y=(HEIGHT - 14.0) text-anchor="middle" {
                            (Period(days).to_string().replace(".0", ""))
                        }
                    }
                }
                @for depth in DEPTHS_PCT {
                    @if depths.contains(depth) {
                        path class="grid" d={ "M" (LEFT) " " (Fixed(y(depth), 0)) "H" (WIDTH) } {}
                        text x=(LEFT - 6.0) y=(Fixed(y(depth) + 4.0, 0)) text-anchor="end" { (depth) " %" }
                    }
                }
                @for cycle in cycles {
                    circle class=(cluster_class(&clusters, &cycle.cluster))
                        cx=(Fixed(x(cycle.period_days), 0)) cy=(Fixed(y(cycle.amp_pct), 0))
                        r=(Fixed(radius(cycle.energy_share), 1)) {
                        title {
                            (cycle.symbol) ": " (Period(cycle.period_days)) ", "
                            (Fixed(cycle.amp_pct, 1)) " % deep, "
                            (Fixed(100.0 * cycle.energy_share, 2)) " % of energy, " (cycle.cluster)
                        }
                    }
                }
            }
        }
        p class="legend" {
            @for cluster in &clusters {
                span { i class=(cluster_class(&clusters, cluster)) {} (cluster) }
            }
            span { i class=(OTHER_CLUSTER_CLASS) {} "other clusters" }
        }
    }
}

/// Radius of a cycle's circle: its area grows with the energy.
fn radius(energy_share: f64) -> f64 {
    let share = if energy_share.is_nan() { 0.0 } else { energy_share.clamp(0.0, 1.0) };
    2.5 + 18.0 * share.sqrt()
}

fn cluster_class(largest: &[&str], cluster: &str) -> &'static str {
    let index = largest.iter().position(|other| *other == cluster);
    index.and_then(|index| CLUSTER_CLASSES.get(index)).unwrap_or(&OTHER_CLUSTER_CLASS)
}

/// The clusters with most cycles, largest first. Clusters of a single cycle are left out.
fn largest_clusters<'a>(cycles: &[&'a CyclePoint]) -> Vec<&'a str> {
    let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
    cycles.iter().for_each(|cycle| *sizes.entry(&cycle.cluster).or_default() += 1);
    let mut clusters: Vec<(&str, usize)> =
        sizes.into_iter().filter(|(_, size)| *size > 1).collect();
    clusters.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    clusters.into_iter().take(CLUSTER_CLASSES.len()).map(|(cluster, _)| cluster).collect()
}

/// The cycles with most energy.
fn cycle_table(name: &str, cycles: &[&CyclePoint]) -> Markup {
    let mut cycles = cycles.to_vec();
    cycles.sort_by(|a, b| {
        b.energy_share.total_cmp(&a.energy_share).then_with(|| a.symbol.cmp(&b.symbol))
    });
    let columns = [
        HtmlColumn::text("symbol"),
        HtmlColumn::number("period"),
        HtmlColumn::number("depth %"),
        HtmlColumn::number("energy %").tooltip("share of the energy of all modes of the series"),
        HtmlColumn::text("cluster"),
    ];
    let cells = |cycle: &&CyclePoint| {
        vec![
            HtmlCell::new(&cycle.symbol),
            HtmlCell::new(Period(cycle.period_days)).sort_key(cycle.period_days),
            HtmlCell::new(Fixed(cycle.amp_pct, 1)),
            HtmlCell::new(Fixed(100.0 * cycle.energy_share, 2)),
            HtmlCell::new(&cycle.cluster),
        ]
    };
    html! {
        details class="more" {
            summary { "Show as table" }
            (table(&format!("Cycles of {name}"), &columns, cycles.iter().take(MAX_TABLE_ROWS).map(cells)))
            @if cycles.len() > MAX_TABLE_ROWS {
                p class="about" {
                    "Top " (MAX_TABLE_ROWS) " of " (cycles.len()) " by energy"
                    "; all are in imf_summary.parquet."
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axis_positions_are_logarithmic_and_bounded() {
        let axis = LogAxis::covering([1.0, 100.0, -5.0].into_iter());
        assert!((axis.position(10.0) - 0.5).abs() < 1e-12);
        assert_eq!([axis.position(0.0), axis.position(1e9)], [0.0, 1.0]);
        assert!(axis.contains(1.0) && axis.contains(100.0) && !axis.contains(1e9));
    }

    #[test]
    fn missing_energy_is_the_smallest_circle() {
        assert_eq!(
            [radius(f64::NAN), radius(0.0), radius(1.0), radius(7.0)],
            [2.5, 2.5, 20.5, 20.5]
        );
    }
}
