//! A summary that a turn lets be made by itself, before its model has to be shown less.

use octi_store::StoreError;

use super::Driver;
use crate::runtime::context::{Older, Room};
use crate::runtime::side_call::SideCall;

impl Driver {
    /// Lets the model summarise what is older when the conversation takes most of the room, once in a turn. When that does not
    /// work out, the oldest messages are left out as ever.
    pub(super) async fn summarise_when_tight(&mut self, room: Room) {
        if !self.may_summarise || !self.conversation.is_tight(room) {
            return;
        }
        let Ok(older) = self.conversation.older(room.tokens()) else { return };
        self.may_summarise = false;
        if let Err(why) = self.summarise(older).await {
            tracing::info!(why, "no summary was made; the oldest messages are left out");
        }
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
