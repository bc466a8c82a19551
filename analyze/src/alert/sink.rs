//! A **sink**: a place that alerts go to.

use super::Alert;
use crate::configuration::SinkSettings;
use crate::error::AnalyzeError;

#[cfg(test)]
pub(crate) mod fake;

/// Why an alert did not arrive.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct DeliveryError {
    /// What went wrong and what to do, without secrets.
    pub reason: String,
    /// Whether trying again may help.
    pub retry: bool,
    /// How long the sink asks to be left alone, seconds.
    pub retry_after_seconds: Option<u64>,
}

impl DeliveryError {
    /// An error that may have passed when the alert is tried again.
    pub(crate) fn passing(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), retry: true, retry_after_seconds: None }
    }

    /// An error that the same alert would meet again.
    pub(crate) fn lasting(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), retry: false, retry_after_seconds: None }
    }
}

/// A place that alerts go to, ready to take them.
#[derive(Debug)]
pub enum Sink {
    /// A sink of tests.
    #[cfg(test)]
    #[expect(private_interfaces, reason = "only tests see it")]
    Fake(fake::Fake),
}

/// A sink of the configuration, opened or not.
#[derive(Debug)]
pub struct OpenSink {
    settings: SinkSettings,
    /// Why it cannot be opened, if it cannot: the others deliver all the same.
    sink: Result<Sink, String>,
}

/// The sinks of a configuration.
#[derive(Debug)]
pub struct Sinks(Vec<OpenSink>);

impl Sink {
    async fn open(settings: &SinkSettings) -> Result<Self, AnalyzeError> {
        match settings.kind {
            kind => Err(AnalyzeError::Setting { reason: format!("{kind:?}") }),
        }
    }

    /// Gives it alerts; for each one, in their order, what became of it.
    pub async fn deliver(&self, alerts: &[Alert]) -> Vec<Result<(), DeliveryError>> {
        match *self {
            #[cfg(test)]
            Self::Fake(ref sink) => sink.deliver(alerts).await,
        }
    }
}

impl OpenSink {
    /// What the configuration calls it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.settings.name
    }

    /// Gives it alerts; for each one, in their order, what became of it. A sink
    /// that could not be opened takes none.
    pub async fn deliver(&self, alerts: &[Alert]) -> Vec<Result<(), DeliveryError>> {
        match &self.sink {
            Ok(sink) => sink.deliver(alerts).await,
            Err(reason) => {
                alerts.iter().map(|_| Err(DeliveryError::passing(reason.clone()))).collect()
            }
        }
    }
}

impl Sinks {
    /// Opens the sinks. One that cannot be opened, because a variable is not set
    /// for instance, says so for each alert that it is given.
    pub async fn open(settings: &[SinkSettings]) -> Self {
        let mut sinks = Vec::new();
        for settings in settings {
            let sink = Sink::open(settings).await.map_err(|error| error.to_string());
            sinks.push(OpenSink { settings: settings.clone(), sink });
        }
        Self(sinks)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &OpenSink> {
        self.0.iter()
    }

    /// Sinks of tests, by their settings.
    #[cfg(test)]
    pub(crate) fn fake(sinks: Vec<(SinkSettings, fake::Fake)>) -> Self {
        let open = |(settings, fake)| OpenSink { settings, sink: Ok(Sink::Fake(fake)) };
        Self(sinks.into_iter().map(open).collect())
    }
}
