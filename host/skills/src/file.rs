//! One `SKILL.md`: front matter between two lines of `---`, then Markdown.

use octi_domain::limits;
use octi_domain::text::clean;
use octi_extension::manifest::SkillEntry;
use serde::Deserialize;

/// Characters of an error: what it repeats may be the whole front matter.
const PROBLEM_CHARS_MAX: usize = 500;
/// How deep the front matter may nest.
const DEPTH_MAX: usize = 8;
/// Values of the front matter, keys included.
const NODES_MAX: usize = 1_000;

/// A file that is a skill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkillFile {
    pub entry: SkillEntry,
    pub license: Option<String>,
    /// The Markdown below the front matter.
    pub body: String,
}

/// Why a file is no skill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileProblem {
    /// From 1, where a line is to blame.
    pub line: Option<u64>,
    pub problem: String,
}

impl FileProblem {
    fn new(line: Option<u64>, problem: &str) -> Self {
        Self { line, problem: clean(problem).replace('\n', " ").chars().take(PROBLEM_CHARS_MAX).collect() }
    }
}

impl std::fmt::Display for FileProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.problem),
            None => f.write_str(&self.problem),
        }
    }
}

/// What agentskills.io defines, and what octi adds. Other programs write fields of their own, so unknown ones are left alone.
#[derive(Deserialize)]
struct Front {
    name: String,
    description: String,
    #[serde(default, alias = "licence")]
    license: Option<String>,
    #[serde(default, rename = "allowed-tools", alias = "allowed_tools")]
    allowed_tools: Words,
    #[serde(default)]
    triggers: Words,
    #[serde(default, alias = "always_inject", alias = "always-inject")]
    always: bool,
    #[serde(default)]
    topics: Words,
    #[serde(default, alias = "experts")]
    roles: Words,
}

/// A list, or its entries in one text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Words {
    One(String),
    Many(Vec<String>),
}

impl Default for Words {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl Words {
    /// The entries; a text is parted where `parts` says.
    fn list(self, parts: fn(&str) -> Vec<String>) -> Vec<String> {
        match self {
            Self::One(text) => parts(&text),
            Self::Many(list) => list.iter().map(|entry| line(entry)).collect(),
        }
    }
}

/// Reads a `SKILL.md`.
///
/// # Errors
/// The line, where one is to blame, and what is wrong with it.
pub fn parse(text: &str) -> Result<SkillFile, FileProblem> {
    if text.len() > limits::SKILL_BYTES_MAX {
        let problem = format!("{} bytes are more than the {} allowed", text.len(), limits::SKILL_BYTES_MAX);
        return Err(FileProblem::new(None, &problem));
    }
    let (yaml, body) = split(text)?;
    if yaml.len() > limits::SKILL_FRONT_BYTES_MAX {
        let problem =
            format!("the front matter has {} bytes, more than the {} allowed", yaml.len(), limits::SKILL_FRONT_BYTES_MAX);
        return Err(FileProblem::new(None, &problem));
    }
    let front: Front = serde_saphyr::from_str_with_options(yaml, options()).map_err(|error| {
        // The front matter begins in the file's second line.
        let line = error.location().map(|location| location.line() + 1).filter(|line| *line > 1);
        FileProblem::new(line, &error.without_snippet().to_string())
    })?;
    let commas = |text: &str| text.split(',').map(line).filter(|word| !word.is_empty()).collect();
    let entry = SkillEntry {
        name: front.name,
        description: line(&front.description),
        triggers: front.triggers.list(commas),
        always: front.always,
        topics: front.topics.list(commas),
        roles: front.roles.list(commas),
        dynamic: false,
        allowed_tools: front.allowed_tools.list(tools),
    };
    let wrong = |field: &str, problem: &str| {
        let problem = format!("`{}`: {problem}", field.replace('_', "-"));
        FileProblem::new(line_of(yaml, field), &problem)
    };
    entry.check().map_err(|(field, problem)| wrong(field, &problem))?;
    let license = front.license.map(|license| line(&license)).filter(|license| !license.is_empty());
    if license.as_ref().is_some_and(|license| license.chars().count() > limits::SKILL_ENTRY_CHARS_MAX * 5) {
        return Err(wrong("license", &format!("write at most {} characters", limits::SKILL_ENTRY_CHARS_MAX * 5)));
    }
    if body.trim().is_empty() {
        return Err(FileProblem::new(None, "there is no text below the front matter"));
    }
    Ok(SkillFile { entry, license: license.map(|license| clean(&license)), body: body.trim().to_owned() + "\n" })
}

/// The front matter and what is below it.
fn split(text: &str) -> Result<(&str, &str), FileProblem> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let is_mark = |line: &str| line.trim_end() == "---";
    let mut lines = text.split_inclusive('\n');
    let first = lines.next().unwrap_or_default();
    if !is_mark(first) {
        return Err(FileProblem::new(Some(1), "a skill begins with a line `---`, then `name:` and `description:`"));
    }
    let mut end = first.len();
    for line in lines {
        if is_mark(line) {
            return Ok((&text[first.len()..end], &text[end + line.len()..]));
        }
        end += line.len();
    }
    Err(FileProblem::new(Some(1), "the front matter has no end; write a line `---` below it"))
}

fn options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: DEPTH_MAX,
            max_nodes: NODES_MAX,
            max_events: NODES_MAX * 4,
            max_documents: 1,
            max_total_scalar_bytes: limits::SKILL_FRONT_BYTES_MAX,
            // Nothing in a skill's front matter is worth a reference, and references are how a small file becomes a large one.
            max_anchors: 0,
            max_aliases: 0,
            max_merge_keys: 0,
        },
    }
}

/// One line of plain text.
fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `Bash(git add:*) Read` is two tools: blanks inside of parentheses part nothing.
fn tools(text: &str) -> Vec<String> {
    let mut depth = 0_usize;
    let parts = text.split(|c: char| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && (c.is_whitespace() || c == ',')
    });
    parts.map(line).filter(|word| !word.is_empty()).collect()
}

/// Where a field stands in the file, if it stands at the beginning of a line.
fn line_of(yaml: &str, field: &str) -> Option<u64> {
    let is_field = |line: &str| {
        let key = line.split(':').next().unwrap_or_default();
        key.replace('-', "_").starts_with(field)
    };
    yaml.lines().position(is_field).and_then(|index| u64::try_from(index + 2).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skill(front: &str, body: &str) -> Result<SkillFile, String> {
        parse(&format!("---\n{front}---\n{body}")).map_err(|problem| problem.to_string())
    }

    #[test]
    fn a_file_of_agentskills_is_a_skill() {
        let front = "name: pdf-processing\ndescription: >\n  Extracts text from PDF files.\n  Use it for forms.\nlicense: Apache-2.0\n\
                     compatibility: Requires git\nallowed-tools: Bash(git add:*) Read\nmetadata:\n  author: acme\n  version: \"1.0\"\n";
        let found = skill(front, "\n# PDF\n\nText.\n\n").unwrap();
        assert_eq!(found.entry.name, "pdf-processing");
        assert_eq!(found.entry.description, "Extracts text from PDF files. Use it for forms.");
        assert_eq!(found.entry.allowed_tools, ["Bash(git add:*)", "Read"]);
        assert_eq!((found.license.as_deref(), found.body.as_str()), (Some("Apache-2.0"), "# PDF\n\nText.\n"));
        assert!(!found.entry.always && !found.entry.dynamic && found.entry.triggers.is_empty());
    }

    #[test]
    fn what_octi_adds_is_read_in_both_spellings() {
        let front = "name: a\ndescription: b\ntriggers: [write docs, README]\nalways_inject: true\nexperts: writer, editor\n";
        let found = skill(front, "x").unwrap().entry;
        assert_eq!(found.triggers, ["write docs", "README"]);
        assert!(found.always);
        assert_eq!(found.roles, ["writer", "editor"]);
        let windows = parse("\u{feff}---\r\nname: a\r\ndescription: b\r\n---\r\ntext\r\n").unwrap();
        assert_eq!((windows.entry.name.as_str(), windows.body.as_str()), ("a", "text\n"));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        let line = |front: &str, body: &str| skill(front, body).map_or_else(|problem| problem, |found| format!("{found:?}"));
        assert!(line("name: a\ndescription: [\n", "x").starts_with("line "), "{}", line("name: a\ndescription: [\n", "x"));
        assert!(line("name: A B\ndescription: b\n", "x").starts_with("line 2: `name`: `A B` is not"));
        assert!(line("name: a\n# why\ndescription: ''\n", "x").starts_with("line 4: `description`: it has 0"));
        assert!(line("name: a\nallowed-tools: [' ']\ndescription: b\n", "x").starts_with("line 3: `allowed-tools`: an entry"));
        assert!(line("description: b\n", "x").contains("missing field `name`"));
        assert!(line("name: a\ndescription: b\n", " \n").contains("no text below"));
        assert_eq!(parse("# Hello").unwrap_err().line, Some(1));
        assert!(parse("---\nname: a\n").unwrap_err().problem.contains("has no end"));
    }

    #[test]
    fn a_front_matter_that_grows_or_nests_is_refused() {
        let laughs = "name: a\ndescription: b\na: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n";
        assert!(skill(laughs, "x").is_err());
        let deep = format!("name: a\ndescription: b\nx: {}{}\n", "[".repeat(20), "]".repeat(20));
        assert!(skill(&deep, "x").is_err());
        let many = format!("name: a\ndescription: b\nx: [{}]\n", "1,".repeat(NODES_MAX));
        assert!(skill(&many, "x").is_err());
        let wide = format!("name: a\ndescription: b\nx: '{}'\n", "y".repeat(limits::SKILL_FRONT_BYTES_MAX));
        assert!(skill(&wide, "x").unwrap_err().contains("more than the 8192 allowed"));
        let long = skill("name: a\ndescription: b\n", &"y".repeat(limits::SKILL_BYTES_MAX));
        assert!(long.unwrap_err().contains("more than the 65536 allowed"));
        let license = format!("name: a\ndescription: b\nlicense: {}\n", "y".repeat(501));
        assert!(skill(&license, "x").unwrap_err().starts_with("line 4: `license`"));
    }

    #[test]
    fn an_error_does_not_command_the_terminal_of_who_reads_it() {
        let told = skill("name: \"\\e[2J\\u202e\"\ndescription: b\n", "x").unwrap_err();
        assert!(!told.contains(|c: char| c.is_control() || c == '\u{202e}'), "{told:?}");
    }
}
