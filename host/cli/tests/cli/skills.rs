//! A skill is dropped into the folder while a server runs, asked for, looked at, broken and switched off.

use std::fs;

use crate::support::{Octi, until};

const SKILL: &str = "---\nname: zoo-keeping\ndescription: How to feed zebras in a zoo\n---\nZebras eat hay.\n";

#[test]
fn a_file_that_is_dropped_into_the_folder_helps_with_the_next_question_that_fits() {
    let mut octi = Octi::new();
    let _server = octi.serve();
    let list = || {
        let said = octi.run(&["skill", "list"]);
        format!("{}{}", said.out, said.err)
    };
    assert!(list().contains("plugin-development"), "octi brings skills: {}", list());
    let folder = octi.home.path().join("skills/zoo-keeping");
    fs::create_dir(&folder).expect("the folder is there");
    fs::write(folder.join("SKILL.md"), SKILL).expect("a file");
    until("the skill appears", || list().contains("How to feed zebras"));
    let said = octi.run(&["chat", "What do zebras eat in a zoo?"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.err.contains("skills(1) zoo-keeping"), "{said:?}");
    let said = octi.run(&["chat", "hello"]);
    assert!(said.code == Some(0) && !said.err.contains("skills("), "{said:?}");
    let said = octi.run(&["skill", "show", "zoo-keeping"]);
    assert_eq!((said.code, said.out.as_str()), (Some(0), "Zebras eat hay.\n"), "{said:?}");
    let said = octi.run(&["--json", "skill", "list"]);
    let skills: serde_json::Value = serde_json::from_str(&said.out).expect("JSON");
    let zoo = skills["items"].as_array().and_then(|all| all.iter().find(|skill| skill["name"] == "zoo-keeping"));
    assert_eq!(zoo.map(|skill| (&skill["uses"], &skill["path"])), Some((&1.into(), &"zoo-keeping/SKILL.md".into())));

    assert_eq!(octi.run(&["skill", "disable", "zoo-keeping"]).code, Some(0));
    let said = octi.run(&["chat", "What do zebras eat in a zoo?"]);
    assert!(said.code == Some(0) && !said.err.contains("skills("), "{said:?}");
    assert!(list().contains("never: switched off"), "{}", list());
    let said = octi.run(&["skill", "enable", "nothing"]);
    assert!(said.code == Some(1) && said.err.contains("`octi skill list` shows them"), "{said:?}");

    fs::write(folder.join("SKILL.md"), SKILL.replace("How to feed zebras in a zoo", "''")).expect("a file");
    until("the problem is told with its line", || list().contains("not a skill `zoo-keeping/SKILL.md` line 3"));
}
