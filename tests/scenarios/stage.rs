//! A scenario on its stage: the simulated tenant on a port of its own, a directory with settings and
//! policies, and the real program. Runs the lines of a script and keeps what they said.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use mailwarden::domain::TenantId;
use mailwarden::history::{History, SqliteHistory, WriterLease};
use mailwarden::simulator::{LogonType, ServeOptions, Server, Simulation, Tier};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::tenant::{self, FaultsFile, Person, SwitchesFile, TenantFile};
use crate::volatile::Volatile;

/// No command of a scenario takes as long as this; one that does hangs.
const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) struct Stage {
    simulation: Simulation,
    directory: TempDir,
    runtime: Runtime,
    serving: tokio::task::JoinHandle<()>,
    volatile: Volatile,
    environment: Vec<(String, String)>,
    lease: Option<WriterLease>,
    daemon: Option<std::process::Child>,
    /// Where the daemon of this scenario serves its page.
    page: SocketAddr,
    writes_seen: usize,
    transcript: String,
}

impl Stage {
    /// Builds the tenant and the directory of a scenario.
    pub(crate) fn set(scenario: &Path) -> Self {
        let file: TenantFile = match std::fs::read_to_string(scenario.join("tenant.yaml")) {
            Ok(text) => serde_yaml::from_str(&text).unwrap(),
            Err(_) => TenantFile::default(),
        };
        let simulation = file.build();
        let runtime = Runtime::new().unwrap();
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let options = ServeOptions { listen, self_signed: None, names: Vec::new() };
        let server = runtime.block_on(Server::bind(vec![simulation.clone()], &options)).unwrap();
        let address = server.address();
        let serving = runtime.spawn(async move {
            let _ = server.run(std::future::pending()).await;
        });
        let directory = TempDir::new().unwrap();
        copy(scenario, directory.path());
        let settings = settings(&simulation, address, &file);
        std::fs::write(directory.path().join("mailwarden.yaml"), settings).unwrap();
        std::fs::write(directory.path().join("secret"), &simulation.options().credentials.client_secret)
            .unwrap();
        let mut volatile = Volatile::default();
        volatile.know(address.to_string(), "<service>");
        volatile.know(directory.path().to_string_lossy(), "<directory>");
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        volatile.know(format!(" on {}", host.trim()), " on <host>");
        Self {
            simulation,
            directory,
            runtime,
            serving,
            volatile,
            environment: Vec::new(),
            lease: None,
            daemon: None,
            page: free_address(),
            writes_seen: 0,
            transcript: String::new(),
        }
    }

    /// Runs a script; its transcript.
    pub(crate) fn play(mut self, script: &str) -> String {
        for line in script.lines() {
            let line = line.trim();
            if line.is_empty() {
                continue;
            }
            if line.starts_with('#') {
                let _ = writeln!(self.transcript, "{line}");
            } else if let Some(directive) = line.strip_prefix('!') {
                let _ = writeln!(self.transcript, "! {directive}");
                let (word, rest) = directive.split_once(' ').unwrap_or((directive, ""));
                self.directive(word, rest.trim());
            } else if let Some(line) = line.strip_prefix("~ ") {
                // Of a tenant made from a seed only the outcome is kept: who is in it is the seed's business.
                let before = self.transcript.len();
                self.command(line);
                let said = self.transcript.split_off(before);
                let kept = |line: &&str| {
                    ["$ ", "error", "warning", "Held", "--- exit"].iter().any(|start| line.starts_with(start))
                };
                said.lines().filter(kept).for_each(|line| {
                    let _ = writeln!(self.transcript, "{line}");
                });
            } else {
                self.command(line);
            }
            self.transcript.push('\n');
        }
        let secret = &self.simulation.options().credentials.client_secret;
        assert!(!self.transcript.contains(secret.as_str()), "the secret was printed:\n{}", self.transcript);
        self.transcript
    }

    fn command(&mut self, line: &str) {
        let _ = writeln!(self.transcript, "$ {line}");
        let words = words(line);
        assert_eq!(words[0], "mailwarden", "a line of a script is a command or begins with `!`: {line}");
        let child = self.program(&words[1..]).spawn().unwrap();
        let output = wait(child, line);
        self.know_mailboxes();
        let stdout = self.volatile.normalise(&String::from_utf8_lossy(&output.stdout));
        let stderr = in_order(&self.volatile.normalise(&String::from_utf8_lossy(&output.stderr)));
        self.transcript.push_str(&stdout);
        if !stderr.is_empty() {
            let _ = write!(self.transcript, "--- stderr\n{stderr}");
        }
        let _ = writeln!(self.transcript, "--- exit {}", output.status.code().unwrap_or(-1));
    }

    fn program(&self, arguments: &[String]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mailwarden"));
        command
            .args(arguments)
            .current_dir(self.directory.path())
            .env_clear()
            .env("NO_COLOR", "1")
            .env("USER", "tester")
            .envs(self.environment.iter().map(|(key, value)| (key, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Ids of mailboxes are shown as whose they are.
    fn know_mailboxes(&mut self) {
        for mailbox in self.simulation.mailboxes() {
            self.volatile.know(mailbox.guid.to_string(), format!("<id of {}>", mailbox.alias));
        }
    }

    fn directive(&mut self, word: &str, rest: &str) {
        let simulation = &self.simulation;
        match word {
            "add-mailbox" => tenant::add(simulation, &yaml::<Person>(rest)),
            "edit" => tenant::edit(simulation, &yaml::<Person>(rest)),
            "turn-off" => tenant::edit(simulation, &yaml(&format!("{{alias: {rest}, enabled: false}}"))),
            "remove" => assert!(simulation.remove_mailbox(tenant::find(simulation, rest).guid)),
            "switches" => simulation.set_switches(yaml::<SwitchesFile>(rest).build()),
            "faults" => simulation.set_faults(yaml::<FaultsFile>(rest).build()),
            "permissions" => simulation.set_permissions(yaml::<tenant::PermissionsFile>(rest).build()),
            "fail-next" => {
                let words = words(rest);
                simulation.fail_next(&words[0], words[1].parse().unwrap(), tenant::failure(&words[2]));
            }
            "stubborn" => {
                let (alias, how) = rest.split_once(' ').unwrap();
                let guid = tenant::find(simulation, alias).guid;
                assert!(simulation.make_stubborn(guid, tenant::stubbornness(how)));
            }
            "microsoft-default" => self.microsoft_default(rest),
            "show" => {
                let text = tenant::show(&tenant::find(simulation, rest));
                self.transcript.push_str(&text);
            }
            "writes" => self.writes(),
            "expect-writes" => {
                let writes = self.all_writes().len() - self.writes_seen;
                assert_eq!(writes, rest.parse::<usize>().unwrap(), "writes\n{}", self.transcript);
                self.writes_seen += writes;
            }
            "env" => {
                let (key, value) = rest.split_once('=').unwrap();
                self.environment.retain(|(known, _)| known != key);
                self.environment.push((key.to_owned(), value.to_owned()));
            }
            "file" => self.write_file(rest),
            "policies" => self.replace_policies(rest),
            "shipped" => self.shipped(rest),
            "away" => self.serving.abort(),
            "hold-lease" => self.hold_lease(),
            "release-lease" => self.lease = None,
            "daemon" => {
                let mut arguments = words(rest)[1..].to_vec();
                arguments.push(format!("--set=server.listen={}", self.page));
                self.daemon = Some(self.program(&arguments).spawn().unwrap());
            }
            "page" => self.page(),
            "until-on" => self.until_on(),
            "stop-daemon" => self.stop_daemon(),
            other => panic!("`!{other}` is no directive"),
        }
    }

    fn all_writes(&self) -> Vec<(String, Value, u16)> {
        let requests = self.simulation.requests().into_iter();
        let writes = requests.filter(|request| request.cmdlet.starts_with("Set-"));
        writes.map(|request| (request.cmdlet, request.parameters, request.status)).collect()
    }

    /// The calls that wrote since this was last asked, sorted: several are under way at once.
    fn writes(&mut self) {
        self.know_mailboxes();
        let all = self.all_writes();
        let mut lines: Vec<String> = all[self.writes_seen..]
            .iter()
            .map(|(cmdlet, parameters, status)| {
                let line = format!("{cmdlet} {parameters} -> {status}\n");
                self.volatile.normalise(&line)
            })
            .collect();
        self.writes_seen = all.len();
        lines.sort();
        self.transcript.push_str(&lines.concat());
    }

    /// `owner standard [Update, ...]`
    fn microsoft_default(&self, rest: &str) {
        let (logon, rest) = rest.split_once(' ').unwrap();
        let (tier, list) = rest.split_once(' ').unwrap();
        let logon = match logon {
            "admin" => LogonType::Admin,
            "delegate" => LogonType::Delegate,
            _ => LogonType::Owner,
        };
        let tier = if tier == "premium" { Tier::Premium } else { Tier::Standard };
        let actions: Vec<String> = yaml(list);
        let actions: Vec<&str> = actions.iter().map(String::as_str).collect();
        self.simulation.set_microsoft_default(logon, tier, &actions);
    }

    /// `name text` on one line, with `\n` for line ends.
    fn write_file(&self, rest: &str) {
        let (name, text) = rest.split_once(' ').unwrap();
        std::fs::write(self.directory.path().join(name), text.replace("\\n", "\n")).unwrap();
    }

    fn replace_policies(&self, from: &str) {
        let to = self.directory.path().join("policies");
        let _ = std::fs::remove_dir_all(&to);
        copy(&self.directory.path().join(from), &to);
    }

    /// The shipped baseline and one of the shipped sets, as a user would put them together.
    fn shipped(&self, set: &str) {
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
        let to = self.directory.path().join("policies");
        let _ = std::fs::remove_dir_all(&to);
        std::fs::create_dir_all(&to).unwrap();
        copy_files(&shipped, &to, "");
        if set != "baseline" {
            copy_files(&shipped.join(set), &to, &format!("{set}-"));
        }
    }

    fn hold_lease(&mut self) {
        let path = self.directory.path().join("mailwarden.db");
        let tenant = TenantId(self.simulation.options().tenant_id);
        let lease = self.runtime.block_on(async {
            let history = SqliteHistory::open(path).await.unwrap();
            history.acquire_writer(tenant, "`mailwarden run`, process 1 on elsewhere".into()).await.unwrap()
        });
        self.lease = Some(lease);
    }

    fn until_on(&self) {
        let began = Instant::now();
        while self.simulation.stored_off_count() > 0 {
            assert!(began.elapsed() < PATIENCE, "still off");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// What the daemon serves names nobody and no secret.
    fn page(&mut self) {
        for path in ["/healthz", "/readyz", "/", "/metrics"] {
            let mut stream = std::net::TcpStream::connect(self.page).unwrap();
            write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            for mailbox in self.simulation.mailboxes() {
                let names = [mailbox.guid.to_string(), mailbox.user_principal_name, mailbox.alias];
                let named = names.iter().find(|name| answer.contains(name.as_str()));
                assert!(named.is_none(), "{path} names {named:?}:\n{answer}");
            }
            assert!(!answer.contains(&self.simulation.options().credentials.client_secret));
            let _ = writeln!(self.transcript, "{path}: {}", answer.lines().next().unwrap_or_default());
        }
    }

    /// SIGTERM, and what the log said: which events, not how often.
    fn stop_daemon(&mut self) {
        let daemon = self.daemon.take().unwrap();
        // Verification of the last write may still be under way.
        std::thread::sleep(Duration::from_secs(4));
        let killed = Command::new("kill").arg(daemon.id().to_string()).status().unwrap();
        assert!(killed.success());
        let output = wait(daemon, "the daemon");
        let log = String::from_utf8_lossy(&output.stderr);
        let mut events: Vec<String> = log
            .lines()
            .map(|line| match serde_json::from_str::<Value>(line) {
                Ok(line) => format!("{} {}\n", text_of(&line, "level"), text_of(&line, "event")),
                Err(_) => panic!("not JSON: {line}"),
            })
            .collect();
        events.sort();
        events.dedup();
        self.transcript.push_str(&events.concat());
        let _ = writeln!(self.transcript, "--- exit {}", output.status.code().unwrap_or(-1));
    }
}

/// Lines of one event that follow each other come in no order: several calls are under way at once.
fn in_order(log: &str) -> String {
    let event = |line: &str| match serde_json::from_str::<Value>(line) {
        Ok(line) => text_of(&line, "event"),
        Err(_) if line.starts_with("<time>") => "text".to_owned(),
        Err(_) => String::new(),
    };
    let mut lines: Vec<String> = log.lines().map(|line| format!("{line}\n")).collect();
    for run in lines.chunk_by_mut(|one, next| !event(one).is_empty() && event(one) == event(next)) {
        run.sort();
    }
    lines.concat()
}

fn text_of(line: &Value, key: &str) -> String {
    line[key].as_str().unwrap_or("-").to_owned()
}

/// An address that was free a moment ago.
fn free_address() -> SocketAddr {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap()
}

fn wait(mut child: std::process::Child, what: &str) -> std::process::Output {
    let began = Instant::now();
    // Read beside the waiting: a full pipe would stop the program.
    let mut pipes = [child.stdout.take().map(reader), child.stderr.take().map(reader)];
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if began.elapsed() > PATIENCE {
            child.kill().unwrap();
            panic!("`{what}` hangs");
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let mut read = |place: usize| pipes[place].take().map_or_else(Vec::new, |pipe| pipe.join().unwrap());
    std::process::Output { status, stdout: read(0), stderr: read(1) }
}

fn reader(mut pipe: impl std::io::Read + Send + 'static) -> std::thread::JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).unwrap();
        bytes
    })
}

fn settings(simulation: &Simulation, address: SocketAddr, file: &TenantFile) -> String {
    let options = simulation.options();
    let text = format!(
        "tenants:\n\
         - name: contoso\n\
         \x20 tenantId: {}\n\
         \x20 auth: {{ clientId: {}, clientSecretFile: secret }}\n\
         \x20 endpoints: {{ authority: 'http://{address}', exchange: 'http://{address}' }}\n\
         policies: {{ path: ./policies }}\n\
         limits: {{ writesPerMinute: 60000, maxConcurrency: 1 }}\n\
         history: {{ url: 'sqlite:mailwarden.db' }}\n\
         server: {{ listen: '127.0.0.1:0' }}\n",
        options.tenant_id, options.credentials.client_id,
    );
    let mut settings: serde_yaml::Value = serde_yaml::from_str(&text).unwrap();
    for (key, value) in &file.settings {
        if key == "tenant" {
            lay_over(&mut settings["tenants"][0], value);
        } else {
            lay_over(&mut settings[key.clone()], value);
        }
    }
    serde_yaml::to_string(&settings).unwrap()
}

fn lay_over(below: &mut serde_yaml::Value, above: &serde_yaml::Value) {
    match (below, above) {
        (serde_yaml::Value::Mapping(below), serde_yaml::Value::Mapping(above)) => {
            for (key, value) in above {
                match below.get_mut(key) {
                    Some(place) => lay_over(place, value),
                    None => {
                        below.insert(key.clone(), value.clone());
                    }
                }
            }
        }
        (below, above) => *below = above.clone(),
    }
}

fn yaml<T: serde::de::DeserializeOwned>(text: &str) -> T {
    serde_yaml::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Words between spaces; quotes hold spaces together.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    for c in line.chars() {
        match (c, quote) {
            ('\'' | '"', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            (' ', None) if !word.is_empty() => words.push(std::mem::take(&mut word)),
            (' ', None) => {}
            (c, _) => word.push(c),
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target: PathBuf = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

fn copy_files(from: &Path, to: &Path, prefix: &str) {
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            let name = format!("{prefix}{}", path.file_name().unwrap().to_string_lossy());
            std::fs::copy(&path, to.join(name)).unwrap();
        }
    }
}
