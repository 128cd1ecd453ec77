//! `log`, with a format of our own whose fields cannot be mistaken.

use octi_sdk::{Output, ToolError, data, tool};

use crate::argument;
use crate::repo::Repo;
use crate::text::{count, shortened};

const COMMITS_DEFAULT: u32 = 20;
const COMMITS_MAX: u32 = 200;
/// Bytes returned of the message of each commit.
const BODY_BYTES_MAX: usize = 2_000;
/// No field holds a NUL character, so they are what separates.
const FORMAT: &str = "--format=tformat:%H%x00%an%x00%ae%x00%aI%x00%P%x00%D%x00%s%x00%b";
const FIELDS: usize = 8;

#[data]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Commit {
    pub(crate) hash: String,
    pub(crate) author: String,
    pub(crate) email: String,
    /// When it was written, as ISO 8601.
    pub(crate) time: String,
    pub(crate) parents: Vec<String>,
    /// Branches and tags that are here.
    pub(crate) refs: Vec<String>,
    pub(crate) subject: String,
    /// The rest of its message.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) body: String,
}

#[data]
struct Log {
    /// The latest first.
    commits: Vec<Commit>,
    /// There are more; pass `skip` to go on.
    more: bool,
}

#[data]
struct Asked {
    /// A directory of the repository, relative to the workspace. Default: the workspace itself.
    #[serde(default)]
    path: Option<String>,
    /// A branch, tag or commit to begin at, or a range such as `main..feature`. Default: what is checked out.
    #[serde(default)]
    from: Option<String>,
    /// Only commits that touch these files or directories, relative to the repository.
    #[serde(default)]
    files: Vec<String>,
    /// How many commits, at most 200. Default: 20.
    #[serde(default)]
    #[schemars(range(min = 1, max = 200))]
    limit: Option<u32>,
    /// How many of the latest to leave out. Default: 0.
    #[serde(default)]
    skip: Option<u32>,
}

/// Lists commits, the latest first.
#[tool]
fn log(args: Asked) -> Result<Output<Log>, ToolError> {
    let repo = Repo::open(args.path.as_deref())?;
    let limit = args.limit.unwrap_or(COMMITS_DEFAULT).clamp(1, COMMITS_MAX);
    let from = argument::revision("from", args.from.as_deref().unwrap_or("HEAD"))?;
    let files = argument::files("files", &args.files)?;
    if args.from.is_none() && repo.commit_of("HEAD")?.is_none() {
        return Ok(Output::new(Log { commits: Vec::new(), more: false }).summary("no commits yet"));
    }
    let mut commits = read(&repo, from, limit + 1, args.skip.unwrap_or_default(), &files)?;
    let more = commits.len() > limit as usize;
    commits.truncate(limit as usize);
    let summary = count(commits.len(), "commit", "commits");
    Ok(Output::new(Log { commits, more }).summary(summary))
}

fn read(repo: &Repo, from: &str, limit: u32, skip: u32, files: &[String]) -> Result<Vec<Commit>, ToolError> {
    let (limit, skip) = (format!("--max-count={limit}"), format!("--skip={skip}"));
    let mut arguments =
        vec!["log", "-z", "--no-color", "--decorate=short", "--no-show-signature", FORMAT, &limit, &skip, from, "--"];
    arguments.extend(files.iter().map(String::as_str));
    Ok(parse(&repo.run(&arguments)?.stdout))
}

/// The one commit that a revision means.
pub(crate) fn one(repo: &Repo, revision: &str) -> Result<Commit, ToolError> {
    let found = read(repo, revision, 1, 0, &[])?;
    found.into_iter().next().ok_or_else(|| ToolError::Failed(format!("`{}` is no commit", revision.escape_debug())))
}

fn parse(listing: &str) -> Vec<Commit> {
    let fields: Vec<&str> = listing.split('\0').collect();
    let list = |text: &str, separator: &str| text.split(separator).filter(|part| !part.is_empty()).map(str::to_owned).collect();
    let commits = fields.chunks_exact(FIELDS).map(|fields| Commit {
        hash: fields[0].to_owned(),
        author: fields[1].to_owned(),
        email: fields[2].to_owned(),
        time: fields[3].to_owned(),
        parents: list(fields[4], " "),
        refs: list(fields[5], ", "),
        subject: fields[6].to_owned(),
        body: shortened(fields[7].trim_end(), BODY_BYTES_MAX),
    });
    commits.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_come_apart_whatever_is_in_them() {
        let listing = "aa\0A\x1fda\0a@x\x002026-01-02T03:04:05+00:00\0bb cc\0HEAD -> main, tag: v1\0subject\0body\n\nmore\n\0\
                       bb\0B\0b@x\x002026-01-01T03:04:05+00:00\0\0\0root\0\0";
        let commits = parse(listing);
        assert_eq!(commits.len(), 2);
        assert_eq!((commits[0].author.as_str(), commits[0].parents.len()), ("A\x1fda", 2));
        assert_eq!(commits[0].refs, ["HEAD -> main", "tag: v1"]);
        assert_eq!((commits[0].body.as_str(), commits[1].body.as_str()), ("body\n\nmore", ""));
        assert!(commits[1].parents.is_empty());
    }

    #[test]
    fn a_long_message_is_cut() {
        let listing = format!("a\0b\0c\0d\0\0\0e\0{}\0", "x".repeat(BODY_BYTES_MAX + 1));
        assert!(parse(&listing)[0].body.ends_with('…'));
    }
}
