//! Tells the server which conversation somebody looks at: nobody needs to be told elsewhere of an answer that they see come.

use octi_api::frames::{ClientFrame, Watch};

use crate::message::{Effect, Purpose};
use crate::model::{Model, Watched};

/// What is to be told after anything happened.
pub(super) fn settle(model: &mut Model) -> Option<Effect> {
    // An older server does not ask for it.
    if !model.is_online() || !model.can_send("watch") {
        return None;
    }
    let session_id = model.conversation.session.filter(|_| model.focused);
    if model.watched == Watched::Session(session_id) {
        return None;
    }
    model.watched = Watched::Session(session_id);
    Some(Effect::Send(ClientFrame::Watch(Watch { session_id }), Purpose::Watch))
}
