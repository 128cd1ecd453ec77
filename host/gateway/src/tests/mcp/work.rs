//! Calls that take a while: how far they are, giving them up, and asking first.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use octi_domain::limits;
use rmcp::model::{
    CallToolRequestParams, ClientCapabilities, ClientConfig, ClientRequest, ElicitRequestParams, ElicitResult, ElicitationAction,
    Implementation, ProgressNotificationParam, Request,
};
use rmcp::service::{NotificationContext, PeerRequestOptions, RequestContext};
use rmcp::{ClientHandler, ErrorData, RoleClient, ServiceExt};
use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::super::host::{Host, Person, host_with};
use super::fixtures::Fixtures;
use super::{call, connect, text, transport};

/// A client with a person before it.
struct Attended {
    says_yes: AtomicBool,
    heard: mpsc::Sender<(f64, Option<f64>, Option<String>)>,
}

impl ClientHandler for Attended {
    fn get_info(&self) -> ClientConfig {
        let capabilities = ClientCapabilities::builder().enable_elicitation().build();
        ClientConfig::new(capabilities, Implementation::new("test", "1"))
    }

    async fn create_elicitation(
        &self,
        request: ElicitRequestParams,
        _context: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        let ElicitRequestParams::FormElicitationParams { message, .. } = request else {
            return Err(ErrorData::invalid_params("a form was expected", None));
        };
        assert_eq!(
            message,
            "May `work__careful` run on octi with {}? Asked because `work__careful` asks unless a rule allows it."
        );
        let approve = self.says_yes.load(Ordering::SeqCst);
        Ok(ElicitResult::new(ElicitationAction::Accept).with_content(json!({"approve": approve})))
    }

    async fn on_progress(&self, said: ProgressNotificationParam, _context: NotificationContext<RoleClient>) {
        let _nobody_asks = self.heard.try_send((said.progress, said.total, said.message));
    }
}

async fn attended(
    host: &Host,
    person: &Person,
    says_yes: bool,
) -> (rmcp::service::RunningService<RoleClient, Attended>, mpsc::Receiver<(f64, Option<f64>, Option<String>)>) {
    let (heard, progress) = mpsc::channel(8);
    let client = Attended { says_yes: AtomicBool::new(says_yes), heard };
    (client.serve(transport(host, &person.token, Default::default())).await.unwrap(), progress)
}

#[tokio::test]
async fn a_program_hears_how_far_its_call_is() {
    let (fixtures, _) = Fixtures::at_work();
    let host = host_with(fixtures).await;
    let ann = host.person("ann").await;
    let (session, mut heard) = attended(&host, &ann, false).await;
    let done = session.call_tool(CallToolRequestParams::new("work__progress")).await.unwrap();
    assert_eq!(text(&done), "done");
    for (progress, message) in [(0.0, "begun"), (0.5, "half"), (1.0, "done")] {
        let said = timeout(Duration::from_secs(10), heard.recv()).await.expect("progress within ten seconds");
        assert_eq!(said, Some((progress, Some(1.0), Some(message.to_owned()))));
    }
}

#[tokio::test]
async fn a_call_that_is_given_up_ends() {
    let (fixtures, waiting) = Fixtures::at_work();
    let host = host_with(fixtures).await;
    let ann = host.person("ann").await;
    let (session, _) = connect(&host, &ann).await;
    let request = ClientRequest::CallToolRequest(Request::new(CallToolRequestParams::new("work__wait")));
    let running = session.send_cancellable_request(request, PeerRequestOptions::no_options()).await.unwrap();
    let until = async |count: usize| {
        while waiting.count() != count {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(10), until(1)).await.expect("the tool runs");
    running.cancel(Some("not needed".to_owned())).await.unwrap();
    timeout(Duration::from_secs(10), until(0)).await.expect("the tool ended");
}

#[tokio::test]
async fn a_client_with_a_person_before_it_is_asked() {
    let (fixtures, _) = Fixtures::at_work();
    let host = host_with(fixtures).await;
    let ann = host.person("ann").await;
    let (session, _heard) = attended(&host, &ann, true).await;
    let done = session.call_tool(CallToolRequestParams::new("work__careful")).await.unwrap();
    assert_eq!(done.structured_content, Some(json!({"did": "it"})));
    session.service().says_yes.store(false, Ordering::SeqCst);
    let refused = session.call_tool(CallToolRequestParams::new("work__careful")).await.unwrap();
    assert_eq!((refused.is_error, &refused.meta.as_ref().unwrap()["octi/code"]), (Some(true), &json!("denied")));

    // Nobody agrees to what they cannot read.
    session.service().says_yes.store(true, Ordering::SeqCst);
    let long = json!({"text": "x".repeat(limits::MCP_QUESTION_BYTES_MAX)}).as_object().unwrap().clone();
    let unasked = session.call_tool(CallToolRequestParams::new("work__careful").with_arguments(long)).await.unwrap();
    assert_eq!(unasked.meta.as_ref().unwrap()["octi/code"], "approval_required");

    let (alone, _) = connect(&host, &ann).await;
    let unattended = call(&alone, "work__careful", json!({})).await;
    assert_eq!(unattended.meta.as_ref().unwrap()["octi/code"], "approval_required");
}
