//! Judging what is **new**: what happened, in the hours that gained events since
//! the last run; how things stand, now.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use datafusion::prelude::SessionContext;
use ingest::schema::FINDINGS;
use ingest::{Lake, RunRecord, new_hours};
use serde::Serialize;
use serde_json::json;

use super::changes::DAY;
use super::hours::{Batch, HOUR, WINDOWS_MAX, batches, with_events};
use super::judgement::Judgement;
use super::known::Known;
use super::opening::{RunMark, run_record};
use super::record::{Progress, RecordedLife, record, rules};
use crate::configuration::{Configuration, Rules};
use crate::detection::{
    CoverageSummary, Detection, DetectionRun, Kind, Window, detect_until, shared_context,
};
use crate::error::AnalyzeError;
use crate::session::Session;

/// What a run that judges what is new came to.
#[derive(Debug, Serialize)]
pub struct NewRun {
    /// All that was found, known or not.
    #[serde(skip)]
    pub run: DetectionRun,
    /// What of it is news.
    #[serde(flatten)]
    pub life: RecordedLife,
    /// The moment as of which it was judged how things stand.
    pub judged_at: i64,
    /// Windows in which it was judged what happened.
    pub windows: u64,
    /// Hours with new events that were judged.
    pub hours_judged: u64,
    /// Hours with new events that are left to the next run.
    pub hours_left: u64,
    /// Whether it was told to stop before all was judged.
    pub stopped_early: bool,
    /// Where it began, microseconds since 1970 UTC, when nobody had judged this
    /// lake before, or nobody knows what is new since: earlier hours are not
    /// judged.
    pub begun_at: Option<i64>,
}

/// Judges what is new in the lake that the session has opened, and records it.
/// States and absences are judged as of the run's start, also when nothing is
/// new.
///
/// # Errors
/// When the configuration is wrong, or the lake cannot be read or written.
pub async fn detect_new(
    lake: &Lake,
    session: &Session,
    detections: &[Detection],
    configuration: &Configuration,
    mark: &RunMark,
    stop: &AtomicBool,
) -> Result<NewRun, AnalyzeError> {
    let rules = rules(configuration)?;
    let mut table = lake.table(&FINDINGS).await?;
    let known = Known::read_marks(&table).await?;
    let (hours, begun_at) = to_judge(session, &known, &rules, mark.started_at).await?;
    let batches = batches(&hours);
    let mut judging = Judging::new(session, detections, &known, mark.started_at, stop);
    judging.share_views(!batches.is_empty()).await;
    let now = batches.len().min(WINDOWS_MAX);
    let (newest, older) = batches[..now].split_at(now.min(1));
    // What is newest matters most, then how things stand; a backfill can wait.
    judging.judge_batches(newest).await?;
    judging.judge_states().await?;
    judging.judge_batches(older).await?;
    let left: BTreeSet<i64> = hours.difference(&judging.judged_hours).copied().collect();
    let progress = Progress {
        base: (known.version, known.judged_at),
        version: session.events_version().unwrap_or_default(),
        hours: left.clone(),
        detections: judging.judged_states.clone(),
    };
    let mut judgement = Judgement::of(&judging.run, detections);
    judgement.judged_at = mark.started_at;
    let life = record(&mut table, &judgement, &rules, mark, Some(&progress)).await?;
    Ok(NewRun {
        judged_at: mark.started_at,
        windows: judging.windows,
        hours_judged: judging.judged_hours.len() as u64,
        hours_left: left.len() as u64,
        stopped_early: judging.stopped,
        begun_at,
        run: judging.run,
        life,
    })
}

impl NewRun {
    /// What it leaves behind in the table `runs`; the end is the caller's to say.
    #[must_use]
    pub fn record(
        &self,
        mark: &RunMark,
        session: &Session,
        configuration: &Configuration,
    ) -> RunRecord {
        let details = json!({
            "windows": self.windows,
            "hours_judged": self.hours_judged,
            "hours_left": self.hours_left,
            "stopped_early": self.stopped_early,
            "found": self.life.found,
            "escalated": self.life.escalated,
            "historical": self.life.historical,
            "suppressed": self.life.suppressed,
            "closed": self.life.closed,
            "raised": self.life.raised.len(),
        });
        RunRecord {
            details: Some(details.to_string()),
            ..run_record(mark, &self.run, session, configuration)
        }
    }
}

/// The hours to be judged, and where they begin if that is not where the last
/// run ended.
async fn to_judge(
    session: &Session,
    known: &Known,
    rules: &Rules,
    now: i64,
) -> Result<(BTreeSet<i64>, Option<i64>), AnalyzeError> {
    let Some(events) = session.events() else { return Ok((BTreeSet::new(), None)) };
    let new = new_hours(events, known.version).await?;
    if new.complete {
        return Ok((&new.hours | &known.hours, None));
    }
    // The log does not say what is new: what came late is not to be had, but all
    // that happened since the last run is.
    let last = known.judged_at.filter(|_| known.version.is_some()).map(|last| last - DAY);
    let start = last.or(rules.from).unwrap_or(now - DAY);
    // Clocks differ a little: the hour to come may have begun.
    let hours = with_events(session, start, now + HOUR).await?;
    Ok((&hours | &known.hours, Some(start)))
}

/// A run under way.
struct Judging<'a> {
    session: &'a Session,
    /// The session's, with the views worked out that several detections read: once
    /// for all windows.
    context: SessionContext,
    stop: &'a AtomicBool,
    of_events: Vec<Detection>,
    /// Those that are due.
    of_states: Vec<Detection>,
    now: i64,
    run: DetectionRun,
    windows: u64,
    judged_hours: BTreeSet<i64>,
    /// Those with a period of their own.
    judged_states: Vec<String>,
    stopped: bool,
}

impl<'a> Judging<'a> {
    fn new(
        session: &'a Session,
        detections: &[Detection],
        known: &Known,
        now: i64,
        stop: &'a AtomicBool,
    ) -> Self {
        let (of_events, mut of_states): (Vec<_>, Vec<_>) =
            detections.iter().cloned().partition(|detection| detection.header.kind == Kind::Event);
        of_states.retain(|Detection { header, .. }| {
            let last = known.judged_detections.get(&header.id);
            last.zip(header.every_micros()).is_none_or(|(last, every)| now - last >= every)
        });
        let run = DetectionRun::nothing(detections, Window { start: now - DAY, end: now });
        Self {
            session,
            context: session.context().clone(),
            stop,
            of_events,
            of_states,
            now,
            run,
            windows: 0,
            judged_hours: BTreeSet::new(),
            judged_states: Vec::new(),
            stopped: false,
        }
    }

    /// Works out what the detections that are to be judged share.
    async fn share_views(&mut self, with_events: bool) {
        let of_events: &[Detection] = if with_events { &self.of_events } else { &[] };
        let judged = [of_events, &self.of_states].concat();
        self.context = shared_context(self.session.context(), &judged).await;
    }

    async fn judge_batches(&mut self, batches: &[Batch]) -> Result<(), AnalyzeError> {
        for batch in batches {
            if self.must_stop() {
                return Ok(());
            }
            let run = self.judge(&self.of_events, batch.window).await?;
            self.windows += 1;
            if !self.must_stop() {
                self.judged_hours.extend(&batch.hours);
            }
            self.run.add(run);
        }
        Ok(())
    }

    async fn judge_states(&mut self) -> Result<(), AnalyzeError> {
        if self.of_states.is_empty() || self.must_stop() {
            return Ok(());
        }
        let window = Window { start: self.now - DAY, end: self.now };
        let mut run = self.judge(&self.of_states, window).await?;
        let periodic = self.of_states.iter().filter(|detection| detection.header.every.is_some());
        let done = |id: &String| {
            run.outcomes.iter().any(|outcome| outcome.detection == *id && outcome.error.is_none())
        };
        self.judged_states =
            periodic.map(|detection| detection.header.id.clone()).filter(done).collect();
        if self.windows > 0 {
            // The events of this window are counted with those that are new.
            run.events = 0;
            run.coverage = CoverageSummary::default();
        }
        self.run.add(run);
        Ok(())
    }

    /// Judges a window as far as it is not told to stop. What failed is tried
    /// once more: these hours will not be looked at again.
    async fn judge(
        &self,
        detections: &[Detection],
        window: Window,
    ) -> Result<DetectionRun, AnalyzeError> {
        let mut run =
            detect_until(self.session, &self.context, detections, window, self.stop).await?;
        let failed = run.take_failed();
        if failed.is_empty() {
            return Ok(run);
        }
        let again: Vec<Detection> = detections
            .iter()
            .filter(|detection| failed.contains(&detection.header.id))
            .cloned()
            .collect();
        // Told to stop meanwhile, it has to finish these: they have begun.
        let never = AtomicBool::new(false);
        let mut again = detect_until(self.session, &self.context, &again, window, &never).await?;
        again.events = 0;
        again.coverage = CoverageSummary::default();
        run.add(again);
        Ok(run)
    }

    /// Whether it is time to stop; once it was, it stays so.
    fn must_stop(&mut self) -> bool {
        self.stopped |= self.stop.load(Ordering::Relaxed);
        self.stopped
    }
}
