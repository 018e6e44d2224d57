//! From the events of the parser to the tree. The events come one at a time and the open collections
//! stand on a stack of our own, so that no input can exhaust the program's.

use std::collections::HashMap;
use std::sync::Arc;

use granit_parser::{Event, Parser, ScalarStyle};

use super::{Entry, MAX_DEPTH, Mapping, Node, Scalar, Value, syntax};
use crate::policy::diagnostic::{self, Sink};
use crate::policy::source_text::{Span, Spanned};

pub(super) fn documents(sink: &mut Sink) -> Vec<Node> {
    let source = Arc::clone(sink.source());
    let options = granit_parser::options! {
        emit_unresolved_aliases: true,
        emit_anchor_events: true,
        emit_comments: false,
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    };
    let mut parser = Parser::new_from_str_with_options(source.text(), options);
    let mut documents = Vec::new();
    let mut builder = Builder::default();
    while let Some(step) = parser.next_event() {
        match step {
            Ok((Event::StreamEnd, _)) => break,
            Ok((Event::DocumentStart(..), _)) => builder = Builder::default(),
            Ok((Event::DocumentEnd, _)) => documents.extend(builder.take_root()),
            Ok((event, span)) => builder.event(event, &span, sink),
            // A syntax error ends its document. What was read of it is kept, and reading goes on with
            // the next one, so that the error hides no fault but those right behind it.
            Err(error) => {
                let at = error.marker().byte_offset().unwrap_or(source.text().len());
                syntax::report(&error, at, sink);
                documents.extend(builder.salvage(at));
                if !matches!(parser.proceed_next_document(), Ok(true)) {
                    break;
                }
            }
        }
    }
    documents.retain(|node| !node.is_null());
    documents
}

/// A collection whose end has not come yet.
enum Open {
    Sequence {
        start: usize,
        flow: bool,
        items: Vec<Node>,
        faulty: bool,
    },
    Mapping {
        start: usize,
        flow: bool,
        mapping: Mapping,
        seen: HashMap<String, Span>,
        key: Pending,
        faulty: bool,
    },
}

/// The key that a mapping has read last.
enum Pending {
    None,
    Key(Spanned<String>),
    /// A key that was reported; its value is dropped.
    Refused,
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    root: Option<Node>,
}

impl Builder {
    fn event(&mut self, event: Event<'_>, at: &granit_parser::Span, sink: &mut Sink) {
        let span = bytes(at);
        let mut refuse_tag = |tagged: bool| {
            if tagged {
                sink.push(at.tag_span().as_ref().map_or(span, bytes), diagnostic::tag());
            }
            tagged
        };
        match event {
            Event::Scalar(text, style, _, tag) => {
                let faulty = refuse_tag(tag.is_some());
                let scalar = Scalar { text: text.into_owned(), plain: style == ScalarStyle::Plain };
                let value = if faulty { Value::Faulty } else { Value::Scalar(scalar) };
                self.add(Node { span: without_line_break(span, sink), value }, sink);
            }
            Event::SequenceStart(style, _, tag) => {
                let faulty = refuse_tag(tag.is_some());
                let flow = style == granit_parser::StructureStyle::Flow;
                self.open.push(Open::Sequence { start: span.start, flow, items: Vec::new(), faulty });
            }
            Event::MappingStart(style, _, tag) => {
                let faulty = refuse_tag(tag.is_some());
                let flow = style == granit_parser::StructureStyle::Flow;
                let (mapping, seen) = (Mapping::default(), HashMap::new());
                let key = Pending::None;
                self.open.push(Open::Mapping { start: span.start, flow, mapping, seen, key, faulty });
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span.end, sink),
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                sink.push(span, diagnostic::alias());
                self.add(Node { span, value: Value::Faulty }, sink);
            }
            // Comes after the value it names, which stands: the anchor alone is the fault.
            Event::Anchor(..) => sink.push(span, diagnostic::anchor()),
            _ => {}
        }
    }

    /// Ends the innermost open collection and puts it where it belongs.
    fn close(&mut self, end: usize, sink: &mut Sink) {
        let node = match self.open.pop() {
            Some(Open::Sequence { start, flow, items, faulty }) => {
                let end = if flow { end } else { items.last().map_or(end, |item| item.span.end) };
                let value = if faulty { Value::Faulty } else { Value::Sequence(items) };
                Node { span: Span::new(start, end.max(start)), value }
            }
            Some(Open::Mapping { start, flow, mut mapping, faulty, .. }) => {
                mapping.complete = true;
                // The end of a block collection is the start of what follows it, after blank lines.
                let last = mapping.entries.last().map(|entry| entry.value.span.end.max(entry.key.span.end));
                let end = if flow { end } else { last.unwrap_or(end) };
                let value = if faulty { Value::Faulty } else { Value::Mapping(mapping) };
                Node { span: Span::new(start, end.max(start)), value }
            }
            None => return,
        };
        self.add(node, sink);
    }

    /// Puts a finished value into the innermost open collection.
    fn add(&mut self, node: Node, sink: &mut Sink) {
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::Sequence { items, .. }) => items.push(node),
            Some(Open::Mapping { mapping, seen, key, .. }) => match std::mem::replace(key, Pending::None) {
                Pending::None => *key = accept_key(node, seen, sink),
                Pending::Key(key) => mapping.entries.push(Entry { key, value: node }),
                Pending::Refused => {}
            },
        }
    }

    fn take_root(&mut self) -> Option<Node> {
        self.open.clear();
        self.root.take()
    }

    /// After a syntax error: keeps the block mappings and lists that were open, as incomplete. An open
    /// flow collection is dropped, since what it holds is most likely what follows a missing bracket.
    fn salvage(&mut self, end: usize) -> Option<Node> {
        let mut inner: Option<Node> = self.root.take();
        while let Some(open) = self.open.pop() {
            inner = Some(match open {
                Open::Sequence { start, flow, mut items, faulty } => {
                    items.extend(inner);
                    let value = if flow || faulty { Value::Faulty } else { Value::Sequence(items) };
                    Node { span: Span::new(start, end.max(start)), value }
                }
                Open::Mapping { start, flow, mut mapping, key, faulty, .. } => {
                    if let (Pending::Key(key), Some(value)) = (key, inner.take()) {
                        mapping.entries.push(Entry { key, value });
                    }
                    let value = if flow || faulty { Value::Faulty } else { Value::Mapping(mapping) };
                    Node { span: Span::new(start, end.max(start)), value }
                }
            });
        }
        inner
    }
}

fn accept_key(node: Node, seen: &mut HashMap<String, Span>, sink: &mut Sink) -> Pending {
    let span = node.span;
    let Value::Scalar(scalar) = node.value else {
        if !node.is_faulty() {
            sink.push(span, diagnostic::key_not_text());
        }
        return Pending::Refused;
    };
    if scalar.plain && scalar.text == "<<" {
        sink.push(span, diagnostic::merge_key());
        return Pending::Refused;
    }
    if scalar.is_null() {
        sink.push(span, diagnostic::key_not_text());
        return Pending::Refused;
    }
    match seen.get(&scalar.text) {
        Some(first) => {
            let first = sink.locate(*first);
            sink.push(span, diagnostic::duplicate_key(&scalar.text, first));
        }
        None => {
            seen.insert(scalar.text.clone(), span);
        }
    }
    Pending::Key(Spanned { value: scalar.text, span })
}

fn bytes(span: &granit_parser::Span) -> Span {
    let start = span.start.byte_offset().unwrap_or_default();
    Span::new(start, span.end.byte_offset().unwrap_or(start).max(start))
}

/// A block scalar ends after its last line break, which no caret should point at.
fn without_line_break(span: Span, sink: &Sink) -> Span {
    let text = sink.source().text().get(span.start..span.end).unwrap_or_default();
    Span::new(span.start, span.start + text.trim_end().len())
}
