//! A real model behind a real server: that talking works, never what is said.

#[cfg(test)]
mod server;

use futures::{StreamExt, TryStreamExt};
use octi_models::{ChatEvent, ChatMessage, ChatRequest, Finish, ModelError, connect};
use server::{SmolLm, config, http};
use tokio_util::sync::CancellationToken;

fn request(text: &str, tokens: u32) -> ChatRequest {
    ChatRequest {
        system: "You answer in English.".into(),
        messages: vec![ChatMessage::user(text)],
        max_output_tokens: Some(tokens),
        temperature: Some(0.0),
        ..ChatRequest::default()
    }
}

#[tokio::test]
async fn a_real_model_streams_reports_its_usage_stops_and_refuses_what_is_too_long() {
    let Some(server) = SmolLm::start() else {
        eprintln!(
            "skipped: the model is not installed; run `tests/peers/smollm.sh`, or set OCTI_TEST_SMOLLM=1 to install it here"
        );
        return;
    };
    let model = connect(config(&server.base), http()).unwrap();

    let stream = model.stream(request("Count from one to one hundred.", 24), CancellationToken::new()).await.unwrap();
    let events: Vec<ChatEvent> = stream.try_collect().await.unwrap();
    let texts = events.iter().filter(|event| matches!(event, ChatEvent::Text(_))).count();
    assert!(texts > 3, "{events:?}");
    let [.., ChatEvent::Usage(usage), ChatEvent::End(finish)] = &events[..] else { panic!("{events:?}") };
    assert!(!usage.estimated && usage.input_tokens > 10 && (1..=24).contains(&usage.output_tokens), "{usage:?}");
    assert!(matches!(finish, Finish::Length | Finish::Stop));

    let cancel = CancellationToken::new();
    let mut stream = model.stream(request("Tell a very long story.", 1_500), cancel.clone()).await.unwrap();
    assert!(matches!(stream.next().await, Some(Ok(ChatEvent::Text(_)))));
    cancel.cancel();
    assert_eq!(stream.next().await, Some(Err(ModelError::Cancelled)));
    drop(stream);
    // The server has room for few answers at once; it must have noticed that nobody waits for that one.
    let stream = model.stream(request("Hello!", 4), CancellationToken::new()).await.unwrap();
    assert!(stream.try_collect::<Vec<_>>().await.is_ok());

    let error = model.stream(request(&"too long ".repeat(4_000), 4), CancellationToken::new()).await.err().unwrap();
    assert!(matches!(error, ModelError::ContextLength(_)), "{error}");
}
