//! The AWS Lambda entry point: takes events from Lambda's runtime API and gives
//! them to the function.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use keytrail_lambda::{Function, Request, Settings, logging};
use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::sync::OnceCell;
use tracing::{Instrument as _, Level};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let settings = Settings::read(|name| std::env::var(name).ok());
    logging::start(settings.as_ref().map_or(Level::INFO, |settings| settings.log_level));
    let function = Arc::new(OnceCell::new());
    let settings = match settings {
        Ok(settings) => {
            // Before the first event, while the time costs nothing.
            let prepared = Box::pin(Function::prepare(settings.clone()));
            if let Err(error) = function.get_or_try_init(|| prepared).await {
                tracing::error!(error = format!("{error:#}"), "cannot start");
            }
            Ok(settings)
        }
        Err(error) => {
            tracing::error!(%error, "cannot start");
            Err(error)
        }
    };
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Box<RawValue>>| {
        let (function, settings) = (function.clone(), settings.clone());
        async move {
            let request_id = event.context.request_id.clone();
            let span = tracing::info_span!("invocation", request_id);
            Box::pin(answer(&function, settings, event).instrument(span)).await.map_err(|error| {
                let error_message = format!("{error:#}");
                tracing::error!(request_id, error = error_message, "the invocation failed");
                Diagnostic { error_type: "KeyTrail".to_owned(), error_message }
            })
        }
    }))
    .await
}

async fn answer(
    function: &OnceCell<Function>,
    settings: Result<Settings, keytrail_lambda::SettingsError>,
    event: LambdaEvent<Box<RawValue>>,
) -> anyhow::Result<Value> {
    let settings = settings?;
    // What failed at the start may go well now.
    let function = function.get_or_try_init(|| Function::prepare(settings)).await?;
    let request = Request {
        id: event.context.request_id,
        started: now(),
        deadline_milliseconds: event.context.deadline,
        now,
    };
    Ok(function.answer(event.payload.get(), &request).await?)
}

#[expect(clippy::disallowed_methods, reason = "a shell may look at the clock and hands it on")]
fn now() -> DateTime<Utc> {
    Utc::now()
}
