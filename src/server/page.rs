//! The page: one document without script, readable without style, in the reader's own light or dark.

use super::facts::{LaneFacts, PageFacts, PolicyFacts, TenantFacts};
use super::html::Html;
use super::words::{Tone, age, grouped};

const STYLE: &str = include_str!("page.css");

/// The page of these facts.
pub(super) fn render(facts: &PageFacts) -> String {
    let mut html = Html::default();
    html.raw("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
        .raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
        .raw("<meta name=\"color-scheme\" content=\"light dark\">\n<title>mailwarden</title>\n<style>\n")
        .raw(STYLE)
        .raw("</style>\n</head>\n<body>\n<header>\n<h1>mailwarden</h1>\n<p>version ")
        .text(&facts.version)
        .raw(" · as of <time>")
        .text(&facts.now.format("%Y-%m-%d %H:%M:%S UTC").to_string())
        .raw("</time> · <a href=\"/\">look again</a></p>\n</header>\n<main>\n");
    attention(&mut html, facts);
    policies(&mut html, &facts.policies);
    for tenant in &facts.tenants {
        section(&mut html, tenant, facts);
    }
    html.raw("</main>\n<footer><p><a href=\"/metrics\">metrics</a> · <a href=\"/healthz\">health</a> · ")
        .raw("<a href=\"/readyz\">readiness</a></p></footer>\n</body>\n</html>\n");
    html.finish()
}

/// What somebody should look at, first, whatever else is on the page.
fn attention(html: &mut Html, facts: &PageFacts) {
    let mut items: Vec<String> = Vec::new();
    if let Some(error) = &facts.history_error {
        items.push(format!("The history cannot be written, so nothing is corrected: {error}"));
    }
    if facts.policies.revision.is_none() {
        items.push("There is no policy set without faults yet".to_owned());
    } else if !facts.policies.rejected.is_empty() {
        items.push("A newer policy set has faults; the last good one stays in force".to_owned());
    }
    if facts.tenants.is_empty() {
        items.push("No tenant is watched".to_owned());
    }
    items.extend(facts.tenants.iter().flat_map(tenant_attention));
    if items.is_empty() {
        html.raw("<p class=\"verdict good\">Nothing needs attention.</p>\n");
        return;
    }
    html.raw("<section class=\"verdict bad\" aria-labelledby=\"attention\">\n")
        .raw("<h2 id=\"attention\">Needs attention</h2>\n<ul>\n");
    for item in items {
        html.raw("<li>").text(&item).raw("</li>\n");
    }
    html.raw("</ul>\n</section>\n");
}

fn tenant_attention(tenant: &TenantFacts) -> Vec<String> {
    let mut items = Vec::new();
    for switch in tenant.switches.iter().filter(|switch| switch.state != "on") {
        items.push(format!("{} is {}", switch.name, switch.state));
    }
    match &tenant.view {
        None => items.push("not yet looked at whole".to_owned()),
        Some(view) if !view.complete => items.push("the last full look was incomplete".to_owned()),
        Some(_) => {}
    }
    for lane in tenant.lanes.iter().filter(|lane| lane.failing.is_some()) {
        items.push(format!("the {} lane is failing", lane.lane));
    }
    let bad = tenant.states.iter().filter(|(state, count)| *count > 0 && Tone::of_state(state) == Tone::Bad);
    for (state, count) in bad {
        let noun = if *count == 1 { "mailbox" } else { "mailboxes" };
        let joiner = if state == "conflict" { "in " } else { "" };
        items.push(format!("{} {noun} {joiner}{}", grouped(*count), state.replace('_', " ")));
    }
    if !tenant.held.is_empty() {
        items.push("the guard holds a plan".to_owned());
    }
    items.into_iter().map(|item| format!("{}: {item}", tenant.name)).collect()
}

fn policies(html: &mut Html, policies: &PolicyFacts) {
    html.raw("<section aria-labelledby=\"policies\">\n<h2 id=\"policies\">Policies</h2>\n<p>");
    match &policies.revision {
        Some(revision) => {
            let noun = if policies.count == 1 { " policy" } else { " policies" };
            html.text(&grouped(policies.count as u64))
                .raw(noun)
                .raw(" in force, revision <code>")
                .text(revision)
                .raw("</code>");
        }
        None => {
            html.raw("None in force: nothing is written.");
        }
    }
    html.raw("</p>\n");
    if !policies.rejected.is_empty() {
        html.raw("<p>Refused, and what is wrong with it:</p>\n<pre>");
        for fault in &policies.rejected {
            html.text(fault).raw("\n");
        }
        html.raw("</pre>\n");
    }
    html.raw("</section>\n");
}

fn section(html: &mut Html, tenant: &TenantFacts, facts: &PageFacts) {
    html.raw("<section class=\"tenant\">\n<h2>")
        .text(&tenant.name)
        .raw(" <span class=\"tag\">")
        .text(&tenant.mode)
        .raw("</span></h2>\n");
    view(html, tenant);
    html.raw("<div class=\"columns\">\n");
    states(html, tenant);
    html.raw("<div>\n");
    switches(html, tenant);
    lanes(html, &tenant.lanes, facts);
    html.raw("</div>\n</div>\n");
    if !tenant.held.is_empty() {
        html.raw("<h3>Held by the guard</h3>\n<ul>\n");
        for held in &tenant.held {
            html.raw("<li>").text(held).raw("</li>\n");
        }
        html.raw("</ul>\n");
    }
    html.raw("</section>\n");
}

fn view(html: &mut Html, tenant: &TenantFacts) {
    let Some(view) = &tenant.view else {
        html.raw("<p class=\"bad\">Not yet looked at whole: what follows is not the whole tenant.</p>\n");
        return;
    };
    html.raw("<p>").text(&grouped(view.examined)).raw(" mailboxes in the last full look");
    match (view.complete, view.truncated) {
        (true, _) => html.raw(", complete"),
        (false, true) => html.raw(", <strong class=\"bad\">cut off: there are more</strong>"),
        (false, false) => html
            .raw(", <strong class=\"bad\">incomplete: ")
            .text(&grouped(view.unknown))
            .raw(" not read</strong>"),
    };
    html.raw("</p>\n");
}

#[allow(clippy::cast_precision_loss, reason = "the width of a bar")]
fn states(html: &mut Html, tenant: &TenantFacts) {
    let total: u64 = tenant.states.iter().map(|(_, count)| count).sum();
    html.raw("<div>\n<h3>Mailboxes</h3>\n");
    if total == 0 {
        html.raw("<p>None seen yet.</p>\n</div>\n");
        return;
    }
    html.raw("<div class=\"bar\" aria-hidden=\"true\">");
    for (state, count) in tenant.states.iter().filter(|(_, count)| *count > 0) {
        html.raw("<span class=\"").raw(Tone::of_state(state).class()).raw("\" style=\"flex-grow:");
        html.number(*count as f64 * 100.0 / total as f64).raw("\"></span>");
    }
    html.raw("</div>\n<table>\n<thead><tr><th scope=\"col\">State</th>")
        .raw("<th scope=\"col\">Mailboxes</th></tr></thead>\n<tbody>\n");
    for (state, count) in tenant.states.iter().filter(|(_, count)| *count > 0) {
        html.raw("<tr><th scope=\"row\"><span class=\"dot ")
            .raw(Tone::of_state(state).class())
            .raw("\"></span>");
        html.text(&state.replace('_', " "))
            .raw("</th><td class=\"n\">")
            .text(&grouped(*count))
            .raw("</td></tr>\n");
    }
    html.raw("</tbody>\n</table>\n</div>\n");
}

fn switches(html: &mut Html, tenant: &TenantFacts) {
    html.raw("<h3>Organization</h3>\n<table>\n<tbody>\n");
    for switch in &tenant.switches {
        let tone = if switch.state == "on" { Tone::Good } else { Tone::Bad };
        html.raw("<tr><th scope=\"row\">")
            .text(&switch.name)
            .raw("</th><td class=\"")
            .raw(tone.class())
            .raw("\">");
        html.text(&switch.state).raw("</td></tr>\n");
    }
    html.raw("</tbody>\n</table>\n");
}

fn lanes(html: &mut Html, lanes: &[LaneFacts], facts: &PageFacts) {
    html.raw("<h3>Lanes</h3>\n<table>\n<thead><tr><th scope=\"col\">Lane</th>")
        .raw("<th scope=\"col\">Last complete look</th></tr></thead>\n<tbody>\n");
    for lane in lanes {
        html.raw("<tr><th scope=\"row\">").text(&lane.lane).raw("</th><td>");
        match lane.last_success {
            Some(then) => {
                html.raw("<time title=\"").text(&then.format("%Y-%m-%d %H:%M:%S UTC").to_string()).raw("\">");
                html.text(&age(then, facts.now)).raw("</time>");
            }
            None => {
                html.raw("<span class=\"bad\">never</span>");
            }
        }
        if let Some(reason) = &lane.failing {
            html.raw("<br><span class=\"bad\">failing: ").text(reason).raw("</span>");
        }
        html.raw("</td></tr>\n");
    }
    html.raw("</tbody>\n</table>\n");
}
