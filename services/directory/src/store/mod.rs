//! All SQL of this service. One query per function; the caller owns the transaction and its scope.

pub(crate) mod classifiers;
pub(crate) mod documents;
pub(crate) mod manifests;
pub(crate) mod removals;
pub(crate) mod tenants;
