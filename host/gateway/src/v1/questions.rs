//! `/api/questions`: what plugins ask the caller, and answering it.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use octi_agents::{Answered, PersonAnswer};
use octi_api::error::ErrorCode;
use octi_api::page::Page;
use octi_api::v1::questions::{AnswerQuestion, Question, QuestionAction};
use octi_domain::ids::QuestionId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::{ApiError, ApiResult};
use crate::extract::{Caller, Id, Json};
use crate::state::Gateway;

pub(crate) fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(answer))
}

/// What plugins ask the caller now, oldest first. Each waits as long as its call.
#[utoipa::path(get, path = "/api/questions", tag = "questions", responses((status = 200, body = Page<Question>)))]
async fn list(State(gateway): State<Gateway>, caller: Caller) -> ApiResult<Answer<Page<Question>>> {
    let questions = gateway.agents.questions(&caller.principal);
    Ok(Answer(Page::whole(questions.into_iter().map(Into::into).collect())))
}

/// Answers what a plugin asks. The first answer of any screen counts; one that does not fit the form is refused, and the question
/// still waits.
#[utoipa::path(post, path = "/api/questions/{id}/answer", tag = "questions", params(("id" = uuid::Uuid, Path)), request_body = AnswerQuestion, responses((status = 204)))]
async fn answer(
    State(gateway): State<Gateway>,
    caller: Caller,
    Id(id): Id<QuestionId>,
    Json(body): Json<AnswerQuestion>,
) -> ApiResult<StatusCode> {
    let answer = match (body.action, body.content) {
        (QuestionAction::Accept, Some(content)) => PersonAnswer::Given(content),
        (QuestionAction::Accept, None) => {
            return Err(ApiError::field("content", "`accept` needs a value for each field of the form"));
        }
        (_, Some(_)) => return Err(ApiError::field("content", "only `accept` has a content")),
        (QuestionAction::Decline, None) => PersonAnswer::Declined,
        (QuestionAction::Cancel, None) => PersonAnswer::Cancelled,
    };
    match gateway.agents.answer_question(&caller.principal, id, answer) {
        Answered::Taken => Ok(StatusCode::NO_CONTENT),
        Answered::Gone => Err(ApiError::new(
            ErrorCode::ApprovalExpired,
            "no such question waits: it was answered on another screen, its time was up, or its call is over",
        )),
        Answered::Unfit(why) => Err(ApiError::field("content", why)),
    }
}
