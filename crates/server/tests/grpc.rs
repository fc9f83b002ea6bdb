//! gRPC over real sockets: the answers of HTTP, its refusals with a code, health and reflection.

mod common;

use bytes::Bytes;
use common::{Running, bank, run};
use prost_types::FileDescriptorProto;
use serde_json::{Value, json};
use server::Limits;
use server::grpc::proto::grpc_inference_service_client::GrpcInferenceServiceClient;
use server::grpc::proto::infer_parameter::ParameterChoice;
use server::grpc::proto::model_infer_request::{InferInputTensor, InferRequestedOutputTensor};
use server::grpc::proto::{
    InferTensorContents, ModelInferRequest, ModelInferResponse, ModelMetadataRequest, ModelReadyRequest,
    ServerLiveRequest, ServerMetadataRequest, ServerReadyRequest,
};
use serving::Settings;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;
use tokio_stream::StreamExt;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

type Client = GrpcInferenceServiceClient<Channel>;

fn server() -> Running {
    run(bank(Duration::from_secs(5)), Settings::default(), Limits::default())
}

async fn channel(server: &Running) -> Channel {
    let endpoint = Channel::from_shared(format!("http://{}", server.address)).expect("an address");
    endpoint.connect().await.expect("it listens")
}

async fn client(server: &Running) -> Client {
    GrpcInferenceServiceClient::new(channel(server).await)
}

fn input(name: &str, datatype: &str, shape: &[usize]) -> InferInputTensor {
    let shape = shape.iter().map(|side| *side as i64).collect();
    InferInputTensor { name: name.into(), datatype: datatype.into(), shape, ..Default::default() }
}

/// Rows of the bank, every element under its own type.
fn typed(age: &[f64]) -> ModelInferRequest {
    let n = age.len();
    let with = |mut input: InferInputTensor, contents| {
        input.contents = Some(contents);
        input
    };
    let text =
        |text: &str| InferTensorContents { bytes_contents: vec![text.into(); n], ..Default::default() };
    let numbers = InferTensorContents { fp64_contents: age.to_vec(), ..Default::default() };
    let block = InferTensorContents { fp32_contents: [0.0, 1.0].repeat(n), ..Default::default() };
    let inputs = vec![
        with(input("age", "FP64", &[n]), numbers),
        with(input("job", "BYTES", &[n, 1]), text("clerk")),
        with(input("day", "BYTES", &[n]), text("2026-11-24")),
        with(input("x", "FP32", &[n, 2]), block),
    ];
    ModelInferRequest { model_name: "bank".into(), id: "42".into(), inputs, ..Default::default() }
}

/// The same rows as tritonclient sends them.
fn raw(age: &[f64]) -> ModelInferRequest {
    let mut request = typed(age);
    request.inputs.iter_mut().for_each(|input| input.contents = None);
    let n = age.len();
    let numbers = age.iter().flat_map(|age| age.to_le_bytes()).collect::<Vec<u8>>();
    let block = [0.0_f32, 1.0].repeat(n).iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>();
    let contents = [numbers, b"\x05\0\0\0clerk".repeat(n), b"\x0a\0\0\x002026-11-24".repeat(n), block];
    request.raw_input_contents = contents.map(Bytes::from).to_vec();
    request
}

async fn refusal(client: &mut Client, request: ModelInferRequest) -> (Code, String) {
    let status = client.model_infer(request).await.expect_err("it is refused");
    (status.code(), status.message().to_owned())
}

/// The refusal's words where it says that the request is wrong.
async fn wrong(client: &mut Client, request: ModelInferRequest) -> String {
    let (code, message) = refusal(client, request).await;
    assert_eq!(code, Code::InvalidArgument, "{message}");
    message
}

fn text(response: &ModelInferResponse, parameter: &str) -> Option<String> {
    match response.parameters.get(parameter)?.parameter_choice.clone()? {
        ParameterChoice::StringParam(text) => Some(text),
        _ => None,
    }
}

#[tokio::test]
async fn what_is_served_is_told_as_in_http() {
    let server = server();
    let mut client = client(&server).await;
    assert!(client.server_live(ServerLiveRequest {}).await.expect("live").into_inner().live);
    assert!(client.server_ready(ServerReadyRequest {}).await.expect("told").into_inner().ready);
    let about = client.server_metadata(ServerMetadataRequest {}).await.expect("told").into_inner();
    assert_eq!(about.name, "incumbent");
    for (name, version, expected) in
        [("bank", "", true), ("bank", "aaaaaaaa", true), ("bank", "cccccccc", false), ("boat", "", false)]
    {
        let asked = ModelReadyRequest { name: name.into(), version: version.into() };
        let ready = client.model_ready(asked).await.expect("told").into_inner().ready;
        assert_eq!(ready, expected, "{name} {version}");
    }
    let asked = |name: &str| ModelMetadataRequest { name: name.into(), version: String::new() };
    let told = client.model_metadata(asked("bank")).await.expect("told").into_inner();
    let http = server.get("/v2/models/bank").json();
    let tensors = |all: &[server::grpc::proto::model_metadata_response::TensorMetadata]| -> Vec<Value> {
        all.iter().map(|t| json!({"name": t.name, "datatype": t.datatype, "shape": t.shape})).collect()
    };
    assert_eq!(
        (json!(tensors(&told.inputs)), json!(tensors(&told.outputs))),
        (http["inputs"].clone(), http["outputs"].clone())
    );
    assert_eq!(
        (json!(told.versions), json!(told.platform)),
        (http["versions"].clone(), http["platform"].clone())
    );
    let missing = client.model_metadata(asked("boat")).await.expect_err("no such model");
    assert_eq!(
        (missing.code(), missing.message()),
        (Code::NotFound, "there is no model `boat` here; `bank` serves")
    );
}

#[tokio::test]
async fn typed_rows_are_answered_with_typed_elements() {
    let server = server();
    let answer =
        client(&server).await.model_infer(typed(&[30.0, 80.0])).await.expect("answered").into_inner();
    assert_eq!((answer.id.as_str(), answer.model_version), ("42", "a".repeat(64)));
    assert!(answer.raw_output_contents.is_empty());
    let contents = |place: usize| answer.outputs[place].contents.clone().expect("typed");
    assert_eq!((answer.outputs[0].name.as_str(), &answer.outputs[0].shape), ("probabilities", &vec![2, 2]));
    assert_eq!(contents(0).fp64_contents, [0.7, 0.3, 0.19999999999999996, 0.8]);
    assert_eq!(contents(1).bytes_contents, [b"no".to_vec(), b"yes".to_vec()]);
    assert_eq!(contents(2).bytes_contents[0].len(), 32, "a prediction's id");
}

#[tokio::test]
async fn raw_rows_are_answered_raw_and_by_whom() {
    let server = server();
    let mut client = client(&server).await;
    let mut request = raw(&[30.0, 80.0]);
    request.model_version = "bbbbbbbb".into();
    request.outputs =
        vec![InferRequestedOutputTensor { name: "label".into(), parameters: Default::default() }];
    let answer = client.model_infer(request).await.expect("answered").into_inner();
    assert_eq!(answer.model_version, "b".repeat(64));
    assert_eq!(answer.raw_output_contents, [b"\x02\0\0\0no\x03\0\0\0yes".to_vec()]);
    assert_eq!((answer.outputs.len(), answer.outputs[0].contents.is_none()), (1, true));
    assert_eq!(text(&answer, "served_by").as_deref(), Some("intended"));
    let id = client.model_infer(raw(&[30.0])).await.expect("answered").into_inner().raw_output_contents[2]
        [4..]
        .to_vec();
    let id = String::from_utf8(id).expect("an id");
    let outcome = json!({"outcomes": [{"prediction_id": id, "value": "yes"}]});
    assert_eq!(server.post_json("/v1/outcomes", &outcome).json()["recorded"], 1, "HTTP knows its id");
}

#[tokio::test]
async fn rows_that_do_not_fit_are_refused_in_https_words() {
    let server = server();
    let mut client = client(&server).await;
    let mut request = typed(&[30.0]);
    request.inputs.remove(0);
    assert!(wrong(&mut client, request).await.starts_with("input `age` is missing: expected FP64"));
    let mut request = raw(&[30.0]);
    request.raw_input_contents[0] = Bytes::from_static(&[0; 7]);
    assert!(wrong(&mut client, request).await.starts_with("input `age` has 7 bytes, expected 8"));
    let mut request = raw(&[30.0]);
    request.raw_input_contents[1] = Bytes::from_static(b"\x05\0\0\0cle");
    assert!(wrong(&mut client, request).await.starts_with("input `job` ends within element 0"));
    let mut request = raw(&[30.0]);
    request.raw_input_contents[1] = Bytes::from_static(b"\x01\0\0\0\xff");
    assert!(wrong(&mut client, request).await.contains("found bytes that are not UTF-8, expected text"));
    let mut request = typed(&[30.0]);
    request.inputs[3].shape = vec![2, 1];
    assert_eq!(wrong(&mut client, request).await, "input `x` has 2 rows, expected 1 like input `age`");
    let mut request = typed(&[30.0]);
    request.outputs =
        vec![InferRequestedOutputTensor { name: "value".into(), parameters: Default::default() }];
    assert!(wrong(&mut client, request).await.starts_with("output `value` is unknown"));
    assert!(wrong(&mut client, typed(&[f64::INFINITY])).await.contains("found an infinite number"));
    assert_eq!(wrong(&mut client, typed(&[])).await, "the request has no rows; expected at least one");
    let mut request = typed(&[30.0]);
    request.model_version = "cccccccc".into();
    let expected = (Code::NotFound, "version `cccccccc` does not serve here".to_owned());
    assert_eq!(refusal(&mut client, request).await, expected);
    client.model_infer(typed(&[30.0])).await.expect("the next one is answered");
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_with_it() {
    let server = server();
    let mut client = client(&server).await;
    let mut request = raw(&[30.0]);
    request.raw_input_contents[0] = vec![0; 20 << 20].into();
    let (code, message) = refusal(&mut client, request).await;
    assert_eq!(code, Code::ResourceExhausted);
    assert!(message.starts_with("the body is too large") && message.contains("16777216 bytes"), "{message}");
    client.model_infer(raw(&[30.0])).await.expect("the next one is answered");
}

#[tokio::test]
async fn ten_thousand_rows_are_answered_in_order() {
    let server = server();
    let ages: Vec<f64> = (0..10_000).map(|i| 18.0 + f64::from(i % 70)).collect();
    let answer = client(&server).await.model_infer(typed(&ages)).await.expect("answered").into_inner();
    let said = &answer.outputs[0].contents.as_ref().expect("typed").fp64_contents;
    assert!(ages.iter().enumerate().all(|(row, age)| said[2 * row + 1] == age / 100.0));
}

#[tokio::test]
async fn other_methods_and_other_contents_are_told() {
    let server = server();
    let path = "/inference.GRPCInferenceService/ModelStreamInfer";
    let mut grpc = tonic::client::Grpc::new(channel(&server).await);
    grpc.ready().await.expect("connected");
    let codec = tonic_prost::ProstCodec::<ServerLiveRequest, ServerLiveRequest>::default();
    let asked = grpc.unary(Request::new(ServerLiveRequest {}), path.parse().expect("a path"), codec).await;
    let status: Status = asked.expect_err("no such method");
    assert_eq!(
        (status.code(), status.message()),
        (Code::Unimplemented, format!("there is no method {path}").as_str())
    );
    let json = server.post(
        "/inference.GRPCInferenceService/ServerLive",
        b"{}",
        &[("content-type", "application/json")],
    );
    assert!(
        json.refusal(415)
            .ends_with("found content-type Some(\"application/json\"), expected application/grpc")
    );
}

#[tokio::test]
async fn health_follows_readiness() {
    let mut server = server();
    let mut health = HealthClient::new(channel(&server).await);
    let asked = |service: &str| HealthCheckRequest { service: service.into() };
    for service in ["", "inference.GRPCInferenceService"] {
        let status = health.check(asked(service)).await.expect("told").into_inner().status();
        assert_eq!(status, ServingStatus::Serving);
    }
    let unknown = health.check(asked("boats")).await.expect_err("no such service");
    assert_eq!((unknown.code(), unknown.message()), (Code::NotFound, "there is no service `boats` here"));
    let mut other = health.watch(asked("boats")).await.expect("watched").into_inner();
    let told = other.next().await.expect("a message").expect("a status").status();
    assert_eq!(told, ServingStatus::ServiceUnknown);
    let mut watched = health.watch(asked("")).await.expect("watched").into_inner();
    let mut told = async || Some(watched.next().await?.expect("a status").status());
    assert_eq!(told().await, Some(ServingStatus::Serving));
    server.tell_to_stop();
    assert_eq!(told().await, Some(ServingStatus::NotServing));
    assert_eq!(told().await, None, "a watch ends with the server");
    tokio::task::spawn_blocking(move || server.join()).await.expect("it stops in good order");
}

/// Asks one version of reflection; the two have the same messages under different names.
macro_rules! reflected {
    ($version:ident, $channel:expr) => {{
        use tonic_reflection::pb::$version::ServerReflectionRequest;
        use tonic_reflection::pb::$version::server_reflection_client::ServerReflectionClient;
        use tonic_reflection::pb::$version::server_reflection_request::MessageRequest;
        use tonic_reflection::pb::$version::server_reflection_response::MessageResponse;
        let ask = |message| ServerReflectionRequest { host: String::new(), message_request: Some(message) };
        let asked = tokio_stream::iter([
            ask(MessageRequest::ListServices(String::new())),
            ask(MessageRequest::FileContainingSymbol("inference.GRPCInferenceService".into())),
        ]);
        let told = ServerReflectionClient::new($channel).server_reflection_info(asked).await;
        let mut told = told.expect("reflected").into_inner();
        let mut next = async || told.next().await.expect("an answer").expect("a message").message_response;
        let Some(MessageResponse::ListServicesResponse(services)) = next().await else {
            panic!("no services")
        };
        let Some(MessageResponse::FileDescriptorResponse(file)) = next().await else { panic!("no file") };
        let names = services.service.into_iter().map(|service| service.name).collect::<Vec<String>>();
        (names, file.file_descriptor_proto)
    }};
}

#[tokio::test]
async fn reflection_tells_every_service_in_both_versions() {
    let server = server();
    let channel = channel(&server).await;
    for (names, files) in [reflected!(v1, channel.clone()), reflected!(v1alpha, channel.clone())] {
        for service in ["inference.GRPCInferenceService", "grpc.health.v1.Health"] {
            assert!(names.iter().any(|name| name == service), "{service} is not among {names:?}");
        }
        let file: FileDescriptorProto = prost::Message::decode(files[0].as_slice()).expect("a descriptor");
        let methods: Vec<&str> = file.service[0].method.iter().map(|method| method.name()).collect();
        assert_eq!(methods.last(), Some(&"ModelInfer"));
    }
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_ended() {
    let limits = Limits { header_time: Duration::from_millis(50), ..Limits::default() };
    let server = run(bank(Duration::from_secs(5)), Settings::default(), limits);
    // silent, cut within the preface, and silent behind it: no frame, no answer to the ping
    for first in [b"".as_slice(), b"PRI * HT", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"] {
        let mut stream = TcpStream::connect(server.address).expect("it listens");
        stream.write_all(first).expect("sent");
        let ended = tokio::task::spawn_blocking(move || stream.read_to_end(&mut Vec::new()).map(|_| ()));
        // a reset ends it as well
        let _ = ended.await.expect("the connection is ended");
    }
}

#[tokio::test]
async fn calls_are_counted_by_method_and_code() {
    let server = server();
    let mut client = client(&server).await;
    client.model_infer(typed(&[30.0])).await.expect("answered");
    refusal(&mut client, typed(&[])).await;
    let metrics = server.get("/metrics").text();
    let method = "method=\"/inference.GRPCInferenceService/ModelInfer\"";
    for code in [0, 3] {
        let line = format!("incumbent_grpc_requests_total{{{method},code=\"{code}\"}} 1");
        assert!(metrics.lines().any(|l| l == line), "{line} is not in\n{metrics}");
    }
}
