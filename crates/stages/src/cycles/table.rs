//! The tables of cycles: each column is described once, with type, definition and source.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use bars::AsOf;

use super::cluster::{Cluster, Clustered};
use super::imf::Features;
use super::postprocess::{Judged, Summary, TOP};
use super::{CycleRow, SignalKind};
use crate::table::{ColumnSource, DType};

/// A row of the summary with its clusters.
#[derive(Debug, Clone)]
pub struct SummaryLine {
    /// The row.
    pub row: CycleRow,
    /// The as-of.
    pub asof: AsOf,
    /// Its cluster over all symbols; `None` for a stub.
    pub global: Option<Arc<Cluster>>,
    /// Its cluster within the symbol; `None` for a stub.
    pub asset: Option<Arc<Cluster>>,
}

/// Returns each row with its clusters.
pub fn summary_lines(rows: &[CycleRow], pools: &[Clustered], asof: AsOf) -> Vec<SummaryLine> {
    let by_row = |clusters: &mut dyn Iterator<Item = &Cluster>| {
        let mut of = BTreeMap::new();
        for cluster in clusters {
            let shared = Arc::new(cluster.clone());
            of.extend(cluster.rows.iter().map(|row| (*row, shared.clone())));
        }
        of
    };
    let mut global = by_row(&mut pools.iter().flat_map(|pool| &pool.global));
    let mut asset = by_row(&mut pools.iter().flat_map(|pool| &pool.asset).flat_map(|(_, own)| own));
    let line = |(place, row): (usize, &CycleRow)| SummaryLine {
        row: row.clone(),
        asof,
        global: global.remove(&place),
        asset: asset.remove(&place),
    };
    rows.iter().enumerate().map(line).collect()
}

/// Returns the columns of `imf_summary`.
pub fn summary() -> Vec<ColumnSource<SummaryLine>> {
    type Line = SummaryLine;
    let feature = |name, about, of: fn(&Features) -> f64| {
        ColumnSource::number(name, about, move |line: &Line| {
            line.row.cycle.map_or(f64::NAN, |(_, features)| of(&features))
        })
    };
    let mut columns = vec![
        ColumnSource::text("symbol", "symbol", |line: &Line| Some(line.row.symbol.to_string())),
        ColumnSource::time("asof", "as-of; for a date its last second", |line: &Line| line.asof),
        ColumnSource::text("series", "`price` or `volume`", |line: &Line| {
            Some(line.row.series.name().to_owned())
        }),
        ColumnSource::whole(
            "imf_id",
            "index among the modes, 0 for the fastest; -1 in a stub",
            |line: &Line| Some(line.row.cycle.map_or(-1, |(id, _)| id as i64)),
        ),
        feature("period_days", "period within the guard, days", |f| f.period_days),
        feature(
            "amp_pct",
            "median depth of the brackets that reach the minimum depth, percent",
            |f| f.amp_pct,
        ),
        feature(
            "energy_share",
            "variance of the mode over the sum of the variances of all modes",
            |f| f.energy_share,
        ),
        ColumnSource::whole("cycles_count", "brackets within the guard", |line: &Line| {
            line.row.cycle.map(|(_, features)| features.cycles_count as i64)
        }),
        feature(
            "pct_cycles_ge_2pct",
            "percentage of the brackets that reach the minimum depth (`min_cycle_depth_pct`)",
            |f| f.pct_cycles_ge_gate,
        ),
        feature(
            "phase_var",
            "circular variance of the phase increments, 0 for a steady cycle",
            |f| f.phase_var,
        ),
        ColumnSource::text(
            "status",
            "`ok`, `time_budget_reduced`, `no_kept_imfs`, `no_data`, `flat`",
            |line: &Line| Some(line.row.status.name().to_owned()),
        ),
        ColumnSource::number(
            "vol_amp_corr",
            "correlation of the envelope with that of the matched cycle of volume",
            |line: &Line| line.row.fusion.and_then(|fusion| fusion.amp_corr).unwrap_or(f64::NAN),
        ),
        ColumnSource::number(
            "vol_period_ratio",
            "period over that of the matched cycle of volume",
            |line: &Line| line.row.fusion.map_or(f64::NAN, |fusion| fusion.period_ratio),
        ),
        ColumnSource::number(
            "vol_energy_share",
            "energy share of the matched cycle of volume",
            |line: &Line| line.row.fusion.map_or(f64::NAN, |fusion| fusion.energy_share),
        ),
        ColumnSource::text(
            "cluster_id_global",
            "cluster over all symbols; singletons from 90001 on",
            |line: &Line| line.global.as_ref().map(|cluster| cluster.id.clone()),
        ),
        ColumnSource::text(
            "cluster_id_asset",
            "cluster within the symbol, unique together with the series",
            |line: &Line| line.asset.as_ref().map(|cluster| cluster.id.clone()),
        ),
    ];
    columns.extend(of_cluster("global", "over all symbols", |line| line.global.as_deref()));
    columns.extend(of_cluster("asset", "within the symbol", |line| line.asset.as_deref()));
    columns
}

/// Returns the columns that describe one of a row's clusters.
fn of_cluster(
    which: &str,
    about: &str,
    cluster: fn(&SummaryLine) -> Option<&Cluster>,
) -> Vec<ColumnSource<SummaryLine>> {
    let size = move |line: &SummaryLine| cluster(line).map(|cluster| cluster.size as i64);
    let name = format!("cluster_size_{which}");
    let mut columns =
        vec![ColumnSource::whole(&name, &format!("cycles in the cluster {about}"), size)];
    type Number = fn(&Cluster) -> f64;
    let numbers: [(&str, &str, Number); 6] = [
        ("median_period", "median period, days,", |cluster| cluster.median_period),
        ("mad_pct_period", "1.4826 MAD of the period in percent of its median", |cluster| {
            cluster.mad_pct_period
        }),
        ("median_amp", "median depth, percent,", |cluster| cluster.median_amp),
        ("mad_pct_amp", "1.4826 MAD of the depth in percent of its median", |cluster| {
            cluster.mad_pct_amp
        }),
        ("reliability_period", "exp(-MAD% / 25) of the period", |cluster| {
            cluster.reliability_period
        }),
        ("reliability_amp", "exp(-MAD% / 25) of the depth", |cluster| cluster.reliability_amp),
    ];
    columns.extend(numbers.map(|(what, meaning, of)| {
        let value = move |line: &SummaryLine| cluster(line).map_or(f64::NAN, of);
        ColumnSource::number(
            &format!("cluster_{what}_{which}"),
            &format!("{meaning} in the cluster {about}"),
            value,
        )
    }));
    columns
}

/// The summary of a symbol's series.
#[derive(Debug, Clone)]
pub struct PostLine {
    /// The summary.
    pub summary: Summary,
    /// The as-of.
    pub asof: AsOf,
    /// Share of minutes without a bar; NaN if the run did not record it.
    pub missing_share: f64,
}

/// Returns the columns of `imf_post_summary`.
pub fn post_summary() -> Vec<ColumnSource<PostLine>> {
    type Line = PostLine;
    fn first(line: &Line) -> &Judged {
        line.summary.dominant()
    }
    // Only cycles of price have a matched cycle of volume.
    let of_price = |of: fn(&Judged) -> f64| {
        move |line: &Line| {
            if first(line).cycle.series == SignalKind::Price { of(first(line)) } else { f64::NAN }
        }
    };
    vec![
        ColumnSource::text("symbol", "symbol", |line: &Line| {
            Some(first(line).cycle.symbol.clone())
        }),
        ColumnSource::time("asof", "as-of of the run", |line: &Line| line.asof),
        ColumnSource::text("series", "`price` or `volume`", |line: &Line| {
            Some(first(line).cycle.series.name().to_owned())
        }),
        ColumnSource::number("agg_period_days", "mean period weighted by energy", |line: &Line| {
            line.summary.agg_period_days
        }),
        ColumnSource::number("agg_amp_pct", "mean depth weighted by energy", |line: &Line| {
            line.summary.agg_amp_pct
        }),
        ColumnSource::number(
            "mad_pct_period_all",
            "1.4826 MAD of all periods in percent of their median",
            |line: &Line| line.summary.mad_pct_period_all,
        ),
        ColumnSource::number("dom_period_days", "period of the dominant cycle", |line: &Line| {
            first(line).cycle.period_days
        }),
        ColumnSource::number("dom_amp_pct", "depth of the dominant cycle", |line: &Line| {
            first(line).cycle.amp_pct
        }),
        ColumnSource::number(
            "dom_energy_share",
            "energy share of the dominant cycle",
            |line: &Line| first(line).cycle.energy_share,
        ),
        ColumnSource::number(
            "dom_reliability",
            "reliability of the dominant cycle, 0 to 1",
            |line: &Line| first(line).reliability,
        ),
        ColumnSource::text(
            "dom_cluster_id_global",
            "cluster of the dominant cycle over all symbols",
            |line: &Line| Some(first(line).cycle.cluster_id_global.clone()),
        ),
        ColumnSource::whole(
            "dom_cluster_size_global",
            "number of cycles in that cluster",
            |line: &Line| Some(first(line).cycle.cluster_size_global),
        ),
        ColumnSource::number("dom_score", "score by which cycles are ranked", |line: &Line| {
            first(line).score
        }),
        ColumnSource::text("dom_amp_band", "`small`, `medium` or `large`", |line: &Line| {
            Some(first(line).band.name().to_owned())
        }),
        ColumnSource::number(
            "dom_expected_cycles",
            "length of the window over its period",
            |line: &Line| first(line).expected_cycles,
        ),
        ColumnSource::flag(
            "dom_singleton_global_flag",
            "whether it belongs to no cluster",
            |line: &Line| first(line).singleton,
        ),
        ColumnSource::flag(
            "dom_undersampled_flag",
            "whether the window has fewer than 1.5 of its cycles",
            |line: &Line| first(line).undersampled,
        ),
        ColumnSource::flag(
            "dom_long_cycle_flag",
            "whether its period exceeds two thirds of the window",
            |line: &Line| first(line).long,
        ),
        ColumnSource::number(
            "dom_vol_amp_corr",
            "correlation of its envelope with that of the matched cycle of volume; price only",
            of_price(|judged| judged.cycle.vol_amp_corr),
        ),
        ColumnSource::number(
            "dom_vol_period_ratio",
            "its period over that of the matched cycle of volume; price only",
            of_price(|judged| judged.cycle.vol_period_ratio),
        ),
        ColumnSource::number(
            "missing_share",
            "share of the window's minutes without a bar",
            |line: &Line| line.missing_share,
        ),
        ColumnSource::text(
            "text_summary",
            "one-line description of at most 120 characters",
            |line: &Line| Some(line.summary.text.clone()),
        ),
    ]
}

/// One of the largest cycles of a symbol.
#[derive(Debug, Clone)]
pub struct TopLine {
    /// The cycle.
    pub judged: Judged,
    /// Its rank, from 1.
    pub rank: i64,
    /// The as-of.
    pub asof: AsOf,
}

/// Returns the leading cycles of each symbol's series.
pub fn top_lines(lines: &[PostLine]) -> Vec<TopLine> {
    let of = |line: &PostLine| {
        let (asof, cycles) = (line.asof, line.summary.cycles.iter().take(TOP).cloned());
        cycles.zip(1..).map(|(judged, rank)| TopLine { judged, rank, asof }).collect::<Vec<_>>()
    };
    lines.iter().flat_map(of).collect()
}

/// Returns the columns of `imf_post_top_imfs`.
pub fn post_top() -> Vec<ColumnSource<TopLine>> {
    type Line = TopLine;
    vec![
        ColumnSource::text("symbol", "symbol", |line: &Line| {
            Some(line.judged.cycle.symbol.clone())
        }),
        ColumnSource::time("asof", "as-of of the run", |line: &Line| line.asof),
        ColumnSource::text("series", "`price` or `volume`", |line: &Line| {
            Some(line.judged.cycle.series.name().to_owned())
        }),
        ColumnSource::whole("rank", "1 for the dominant cycle", |line: &Line| Some(line.rank)),
        ColumnSource::number("period_days", "period, days", |line: &Line| {
            line.judged.cycle.period_days
        }),
        ColumnSource::number("amp_pct", "depth, percent", |line: &Line| line.judged.cycle.amp_pct),
        ColumnSource::number(
            "energy_share",
            "variance of the mode over the sum of the variances of all modes",
            |line: &Line| line.judged.cycle.energy_share,
        ),
        ColumnSource::number("reliability", "reliability, 0 to 1", |line: &Line| {
            line.judged.reliability
        }),
        ColumnSource::text("cluster_id_global", "cluster over all symbols", |line: &Line| {
            Some(line.judged.cycle.cluster_id_global.clone())
        }),
        ColumnSource::whole(
            "cluster_size_global",
            "number of cycles in that cluster",
            |line: &Line| Some(line.judged.cycle.cluster_size_global),
        ),
        ColumnSource::flag(
            "singleton_global_flag",
            "whether it belongs to no cluster",
            |line: &Line| line.judged.singleton,
        ),
        ColumnSource::flag(
            "undersampled_flag",
            "whether the window has fewer than 1.5 of its cycles",
            |line: &Line| line.judged.undersampled,
        ),
        ColumnSource::flag(
            "long_cycle_flag",
            "whether its period exceeds two thirds of the window",
            |line: &Line| line.judged.long,
        ),
    ]
}

/// Returns the part of `docs/columns.md` about these tables.
pub fn page() -> String {
    let mut page = String::new();
    // Writing to a String cannot fail.
    let mut part = |title: &str, rows: Vec<(&str, DType, &str)>| {
        let _ = write!(page, "\n## {title}\n\n| column | type | what |\n| --- | --- | --- |\n");
        for (name, dtype, about) in rows {
            let _ = writeln!(page, "| `{name}` | {} | {about} |", dtype.name());
        }
    };
    fn rows<L>(columns: &[ColumnSource<L>]) -> Vec<(&str, DType, &str)> {
        columns
            .iter()
            .map(|column| (&*column.spec.name, column.spec.dtype, &*column.spec.description))
            .collect()
    }
    part("`imf_summary` (imf-stage)", rows(&summary()));
    part("`imf_post_summary` (imf-postprocess)", rows(&post_summary()));
    part("`imf_post_top_imfs` (imf-postprocess)", rows(&post_top()));
    page
}
