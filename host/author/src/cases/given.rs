//! The files that a call gave, as a step expects them.

use octi_extension::tool::Artifact;
use serde::Deserialize;

use super::problem::Problem;

/// A file that the call must give. What is not said may be anything.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GivenFile {
    name: String,
    media_type: Option<String>,
    bytes: Option<usize>,
    /// The whole of it, when it is text.
    text: Option<String>,
}

/// Whether the call gave these files, in this order, and no others.
pub(super) fn check(expected: &[GivenFile], given: &[Artifact]) -> Result<(), Problem> {
    let names = |list: Vec<&str>| if list.is_empty() { "no files".to_owned() } else { format!("`{}`", list.join("`, `")) };
    let (wanted, there): (Vec<&str>, Vec<&str>) =
        (expected.iter().map(|file| file.name.as_str()).collect(), given.iter().map(|file| file.name.as_str()).collect());
    if wanted != there {
        return Err(Problem::of(format!("it gave {}, not {}", names(there), names(wanted))));
    }
    for (wanted, file) in expected.iter().zip(given) {
        let differs = |what: &str, is: String| Err(Problem::of(format!("the {what} of the file `{}` is {is}", file.name)));
        if wanted.media_type.as_ref().is_some_and(|wanted| *wanted != file.media_type) {
            return differs("media type", format!("`{}`", file.media_type));
        }
        if wanted.bytes.is_some_and(|bytes| bytes != file.content.len()) {
            return differs("size", format!("{} bytes", file.content.len()));
        }
        if wanted.text.as_ref().is_some_and(|text| text.as_bytes() != &*file.content) {
            let end = file.content.len().min(octi_domain::limits::CASE_SHOWN_BYTES_MAX);
            return differs("text", format!("{:?}", String::from_utf8_lossy(&file.content[..end])));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_step_says_which_files_differ_and_how() {
        let given = [Artifact {
            id: octi_domain::ambient::Ambient::system().id(),
            name: "notes.txt".to_owned(),
            media_type: "text/plain".to_owned(),
            content: b"hello".as_slice().into(),
        }];
        let told = |expected: serde_json::Value| {
            let expected: Vec<GivenFile> = serde_json::from_value(expected).unwrap();
            check(&expected, &given).map_or_else(|problem| problem.message, |()| "fits".to_owned())
        };
        let whole = json!([{ "name": "notes.txt", "media_type": "text/plain", "bytes": 5, "text": "hello" }]);
        for (expected, says) in [
            (whole, "fits"),
            (json!([{ "name": "notes.txt" }]), "fits"),
            (json!([]), "it gave `notes.txt`, not no files"),
            (json!([{ "name": "x.png" }]), "it gave `notes.txt`, not `x.png`"),
            (
                json!([{ "name": "notes.txt", "media_type": "image/png" }]),
                "the media type of the file `notes.txt` is `text/plain`",
            ),
            (json!([{ "name": "notes.txt", "bytes": 6 }]), "the size of the file `notes.txt` is 5 bytes"),
            (json!([{ "name": "notes.txt", "text": "bye" }]), "the text of the file `notes.txt` is \"hello\""),
        ] {
            assert_eq!(told(expected.clone()), says, "{expected}");
        }
    }
}
