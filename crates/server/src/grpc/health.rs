//! `grpc.health.v1`: whether requests should come here, asked once or watched. It follows the server's readiness; the
//! empty name stands for all of it.

use crate::state::App;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::{Sender, channel};
use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};
use tonic_health::pb;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

/// How often a watched server is looked at.
const LOOK: Duration = Duration::from_millis(250);
/// The services whose health is that of the server.
const KNOWN: [&str; 2] = ["", "inference.GRPCInferenceService"];

/// Tells how the server is.
pub struct Health(pub Arc<App>);

type Told = Result<HealthCheckResponse, Status>;

#[tonic::async_trait]
impl pb::health_server::Health for Health {
    type WatchStream = Pin<Box<dyn Stream<Item = Told> + Send>>;

    async fn check(
        &self,
        asked: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        let service = asked.into_inner().service;
        if !KNOWN.contains(&service.as_str()) {
            return Err(Status::not_found(format!("there is no service `{service}` here")));
        }
        Ok(Response::new(told(serving(&self.0))))
    }

    async fn watch(&self, asked: Request<HealthCheckRequest>) -> Result<Response<Self::WatchStream>, Status> {
        let known = KNOWN.contains(&asked.into_inner().service.as_str());
        let (tell, stream) = channel(1);
        tokio::spawn(watch(Arc::clone(&self.0), known, tell));
        Ok(Response::new(Box::pin(ReceiverStream::new(stream))))
    }
}

/// Tells at once and at every change, until nobody listens or the server stops.
async fn watch(app: Arc<App>, known: bool, tell: Sender<Told>) {
    let mut before = None;
    loop {
        let stopping = app.stopping();
        let now = if known { serving(&app) } else { ServingStatus::ServiceUnknown };
        if before.replace(now) != Some(now) && tell.send(Ok(told(now))).await.is_err() || stopping {
            return;
        }
        tokio::select! {
            () = tell.closed() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

fn serving(app: &App) -> ServingStatus {
    if app.ready() { ServingStatus::Serving } else { ServingStatus::NotServing }
}

fn told(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse { status: status.into() }
}
