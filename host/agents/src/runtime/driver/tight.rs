//! A summary that a turn lets be made by itself, before its model has to be shown less.

use octi_domain::event::EventKind;
use octi_domain::limits;
use octi_store::StoreError;

use super::Driver;
use crate::runtime::context::{Older, Room};
use crate::runtime::side_call::SideCall;

impl Driver {
    /// Lets the model summarise what is older when the conversation takes most of the room, once in a turn. When that does not
    /// work out, the person is told, and the oldest messages are left out as ever.
    pub(super) async fn summarise_when_tight(&mut self, room: Room) {
        let compaction = self.shared.compaction();
        if !self.may_summarise || !compaction.auto {
            return;
        }
        let (before, begins) = (self.conversation.tokens(), room.tokens().saturating_mul(compaction.auto_percent) / 100);
        if before <= begins {
            return;
        }
        // With what stays there must be room for the next turns too, before it is time for another summary.
        let stays = room.tokens().min(begins.saturating_mul(5) / 4);
        let redactor = (self.shared.dispatch.redactor)(&self.principal);
        let older = match self.conversation.older(stays, compaction.kept_messages, &redactor) {
            Ok(older) => older,
            Err(why) => return self.stalled(room, 0, &why),
        };
        let saved_min = before.saturating_mul(limits::COMPACTION_SAVED_PERCENT_MIN) / 100;
        let tried = older.tokens;
        if tried < saved_min {
            let why = format!("what a summary would stand for is only about {tried} tokens");
            return self.stalled(room, 0, &why);
        }
        if self.shared.stalls.rests(self.run.session_id, tried) {
            return;
        }
        self.may_summarise = false;
        if let Err(why) = self.summarise(older).await {
            tracing::info!(why, "no summary was made; the oldest messages are left out");
            // Whoever stops a turn knows why there is none.
            if !self.handle.stop_token().is_cancelled() {
                self.stalled(room, 0, &why);
            }
            return;
        }
        let after = self.conversation.tokens();
        let saves_little = before.saturating_sub(after) < saved_min;
        if !saves_little && after <= begins {
            self.shared.stalls.forget(self.run.session_id);
            return;
        }
        let why = format!("the summary made about {after} tokens of {before}");
        self.stalled(room, if saves_little { tried } else { 0 }, &why);
    }

    /// Tells the person, once, that the conversation is nearly too long. `tried` are the tokens of what a summary was made of in
    /// vain.
    fn stalled(&self, room: Room, tried: u64, why: &str) {
        let (tokens, tokens_max) = (self.conversation.tokens(), room.tokens());
        if !self.shared.stalls.is_news(self.run.session_id, tokens, tried) {
            return;
        }
        let reason = format!(
            "This conversation takes about {tokens} of the {tokens_max} tokens that the model can read of it, and summarising made \
             too little room: {why}. Where it does not fit, the oldest messages are left out of what the model sees; a model with a \
             larger window sees more, and `/clear` begins anew."
        );
        self.tell(EventKind::CompactionStalled { run_id: self.run.id, reason, tokens, tokens_max });
    }

    async fn summarise(&mut self, older: Older) -> Result<(), String> {
        let (stop, time_max) = (self.handle.stop_token().child_token(), self.time_max);
        let call = SideCall {
            shared: &self.shared,
            principal: &self.principal,
            user_id: self.run.user_id,
            session_id: self.run.session_id,
            run_id: Some(self.run.id),
            model: &self.model,
            stop: &stop,
        };
        let out_of_time = async {
            self.clock.until(time_max).await;
            // The call ends by itself then, and its cost is written down.
            stop.cancel();
            std::future::pending::<()>().await;
        };
        let seen = older.last_seq;
        let summary = tokio::select! {
            summary = call.summarise(older, None, &self.snapshot) => summary?,
            () = out_of_time => return Err("the turn ran out of time".to_owned()),
        };
        call.keep(&summary, seen).await.map_err(|error: StoreError| error.to_string())?;
        let conversation = std::mem::take(&mut self.conversation);
        self.conversation = conversation.after(Some(summary.row));
        Ok(())
    }
}
