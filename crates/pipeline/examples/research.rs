//! A research session: a synthetic market, its leaderboards, the state of the overlaps, their
//! cycles.
//!
//! `cargo run --release --package pipeline --example research`

use bars::BarTime;
use bars::time::AsOfSpec;
use bars_io::memory::MemorySource;
use pipeline::artifacts::Cohort;
use pipeline::cycles::{CyclesParams, cycles};
use pipeline::leaderboards::leaderboards;
use pipeline::observer::Silent;
use pipeline::sample::{Market, MarketSettings};
use pipeline::snapshots::state;
use pipeline::universe::Universe;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let market = Market::new(MarketSettings { symbols: 12, days: 40, ..MarketSettings::default() });
    let source = MemorySource::new(market.series());

    let params = stages::leaderboards::Params { top_n: 3, ..Default::default() }.check()?;
    let boards = leaderboards(&source, &params, &Universe::default(), AsOfSpec::Latest, &Silent)?;
    let symbols = boards.symbols(Cohort::Overlaps);
    let names: Vec<&str> = symbols.iter().map(|symbol| symbol.as_str()).collect();
    println!("as of {}, two-way movers: {}", boards.boards.run.asof, names.join(", "));

    let params = stages::metrics::Params { months: Some(1), ..Default::default() }.check()?;
    let snapshot = state(&symbols, &source, &params, None, &Silent)?;
    let batch = snapshot.table().to_record_batch()?;
    println!("state: {} rows of {} columns", batch.num_rows(), batch.num_columns());

    let params = CyclesParams {
        stage: stages::cycles::Params { lookback_months: 1, ..Default::default() }.check()?,
        decomposer: emd::Params::default().trials(20).check()?,
        budget: None,
        jobs: None,
        bar_time: BarTime::Open,
    };
    let found = cycles(&symbols, &source, &params, AsOfSpec::Latest, None, &Silent)?;
    for row in found.rows.iter().filter(|row| row.series == stages::cycles::SignalKind::Price) {
        if let Some((_, features)) = &row.cycle {
            let (days, depth) = (features.period_days, features.amp_pct);
            println!("{}: a price cycle of {days:.2} days, {depth:.1} % deep", row.symbol);
        }
    }
    Ok(())
}
