//! Tasks: parts of a stage that run anywhere.
//!
//! [`plan()`] divides a stage by symbols. A [`Task`] serializes to JSON and reads what it needs
//! from the source; its [`TaskResult`] is an Arrow IPC file; [`merge`] combines results in symbol
//! order. The outputs are the same bytes as those of a single run, for any number of parts.
//! `--shard I/N` and cluster engines run the same tasks.

use std::path::PathBuf;

use bars::{AsOf, BarTime, Span, Symbol, Window};
use serde::{Deserialize, Serialize};
use stages::cycles::Lookback;
use stages::{leaderboards, metrics};

use crate::cycles::CyclesParams;
use crate::error::{Error, Result};
use crate::panel::MAX_SNAPSHOTS;
use crate::snapshots::{Regime, State};
use crate::universe::Universe;

mod cycles;
mod leaders;
mod merge;
mod plan;
mod result;
mod run;
mod shard;
mod snapshots;

pub use merge::{MergeTarget, Merged, findings, merge};
pub use plan::{TaskRequest, plan};
pub use result::TaskResult;
pub use shard::{InvalidShard, Shard, ShardOutput};

/// Version of tasks and results. Other versions are refused.
pub const TASK_VERSION: u32 = 1;

/// Maximum number of parts of a plan.
pub const MAX_PARTS: usize = 100_000;

/// Maximum number of symbols of a plan: more than any source has.
const MAX_SYMBOLS: usize = 1 << 22;

/// A part of a stage: some symbols with everything needed to compute them.
///
/// It has names, not bars; the worker opens the source itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// [`TASK_VERSION`] of the program that planned it.
    pub version: u32,
    /// Fingerprint of the whole plan: results of one plan belong together.
    pub plan: String,
    /// Number of this part, from 1.
    pub part: usize,
    /// Number of parts.
    pub parts: usize,
    /// Number of symbols in all parts.
    pub symbols: usize,
    /// The source, for the record; without password.
    pub source: String,
    /// The stage and its parameters.
    pub stage: TaskStage,
    /// The symbols of this part, by position.
    pub members: Vec<TaskMember>,
}

/// A symbol of a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskMember {
    /// Position among the symbols of all parts.
    pub position: usize,
    /// The symbol in results.
    pub symbol: Symbol,
    /// Its name in the source; `None` if the source lacks it.
    pub source: Option<Symbol>,
}

/// A stage of a task, with as-ofs resolved.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum TaskStage {
    /// Buckets of `leaderboards`.
    Leaderboards {
        /// Windows, lookback and number of ranks.
        params: leaderboards::ValidParams,
        /// The choice of symbols.
        #[serde(default)]
        universe: Universe,
        /// The as-of: only bars that close by then count.
        asof: AsOf,
        /// Close of the newest bar.
        newest: AsOf,
    },
    /// Rows of `metrics`.
    Metrics {
        /// Windows, coverage threshold and months of the baselines.
        params: metrics::ValidParams,
        /// The as-of: only bars that close by then count.
        asof: AsOf,
        /// The bars of the cohort.
        input: PathBuf,
        /// The meaning of timestamps in the input.
        bar_time: BarTime,
        /// Name of the cohort, for the default output.
        cohort: String,
    },
    /// Rows of `state`.
    State {
        /// Windows, coverage threshold and months of the baselines.
        params: State,
        /// The as-ofs, one or a panel.
        asofs: AsOfRange,
    },
    /// Rows of `regime`.
    Regime {
        /// Windows, lookback of breakouts and months of the baselines.
        params: Regime,
        /// The as-ofs, one or a panel.
        asofs: AsOfRange,
    },
    /// Cycles of `imf-stage`.
    Cycles {
        /// Lookback, decomposition, depth gate and clustering.
        params: CyclesParams,
        /// The as-of: only bars that close by then count.
        asof: AsOf,
        /// The minutes of the lookback.
        span: Span,
        /// Whether results have the modes.
        persist_modes: bool,
    },
}

/// As-ofs at equal steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AsOfRange {
    /// The first as-of; the others follow at equal steps.
    pub first: AsOf,
    /// The step; unused for a single as-of.
    pub every: Window,
    /// Number of as-ofs, at least 1.
    pub count: usize,
}

impl AsOfRange {
    /// The as-ofs, ascending.
    pub fn to_vec(self) -> Vec<AsOf> {
        let step = i64::from(self.every.minutes());
        (0..self.count.max(1) as i64).map(|i| self.first.plus(i * step)).collect()
    }
}

impl Task {
    /// The stage's name, as on the command line.
    pub fn stage_name(&self) -> &'static str {
        match self.stage {
            TaskStage::Leaderboards { .. } => "leaderboards",
            TaskStage::Metrics { .. } => "metrics",
            TaskStage::State { .. } => "state",
            TaskStage::Regime { .. } => "regime",
            TaskStage::Cycles { .. } => "imf-stage",
        }
    }

    /// The task as JSON.
    ///
    /// # Errors
    /// Only if serialization fails, which no task causes.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|e| Error::encode("a task", e))
    }

    /// Reads a task from JSON.
    ///
    /// # Errors
    /// If it is not a task of this version.
    pub fn from_json(text: &str) -> Result<Task> {
        let task: Task =
            serde_json::from_str(text).map_err(|e| Error::InvalidTask { source: e.into() })?;
        task.validate()?;
        Ok(task)
    }

    /// Checks for errors that only a damaged or foreign task has.
    fn validate(&self) -> Result<()> {
        let invalid = |what: String| Err(Error::InvalidTask { source: what.into() });
        let Task { version, part, parts, symbols, .. } = *self;
        if version != TASK_VERSION {
            return invalid(format!("version {version}, expected {TASK_VERSION}"));
        }
        if !(1..=MAX_PARTS).contains(&parts) || !(1..=parts).contains(&part) {
            return invalid(format!("part {part} of {parts}, expected 1 to {MAX_PARTS} parts"));
        }
        if symbols > MAX_SYMBOLS {
            return invalid(format!("{symbols} symbols, expected up to {MAX_SYMBOLS}"));
        }
        if let Some(member) = self.members.iter().find(|member| member.position >= symbols) {
            return invalid(format!(
                "{} at position {} of {symbols}",
                member.symbol, member.position
            ));
        }
        match self.stage {
            TaskStage::State { asofs, .. } | TaskStage::Regime { asofs, .. }
                if !(1..=MAX_SNAPSHOTS as usize).contains(&asofs.count) =>
            {
                invalid(format!("{} snapshots, expected 1 to {MAX_SNAPSHOTS}", asofs.count))
            }
            _ => Ok(()),
        }
    }

    /// The name of its result file: `<stage>-<part>-of-<parts>.arrow`.
    pub fn file_name(&self) -> String {
        format!("{}-{:05}-of-{:05}.arrow", self.stage_name(), self.part, self.parts)
    }
}

/// The lookback of cycles.
fn lookback(asof: AsOf, span: Span) -> Lookback {
    Lookback { asof, span }
}
