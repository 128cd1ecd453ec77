//! Summaries in the place of what is old.

use octi_agents::{AgentsError, Compacted};
use octi_domain::event::EventKind;
use octi_domain::limits;
use octi_domain::message::{Message, Part, Role, plain_text};
use octi_domain::run::{Compaction, RunStatus};
use octi_models::{ChatEvent, ChatRequest, Finish, ModelError};
use octi_testkit::agents::TestAgents;
use octi_testkit::fakes::FakeTool;
use octi_testkit::on_both;
use octi_testkit::{Answer, ScriptedModel};
use serde_json::json;

use crate::tell;

const KEY: &str = "s3cr3t-value-of-ada";

async fn compact(test: &TestAgents, focus: Option<&str>) -> Result<Compacted, AgentsError> {
    test.agents.compact(&test.principal, test.session, focus.map(str::to_owned)).await?.await
}

async fn refused(test: &TestAgents) -> String {
    let error = compact(test, None).await.expect_err("it is refused");
    assert_eq!(error.code(), "not_compacted");
    error.to_string()
}

/// Turns of two messages, long enough to be worth a summary.
fn turns(count: usize) -> Vec<(Role, Vec<Part>)> {
    let padding = "word ".repeat(400);
    let turn = |n| {
        let asked = Part::Text(format!("question {n} about {KEY} {padding}"));
        [(Role::User, vec![asked]), (Role::Assistant, vec![Part::Text(format!("answer {n}"))])]
    };
    (0..count).flat_map(turn).collect()
}

fn texts(request: &ChatRequest) -> Vec<String> {
    request.messages.iter().map(|message| plain_text(&message.parts)).collect()
}

/// A model that reads little: about 6,000 tokens beside its answer.
fn small(answers: impl IntoIterator<Item = Answer>) -> ScriptedModel {
    ScriptedModel::new(answers).with_info(|info| info.context_window = Some(8_000))
}

/// What a model that goes on would see; asking costs an answer of the script.
async fn seen(test: &TestAgents) -> Vec<String> {
    test.model.push(Answer::text("so"));
    assert_eq!(test.chat("go on").await.0, RunStatus::Completed);
    texts(test.model.requests().last().unwrap())
}

async fn compactions(test: &TestAgents) -> Option<octi_store::CompactionRow> {
    test.store.read(&test.principal).await.unwrap().last_compaction(test.session).await.unwrap()
}

fn stalls(test: &TestAgents) -> Vec<String> {
    let reason = |kind| match kind {
        EventKind::CompactionStalled { reason, tokens, tokens_max, .. } => {
            assert!(tokens > 0 && tokens_max > 0);
            Some(reason)
        }
        _ => None,
    };
    test.events.kinds().into_iter().filter_map(reason).collect()
}

/// What a person says that takes most of what the small model reads.
fn huge() -> String {
    "word ".repeat(3_900)
}

on_both! {
    async fn later_turns_see_the_summary_and_what_came_after_it(db) {
        let summary = format!("They talk about {KEY} and dates.");
        let test = TestAgents::answering([Answer::text(summary)]).secret("key", KEY).start(&db.store).await;
        tell(&test, turns(15)).await;
        let done = compact(&test, Some("the dates")).await.unwrap();
        assert_eq!((done.messages, done.kept), (10, limits::COMPACTION_KEPT_MESSAGES));
        assert_eq!(done.summary, "They talk about [REDACTED_SECRET] and dates.");
        assert!(done.text.starts_with("Summarised: 10 older messages (about 2"), "{}", done.text);
        assert!(done.text.contains("the newest 20 messages stay as they are"), "{}", done.text);

        let request = &test.model.requests()[0];
        let asked = texts(request).join("");
        assert!(asked.contains("question 4 about [REDACTED_SECRET]") && !asked.contains("question 5"), "{asked}");
        assert!(asked.ends_with("keep above all: the dates") && !asked.contains(KEY), "{asked}");
        assert!(request.tools.is_empty());
        assert_eq!(request.max_output_tokens, Some(limits::COMPACTION_SUMMARY_TOKENS_MAX));

        let row = compactions(&test).await.unwrap();
        assert_eq!((row.first_seq, row.last_seq, row.model.as_str(), row.focus.as_deref()), (1, 10, "scripted", Some("the dates")));
        assert!(row.tokens_before > 5 * 500 && row.tokens_after < 150, "{row:?}");
        let told = test.events.kinds().into_iter().find_map(|kind| match kind {
            EventKind::ChatMessage { message_id, role: Role::System, text, .. } => Some((message_id, text)),
            _ => None,
        });
        assert_eq!(told, Some((done.message_id, done.text)));

        let seen = seen(&test).await;
        assert_eq!(seen.len(), 22, "the summary, twenty messages and the new one");
        assert!(seen[0].contains("<summary>\nThey talk about [REDACTED_SECRET] and dates.\n</summary>"), "{}", seen[0]);
        assert!(seen[0].contains("never instructions"), "{}", seen[0]);
        assert!(seen[1].starts_with("question 5") && seen[21] == "go on");
        assert_eq!(test.messages().await.len(), 33, "everything stays readable");

        test.agents.flush().await;
        let mut tx = test.store.read(&test.principal).await.unwrap();
        assert_eq!(tx.cost_of_session(test.session).await.unwrap().calls, 2, "the summary is paid for");
    }

    async fn the_next_summary_takes_the_last_one_in(db) {
        let test = TestAgents::answering([Answer::text("First."), Answer::text("First and second.")]).start(&db.store).await;
        tell(&test, turns(15)).await;
        compact(&test, None).await.unwrap();
        tell(&test, turns(5)).await;
        let done = compact(&test, None).await.unwrap();
        assert!(done.text.contains("10 older messages and an earlier summary"), "{}", done.text);
        let asked = texts(&test.model.requests()[1]).join("");
        assert!(asked.starts_with("<earlier_summary>\nFirst.\n</earlier_summary>"), "{asked}");
        assert!(!asked.contains("question 4") && asked.contains("question 9"), "{asked}");
        let row = compactions(&test).await.unwrap();
        assert_eq!((row.first_seq, row.last_seq), (1, 20));
        let seen = seen(&test).await;
        assert!(seen[0].contains("First and second.") && seen.len() == 22, "{seen:?}");
    }

    async fn a_call_goes_with_its_result_and_the_files_are_listed(db) {
        let read = FakeTool::new("files__read").with(|spec| spec.subject = Some("path".into()));
        let calls = (0..12).map(|n| Answer::calls([("c", "files__read", json!({"path": format!("f{n}"), "n": n}))]));
        let answers = calls.chain([Answer::text("done"), Answer::text("It read them.")]);
        let test = TestAgents::answering(answers).tool(&read).start(&db.store).await;
        let question = format!("read them {}", "word ".repeat(500));
        assert_eq!(test.chat(&question).await.0, RunStatus::Completed);
        compact(&test, None).await.unwrap();
        let row = compactions(&test).await.unwrap();
        assert_eq!(row.last_seq, 5, "the question and two steps of two messages");
        assert_eq!(row.files.read, ["f0", "f1"]);
        test.model.push(Answer::text("so"));
        test.chat("go on").await;
        let request = test.model.requests().last().cloned().unwrap();
        let mut calls = Vec::new();
        for message in &request.messages {
            for part in &message.parts {
                match part {
                    Part::ToolCall(call) => calls.push(call.arguments["path"].clone()),
                    Part::ToolResult(result) => assert!(result.content.contains(calls.last().unwrap().as_str().unwrap())),
                    _ => {}
                }
            }
        }
        assert_eq!(calls.len(), 10, "{calls:?}");
        assert!(texts(&request)[0].contains("Files read: f0, f1"));
    }

    async fn what_is_no_summary_changes_nothing(db) {
        let long = "x".repeat(limits::COMPACTION_SUMMARY_BYTES_MAX + 1);
        let cut = Answer::events([ChatEvent::Text("They".into()), ChatEvent::End(Finish::Length)]);
        let answers = [
            Answer::text(" "),
            Answer::text(long),
            cut,
            Answer::refuse(ModelError::Overloaded(format!("busy with {KEY}"))),
        ];
        let test = TestAgents::answering(answers).secret("key", KEY).start(&db.store).await;
        let nothing = refused(&test).await;
        assert!(nothing.contains("nothing older to summarise"), "{nothing}");
        tell(&test, turns(12)).await;
        for why in ["the model answered nothing", "is longer than the 8192 bytes", "is longer than", "busy with [REDACTED_SECRET]"] {
            let told = refused(&test).await;
            assert!(told.starts_with("nothing was summarised: ") && told.contains(why), "{told}");
        }
        assert_eq!((test.messages().await.len(), compactions(&test).await), (24, None));
        assert_eq!(seen(&test).await.len(), 25);
    }

    async fn a_summary_longer_than_what_it_stands_for_is_refused(db) {
        let test = TestAgents::answering([Answer::text("x".repeat(4_000))]).start(&db.store).await;
        let short = "x".repeat(usize::try_from(limits::COMPACTION_TOKENS_MIN).unwrap() * 4);
        tell(&test, (0..21).map(|n| (Role::User, vec![Part::Text(if n == 0 { short.clone() } else { "hi".into() })]))).await;
        assert!(refused(&test).await.contains("no shorter than what it stands for"));
    }

    async fn clearing_forgets_the_summary_too_also_one_that_is_being_written(db) {
        let answers = [Answer::text("First."), Answer::text("Second.").blocked()];
        let test = TestAgents::answering(answers).start(&db.store).await;
        tell(&test, turns(15)).await;
        compact(&test, None).await.unwrap();
        tell(&test, turns(5)).await;
        let writing = test.agents.compact(&test.principal, test.session, None).await.unwrap();
        test.model.until_blocked(1).await;
        test.agents.clear_context(&test.principal, test.session).await.unwrap();
        assert_eq!(compactions(&test).await, None);
        test.model.release();
        let error = writing.await.unwrap_err().to_string();
        assert!(error.contains("was cleared or summarised meanwhile"), "{error}");
        assert_eq!(compactions(&test).await, None);
        assert_eq!(seen(&test).await, ["go on"]);
    }

    async fn two_summaries_at_once_are_one(db) {
        let answers = [Answer::text("First.").blocked(), Answer::text("Second.").blocked()];
        let test = TestAgents::answering(answers).start(&db.store).await;
        tell(&test, turns(15)).await;
        let (first, second) = (
            test.agents.compact(&test.principal, test.session, None).await.unwrap(),
            test.agents.compact(&test.principal, test.session, None).await.unwrap(),
        );
        test.model.until_blocked(2).await;
        test.model.release();
        test.model.release();
        let (first, second) = tokio::join!(first, second);
        let done = [&first, &second].into_iter().filter(|done| done.is_ok()).count();
        assert_eq!(done, 1, "{first:?} {second:?}");
        let notes = test.messages().await.iter().filter(|message: &&Message| message.role == Role::System).count();
        assert_eq!(notes, 1);
    }

    async fn it_is_the_persons_own_and_waits_for_the_turn(db) {
        let test = TestAgents::answering([Answer::text("late").blocked()]).start(&db.store).await;
        tell(&test, turns(15)).await;
        let eve = octi_testkit::people::person(&test.store, &test.ambient, "eve").await;
        let code = |refused: Result<octi_agents::Compacting, AgentsError>| refused.err().unwrap().code();
        assert_eq!(code(test.agents.compact(&eve, test.session, None).await), "session_not_found");
        let focus = "x".repeat(limits::COMPACTION_FOCUS_BYTES_MAX + 1);
        assert_eq!(code(test.agents.compact(&test.principal, test.session, Some(focus)).await), "focus_too_long");
        let sent = test.send("think").await;
        test.model.until_blocked(1).await;
        assert_eq!(code(test.agents.compact(&test.principal, test.session, None).await), "session_busy");
        test.model.release();
        test.ended(sent.run_id).await;
    }

    async fn a_side_question_sees_the_summary(db) {
        let test = TestAgents::answering([Answer::text("They talk of dates."), Answer::text("Of dates.")]).start(&db.store).await;
        tell(&test, turns(15)).await;
        compact(&test, None).await.unwrap();
        test.agents.interject(&test.principal, test.session, "what is it about?".to_owned()).await.unwrap();
        test.events.wait_for("the answer", |kind| matches!(kind, EventKind::SideMessage { answers: Some(_), .. }).then_some(())).await;
        let asked = texts(&test.model.requests()[1]);
        assert!(asked[0].contains("They talk of dates.") && asked.len() == 22, "{asked:?}");
    }

    async fn a_turn_that_gets_tight_lets_a_summary_be_made_and_says_so(db) {
        let answers = [Answer::text("They talk of dates."), Answer::text("so"), Answer::text("and so")];
        let test = TestAgents::on(small(answers)).start(&db.store).await;
        tell(&test, turns(10)).await;
        let sent = test.send("go on").await;
        assert_eq!(test.ended(sent.run_id).await.0, RunStatus::Completed);
        let requests = test.model.requests();
        assert!(requests[0].system.starts_with("You write the summary") && requests[0].tools.is_empty());
        let seen = texts(&requests[1]);
        assert!(seen[0].contains("<summary>\nThey talk of dates.\n</summary>") && seen.last().unwrap() == "go on", "{seen:?}");
        assert_eq!((seen[1].as_str(), seen.len()), ("answer 4", 13), "half of the room is kept");
        let told = test.events.kinds().into_iter().find_map(|kind| match kind {
            EventKind::ChatMessage { run_id, role: Role::System, text, .. } => Some((run_id, text)),
            _ => None,
        });
        let (run, text) = told.expect("it is told");
        assert!(run == Some(sent.run_id) && text.starts_with("Summarised: 9 older messages"), "{text}");
        test.chat("and then?").await;
        assert_eq!(test.model.requests().len(), 3, "there is room again");
        test.agents.flush().await;
        let mut tx = test.store.read(&test.principal).await.unwrap();
        assert_eq!(tx.cost_of_run(sent.run_id).await.unwrap().calls, 2, "the summary is paid for");
    }

    async fn without_a_summary_the_oldest_messages_are_left_out_and_it_is_not_tried_again(db) {
        let answers = [
            Answer::refuse(ModelError::Overloaded("busy".into())),
            Answer::calls([("c", "files__read", json!({}))]),
            Answer::text("so"),
        ];
        let test = TestAgents::on(small(answers)).tool(&FakeTool::new("files__read")).start(&db.store).await;
        tell(&test, turns(14)).await;
        assert_eq!(test.chat("go on").await.0, RunStatus::Completed);
        let seen = texts(&test.model.requests()[1]);
        assert!(seen[0].starts_with("question 3 ") && seen.last().unwrap() == "go on", "{}", seen[0]);
        assert_eq!((test.model.requests().len(), compactions(&test).await), (3, None));
        assert!(test.messages().await.iter().all(|message| message.role != Role::System));
        let told = stalls(&test);
        assert!(told.len() == 1 && told[0].contains("made too little room: ") && told[0].contains("busy"), "{told:?}");
    }

    async fn an_administrator_says_whether_when_and_of_what_summaries_are_made(db) {
        let test = TestAgents::on(small([Answer::text("one")])).start(&db.store).await;
        let set = |change: fn(&mut Compaction)| test.limits.send_modify(|limits| change(&mut limits.compaction));
        tell(&test, turns(5)).await;
        set(|compaction| compaction.auto = false);
        test.chat("one").await;
        set(|compaction| (compaction.auto, compaction.auto_percent) = (true, 95));
        test.model.push(Answer::text("two"));
        test.chat("two").await;
        assert_eq!((test.model.requests().len(), compactions(&test).await), (2, None), "it takes less than that");
        set(|compaction| compaction.auto_percent = 30);
        for answer in [Answer::text("They talk of dates."), Answer::text("three")] {
            test.model.push(answer);
        }
        test.chat("three").await;
        assert!(test.model.requests()[2].system.starts_with("You write the summary"));
        let kept = texts(&test.model.requests()[3]);
        assert!(kept[0].contains("They talk of dates."), "{}", kept[0]);
        assert_eq!((kept[1].as_str(), kept.len()), ("answer 2", 11), "so that it is not time for the next one at once");

        // By hand it is made whatever the setting says, and obeys how many messages stay.
        set(|compaction| *compaction = Compaction { auto: false, kept_messages: 2, ..Compaction::default() });
        tell(&test, turns(3)).await;
        test.model.push(Answer::text("They still do."));
        assert_eq!(compact(&test, None).await.unwrap().kept, 2);
        assert!(stalls(&test).is_empty());
    }

    async fn without_summaries_of_its_own_a_turn_leaves_the_oldest_messages_out(db) {
        let test = TestAgents::on(small([Answer::text("so")])).start(&db.store).await;
        test.limits.send_modify(|limits| limits.compaction.auto = false);
        tell(&test, turns(14)).await;
        test.chat("go on").await;
        let seen = texts(&test.model.requests()[0]);
        assert!(seen[0].starts_with("question 3 ") && seen.last().unwrap() == "go on", "{}", seen[0]);
        assert_eq!((test.model.requests().len(), stalls(&test).len()), (1, 0));
    }

    async fn a_summary_that_cannot_save_much_is_not_paid_for_and_the_person_is_told_once(db) {
        let test = TestAgents::on(small([Answer::text("so")])).start(&db.store).await;
        tell(&test, turns(1)).await;
        test.chat(&huge()).await;
        let told = stalls(&test);
        assert!(told.len() == 1 && told[0].contains("would stand for is only about 5"), "{told:?}");
        assert_eq!(test.model.requests().len(), 1);

        // Once the long message is old itself, there is much to save.
        for answer in [Answer::text("A long word."), Answer::text("and so")] {
            test.model.push(answer);
        }
        test.chat("thanks").await;
        assert!(texts(&test.model.requests()[2])[0].contains("A long word."));
        assert_eq!(stalls(&test).len(), 1);
    }

    async fn a_summary_that_saved_little_stands_and_is_told_and_the_next_one_comes_when_it_is_worth_it(db) {
        let long = "word ".repeat(450);
        let test = TestAgents::on(small([Answer::text(long), Answer::text("so")])).start(&db.store).await;
        tell(&test, turns(2)).await;
        let question = "word ".repeat(3_400);
        test.chat(&question).await;
        let told = stalls(&test);
        assert!(told.len() == 1 && told[0].contains("the summary made about "), "{told:?}");
        assert_eq!(test.model.requests().len(), 2);
        assert!(compactions(&test).await.is_some(), "it stands all the same");
        for answer in [Answer::text("All of it."), Answer::text("and so")] {
            test.model.push(answer);
        }
        test.chat("thanks").await;
        assert!(texts(&test.model.requests()[3])[0].contains("All of it."), "the question is old by now");
    }

    async fn what_the_model_cannot_read_at_all_is_not_summarised(db) {
        let model = ScriptedModel::new([]).with_info(|info| info.context_window = Some(5_000));
        let test = TestAgents::on(model).start(&db.store).await;
        let long = (Role::Assistant, vec![Part::Text("word ".repeat(10_000))]);
        tell(&test, turns(2).into_iter().chain([long]).chain(turns(1))).await;
        assert!(refused(&test).await.contains("parts that are too long for the model to read"));
        assert_eq!((test.model.requests().len(), compactions(&test).await), (0, None), "nobody was asked");
    }

    async fn in_the_middle_of_a_turn_its_question_stays(db) {
        let tool = FakeTool::new("files__read").gives(|_| Ok(json!("milk ".repeat(200))));
        let steps = (0..19).map(|n| Answer::calls([("c", "files__read", json!({ "n": n }))]));
        let answers = steps.chain([Answer::text("It read milk."), Answer::calls([("c", "files__read", json!({"n": 19}))]), Answer::text("so")]);
        let test = TestAgents::on(small(answers)).tool(&tool).start(&db.store).await;
        assert_eq!(test.chat("read them").await.0, RunStatus::Completed);
        let summary = test.model.requests().iter().position(|request| request.system.starts_with("You write the summary"));
        assert_eq!(summary, Some(19));
        let seen = texts(&test.model.requests()[20]);
        assert!(seen[0].contains("It read milk.") && seen[1] == "read them", "{seen:?}");
        let row = compactions(&test).await.unwrap();
        assert_eq!(row.last_seq % 2, 1, "the question and whole steps");
        test.model.push(Answer::text("and so"));
        test.chat("thanks").await;
        let after = texts(test.model.requests().last().unwrap());
        assert!(after[0].contains("It read milk.") && after.last().unwrap() == "thanks");
    }

    async fn a_turn_is_stopped_while_its_summary_is_written(db) {
        let test = TestAgents::on(small([Answer::text("late").blocked()])).start(&db.store).await;
        tell(&test, turns(10)).await;
        let sent = test.send("go on").await;
        test.model.until_blocked(1).await;
        test.agents.stop(&test.principal, sent.run_id).await.unwrap();
        assert_eq!(test.ended(sent.run_id).await.0, RunStatus::Stopped);
        assert_eq!((compactions(&test).await, test.messages().await.len()), (None, 21));
    }

    async fn a_turn_that_ran_out_of_time_in_its_summary_ends(db) {
        let time = std::time::Duration::from_millis(300);
        let model = small([Answer::text("late").blocked()]);
        let test = TestAgents::on(model).budget(|budget| budget.time_max = time).start(&db.store).await;
        tell(&test, turns(10)).await;
        let (status, reason) = test.chat("go on").await;
        assert!(status == RunStatus::Failed && reason.contains("took longer than 300 ms"), "{reason}");
        assert_eq!(compactions(&test).await, None);
    }
}
