//! Finding what was said.

use octi_domain::limits;
use octi_domain::message::{Part, Role};
use octi_store::NewMessage;

use crate::fixtures::{self, look, save, stored_session};
use crate::on_both;

on_both! {
    async fn a_message_is_found_by_its_words_and_the_newest_comes_first(db) {
        let (user, alice) = db.user("alice").await;
        let session = stored_session(&db.store, &db.ambient, user.id).await;
        save!(db.store, alice, |tx| {
            for text in ["The Café opens at nine", "nothing of it", "cafés close: at TEN o'clock", "東京タワー", "a \u{0} nul \"quote\" & 'tick'"] {
                tx.append_message(fixtures::message(&db.ambient, session.id, text)).await.unwrap();
            }
            let said_by_a_tool = NewMessage { role: Role::Tool, ..fixtures::message(&db.ambient, session.id, "café") };
            tx.append_message(said_by_a_tool).await.unwrap();
        });
        for (query, places) in [
            ("cafe", vec![3, 1]),
            ("CAFÉ at", vec![3, 1]),
            ("cafe nine", vec![1]),
            ("ca", vec![3, 1]),
            ("afe", vec![]),
            ("京", vec![4]),
            ("quote tick", vec![5]),
            ("' OR 1=1 --", vec![]),
            ("\"cafe\":* | !x", vec![]),
            ("…", vec![]),
        ] {
            let found = look!(db.store, alice, |tx| tx.search_messages(query, None, 10).await);
            assert_eq!(found.iter().map(|found| found.seq).collect::<Vec<_>>(), places, "{query}");
        }
        let found = look!(db.store, alice, |tx| tx.search_messages("nine", None, 10).await).remove(0);
        let marked: Vec<_> = found.snippet.iter().map(|piece| (piece.text.as_str(), piece.is_hit)).collect();
        assert_eq!(marked, [("The Café opens at ", false), ("nine", true)]);
        assert_eq!((found.session_id, found.session_title, found.role), (session.id, session.title, Role::User));
    }

    async fn nobody_finds_what_somebody_else_said_and_what_is_deleted_is_not_found(db) {
        let (user, alice) = db.user("alice").await;
        let (_, bob) = db.user("bob").await;
        let session = stored_session(&db.store, &db.ambient, user.id).await;
        save!(db.store, alice, |tx| {
            tx.append_message(fixtures::message(&db.ambient, session.id, "secret plans")).await.unwrap();
        });
        assert_eq!(look!(db.store, alice, |tx| tx.search_messages("plans", None, 10).await).len(), 1);
        assert!(look!(db.store, bob, |tx| tx.search_messages("plans", None, 10).await).is_empty());
        save!(db.store, alice, |tx| assert!(tx.delete_session(session.id).await.unwrap()));
        assert!(look!(db.store, alice, |tx| tx.search_messages("plans", None, 10).await).is_empty());
        // The same place may be taken by another message, which must not be found by the old words.
        let other = stored_session(&db.store, &db.ambient, user.id).await;
        save!(db.store, alice, |tx| {
            tx.append_message(fixtures::message(&db.ambient, other.id, "something else")).await.unwrap();
        });
        assert!(look!(db.store, alice, |tx| tx.search_messages("plans", None, 10).await).is_empty());
    }

    async fn pages_of_hits_meet_and_long_queries_and_answers_are_bounded(db) {
        let (user, alice) = db.user("alice").await;
        let session = stored_session(&db.store, &db.ambient, user.id).await;
        let long: String = (0..200_000).map(|n| format!("w{n} ")).collect();
        save!(db.store, alice, |tx| {
            for text in ["one word", "two word", long.as_str(), "three word"] {
                tx.append_message(NewMessage { parts: vec![Part::Text(text.to_owned())], ..fixtures::message(&db.ambient, session.id, "") }).await.unwrap();
            }
        });
        let mut seen = Vec::new();
        let mut before = None;
        loop {
            let page = look!(db.store, alice, |tx| tx.search_messages("word", before, 1).await);
            let Some(last) = page.last() else { break };
            before = Some((last.created_at, last.message_id));
            seen.push(last.seq);
        }
        // Messages of one moment come in the order of their ids, which is no order of time.
        seen.sort_unstable();
        assert_eq!(seen, [1, 2, 4]);
        let beyond = format!("w{}", limits::SEARCH_INDEXED_WORDS_MAX);
        assert!(look!(db.store, alice, |tx| tx.search_messages(&beyond, None, 10).await).is_empty());
        let query: String = (0..limits::SEARCH_WORDS_MAX).map(|n| format!("w{n} ")).chain(["nowhere".to_owned()]).collect();
        assert_eq!(look!(db.store, alice, |tx| tx.search_messages(&query, None, 10).await).len(), 1, "further words are left out");
    }
}
