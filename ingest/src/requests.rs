//! **Requests** to S3, counted as they are made: they are what a run that finds
//! nothing new costs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use aws_sdk_s3::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpRequest, HttpResponse, HttpService, ReqwestConnector,
};
use serde::Serialize;

/// Requests made to S3; one that is repeated is counted each time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct S3Requests {
    /// For the bytes of an object, or some of them.
    pub get: u64,
    /// For the size of an object.
    pub head: u64,
    /// For a page of a listing.
    pub list: u64,
    /// To write an object or a part of one.
    pub put: u64,
    /// To delete objects.
    pub delete: u64,
}

impl S3Requests {
    /// Those made after `earlier`.
    #[must_use]
    pub fn since(self, earlier: Self) -> Self {
        Self {
            get: self.get - earlier.get,
            head: self.head - earlier.head,
            list: self.list - earlier.list,
            put: self.put - earlier.put,
            delete: self.delete - earlier.delete,
        }
    }
}

/// Counts requests as they are made.
#[derive(Debug, Default)]
pub(crate) struct RequestCounter {
    get: AtomicU64,
    head: AtomicU64,
    list: AtomicU64,
    put: AtomicU64,
    delete: AtomicU64,
}

impl RequestCounter {
    /// Those made so far.
    pub(crate) fn so_far(&self) -> S3Requests {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        S3Requests {
            get: read(&self.get),
            head: read(&self.head),
            list: read(&self.list),
            put: read(&self.put),
            delete: read(&self.delete),
        }
    }

    fn take(&self, method: &str, query: &str) {
        let counter = match method {
            "HEAD" => &self.head,
            "DELETE" => &self.delete,
            "POST" if query.split('&').any(|part| part.trim_end_matches('=') == "delete") => {
                &self.delete
            }
            "PUT" | "POST" => &self.put,
            _ if query.contains("list-type=2") => &self.list,
            _ => &self.get,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// Counts what the AWS SDK sends.
#[derive(Debug)]
pub(crate) struct CountingInterceptor(pub(crate) Arc<RequestCounter>);

impl Intercept for CountingInterceptor {
    fn name(&self) -> &'static str {
        "counting"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request();
        let (_, query) = request.uri().split_once('?').unwrap_or_default();
        self.0.take(request.method(), query);
        Ok(())
    }
}

/// Counts what the lake's store sends.
#[derive(Debug)]
pub(crate) struct CountingConnector(pub(crate) Arc<RequestCounter>);

#[derive(Debug)]
struct CountingService {
    client: HttpClient,
    counter: Arc<RequestCounter>,
}

impl HttpConnector for CountingConnector {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let client = ReqwestConnector::default().connect(options)?;
        Ok(HttpClient::new(CountingService { client, counter: self.0.clone() }))
    }
}

#[async_trait]
impl HttpService for CountingService {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        self.counter.take(request.method().as_str(), request.uri().query().unwrap_or_default());
        self.client.execute(request).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_by_what_they_ask_for() {
        let counter = RequestCounter::default();
        let before = counter.so_far();
        for (method, query) in [
            ("GET", "list-type=2&prefix=x"),
            ("GET", "x-id=GetObject"),
            ("GET", ""),
            ("HEAD", ""),
            ("PUT", ""),
            ("POST", "uploads"),
            ("POST", "delete"),
            ("POST", "delete="),
            ("DELETE", "uploadId=x"),
        ] {
            counter.take(method, query);
        }
        let made = S3Requests { get: 2, head: 1, list: 1, put: 2, delete: 3 };
        assert_eq!(counter.so_far(), made);
        assert_eq!(counter.so_far().since(before), made);
        assert_eq!(counter.so_far().since(made), S3Requests::default());
    }
}
