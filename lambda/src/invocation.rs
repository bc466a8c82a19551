//! An **invocation**: one event, from what it asks for to the answer.
//!
//! ingest, judge and deliver follow each other. When one fails, what does not
//! need it is done all the same: alerts raised earlier are delivered even if
//! nothing can be read today.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_lambda_events::event::sqs::SqsBatchResponse;
use chrono::{DateTime, Utc};
use ingest::{Lake, S3Requests};
use serde_json::Value;

mod alert_from;
mod delivering;
mod ingesting;
mod judging;
mod work;

use ingesting::Ingested;
use work::Work;

use crate::deadline::Deadline;
use crate::function::Function;
use crate::summary::Summary;
use crate::trigger::{Item, Trigger, Wanted};
use crate::{logging, metrics};

/// Who asks, and until when.
#[derive(Debug, Clone)]
pub struct Request {
    /// Lambda's id of the request; a repeated one has the same.
    pub id: String,
    /// When it began.
    pub started: DateTime<Utc>,
    /// When Lambda ends it, milliseconds since 1970.
    pub deadline_milliseconds: u64,
    /// The clock.
    pub now: fn() -> DateTime<Utc>,
}

/// Why an invocation failed. Lambda, or what invoked it, tries again.
#[derive(Debug, thiserror::Error)]
#[error("{}", .reasons.join("; "))]
pub struct InvocationError {
    reasons: Vec<String>,
}

/// An invocation under way.
struct Invocation<'a> {
    function: &'a Function,
    request: &'a Request,
    stop: Arc<AtomicBool>,
    summary: Summary,
    /// What went wrong, in words.
    reasons: Vec<String>,
    /// Messages that must come again, once that is known: after ingest.
    failed: Option<Vec<String>>,
    /// Whether the lake cannot be used: then nothing else can be done.
    lake_is_out: bool,
}

impl Function {
    /// Does what an event asks for.
    ///
    /// # Errors
    /// When a part failed, or nothing of the event is understood. A queue's
    /// messages fail one by one instead, as the answer says.
    pub async fn answer(&self, payload: &str, request: &Request) -> Result<Value, InvocationError> {
        let deadline = Deadline::new(
            request.started,
            request.deadline_milliseconds,
            self.settings.stop_before,
        );
        let stop = Arc::new(AtomicBool::new(deadline.stop_after.is_zero()));
        let alarm = tokio::spawn({
            let stop = stop.clone();
            async move {
                tokio::time::sleep(deadline.stop_after).await;
                stop.store(true, Ordering::Relaxed);
            }
        });
        let trigger = Trigger::read(payload);
        let mut invocation = Invocation {
            function: self,
            request,
            stop,
            summary: Summary::default(),
            reasons: Vec::new(),
            failed: None,
            lake_is_out: false,
        };
        let run = Box::pin(invocation.run(&trigger));
        let ended = tokio::time::timeout(deadline.give_up_after, run).await;
        alarm.abort();
        if ended.is_err() {
            invocation.summary.stopped_early = true;
            invocation.fail("there was no time left; the next run goes on");
        }
        invocation.conclude(&trigger)
    }
}

impl Invocation<'_> {
    /// Everything that there is to do.
    async fn run(&mut self, trigger: &Trigger) {
        let work = Work::of(trigger, &self.function.settings.sources);
        self.note(trigger, &work);
        if work.is_nothing() {
            self.failed = Some(messages(trigger, |item| item.wanted.is_err()));
            return;
        }
        let lake = match Lake::at(&self.function.settings.lake).await {
            Ok(lake) => lake,
            Err(error) => {
                self.fail(format!("{:#}", anyhow::Error::from(error)));
                return;
            }
        };
        self.run_on(&lake, trigger, &work).await;
        self.summary.s3_requests += total(lake.requests());
    }

    async fn run_on(&mut self, lake: &Lake, trigger: &Trigger, work: &Work) {
        let ingested = self.ingest(lake, work).await;
        if self.lake_is_out {
            return;
        }
        self.failed = Some(messages(trigger, |item| must_come_again(item, ingested.as_ref())));
        let settings = &self.function.settings;
        let role = self.function.role.as_ref();
        match settings.configuration(&self.function.s3, role).await {
            Ok(configuration) => {
                let configuration = self.with_alert_from(lake, configuration).await;
                self.judge(lake, &configuration).await;
                self.deliver(lake, &configuration).await;
            }
            Err(error) => self.fail(format!("{error:#}")),
        }
    }

    /// Counts what is asked for, and says what is not understood.
    fn note(&mut self, trigger: &Trigger, work: &Work) {
        for item in &trigger.items {
            match &item.wanted {
                Err(refusal) => {
                    self.summary.refused += 1;
                    let message_id = item.message_id.as_deref();
                    tracing::warn!(message_id, reason = %refusal, "refused");
                    if !trigger.is_queue {
                        self.reasons.push(refusal.to_string());
                    }
                }
                Ok(wanted) => {
                    for wanted in wanted {
                        if let Wanted::Nothing(what) = wanted {
                            tracing::info!(what, "acknowledged");
                        }
                    }
                }
            }
        }
        self.summary.objects_outside = work.outside.len() as u64;
        if let Some(first) = work.outside.first() {
            tracing::warn!(
                objects = work.outside.len(),
                first = first.uri(),
                "objects outside of KEYTRAIL_SOURCE are left alone"
            );
        }
    }

    fn is_to_stop(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn fail(&mut self, reason: impl Into<String>) {
        let reason = reason.into();
        tracing::error!(reason, "failed");
        self.summary.failures += 1;
        self.reasons.push(reason);
    }

    /// Metrics and answer.
    fn conclude(mut self, trigger: &Trigger) -> Result<Value, InvocationError> {
        let ended = (self.request.now)();
        let milliseconds = (ended - self.request.started).num_milliseconds();
        self.summary.milliseconds = u64::try_from(milliseconds).unwrap_or_default();
        let summary = &mut self.summary;
        summary.succeeded = summary.failures == 0 && summary.refused == 0 && !summary.stopped_early;
        let name = &self.function.settings.function_name;
        logging::write_line(&metrics::line(&self.summary, name, ended));
        let summary = serde_json::to_value(&self.summary).unwrap_or_default();
        tracing::info!(summary = %summary, "done");
        if trigger.is_queue {
            // Without an ingest none of them was dealt with for certain.
            let failed = self.failed.unwrap_or_else(|| messages(trigger, |_| true));
            return Ok(queue_answer(failed));
        }
        if self.reasons.is_empty() {
            Ok(summary)
        } else {
            Err(InvocationError { reasons: self.reasons })
        }
    }
}

/// All requests of these kinds.
fn total(requests: S3Requests) -> u64 {
    let S3Requests { get, head, list, put, delete } = requests;
    get + head + list + put + delete
}

/// Ids of the messages that are so.
fn messages(trigger: &Trigger, are: impl Fn(&Item) -> bool) -> Vec<String> {
    trigger
        .items
        .iter()
        .filter(|item| are(item))
        .filter_map(|item| item.message_id.clone())
        .collect()
}

/// Whether a message must come again: it was not understood, which takes it to
/// the dead letters in the end, or something of it could not be read and may be
/// another time.
fn must_come_again(item: &Item, ingested: Option<&Ingested>) -> bool {
    let (Ok(wanted), Some(ingested)) = (&item.wanted, ingested) else { return true };
    wanted.iter().any(|wanted| match wanted {
        Wanted::Object(object) => ingested.must_come_again(&object.uri()),
        Wanted::Document(document) => ingested.must_come_again(&document.uri),
        Wanted::Listing | Wanted::Nothing(_) => false,
    })
}

fn queue_answer(failed: Vec<String>) -> Value {
    let mut answer = SqsBatchResponse::default();
    answer.set_failures(failed);
    serde_json::to_value(answer).unwrap_or_default()
}
