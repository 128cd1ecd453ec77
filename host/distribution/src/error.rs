//! Why a registry cannot be opened, or something not be put there.

use octi_registry::Digest;
use octi_registry::layout::LayoutError;
use octi_registry::package::PackageError;
use octi_registry::source::SourceError;

/// Why a registry cannot be opened, or something not be put there.
#[derive(Debug, thiserror::Error)]
pub enum DistributionError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Layout(#[from] LayoutError),
    #[error(transparent)]
    Package(#[from] PackageError),
    #[error("no connection to `{origin}` can be made: {problem}")]
    Setup { origin: String, problem: String },
    #[error("`{origin}` does not let you write {what}; {advice}")]
    MayNotWrite { origin: String, what: String, advice: &'static str },
    #[error("`{origin}` did not take {what}: {said}; ask who runs it")]
    NotTaken { origin: String, what: String, said: String },
    #[error(
        "`{origin}` has another {what} already ({there}); what is published is never replaced: raise the version and sign it"
    )]
    Exists { origin: String, what: String, there: Digest },
    #[error("`{repository}` cannot be a repository of `{origin}`: a name may not end in `-` or `_`, nor have both side by side")]
    Name { origin: String, repository: String },
    #[error("the work was given up")]
    Stopped,
}
