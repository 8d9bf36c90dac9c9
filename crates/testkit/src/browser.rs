//! Pages in headless Chromium.

use std::path::Path;
use std::process::Command;

/// Returns whether Chromium is installed.
pub fn is_installed() -> bool {
    Command::new("chromium").arg("--version").output().is_ok_and(|output| output.status.success())
}

/// Returns a command that opens one page and exits.
fn chromium(size: (u32, u32), is_dark: bool) -> Command {
    let mut command = Command::new("chromium");
    // Chromium has no sandbox as root; the pages are our own.
    command.args([
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        "--no-first-run",
    ]);
    command.args([
        "--disable-background-networking",
        "--enable-logging=stderr",
        "--virtual-time-budget=20000",
    ]);
    command.arg(format!("--window-size={},{}", size.0, size.1));
    command.arg(format!("--blink-settings=preferredColorScheme={}", if is_dark { 0 } else { 1 }));
    command
}

/// Returns the DOM of the page after its scripts ran, and their console messages.
pub fn dom(page: &Path) -> (String, Vec<String>) {
    let output =
        chromium((1280, 900), false).arg("--dump-dom").arg(page).output().expect("Chromium runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let messages = String::from_utf8_lossy(&output.stderr);
    (text, messages.lines().filter(|line| line.contains("CONSOLE")).map(str::to_owned).collect())
}

/// Takes a screenshot of the page.
pub fn picture(page: &Path, size: (u32, u32), is_dark: bool, place: &Path) {
    let mut command = chromium(size, is_dark);
    let output = command
        .arg(format!("--screenshot={}", place.display()))
        .arg(page)
        .output()
        .expect("Chromium runs");
    assert!(place.is_file(), "no picture: {}", String::from_utf8_lossy(&output.stderr));
}
