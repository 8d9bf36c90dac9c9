//! Leaderboards against a naive implementation of their definition, and against a truncated source.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;

use bars::time::AsOfSpec;
use bars::{AsOf, Closes, Minute, Symbol, Window};
use proptest::prelude::*;
use stages::leaderboards::{
    Buckets, LeaderboardsPanel, LeaderboardsPlan, Params, RankKind, RankedBoards, ValidParams,
};

const NAMES: [&str; 6] = ["A/B", "B", "C", "D:PERP", "E", "a"];
/// 2024-01-03T00:00Z.
const END: i64 = 28_404_000;
const DAY: i64 = 1440;

/// A minute bar: symbol, minutes before END + 200, close, volume.
type Row = (usize, i64, f64, f64);

fn rows() -> impl Strategy<Value = Vec<Row>> {
    // Few distinct prices and volumes, so that ties, flat buckets and buckets without volume occur.
    let price = prop::sample::select(vec![1.0, 2.0, 2.5, 3.0, 3.0, 10.0]);
    // Sums of these are exact, so equal volumes stay equal in any order of summation.
    let volume = prop::sample::select(vec![0.0, 0.0, 1.0, 2.0, 0.25]);
    prop::collection::vec((0..NAMES.len(), 0_i64..2 * DAY + 400, price, volume), 1..300)
}

fn params() -> impl Strategy<Value = ValidParams> {
    let windows =
        prop::sample::subsequence(vec!["30m", "45m", "1h", "90m", "4h", "12h", "24h"], 1..5);
    (windows, 1_usize..5, any::<bool>(), any::<bool>()).prop_map(
        |(names, top_n, include_partial, include_stale)| {
            let windows = names.iter().map(|name| name.parse().unwrap()).collect();
            Params { top_n, windows, lookback_days: 2, include_partial, include_stale }
                .check()
                .unwrap()
        },
    )
}

fn asof(seconds_past: i64) -> AsOf {
    let text = (END * 60 + seconds_past).to_string();
    text.parse::<AsOfSpec>().unwrap().moment().unwrap()
}

/// The bars by symbol and minute; the last of duplicates wins.
fn market(rows: &[Row]) -> BTreeMap<&'static str, BTreeMap<i64, (f64, f64)>> {
    let mut market: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
    for &(symbol, back, close, volume) in rows {
        market.entry(NAMES[symbol]).or_default().insert(END + 200 - back, (close, volume));
    }
    market
}

fn closes(bars: &BTreeMap<i64, (f64, f64)>) -> Closes {
    let mut closes = Closes::default();
    for (&minute, &(close, volume)) in bars {
        closes.time.push(Minute::new(minute).unwrap());
        closes.close.push(close);
        closes.volume.push(volume);
    }
    closes
}

fn run(plan: &LeaderboardsPlan, rows: &[Row]) -> Option<RankedBoards> {
    let end = i64::from(plan.span().end.index());
    let market = market(rows);
    let seen: Vec<_> = market.iter().filter(|(_, bars)| bars.keys().any(|&m| m < end)).collect();
    let symbols: Vec<(Symbol, Buckets)> = seen
        .iter()
        .map(|(name, bars)| (name.parse().unwrap(), plan.summarize(&closes(bars))))
        .collect();
    plan.rank(symbols.len(), symbols).ok()
}

/// A rank: window, start, symbol, price change, volume change, volume, ranks.
type Naive = (String, i64, String, Option<f64>, Option<f64>, f64, [Option<u32>; 4]);

/// Steps 1 to 4 of the definition, bucket by bucket.
fn naive(params: &ValidParams, asof_seconds: i64, rows: &[Row]) -> Vec<Naive> {
    let asof = END * 60 + asof_seconds;
    let market: BTreeMap<_, Vec<(i64, f64, f64)>> = market(rows)
        .into_iter()
        .map(|(name, bars)| {
            let closed = bars.into_iter().filter(|(minute, _)| (minute + 1) * 60 <= asof);
            (name, closed.map(|(minute, (close, volume))| (minute, close, volume)).collect())
        })
        .collect();
    let mut places = Vec::new();
    for window in params.windows() {
        let width = i64::from(window.minutes()) * 60;
        let (start, end) = (asof - 2 * 86_400, asof);
        let (first, last) = (start.div_euclid(width), end.div_euclid(width));
        let used: Vec<i64> = (first..=last)
            .filter(|n| {
                let whole = n * width >= start && (n + 1) * width <= end;
                let touched = n * width < end && (n + 1) * width > start;
                whole || (params.include_partial() && touched)
            })
            .collect();
        // Symbol -> bucket -> last close and volume.
        let mut cells: BTreeMap<&str, BTreeMap<i64, (f64, f64)>> = BTreeMap::new();
        for (name, bars) in &market {
            let fresh =
                bars.iter().any(|(minute, _, _)| minute * 60 >= asof.div_euclid(60) * 60 - 86_400);
            if fresh || params.include_stale() {
                for &(minute, close, volume) in
                    bars.iter().filter(|(minute, _, _)| minute * 60 >= start)
                {
                    let bucket = (minute * 60).div_euclid(width);
                    if used.contains(&bucket) {
                        let cell =
                            cells.entry(name).or_default().entry(bucket).or_insert((close, 0.0));
                        *cell = (close, cell.1 + volume);
                    }
                }
            }
        }
        for &bucket in &used {
            let mut rows: Vec<(&str, Option<f64>, Option<f64>, f64)> = Vec::new();
            for (name, buckets) in &cells {
                if let Some(&(close, volume)) = buckets.get(&bucket) {
                    let before = buckets.range(..bucket).next_back().map(|(_, cell)| cell.0);
                    let volume_before =
                        buckets.get(&(bucket - 1)).map(|cell| cell.1).filter(|v| *v > 0.0);
                    let change = |x: f64, p: f64| 100.0 * (x - p) / p;
                    rows.push((
                        name,
                        before.map(|p| change(close, p)),
                        volume_before.map(|p| change(volume, p)),
                        volume,
                    ));
                }
            }
            let mut ranks: BTreeMap<&str, [Option<u32>; 4]> = BTreeMap::new();
            for kind in RankKind::ALL {
                let sign = if matches!(kind, RankKind::Loss | RankKind::Drop) { -1.0 } else { 1.0 };
                let value = |row: &(&str, Option<f64>, Option<f64>, f64)| {
                    if kind.is_price() { row.1 } else { row.2 }
                };
                let mut best: Vec<(f64, &str)> = rows
                    .iter()
                    .filter_map(|row| Some((sign * value(row)?, row.0)))
                    .filter(|(x, _)| *x > 0.0)
                    .collect();
                best.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
                for (rank, (_, name)) in (1..).zip(best.into_iter().take(params.top_n())) {
                    ranks.entry(name).or_default()[kind as usize] = Some(rank);
                }
            }
            for (name, price, change, volume) in rows {
                if let Some(ranks) = ranks.get(name) {
                    places.push((
                        window.to_string(),
                        bucket * width / 60,
                        name.to_owned(),
                        price,
                        change,
                        volume,
                        *ranks,
                    ));
                }
            }
        }
    }
    places
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn places_are_those_of_the_definition(rows in rows(), params in params(), past in 0_i64..200 * 60) {
        let plan = LeaderboardsPlan::new(params.clone(), asof(past)).unwrap();
        let expected = naive(&params, past, &rows);
        let Some(boards) = run(&plan, &rows) else {
            prop_assert!(expected.is_empty());
            return Ok(());
        };
        let close = |a: f64, b: Option<f64>| b.map_or(a.is_nan(), |b| (a - b).abs() <= 1e-9 * b.abs());
        prop_assert_eq!(boards.places.len(), expected.len());
        for (got, (window, start, symbol, price, change, volume, ranks)) in boards.places.iter().zip(&expected) {
            prop_assert_eq!(&got.window.to_string(), window);
            prop_assert_eq!(i64::from(got.start.index()), *start);
            prop_assert_eq!(got.symbol.as_str(), symbol);
            prop_assert!(close(got.price_change, *price) && close(got.pct_vol_change, *change));
            prop_assert!(close(got.total_volume, Some(*volume)));
            prop_assert_eq!(&got.ranks, ranks);
        }
        // Tallies are counts of ranks, boards their order.
        let tally = |symbol: &str, kind: RankKind| {
            expected.iter().filter(|place| place.2 == symbol && place.6[kind as usize].is_some()).count() as u32
        };
        for (board, kind) in [(&boards.gainers, RankKind::Gain), (&boards.losers, RankKind::Loss)] {
            let mut order: Vec<(std::cmp::Reverse<u32>, &str)> = NAMES
                .iter()
                .map(|name| (std::cmp::Reverse(tally(name, kind)), *name))
                .filter(|(tally, _)| tally.0 > 0)
                .collect();
            order.sort();
            let expected: Vec<&str> = order.iter().take(params.top_n()).map(|(_, name)| *name).collect();
            prop_assert_eq!(board.coins.iter().map(|coin| coin.symbol.as_str()).collect::<Vec<_>>(), expected);
            for coin in &board.coins {
                let (gains, losses) = (tally(coin.symbol.as_str(), RankKind::Gain), tally(coin.symbol.as_str(), RankKind::Loss));
                prop_assert_eq!((coin.gains, coin.losses), (gains, losses));
            }
        }
    }

    #[test]
    fn deleting_the_future_changes_nothing(rows in rows(), params in params(), past in 0_i64..200 * 60) {
        let plan = LeaderboardsPlan::new(params, asof(past)).unwrap();
        let end = i64::from(plan.span().end.index());
        let closed: Vec<Row> = rows.iter().copied().filter(|(_, back, _, _)| END + 200 - back < end).collect();
        let (all, cut) = (run(&plan, &rows), run(&plan, &closed));
        // The debug text contains every number of every board to the bit, including NaN.
        prop_assert_eq!(format!("{all:?}"), format!("{cut:?}"));
    }

    #[test]
    fn a_panel_has_the_buckets_of_each_asof(
        rows in rows(),
        params in params(),
        past in prop::collection::btree_set(-900_i64..200 * 60, 1..6),
        is_whole in any::<bool>(),
    ) {
        // Whole hours and times between them.
        let unit = if is_whole { 3600 } else { 1 };
        let asofs: std::collections::BTreeSet<AsOf> =
            past.into_iter().map(|past| asof(past.div_euclid(unit) * unit)).collect();
        let asofs: Vec<AsOf> = asofs.into_iter().collect();
        let panel = LeaderboardsPanel::new(&params, &asofs).unwrap();
        for bars in market(&rows).values().map(closes) {
            let history = panel.summarize(&bars);
            for (index, &asof) in asofs.iter().enumerate() {
                let single = LeaderboardsPlan::new(params.clone(), asof).unwrap().summarize(&bars);
                let shared = panel.buckets(index, &history);
                // The debug text contains every number to the bit, including NaN.
                prop_assert_eq!(format!("{shared:?}"), format!("{single:?}"));
            }
        }
    }
}

#[test]
fn invalid_parameters_are_refused() {
    let check = |params: Params| params.check().unwrap_err().to_string();
    assert!(check(Params { top_n: 0, ..Params::default() }).contains("top_n 0"));
    assert!(check(Params { windows: vec![], ..Params::default() }).contains("windows"));
    assert!(check(Params { lookback_days: 0, ..Params::default() }).contains("lookback_days"));
    let long = Params { windows: vec![Window::THREE_DAYS], lookback_days: 2, ..Params::default() };
    let error = LeaderboardsPlan::new(long.check().unwrap(), asof(0)).unwrap_err().to_string();
    assert!(
        error.contains(
            "window 72h has no complete bucket in the 2 days before 2024-01-03T00:00:00Z"
        ),
        "{error}"
    );
}
