//! `healthcheck`: asks a daemon on this machine whether it is alive. For images without a shell.

use std::time::Duration;

use clap::Args;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::cli::{Failure, Global, context};
use crate::report::ExitCode;
use crate::settings::SettingsError;

const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug, Args)]
pub(super) struct HealthcheckArgs {
    /// Where the daemon listens [default: `server.listen` of the settings]
    #[arg(long, value_name = "ADDRESS")]
    address: Option<std::net::SocketAddr>,
}

pub(super) async fn run(global: &Global, args: &HealthcheckArgs) -> Result<ExitCode, Failure> {
    let mut address = match args.address {
        Some(address) => address,
        None => listening(global)?,
    };
    // A daemon that listens everywhere is asked on this machine.
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            std::net::SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            std::net::SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    let answer = tokio::time::timeout(PATIENCE, ask(address)).await;
    let status = match answer {
        Ok(Ok(status)) => status,
        Ok(Err(error)) => return Err(Failure::new(format!("nothing answers at {address}: {error}"))),
        Err(_) => return Err(Failure::new(format!("no answer from {address} within 5 seconds"))),
    };
    if status.split(' ').nth(1) == Some("200") {
        return Ok(ExitCode::Done);
    }
    Err(Failure::new(format!("the daemon at {address} is not healthy: {status}")))
}

/// Where the daemon of these settings listens; without a settings file, where the demo does.
fn listening(global: &Global) -> Result<std::net::SocketAddr, Failure> {
    match context::settings(global) {
        Ok(settings) => Ok(settings.listen.value),
        Err(Failure::Settings(error)) if matches!(*error, SettingsError::NotFound { .. }) => {
            let text = std::env::var("MAILWARDEN_SERVER__LISTEN");
            let text = text.unwrap_or_else(|_| "127.0.0.1:9464".to_owned());
            text.parse()
                .map_err(|_| Failure::new(format!("MAILWARDEN_SERVER__LISTEN: `{text}` is no address")))
        }
        Err(failure) => Err(failure),
    }
}

/// The status line of `/healthz`.
async fn ask(address: std::net::SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(4_096).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned())
}
