//! What `metrics` and `state` share: the windows within the day, and what a person is shown of them.

use bars::Window;
use stages::metrics::Intraday;

use super::standing::Pick;
use crate::ui::Usage;

/// What a person is shown of each symbol.
pub const PICKS: &[Pick] = &[
    Pick { title: "change %", metric: Intraday::Roc as usize, scale: 1.0, digits: 2 },
    Pick { title: "volatility %", metric: Intraday::RvClose as usize, scale: 100.0, digits: 3 },
    Pick { title: "RSI", metric: Intraday::Rsi as usize, scale: 1.0, digits: 0 },
    Pick { title: "ADX", metric: Intraday::Adx as usize, scale: 1.0, digits: 0 },
];

/// Reads `--windows` and `--enable-72h`.
pub fn windows(list: &str, enable_72h: bool) -> anyhow::Result<Vec<Window>> {
    let mut windows = Window::parse_list(list).map_err(|e| Usage(format!("--windows: {e}")))?;
    if enable_72h && !windows.contains(&Window::THREE_DAYS) {
        windows.push(Window::THREE_DAYS);
    }
    Ok(windows)
}
