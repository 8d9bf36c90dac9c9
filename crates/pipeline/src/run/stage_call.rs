//! A stage of a run: a job with its files.

use std::path::PathBuf;

use bars::{AsOf, Symbol};
use serde::Serialize;

use crate::artifacts::Cohort;
use crate::error::Result;
use crate::jobs::{
    CohortCyclesJob, CohortCyclesOutput, CyclesJob, CyclesOutput, CyclesSummaryJob,
    CyclesSummaryOutput, JobContext, LeaderboardsJob, LeaderboardsOutput, MetricsJob,
    MetricsOutput, ReportJob, ReportOutput, SnapshotFilesJob, SnapshotsOutput,
};
use crate::snapshots::{Regime, State};

/// A stage of a run. Its serialized form is part of the stage's fingerprint.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub enum StageCall {
    /// `leaderboards`.
    Leaderboards(LeaderboardsJob),
    /// `metrics` of a cohort.
    Metrics(Cohort, MetricsJob),
    /// `imf-cluster` of a cohort.
    CohortCycles(CohortCyclesJob),
    /// `state`.
    State(SnapshotFilesJob<State>),
    /// `regime`.
    Regime(SnapshotFilesJob<Regime>),
    /// `imf-stage`.
    Cycles(CyclesJob),
    /// `imf-postprocess`.
    CyclesSummary(CyclesSummaryJob),
    /// `report`.
    Report(ReportJob),
}

/// The result of a stage.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum StageOutput {
    /// Of `leaderboards`.
    Leaderboards(LeaderboardsOutput),
    /// Of `metrics`.
    Metrics(MetricsOutput),
    /// Of `imf-cluster`.
    CohortCycles(CohortCyclesOutput),
    /// Of `state`.
    State(SnapshotsOutput),
    /// Of `regime`.
    Regime(SnapshotsOutput),
    /// Of `imf-stage`.
    Cycles(CyclesOutput),
    /// Of `imf-postprocess`.
    CyclesSummary(CyclesSummaryOutput),
    /// Of `report`.
    Report(ReportOutput),
}

impl StageCall {
    /// The stage's name: the command, and the cohort if there is one.
    pub fn name(&self) -> String {
        match self {
            StageCall::Leaderboards(_) => "leaderboards".to_owned(),
            StageCall::Metrics(cohort, _) => format!("metrics {}", cohort.name()),
            StageCall::CohortCycles(job) => format!("imf-cluster {}", job.cohort.name()),
            StageCall::State(_) => "state".to_owned(),
            StageCall::Regime(_) => "regime".to_owned(),
            StageCall::Cycles(_) => "imf-stage".to_owned(),
            StageCall::CyclesSummary(_) => "imf-postprocess".to_owned(),
            StageCall::Report(_) => "report".to_owned(),
        }
    }

    /// Whether the stage reads the source.
    pub(super) fn reads_source(&self) -> bool {
        match self {
            StageCall::CohortCycles(_) | StageCall::CyclesSummary(_) | StageCall::Report(_) => {
                false
            }
            StageCall::Leaderboards(_)
            | StageCall::Metrics(..)
            | StageCall::State(_)
            | StageCall::Regime(_)
            | StageCall::Cycles(_) => true,
        }
    }

    /// The files that the stage reads, besides the source.
    pub(super) fn inputs(&self) -> Vec<PathBuf> {
        match self {
            StageCall::Leaderboards(_) => Vec::new(),
            StageCall::Metrics(_, job) => job.inputs(),
            StageCall::CohortCycles(job) => job.inputs(),
            StageCall::State(job) => job.inputs(),
            StageCall::Regime(job) => job.inputs(),
            StageCall::Cycles(job) => job.inputs(),
            StageCall::CyclesSummary(job) => job.inputs(),
            StageCall::Report(job) => job.inputs(),
        }
    }

    /// The files that the stage may write, and folders for all files in them.
    pub(super) fn outputs(&self, asof: AsOf, leaders: &[Symbol]) -> Vec<PathBuf> {
        match self {
            StageCall::Leaderboards(job) => job.outputs(),
            StageCall::Metrics(_, job) => job.outputs(),
            StageCall::CohortCycles(job) => job.outputs(),
            StageCall::State(job) => job.outputs(asof),
            StageCall::Regime(job) => job.outputs(asof),
            StageCall::Cycles(job) => job.outputs(asof, leaders),
            StageCall::CyclesSummary(job) => job.outputs(),
            StageCall::Report(job) => job.outputs(),
        }
    }

    /// Runs the stage.
    pub(super) fn run(&self, context: &JobContext<'_>) -> Result<StageOutput> {
        Ok(match self {
            StageCall::Leaderboards(job) => StageOutput::Leaderboards(job.run(context)?),
            StageCall::Metrics(_, job) => StageOutput::Metrics(job.run(context)?),
            StageCall::CohortCycles(job) => StageOutput::CohortCycles(job.run(context)?),
            StageCall::State(job) => StageOutput::State(job.run(context)?),
            StageCall::Regime(job) => StageOutput::Regime(job.run(context)?),
            StageCall::Cycles(job) => StageOutput::Cycles(job.run(context)?),
            StageCall::CyclesSummary(job) => StageOutput::CyclesSummary(job.run(context)?),
            StageCall::Report(job) => StageOutput::Report(job.run(context)?),
        })
    }
}
