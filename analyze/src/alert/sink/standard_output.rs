//! **Standard output**: alerts as lines of JSON, for whatever reads them next. It
//! is where the command runs, so nothing is left out.

use std::io::{self, Write};

use crate::alert::{Alert, DeliveryError};
use crate::configuration::SinkSettings;
use crate::error::AnalyzeError;

/// Standard output of this process.
#[derive(Debug)]
pub struct StandardOutput;

impl StandardOutput {
    /// Needs nothing.
    ///
    /// # Errors
    /// When the settings name a target, which would be ignored.
    pub fn open(settings: &SinkSettings) -> Result<Self, AnalyzeError> {
        if settings.target.is_some() || settings.target_variable.is_some() {
            let reason = format!("sink {}: standard output has no target", settings.name);
            return Err(AnalyzeError::Setting { reason });
        }
        Ok(Self)
    }

    /// Writes alerts, one a line; one result for each, in order.
    #[expect(clippy::unused_async, reason = "sinks are called alike")]
    pub async fn deliver(&self, alerts: &[Alert]) -> Vec<Result<(), DeliveryError>> {
        let mut out = io::stdout().lock();
        alerts.iter().map(|alert| write(&mut out, alert)).collect()
    }
}

fn write(out: &mut impl Write, alert: &Alert) -> Result<(), DeliveryError> {
    let failed = |error: io::Error| {
        DeliveryError::passing(format!("standard output cannot be written to: {error}"))
    };
    let mut line = serde_json::to_vec(alert).map_err(|error| failed(error.into()))?;
    line.push(b'\n');
    out.write_all(&line).and_then(|()| out.flush()).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::format::example;

    #[test]
    fn alerts_are_lines_that_can_be_read_back() {
        let mut alert = example::alert();
        alert.finding.summary = "two\nlines".to_owned();
        let mut out = Vec::new();
        write(&mut out, &alert).unwrap();
        write(&mut out, &alert).unwrap();
        let lines: Vec<Alert> = String::from_utf8(out)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines, [alert.clone(), alert]);
    }

    #[test]
    fn a_reader_that_is_gone_is_a_failure_worth_another_try() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let error = write(&mut Closed, &example::alert()).unwrap_err();
        assert!(error.retry);
        assert!(error.reason.starts_with("standard output cannot be written to"));
    }
}
