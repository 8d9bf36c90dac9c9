//! The choice of symbols of the leaderboards.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Mutex;

use bars::Symbol;
use bars::time::AsOfSpec;
use bars_io::Source;
use bars_io::atomic::TempFiles;
use bars_io::memory::MemorySource;
use pipeline::artifacts::table_file::Format;
use pipeline::leaderboards::leaderboards;
use pipeline::observer::{Event, Observer, Silent};
use pipeline::sample::{Market, MarketSettings};
use pipeline::universe::Universe;

const DAYS: u32 = 12;

fn market() -> MemorySource {
    MemorySource::new(
        Market::new(MarketSettings { symbols: 12, days: DAYS, ..Default::default() }).series(),
    )
}

fn list(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

fn chosen(universe: &Universe) -> Vec<String> {
    let entries = universe.choose(&market().catalog().unwrap(), &Silent).unwrap();
    entries.iter().map(|entry| entry.symbol.to_string()).collect()
}

fn params() -> stages::leaderboards::ValidParams {
    let params =
        stages::leaderboards::Params { top_n: 3, lookback_days: DAYS, ..Default::default() };
    params.check().unwrap()
}

/// The ranks and bars of a ranking; the summary also counts the symbols that were not chosen.
fn files(source: &MemorySource, universe: &Universe) -> Vec<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let found = leaderboards(source, &params(), universe, AsOfSpec::Latest, &Silent).unwrap();
    let mut paths =
        found.write(folder.path(), Format::Csv, source, &TempFiles::default(), &Silent).unwrap();
    paths.retain(|path| path.extension().is_some_and(|end| end != "json"));
    assert_eq!(paths.len(), 4);
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

#[test]
fn symbols_are_chosen_by_name_pattern_and_quote() {
    let all = chosen(&Universe::default());
    assert_eq!(all.len(), 12);
    let by_name = Universe { symbols: list(&["amber-usd", "BAS*"]), ..Default::default() };
    assert_eq!(chosen(&by_name), ["AMBER/USD", "BASALT/USD"]);
    let all_but = Universe { exclude: list(&["amber-usd", "b?salt*"]), ..Default::default() };
    assert_eq!(chosen(&all_but), all[2..]);
    let quoted = Universe { quote: list(&["usd", "USD"]), ..Default::default() };
    assert_eq!(chosen(&quoted), all);
}

#[test]
fn a_universe_gives_the_ranking_of_a_source_with_only_its_symbols() {
    let whole = market();
    let all = whole.symbols().unwrap();
    let few: Vec<(Symbol, bars::Series)> = all[3..8]
        .iter()
        .map(|symbol| (symbol.clone(), whole.bars(symbol, bars::Span::ALL).unwrap()))
        .collect();
    let few = MemorySource::new(few);
    let symbols = all[3..8].iter().map(ToString::to_string).collect();
    let universe = Universe { symbols, ..Default::default() };
    assert!(files(&whole, &universe) == files(&few, &Universe::default()));
}

#[test]
fn the_minimum_volume_is_the_mean_per_day_over_the_lookback() {
    let source = market();
    let found = leaderboards(&source, &params(), &Universe::default(), AsOfSpec::Latest, &Silent);
    let span = found.unwrap().span;
    let volume = |symbol: &Symbol| {
        let bars = source.bars(symbol, span).unwrap();
        let sum: f64 = bars.iter().map(|bar| bar.close * bar.volume).sum();
        sum / f64::from(DAYS)
    };
    let mut volumes: Vec<(f64, Symbol)> =
        source.symbols().unwrap().into_iter().map(|symbol| (volume(&symbol), symbol)).collect();
    volumes.sort_by(|a, b| b.0.total_cmp(&a.0));
    let min_volume = (volumes[4].0 + volumes[5].0) / 2.0;
    let symbols = volumes[..5].iter().map(|(_, symbol)| symbol.to_string()).collect();
    let by_name = Universe { symbols, ..Default::default() };
    let by_volume = Universe { min_volume, ..Default::default() };
    assert!(files(&source, &by_volume) == files(&source, &by_name));
    let too_high = Universe { min_volume: volumes[0].0 * 1.01, ..Default::default() };
    let error = leaderboards(&source, &params(), &too_high, AsOfSpec::Latest, &Silent).unwrap_err();
    assert!(error.to_string().contains("more than any symbol has"), "{error}");
}

#[test]
fn unknown_names_are_errors_and_unknown_exclusions_warnings() {
    let fails = |universe: Universe, name: &str, said: &str| {
        let error = universe.choose(&market().catalog().unwrap(), &Silent).unwrap_err();
        assert!(error.to_string().contains(said), "{error}");
        assert!(
            matches!(error, pipeline::Error::Parameter { name: of, .. } if of == name),
            "{error:?}"
        );
    };
    let of = |names: &[&str]| Universe { symbols: list(names), ..Default::default() };
    fails(of(&["AMBER/USD", "NONE/USD"]), "symbols", "\"NONE/USD\"");
    fails(
        Universe { quote: list(&["EUR"]), ..Default::default() },
        "quote",
        "quote currency \"EUR\"",
    );
    let none = Universe { exclude: list(&["*"]), ..Default::default() };
    fails(none, "exclude", "none of the 12 symbols");
    for min_volume in [-1.0, f64::NAN, f64::INFINITY] {
        let universe = Universe { min_volume, ..Default::default() };
        let error = universe.choose(&market().catalog().unwrap(), &Silent).unwrap_err();
        let problem = format!("min_volume {min_volume} is out of range: expected 0 or more");
        assert_eq!(error.to_string(), problem);
    }

    #[derive(Default)]
    struct Heard(Mutex<Vec<String>>);
    impl Observer for Heard {
        fn event(&self, event: Event<'_>) {
            if let Event::Warning(text) = event {
                self.0.lock().unwrap().push(text.to_owned());
            }
        }
    }
    let heard = Heard::default();
    let universe = Universe { exclude: list(&["NONE"]), ..Default::default() };
    assert_eq!(universe.choose(&market().catalog().unwrap(), &heard).unwrap().len(), 12);
    assert!(heard.0.lock().unwrap()[0].contains("\"NONE\""));
}

#[test]
fn stablecoins_are_omitted_on_request() {
    let market = Market::new(MarketSettings { symbols: 6, days: 2, ..Default::default() });
    let mut series: Vec<(Symbol, bars::Series)> = market.series();
    for (named, name) in series.iter_mut().zip(["USDC/USD", "DAIUSDT", "BTC/USDC"]) {
        named.0 = name.parse().unwrap();
    }
    let catalog = MemorySource::new(series).catalog().unwrap();
    let universe = Universe { no_stables: true, ..Default::default() };
    let names: Vec<String> = universe
        .choose(&catalog, &Silent)
        .unwrap()
        .iter()
        .map(|entry| entry.symbol.to_string())
        .collect();
    assert!(names.contains(&"BTC/USDC".to_owned()), "{names:?}");
    assert_eq!(names.len(), 4, "{names:?}");
}
