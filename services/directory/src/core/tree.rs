//! A manifest as nodes with their places: what its reader cannot say once it has stopped at the first fault.
//!
//! One pass over the events of the parser that the typed reader uses too. Bounded by itself, since the typed reader
//! may have stopped early: a node takes 28 bytes, its text is kept once, an alias is a number and is not expanded.
//! Not here: what a scalar means; that is asked by [`super::survey`], knowing what is expected.

use granit_parser::{Event, Parser, ScalarStyle, Span, StrInput, Tag};

use super::manifest::NODES_MAX;

/// Deeper than any manifest that the typed reader takes.
const DEPTH_MAX: usize = 64;

/// Where something stands in the file; both count from 1, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct At {
    pub line: u32,
    pub column: u32,
}

impl At {
    /// From a line that counts from 1 and a column that counts from 0.
    pub(super) fn of(line: usize, column: usize) -> Self {
        let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Self { line: small(line).max(1), column: small(column).saturating_add(1) }
    }

    /// Of the byte `offset` of a text.
    pub(super) fn of_byte(text: &str, offset: usize) -> Self {
        let before = &text[..text.floor_char_boundary(offset)];
        let line = before.rsplit('\n').next().unwrap_or_default();
        Self::of(before.matches('\n').count() + 1, line.chars().count())
    }
}

/// A node of a [`Tree`].
pub(super) type Id = u32;

/// What a node is, aliases followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum View<'a> {
    Text {
        text: &'a str,
        /// Without quotes: may be null.
        plain: bool,
    },
    List(&'a [Id]),
    /// Key, value, key, value.
    Map(&'a [Id]),
}

/// An explicit tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tagged {
    No,
    /// `!!str` and the like: what it makes of a scalar is the typed reader's business.
    Core,
    /// Anything else.
    Unknown,
}

/// Why there is no tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Broken {
    /// It is no YAML from here on.
    Syntax(At, String),
    TooComplex(At),
}

#[derive(Debug, Clone, Copy)]
struct Node {
    at: At,
    form: Form,
    tagged: Tagged,
    anchored: bool,
}

#[derive(Debug, Clone, Copy)]
enum Form {
    Text { start: u32, end: u32, plain: bool },
    List { start: u32, end: u32 },
    Map { start: u32, end: u32 },
    Alias(Id),
}

/// The first document of a file.
#[derive(Debug, Default)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    children: Vec<Id>,
    texts: String,
    root: Option<Id>,
    /// Where a second document begins.
    pub(super) second: Option<At>,
}

impl Tree {
    pub(super) fn read(text: &str) -> Result<Self, Broken> {
        let options = granit_parser::options! { emit_comments: false, flow_nesting_limit: DEPTH_MAX };
        let mut builder = Builder::default();
        for next in Parser::<'_, StrInput<'_>>::new_from_str_with_options(text, options) {
            let (event, span) = next.map_err(|error| {
                let mark = error.marker();
                Broken::Syntax(At::of(mark.line(), mark.col()), error.info())
            })?;
            if !builder.take(event, span)? {
                break;
            }
        }
        Ok(builder.tree)
    }

    pub(super) fn root(&self) -> Option<Id> {
        self.root
    }

    pub(super) fn at(&self, id: Id) -> At {
        self.nodes[id as usize].at
    }

    pub(super) fn view(&self, id: Id) -> View<'_> {
        match self.nodes[self.target(id) as usize].form {
            Form::Text { start, end, plain } => {
                View::Text { text: &self.texts[start as usize..end as usize], plain }
            }
            Form::List { start, end } => View::List(&self.children[start as usize..end as usize]),
            Form::Map { start, end } => View::Map(&self.children[start as usize..end as usize]),
            Form::Alias(_) => unreachable!("an alias names a node, not an alias"),
        }
    }

    pub(super) fn tagged(&self, id: Id) -> Tagged {
        self.nodes[self.target(id) as usize].tagged
    }

    /// The node itself if others may name it by an alias.
    pub(super) fn shared(&self, id: Id) -> Option<Id> {
        let id = self.target(id);
        self.nodes[id as usize].anchored.then_some(id)
    }

    /// The text of a key, if it is one.
    pub(super) fn key(&self, id: Id) -> Option<&str> {
        match self.view(id) {
            View::Text { text, .. } => Some(text),
            View::List(_) | View::Map(_) => None,
        }
    }

    /// The value of a key of a mapping; the first of several.
    pub(super) fn get(&self, map: Id, name: &str) -> Option<Id> {
        let View::Map(entries) = self.view(map) else { return None };
        entries.chunks_exact(2).find(|entry| self.key(entry[0]) == Some(name)).map(|entry| entry[1])
    }

    /// Every mapping with its keys and values.
    pub(super) fn maps(&self) -> impl Iterator<Item = (Id, &[Id])> {
        let ids = 0..self.nodes.len() as Id;
        ids.filter_map(|id| match self.nodes[id as usize].form {
            Form::Map { start, end } => Some((id, &self.children[start as usize..end as usize])),
            _ => None,
        })
    }

    /// Bytes held, for tests.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.nodes.capacity() * size_of::<Node>()
            + self.children.capacity() * size_of::<Id>()
            + self.texts.capacity()
    }

    /// The node itself, or the one its alias names.
    pub(super) fn target(&self, id: Id) -> Id {
        match self.nodes[id as usize].form {
            Form::Alias(to) => to,
            _ => id,
        }
    }
}

/// Builds while the events come.
#[derive(Default)]
struct Builder {
    tree: Tree,
    /// Containers that are not closed yet, with their children so far.
    open: Vec<(Id, Vec<Id>)>,
    /// The node of each anchor, in the order of the parser's numbers, which begin at 1.
    anchors: Vec<Id>,
    documents: usize,
}

impl Builder {
    /// False when all that counts has been read.
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<bool, Broken> {
        let at = At::of(span.start.line(), span.start.col());
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let start = self.tree.texts.len() as u32;
                self.tree.texts.push_str(&text);
                let (end, plain) = (self.tree.texts.len() as u32, style == ScalarStyle::Plain);
                self.node(at, Form::Text { start, end, plain }, anchor, tag.as_deref())?;
            }
            Event::SequenceStart(_, anchor, tag) => {
                let id = self.node(at, Form::List { start: 0, end: 0 }, anchor, tag.as_deref())?;
                self.enter(id, at)?;
            }
            Event::MappingStart(_, anchor, tag) => {
                let id = self.node(at, Form::Map { start: 0, end: 0 }, anchor, tag.as_deref())?;
                self.enter(id, at)?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.leave(),
            Event::Alias(anchor) => {
                let to = self.anchors.get(anchor.wrapping_sub(1)).copied();
                let to = to.ok_or_else(|| Broken::Syntax(at, "unknown anchor".to_owned()))?;
                self.node(at, Form::Alias(to), 0, None)?;
            }
            Event::DocumentStart(..) => {
                self.documents += 1;
                self.tree.second = (self.documents > 1).then_some(at);
                return Ok(self.documents == 1);
            }
            _ => {}
        }
        Ok(true)
    }

    fn node(&mut self, at: At, form: Form, anchor: usize, tag: Option<&Tag>) -> Result<Id, Broken> {
        let tagged = match tag {
            None => Tagged::No,
            Some(tag) if tag.is_yaml_core_schema() => Tagged::Core,
            Some(_) => Tagged::Unknown,
        };
        let id = self.tree.nodes.len();
        if id == NODES_MAX {
            return Err(Broken::TooComplex(at));
        }
        self.tree.nodes.push(Node { at, form, tagged, anchored: anchor > 0 });
        let id = id as Id;
        if anchor > 0 {
            self.anchors.resize(self.anchors.len().max(anchor), id);
            self.anchors[anchor - 1] = id;
        }
        match self.open.last_mut() {
            Some((_, children)) => children.push(id),
            None => self.tree.root = Some(id),
        }
        Ok(id)
    }

    fn enter(&mut self, id: Id, at: At) -> Result<(), Broken> {
        self.open.push((id, Vec::new()));
        if self.open.len() > DEPTH_MAX { Err(Broken::TooComplex(at)) } else { Ok(()) }
    }

    /// The children of one container stand side by side.
    fn leave(&mut self) {
        let Some((id, children)) = self.open.pop() else { return };
        let from = self.tree.children.len() as u32;
        self.tree.children.extend(children);
        let to = self.tree.children.len() as u32;
        if let Form::List { start, end } | Form::Map { start, end } = &mut self.tree.nodes[id as usize].form {
            (*start, *end) = (from, to);
        }
    }
}
