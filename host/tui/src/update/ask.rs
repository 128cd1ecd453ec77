//! Questions beside the conversation.

use octi_api::frames::{ChatInterject, ClientFrame};
use octi_domain::limits;

use crate::conversation::Tone;
use crate::message::{Effect, Purpose};
use crate::model::Model;

/// Asks a model something beside the conversation; a turn that runs goes on untouched.
pub(super) fn ask(model: &mut Model, question: &str) -> Vec<Effect> {
    let problem = if question.is_empty() {
        "`/ask` needs a question, as in `/ask which files did you change?`".to_owned()
    } else if !model.can_send("chat.interject") {
        "this server answers nothing beside a conversation: it is older than this program".to_owned()
    } else if question.len() > limits::SIDE_QUESTION_BYTES_MAX {
        let max = limits::SIDE_QUESTION_BYTES_MAX / 1_000;
        format!("longer than the {max} kB of a question beside a conversation: say what is long in the conversation")
    } else if let Some(session_id) = model.conversation.session {
        let id = model.conversation.add_aside(question);
        let frame = ClientFrame::ChatInterject(ChatInterject { session_id, content: question.to_owned() });
        return vec![Effect::Send(frame, Purpose::Aside(id))];
    } else {
        "there is no conversation yet to ask beside: say something first".to_owned()
    };
    model.conversation.inform(Tone::Error, &problem);
    Vec::new()
}
