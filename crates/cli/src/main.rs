//! `data-pipeline`: a crypto quant research toolkit on one-minute bars.

use std::process::ExitCode;

fn main() -> ExitCode {
    data_pipeline::main()
}
