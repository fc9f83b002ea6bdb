//! The service of the Open Inference Protocol: decodes, calls the data plane, encodes, as `http::infer` does.

use super::proto::grpc_inference_service_server::GrpcInferenceService;
use super::proto::{
    ModelInferRequest, ModelInferResponse, ModelMetadataRequest, ModelMetadataResponse, ModelReadyRequest,
    ModelReadyResponse, ServerLiveRequest, ServerLiveResponse, ServerMetadataRequest, ServerMetadataResponse,
    ServerReadyRequest, ServerReadyResponse,
};
use super::status::refused;
use crate::http::{apart, serving_model, weight};
use crate::state::App;
use crate::wire::columns::table;
use crate::wire::message::{respond, tensors};
use crate::wire::metadata::metadata;
use domain::Table;
use prost::Message;
use serving::Link;
use std::sync::Arc;
use tonic::{Request, Response, Status};

/// Answers the protocol's calls.
pub struct Door(pub Arc<App>);

type Answered<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl GrpcInferenceService for Door {
    async fn server_live(&self, _: Request<ServerLiveRequest>) -> Answered<ServerLiveResponse> {
        Ok(Response::new(ServerLiveResponse { live: true }))
    }

    async fn server_ready(&self, _: Request<ServerReadyRequest>) -> Answered<ServerReadyResponse> {
        Ok(Response::new(ServerReadyResponse { ready: self.0.ready() }))
    }

    /// A model that is not there is not ready: clients of the protocol ask for a yes or a no.
    async fn model_ready(&self, asked: Request<ModelReadyRequest>) -> Answered<ModelReadyResponse> {
        let ModelReadyRequest { name, version } = asked.into_inner();
        let snapshot = serving_model(&self.0, &name);
        let there = snapshot.is_ok_and(|snapshot| snapshot.chain_for(given(&version)).is_ok());
        Ok(Response::new(ModelReadyResponse { ready: there && self.0.ready() }))
    }

    async fn server_metadata(&self, _: Request<ServerMetadataRequest>) -> Answered<ServerMetadataResponse> {
        let (name, version) = ("incumbent".into(), env!("CARGO_PKG_VERSION").into());
        // raw contents are part of the protocol here, and no extension
        Ok(Response::new(ServerMetadataResponse { name, version, extensions: vec![] }))
    }

    async fn model_metadata(&self, asked: Request<ModelMetadataRequest>) -> Answered<ModelMetadataResponse> {
        let ModelMetadataRequest { name, version } = asked.into_inner();
        let snapshot = serving_model(&self.0, &name)?;
        Ok(Response::new(metadata(&snapshot, given(&version)).map_err(refused)?.message()))
    }

    async fn model_infer(&self, asked: Request<ModelInferRequest>) -> Answered<ModelInferResponse> {
        let (app, asked) = (&self.0, asked.into_inner());
        let arrived = app.engine.now();
        let name = asked.model_name.clone();
        let version = given(&asked.model_version).map(str::to_owned);
        let snapshot = serving_model(app, &name)?;
        let meant = Arc::clone(&snapshot.chain_for(version.as_deref()).map_err(refused)?[0]);
        let bytes = asked.encoded_len();
        let (asked, rows) =
            apart(weight(bytes, &meant.signature().inputs), move || decode(asked, &meant)).await?;
        let request = serving::Request { rows, version, units: vec![], arrived };
        let answer = app.engine.predict(&snapshot, request).await.map_err(refused)?;
        let response = apart(bytes, move || respond(asked, &answer)).await;
        response.map(Response::new).map_err(Status::invalid_argument)
    }
}

/// The rows, and the request without its inputs.
fn decode(mut asked: ModelInferRequest, meant: &Link) -> Result<(ModelInferRequest, Table), Status> {
    let rows = tensors(&mut asked).and_then(|tensors| table(tensors, &meant.signature().inputs));
    Ok((asked, rows.map_err(Status::invalid_argument)?))
}

/// The protocol leaves a version empty where none is asked for.
fn given(version: &str) -> Option<&str> {
    Some(version).filter(|version| !version.is_empty())
}
