//! A request's way through the service: sign-in, the gate, the cmdlet, the page, the answer. Paths are matched in `http`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Map, Value, json};

use super::cmdlets::{self, Cmdlet, Outcome, ResultSize, Table};
use super::faults::Passage;
use super::login::Unaccepted;
use super::options::ErrorDetails;
use super::recorder::RecordedRequest;
use super::tenant::{Moment, Tenant};
use super::wire::columns;
use super::wire::errors::ServiceError;
use super::wire::paging::{BACKENDS, Pages, Rest};
use super::wire::reply::Reply;
use super::wire::request::{Call, Head};
use super::wire::rows;
use super::{Simulation, State};

/// The cookie that binds a session to a backend.
const BACKEND_COOKIE: &str = "X-BackEndCookie";

/// The words by which a cut result is known.
const MORE: &str = "There are more results available than are currently displayed. To view them, increase the value for the ResultSize parameter.";

/// Counts a request among those in flight until it is dropped, cancelled ones too.
struct InFlight<'a>(&'a AtomicUsize);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// An answer, and what the record says of it.
struct Answer {
    reply: Reply,
    rows: usize,
    changed: bool,
}

impl From<Reply> for Answer {
    fn from(reply: Reply) -> Self {
        Self { reply, rows: 0, changed: false }
    }
}

/// One POST to InvokeCommand, alone or in a batch.
pub(crate) async fn invoke(simulation: &Simulation, head: &Head, body: &[u8]) -> Reply {
    if let Some(reply) = redirect(simulation, head) {
        return reply;
    }
    if let Err(reply) = signed_in(simulation, head) {
        return reply;
    }
    let form = details_form(simulation, head);
    let call = match Call::read(head, body) {
        Ok(call) => call,
        Err(error) => return Reply::json(error.status, &error.body(form)),
    };
    let cmdlet = Cmdlet::named(&call.cmdlet);
    let answer = run(simulation, head, &call, cmdlet, form).await;
    let mut state = simulation.state();
    let now = simulation.now();
    let recorded = RecordedRequest {
        at: now,
        cmdlet: call.cmdlet.chars().take(120).collect(),
        parameters: call.sent["CmdletInput"]["Parameters"].clone(),
        select: call.select,
        continued: call.skip_token.is_some(),
        status: answer.reply.status,
        rows: answer.rows,
        bytes: answer.reply.body.len(),
    };
    state.recorder.note(recorded, cmdlet.map(Cmdlet::name), answer.changed);
    stamped(&mut state, answer.reply, head, now.timestamp())
}

fn details_form(simulation: &Simulation, head: &Head) -> ErrorDetails {
    if head.is_module() { ErrorDetails::Json } else { simulation.options().readings.error_details }
}

/// The regional host that the front door sends everybody to.
pub(crate) fn redirect(simulation: &Simulation, head: &Head) -> Option<Reply> {
    let regional = simulation.state().gate.faults.redirect_to.clone()?;
    if head.host.eq_ignore_ascii_case(&regional) {
        return None;
    }
    let query = if head.query.is_empty() { String::new() } else { format!("?{}", head.query) };
    let to = format!("{}://{regional}{}{query}", head.scheme, head.path);
    Some(Reply::empty(302).with("location", to))
}

pub(crate) fn signed_in(simulation: &Simulation, head: &Head) -> Result<(), Reply> {
    let state = simulation.state();
    let tenant = simulation.options().tenant_id;
    let token = head
        .header("authorization")
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("Bearer"))
        .map(|(_, token)| token.trim());
    let Some(token) = token else {
        return Err(Reply::unauthorized(&Unaccepted::Invalid.challenge(tenant)));
    };
    let accepted = simulation.login().accept(
        token,
        simulation.now().timestamp(),
        state.revoked_before,
        state.gate.faults.claims_challenge,
    );
    match accepted {
        Err(reason) => Err(Reply::unauthorized(&reason.challenge(tenant))),
        Ok(claims) if claims["roles"].as_array().is_none_or(Vec::is_empty) => {
            Err(Reply::unauthorized(&Unaccepted::Invalid.challenge(tenant)))
        }
        // The app role alone: a 403 without a body or a reason.
        Ok(_) if !state.permissions.directory_role => Err(Reply::empty(403)),
        Ok(_) => Ok(()),
    }
}

async fn run(
    simulation: &Simulation,
    head: &Head,
    call: &Call,
    cmdlet: Option<Cmdlet>,
    form: ErrorDetails,
) -> Answer {
    let Some(cmdlet) = cmdlet.filter(|one| simulation.state().may_run(*one)) else {
        return if simulation.options().readings.denied_as_json {
            Reply::cmdlet_denied_as_json(&call.cmdlet).into()
        } else {
            Reply::cmdlet_denied(&call.cmdlet).into()
        };
    };
    let counter = simulation.in_flight();
    let at_once = counter.fetch_add(1, Ordering::Relaxed) + 1;
    let _in_flight = InFlight(counter);
    let passage =
        simulation.state().gate.pass(cmdlet.name(), cmdlet.is_write(), at_once, simulation.seconds());
    let (delay, lost) = match passage {
        Passage::Open { delay, lost } => (delay, lost),
        Passage::Status(status) => return Reply::plain(status, "").into(),
        Passage::Throttled(after) => return Reply::throttled(after).into(),
        Passage::Unavailable(after) => return Reply::unavailable(after).into(),
        Passage::Refused(error) => return Reply::json(error.status, &error.body(form)).into(),
    };
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    let mut state = simulation.caught_up();
    let answer = match execute(simulation, &mut state, head, call, cmdlet) {
        Ok(answer) => answer,
        Err(error) => Reply::json(error.status, &error.body(form)).into(),
    };
    if lost {
        let reply = Reply::plain(504, "Gateway Timeout");
        return Answer { reply, ..answer };
    }
    answer
}

fn execute(
    simulation: &Simulation,
    state: &mut State,
    head: &Head,
    call: &Call,
    cmdlet: Cmdlet,
) -> Result<Answer, ServiceError> {
    let now = simulation.now().timestamp();
    let backend = state.backend(head, call.skip_token.as_deref());
    let moment = Moment { now, backend };
    let answer = if let Some(token) = &call.skip_token {
        if state.gate.faults.next_link_fails {
            return Err(ServiceError::expired_page());
        }
        let mut rest = state.pages.take(token, &call.sent, backend, now)?;
        rest.page_size = page_size(simulation, call);
        page(state, head, rest, moment, None)
    } else {
        let withheld = &state.permissions.withheld_parameters;
        cmdlet.check_parameters(&call.parameters, |name| {
            withheld.iter().any(|one| one.eq_ignore_ascii_case(name))
        })?;
        let outcome = cmdlets::run(cmdlet, &mut state.tenant, call, moment)?;
        let no_content = state.tenant.readings.success_is_204;
        match outcome {
            Outcome::Rows { table, items, size } => {
                first_page(simulation, state, head, call, moment, (table, items, size))
            }
            Outcome::Done if no_content => Answer { changed: true, ..Reply::empty(204).into() },
            Outcome::Done => {
                Answer { changed: true, ..Reply::json(200, &envelope(head, Vec::new(), &[])).into() }
            }
            Outcome::Unchanged(name) => {
                let warning = format!(
                    "The command completed successfully but no settings of '{name}' have been modified."
                );
                Reply::json(200, &envelope(head, Vec::new(), &[&warning])).into()
            }
            Outcome::Confirmation(text) => {
                let mut body = envelope(head, Vec::new(), &[]);
                body["@adminapi.confirmationmessage"] = Value::String(text);
                Reply::json(200, &body).into()
            }
        }
    };
    let cookie = format!("{BACKEND_COOKIE}={}; path=/; secure; HttpOnly", BACKENDS[usize::from(backend)]);
    let reply =
        answer.reply.with("x-calculatedbetarget", BACKENDS[usize::from(backend)]).with("set-cookie", cookie);
    Ok(Answer { reply, ..answer })
}

fn page_size(simulation: &Simulation, call: &Call) -> usize {
    let most = simulation.options().page_size_max.max(1);
    call.max_page_size.unwrap_or(most).min(most)
}

/// The first page of a result. An integer ResultSize cuts it and warns; whether a nextLink is there too is a reading.
fn first_page(
    simulation: &Simulation,
    state: &mut State,
    head: &Head,
    call: &Call,
    moment: Moment,
    (table, mut items, size): (Table, Vec<u32>, ResultSize),
) -> Answer {
    let readings = &state.tenant.readings;
    let limit = match size {
        ResultSize::AtMost(n) if !readings.result_size_ignored && items.len() > n => Some(n),
        _ => None,
    };
    let cut = limit.is_some();
    let mut page_size = page_size(simulation, call);
    if let Some(limit) = limit {
        if readings.truncated_has_next_link && (1..=page_size).contains(&limit) {
            page_size = limit;
        } else {
            items.truncate(limit);
        }
    }
    let rest = Rest {
        table,
        items: Arc::from(items),
        from: 0,
        select: call.select.clone(),
        page_size,
        backend: moment.backend,
        body: call.sent.clone(),
    };
    page(state, head, rest, moment, cut.then_some(MORE))
}

fn page(state: &mut State, head: &Head, rest: Rest, moment: Moment, warning: Option<&str>) -> Answer {
    let until = (rest.from + rest.page_size).min(rest.items.len());
    let values = rendered(&state.tenant, &rest, until, moment);
    let count = values.len();
    let warnings: Vec<&str> = warning.into_iter().collect();
    let mut body = envelope(head, values, &warnings);
    if until < rest.items.len() {
        let id = state.gate.id();
        let rest = Rest { from: until, ..rest };
        let token = state.pages.keep(rest, id, moment.now);
        let query =
            url::form_urlencoded::Serializer::new(String::new()).append_pair("$skiptoken", &token).finish();
        body["@odata.nextLink"] = format!("{}://{}{}?{query}", head.scheme, head.host, head.path).into();
    }
    Answer { rows: count, ..Reply::json(200, &body).into() }
}

/// Rows up to a place, read now: what vanished since the first page is simply not there any more.
fn rendered(tenant: &Tenant, rest: &Rest, until: usize, moment: Moment) -> Vec<Value> {
    let items = rest.items.get(rest.from..until).unwrap_or_default();
    let trimmed = !tenant.readings.select_ignored;
    let select = rest.select.as_deref().filter(|_| trimmed);
    match rest.table {
        Table::Mailboxes => {
            let columns = columns::selected(select);
            let seen = items.iter().filter_map(|item| tenant.seen(*item, moment));
            seen.map(|seen| rows::mailbox(tenant, seen, &columns)).collect()
        }
        Table::Bypass => items
            .iter()
            .filter_map(|item| rows::bypass(tenant, *item, moment))
            .map(|row| rows::trimmed(row, select))
            .collect(),
        Table::Organization => vec![rows::trimmed(rows::organization(tenant), select)],
        Table::AdminAuditLog => {
            vec![rows::trimmed(rows::admin_audit_log(tenant, moment), select)]
        }
    }
}

/// Warnings come under two keys, of which the annotation has no leading `@`: so it was recorded.
fn envelope(head: &Head, value: Vec<Value>, warnings: &[&str]) -> Value {
    let base = head.path.rsplit_once('/').map_or(head.path.as_str(), |(base, _)| base);
    let mut body = Map::new();
    body.insert(
        "@odata.context".to_owned(),
        format!("{}://{}{base}/$metadata#Collection(Exchange.GenericHashTable)", head.scheme, head.host)
            .into(),
    );
    body.insert("adminapi.warnings@odata.type".to_owned(), "#Collection(String)".into());
    body.insert("@adminapi.warnings".to_owned(), json!(warnings));
    body.insert("value".to_owned(), Value::Array(value));
    Value::Object(body)
}

/// Headers that every answer of a cmdlet carries.
fn stamped(state: &mut State, reply: Reply, head: &Head, now: i64) -> Reply {
    let id = uuid::Uuid::from_u128(state.gate.id()).to_string();
    let (limit, remaining, reset) = state.gate.rate(now);
    let reset = super::tenant::moment_of(reset).format("%Y-%m-%dT%H:%M:%SZ");
    let reply = reply
        .with("request-id", id)
        .with("odata-version", "4.0")
        .with("rate-limit-limit", limit.to_string())
        .with("rate-limit-remaining", remaining.to_string())
        .with("rate-limit-reset", reset.to_string());
    match head.header("client-request-id") {
        Some(id) => {
            let id = id.to_owned();
            reply.with("client-request-id", id)
        }
        None => reply,
    }
}

impl State {
    fn may_run(&self, cmdlet: Cmdlet) -> bool {
        self.permissions
            .cmdlets
            .as_ref()
            .is_none_or(|allowed| allowed.iter().any(|name| name.eq_ignore_ascii_case(cmdlet.name())))
    }

    /// Cmdlets this identity may run, for the module file that clients read as a preflight.
    pub(crate) fn exported(&self) -> Vec<&'static str> {
        Cmdlet::ALL.into_iter().filter(|cmdlet| self.may_run(*cmdlet)).map(Cmdlet::name).collect()
    }

    /// The backend a request lands on: the cookie's; else the page's, unless affinity is by cookie alone; else the next in turn.
    fn backend(&mut self, head: &Head, skip_token: Option<&str>) -> u8 {
        let named = head
            .cookie(BACKEND_COOKIE)
            .and_then(|name| BACKENDS.iter().position(|one| *one == name))
            .and_then(|place| u8::try_from(place).ok());
        let of_page = skip_token.filter(|_| !self.tenant.readings.cookie_affinity).and_then(Pages::backend);
        named.or(of_page).unwrap_or_else(|| {
            self.turn ^= 1;
            self.turn
        })
    }
}
