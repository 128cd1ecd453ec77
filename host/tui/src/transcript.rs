//! The conversation as lines, and which of them are on the screen. What is read stays where it is: a place is kept as a thing
//! and a line of it, not as a distance from an end.

mod render;

use std::collections::HashMap;
use std::rc::Rc;

use octi_domain::limits;
use ratatui::text::Line;

use crate::conversation::Conversation;
use crate::glyphs::Glyphs;
use render::{Before, Look};

/// Text is not wider than this, because long lines are hard to read.
const COLUMNS_MAX: usize = 110;

/// A line, by the thing it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    key: u64,
    line: usize,
}

/// Laid-out lines of one thing, and what they depend on.
#[derive(Debug)]
struct Cached {
    revision: u32,
    look: Look,
    before: Before,
    lines: Rc<Vec<Line<'static>>>,
}

/// A thing on the page: its lines, and the number of the first.
#[derive(Debug)]
struct Block {
    key: u64,
    start: usize,
    lines: Rc<Vec<Line<'static>>>,
}

/// The page, and the part of it that is shown.
#[derive(Debug, Default)]
pub(crate) struct Transcript {
    cache: HashMap<u64, Cached>,
    blocks: Vec<Block>,
    total: usize,
    height: usize,
    /// The first line on the screen; none while the newest line is followed.
    anchor: Option<Place>,
    /// The last line that was on the screen when the newest one was left.
    read: Option<Place>,
    /// The first line on the screen, by its number.
    top: usize,
}

impl Transcript {
    /// Lays the conversation out for a screen of this size.
    pub(crate) fn layout(
        &mut self,
        conversation: &mut Conversation,
        columns: usize,
        height: usize,
        details: bool,
        glyphs: &'static Glyphs,
    ) {
        let look = Look { columns: columns.min(COLUMNS_MAX), details, glyphs };
        self.lay_out(conversation, look);
        while self.total > limits::TUI_LINES_MAX && conversation.items.len() > 1 {
            // A tenth at once, so that a long conversation is not laid out anew with each line.
            let more = (conversation.items.len() / 10).max(1);
            conversation.items.drain(..more);
            conversation.is_cut = true;
            self.lay_out(conversation, look);
        }
        self.height = height;
        self.settle();
    }

    fn lay_out(&mut self, conversation: &mut Conversation, look: Look) {
        let mut old = std::mem::take(&mut self.cache);
        self.blocks.clear();
        self.total = 0;
        let mut before = Before::Nothing;
        if conversation.is_cut {
            self.add(0, Rc::new(render::cut_line(look)));
        }
        for item in &conversation.items {
            let known = old
                .remove(&item.key)
                .filter(|cached| cached.revision == item.revision && cached.look == look && cached.before == before);
            let cached = known.unwrap_or_else(|| Cached {
                revision: item.revision,
                look,
                before,
                lines: Rc::new(render::item(item, before, look)),
            });
            self.add(item.key, cached.lines.clone());
            self.cache.insert(item.key, cached);
            before = Before::of(&item.kind);
        }
        if let Some(agent) = conversation.turn.as_ref().map(|turn| turn.agent) {
            let key = conversation.peek_draft_key(agent);
            if let Some(turn) = &conversation.turn {
                self.add(key, Rc::new(render::draft(turn, before, look)));
            }
        }
    }

    fn add(&mut self, key: u64, lines: Rc<Vec<Line<'static>>>) {
        if lines.is_empty() {
            return;
        }
        let start = self.total;
        self.total += lines.len();
        self.blocks.push(Block { key, start, lines });
    }

    fn settle(&mut self) {
        let end = self.total.saturating_sub(self.height);
        if let Some(anchor) = self.anchor {
            // What was read is gone: stay at about the same distance.
            self.top = self.number(anchor).unwrap_or(self.top).min(end);
            if self.top >= end && self.read_to_end() {
                self.anchor = None;
            }
        }
        if self.anchor.is_none() {
            self.top = end;
            self.read = None;
        }
    }

    fn read_to_end(&self) -> bool {
        self.anchor.and_then(|anchor| self.number(anchor)).is_none_or(|top| top + self.height >= self.total)
    }

    /// The lines on the screen.
    pub(crate) fn visible(&self) -> Vec<Line<'static>> {
        let from = self.blocks.partition_point(|block| block.start + block.lines.len() <= self.top);
        let mut lines = Vec::with_capacity(self.height);
        for block in &self.blocks[from..] {
            let skip = self.top.saturating_sub(block.start);
            lines.extend(block.lines.iter().skip(skip).take(self.height - lines.len()).cloned());
            if lines.len() == self.height {
                break;
            }
        }
        lines
    }

    /// Moves by lines; negative is towards the oldest.
    pub(crate) fn scroll(&mut self, lines: isize) {
        let end = self.total.saturating_sub(self.height);
        let top = self.top.saturating_add_signed(lines).min(end);
        if lines < 0 && self.anchor.is_none() {
            self.read = self.place(self.total.saturating_sub(1));
        }
        self.top = top;
        if top >= end {
            self.anchor = None;
            self.read = None;
            return;
        }
        self.anchor = self.place(top);
        // What was scrolled past was read.
        let bottom = top + self.height.saturating_sub(1);
        if self.read.and_then(|read| self.number(read)).is_some_and(|read| read < bottom) {
            self.read = self.place(bottom);
        }
    }

    /// Moves by nearly a screen.
    pub(crate) fn page(&mut self, forward: bool) {
        let lines = isize::try_from(self.height.saturating_sub(2).max(1)).unwrap_or(1);
        self.scroll(if forward { lines } else { -lines });
    }

    /// Goes to the oldest line.
    pub(crate) fn show_top(&mut self) {
        self.scroll(-isize::try_from(self.top).unwrap_or(isize::MAX));
    }

    /// Follows the newest line.
    pub(crate) fn show_tail(&mut self) {
        self.anchor = None;
        self.settle();
    }

    /// Whether the newest line is followed.
    pub(crate) const fn is_tail(&self) -> bool {
        self.anchor.is_none()
    }

    /// Lines above the screen.
    pub(crate) const fn above(&self) -> usize {
        self.top
    }

    /// Lines below the screen, and how many of them came since the newest line was left.
    pub(crate) fn below(&self) -> (usize, usize) {
        let below = self.total.saturating_sub(self.top + self.height);
        let read = self.read.and_then(|read| self.number(read)).map_or(self.total, |read| read + 1);
        (below, self.total.saturating_sub(read).min(below))
    }

    /// Forgets the conversation.
    pub(crate) fn reset(&mut self) {
        *self = Self { height: self.height, ..Self::default() };
    }

    fn place(&self, number: usize) -> Option<Place> {
        let at = self.blocks.partition_point(|block| block.start + block.lines.len() <= number);
        self.blocks.get(at).map(|block| Place { key: block.key, line: number - block.start })
    }

    fn number(&self, place: Place) -> Option<usize> {
        let block = self.blocks.iter().rfind(|block| block.key == place.key)?;
        Some(block.start + place.line.min(block.lines.len() - 1))
    }
}

#[cfg(test)]
mod tests;
