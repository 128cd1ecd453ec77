//! The main text of an HTML page as Markdown, and the links in it.

use std::collections::HashSet;

use dom_query::Document;
use dom_smoothie::{Config, Readability, TextMode};

/// Links that are listed.
const LINKS_MAX: usize = 30;
/// Characters of a link's text.
const LINK_CHARS_MAX: usize = 120;
/// Elements of a page whose main text is looked for; larger ones are given whole.
const ELEMENTS_MAX: usize = 40_000;
/// Without this much, what was found is not the main text.
const MAIN_CHARS_MIN: usize = 40;
/// What is not text, in a page that is given whole.
const NOT_TEXT: [&str; 9] = ["script", "style", "meta", "head", "noscript", "template", "svg", "nav", "footer"];

/// What a person would read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Readable {
    pub(crate) title: String,
    pub(crate) text: String,
    /// Text and address.
    pub(crate) links: Vec<(String, String)>,
}

/// Reads a page that came from that address.
pub(crate) fn readable(html: &str, url: &str) -> Readable {
    article(html, url).unwrap_or_else(|| whole(html))
}

fn article(html: &str, url: &str) -> Option<Readable> {
    let config = Config { text_mode: TextMode::Markdown, max_elements_to_parse: ELEMENTS_MAX, ..Config::default() };
    let article = Readability::new(html, Some(url), Some(config)).ok()?.parse().ok()?;
    let text = tidy(&article.text_content);
    if text.chars().count() < MAIN_CHARS_MIN {
        return None;
    }
    let content = Document::from(article.content.as_ref());
    Some(Readable { title: one_line(&article.title), text, links: links(&content) })
}

fn whole(html: &str) -> Readable {
    let document = Document::from(html);
    let title = one_line(&document.select("title").text());
    Readable { title, text: tidy(&document.md(Some(&NOT_TEXT))), links: links(&document) }
}

/// Each address once, web addresses only.
fn links(document: &Document) -> Vec<(String, String)> {
    let mut seen = HashSet::new();
    let mut links = Vec::new();
    for anchor in document.select("a[href]").iter() {
        let address = anchor.attr_or("href", "").to_string();
        let is_web = address.starts_with("https://") || address.starts_with("http://");
        if links.len() < LINKS_MAX && is_web && seen.insert(address.clone()) {
            links.push((one_line(&anchor.text()).chars().take(LINK_CHARS_MAX).collect(), address));
        }
    }
    links
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Without blanks at the ends of lines and with at most one empty line in a row.
fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut empty = 0;
    for line in text.lines().map(str::trim_end) {
        empty = if line.is_empty() { empty + 1 } else { 0 };
        if empty < 2 {
            out.push_str(line);
            out.push('\n');
        }
    }
    out.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "<html><head><title>On octopuses - The Sea</title></head><body><nav><a href='/home'>Home</a> <a href='/buy'>Buy now</a></nav>
        <article><h1>On octopuses</h1><p>An octopus has three hearts, nine brains and blue blood, which is why so many people find it fascinating to read about.</p>
        <h2>Arms</h2><p>Its eight arms think for themselves, and <a href='/arms'>each one can taste</a>, which was shown in <a href='https://study.test/x'>a study</a> that many others have repeated since then.</p>
        <ul><li>Two hearts serve the gills.</li><li>One serves the rest of the body, and rests while the animal swims.</li></ul></article>
        <footer>Imprint, privacy, cookies</footer><script>alert('x')</script></body></html>";

    #[test]
    fn the_main_text_becomes_markdown_with_its_links() {
        let page = readable(PAGE, "https://sea.test/octopus");
        assert!(page.title.contains("On octopuses"), "{page:?}");
        for part in ["three hearts", "## Arms", "Two hearts serve the gills", "[a study](https://study.test/x)"] {
            assert!(page.text.contains(part), "{part}: {}", page.text);
        }
        for part in ["Buy now", "Imprint", "alert"] {
            assert!(!page.text.contains(part), "{part}: {}", page.text);
        }
        assert_eq!(
            page.links,
            [("each one can taste", "https://sea.test/arms"), ("a study", "https://study.test/x")]
                .map(|(text, url)| (text.to_owned(), url.to_owned()))
        );
    }

    #[test]
    fn a_page_without_a_main_text_is_given_whole() {
        let page = readable("<title>Tiny</title><p>Hello <b>you</b><script>x()</script>", "https://tiny.test/");
        assert_eq!((page.title.as_str(), page.text.as_str()), ("Tiny", "Hello **you**"));
        assert_eq!(readable("", "https://empty.test/"), Readable::default());
    }

    #[test]
    fn a_page_of_links_is_bounded() {
        let many: String = (0..200).map(|n| format!("<p><a href='https://a.test/{n}'>link {n}</a></p>")).collect();
        let page = readable(&format!("<title>Links</title>{many}"), "https://a.test/");
        assert_eq!(page.links.len(), LINKS_MAX);
    }
}
