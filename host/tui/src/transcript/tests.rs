//! What is read stays where it is.

use super::*;
use crate::conversation::Tone;
use crate::glyphs::GlyphSet;
use crate::testing::*;

const HEIGHT: usize = 5;

struct Page {
    conversation: Conversation,
    transcript: Transcript,
}

impl Page {
    /// A conversation of this many notices, of two lines each but the first.
    fn of(count: usize) -> Self {
        let mut page = Self { conversation: Conversation::of(SESSION), transcript: Transcript::default() };
        (0..count).for_each(|number| page.add(number));
        page.layout();
        page
    }

    fn add(&mut self, number: usize) {
        self.conversation.inform(Tone::Info, &format!("line {number}"));
    }

    fn layout(&mut self) {
        self.transcript.layout(&mut self.conversation, 40, HEIGHT, false, GlyphSet::Unicode.glyphs());
    }

    fn first(&self) -> String {
        let lines: Vec<String> = self.transcript.visible().iter().map(|line| line.to_string().trim().to_owned()).collect();
        lines.into_iter().find(|line| !line.is_empty()).unwrap_or_default()
    }
}

#[test]
fn the_newest_line_is_followed_until_it_is_left() {
    let mut page = Page::of(20);
    assert_eq!(page.first(), "• line 17");
    page.add(20);
    page.layout();
    assert_eq!(page.first(), "• line 18");
    assert!(page.transcript.is_tail());
}

#[test]
fn what_helped_is_told_below_an_answer() {
    let mut page = Page::of(0);
    let mut answer = response(3, "Done.");
    if let octi_api::event::EventBody::ChatResponse(response) = &mut answer {
        response.skills = vec!["code-review".to_owned()];
    }
    page.conversation.hear(event(1, answer));
    page.layout();
    let lines: Vec<String> = page.transcript.visible().iter().map(|line| line.to_string().trim().to_owned()).collect();
    assert_eq!(lines.iter().filter(|line| !line.is_empty()).collect::<Vec<_>>(), ["octi", "Done.", "skills(1) code-review"]);
}

#[test]
fn new_lines_do_not_move_what_is_read_and_are_counted() {
    let mut page = Page::of(20);
    page.transcript.page(false);
    let read = page.first();
    let below = page.transcript.below().0;
    assert_eq!(page.transcript.below(), (below, 0), "what was on the screen before is not new");
    for number in 20..23 {
        page.add(number);
    }
    page.layout();
    assert_eq!(page.first(), read);
    assert_eq!(page.transcript.below(), (below + 6, 6));
    page.transcript.show_tail();
    assert_eq!(page.transcript.below(), (0, 0));
    assert!(page.transcript.is_tail());
}

#[test]
fn scrolling_down_to_the_end_follows_the_newest_line_again() {
    let mut page = Page::of(20);
    page.transcript.page(false);
    page.transcript.page(true);
    page.layout();
    assert!(page.transcript.is_tail());
    page.transcript.show_top();
    assert_eq!((page.transcript.above(), page.first()), (0, "• line 0".to_owned()));
}

#[test]
fn what_is_read_stays_when_things_above_it_change_or_go() {
    let mut page = Page::of(20);
    page.transcript.page(false);
    let read = page.first();
    page.conversation.items.drain(..4);
    page.layout();
    assert_eq!(page.first(), read);
    page.transcript.layout(&mut page.conversation, 20, HEIGHT, true, GlyphSet::Ascii.glyphs());
    assert_eq!(page.first().replace('*', "•"), read, "also in another look");
}

#[test]
fn an_answer_that_grows_and_becomes_a_message_does_not_move_what_is_read() {
    let mut page = Page::of(20);
    page.conversation.hear(event(1, spawned()));
    page.conversation.hear(event(2, delta(&"word ".repeat(60))));
    page.layout();
    page.transcript.scroll(-2);
    let read = page.first();
    page.conversation.hear(event(3, delta(&"more ".repeat(60))));
    page.layout();
    assert_eq!(page.first(), read);
    let text = format!("{}{}", "word ".repeat(60), "more ".repeat(60));
    page.conversation.hear(event(4, response(9, &text)));
    page.layout();
    assert_eq!(page.first(), read);
}

#[test]
fn the_oldest_things_are_left_out_of_a_page_that_is_too_long() {
    let mut page = Page::of(0);
    for _ in 0..6 {
        page.conversation.inform(Tone::Info, &"x\n".repeat(limits::TUI_ITEM_LINES_MAX + 500));
    }
    page.layout();
    assert!(page.transcript.total <= limits::TUI_LINES_MAX, "{}", page.transcript.total);
    assert!(page.conversation.is_cut && page.conversation.items.len() >= 4);
    page.transcript.show_top();
    page.layout();
    assert!(page.first().starts_with("older messages are not shown here"), "{}", page.first());
}

#[test]
fn one_long_thing_is_cut_and_says_so() {
    let mut page = Page::of(0);
    page.conversation.inform(Tone::Info, &"x\n".repeat(limits::TUI_ITEM_LINES_MAX + 500));
    page.layout();
    assert_eq!(page.transcript.total, limits::TUI_ITEM_LINES_MAX + 1);
    let last = page.transcript.visible().pop().unwrap().to_string();
    assert!(last.contains("500 more lines"), "{last}");
}
