//! Connections: accepted, given a header timeout, and ended in good order.
//!
//! `axum::serve` waits for headers for ever, so that a few thousand half-open connections stop a server;
//! this stands on the same hyper and gives every connection a timer. HTTP/1 and HTTP/2, and so REST and gRPC, share
//! one port and every limit.

use crate::http;
use crate::opening::{Opened, open};
use crate::state::{App, Limits};
use axum::Router;
use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// How long to wait when the machine has no file handles left for another connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves until `shutdown` ends; then refuses new connections, lets requests under way end, and returns
/// when everything answered is in the journal, or the time for that is over.
pub async fn serve(listener: TcpListener, app: Arc<App>, shutdown: impl Future<Output = ()>) {
    let router = http::router(Arc::clone(&app));
    let stopped = async {
        shutdown.await;
        app.stop();
    };
    connections(listener, router, app.limits, stopped).await;
    if tokio::time::timeout(app.limits.drain_time, app.engine.drain()).await.is_err() {
        tracing::error!(predictions = app.engine.queue_depth(), "the journal hangs; predictions are lost");
    }
}

/// Answers connections with these routes until `shutdown` ends, and lets those under way end.
pub async fn connections(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    shutdown: impl Future<Output = ()>,
) {
    let connections = GracefulShutdown::new();
    let (accepting, stopped) = watch::channel(());
    tokio::pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let connection = Connection { stream, watcher: connections.watcher(), stopped: stopped.clone() };
                    tokio::spawn(connection.answer(router.clone(), limits.header_time));
                }
                Err(error) => {
                    tracing::warn!(%error, "could not accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
    drop((listener, accepting));
    if tokio::time::timeout(limits.drain_time, connections.shutdown()).await.is_err() {
        tracing::warn!("some connections did not end in time and were cut");
    }
}

struct Connection {
    stream: TcpStream,
    watcher: Watcher,
    /// Ends when no new connection is to be answered.
    stopped: watch::Receiver<()>,
}

impl Connection {
    async fn answer(mut self, router: Router, header_time: Duration) {
        // an answer is one small write; waiting to fill a packet only delays it
        let _ = self.stream.set_nodelay(true);
        let opened = tokio::select! {
            opened = tokio::time::timeout(header_time, open(self.stream)) => opened,
            _ = self.stopped.changed() => return,
        };
        let Ok(Ok(Opened { io, http2 })) = opened else { return };
        let (io, service) = (TokioIo::new(io), TowerToHyperService::new(router));
        let ended = if http2 {
            // such a connection may rest as long as it likes, but not be dead: it has to answer a ping
            let mut builder = http2::Builder::new(TokioExecutor::new());
            builder.timer(TokioTimer::new()).keep_alive_interval(header_time).keep_alive_timeout(header_time);
            self.watcher.watch(builder.serve_connection(io, service)).await
        } else {
            let mut builder = http1::Builder::new();
            builder.timer(TokioTimer::new()).header_read_timeout(header_time);
            self.watcher.watch(builder.serve_connection(io, service)).await
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection ended badly");
        }
    }
}
