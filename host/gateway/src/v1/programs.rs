//! `/api/programs`: programs that a person lets in over MCP, and the page on which they do.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use octi_api::error::ErrorCode;
use octi_api::page::Page;
use octi_api::v1::programs::{
    AnswerProgram, Program, ProgramAnswered, ProgramAsks, ProgramProblem, ProgramRequest, ProgramScope,
};
use octi_domain::ids::ProgramId;
use octi_security::auth::oauth::{self, Asked, Described, OauthError, Request, Scope, Unfit, Wrong};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::credential::Credential;
use crate::error::{ApiError, ApiResult};
use crate::extract::{Caller, Id, Json, Query};
use crate::oauth::Here;
use crate::state::Gateway;

pub(crate) fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(revoke)).routes(routes!(asks, answer))
}

/// The programs that may act for the person over MCP, newest first.
#[utoipa::path(get, path = "/api/programs", tag = "programs", responses((status = 200, body = Page<Program>)))]
async fn list(State(gateway): State<Gateway>, caller: Caller) -> ApiResult<Answer<Page<Program>>> {
    let programs = gateway.auth.programs(&caller.principal).await?;
    Ok(Answer(Page::whole(programs.into_iter().map(to_api).collect())))
}

/// Ends what a program may do, with every token it has.
#[utoipa::path(delete, path = "/api/programs/{id}", tag = "programs", params(("id" = uuid::Uuid, Path)), responses((status = 204)))]
async fn revoke(State(gateway): State<Gateway>, caller: Caller, Id(id): Id<ProgramId>) -> ApiResult<StatusCode> {
    if !gateway.auth.revoke_program(&caller.principal, id).await? {
        return Err(ApiError::not_found("program"));
    }
    Ok(StatusCode::NO_CONTENT)
}

/// What a program asks for, for the page on which a person answers it. Only a browser sees it.
#[utoipa::path(get, path = "/api/programs/request", tag = "programs", params(ProgramAsks), responses((status = 200, body = ProgramRequest)))]
async fn asks(
    State(gateway): State<Gateway>,
    caller: Caller,
    here: Here,
    Query(asked): Query<ProgramAsks>,
) -> ApiResult<Answer<ProgramRequest>> {
    let username = person(&gateway, &caller).await?;
    let wanted = asked.scope.as_deref().is_some_and(|scope| scope == Scope::Read.as_str());
    Ok(Answer(match checked(&gateway, &here, asked).await? {
        Ok(request) => ProgramRequest {
            name: request.client.name,
            described_by: request.client.host,
            redirect_host: request.redirect_host,
            is_loopback: request.is_loopback,
            username,
            scope: scope_to_api(request.scope),
            problem: None,
        },
        Err(wrong) => ProgramRequest {
            name: wrong.client.name,
            described_by: wrong.client.host,
            redirect_host: wrong.redirect_host,
            is_loopback: false,
            username,
            scope: if wanted { ProgramScope::Read } else { ProgramScope::Everything },
            problem: Some(ProgramProblem { message: wrong.refused.text, back: wrong.back }),
        },
    }))
}

/// Says yes or no to a program; the browser then goes where the answer says. Only a browser does it.
#[utoipa::path(post, path = "/api/programs/request", tag = "programs", request_body = AnswerProgram, responses((status = 200, body = ProgramAnswered)))]
async fn answer(
    State(gateway): State<Gateway>,
    caller: Caller,
    here: Here,
    Json(body): Json<AnswerProgram>,
) -> ApiResult<Answer<ProgramAnswered>> {
    person(&gateway, &caller).await?;
    let request = checked(&gateway, &here, body.asked).await?;
    let request = request.map_err(|wrong| ApiError::new(ErrorCode::Refused, wrong.refused.text))?;
    let said = match body.allow {
        Some(ProgramScope::Everything) => oauth::Answer::Allow(Scope::Everything),
        Some(ProgramScope::Read) => oauth::Answer::Allow(Scope::Read),
        None => oauth::Answer::Refuse,
    };
    match gateway.auth.answer_program(&caller.principal, &request, said).await {
        Ok(redirect_to) => Ok(Answer(ProgramAnswered { redirect_to })),
        Err(error) => Err(told(error)),
    }
}

/// What a program asks for, when it is known who asks and where they are.
async fn checked(gateway: &Gateway, Here(place): &Here, asked: ProgramAsks) -> ApiResult<Result<Request, Box<Wrong>>> {
    let client = described(gateway, &asked.client_id).await?;
    let asked = Asked {
        response_type: asked.response_type,
        client_id: asked.client_id,
        redirect_uri: asked.redirect_uri,
        scope: asked.scope,
        state: asked.state,
        code_challenge: asked.code_challenge,
        code_challenge_method: asked.code_challenge_method,
        resource: asked.resource,
    };
    match Request::check(asked, client, place) {
        Ok(request) => Ok(Ok(request)),
        Err(Unfit::Unknown(refused)) => Err(ApiError::new(ErrorCode::Refused, refused.text)),
        Err(Unfit::Wrong(wrong)) => Ok(Err(wrong)),
    }
}

/// The program of that id: registered here, or described at an address that is read now.
async fn described(gateway: &Gateway, id: &str) -> ApiResult<Option<Described>> {
    if !Described::is_at_address(id) {
        return gateway.auth.registered_program(id).await.map_err(told);
    }
    let refused = |refused: oauth::Refused| ApiError::new(ErrorCode::Refused, refused.text);
    let url = Described::address(id).map_err(refused)?;
    let bytes = gateway.program_documents.read(url.as_str()).await?;
    Described::read(id, &bytes).map(Some).map_err(refused)
}

/// The name of the person in front of the browser. A token is not enough: whoever holds one is not asked anything.
async fn person(gateway: &Gateway, caller: &Caller) -> ApiResult<String> {
    if !matches!(caller.credential, Credential::Cookie(_)) {
        let message = "only a person who is signed in with a browser answers a program: open the program's address there";
        return Err(ApiError::new(ErrorCode::Forbidden, message));
    }
    let user = gateway.store.read(&caller.principal).await?.user(caller.user_id).await?;
    Ok(user.ok_or_else(ApiError::unauthenticated)?.username)
}

fn told(error: OauthError) -> ApiError {
    match error {
        OauthError::Refused(refused) => ApiError::new(ErrorCode::Refused, refused.text),
        OauthError::Auth(error) => error.into(),
    }
}

const fn scope_to_api(scope: Scope) -> ProgramScope {
    match scope {
        Scope::Everything => ProgramScope::Everything,
        Scope::Read => ProgramScope::Read,
    }
}

fn to_api(program: octi_store::Program) -> Program {
    Program {
        id: program.id.into(),
        name: program.client_name,
        client_id: program.client_id,
        redirect_host: oauth::host_of(&program.redirect_uri),
        scope: Scope::parse(&program.scope).map_or(ProgramScope::Read, scope_to_api),
        created_at: program.created_at,
        last_used_at: program.last_used_at,
        expires_at: program.expires_at,
    }
}
