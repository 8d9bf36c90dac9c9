//! Size, self-containedness, order of sections and escaping of the page.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bars::AsOf;
use report::model::{
    BarQuality, BoardRow, BoardTable, CyclePoint, DominantCycle, HeatmapMetric, HeatmapRow,
    LeaderChart, LeaderNote, MarketSummary, MetricOutlier, ModeChart, Part, REGIME_COLUMNS,
    RankBucket, RankCountRow, RankCounts, RegimeRow, RegimeValue, StateHeatmap, UpswingCluster,
};
use report::{MinMaxSeries, Report, render};

/// Pseudorandom numbers from 0 to 1.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as f64 / (1_u64 << 31) as f64
    }

    /// The largest possible path: every bin spans the height of the chart.
    fn line(&mut self, bins: usize) -> MinMaxSeries {
        let values: Vec<f64> = (0..bins * 20).map(|_| self.next()).collect();
        MinMaxSeries::from_values(&values, bins)
    }
}

fn symbol(index: usize) -> String {
    format!("SYMBOL{index:02}/USDT")
}

/// A report with all parts, on the given number of symbols.
fn report(symbols: usize) -> Report {
    let mut noise = Noise(7);
    let moment = |days: i64| AsOf::from_epoch_micros(days * 86_400_000_000).unwrap();
    let row = |index: usize, noise: &mut Noise| BoardRow {
        symbol: symbol(index),
        price: noise.line(60),
        price_change_pct: noise.next() - 0.5,
        volume_change_pct: f64::NAN,
        gain_count: index,
        loss_count: 2 * index,
        tags: vec!["Short-Term".to_owned(), "Balanced".to_owned()],
    };
    let boards = ["Overlaps", "Gainers", "Losers"].map(|title| BoardTable {
        title: title.to_owned(),
        description: "Who they are.".to_owned(),
        rows: (0..symbols).map(|index| row(index, &mut noise)).collect(),
    });
    let metric = |_| HeatmapMetric {
        name: "dist_to_window_high_abs".to_owned(),
        description: "what it is ".repeat(8),
    };
    let state = ["1h", "4h", "12h", "24h"].map(|window| StateHeatmap {
        window: window.to_owned(),
        metrics: (0..39).map(metric).collect(),
        rows: (0..symbols)
            .map(|s| HeatmapRow {
                symbol: symbol(s),
                percentiles: (0..39).map(|_| 100.0 * noise.next()).collect(),
            })
            .collect(),
    });
    let note =
        LeaderNote { label: "price".to_owned(), text: "Cycle ~23.5h, large (14.7%).".to_owned() };
    let leader = |index: usize, noise: &mut Noise| LeaderChart {
        symbol: symbol(index),
        notes: vec![note.clone(); 2],
        window: (moment(20_000), moment(20_090)),
        price: noise.line(480),
        slow_price: noise.line(480),
        modes: (0..6)
            .map(|mode| ModeChart {
                period_days: f64::from(mode) + 0.1,
                amp_pct: 3.0,
                energy_share: 0.1,
                is_dominant: mode == 3,
                waveform: noise.line(240),
            })
            .collect(),
    };
    Report {
        asof: Some(moment(20_090)),
        market: Some(MarketSummary {
            symbols_seen: symbols,
            symbols_ranked: symbols,
            symbols_stale: 1,
            lookback_days: 30,
            change_window: "24h".to_owned(),
        }),
        state_asof: Some(moment(20_089)),
        regime_asof: Some(moment(20_089)),
        cycle_window: Some((moment(20_000), moment(20_090))),
        boards: boards.into(),
        rank_counts: RankCounts {
            buckets: (0..16)
                .map(|hours| RankBucket { window: format!("{hours}h"), ranking: "gain" })
                .collect(),
            rows: (0..symbols)
                .map(|s| RankCountRow { symbol: symbol(s), counts: (0..16).collect() })
                .collect(),
            omitted_symbols: 3,
        },
        state: state.into(),
        outliers: (0..100)
            .map(|s| MetricOutlier {
                symbol: symbol(s),
                column: "rsi_1h".to_owned(),
                percentile: 99.0,
                iqr_distance: 4.2,
            })
            .collect(),
        regime: (0..symbols * 5)
            .map(|s| RegimeRow {
                symbol: symbol(s / 5),
                window: "30d".to_owned(),
                window_days: 30.0,
                values: [RegimeValue { value: 0.123, percentile: 77.0 }; REGIME_COLUMNS.len()],
            })
            .collect(),
        leaders: (0..symbols).map(|index| leader(index, &mut noise)).collect(),
        dominant_cycles: vec![DominantCycle {
            symbol: symbol(1),
            period_days: 1.5,
            amp_pct: 12.0,
            reliability: 0.5,
            is_undersampled: false,
            is_gap_affected: false,
        }],
        cycles: (0..symbols * 28)
            .map(|index| CyclePoint {
                symbol: symbol(index / 28),
                is_volume: index % 2 == 1,
                period_days: 0.002 + noise.next() * 30.0,
                amp_pct: 1.0 + 50.0 * noise.next(),
                energy_share: noise.next(),
                cluster: format!("GP{:04}", index % 9),
            })
            .collect(),
        upswing_clusters: (0..symbols * 4)
            .map(|s| UpswingCluster {
                symbol: symbol(s / 4),
                window: "30d".to_owned(),
                window_minutes: 43_200.0,
                count: s,
                median_amplitude_pct: 2.5,
                median_duration_minutes: 19.0,
                median_volume: 123_456.0,
            })
            .collect(),
        bar_quality: (0..symbols)
            .map(|s| BarQuality {
                symbol: symbol(s),
                bar_count: 43_200,
                missing_share: 0.01,
                longest_gap_minutes: 12,
                minutes_behind: 0,
                zero_volume_share: 0.0,
                warnings: vec!["a gap of 1.2d".to_owned()],
            })
            .collect(),
        missing_parts: vec![Part::Regime],
        remedy: Some(|_| "make it"),
    }
}

#[test]
fn page_of_a_large_market_is_small_and_self_contained() {
    let page = render(&report(60));
    assert!(page.len() < 3_000_000, "{} bytes for 60 symbols", page.len());
    println!("{} bytes", page.len());
    assert_eq!(page, render(&report(60)), "the same page for the same report");
    for outside in
        ["http:", "https:", " src=", "url(", "@import", "<link rel=\"stylesheet\"", "NaN", "inf"]
    {
        // The script itself contains "NaN".
        let before_script = page.split("<script>").next().unwrap();
        assert!(!before_script.contains(outside), "'{outside}' in the page");
    }
    let mut at = 0;
    for section in
        ["glance", "boards", "leaders", "cycles", "state", "regime", "places", "rises", "quality"]
    {
        let next = page
            .find(&format!("<section id=\"{section}\""))
            .unwrap_or_else(|| panic!("no section {section}"));
        assert!(next > at, "{section} is out of order");
        at = next;
        assert!(page.contains(&format!("<a href=\"#{section}\">")), "no link to {section}");
    }
    assert_eq!(page.matches("<section").count(), page.matches("</section>").count());
    assert_eq!(page.matches("<table").count(), page.matches("</table>").count());
}

#[test]
fn empty_report_is_a_valid_page() {
    let page = render(&Report::default());
    assert!(
        page.contains("<section id=\"glance\"") && page.matches("<section").count() == 1,
        "{page}"
    );
}

#[test]
fn names_are_escaped() {
    let mut report = report(2);
    let name = "<script>alert('1')</script>\"&";
    report.boards[0].rows[0].symbol = name.to_owned();
    report.leaders[0].symbol = name.to_owned();
    report.cycles[0].symbol = name.to_owned();
    report.bar_quality[0].warnings = vec![name.to_owned()];
    report.outliers[0].column = name.to_owned();
    let page = render(&report);
    assert!(!page.contains("<script>alert") && page.contains("&lt;script&gt;alert"));
}
