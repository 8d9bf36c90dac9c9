//! What a run would do.

use bars::AsOf;
use bars_io::Source;
use indicators::moments::median;
use rayon::prelude::*;
use stages::features::table::Row;

use super::Stage;
use super::partitions::Partitions;
use crate::cohort::Member;
use crate::ui;

/// Tells symbols, windows, the coverage of each at the last as-of, and the places.
pub(super) fn run<S: Stage>(
    stage: &S,
    source: &dyn Source,
    members: &[Member],
    asofs: &[AsOf],
    partitions: &Partitions<'_>,
) -> anyhow::Result<()> {
    let asof = asofs[asofs.len() - 1];
    let plan = stage.without_baseline().plan(vec![asof]);
    let study = |member: &Member| {
        let Some(entry) = &member.entry else {
            return Ok(Vec::new());
        };
        Ok(S::study(&plan, source, &member.symbol, entry)?.rows)
    };
    let rows: Vec<Row> = members.par_iter().map(study).collect::<bars_io::Result<Vec<_>>>()?.concat();
    let names: Vec<&str> = rows.iter().map(|row| row.symbol.as_str()).collect();
    ui::print(&format!("{} of {}: {}", names.len(), ui::things(members.len(), "symbol"), names.join(", ")))?;
    ui::print(&match asofs.len() {
        1 => format!("as of {asof}\n"),
        n => format!("{} from {} to {asof}; at the last of them:\n", ui::things(n, "snapshot"), asofs[0]),
    })?;
    let table = stage.windows().iter().enumerate().map(|(place, &window)| {
        let (start, end) = stage.bucket(window, asof);
        let coverage: Vec<f64> = rows.iter().map(|row| row.window(place).coverage()).collect();
        let (low, high) = indicators::moments::range(&coverage);
        let shares = [low, median(&coverage, &mut Vec::new()), high].map(|share| format!("{share:.3}"));
        [vec![window.to_string(), start.to_string(), end.to_string()], shares.to_vec()].concat()
    });
    let header = ["window", "from", "to", "coverage min", "median", "max"];
    ui::print(&ui::table(&header, &[3, 4, 5], table))?;
    let more = asofs.chunk_by(|a, b| a.midnight() == b.midnight()).count() - 1;
    let more = if more > 0 { format!(" and {} more", ui::things(more, "partition")) } else { String::new() };
    ui::print(&format!("\nNothing was written; it would go to {}{more}", partitions.file(asofs[0]).display()))
}
