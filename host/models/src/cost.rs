//! Counting tokens when nobody reports them, and what tokens cost.

use octi_domain::limits;
use octi_domain::message::{Attachment, AttachmentKind, Part};
use octi_domain::run::Usage;

use crate::chat::{ChatRequest, ModelInfo};

/// Tokens every message has around its text.
const MESSAGE_OVERHEAD: u64 = 4;
/// Tokens of a picture: what the providers' own formulas give for one of about a megapixel.
const IMAGE_TOKENS: u64 = 1_600;
/// Bytes of a PDF for one token; pages of scans have more, but a provider reads those as pictures.
const PDF_BYTES_PER_TOKEN: u64 = 20;
/// Tokens that say that there is a file.
const NAME_TOKENS: u64 = 40;

/// About how many tokens a text has. Four bytes make a token in most tokenizers and languages; the number is used only
/// when the provider reports none, and is always marked as estimated.
#[must_use]
pub fn estimate_tokens(text: &str) -> u64 {
    u64::try_from(text.len()).unwrap_or(u64::MAX).div_ceil(4)
}

/// About how many tokens a request has, with its system prompt and tools.
#[must_use]
pub fn estimate_request(request: &ChatRequest) -> u64 {
    let tools = request.tools.iter().map(|tool| {
        estimate_tokens(&tool.name) + estimate_tokens(&tool.description) + estimate_tokens(&tool.input_schema.to_string())
    });
    let messages = request.messages.iter().map(|m| MESSAGE_OVERHEAD + m.parts.iter().map(estimate_part).sum::<u64>());
    estimate_tokens(&request.system) + tools.sum::<u64>() + messages.sum::<u64>()
}

fn estimate_part(part: &Part) -> u64 {
    match part {
        Part::Text(text) => estimate_tokens(text),
        Part::Attachment(attachment) => estimate_attachment(attachment),
        // Thoughts are not sent back, so they cost nothing the second time.
        Part::Reasoning(_) => 0,
        Part::ToolCall(call) => estimate_tokens(&call.name) + estimate_tokens(&call.arguments.to_string()),
        Part::ToolResult(result) => estimate_tokens(&result.content),
    }
}

/// About how many tokens a file has.
#[must_use]
pub fn estimate_attachment(attachment: &Attachment) -> u64 {
    let content = match attachment.kind() {
        AttachmentKind::Text => attachment.bytes.min(limits::ATTACHMENT_TEXT_BYTES_MAX as u64).div_ceil(4),
        AttachmentKind::Image => IMAGE_TOKENS,
        AttachmentKind::Pdf => attachment.bytes.div_ceil(PDF_BYTES_PER_TOKEN),
        AttachmentKind::Other => 0,
    };
    content + NAME_TOKENS
}

/// What the usage cost in US dollars; `None` when a price that counts is not known. Embeddings have no output to be priced.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "token counts are far below 2^52")]
pub fn price(info: &ModelInfo, usage: &Usage) -> Option<f64> {
    let unused = (usage.output_tokens == 0).then_some(0.0);
    let (input, output) = (info.price_in?, info.price_out.or(unused)?);
    Some((usage.input_tokens as f64 * input + usage.output_tokens as f64 * output) / 1_000_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::Provider;

    fn info(price_in: Option<f64>, price_out: Option<f64>) -> ModelInfo {
        ModelInfo {
            name: "m".into(),
            provider: Provider::OpenAi,
            model_id: "m".into(),
            context_window: None,
            max_output: None,
            supports_tools: true,
            supports_images: false,
            price_in,
            price_out,
            is_demo: false,
        }
    }

    #[test]
    fn a_price_needs_every_direction_that_was_used() {
        let usage = Usage { input_tokens: 1_000_000, output_tokens: 500_000, estimated: false };
        assert_eq!(price(&info(Some(2.0), Some(8.0)), &usage), Some(6.0));
        assert_eq!(price(&info(Some(2.0), None), &usage), None);
        let usage = Usage { output_tokens: 0, ..usage };
        assert_eq!(price(&info(Some(2.0), None), &usage), Some(2.0), "nothing was written");
    }

    #[test]
    fn an_empty_text_has_no_tokens_and_a_longer_one_more() {
        assert_eq!(estimate_tokens(""), 0);
        assert_eq!(estimate_tokens("a"), 1);
        assert!(estimate_tokens(&"word ".repeat(100)) > 100);
    }

    #[test]
    fn thoughts_are_not_counted_and_results_are() {
        let mut request = ChatRequest { messages: vec![crate::ChatMessage::user("hi")], ..ChatRequest::default() };
        let before = estimate_request(&request);
        request.messages[0].parts.push(Part::Reasoning("a long thought".repeat(10)));
        assert_eq!(estimate_request(&request), before);
        request.system = "be brief".into();
        assert!(estimate_request(&request) > before);
    }
}
