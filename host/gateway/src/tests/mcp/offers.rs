//! What plugins offer besides tools, and what a call logs.
#![expect(deprecated, reason = "clients of the versions before 2026-07-28 know no other way to read what plugins log")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use octi_domain::event::EventKind;
use octi_domain::limits;
use octi_extension::health::HealthReport;
use octi_extension::manifest::{Manifest, WIT_VERSION};
use octi_extension::offered::Offered;
use octi_extension::registry::{PluginStatus, Registry, Snapshot};
use octi_extension::skill::SkillProblem;
use rmcp::model::{
    CallToolRequestParams, ClientConfig, GetPromptRequestParams, LoggingLevel, LoggingMessageNotificationParam,
    ReadResourceRequestParams, ResourceUpdatedNotificationParam, SetLevelRequestParams, SubscribeRequestParams,
    UnsubscribeRequestParams,
};
use rmcp::service::NotificationContext;
use rmcp::{ClientHandler, RoleClient, ServiceExt};
use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::super::host::{Host, host_with};
use super::fixtures::Fixtures;
use super::transport;

/// A shelf whose documents are exchanged while somebody reads.
struct Shelf {
    fixtures: Arc<Fixtures>,
    offered: Mutex<Arc<Offered>>,
}

fn offered(house: &str) -> Arc<Offered> {
    let text = format!(
        "id = 'acme/styles'\nversion = '1.0.0'\nwit = '{WIT_VERSION}'\ndescription = 'Styles'\n
        [documents.house]\nuri = 'acme://house'\ntitle = 'House'\nmedia_type = 'text/plain'\ntext = '{house}'\n
        [documents.style]\nuri = 'acme://styles/{{language}}'\ntitle = 'Style'\nmedia_type = 'text/plain'\ntext = 'How {{{{language}}}} is'\n
        [prompts.review]\ndescription = 'Review a change'\ntext = 'Review this {{{{language}}}}'\n
        [[prompts.review.arguments]]\nname = 'language'\nrequired = true\nvalues = ['rust']\n"
    );
    Arc::new(Offered::of(&Manifest::from_toml(&text).unwrap()).unwrap())
}

impl Registry for Shelf {
    fn snapshot(&self) -> Arc<Snapshot> {
        let offered = vec![self.offered.lock().unwrap().clone()];
        Arc::new(Snapshot { offered, ..Snapshot::clone(&self.fixtures.snapshot()) })
    }

    fn plugins(&self) -> Vec<PluginStatus> {
        Vec::new()
    }

    fn health(&self) -> Option<HealthReport> {
        None
    }

    fn skill_problems(&self) -> Vec<SkillProblem> {
        Vec::new()
    }
}

/// A client that tells what it hears.
struct Reader(mpsc::Sender<String>);

impl ClientHandler for Reader {
    fn get_info(&self) -> ClientConfig {
        ClientConfig::default()
    }

    async fn on_resource_updated(&self, said: ResourceUpdatedNotificationParam, _context: NotificationContext<RoleClient>) {
        self.0.send(format!("changed {}", said.uri)).await.unwrap();
    }

    async fn on_resource_list_changed(&self, _context: NotificationContext<RoleClient>) {
        self.0.send("list".to_owned()).await.unwrap();
    }

    async fn on_logging_message(&self, said: LoggingMessageNotificationParam, _context: NotificationContext<RoleClient>) {
        self.0.send(format!("{:?} {} {}", said.level, said.logger.unwrap_or_default(), said.data)).await.unwrap();
    }
}

async fn heard(news: &mut mpsc::Receiver<String>) -> String {
    timeout(Duration::from_secs(10), news.recv()).await.expect("news within ten seconds").unwrap()
}

fn swap(host: &Host) {
    let change = EventKind::PluginsChanged { plugin: "acme/styles".to_owned(), change: "swapped".to_owned() };
    host.gateway.bus.broadcast(&host.gateway.ambient, &change);
}

#[tokio::test]
async fn prompts_and_documents_of_plugins_are_found_and_read() {
    let shelf = Shelf { fixtures: Fixtures::at_work().0, offered: Mutex::new(offered("old")) };
    let host = host_with(Arc::new(shelf)).await;
    let ann = host.person("ann").await;
    let session = Reader(mpsc::channel(8).0).serve(transport(&host, &ann.token, Default::default())).await.unwrap();
    let prompts = session.list_all_prompts().await.unwrap();
    let review = prompts.iter().find(|prompt| prompt.name == "styles__review").unwrap();
    assert_eq!(review.arguments.as_ref().unwrap()[0].required, Some(true));
    let arguments = json!({"language": "rust"}).as_object().unwrap().clone();
    let told = session.get_prompt(GetPromptRequestParams::new("styles__review").with_arguments(arguments)).await.unwrap();
    assert_eq!(told.messages[0].content.as_text().unwrap().text, "Review this rust");
    assert!(session.get_prompt(GetPromptRequestParams::new("styles__review")).await.unwrap_err().to_string().contains("missing"));

    let documents = session.list_all_resources().await.unwrap();
    assert_eq!((documents.len(), documents[0].uri.as_str()), (1, "acme://house"));
    let templates = session.list_all_resource_templates().await.unwrap();
    assert!(templates.iter().any(|template| template.uri_template == "acme://styles/{language}"));
    let read = session.read_resource(ReadResourceRequestParams::new("acme://styles/rust")).await.unwrap();
    assert_eq!(serde_json::to_value(&read.contents[0]).unwrap()["text"], "How rust is");
}

#[tokio::test]
#[expect(deprecated, reason = "clients of the versions before 2026-07-28 know no other way")]
async fn who_watches_a_document_is_told_when_a_swap_changed_it() {
    let shelf = Arc::new(Shelf { fixtures: Fixtures::at_work().0, offered: Mutex::new(offered("old")) });
    let host = host_with(shelf.clone()).await;
    let ann = host.person("ann").await;
    let (sender, mut news) = mpsc::channel(8);
    let session = Reader(sender).serve(transport(&host, &ann.token, Default::default())).await.unwrap();
    for uri in ["acme://house", "acme://styles/rust"] {
        session.subscribe(SubscribeRequestParams::new(uri)).await.unwrap();
    }
    assert!(session.subscribe(SubscribeRequestParams::new("acme://nothing")).await.is_err());
    *shelf.offered.lock().unwrap() = offered("new");
    swap(&host);
    assert_eq!([heard(&mut news).await, heard(&mut news).await], ["list", "changed acme://house"]);
    session.unsubscribe(UnsubscribeRequestParams::new("acme://house")).await.unwrap();
    *shelf.offered.lock().unwrap() = offered("newer");
    for _ in 0..2 {
        swap(&host);
        assert_eq!(heard(&mut news).await, "list", "and nothing of what is not watched any more");
    }
    for number in 1..limits::MCP_SUBSCRIPTIONS_MAX {
        session.subscribe(SubscribeRequestParams::new(format!("acme://styles/{number}"))).await.unwrap();
    }
    let refused = session.subscribe(SubscribeRequestParams::new("acme://house")).await.unwrap_err();
    assert!(refused.to_string().contains("unsubscribe from one first"), "{refused}");
}

#[tokio::test]
#[expect(deprecated, reason = "clients of the versions before 2026-07-28 know no other way")]
async fn what_a_plugin_logs_is_read_by_the_session_that_called_and_asked_for_it() {
    let host = host_with(Fixtures::at_work().0).await;
    let ann = host.person("ann").await;
    let (sender, mut news) = mpsc::channel(8);
    let session = Reader(sender).serve(transport(&host, &ann.token, Default::default())).await.unwrap();
    let call = async || session.call_tool(CallToolRequestParams::new("work__log")).await.unwrap();
    call().await;
    session.set_level(SetLevelRequestParams::new(LoggingLevel::Info)).await.unwrap();
    call().await;
    assert_eq!(heard(&mut news).await, r#"Info acme/fixtures "one""#, "and nothing of the call before the level was set");
    assert_eq!(heard(&mut news).await, r#"Error acme/fixtures "three""#);
    assert!(news.try_recv().is_err());
}
