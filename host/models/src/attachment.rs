//! How a file that a person gave is shown to a model.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use genai::chat::{Binary, ContentPart};
use octi_domain::limits;
use octi_domain::message::{Attachment, AttachmentKind};

use crate::chat::ModelInfo;
use crate::provider::Provider;

/// Whether the model can do something with the content of such a file.
#[must_use]
pub fn takes(info: &ModelInfo, kind: AttachmentKind) -> bool {
    match kind {
        AttachmentKind::Text => true,
        AttachmentKind::Image => info.supports_images,
        AttachmentKind::Pdf => {
            info.supports_images && matches!(info.provider, Provider::OpenAi | Provider::Anthropic | Provider::Gemini)
        }
        AttachmentKind::Other => false,
    }
}

/// The file as the provider's adapter wants it, or the words that stand for it.
pub(crate) fn shown(info: &ModelInfo, attachment: &Attachment, content: Option<&[u8]>) -> ContentPart {
    let kind = attachment.kind();
    match content {
        Some(content) if takes(info, kind) && kind == AttachmentKind::Text => ContentPart::Text(read(attachment, content)),
        Some(content) if takes(info, kind) => {
            let binary = Binary::from_base64(&attachment.media_type, STANDARD.encode(content), Some(attachment.name.clone()));
            ContentPart::Binary(binary)
        }
        _ if takes(info, kind) => ContentPart::Text(told(attachment, "it is not shown again, to save room")),
        _ if kind == AttachmentKind::Other => ContentPart::Text(told(attachment, "its kind cannot be read")),
        _ => ContentPart::Text(told(attachment, "this model cannot look at it")),
    }
}

fn read(attachment: &Attachment, content: &[u8]) -> String {
    let cut = &content[..content.len().min(limits::ATTACHMENT_TEXT_BYTES_MAX)];
    let text = String::from_utf8_lossy(cut);
    let more = match content.len() - cut.len() {
        0 => String::new(),
        more => format!("\n[the file goes on for {more} more bytes, which are not shown]"),
    };
    format!("The person attached the file `{}`:\n\n{text}{more}\n\n(End of `{}`.)", attachment.name, attachment.name)
}

fn told(attachment: &Attachment, why: &str) -> String {
    let Attachment { name, media_type, bytes, .. } = attachment;
    format!("[The person attached the file `{name}` ({media_type}, {bytes} bytes); {why}.]")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(provider: Provider, supports_images: bool) -> ModelInfo {
        let (name, model_id) = ("m".to_owned(), "m".to_owned());
        let (context_window, max_output, price_in, price_out) = (None, None, None, None);
        ModelInfo {
            name,
            provider,
            model_id,
            context_window,
            max_output,
            supports_tools: true,
            supports_images,
            price_in,
            price_out,
            is_demo: false,
        }
    }

    fn file(name: &str, media_type: &str) -> Attachment {
        let artifact = "018f4e5a-7c1d-7b3a-9f00-0123456789ab".parse().expect("an id");
        Attachment { artifact, name: name.to_owned(), media_type: media_type.to_owned(), bytes: 3 }
    }

    fn text(part: ContentPart) -> String {
        match part {
            ContentPart::Text(text) => text,
            other => panic!("not text: {other:?}"),
        }
    }

    #[test]
    fn a_text_is_read_and_a_long_one_is_cut_and_said_to_be() {
        let info = model(Provider::Ollama, false);
        let whole = text(shown(&info, &file("a.md", "text/markdown"), Some("# Hi ✓".as_bytes())));
        assert!(whole.contains("`a.md`") && whole.contains("# Hi ✓"), "{whole}");
        let long = vec![b'x'; limits::ATTACHMENT_TEXT_BYTES_MAX + 7];
        let cut = text(shown(&info, &file("a.txt", "text/plain"), Some(&long)));
        assert!(cut.contains("for 7 more bytes") && cut.len() < long.len() + 200, "{}", &cut[cut.len() - 200..]);
    }

    #[test]
    fn a_picture_goes_only_to_a_model_with_eyes() {
        let picture = file("a.png", "image/png");
        let seen = shown(&model(Provider::Ollama, true), &picture, Some(&[1, 2, 3]));
        assert!(matches!(&seen, ContentPart::Binary(binary) if binary.content_type == "image/png"), "{seen:?}");
        let blind = text(shown(&model(Provider::Ollama, false), &picture, Some(&[1, 2, 3])));
        assert!(blind.contains("`a.png`") && blind.contains("cannot look at it"), "{blind}");
        let later = text(shown(&model(Provider::Ollama, true), &picture, None));
        assert!(later.contains("not shown again"), "{later}");
    }

    #[test]
    fn a_pdf_goes_to_the_providers_that_read_it_and_an_archive_to_nobody() {
        let pdf = file("a.pdf", "application/pdf");
        assert!(matches!(shown(&model(Provider::Anthropic, true), &pdf, Some(b"%PDF")), ContentPart::Binary(_)));
        assert!(text(shown(&model(Provider::Ollama, true), &pdf, Some(b"%PDF"))).contains("cannot look at it"));
        let zip = file("a.zip", "application/zip");
        assert!(text(shown(&model(Provider::OpenAi, true), &zip, Some(b"PK"))).contains("cannot be read"));
    }
}
