use std::path::PathBuf;

use bars::time::AsOfSpec;
use report::model::Remedy;
use serde::Serialize;

use super::context::JobContext;
use crate::error::{Error, Result};
use crate::report_model::{Depth, OutputFiles, read};

/// Builds the report page from the outputs in a folder.
#[derive(Debug, Clone, Serialize)]
pub struct ReportJob {
    /// The folder with the outputs of the other commands.
    pub dir: PathBuf,
    /// The HTML page to write.
    pub out: PathBuf,
    /// Outputs after this time are not shown.
    pub asof: AsOfSpec,
    /// The files that may be read; `None`: all in the folder.
    #[serde(skip)]
    pub only: Option<Vec<PathBuf>>,
    /// What page and messages print for a part without data; `None`: only that it is missing.
    #[serde(skip)]
    pub remedy: Option<Remedy>,
}

/// The result of a [`ReportJob`].
#[derive(Debug, Clone, Copy)]
pub struct ReportOutput {
    /// Symbols with charts.
    pub leaders: usize,
    /// Size of the page.
    pub bytes: usize,
}

impl ReportJob {
    /// Runs the job.
    ///
    /// # Errors
    /// If a file is damaged, there is nothing to report, or the page cannot be written.
    pub fn run(&self, context: &JobContext<'_>) -> Result<ReportOutput> {
        let outputs = OutputFiles::new(&self.dir, self.only.as_deref());
        let mut model = read(&outputs, self.asof.moment(), Depth::Whole)?;
        if model.boards.is_empty()
            && model.state.is_empty()
            && model.regime.is_empty()
            && model.cycles.is_empty()
        {
            return Err(Error::NothingToReport { dir: self.dir.clone() });
        }
        model.remedy = self.remedy;
        for part in &model.missing_parts {
            let remedy = self
                .remedy
                .map_or(String::new(), |remedy| format!("; create it with '{}'", remedy(*part)));
            context.observer.info(format!("section omitted: {}{remedy}", part.name()));
        }
        let page = report::render(&model);
        context.temp.write(&self.out, page.as_bytes())?;
        Ok(ReportOutput { leaders: model.leaders.len(), bytes: page.len() })
    }

    /// The files that the job reads.
    pub fn inputs(&self) -> Vec<PathBuf> {
        self.only.clone().unwrap_or_default()
    }

    /// The page.
    pub fn outputs(&self) -> Vec<PathBuf> {
        vec![self.out.clone()]
    }
}
