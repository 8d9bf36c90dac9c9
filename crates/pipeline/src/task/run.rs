//! Running a task.

use std::collections::BTreeMap;

use bars::{Findings, ReadOptions, Symbol};
use bars_io::file::FileSource;
use bars_io::{Entry, Source};
use stages::features::table::to_table;
use stages::table::Table;

use super::{Task, TaskResult, TaskStage, cycles, leaders, snapshots};
use crate::cohort::Member;
use crate::error::{Error, Result};
use crate::metrics::{History, MetricsJob};
use crate::observer::Observer;
use crate::source::report_findings;

impl Task {
    /// Computes the task. `source` is the one it was planned for; metrics without baselines need
    /// none.
    ///
    /// # Errors
    /// If the source cannot be read or lacks a symbol that it had, a computation fails (the error
    /// names the symbol), or the observer cancels.
    pub fn run(&self, source: Option<&dyn Source>, observer: &dyn Observer) -> Result<TaskResult> {
        let needed = || source.ok_or_else(|| Error::parameter("source", "is required"));
        let result = match &self.stage {
            TaskStage::Leaderboards { params, universe, asof, .. } => {
                leaders::run(self, params, universe, *asof, needed()?, observer)
            }
            TaskStage::Metrics { params, asof, input, bar_time, .. } => {
                let options = ReadOptions { bar_time: *bar_time, ..ReadOptions::default() };
                let file = FileSource::open(input, &options)?;
                let history = match source {
                    _ if params.months().is_none() => History::None,
                    Some(source) => History::Source(source),
                    None => History::Cohort,
                };
                let (layout, rows) = if self.members.is_empty() {
                    (MetricsJob::layout(params, *asof), Vec::new())
                } else {
                    let members = self.look_up(&file)?;
                    let job = MetricsJob::at(members, &file, history, params, *asof, observer)?;
                    let rows = job.compute(&job.indices(), None, observer)?;
                    (job.plan.layout().clone(), rows)
                };
                report_findings(&file, observer);
                let mut findings = file.findings();
                if let History::Source(source) = history {
                    findings.merge(&source.findings());
                }
                self.encode_table(&to_table(&layout, &rows), findings)
            }
            TaskStage::State { params, asofs } => {
                snapshots::run(self, params, *asofs, needed()?, observer)
            }
            TaskStage::Regime { params, asofs } => {
                snapshots::run(self, params, *asofs, needed()?, observer)
            }
            TaskStage::Cycles { params, asof, span, persist_modes } => {
                let lookback = super::lookback(*asof, *span);
                cycles::run(self, params, lookback, *persist_modes, needed()?, observer)
            }
        }?;
        if let Some(source) = source {
            report_findings(source, observer);
        }
        Ok(result)
    }

    fn encode_table(&self, table: &Table, findings: Findings) -> Result<TaskResult> {
        let batch = table.to_record_batch().map_err(|e| Error::encode("a table", e))?;
        let schema = batch.schema();
        TaskResult::encode(self, &schema, [Ok(batch)], || findings, || serde_json::Value::Null)
    }

    /// The members with their entries in the source.
    ///
    /// # Errors
    /// If the source lacks a symbol that it had when the task was planned.
    pub(super) fn look_up(&self, source: &dyn Source) -> Result<Vec<Member>> {
        let names: Vec<Symbol> =
            self.members.iter().filter_map(|member| member.source.clone()).collect();
        let entries: BTreeMap<Symbol, Entry> = source
            .entries(&names)?
            .into_iter()
            .map(|entry| (entry.symbol.clone(), entry))
            .collect();
        let member = |member: &super::TaskMember| {
            let entry = member.source.as_ref().map(|name| {
                let lost = || Error::LostSymbol { symbol: name.clone() };
                entries.get(name).cloned().ok_or_else(lost)
            });
            Ok(Member { symbol: member.symbol.clone(), entry: entry.transpose()? })
        };
        self.members.iter().map(member).collect()
    }
}
