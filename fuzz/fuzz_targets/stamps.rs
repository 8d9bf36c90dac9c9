//! Any text as a timestamp, an as-of, a window and a format. What is read has the same value when it
//! is written and read again.

#![no_main]

use bars::Window;
use bars::time::{AsOfSpec, Minute, StampFormat, StampReader};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let (format, stamp) = text.split_once('\n').unwrap_or(("%d/%m/%Y %H:%M", text));
    if let Ok(format) = format.parse::<StampFormat>() {
        let _ = StampReader::new(Some(format)).read(stamp);
    }
    let mut reader = StampReader::default();
    if let Some(found) = reader.read(stamp) {
        // The date of the first is cached.
        assert_eq!(reader.read(stamp), Some(found), "{stamp}");
        let seconds = found.nanos.div_euclid(1_000_000_000);
        let minute = i64::try_from(seconds).ok().and_then(|s| Minute::new(s.div_euclid(60)));
        if let Some(minute) = minute {
            let again = StampReader::default().read(&minute.to_string()).expect("written by us");
            assert_eq!(again.nanos, i128::from(minute.epoch_seconds()) * 1_000_000_000);
        }
    }
    if let Ok(window) = stamp.parse::<Window>() {
        assert_eq!(window.to_string().parse(), Ok(window), "{stamp}");
    }
    let _ = Window::parse_list(text);
    if let Ok(spec) = stamp.parse::<AsOfSpec>()
        && let Some(asof) = spec.moment()
    {
        let again: AsOfSpec = asof.to_string().parse().expect("written by us");
        assert_eq!(again.moment(), Some(asof), "{stamp}");
    }
});
