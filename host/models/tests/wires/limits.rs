//! Every limit of a call, tripped.

use std::time::{Duration, Instant};

use futures::StreamExt;
use octi_domain::limits::MODEL_ANSWER_BYTES_MAX;
use octi_models::{ChatEvent, ModelError, Patience, Phase, Provider, connect_with};
use tokio::io::AsyncReadExt;
use tokio::net::TcpSocket;
use tokio_util::sync::CancellationToken;
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::peer::{PATIENCE, Wire, ask, begin, config, http, model, received, request, send_text};

#[tokio::test]
async fn a_server_that_nobody_runs_is_told_with_its_address() {
    let base = Wire::listen().await.base;
    let error = ask(&model(Provider::Ollama, &base), request("hi")).await.unwrap_err();
    assert!(
        matches!(&error, ModelError::Unavailable(text) if text.contains("ollama serve") && text.contains("127.0.0.1")),
        "{error}"
    );
}

#[tokio::test]
async fn connecting_has_a_limit() {
    // A queue of one that is full: the system drops further connections in silence.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut held = Vec::new();
    while let Ok(stream) = tokio::time::timeout(Duration::from_millis(100), tokio::net::TcpStream::connect(address)).await {
        held.push(stream.unwrap());
        assert!(held.len() < 64, "the queue never fills");
    }
    let patience = Patience { attempts_max: 1, ..PATIENCE };
    let model = connect_with(config(Provider::OpenAi, &format!("http://{address}/")), http(), patience).unwrap();
    let error = ask(&model, request("hi")).await.unwrap_err();
    assert_eq!(error, ModelError::Timeout { phase: Phase::Connect, after: PATIENCE.connect });
}

#[tokio::test]
async fn silence_before_the_answer_has_a_limit_and_is_not_asked_again() {
    let wire = Wire::listen().await;
    let model = model(Provider::OpenAi, &wire.base);
    let (error, _held) = tokio::join!(ask(&model, request("hi")), wire.accept());
    assert_eq!(error, Err(ModelError::Timeout { phase: Phase::Silence, after: PATIENCE.silence }));
}

#[tokio::test]
async fn silence_in_the_middle_of_the_answer_has_a_limit() {
    let wire = Wire::listen().await;
    let model = model(Provider::OpenAi, &wire.base);
    let (events, _held) = tokio::join!(
        async {
            let stream = model.stream(request("hi"), CancellationToken::new()).await.unwrap();
            stream.collect::<Vec<_>>().await
        },
        async {
            let mut stream = wire.accept().await;
            begin(&mut stream).await;
            send_text(&mut stream, "half").await.unwrap();
            stream
        }
    );
    let silence = ModelError::Timeout { phase: Phase::Silence, after: PATIENCE.silence };
    assert_eq!(events, [Ok(ChatEvent::Text("half".into())), Err(silence)]);
}

#[tokio::test]
async fn an_answer_that_drips_forever_has_a_limit() {
    let wire = Wire::listen().await;
    let patience = Patience { total: Duration::from_millis(900), ..PATIENCE };
    let model = connect_with(config(Provider::OpenAi, &wire.base), http(), patience).unwrap();
    let (answer, ()) = tokio::join!(ask(&model, request("hi")), async {
        let mut stream = wire.accept().await;
        begin(&mut stream).await;
        // Until the other side hangs up.
        while send_text(&mut stream, ".").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    assert_eq!(answer, Err(ModelError::Timeout { phase: Phase::Total, after: patience.total }));
}

#[tokio::test]
async fn an_answer_beyond_the_limit_is_cut_off_and_hung_up() {
    let wire = Wire::listen().await;
    // Reading a piece this large may take longer than the others are waited for.
    let patience = Patience { silence: Duration::from_secs(30), total: Duration::from_secs(60), ..PATIENCE };
    let model = connect_with(config(Provider::OpenAi, &wire.base), http(), patience).unwrap();
    let piece = "x".repeat(MODEL_ANSWER_BYTES_MAX / 8);
    let (answer, sent) = tokio::join!(ask(&model, request("hi")), async {
        let mut stream = wire.accept().await;
        begin(&mut stream).await;
        let mut sent = 0;
        while sent < 64 && send_text(&mut stream, &piece).await.is_ok() {
            sent += 1;
        }
        sent
    });
    assert_eq!(answer, Err(ModelError::TooLarge));
    assert!(sent < 64, "the connection was closed");
}

#[tokio::test]
async fn a_dropped_answer_closes_the_connection() {
    let wire = Wire::listen().await;
    let model = model(Provider::OpenAi, &wire.base);
    let opened = async {
        let mut answer = model.stream(request("hi"), CancellationToken::new()).await.unwrap();
        assert_eq!(answer.next().await, Some(Ok(ChatEvent::Text("half".into()))));
    };
    let ((), left) = tokio::join!(opened, async {
        let mut stream = wire.accept().await;
        begin(&mut stream).await;
        send_text(&mut stream, "half").await.unwrap();
        let mut buffer = [0; 16];
        tokio::time::timeout(Duration::from_millis(300), stream.read(&mut buffer)).await
    });
    assert!(matches!(left, Ok(Ok(0) | Err(_))), "{left:?}");
}

#[tokio::test]
async fn a_cancelled_wait_for_the_first_event_closes_the_connection() {
    let wire = Wire::listen().await;
    let model = model(Provider::OpenAi, &wire.base);
    let cancel = CancellationToken::new();
    let (answer, left) = tokio::join!(model.stream(request("hi"), cancel.clone()), async {
        let mut stream = wire.accept().await;
        cancel.cancel();
        let mut buffer = [0; 16];
        tokio::time::timeout(Duration::from_millis(300), stream.read(&mut buffer)).await
    });
    assert_eq!(answer.err(), Some(ModelError::Cancelled));
    assert!(matches!(left, Ok(Ok(0) | Err(_))), "{left:?}");
}

#[tokio::test]
async fn a_provider_that_asks_to_wait_too_long_is_not_waited_for() {
    let server = MockServer::start().await;
    let limited = ResponseTemplate::new(429).insert_header("retry-after", "3600").set_body_string("slow down");
    Mock::given(method("POST")).respond_with(limited).mount(&server).await;
    let start = Instant::now();
    let error = ask(&model(Provider::OpenAi, &server.uri()), request("hi")).await.unwrap_err();
    let hour = Duration::from_secs(3600);
    assert!(
        matches!(&error, ModelError::RateLimited { retry_after: Some(wait), message } if *wait == hour && message.contains("3600 s"))
    );
    assert!(start.elapsed() < Duration::from_secs(2));
    assert_eq!(received(&server).await.len(), 1);
}

#[tokio::test]
async fn waiting_for_the_next_attempt_can_be_cancelled() {
    let server = MockServer::start().await;
    let limited = ResponseTemplate::new(429).insert_header("retry-after", "2");
    Mock::given(method("POST")).respond_with(limited).mount(&server).await;
    let cancel = CancellationToken::new();
    let model = model(Provider::OpenAi, &server.uri());
    let start = Instant::now();
    let (answer, ()) = tokio::join!(model.stream(request("hi"), cancel.clone()), async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        cancel.cancel();
    });
    assert_eq!(answer.err(), Some(ModelError::Cancelled));
    assert!(start.elapsed() < Duration::from_secs(1));
}
