//! `simulate`: serves a simulated tenant, for trying things out and for tests of other programs.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use uuid::Uuid;

use crate::cli::{Failure, console};
use crate::report::{ExitCode, counted};
use crate::simulator::{Churn, ServeOptions, Server, Simulation, SimulationOptions};

#[derive(Debug, Args)]
pub(super) struct SimulateArgs {
    /// How many mailboxes the tenant has at the start
    #[arg(long, default_value_t = 2_500, value_name = "N")]
    mailboxes: usize,
    /// The same seed makes the same tenant
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Mailboxes appear over time, and an administrator undoes things
    #[arg(long)]
    churn: bool,
    /// Where to listen; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:8443", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// Serves https with a certificate of its own, and writes the authority to trust into this directory
    #[arg(long, value_name = "DIRECTORY")]
    self_signed: Option<PathBuf>,
    /// The tenant's id
    #[arg(long, value_name = "GUID")]
    tenant_id: Option<Uuid>,
}

pub(super) async fn run(args: SimulateArgs) -> Result<ExitCode, Failure> {
    let defaults = SimulationOptions::default();
    let options = SimulationOptions {
        tenant_id: args.tenant_id.unwrap_or(defaults.tenant_id),
        seed: args.seed,
        mailboxes: args.mailboxes,
        churn: if args.churn { Churn::lively() } else { Churn::default() },
        ..defaults
    };
    if args.self_signed.is_none() && !args.listen.ip().is_loopback() {
        let remedy = "listen on 127.0.0.1, or add `--self-signed DIRECTORY`";
        return Err(Failure::with_remedy("plain http is served on loopback only", remedy));
    }
    let simulation = Simulation::new(options);
    let serving = ServeOptions { listen: args.listen, self_signed: args.self_signed, names: Vec::new() };
    let server = Server::bind(vec![simulation.clone()], &serving)
        .await
        .map_err(|error| Failure::new(crate::engine::chain(&error)))?;
    console::data(&settings_for(&simulation, &server))?;
    let stop = async {
        let _ = tokio::signal::ctrl_c().await;
    };
    server.run(stop).await.map_err(|error| Failure::new(crate::engine::chain(&error)))?;
    Ok(ExitCode::Done)
}

/// What to put into `mailwarden.yaml` to work with this tenant, as a file that loads.
fn settings_for(simulation: &Simulation, server: &Server) -> String {
    let options = simulation.options();
    let trust = match server.ca_path() {
        Some(path) => format!("# trust it with: export SSL_CERT_FILE={}\n", path.display()),
        None => String::new(),
    };
    format!(
        "# a simulated tenant with {mailboxes} answers at {url}; ctrl-C ends it\n\
         # the secret of its one application: export MAILWARDEN_TENANTS__SIMULATED__AUTH__CLIENT_SECRET={secret}\n\
         {trust}\
         tenants:\n\
         \x20 - name: simulated\n\
         \x20   tenantId: {tenant_id}\n\
         \x20   auth: {{ clientId: {client_id} }}\n\
         \x20   endpoints: {{ authority: \"{url}\", exchange: \"{url}\" }}\n\
         policies: {{ path: ./policies }}\n",
        mailboxes = counted(simulation.mailbox_count() as u64, "mailbox", "mailboxes"),
        url = server.url(),
        secret = options.credentials.client_secret,
        tenant_id = options.tenant_id,
        client_id = options.credentials.client_id,
    )
}
