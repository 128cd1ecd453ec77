//! Looks at commands before they run: one is refused, with what to do instead, and one is changed into a safer one.

use octi_sdk::hook::{Event, Verdict};

/// Branches that nobody pushes to by hand.
const PROTECTED: [&str; 2] = ["main", "master"];
/// What overwrites whatever is there.
const FORCED: [&str; 2] = ["--force", "-f"];

fn watch(event: Event) -> Result<Verdict, String> {
    let Event::ToolBefore(mut call) = event else { return Ok(Verdict::GoOn) };
    let command = call.arguments["command"].as_str().unwrap_or_default();
    Ok(match judge(command) {
        Judged::Fine => Verdict::GoOn,
        Judged::Refused(branch) => {
            Verdict::block(format!("nobody pushes to `{branch}` here: push a branch of its own and ask for a review"))
        }
        Judged::Instead(safer) => {
            call.arguments["command"] = safer.into();
            Verdict::Rewrite(call.arguments)
        }
    })
}

#[derive(Debug, PartialEq)]
enum Judged {
    Fine,
    Refused(&'static str),
    Instead(String),
}

fn judge(command: &str) -> Judged {
    let words: Vec<&str> = command.split(' ').collect();
    if !words.windows(2).any(|pair| pair == ["git", "push"]) {
        return Judged::Fine;
    }
    let protected = PROTECTED.into_iter().find(|branch| words.iter().any(|word| target(word) == *branch));
    if let Some(branch) = protected {
        return Judged::Refused(branch);
    }
    let safer: Vec<&str> = words.iter().map(|word| if FORCED.contains(word) { "--force-with-lease" } else { *word }).collect();
    if safer == words { Judged::Fine } else { Judged::Instead(safer.join(" ")) }
}

/// The branch that a word such as `main`, `HEAD:main` or `refs/heads/main` means.
fn target(word: &str) -> &str {
    word.rsplit(':').next().unwrap_or(word).trim_start_matches("refs/heads/")
}

octi_sdk::hook!(watch);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_push_is_left_alone() {
        for command in ["git pull --force", "echo git; push -f", "git push origin topic", "git push origin fix/main"] {
            assert_eq!(judge(command), Judged::Fine, "{command}");
        }
    }
}
