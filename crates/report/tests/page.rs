//! The page of a large report: small enough, self-contained, and in order.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bars::AsOf;
use report::model::{
    Absent, Board, Coin, Cycle, Dominant, Figure, Leader, Market, Metric, Mode, Places, Quality, REGIME,
    Regime, Rise, Standing, Unusual,
};
use report::{Report, Thinned, render};

/// Numbers without any order, from 0 to 1.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as f64 / (1_u64 << 31) as f64
    }

    /// The worst that there is to be drawn: every column as high as the box.
    fn line(&mut self, columns: usize) -> Thinned {
        let values: Vec<f64> = (0..columns * 20).map(|_| self.next()).collect();
        Thinned::of(&values, columns)
    }
}

fn symbol(place: usize) -> String {
    format!("SYMBOL{place:02}/USDT")
}

/// A report of so many symbols, each part filled.
fn report(symbols: usize) -> Report {
    let mut noise = Noise(7);
    let moment = |days: i64| AsOf::from_epoch_micros(days * 86_400_000_000).unwrap();
    let coin = |place: usize, noise: &mut Noise| Coin {
        symbol: symbol(place),
        price: noise.line(60),
        price_change: noise.next() - 0.5,
        volume_change: f64::NAN,
        gains: place,
        losses: 2 * place,
        tags: vec!["Short-Term".to_owned(), "Balanced".to_owned()],
    };
    let boards = ["Overlaps", "Gainers", "Losers"].map(|title| Board {
        title: title.to_owned(),
        about: "Who they are.".to_owned(),
        coins: (0..symbols).map(|place| coin(place, &mut noise)).collect(),
    });
    let metrics = |_| Metric { name: "dist_to_window_high_abs".to_owned(), about: "what it is ".repeat(8) };
    let state = ["1h", "4h", "12h", "24h"].map(|window| Standing {
        window: window.to_owned(),
        metrics: (0..39).map(metrics).collect(),
        rows: (0..symbols).map(|s| (symbol(s), (0..39).map(|_| 100.0 * noise.next()).collect())).collect(),
    });
    let leader = |place: usize, noise: &mut Noise| Leader {
        symbol: symbol(place),
        sentences: vec![("price".to_owned(), "Cycle ~23.5h, large (14.7%).".to_owned()); 2],
        span: (moment(20_000), moment(20_090)),
        price: noise.line(480),
        swing: noise.line(480),
        modes: (0..6)
            .map(|mode| Mode {
                period_days: f64::from(mode) + 0.1,
                amp_pct: 3.0,
                energy_share: 0.1,
                is_dominant: mode == 3,
                wave: noise.line(240),
            })
            .collect(),
    };
    Report {
        asof: Some(moment(20_090)),
        market: Some(Market {
            seen: symbols,
            ranked: symbols,
            stale: 1,
            days: 30,
            changes_of: "24h".to_owned(),
        }),
        state_asof: Some(moment(20_089)),
        regime_asof: Some(moment(20_089)),
        cycles_of: Some((moment(20_000), moment(20_090))),
        boards: boards.into(),
        places: Places {
            buckets: (0..16).map(|place| (format!("{place}h"), "gain")).collect(),
            rows: (0..symbols).map(|s| (symbol(s), (0..16).collect())).collect(),
            more: 3,
        },
        state: state.into(),
        unusual: (0..100)
            .map(|s| Unusual {
                symbol: symbol(s),
                metric: "rsi_1h".to_owned(),
                percentile: 99.0,
                deviations: 4.2,
            })
            .collect(),
        regime: (0..symbols * 5)
            .map(|s| Regime {
                symbol: symbol(s / 5),
                window: "30d".to_owned(),
                days: 30.0,
                figures: [Figure { value: 0.123, percentile: 77.0 }; REGIME.len()],
            })
            .collect(),
        leaders: (0..symbols).map(|place| leader(place, &mut noise)).collect(),
        dominant: vec![Dominant {
            symbol: symbol(1),
            period_days: 1.5,
            amp_pct: 12.0,
            reliability: 0.5,
            is_undersampled: false,
            is_of_gaps: false,
        }],
        cycles: (0..symbols * 28)
            .map(|place| Cycle {
                symbol: symbol(place / 28),
                of_volume: place % 2 == 1,
                period_days: 0.002 + noise.next() * 30.0,
                amp_pct: 1.0 + 50.0 * noise.next(),
                energy_share: noise.next(),
                cluster: format!("GP{:04}", place % 9),
            })
            .collect(),
        rises: (0..symbols * 4)
            .map(|s| Rise {
                symbol: symbol(s / 4),
                window: "30d".to_owned(),
                window_minutes: 43_200.0,
                count: s,
                amplitude_pct: 2.5,
                minutes: 19.0,
                volume: 123_456.0,
            })
            .collect(),
        quality: (0..symbols)
            .map(|s| Quality {
                symbol: symbol(s),
                bars: 43_200,
                missing: 0.01,
                longest_gap: 12,
                behind: 0,
                idle: 0.0,
                notes: vec!["a gap of 1.2d".to_owned()],
            })
            .collect(),
        absent: vec![Absent { what: "a part", command: "data-pipeline part" }],
    }
}

#[test]
fn a_large_market_stays_small_and_self_contained() {
    let page = render(&report(60));
    assert!(page.len() < 3_000_000, "{} bytes for 60 symbols", page.len());
    println!("{} bytes", page.len());
    assert_eq!(page, render(&report(60)), "the same page for the same report");
    for outside in ["http:", "https:", " src=", "url(", "@import", "<link rel=\"stylesheet\"", "NaN", "inf"] {
        // The script speaks of NaN as it sorts.
        let of_data = page.split("<script>").next().unwrap();
        assert!(!of_data.contains(outside), "'{outside}' in the page");
    }
    let mut at = 0;
    for section in ["glance", "boards", "leaders", "cycles", "state", "regime", "places", "rises", "quality"]
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
fn a_report_of_nothing_is_a_page_too() {
    let page = render(&Report::default());
    assert!(page.contains("<section id=\"glance\"") && page.matches("<section").count() == 1, "{page}");
}

/// Whatever a symbol is called, it is text.
#[test]
fn names_are_no_markup() {
    let mut report = report(2);
    let name = "<script>alert('1')</script>\"&";
    report.boards[0].coins[0].symbol = name.to_owned();
    report.leaders[0].symbol = name.to_owned();
    report.cycles[0].symbol = name.to_owned();
    report.quality[0].notes = vec![name.to_owned()];
    report.unusual[0].metric = name.to_owned();
    let page = render(&report);
    assert!(!page.contains("<script>alert") && page.contains("&lt;script&gt;alert"));
}
