//! Bounds on connections: how many there are, how long one may be silent, and how long one may last. There
//! is no login, so whoever reaches the port could hold it otherwise.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep};

/// A scrape, a probe and a few people at once are a handful.
const MOST_CONNECTIONS: usize = 64;
/// How long a client may say nothing, or take nothing of an answer.
const SILENCE: Duration = Duration::from_secs(30);
/// How long a connection may last: long enough for a scraper to keep one, too short to drip through.
const LIFETIME: Duration = Duration::from_secs(600);

/// Accepts connections within bounds.
pub(super) struct BoundedListener {
    inner: TcpListener,
    permits: Arc<Semaphore>,
}

impl BoundedListener {
    pub(super) fn new(inner: TcpListener) -> Self {
        Self { inner, permits: Arc::new(Semaphore::new(MOST_CONNECTIONS)) }
    }
}

impl Listener for BoundedListener {
    type Io = Bounded<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, SocketAddr) {
        // Nobody closes the semaphore, so a permit always comes; until then clients wait in the backlog.
        let permit = Arc::clone(&self.permits).acquire_owned().await.ok();
        let (stream, address) = Listener::accept(&mut self.inner).await;
        (Bounded::new(stream, permit), address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }
}

/// A connection that ends by itself.
pub(super) struct Bounded<S> {
    stream: S,
    silence: Pin<Box<Sleep>>,
    end: Instant,
    _permit: Option<OwnedSemaphorePermit>,
}

impl<S> Bounded<S> {
    fn new(stream: S, permit: Option<OwnedSemaphorePermit>) -> Self {
        Self { stream, silence: Box::pin(sleep(SILENCE)), end: Instant::now() + LIFETIME, _permit: permit }
    }

    /// Passes on what happened; where nothing did, ends a connection whose time is up.
    fn bounded<T>(&mut self, context: &mut Context<'_>, result: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        let now = Instant::now();
        if result.is_ready() {
            self.silence.as_mut().reset((now + SILENCE).min(self.end));
            return result;
        }
        ready!(self.silence.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Bounded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.bounded(context, result)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Bounded<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.bounded(context, result)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_flush(context);
        self.bounded(context, result)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_silent_client_is_let_go() {
        let (_client, server) = duplex(64);
        let begin = Instant::now();
        let error = Bounded::new(server, None).read_u8().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(begin.elapsed(), SILENCE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_drips_is_let_go_in_the_end() {
        let (mut client, server) = duplex(64);
        let dripping = tokio::spawn(async move {
            while client.write_u8(b'x').await.is_ok() {
                sleep(SILENCE / 2).await;
            }
        });
        let begin = Instant::now();
        let mut server = Bounded::new(server, None);
        let error = loop {
            if let Err(error) = server.read_u8().await {
                break error;
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!((LIFETIME..LIFETIME + SILENCE).contains(&begin.elapsed()), "{:?}", begin.elapsed());
        drop(server);
        dripping.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_takes_nothing_is_let_go() {
        let (_client, server) = duplex(8);
        let error = Bounded::new(server, None).write_all(&[0; 64]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
