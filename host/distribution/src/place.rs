//! A place that can be read from and published to, whichever of the two it is.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use octi_registry::layout::{Layout, LayoutError};
use octi_registry::package::Package;
use octi_registry::source::Folder;
use octi_registry::{Digest, Document, PluginName, Source, Version};

use crate::remote::Remote;
use crate::{Access, DistributionError, Location};

/// Told of the bytes that are there, of so many.
pub type Progress = Arc<dyn Fn(u64, u64) + Send + Sync>;

/// Whether something was published, or had been before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Published {
    Now,
    /// The very same.
    Already,
}

/// A folder of plugins, or a place in an OCI registry. What it holds is for `octi_registry` to check.
#[derive(Clone)]
pub struct Place(Kind);

#[derive(Clone)]
enum Kind {
    Folder { source: Arc<Folder>, layout: Arc<Layout> },
    Remote(Arc<Remote>),
}

impl Place {
    /// Opens what is there. An OCI registry is not asked anything yet. It waits for the disk, and has to be called in a runtime.
    ///
    /// # Errors
    /// [`DistributionError`] when the folder is none of plugins, or this host cannot make connections.
    pub fn open(location: &Location, access: &Access) -> Result<Self, DistributionError> {
        Self::open_with(location, access, Layout::open)
    }

    /// The same; an empty folder, or none, becomes one of plugins.
    ///
    /// # Errors
    /// [`DistributionError`] when the folder holds other things, or this host cannot make connections.
    pub fn create(location: &Location, access: &Access) -> Result<Self, DistributionError> {
        Self::open_with(location, access, Layout::create)
    }

    fn open_with(
        location: &Location,
        access: &Access,
        open: fn(&Path) -> Result<Layout, LayoutError>,
    ) -> Result<Self, DistributionError> {
        match location {
            Location::Oci(oci) => Ok(Self(Kind::Remote(Arc::new(Remote::open(oci, access)?)))),
            Location::Folder(path) => {
                let layout = Arc::new(open(path)?);
                Ok(Self(Kind::Folder { source: Arc::new(Folder::open(path)?), layout }))
            }
        }
    }

    /// The same place to read from.
    #[must_use]
    pub fn source(&self) -> Arc<dyn Source> {
        match &self.0 {
            Kind::Folder { source, .. } => Arc::clone(source) as Arc<dyn Source>,
            Kind::Remote(remote) => Arc::clone(remote) as Arc<dyn Source>,
        }
    }

    /// The digest of the package under a plugin's version, whatever an index says.
    ///
    /// # Errors
    /// [`DistributionError`] when it cannot be found out.
    pub async fn package(&self, name: &PluginName, version: &Version) -> Result<Option<Digest>, DistributionError> {
        match &self.0 {
            Kind::Folder { layout, .. } => {
                let (layout, name, version) = (Arc::clone(layout), name.clone(), version.clone());
                off_the_loop(move || Ok(layout.package(&name, &version)?)).await
            }
            Kind::Remote(remote) => Ok(Box::pin(remote.package(name, version)).await?),
        }
    }

    /// Puts a version of a plugin there. It is found when all of it is there.
    ///
    /// # Errors
    /// [`DistributionError::Exists`] when another one is there under that version.
    pub async fn publish(
        &self,
        name: &PluginName,
        version: &Version,
        package: Arc<Package>,
        progress: Option<Progress>,
    ) -> Result<Published, DistributionError> {
        match &self.0 {
            Kind::Folder { layout, .. } => {
                let (layout, name, version) = (Arc::clone(layout), name.clone(), version.clone());
                off_the_loop(move || publish_to_folder(&layout, &name, &version, &package)).await
            }
            Kind::Remote(remote) => Box::pin(remote.publish(name, version, &package.pack()?, progress)).await,
        }
    }

    /// Puts a signed index or feed of revocations in the place of the one before.
    ///
    /// # Errors
    /// [`DistributionError`] when it cannot be written.
    pub async fn set_document(&self, document: Document, envelope: Vec<u8>) -> Result<(), DistributionError> {
        match &self.0 {
            Kind::Folder { layout, .. } => {
                let layout = Arc::clone(layout);
                off_the_loop(move || Ok(layout.set_document(document, &envelope)?)).await
            }
            Kind::Remote(remote) => Box::pin(remote.set_document(document, &envelope)).await,
        }
    }
}

fn publish_to_folder(
    layout: &Layout,
    name: &PluginName,
    version: &Version,
    package: &Package,
) -> Result<Published, DistributionError> {
    let packed = package.pack()?;
    match layout.package(name, version)? {
        Some(there) if there == packed.digest => Ok(Published::Already),
        Some(there) => {
            let (origin, what) = (layout.path().display().to_string(), format!("`{name}` {version}"));
            Err(DistributionError::Exists { origin, what, there })
        }
        None => {
            layout.add_package(name, version, &packed)?;
            Ok(Published::Now)
        }
    }
}

async fn off_the_loop<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, DistributionError> + Send + 'static,
) -> Result<T, DistributionError> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(DistributionError::Stopped))
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Place").field(&self.source().origin()).finish()
    }
}
