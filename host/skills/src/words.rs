//! Which skills fit what was said, by words alone: no model is asked, and the same words always give the same skills.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use octi_extension::manifest::SkillEntry;

/// Words of the description that must be among what was said.
const WORDS_MIN: u32 = 2;
/// How much a word of the skill's name counts; one of the description counts 1.
const NAME_WEIGHT: u32 = 2;
/// A trigger outweighs any number of words.
const TRIGGER: u32 = 10_000;
/// Shorter words say little.
const LETTERS_MIN: usize = 3;

/// Words that say nothing of a subject.
const EMPTY_WORDS: &str = "about above after again agent all also always and any are ask because been before being below between both \
    but can change com could create did does doing done down each edit etc every example few file find first for from further get \
    give good had has have help her here him his how into its just kind know like list lot make many may more most must name need \
    new next not now off one only other our out over own part please read said same say see set shall she should show skill some \
    such take task tell than that the their them then there these they thing this those thus too two under use used user using \
    very want was way were what when whenever where whether which while who why will with word work would write you your";

static EMPTY: LazyLock<BTreeSet<String>> = LazyLock::new(|| EMPTY_WORDS.split_whitespace().map(stem).collect());

/// How well a skill fits what was said: nothing when it does not.
#[must_use]
pub fn fit(entry: &SkillEntry, said: &str) -> Option<u32> {
    let said: Vec<String> = words(said).collect();
    let called = entry.triggers.iter().any(|trigger| {
        let trigger: Vec<String> = words(trigger).collect();
        !trigger.is_empty() && said.windows(trigger.len()).any(|window| window == trigger)
    });
    let said: BTreeSet<&str> = said.iter().map(String::as_str).filter(|word| says_something(word)).collect();
    let name: BTreeSet<String> = words(&entry.name).filter(|word| says_something(word)).collect();
    let description: BTreeSet<String> = words(&entry.description).filter(|word| says_something(word)).collect();
    let in_name = said.iter().filter(|word| name.contains(**word)).count();
    let in_description = said.iter().filter(|word| !name.contains(**word) && description.contains(**word)).count();
    let count = |found: usize| u32::try_from(found).unwrap_or(TRIGGER / NAME_WEIGHT).min(TRIGGER / NAME_WEIGHT - 1);
    let (in_name, in_description) = (count(in_name), count(in_description));
    let weight = in_name * NAME_WEIGHT + in_description;
    if called {
        return Some(TRIGGER + weight);
    }
    (in_name + in_description >= WORDS_MIN).then_some(weight)
}

/// The words of a text in order, in lower case and without their endings.
fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(|word| stem(&word.to_lowercase()))
}

fn says_something(word: &str) -> bool {
    word.chars().count() >= LETTERS_MIN && !EMPTY.contains(word)
}

/// `plugins`, `testing` and `write` meet `plugin`, `tests` and `writing`. Endings of other languages are left alone, which
/// only makes their words meet less often.
fn stem(word: &str) -> String {
    let shorter = |word: &str, ending: &str, left: usize| {
        let rest = word.strip_suffix(ending)?;
        (rest.chars().count() >= left).then(|| rest.to_owned())
    };
    if let Some(word) = shorter(word, "ies", 3) {
        return word;
    }
    let word = if word.ends_with("ss") { word.to_owned() } else { shorter(word, "s", 3).unwrap_or_else(|| word.to_owned()) };
    let word = shorter(&word, "ing", 3).or_else(|| shorter(&word, "ed", 3)).unwrap_or(word);
    shorter(&word, "e", 3).or_else(|| shorter(&word, "y", 3)).unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, description: &str, triggers: &[&str]) -> SkillEntry {
        let triggers = triggers.iter().map(|&trigger| trigger.to_owned()).collect();
        SkillEntry { name: name.into(), description: description.into(), triggers, ..SkillEntry::default() }
    }

    fn plugins() -> SkillEntry {
        entry("plugin-development", "How to write, build, test and publish an octi plugin: manifest, capabilities, cases.", &[])
    }

    #[test]
    fn two_words_of_the_subject_call_a_skill_and_one_does_not() {
        for said in
            ["How do I test my plugin?", "plugins: which capabilities?", "Building PLUGINS", "publish it, then the manifest"]
        {
            assert!(fit(&plugins(), said).is_some(), "{said}");
        }
        for said in ["", "hi", "write me a poem", "is there a plugin?", "please make a list of files and read them", "🙂 ---"] {
            assert_eq!(fit(&plugins(), said), None, "{said}");
        }
    }

    #[test]
    fn words_that_say_nothing_call_nothing() {
        let vague = entry("helper", "Use this skill whenever the user wants to create, read or change any file.", &[]);
        assert_eq!(fit(&vague, "I want to create a file and read it, then change it whenever the user needs"), None);
    }

    #[test]
    fn a_trigger_calls_wherever_it_stands_as_whole_words() {
        let ci = entry("pipelines", "x", &["CI pipeline", "größe"]);
        assert!(fit(&ci, "mend the ci-pipelines, please").is_some());
        assert!(fit(&ci, "Welche Größe?").is_some());
        assert_eq!(fit(&ci, "a ci of its own pipeline"), None);
        assert_eq!(fit(&entry("x", "y", &["art"]), "start the party"), None);
        assert!(fit(&ci, "ci pipeline") > fit(&plugins(), "build, test and publish the manifest of my plugin"));
    }

    #[test]
    fn more_words_fit_better_and_those_of_the_name_most() {
        let one = fit(&plugins(), "build and test").unwrap();
        let more = fit(&plugins(), "build, test and publish").unwrap();
        let named = fit(&plugins(), "plugin development").unwrap();
        assert!(named > more && more > one, "{one} {more} {named}");
    }

    #[test]
    fn a_text_of_a_megabyte_is_compared_at_once() {
        let said = "plugin test ".repeat(100_000);
        assert!(fit(&plugins(), &said).is_some());
    }
}
