//! Every cycle, by period and depth.

use std::collections::BTreeMap;

use super::{Section, tabs};
use crate::html::{escape, number, period, put};
use crate::model::{Cycle, Report};
use crate::table::{Cell, Column, render as table};

pub const SECTION: Section = Section {
    id: "cycles",
    title: "Cycles",
    about: "Each cycle of each leader: how long, how deep, the larger the more energy. A colour is a cluster over all symbols.",
    render,
    is_there: |report| !report.cycles.is_empty(),
    of: |report| super::as_of(report.cycles_of.map(|span| span.1)),
};

const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 380.0;
/// Room for the axes.
const LEFT: f64 = 56.0;
const BOTTOM: f64 = 34.0;
const TOP: f64 = 10.0;
const RIGHT: f64 = 24.0;
/// Clusters that have a colour of their own.
const COLOURS: usize = 6;
/// Rows of the table.
const ROWS: usize = 200;

fn render(report: &Report, out: &mut String) {
    let of = |of_volume: bool| -> Vec<&Cycle> {
        report.cycles.iter().filter(|cycle| cycle.of_volume == of_volume).collect()
    };
    let parts: Vec<(String, (&str, Vec<&Cycle>))> = [("price", of(false)), ("volume", of(true))]
        .into_iter()
        .filter(|(_, cycles)| !cycles.is_empty())
        .map(|(name, cycles)| (name.to_owned(), (name, cycles)))
        .collect();
    tabs(out, "series", &parts, 0, |(name, cycles), out| {
        scatter(name, cycles, out);
        list(name, cycles, out);
    });
}

/// A scale on which equal ratios are equal lengths.
struct Log {
    low: f64,
    high: f64,
}

impl Log {
    /// Holds all of `values`, with a little room.
    fn of(values: impl Iterator<Item = f64>) -> Log {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values.filter(|value| *value > 0.0) {
            low = low.min(value.ln());
            high = high.max(value.ln());
        }
        let room = 0.05 * (high - low) + 0.2;
        Log { low: low - room, high: high + room }
    }

    /// From 0 to 1.
    fn share(&self, value: f64) -> f64 {
        ((value.max(1e-300).ln() - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }

    fn holds(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value.ln())
    }
}

fn scatter(name: &str, cycles: &[&Cycle], out: &mut String) {
    let (across, up) =
        (Log::of(cycles.iter().map(|c| c.period_days)), Log::of(cycles.iter().map(|c| c.amp_pct)));
    let x = |period: f64| LEFT + across.share(period) * (WIDTH - LEFT - RIGHT);
    let y = |depth: f64| TOP + (1.0 - up.share(depth)) * (HEIGHT - TOP - BOTTOM);
    let clusters = largest(cycles);
    put!(
        out,
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Cycles of {name}\"><svg class=\"scatter\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
         aria-label=\"{} cycles of {name}: period across, depth upwards\">",
        cycles.len()
    );
    for minutes in [5.0, 15.0, 60.0, 240.0, 720.0, 1440.0, 4320.0, 10_080.0, 43_200.0] {
        let days = minutes / 1440.0;
        if across.holds(days) {
            put!(
                out,
                "<path class=\"grid\" d=\"M{0:.0} 0v{1}\"/><text x=\"{0:.0}\" y=\"{2}\" text-anchor=\"middle\">{3}</text>",
                x(days),
                HEIGHT - BOTTOM,
                HEIGHT - 14.0,
                period(days).replace(".0", "")
            );
        }
    }
    for depth in [0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0] {
        if up.holds(depth) {
            put!(
                out,
                "<path class=\"grid\" d=\"M{LEFT} {0:.0}H{WIDTH}\"/><text x=\"{1}\" y=\"{2:.0}\" text-anchor=\"end\">{depth} %</text>",
                y(depth),
                LEFT - 6.0,
                y(depth) + 4.0
            );
        }
    }
    // The large ones first, so that they do not hide the small.
    let mut ordered = cycles.to_vec();
    ordered.sort_by(|a, b| b.energy_share.total_cmp(&a.energy_share));
    for cycle in ordered {
        let colour = clusters.iter().position(|cluster| *cluster == cycle.cluster);
        put!(
            out,
            "<circle class=\"c{}\" cx=\"{:.0}\" cy=\"{:.0}\" r=\"{:.1}\"><title>{}: {}, {} % deep, {} % of energy, {}</title></circle>",
            colour.map_or("x".to_owned(), |colour| colour.to_string()),
            x(cycle.period_days),
            y(cycle.amp_pct),
            2.5 + 18.0 * cycle.energy_share.clamp(0.0, 1.0).sqrt(),
            escape(&cycle.symbol),
            period(cycle.period_days),
            number(cycle.amp_pct, 1),
            number(100.0 * cycle.energy_share, 2),
            escape(&cycle.cluster)
        );
    }
    out.push_str("</svg></div><p class=\"legend\">");
    for (place, cluster) in clusters.iter().enumerate() {
        put!(out, "<span><i class=\"c{place}\"></i>{}</span>", escape(cluster));
    }
    out.push_str("<span><i class=\"cx\"></i>others</span></p>");
}

/// The clusters with most cycles.
fn largest<'a>(cycles: &[&'a Cycle]) -> Vec<&'a str> {
    let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
    cycles.iter().for_each(|cycle| *sizes.entry(&cycle.cluster).or_default() += 1);
    let mut clusters: Vec<(&str, usize)> = sizes.into_iter().filter(|(_, size)| *size > 1).collect();
    clusters.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    clusters.into_iter().take(COLOURS).map(|(cluster, _)| cluster).collect()
}

fn list(name: &str, cycles: &[&Cycle], out: &mut String) {
    let mut ordered = cycles.to_vec();
    ordered.sort_by(|a, b| b.energy_share.total_cmp(&a.energy_share).then_with(|| a.symbol.cmp(&b.symbol)));
    let columns = [
        Column::text("symbol"),
        Column::number("period"),
        Column::number("depth %"),
        Column::number("energy %").about("share of the series' energy"),
        Column::text("cluster"),
    ];
    let row = |cycle: &&Cycle| {
        vec![
            Cell::text(&cycle.symbol),
            Cell::text(&period(cycle.period_days)).by(cycle.period_days),
            Cell::text(&number(cycle.amp_pct, 1)),
            Cell::text(&number(100.0 * cycle.energy_share, 2)),
            Cell::text(&cycle.cluster),
        ]
    };
    let rows: Vec<Vec<Cell>> = ordered.iter().take(ROWS).map(row).collect();
    put!(out, "<details class=\"more\"><summary>As a table</summary>");
    table(out, &format!("Cycles of {name}"), &columns, &rows);
    if ordered.len() > ROWS {
        put!(
            out,
            "<p class=\"about\">The {ROWS} with most energy of {}; imf_summary.parquet has all.</p>",
            ordered.len()
        );
    }
    out.push_str("</details>");
}
