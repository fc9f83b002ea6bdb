//! Connections: accepted, given a header timeout, and ended in good order.
//!
//! `axum::serve` waits for headers for ever, so that a few thousand half-open connections stop a server;
//! this stands on the same hyper and gives every connection a timer.

use crate::http;
use crate::state::App;
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};

/// How long to wait when the machine has no file handles left for another connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves until `shutdown` ends; then refuses new connections, lets requests under way end, and returns
/// when everything answered is in the journal, or the time for that is over.
pub async fn serve(listener: TcpListener, app: Arc<App>, shutdown: impl Future<Output = ()>) {
    let router = http::router(Arc::clone(&app));
    let connections = GracefulShutdown::new();
    tokio::pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => answer(stream, router.clone(), &app, connections.watcher()),
                Err(error) => {
                    tracing::warn!(%error, "could not accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
    app.stop();
    drop(listener);
    if tokio::time::timeout(app.limits.drain_time, connections.shutdown()).await.is_err() {
        tracing::warn!("some connections did not end in time and were cut");
    }
    if tokio::time::timeout(app.limits.drain_time, app.engine.drain()).await.is_err() {
        tracing::error!(predictions = app.engine.queue_depth(), "the journal hangs; predictions are lost");
    }
}

fn answer(stream: TcpStream, router: Router, app: &App, watcher: Watcher) {
    // an answer is one small write; waiting to fill a packet only delays it
    let _ = stream.set_nodelay(true);
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(app.limits.header_time);
    tokio::spawn(async move {
        let service = TowerToHyperService::new(router);
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        if let Err(error) = watcher.watch(connection).await {
            tracing::debug!(%error, "a connection ended badly");
        }
    });
}
